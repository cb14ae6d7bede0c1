"""The load curve: average power as steps, the spread of what was added up as a band, the whole period as a strip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from ..kit.blocks import Frame
from ..kit.figures import Figure, axis, colour, corner, faded, figure, margins, number_width, scatter, upright, words
from ..kit.lines import OWN_TITLE, Real, Whole, hovers, interval_texts, stepped
from ..kit.locale import Look
from ..kit.ticks import DAY_MS, HOUR_MS, box, flow_of, flow_text, hatching, stretches, time_ticks
from .queries import Intervals, Marks, spread_out
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
    edges, measured = curve.laid_out(start, notes["due"])
    watts, low, high = (spread_out(values, measured) for values in (curve.watts, curve.low, curve.high))
    line = {"shape": "hv", "color": colour(look, own), "width": 1.6}
    data = [
        hatching([box(left, right, 0, top) for left, right in notes["gaps"]], look),
        *([_band(edges, low, high, faded(look, own, 0.18))] if band and len(curve) else []),
        stepped(edges, watts, 1) | {"line": line},
        hovers(edges, watts, _texts(curve, edges, measured, notes, look), colour(look, own)),
        _strip(notes["strip"], line | {"width": 1}),
    ]
    resolution = look.text(f"consumption.resolution.{notes['resolution']}")
    return figure(
        look,
        [trace for trace in data if trace["x"]],
        xaxis=axis(look, **time_ticks(start, end, zone, look), **_range(notes), anchor="y", showgrid=True) | OWN_TITLE,
        yaxis=axis(look, flow_text(notes, "w", look), range=[0, top], fixedrange=True, tickformat=",.0f", **MAIN),
        xaxis2=axis(
            look, type="date", range=list(notes["period"]), fixedrange=True, anchor="y2", **_strip_ticks(notes, look)
        ),
        yaxis2=axis(look, fixedrange=True, showticklabels=False, showgrid=False, rangemode="tozero", **STRIP),
        shapes=[*_change_lines(notes, look), *_window(notes, look)],
        annotations=[corner(resolution, look, 11, "quiet", yshift=3), *_change_texts(notes, look)],
        selectdirection="h",
        firm=margins(left=number_width(top), top=24, bottom=24 if notes["zoomed"] else 8),
    )


def _range(notes: Any) -> dict[str, Any]:
    """Zoomed in: exactly the window. Else automatic, so that a double click leads back to it."""
    start, end = notes["window"]
    if notes["zoomed"]:
        return {"range": [start, end]}
    return {"autorange": True, "autorangeoptions": {"clipmin": start, "clipmax": end, "include": [start, end]}}


def _band(edges: Whole, low: Real, high: Real, fill: str) -> dict[str, Any]:
    """From the least to the greatest reading of each interval: steps there along the top, and back along the bottom."""
    x: list[int | None] = []
    y: list[float | None] = []
    for first, last in stretches(np.isfinite(low)):
        starts, end = edges[first:last].tolist(), int(edges[last])
        below, above = (np.round(values[first:last]).tolist() for values in (low, high))
        x += [*starts, end, end, *starts[::-1], None]
        y += [*above, above[-1], *below[::-1], below[0], None]
    line = {"width": 0, "shape": "hv"}
    return scatter("lines", x[:-1], y[:-1], fill="toself", fillcolor=fill, line=line, hoverinfo="skip")


def _texts(curve: Intervals, edges: Whole, measured: Marks, notes: Any, look: Look) -> list[str]:
    """What each interval and each gap says."""
    missing = look.text("consumption.not_measured")
    said = iter(_energy_texts(curve, notes["resolution"] != READINGS, look))
    return [
        f"{when}<br>{next(said)}" if known else f"<b>{missing}</b><br>{when}"
        for when, known in zip(interval_texts(edges, notes["zone"], look), measured, strict=True)
    ]


def _energy_texts(curve: Intervals, spread: bool, look: Look) -> Iterator[str]:
    shares = curve.seconds * 1000 / (curve.end - curve.start)
    for place, watts in enumerate(curve.watts):
        text = f"<b>{look.power(float(watts))}</b>"
        if spread:
            low, high = (look.power(float(each[place])) for each in (curve.low, curve.high))
            text += look.text("consumption.hover.spread", low=low, high=high)
        text += f" · {look.energy(int(curve.wh[place]))}"
        if shares[place] < 1:
            text += "<br>" + look.text("consumption.hover.partly", share=look.percent(float(shares[place]), 0))
        yield text


def _strip(strip: Intervals, line: dict[str, Any]) -> dict[str, Any]:
    edges, measured = strip.laid_out()
    return stepped(edges, spread_out(strip.watts, measured), 1) | {"xaxis": "x2", "yaxis": "y2", "line": line}


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
