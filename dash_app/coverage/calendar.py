"""The calendar: a square a day, a block a month; states told apart by marks as well as by colour (coverage.css).

Plain HTML, as a chart cannot put its months one below the other on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

from dash import html
from dash.development.base_component import Component

from ..kit.blocks import Frame
from ..kit.components import attributes
from ..kit.figures import colour
from ..kit.locale import Look
from .queries import COMPLETE, DIFFERS, DUE, MISSING, NOTHING, PARTIAL, UNSERVED, DayCoverage

SHOWN = (COMPLETE, DIFFERS, PARTIAL, NOTHING, MISSING, UNSERVED, DUE)
INKS = ("consumption", "warning", "missing", "grid", "paper", "quiet")
MONDAY = date(2024, 1, 1)


def calendar_body(frame: Frame, look: Look) -> Component:
    """What the squares mean, and the months from the first that has anything to the last."""
    days: list[DayCoverage] = [each for each in frame.notes["days"] if each.state in SHOWN]
    by_month = [list(each) for _, each in groupby(days, key=lambda each: (each.day.year, each.day.month))]
    months = [each for each in by_month if any(day.state != DUE for day in each)]
    newest = months[-1][0].day.year if months else 0
    drawn = [_month(each, newest - each[0].day.year, frame.notes["chosen"], look) for each in months]
    inks = {f"--{name}": colour(look, name) for name in INKS}
    region = attributes(aria_label=look.text("coverage.calendar.title"))
    return html.Div(
        [_legend(months, look), html.Div(drawn, className="calendar", tabIndex="0", role="region", **region)],
        style=inks,
    )


def _legend(months: Sequence[Sequence[DayCoverage]], look: Look) -> Component:
    there = {COMPLETE} | {each.state for month in months for each in month}
    lines = [
        html.Li([html.Span(className=f"day {state}"), look.text(f"coverage.legend.{state}")])
        for state in SHOWN
        if state in there
    ]
    return html.Ul(lines, className="legend")


def _month(days: Sequence[DayCoverage], years_ago: int, chosen: date, look: Look) -> Component:
    """Weeks from Monday on. Where it stands says coverage.css, by the years since the newest one and the month."""
    first = days[0].day
    heads = [html.Span(look.day(MONDAY + timedelta(days=place), "EEEEE")) for place in range(7)]
    begins = {"gridColumnStart": first.weekday() + 1}
    squares = [_square(each, chosen, look, {} if place else begins) for place, each in enumerate(days)]
    return html.Div(
        [
            html.H3(look.day(first, "MMM y")),
            html.Div(heads, className="weekdays", **attributes(aria_hidden="true")),
            html.Div(squares, className="days"),
        ],
        className="month",
        style={"--row": years_ago + 1, "--month": first.month, "--place": 12 * years_ago - first.month},
    )


def _square(each: DayCoverage, chosen: date, look: Look, style: dict[str, int]) -> Component:
    """A click chooses the day, as the field below does for a keyboard."""
    energy = look.energy(each.wh) if each.readings else ""
    lines = [look.day(each.day, "full"), day_words(each, look), energy]
    more = attributes(aria_current="date") if each.day == chosen else {}
    return html.Button(
        str(each.day.day),
        className=f"day {each.state}",
        title="\n".join(line for line in lines if line),
        tabIndex="-1",
        style=style,
        **attributes(data_pick=each.day.isoformat()),
        **more,
    )


def day_words(each: DayCoverage, look: Look) -> str:
    """`partial, imported, 1 of 24 h`."""
    state = state_words(each, look)
    if each.state not in (PARTIAL, DIFFERS, COMPLETE):
        return state
    return f"{state}, {look.text('coverage.hours', **hours_of(each, look))}"


def state_words(each: DayCoverage, look: Look) -> str:
    """`complete, imported`."""
    state = look.text(f"coverage.state.{each.kind}")
    return f"{state}, {look.text(f'coverage.origin.{each.origin}')}" if each.origin else state


def hours_of(each: DayCoverage, look: Look) -> dict[str, str]:
    """covered, expected: hours in words, whole ones without decimals."""
    return {"covered": hours(each.covered, look), "expected": hours(each.expected, look)}


def hours(seconds: int, look: Look) -> str:
    """`23`, `23.5`."""
    return look.number(seconds // 3600) if seconds % 3600 == 0 else look.significant(seconds / 3600)
