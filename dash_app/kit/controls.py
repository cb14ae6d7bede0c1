"""Choices that stand above a chart. Each is kept in the address, as the option of its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from .components import attributes
from .locale import Look

Choices = Sequence[str] | Sequence[Mapping[str, Any]]
"""Texts that are shown as they are kept, or `value` and `label` of each."""


def option(name: str) -> dict[str, str]:
    """The id of a control whose value is kept in the address."""
    return {"type": "option", "name": name}


def side_by_side(*controls: Component) -> Component:
    """Controls beside each other; they wrap."""
    return html.Div(list(controls), className="sliders")


def named(title: str, control: Component) -> Component:
    """A control under its name."""
    return html.Div([html.Div(title, className="slider-name"), control], className="slider")


def labelled(names: Iterable[str], texts: str, look: Look) -> list[dict[str, str]]:
    """Choices by name; what each is called is the text `<texts>.<name>`."""
    return [{"value": name, "label": look.text(f"{texts}.{name}")} for name in names]


def segmented(name: str, choices: Choices, value: str, label: str) -> Component:
    """A row of choices, one of which holds."""
    picker: Component = dmc.SegmentedControl(
        id=option(name), data=choices, value=value, size="xs", transitionDuration=0, **attributes(aria_label=label)
    )
    return picker


def one_of(name: str, choices: Choices, value: str, label: str) -> Component:
    """One of many."""
    picker: Component = dmc.Select(
        id=option(name), data=choices, value=value, size="xs", allowDeselect=False, **attributes(aria_label=label)
    )
    return picker


def some_of(name: str, choices: Choices, values: list[str], label: str, none: str) -> Component:
    """Any number of many. none: what stands there while none is chosen."""
    picker: Component = dmc.MultiSelect(
        id=option(name),
        data=choices,
        value=values,
        placeholder=none,
        size="xs",
        clearable=True,
        **attributes(aria_label=label),
    )
    return picker


def slider(
    name: str, value: float, ends: tuple[float, float], title: str, marks: Sequence[dict[str, Any]], **more: Any
) -> Component:
    """A number between two ends, under its title. marks: `value` and `label` of each; more: of dmc.Slider."""
    track = dmc.Slider(
        id=option(name),
        value=int(value) if value == int(value) else value,
        min=ends[0],
        max=ends[1],
        marks=list(marks),
        updatemode="mouseup",
        size="sm",
        thumbLabel=title,
        **more,
    )
    return named(title, track)
