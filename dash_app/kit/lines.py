"""Lines over intervals on an axis of UTC instants, and over the half-hours of a day; open where nothing is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .figures import axis, hover, scatter
from .locale import Look
from .ticks import box, clock, hatching, stretches, time_ticks

Real = NDArray[np.float64]
Whole = NDArray[np.int64]

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
OWN_TITLE = {
    "unifiedhovertitle": {"text": " "}
}  # of an axis whose hover says its own local time: the title would be UTC
SLOTS = 48  # half-hours of a day
MIDDLES = [slot + 0.5 for slot in range(SLOTS)]


def stepped(edges: Whole, values: Real, digits: int = 2) -> dict[str, Any]:
    """x, y and shape of a line with each interval at its own length; open where a value is NaN."""
    x: list[int | None] = []
    y: list[float | None] = []
    for first, last in stretches(np.isfinite(values)):
        run = np.round(values[first:last], digits).tolist()
        x += [*edges[first : last + 1].tolist(), None]
        y += [*run, run[-1], None]
    return scatter("lines", x[:-1], y[:-1], line={"shape": "hv"}, hoverinfo="skip")


def ribbon(x: Sequence[Any], low: Sequence[float | None], high: Sequence[float | None], **more: Any) -> dict[str, Any]:
    """The band between two lines: there along the top, back along the bottom; open where `low` has None."""
    xs: list[Any] = []
    ys: list[float | None] = []
    for first, last in stretches([each is not None for each in low]):
        xs += [*x[first:last], *x[first:last][::-1], None]
        ys += [*high[first:last], *low[first:last][::-1], None]
    return scatter("lines", xs[:-1], ys[:-1], fill="toself", hoverinfo="skip") | more


def hovers(edges: Whole, heights: Real, texts: list[str], ink: str) -> dict[str, Any]:
    """What each interval says, in its middle: a line without width, as every marker would be an element."""
    x, y = ((edges[:-1] + edges[1:]) // 2).tolist(), np.round(np.nan_to_num(heights), 2).tolist()
    return scatter("lines", x, y, line={"color": ink, "width": 0}, showlegend=False, **hover(texts))


def gaps(edges: Whole, missing: NDArray[np.bool_], look: Look) -> dict[str, Any]:
    """Hatched grey over the intervals in which nothing is known, on an axis `y3` from 0 to 1."""
    boxes = [box(int(edges[first]), int(edges[last]), 0, 1) for first, last in stretches(missing)]
    return hatching(boxes, look, yaxis="y3")


def gap_axis() -> dict[str, Any]:
    """The axis of `gaps`."""
    return {"range": [0, 1], "overlaying": "y", "visible": False, "fixedrange": True}


def time_axis(edges: Whole, zone: ZoneInfo, look: Look) -> dict[str, Any]:
    """An axis of local time."""
    start, end = int(edges[0]), int(edges[-1])
    return axis(look, **time_ticks(start, end, zone, look), range=[start, end]) | OWN_TITLE


def interval_texts(edges: Whole, zone: ZoneInfo, look: Look) -> list[str]:
    """`Tue 11 Mar 2025, 14:00–15:00`; a whole day is its date alone, of several days both ends are in full."""
    locals_ = [datetime.fromtimestamp(int(at) / 1000, UTC).astimezone(zone) for at in edges]
    days = {day: look.day(day, "EEE d MMM y") for day in {local.date() for local in locals_}}
    found = []
    for start, end in pairwise(locals_):
        name, midnights = days[start.date()], (start.hour, start.minute, end.hour, end.minute) == (0, 0, 0, 0)
        last = end.date() - timedelta(days=(end.hour, end.minute) == (0, 0))
        if last > start.date():
            found.append(f"{name}, {start:%H:%M} – {days[end.date()]}, {end:%H:%M}")
        else:
            found.append(name if midnights else f"{name}, {start:%H:%M}–{end:%H:%M}")
    return found


# --- half-hours of a day ----------------------------------------------------------------------------------------------


def by_slot(rows: pd.DataFrame, column: str) -> list[float | None]:
    """A column by half-hour of the day, of rows that name theirs as `local_time`: `06:30`; None where it is unknown."""
    found: list[float | None] = [None] * SLOTS
    for text, value in zip(rows["local_time"], rows[column], strict=True):
        found[int(text[:2]) * 2 + int(text[3:]) // 30] = None if pd.isna(value) else round(float(value), 2)
    return found


def half_hour(slot: int) -> str:
    """`06:30–07:00`."""
    return f"{clock(slot * 30)}–{clock((slot + 1) % SLOTS * 30)}"


def slot_line(values: Sequence[float | None], texts: list[str], line: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A line over the half-hours, with dots where some are unknown: one alone is no line; texts: what each says."""
    dots = {"mode": "lines+markers", "marker": {"size": 4, "color": line["color"]}} if None in values else {}
    return scatter("lines", MIDDLES, list(values), line=line, **hover(texts, "%{fullData.name}")) | dots | more


def hours_axis(look: Look, title: str = "", **more: Any) -> dict[str, Any]:
    """An axis of the 48 half-hours of a day, marked in hours; short: four panels stand side by side on a phone."""
    ticks = list(range(0, SLOTS + 1, 12))
    texts = [str(slot // 2) for slot in ticks]
    return axis(look, title, range=[0, SLOTS], tickvals=ticks, ticktext=texts, tickangle=0, fixedrange=True) | more
