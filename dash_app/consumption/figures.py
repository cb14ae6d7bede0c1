"""The load curve: average power as steps, the spread of what was added up as a band, the whole period as a strip."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from ..kit.blocks import Frame
from ..kit.figures import Figure, axis, colour, faded, figure, hover, margins, number_width, scatter, upright, words
from ..kit.locale import Look
from ..kit.ticks import DAY_MS, HOUR_MS, box, flow_of, flow_text, hatching, short_time, time_ticks
from .queries import Intervals, local_of
from .queries_frames import READINGS

HEADROOM = 1.12  # room above the highest value for the marks of change nights
STRIP: dict[str, Any] = {"domain": [0.0, 0.1]}
MAIN: dict[str, Any] = {"domain": [0.24, 1.0]}


def curve_figure(frame: Frame, look: Look) -> Figure:
    """x: UTC instants with local ticks, so that no hour folds on a change night."""
    notes = frame.notes
    curve: Intervals = notes["curve"]
    start, end = notes["window"]
    zone: ZoneInfo = notes["zone"]
    own = flow_of(notes)
    band = notes["resolution"] != READINGS
    top = float((curve.high if band else curve.watts).max()) * HEADROOM if len(curve) else 1.0
    top = top or 1.0
    data = [
        hatching([box(left, right, 0, top) for left, right in notes["gaps"]], look),
        *([_band(curve, own, look)] if band and len(curve) else []),
        _steps(curve, colour(look, own)),
        _hover(curve, notes, look),
        _strip(notes["strip"], colour(look, own)),
    ]
    return figure(
        look,
        [trace for trace in data if trace["x"]],
        xaxis=axis(look, **time_ticks(start, end, zone, look), **_range(notes), anchor="y", showgrid=True)
        | {"unifiedhovertitle": {"text": " "}},
        yaxis=axis(look, flow_text(notes, "w", look), range=[0, top], fixedrange=True, tickformat=",.0f", **MAIN),
        xaxis2=axis(
            look, type="date", range=list(notes["period"]), fixedrange=True, anchor="y2", **_strip_ticks(notes, look)
        ),
        yaxis2=axis(look, fixedrange=True, showticklabels=False, showgrid=False, rangemode="tozero", **STRIP),
        shapes=[*_change_lines(notes, look), *_window(notes, look)],
        annotations=[_named(notes, look), *_change_texts(notes, look)],
        selectdirection="h",
        firm=margins(left=number_width(top), top=24, bottom=24 if notes["zoomed"] else 8),
    )


def _range(notes: Any) -> dict[str, Any]:
    """Zoomed in: exactly the window. Else automatic, so that a double click leads back to it."""
    start, end = notes["window"]
    if notes["zoomed"]:
        return {"range": [start, end]}
    return {"autorange": True, "autorangeoptions": {"clipmin": start, "clipmax": end, "include": [start, end]}}


def _runs(curve: Intervals) -> list[slice]:
    """Stretches of intervals without a gap between them."""
    breaks = np.flatnonzero(curve.start[1:] > curve.end[:-1]) + 1
    edges = [0, *breaks.tolist(), len(curve)]
    return [slice(first, last) for first, last in pairwise(edges) if last > first]


def _steps(curve: Intervals, own: str) -> dict[str, Any]:
    """Each interval at its own length; open where nothing was measured."""
    x: list[int | None] = []
    y: list[float | None] = []
    watts = np.round(curve.watts, 1)
    for run in _runs(curve):
        x += [*curve.start[run].tolist(), int(curve.end[run][-1]), None]
        y += [*watts[run].tolist(), float(watts[run][-1]), None]
    line = {"shape": "hv", "color": own, "width": 1.6}
    return scatter("lines", x[:-1], y[:-1], line=line, hoverinfo="skip")


def _band(curve: Intervals, own: str, look: Look) -> dict[str, Any]:
    """From the least to the greatest reading of each interval: steps there along the top, and back along the bottom."""
    x: list[int | None] = []
    y: list[float | None] = []
    for run in _runs(curve):
        starts, end = curve.start[run].tolist(), int(curve.end[run][-1])
        low, high = (np.round(each[run]).tolist() for each in (curve.low, curve.high))
        x += [*starts, end, end, *starts[::-1], None]
        y += [*high, high[-1], *low[::-1], low[0], None]
    return scatter(
        "lines",
        x[:-1],
        y[:-1],
        fill="toself",
        fillcolor=faded(look, own, 0.18),
        line={"width": 0, "shape": "hv"},
        hoverinfo="skip",
    )


def _hover(curve: Intervals, notes: Any, look: Look) -> dict[str, Any]:
    """Unseen points in the middle of each interval and gap, which say their local time."""
    gaps: Sequence[tuple[int, int]] = notes["gaps"]
    texts = _interval_texts(curve, notes, look)
    x = ((curve.start + curve.end) // 2).tolist() + [(left + right) // 2 for left, right in gaps]
    y = np.round(curve.watts, 1).tolist() + [0] * len(gaps)
    texts += [_gap_text(gap, notes, look) for gap in gaps]
    order = sorted(range(len(x)), key=x.__getitem__)
    # A line without width: a marker a point would be an element of the page each.
    return scatter(
        "lines",
        [x[place] for place in order],
        [y[place] for place in order],
        line={"color": colour(look, flow_of(notes)), "width": 0},
        **hover([texts[place] for place in order]),
    )


def _interval_texts(curve: Intervals, notes: Any, look: Look) -> list[str]:
    zone: ZoneInfo = notes["zone"]
    starts, ends = (local_of(each, zone).tolist() for each in (curve.start, curve.end))
    spread = notes["resolution"] != READINGS
    whole = curve.seconds * 1000 >= curve.end - curve.start
    days: dict[int, str] = {}
    found = []
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        text = f"{_when(start, end, days, look)}<br><b>{look.power(float(curve.watts[place]))}</b>"
        if spread:
            low, high = (look.power(float(each[place])) for each in (curve.low, curve.high))
            text += look.text("consumption.hover.spread", low=low, high=high)
        text += f" · {look.energy(int(curve.wh[place]))}"
        if not whole[place]:
            share = look.percent(int(curve.seconds[place]) * 1000 / int(curve.end[place] - curve.start[place]), 0)
            text += "<br>" + look.text("consumption.hover.partly", share=share)
        found.append(text)
    return found


def _when(start: int, end: int, days: dict[int, str], look: Look) -> str:
    """`Tue 11 Mar 2025, 14:00–14:30`; a whole day is its date alone. start, end: local ms."""
    number = start // DAY_MS
    if number not in days:
        days[number] = look.day(np.datetime64(number, "D").item(), "EEE d MMM y")
    if start % DAY_MS == 0 and end % DAY_MS == 0 and end > start:
        return days[number]
    return f"{days[number]}, {short_time(start)}–{short_time(end)}"


def _gap_text(gap: tuple[int, int], notes: Any, look: Look) -> str:
    local = local_of(np.array(gap), notes["zone"]).tolist()
    days: dict[int, str] = {}
    ends = []
    for instant in local:
        _when(instant, instant + 1, days, look)
        ends.append(f"{days[instant // DAY_MS]}, {short_time(instant)}")
    return f"<b>{look.text('consumption.not_measured')}</b><br>{ends[0]} – {ends[1]}"


def _strip(strip: Intervals, own: str) -> dict[str, Any]:
    trace = _steps(strip, own)
    return trace | {"xaxis": "x2", "yaxis": "y2", "line": {"shape": "hv", "color": own, "width": 1}}


def _strip_ticks(notes: Any, look: Look) -> dict[str, Any]:
    start, end = notes["period"]
    ticks = time_ticks(start, end, notes["zone"], look)
    if not notes["zoomed"]:  # the axis above says it
        return {"showticklabels": False, "showgrid": False}
    named = list(zip(ticks["tickvals"], ticks["ticktext"], strict=True))
    years = [each for each in named if "<br>" in each[1]] if end - start > 180 * DAY_MS else named[::2]
    return {
        "tickmode": "array",
        "tickvals": [at for at, _ in years],
        "ticktext": [text.replace("<br>", " ") for _, text in years],
        "tickfont": {"size": 10, "color": colour(look, "quiet")},
        "showgrid": False,
    }


def _window(notes: Any, look: Look) -> list[dict[str, Any]]:
    """On the strip: the part that is drawn above."""
    if not notes["zoomed"]:
        return []
    start, end = notes["window"]
    own = flow_of(notes)
    style = {"fillcolor": faded(look, own, 0.25), "line": {"color": colour(look, own), "width": 1.5}}
    place = {"xref": "x2", "yref": "y2 domain", "x0": start, "x1": end, "y0": 0, "y1": 1}
    return [{"type": "rect", **place, **style}]


def _change_lines(notes: Any, look: Look) -> list[dict[str, Any]]:
    line = {"color": colour(look, "quiet"), "width": 1, "dash": "dot"}
    return [upright(at, line, yref="y domain") for at, _ in notes["changes"]]


def _change_texts(notes: Any, look: Look) -> list[dict[str, Any]]:
    """`23 h` or `25 h` beside the instant at which the clocks change."""
    start, end = notes["window"]
    found = []
    name = "consumption.change" if end - start <= 62 * DAY_MS else "consumption.change.short"
    for at, forward in notes["changes"]:
        late = at > start + 0.85 * (end - start)
        text = look.text(name, hours=24 - forward // HOUR_MS)
        where = {
            "xref": "x",
            "yref": "y domain",
            "x": at,
            "y": 1,
            "xanchor": "right" if late else "left",
            "yanchor": "top",
        }
        font = {"size": 11, "color": colour(look, "quiet")}
        found.append(words(text, xshift=-3 if late else 3, font=font, **where))
    return found


def _named(notes: Any, look: Look) -> dict[str, Any]:
    """The resolution, named above the curve."""
    return words(
        look.text(f"consumption.resolution.{notes['resolution']}"),
        x=1,
        y=1,
        yshift=3,
        xanchor="right",
        yanchor="bottom",
        font={"size": 11, "color": colour(look, "quiet")},
    )
