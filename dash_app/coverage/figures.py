"""The calendar of days: squares by week and weekday, a band a year; states told apart by marks as well as by colour."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from ..kit.blocks import Frame
from ..kit.figures import SILENT, Figure, axis, colour, faded, figure, scatter
from ..kit.locale import Look
from .queries import COMPLETE, DIFFERS, DUE, MISSING, NOTHING, PARTIAL, UNSERVED, DayCoverage

BAND = 8  # rows of a year: seven weekdays and a gap
ROW = 17  # px
FRAME = 104  # px: legend, months, margins
STYLES = {  # colour and strength of a square, ink of its mark, the mark on top of it, the symbol of the legend
    COMPLETE: ("consumption", 1.0, "paper", "", "square"),
    DIFFERS: ("warning", 1.0, "paper", "asterisk-open", "square-cross"),
    PARTIAL: ("consumption", 0.45, "paper", "circle", "square-dot"),
    NOTHING: ("missing", 0.35, "quiet", "x-thin-open", "square-x-open"),
    MISSING: ("missing", 0.15, "quiet", "line-ne-open", "line-ne-open"),
    UNSERVED: ("grid", 0.5, "quiet", "line-ew-open", "line-ew-open"),
    DUE: ("grid", 1.0, "grid", "", "square"),
}
SHOWN = tuple(STYLES)


def calendar_figure(frame: Frame, look: Look) -> Figure:
    """A square a day; its day stands in `customdata`, for clicks."""
    days: list[DayCoverage] = frame.notes["days"]
    years = sorted({each.day.year for each in days})
    places = {each.day: place(each.day, years) for each in days}
    data = [_squares(days, places, years, look)]
    data += [_marks(state, days, places, look) for state in SHOWN if STYLES[state][3]]
    data += [_legend(state, days, look) for state in SHOWN]
    data.append(_chosen(frame.notes["chosen"], places, look))
    rows = BAND * len(years) - 1
    hidden: dict[str, Any] = {"fixedrange": True, "showgrid": False, "zeroline": False, "ticks": ""}
    months = [date(years[-1], month, 1) for month in (1, 4, 7, 10)]  # all twelve would not fit on a phone
    return figure(
        look,
        data,
        height=ROW * rows + FRAME,
        hovermode="closest",
        dragmode=False,
        showlegend=True,
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.01,
            "yanchor": "bottom",
            "itemclick": False,
            "itemdoubleclick": False,
        },
        xaxis=axis(
            look,
            **hidden,
            range=[-0.6, 53.6],
            tickvals=[place(day, years)[0] + 0.5 for day in months],
            ticktext=[look.day(day, "MMM") for day in months],
            tickangle=0,
        ),
        yaxis=axis(
            look,
            **hidden,
            range=[rows - 0.4, -0.6],
            tickvals=[BAND * band + row for band in range(len(years)) for row in (0, 2, 4, 6)],
            ticktext=[_row_name(year, row, look) for year in years for row in (0, 2, 4, 6)],
        ),
    )


def place(day: date, years: list[int]) -> tuple[int, int]:
    """Column (week of the year, from Monday) and row of a day."""
    first = date(day.year, 1, 1)
    week = (day.toordinal() - first.toordinal() + first.weekday()) // 7
    return week, BAND * years.index(day.year) + day.weekday()


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


def _squares(
    days: list[DayCoverage], places: dict[date, tuple[int, int]], years: list[int], look: Look
) -> dict[str, Any]:
    rows = BAND * len(years)
    codes: list[list[int | None]] = [[None] * 54 for _ in range(rows)]
    texts: list[list[list[str] | None]] = [[None] * 54 for _ in range(rows)]
    for each in days:
        if each.state not in SHOWN:
            continue
        column, row = places[each.day]
        codes[row][column] = SHOWN.index(each.state)
        energy = look.energy(each.wh) if each.readings else ""
        lines = [look.day(each.day, "full"), day_words(each, look), energy]
        texts[row][column] = [each.day.isoformat(), "<br>".join(line for line in lines if line)]
    edges = [(edge / len(SHOWN), _fill(state, look)) for at, state in enumerate(SHOWN) for edge in (at, at + 1)]
    return {
        "type": "heatmap",
        "z": codes,
        "zmin": -0.5,
        "zmax": len(SHOWN) - 0.5,
        "colorscale": edges,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "customdata": texts,
        "hoverongaps": False,
        "hovertemplate": "%{customdata[1]}<extra></extra>",
    }


def _marks(state: str, days: list[DayCoverage], places: dict[date, tuple[int, int]], look: Look) -> dict[str, Any]:
    found = [places[each.day] for each in days if each.state == state]
    return scatter(
        "markers",
        [column for column, _ in found],
        [row for _, row in found],
        marker={"symbol": STYLES[state][3], "size": 6, "color": _mark(state, look), "line": _line(state, look)},
        **SILENT,
    )


def _legend(state: str, days: list[DayCoverage], look: Look) -> dict[str, Any]:
    count = sum(each.state == state for each in days)
    hidden = state in (MISSING, NOTHING, UNSERVED)
    return scatter(
        "markers",
        [None],
        [None],
        name=look.text(f"coverage.legend.{state}"),
        visible=True if count else "legendonly" if state == COMPLETE else False,
        marker={
            "symbol": STYLES[state][4],
            "size": 10,
            "color": _mark(state, look) if hidden else _fill(state, look),
            "line": _line(state, look) if hidden else {"color": _mark(state, look), "width": 1},
        },
    )


def _chosen(day: date, places: dict[date, tuple[int, int]], look: Look) -> dict[str, Any]:
    column, row = places.get(day, (None, None))
    return scatter(
        "markers",
        [column],
        [row],
        marker={
            "symbol": "square-open",
            "size": ROW - 1,
            "color": colour(look, "text"),
            "line": {"color": colour(look, "text"), "width": 2},
        },
        **SILENT,
    )


def _fill(state: str, look: Look) -> str:
    meaning, strength, *_ = STYLES[state]
    return faded(look, meaning, strength)


def _mark(state: str, look: Look) -> str:
    return colour(look, STYLES[state][2])


def _line(state: str, look: Look) -> dict[str, Any]:
    return {"color": _mark(state, look), "width": 1.5}


def _row_name(year: int, row: int, look: Look) -> str:
    """The year beside its first row, short weekdays beside the others."""
    monday = date(2024, 1, 1)
    return f"<b>{year}</b>" if row == 0 else look.day(monday + timedelta(days=row), "EEE")
