"""How fast both forms answer. Pure, from `queries.times_frame`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..kit.blocks import Frame
from ..kit.figures import SILENT, Figure, axis, colour, figure, scatter
from ..kit.locale import Look
from .projection import FORMS

OFFSET = {"regular": -0.17, "timeseries": 0.17}  # of a row's two marks
ROOM = 1.22  # of the range of times: the last label stands behind its mark
Rows = list[tuple[Mapping[str, Any], Mapping[str, Any]]]
"""(result of a lab, question of it with its times)."""


def speed_figure(frame: Frame, look: Look) -> Figure:
    """A row a question: median and middle half of the runs in both forms, and under its name the verdict."""
    results: list[Mapping[str, Any]] = frame.notes["results"]
    rows = [(result, each) for result in results for each in result["queries"]]
    names = [
        (f"{result['source']} · " if len(results) > 1 else "") + look.text(f"storage.speed.{each['name']}")
        for result, each in rows
    ]
    highest = max(each[form]["high_ms"] for _, each in rows for form in FORMS)
    lowest = min(each[form]["low_ms"] for _, each in rows for form in FORMS)
    lower = math.log10(lowest) - 0.15
    upper = lower + ROOM * (math.log10(highest) + 0.15 - lower)
    ticks = [
        digit * 10.0**power
        for power in range(math.floor(lower), math.ceil(upper) + 1)
        for digit in (1, 3)
        if lower <= math.log10(digit * 10.0**power) <= upper
    ]
    data = [trace for form in FORMS for trace in (_times(form, rows, names, look), _labels(form, rows, look))]
    quiet = colour(look, "quiet")
    titles = [
        f"{name}<br><span style='color:{quiet}'>{verdict(each, look)}</span>"
        for name, (_, each) in zip(names, rows, strict=True)
    ]
    return figure(
        look,
        data,
        hovermode="closest",
        showlegend=True,
        margin={"l": 8, "r": 8, "t": 26, "b": 8},
        xaxis=axis(
            look,
            look.text("storage.speed.axis"),
            type="log",
            range=[lower, upper],
            tickvals=ticks,
            ticktext=[_plain(tick, look) for tick in ticks],
            tickangle=0,
            fixedrange=True,
        ),
        yaxis=axis(
            look,
            tickvals=list(range(len(names))),
            ticktext=titles,
            range=[len(names) - 0.45, -0.55],
            fixedrange=True,
            showgrid=False,
            zeroline=False,
        ),
    )


def verdict(each: Mapping[str, Any], look: Look) -> str:
    """How many times faster the time series answers; no clear difference when the middle halves touch."""
    regular, timeseries = each["regular"], each["timeseries"]
    if regular["low_ms"] <= timeseries["high_ms"] and timeseries["low_ms"] <= regular["high_ms"]:
        return look.text("storage.speed.same")
    times = regular["median_ms"] / timeseries["median_ms"]
    name = "faster" if times > 1 else "slower"
    return look.text(f"storage.speed.{name}", times=look.number(max(times, 1 / times), 1))


def _times(form: str, rows: Rows, names: list[str], look: Look) -> dict[str, Any]:
    name = look.text(f"storage.form.{form}")
    times = [each[form] for _, each in rows]
    hover = [
        look.text(
            "storage.speed.hover",
            form=name,
            question=question,
            median=look.significant(each[form]["median_ms"]),
            low=look.significant(each[form]["low_ms"]),
            high=look.significant(each[form]["high_ms"]),
            runs=look.number(result["runs"]),
            readings=look.number(each["readings"]),
        )
        for question, (result, each) in zip(names, rows, strict=True)
    ]
    return scatter(
        "markers",
        [each["median_ms"] for each in times],
        [place + OFFSET[form] for place in range(len(rows))],
        name=name,
        marker={"size": 11, "color": colour(look, form), "symbol": "circle" if form == "regular" else "diamond"},
        error_x={
            "type": "data",
            "array": [each["high_ms"] - each["median_ms"] for each in times],
            "arrayminus": [each["median_ms"] - each["low_ms"] for each in times],
            "thickness": 2,
            "width": 5,
            "color": colour(look, form),
        },
        hovertext=hover,
        hoverinfo="text",
    )


def _labels(form: str, rows: Rows, look: Look) -> dict[str, Any]:
    """The medians in words, behind the end of their spread."""
    times = [each[form] for _, each in rows]
    return scatter(
        "text",
        [each["high_ms"] for each in times],
        [place + OFFSET[form] for place in range(len(rows))],
        text=[f"  {look.significant(each['median_ms'])}" for each in times],
        textposition="middle right",
        textfont={"size": 11, "color": colour(look, "text")},
        cliponaxis=False,
        **SILENT,
    )


def _plain(amount: float, look: Look) -> str:
    return look.number(amount, max(0, -math.floor(math.log10(amount))))
