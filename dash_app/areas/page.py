"""The page of the Norwegian areas: what energy is made of, where it is, and what the weather has to do with it."""

from __future__ import annotations

from dash.development.base_component import Component

from ..hours.queries import areas_of, groups_of
from ..kit.blocks import About, Block, Frame, Page
from ..kit.components import named_figures
from ..kit.controls import labelled, named, one_of, segmented, side_by_side, slider, some_of
from ..kit.locale import Look, minus
from ..kit.reader import Reader
from ..kit.view import View
from . import queries
from .figures import group_text, lag_figure, lines_figure, map_figure, rolling_figure, shares_figure, totals_figure

OF_ENERGY = ("flow", "groups")
OF_AREA = ("area", *OF_ENERGY)


def energy_controls(reader: Reader, view: View, look: Look) -> Component:
    """Area, flow and groups. Groups of both flows can be chosen, as the flow may change beside them."""
    there = {flow: groups_of(reader, queries.SOURCE, flow) for flow in queries.FLOWS}
    areas = {each for flow in queries.FLOWS for each in areas_of(reader, queries.SOURCE, flow)}
    area = queries.area_in(reader, view.option("area", ""))
    groups, seen = [], set[str]()
    for flow in queries.FLOWS:
        items = [{"value": name, "label": group_text(name, look)} for name in there[flow] if name not in seen]
        seen |= set(there[flow])
        groups.append({"group": look.text(f"areas.{flow}"), "items": items})
    shown = [group for group in groups if group["items"]]
    chosen = [name for name in view.several("groups") if name in seen]
    titles = [look.text(f"areas.{name}") for name in ("area", "flow", "groups")]
    return side_by_side(
        named(titles[0], segmented("area", sorted({*areas, area}), area, titles[0])),
        named(
            titles[1],
            segmented("flow", labelled(queries.FLOWS, "areas", look), view.one_of("flow", queries.FLOWS), titles[1]),
        ),
        named(titles[2], some_of("groups", shown, chosen, titles[2], look.text("areas.all_groups"))),
    )


def key_body(frame: Frame, look: Look) -> Component:
    """Energy, share of all areas, the mean hour, and the hours of most and least with their local times."""
    figures, times = frame.notes["figures"], frame.notes["times"]

    def energy(name: str) -> str:
        return "–" if figures[name] is None else look.grid_energy(figures[name] * 1e6)

    share = figures["share_of_all_areas"]
    of_all = look.text("areas.keys.of_all", share=look.percent(share)) if share is not None else ""
    hours = look.text("areas.keys.hours", hours=figures["hours"])
    when = [look.moment(each, "EEE d MMM y, HH:mm") for each in times] or ["", ""]
    lines = {"mwh": of_all, "mean_mwh": hours, "most_mwh": when[0], "least_mwh": when[1]}
    return named_figures("areas.keys", [(name, energy(name), text) for name, text in lines.items()], look)


def map_controls(_reader: Reader, view: View, look: Look) -> Component:
    """What the map is coloured by."""
    choices = [
        {"value": queries.ENERGY, "label": look.text("areas.colour.energy")},
        *labelled(queries.VARIABLES, "areas", look),
    ]
    return one_of("colour", choices, view.one_of("colour", queries.COLOURS), look.text("areas.colour"))


def weather_controls(_reader: Reader, view: View, look: Look) -> Component:
    """The measure, the lag, and the window of the moving correlation."""
    title = look.text("areas.weather")
    return side_by_side(
        named(
            title,
            segmented(
                "weather", labelled(queries.VARIABLES, "areas", look), view.one_of("weather", queries.VARIABLES), title
            ),
        ),
        _slider("lag", view, queries.LAGS, [-72, -24, 0, 24, 72], look),
        _slider("days", view, queries.WINDOWS, [3, 14, 30, 60], look),
    )


def _slider(name: str, view: View, ends: tuple[int, int], numbers: list[int], look: Look) -> Component:
    value = view.number(name, queries.STANDARDS[name], ends)
    marks = [{"value": number, "label": minus(str(number))} for number in numbers]
    return slider(name, value, ends, look.text(f"areas.{name}"), marks, step=1)


def about(reader: Reader, view: View, look: Look) -> About:
    """The chosen area, and whether it is production or consumption."""
    flow = look.text(f"areas.{view.one_of('flow', queries.FLOWS)}")
    return (queries.SOURCE,), (queries.area_in(reader, view.option("area", "")), flow)


PAGE = Page(
    name="areas",
    icon="map",
    blocks=(
        Block("areas-keys", queries.key_frame, body=key_body, wide=True, height=160, controls=energy_controls),
        Block(
            "areas-map",
            queries.map_frame,
            figure=map_figure,
            height=480,
            controls=map_controls,
            options=(*OF_ENERGY, "colour"),
            picks="area",
        ),
        Block("areas-shares", queries.shares_frame, figure=shares_figure, height=480),
        Block("areas-lines", queries.lines_frame, figure=lines_figure, wide=True, height=380),
        Block("areas-totals", queries.totals_frame, figure=totals_figure, wide=True, height=340, options=OF_ENERGY),
        Block(
            "areas-lag",
            queries.lag_frame,
            figure=lag_figure,
            wide=True,
            empty="areas.no_weather",
            controls=weather_controls,
            options=(*OF_AREA, "weather", "lag"),
        ),
        Block(
            "areas-rolling",
            queries.rolling_frame,
            figure=rolling_figure,
            wide=True,
            empty="areas.no_weather",
            options=(*OF_AREA, "weather", "lag", "days"),
        ),
    ),
    has_series=False,
    options=queries.STANDARDS,
    shared=OF_AREA,
    source=queries.SOURCE,
    scope=queries.scope,
    about=about,
)
