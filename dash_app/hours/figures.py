"""Lines of hours or days on an axis of UTC instants, and the local time of each for the hover."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ..kit.figures import axis, colour, hover, scatter
from ..kit.locale import Look
from ..kit.ticks import box, hatching, stretches, time_ticks

Real = NDArray[np.float64]
Whole = NDArray[np.int64]

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def stepped(edges: Whole, values: Real, digits: int = 2) -> dict[str, Any]:
    """x, y and shape of a line with each interval at its own length; open where a value is NaN."""
    x: list[int | None] = []
    y: list[float | None] = []
    for first, last in stretches(np.isfinite(values)):
        run = np.round(values[first:last], digits).tolist()
        x += [*edges[first:last].tolist(), int(edges[last]), None]
        y += [*run, run[-1], None]
    return scatter("lines", x[:-1], y[:-1], line={"shape": "hv"}, connectgaps=False)


def hovers(edges: Whole, heights: Real, texts: list[str], look: Look) -> dict[str, Any]:
    """Unseen points in the middle of each interval, which say everything of it."""
    return scatter(
        "markers",
        ((edges[:-1] + edges[1:]) // 2).tolist(),
        np.round(np.nan_to_num(heights), 2).tolist(),
        marker={"color": colour(look, "quiet"), "opacity": 0},
        showlegend=False,
        **hover(texts),
    )


def gaps(edges: Whole, missing: NDArray[np.bool_], look: Look) -> dict[str, Any]:
    """Hatched grey over the intervals in which nothing is known, on an axis `y3` from 0 to 1."""
    boxes = [box(int(edges[first]), int(edges[last]), 0, 1) for first, last in stretches(missing)]
    return hatching(boxes, look, yaxis="y3")


def gap_axis() -> dict[str, Any]:
    """The axis of `gaps`."""
    return {"range": [0, 1], "overlaying": "y", "visible": False, "fixedrange": True}


def time_axis(edges: Whole, zone: ZoneInfo, look: Look) -> dict[str, Any]:
    """An axis of local time whose hover has no title of its own: that would be UTC."""
    start, end = int(edges[0]), int(edges[-1])
    return axis(look, **time_ticks(start, end, zone, look), range=[start, end]) | {"unifiedhovertitle": {"text": " "}}


def interval_texts(edges: Whole, zone: ZoneInfo, look: Look) -> list[str]:
    """`Tue 11 Mar 2025, 14:00–15:00`; a whole day is its date alone."""
    locals_ = [datetime.fromtimestamp(int(at) / 1000, UTC).astimezone(zone) for at in edges]
    days: dict[int, str] = {}
    found = []
    for start, end in pairwise(locals_):
        number = start.toordinal()
        if number not in days:
            days[number] = look.day(start.date(), "EEE d MMM y")
        whole = (start.hour, end.hour) == (0, 0) and end.date() - start.date() == timedelta(days=1)
        clock = "" if whole else f", {start:%H:%M}–{end:%H:%M}"
        found.append(days[number] + clock)
    return found
