"""Days by hours: the average power of every local hour, right on days of 23 and 25 hours."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np

from ..kit.blocks import Frame
from ..kit.figures import SEQUENTIAL, Figure, axis, cividis, colour, figure, label_width, margins, scatter
from ..kit.locale import Look
from ..kit.ticks import DAY_MS, HOUR_MS, box, day_ticks, hatching, stretches
from .queries import Intervals

OUTLIERS = 0.995  # of the hours decide the scale: a single oven must not darken two years
MOST = 8  # steps of the scale
HALVES = 100  # days up to which the two passes of a doubled hour are drawn apart: beyond, half a cell is under 5 px
HALF_DAY = DAY_MS // 2


def heat_figure(frame: Frame, look: Look) -> Figure:
    """Columns are local days, rows local hours. Not measured: hatched; an hour that the clocks skip: crossed out."""
    notes = frame.notes
    watts = notes["watts"]
    days = [notes["first"] + timedelta(days=place) for place in range(watts.shape[1])]
    scale = scale_of(watts)
    due = (notes["due"] - notes["first"]).days
    missing = ~np.isfinite(watts) & (np.arange(watts.shape[1]) < due)
    for place, hour in notes["skipped"]:
        missing[hour, place] = False
    data: list[dict[str, Any]] = [_cells(notes, days, scale, look)]
    if missing.any():
        data.append(
            hatching(
                _rectangles(missing, days),
                look,
                hoveron="fills",
                hoverinfo="text",
                text=look.text("consumption.not_measured"),
            )
        )
    if notes["skipped"]:
        data.append(_skipped(notes["skipped"], days, look))
    first, last = _at(days[0]) - HALF_DAY, _at(days[-1]) + HALF_DAY
    ticks = list(range(0, 24, 3))
    return figure(
        look,
        data,
        hovermode="closest",
        xaxis=axis(look, **day_ticks(notes["first"], notes["end"], look), range=[first, last], showgrid=False),
        yaxis=axis(
            look,
            look.text("consumption.axis.hour"),
            range=[23.5, -0.5],
            fixedrange=True,
            tickvals=ticks,
            ticktext=[f"{hour:02d}:00" for hour in ticks],
            showgrid=False,
            zeroline=False,
        ),
        shapes=_doubled(notes, days, scale[-1]) if len(days) <= HALVES else [],
        firm=margins(left=label_width(["00:00"]), top=38),
    )


def scale_of(watts: Any) -> list[float]:
    """Round ticks of the scale from 0, W: up to what all but a few hours stay under, or the highest if that is near."""
    measured = watts[np.isfinite(watts)]
    common, highest = float(np.quantile(measured, OUTLIERS)), float(measured.max())
    wanted = (common if highest > 1.3 * common else highest) or 1.0
    power = 10 ** math.floor(math.log10(wanted / MOST))
    step = next(power * each for each in (1, 2, 5, 10) if wanted <= MOST * power * each)
    return [step * place for place in range(math.ceil(wanted / step - 1e-9) + 1)]


def _cells(notes: Any, days: list[date], ticks: list[float], look: Look) -> dict[str, Any]:
    watts = notes["watts"]
    rows = [[None if np.isnan(each) else round(each) for each in row] for row in watts.tolist()]
    highest = float(np.nanmax(watts))
    unit, one = ("kW", 1000) if ticks[-1] >= 1000 else ("W", 1)
    texts = [look.number(each / one, int(ticks[1] < one)) for each in ticks]
    above = "≥\u202f" if highest > ticks[-1] else ""
    texts[-1] = f"{above}{texts[-1]}\u202f{unit}"
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x0": days[0].isoformat(),  # by its step: a single day has no neighbour that tells how wide it is
        "dx": DAY_MS,
        "z": rows,
        "zmin": 0,
        "zmax": ticks[-1],
        "colorscale": SEQUENTIAL,
        "hoverongaps": False,
        "colorbar": {
            "orientation": "h",
            "thickness": 10,
            "outlinewidth": 0,
            "len": 0.94,
            "xpad": 0,
            "ypad": 4,
            "x": 0.5,
            "y": 1.01,
            "yanchor": "bottom",
            "tickvals": ticks,
            "ticktext": texts,
            "tickfont": {"size": 11},
        },
        "hovertemplate": "%{x|%a %-d %b %Y}, %{y:02d}:00<br><b>%{z:,.0f} W</b><extra></extra>",
    }
    if extra := _extra_texts(notes, look):
        empty = [""] * len(days)
        trace["customdata"] = [
            [extra.get((place, hour), "") for place in range(len(days))] if hour in {at for _, at in extra} else empty
            for hour in range(24)
        ]
        trace["hovertemplate"] = trace["hovertemplate"].replace("<extra>", "%{customdata}<extra>")
    return trace


def _extra_texts(notes: Any, look: Look) -> dict[tuple[int, int], str]:
    """(day, hour) → what more there is to say: two passes of a doubled hour, an hour measured in part."""
    hours: Intervals = notes["hours"]
    found = {}
    for (place, hour), passes in notes["doubled"].items():
        energies = [
            look.text("consumption.not_measured") if number is None else look.energy(int(hours.wh[number]))
            for number in passes
        ]
        both = look.energy(float(notes["wh"][hour, place]))
        found[place, hour] = "<br>" + look.text(
            "consumption.heat.doubled", first=energies[0], second=energies[1], both=both
        )
    partly = np.argwhere((notes["seconds"] > 0) & (notes["seconds"] < 3600))
    for hour, place in partly.tolist():
        minutes = look.number(int(notes["seconds"][hour, place]) / 60)
        found[place, hour] = "<br>" + look.text("consumption.heat.partly", minutes=minutes)
    return found


def _doubled(notes: Any, days: list[date], top: float) -> list[dict[str, Any]]:
    """The two passes of a doubled hour side by side in its cell; a pass that was not measured stays grey."""
    hours: Intervals = notes["hours"]
    found = []
    for (place, hour), passes in notes["doubled"].items():
        left = _at(days[place]) - HALF_DAY
        for half, number in enumerate(passes):
            fill = "#9ca3af" if number is None else cividis(float(hours.watts[number]) / top)
            sides = {
                "x0": left + half * HALF_DAY,
                "x1": left + (half + 1) * HALF_DAY,
                "y0": hour - 0.5,
                "y1": hour + 0.5,
            }
            found.append({"type": "rect", **sides, "fillcolor": fill, "line": {"color": "#ffffff", "width": 1}})
    return found


def _rectangles(missing: Any, days: list[date]) -> list[Any]:
    """Stretches of neighbouring days that lack the same hours, as boxes."""
    found = []
    place, count = 0, missing.shape[1]
    while place < count:
        column, first = missing[:, place], place
        while place < count and (missing[:, place] == column).all():
            place += 1
        for top, bottom in stretches(column):
            found.append(box(_at(days[first]) - HALF_DAY, _at(days[place - 1]) + HALF_DAY, top - 0.5, bottom - 0.5))
    return found


def _skipped(skipped: list[tuple[int, int]], days: list[date], look: Look) -> dict[str, Any]:
    """A cross where the clocks leave an hour out: it lacks nothing."""
    return scatter(
        "markers",
        [days[place].isoformat() for place, _ in skipped],
        [hour for _, hour in skipped],
        marker={"symbol": "x-thin", "size": 8, "line": {"width": 1.5, "color": colour(look, "quiet")}},
        hovertemplate=look.text("consumption.heat.skipped") + "<extra></extra>",
        showlegend=False,
    )


def _at(day: date) -> int:
    """The place of a day on an axis of dates: its midnight as if it were UTC, ms."""
    return (day - date(1970, 1, 1)).days * 24 * HOUR_MS
