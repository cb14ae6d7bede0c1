"""The page of the Norwegian areas: what energy is made of, where it is, and what the weather has to do with it."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from ..kit.blocks import Block, Frame, Page
from ..kit.components import attributes
from ..kit.locale import Look
from ..kit.parts import key_figure, key_figures
from ..kit.reader import Reader
from ..kit.view import View
from ..market.page import named, option, segmented
from .figures import group_text, lag_figure, lines_figure, rolling_figure, shares_figure, totals_figure
from .figures_map import map_figure
from .queries import (
    ENERGY,
    FLOWS,
    LAGS,
    SOURCE,
    STANDARDS,
    VARIABLES,
    WINDOWS,
    flow_in,
    groups_in,
    key_frame,
    lag_frame,
    lag_in,
    lines_frame,
    map_frame,
    options_of,
    rolling_frame,
    shares_frame,
    totals_frame,
    weather_in,
)

EMPTY = "areas.empty"
SUBTITLE = "areas.subtitle"
OF_ENERGY = ("flow", "groups")
OF_AREA = ("area", *OF_ENERGY)


def energy_controls(reader: Reader, view: View, look: Look) -> Component:
    """Area, flow and groups. Groups of both flows can be chosen, as the flow may change beside them."""
    there = options_of(reader)
    area = view.option("area", STANDARDS["area"])
    flows = [{"value": flow, "label": look.text(f"areas.{flow}")} for flow in FLOWS]
    groups, seen = [], set[str]()
    for flow in FLOWS:
        items = [{"value": name, "label": group_text(name, look)} for name in there[flow] if name not in seen]
        seen |= set(there[flow])
        groups.append({"group": look.text(f"areas.{flow}"), "items": items})
    return html.Div(
        [
            named(look.text("areas.area"), segmented("area", sorted({*there["areas"], area}), area, look, "areas")),
            named(look.text("areas.flow"), segmented("flow", flows, flow_in(view), look, "areas")),
            named(
                look.text("areas.groups"),
                dmc.MultiSelect(
                    id=option("groups"),
                    data=[each for each in groups if each["items"]],
                    value=[name for name in groups_in(view) if name in seen],
                    placeholder=look.text("areas.all_groups"),
                    size="xs",
                    clearable=True,
                    **attributes(aria_label=look.text("areas.groups")),
                ),
            ),
        ],
        className="sliders",
    )


def key_body(frame: Frame, look: Look) -> Component:
    """Energy, share of all areas, the mean hour, and the hours of most and least with their local times."""
    figures, times = frame.notes["figures"], frame.notes["times"]

    def energy(name: str) -> str:
        return "–" if figures[name] is None else look.grid_energy(figures[name] * 1e6)

    share = figures["share_of_all_areas"]
    of_all = look.text("areas.keys.of_all", share=look.percent(share)) if share is not None else ""
    hours = look.text("areas.keys.hours", hours=look.number(figures["hours"]))
    when = [look.moment(each, "EEE d MMM y, HH:mm") for each in times] or ["", ""]
    lines = {"mwh": of_all, "mean_mwh": hours, "most_mwh": when[0], "least_mwh": when[1]}
    return key_figures(
        [key_figure(look.text(f"areas.keys.{name}"), energy(name), text) for name, text in lines.items()]
    )


def map_controls(_reader: Reader, view: View, look: Look) -> Component:
    """What the map is coloured by."""
    data = [{"value": ENERGY, "label": look.text("areas.colour.energy")}]
    data += [{"value": name, "label": look.text(f"areas.{name}")} for name in VARIABLES]
    chosen = view.option("colour", STANDARDS["colour"])
    picker: Component = dmc.Select(
        id=option("colour"),
        data=data,
        value=chosen if chosen in (ENERGY, *VARIABLES) else ENERGY,
        size="xs",
        allowDeselect=False,
        **attributes(aria_label=look.text("areas.colour")),
    )
    return picker


def weather_controls(_reader: Reader, view: View, look: Look) -> Component:
    """The measure, the lag, and the window of the moving correlation."""
    data = [{"value": name, "label": look.text(f"areas.{name}")} for name in VARIABLES]
    days = view.option("days", STANDARDS["days"])
    return html.Div(
        [
            named(look.text("areas.weather"), segmented("weather", data, weather_in(view), look, "areas")),
            _slider("lag", lag_in(view), LAGS, [-72, -24, 0, 24, 72], look),
            _slider("days", int(days) if days.isdecimal() else 14, WINDOWS, [3, 14, 30, 60], look),
        ],
        className="sliders",
    )


def _slider(name: str, value: int, ends: tuple[int, int], marks: list[int], look: Look) -> Component:
    title = look.text(f"areas.{name}")
    slider = dmc.Slider(
        id=option(name),
        value=value,
        min=ends[0],
        max=ends[1],
        step=1,
        marks=[{"value": each, "label": str(each).replace("-", "\u2212")} for each in marks],
        updatemode="mouseup",
        size="sm",
        thumbLabel=title,
    )
    return named(title, slider)


PAGE = Page(
    name="areas",
    title="areas.title",
    icon="map",
    blocks=(
        Block(
            "areas-keys",
            "areas.keys.title",
            key_frame,
            body=key_body,
            wide=True,
            height=160,
            empty=EMPTY,
            subtitle=SUBTITLE,
            controls=energy_controls,
            options=OF_AREA,
        ),
        Block(
            "areas-map",
            "areas.map.title",
            map_frame,
            figure=map_figure,
            height=480,
            empty=EMPTY,
            subtitle="areas.map.subtitle",
            controls=map_controls,
            options=(*OF_ENERGY, "colour"),
            picks="area",
        ),
        Block(
            "areas-shares",
            "areas.shares.title",
            shares_frame,
            figure=shares_figure,
            height=480,
            empty=EMPTY,
            subtitle=SUBTITLE,
            options=OF_AREA,
        ),
        Block(
            "areas-lines",
            "areas.lines.title",
            lines_frame,
            figure=lines_figure,
            wide=True,
            height=380,
            empty=EMPTY,
            subtitle="areas.lines.subtitle",
            options=OF_AREA,
        ),
        Block(
            "areas-totals",
            "areas.totals.title",
            totals_frame,
            figure=totals_figure,
            wide=True,
            height=340,
            empty=EMPTY,
            subtitle=SUBTITLE,
            options=OF_ENERGY,
        ),
        Block(
            "areas-lag",
            "areas.lag.title",
            lag_frame,
            figure=lag_figure,
            wide=True,
            empty="areas.no_weather",
            subtitle="areas.lag.subtitle",
            controls=weather_controls,
            options=(*OF_AREA, "weather", "lag"),
        ),
        Block(
            "areas-rolling",
            "areas.rolling.title",
            rolling_frame,
            figure=rolling_figure,
            wide=True,
            empty="areas.no_weather",
            subtitle="areas.rolling.subtitle",
            options=(*OF_AREA, "weather", "lag", "days"),
        ),
    ),
    has_series=False,
    options=STANDARDS,
    source=SOURCE,
)
