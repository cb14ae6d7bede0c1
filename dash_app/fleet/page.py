"""The page about many meters: how use spreads over households, when they use most, and whether groups differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from ..kit.blocks import About, Block, Frame, Page
from ..kit.components import named_figures, note, sentence, warning, with_command
from ..kit.controls import labelled, named, one_of, segmented, side_by_side
from ..kit.locale import Look
from ..kit.reader import ZONES, Reader
from ..kit.table import Cell, table
from ..kit.view import View
from . import figures_insight, queries
from . import queries_insight as insight
from .figures import (
    bands_figure,
    distribution_figure,
    group_name,
    group_profile_figure,
    groups_figure,
    kwh,
    profile_figure,
)

OF_GROUP = ("fleet", "group")


# --- what may be chosen -----------------------------------------------------------------------------------------------


def fleet_controls(reader: Reader, view: View, look: Look) -> Component:
    """Whose meters, where there are several fleets; and which of their groups."""
    fleet = queries.fleet_in(reader, view)
    parts: list[Component] = []
    if fleet is not None and len(fleets := queries.fleets_of(reader)) > 1:
        choices = [{"value": each.name, "label": _fleet_name(each.source, each.flow, look)} for each in fleets]
        title = look.text("fleet.fleet")
        parts.append(named(title, segmented("fleet", choices, fleet.name, title)))
    if fleet is not None and len(groups := queries.groups_of(reader, fleet)) > 1:
        choices = [{"value": name, "label": group_name(name, look)} for name in groups]
        title = look.text("fleet.group")
        parts.append(named(title, one_of("group", choices, queries.group_in(reader, fleet, view), title)))
    return side_by_side(*parts)


def by_controls(reader: Reader, view: View, look: Look) -> Component:
    """The column to compare by, where there are several."""
    fleet = queries.fleet_in(reader, view)
    columns = queries.columns_of(fleet) if fleet else ()
    if fleet is None or len(columns) < 2:
        return html.Div()
    return segmented("by", labelled(columns, "fleet.column", look), queries.by_in(fleet, view), look.text("fleet.by"))


def _fleet_name(source: str, flow: str, look: Look) -> str:
    return f"{look.text(f'fleet.source.{source}')}, {look.text_or(f'fleet.flow.{flow}', flow)}"


# --- bodies -----------------------------------------------------------------------------------------------------------


def key_body(frame: Frame, look: Look) -> Component:
    """Four numbers, each with what it is compared to; before them, what they do not cover."""
    notes = frame.notes
    lines = [_warning(notes, look)] if notes["warning"] else []
    figures = notes.get("figures")
    if figures is None:
        return html.Div([*lines, note(with_command(look.text("fleet.empty", command="{command}"), queries.COMMAND))])
    median = figures["p50_kwh_a_day"]
    share = figures["share_of_largest_tenth"]
    at = look.moment(notes["at"].astimezone(ZONES[notes["source"]]))
    low, high = (figures[f"p{percent}_kwh_a_day"] for percent in (10, 90))
    rows = [
        ("households", look.number(figures["households"]), _counted(figures, notes, look)),
        ("median", kwh(median, look), _mean(figures, look)),
        ("low", kwh(low, look), _times(low, median, look)),
        ("high", kwh(high, look), _times(high, median, look)),
        ("largest", "–" if share is None else look.percent(share, 0), look.text("fleet.keys.largest_note")),
    ]
    return html.Div([*lines, named_figures("fleet.keys", rows, look), note(look.text("fleet.keys.note", at=at))])


def _warning(notes: Any, look: Look) -> Component:
    numbers = {name: look.number(number) for name, number in notes["numbers"].items()}
    return warning(
        with_command(look.text(f"fleet.{notes['warning']}", **numbers, command="{command}"), queries.COMMAND)
    )


def _counted(figures: dict[str, Any], notes: Any, look: Look) -> str:
    lines = []
    if figures["counted"] == figures["households"]:
        lines.append(look.text("fleet.keys.all_count"))
    else:
        key = "fleet.keys.counted_one" if notes["needed"] == 1 else "fleet.keys.counted"
        lines.append(look.text(key, counted=figures["counted"], needed=notes["needed"]))
    if zeros := figures["only_zeros"]:
        lines.append(look.text("fleet.keys.zero" if zeros == 1 else "fleet.keys.zeros", count=zeros))
    return "; ".join(lines)


def _mean(figures: dict[str, Any], look: Look) -> str:
    return look.text("fleet.keys.mean", mean=kwh(figures["mean_kwh_a_day"], look))


def _times(amount: float, median: float, look: Look) -> str:
    return look.text("fleet.keys.times", times=look.number(amount / median, 2)) if median > 0 else ""


# --- what a household takes on disk -----------------------------------------------------------------------------------


def storage_body(frame: Frame, look: Look) -> Component:
    """One sentence, and the numbers behind it."""
    forms = {row["form"]: row for row in frame.table.to_dict("records")}
    is_settled = frame.notes["settled"]
    regular, timeseries = forms["regular"], forms["timeseries"]
    rows: list[list[Cell]] = [
        [
            look.text(f"fleet.storage.{name}"),
            look.bytes(regular[f"{name}_bytes"]),
            [
                look.bytes(timeseries[f"{name}_bytes"]),
                html.Div(_change(regular, timeseries, name, look) if is_settled else "–", className="key-note"),
            ],
        ]
        for name in queries.MEASURES
    ]
    head = [look.text("fleet.storage.measure"), *(look.text(f"storage.form.{form}") for form in forms)]
    said = look.text(
        "fleet.storage.answer",
        readings=round(regular["readings_a_series"]),
        timeseries=look.bytes(timeseries["total_bytes"]),
        regular=look.bytes(regular["total_bytes"]),
    )
    notes = frame.notes
    at = look.moment(notes["at"], "d MMM y HH:mm 'UTC'")
    measured = look.text("fleet.storage.measured", series=regular["count_of_series"], version=notes["version"], at=at)
    lines = [] if is_settled else [warning(look.text("fleet.storage.unsettled"))]
    found = table(look.text("fleet.storage.title"), head, rows, frozenset({1, 2}))
    return html.Div([sentence(said), *lines, found, note(measured)])


def _change(regular: Mapping[Any, Any], timeseries: Mapping[Any, Any], name: str, look: Look) -> str:
    before = regular[f"{name}_bytes"]
    return look.change(timeseries[f"{name}_bytes"] / before - 1) if before else "–"


def about(reader: Reader, view: View, look: Look) -> About:
    """The fleet and the chosen group of its households."""
    fleet = queries.fleet_in(reader, view)
    if fleet is None:
        return (), ()
    group = group_name(queries.group_in(reader, fleet, view), look)
    return (fleet.source,), (_fleet_name(fleet.source, fleet.flow, look), group)


PAGE = Page(
    name="fleet",
    icon="building-community",
    blocks=(
        Block("fleet-keys", queries.key_frame, body=key_body, wide=True, height=160, controls=fleet_controls),
        Block("fleet-bands", queries.bands_frame, figure=bands_figure, wide=True, height=380),
        Block(
            "fleet-ahead",
            insight.ahead_frame,
            figure=figures_insight.ahead_figure,
            above=figures_insight.ahead_answer,
            below=figures_insight.ahead_note,
            wide=True,
            height=340,
        ),
        Block(
            "fleet-distribution",
            queries.distribution_frame,
            figure=distribution_figure,
            height=440,
            subtitle="fleet.bands.subtitle",
        ),
        Block("fleet-profile", queries.profile_frame, figure=profile_figure, height=440),
        Block("fleet-archetypes", insight.archetypes_frame, figure=figures_insight.archetypes_figure, height=420),
        Block(
            "fleet-shares",
            insight.shares_frame,
            figure=figures_insight.shares_figure,
            below=figures_insight.shares_note,
            height=320,
        ),
        Block(
            "fleet-groups",
            queries.groups_frame,
            figure=groups_figure,
            height=320,
            empty="fleet.no_groups",
            subtitle="fleet.bands.subtitle",
            controls=by_controls,
            options=("fleet", "by"),
        ),
        Block(
            "fleet-day",
            queries.group_profile_frame,
            figure=group_profile_figure,
            height=320,
            empty="fleet.no_groups",
            options=("fleet", "by"),
        ),
        Block(
            "fleet-skill",
            insight.skill_frame,
            figure=figures_insight.skill_figure,
            above=figures_insight.skill_answer,
            below=figures_insight.skill_note,
            height=320,
        ),
        Block(
            "fleet-unusual",
            insight.unusual_frame,
            figure=figures_insight.unusual_figure,
            above=figures_insight.unusual_answer,
            below=figures_insight.unusual_note,
            height=320,
        ),
        Block(
            "fleet-storage",
            queries.storage_frame,
            body=storage_body,
            wide=True,
            empty="fleet.no_sizes",
            options=("fleet",),
        ),
    ),
    has_series=False,
    period="all",
    options=queries.STANDARDS,
    shared=OF_GROUP,
    scope=queries.scope,
    about=about,
    command=queries.COMMAND,
)
