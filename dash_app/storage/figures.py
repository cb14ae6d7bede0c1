"""Figures of the storage page: where the difference is, how many meters fit into each tier, how fast both forms answer.

Pure, from the frames of `queries`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..kit.blocks import Frame
from ..kit.figures import SILENT, Figure, axis, bars, colour, figure, label_width, margins, scatter, upright, words
from ..kit.locale import Look, minus
from ..kit.sizes import Measured
from .projection import FORMS, Fit, Wish

MEASURES = ("data", "storage", "index")
ROOM = 1.45  # of the longest bar: its value stands behind it


def bars_figure(frame: Frame, look: Look) -> Figure:
    """For each measure two bars on a scale of their own, and the reduction beside them."""
    pair: Measured = frame.notes["shown"].pair
    if pair.refused:
        return sentence_figure(look.text("storage.refused"), look)
    data: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    notes: list[dict[str, Any]] = []
    height = 1 / len(MEASURES)
    left = label_width([look.text(f"storage.form.{form}") for form in FORMS], titled=False)
    for place, measure in enumerate(MEASURES):
        top = 1 - place * height
        number = "" if place == 0 else str(place + 1)
        both = bytes_of(pair, measure)
        title = look.text(f"storage.{measure}")
        data.append(_two_bars(both, title, number, look))
        ends = _ends(max(both), look)
        axes[f"xaxis{number}"] = (
            axis(look, anchor=f"y{number}", range=[0, ROOM * max(1, *both)], fixedrange=True) | ends
        )
        axes[f"yaxis{number}"] = axis(
            look,
            anchor=f"x{number}",
            domain=[top - 0.68 * height, top - 0.27 * height],
            autorange="reversed",
            fixedrange=True,
            type="category",
            gridcolor="rgba(0,0,0,0)",
        )
        beside = {"x": 1, "y": top, "xanchor": "right", "yanchor": "top"}  # no bar reaches it, however narrow
        notes += [
            note(f"<b>{title}</b>", look, x=0, xshift=-left, y=top, xanchor="left", yanchor="top"),
            note(change_text(both, look), look, size=15, **beside),
        ]
    return figure(
        look,
        data,
        **axes,
        annotations=notes,
        hovermode="closest",
        bargap=0.22,
        firm=margins(left, 8, 4, 20),
    )


def change_text(both: tuple[int, int], look: Look) -> str:
    """What the time series takes against the documents, `−97.6%`; empty where these take nothing."""
    return look.change(both[1] / both[0] - 1) if both[0] else ""


def bytes_of(pair: Measured, measure: str) -> tuple[int, int]:
    """What a measure, `total` too, is of the documents and of the time series. Raises ValueError without sizes."""
    compared = pair.comparison
    regular, timeseries = (getattr(size, f"{measure}_bytes") for size in (compared.regular, compared.timeseries))
    return int(regular), int(timeseries)


def _two_bars(both: tuple[int, int], title: str, number: str, look: Look) -> dict[str, Any]:
    names = [look.text(f"storage.form.{form}") for form in FORMS]
    shown = [look.bytes(amount) for amount in both]
    return bars(
        list(both),
        names,
        orientation="h",
        name=title,
        xaxis=f"x{number}",
        yaxis=f"y{number}",
        marker={"color": [colour(look, form) for form in FORMS]},
        text=shown,
        textposition="outside",
        textfont={"size": 13},
        cliponaxis=False,
        hovertext=[f"{title}, {name}: {look.number(amount)} B" for name, amount in zip(names, both, strict=True)],
        hoverinfo="text",
    )


def _ends(most: int, look: Look) -> dict[str, Any]:
    """Ticks at round numbers of bytes with their unit."""
    step = 10 ** math.floor(math.log10(max(1, most)))
    step = next(each for each in (step / 2, step, 2 * step, 5 * step) if most / each < 3)
    values = [step * place for place in range(int(most / step) + 1)]
    quiet = {"size": 10, "color": colour(look, "quiet")}
    return {"tickvals": values, "ticktext": [short(value, look) for value in values], "tickfont": quiet}


# --- what the figures of this page share ------------------------------------------------------------------------------


def short(amount: float, look: Look) -> str:
    """`2 MB`, not `2.00 MB`: ticks are round."""
    text = look.bytes(amount)
    number, _, unit = text.rpartition("\u202f")
    mark = look.catalog.decimal
    return (number.rstrip("0").rstrip(mark) if mark in number else number) + "\u202f" + unit


def percent_text(percent: float, look: Look) -> str:
    """`−12.3%`: percent, 0 … 100, with the sign that is as wide as a plus."""
    return minus(look.percent(percent / 100))


def counted(amount: float, what: str, look: Look) -> str:
    """`1 meter`, `2,000 meters`; what: `meter` or `year`."""
    return look.text(f"storage.count.{what}{'s' if amount > 1 else ''}", count=amount)


def sentence_figure(text: str, look: Look) -> Figure:
    """A sentence in place of a chart."""
    words = text.split(" ")
    half = len(words) // 2
    said = note(f"{' '.join(words[:half])}<br>{' '.join(words[half:])}", look, x=0.5, y=0.5, xanchor="center", size=14)
    none = {"visible": False}
    return figure(look, [], annotations=[said], xaxis=none, yaxis=none)


def note(text: str, look: Look, size: int = 12, **place: Any) -> dict[str, Any]:
    """An annotation of the figure, placed in shares of the paper."""
    return words(text, font={"size": size, "color": colour(look, "text")}, **place)


# --- how many meters fit ----------------------------------------------------------------------------------------------


def projection_figure(frame: Frame, look: Look) -> Figure:
    """A row a tier: how many meters fit in each form, and a line where the wish is. Full = the wish fits."""
    fits: list[Fit] = frame.notes["fits"]
    if not fits:
        return sentence_figure(look.text("storage.refused"), look)
    wish: Wish = frame.notes["wish"]
    tiers = [fit for fit in fits if fit.form == FORMS[0]]
    names = [
        look.text("storage.projection.tier", name=fit.tier.name, limit=short(fit.tier.limit, look)) for fit in tiers
    ]
    most = max(wish.meters, *(fit.meters for fit in fits))
    data: list[dict[str, Any]] = [_gains(fits, look)]
    data += [_marks(form, [fit for fit in fits if fit.form == form], wish, look) for form in FORMS]
    data += [_legend(look.text(f"storage.form.{form}"), form, look) for form in FORMS]
    data.append(_legend(look.text("storage.projection.hollow"), "", look))
    upper = math.ceil(math.log10(most) + 0.9)
    ticks = [10**power for power in range(0, upper + 1, 2 if upper > 5 else 1)]
    line = {"color": colour(look, "text"), "width": 2, "dash": "dot"}
    side = "right" if wish.meters > 10 ** (0.75 * upper) else "center" if wish.meters > 10 else "left"
    place: dict[str, Any] = {"xref": "x", "x": math.log10(wish.meters), "y": 1, "yanchor": "bottom", "xanchor": side}
    wished = note(f"<b>{counted(wish.meters, 'meter', look)}</b>", look, **place)
    return figure(
        look,
        data,
        hovermode="closest",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": -0.2, "yanchor": "top"},
        firm=margins(label_width(names, titled=False), 12, 26, 48),
        xaxis=axis(
            look,
            look.text("storage.projection.axis"),
            type="log",
            range=[-0.45, upper],
            tickvals=ticks,
            ticktext=[look.compact(tick) for tick in ticks],
            tickangle=0,
            fixedrange=True,
        ),
        yaxis=axis(
            look, tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.4, -0.6], fixedrange=True
        ),
        shapes=[upright(wish.meters, line)],
        annotations=[wished],
    )


def _gains(fits: list[Fit], look: Look) -> dict[str, Any]:
    """A faint bar from what fits in one form to what fits in the other."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for place, name in enumerate(dict.fromkeys(fit.tier.name for fit in fits)):
        ends = [max(1, fit.meters) for fit in fits if fit.tier.name == name]
        xs += [*ends, None]
        ys += [place, place, None]
    line = {"color": colour(look, "grid"), "width": 6}
    return scatter("lines", xs, ys, line=line, **SILENT)


def _legend(name: str, form: str, look: Look) -> dict[str, Any]:
    """An entry of the legend alone; without a form the hollow mark."""
    edge = colour(look, form or "quiet")
    marker = {"size": 13, "color": edge if form else colour(look, "paper"), "line": {"color": edge, "width": 2.5}}
    return scatter("markers", [None], [None], name=name, marker=marker)


def _marks(form: str, fits: list[Fit], wish: Wish, look: Look) -> dict[str, Any]:
    name = look.text(f"storage.form.{form}")
    own = colour(look, form)
    hover = [
        look.text(
            "storage.projection.hover",
            form=name,
            meters=counted(fit.meters, "meter", look),
            wish=counted(wish.meters, "meter", look),
            bytes=look.bytes(fit.bytes),
        )
        for fit in fits
    ]
    return scatter(
        "markers+text",
        [max(1, fit.meters) for fit in fits],
        list(range(len(fits))),
        name=name,
        marker={
            "size": 13,
            "color": [own if fit.fits else colour(look, "paper") for fit in fits],
            "line": {"color": own, "width": 2.5},
        },
        text=[look.compact(fit.meters) for fit in fits],
        textposition=["top right" if fit.fits else "top left" for fit in fits],  # away from the line
        textfont={"color": colour(look, "text"), "size": 12},
        cliponaxis=False,
        hovertext=hover,
        hoverinfo="text",
        showlegend=False,
    )


# --- how fast both forms answer ---------------------------------------------------------------------------------------


OFFSET = {"regular": -0.17, "timeseries": 0.17}  # of a row's two marks
SPEED_ROOM = 1.22  # of the range of times: the last label stands behind its mark
Rows = list[tuple[Mapping[str, Any], Mapping[str, Any]]]
"""(result of a lab, question of it with its times)."""


def speed_figure(frame: Frame, look: Look) -> Figure:
    """A row a question: median and middle half of the runs in both forms, and under its name the verdict."""
    result: Mapping[str, Any] = frame.notes["result"]
    rows = [(result, each) for each in result["queries"]]
    names = [look.text(f"storage.speed.{each['name']}") for _, each in rows]
    highest = max(each[form]["high_ms"] for _, each in rows for form in FORMS)
    lowest = min(each[form]["low_ms"] for _, each in rows for form in FORMS)
    lower = math.log10(lowest) - 0.15
    upper = lower + SPEED_ROOM * (math.log10(highest) + 0.15 - lower)
    ticks = _log_ticks(lower, upper)
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


def _log_ticks(lower: float, upper: float) -> list[float]:
    """1, 3, 10, 30 … between two powers of ten."""
    powers = range(math.floor(lower), math.ceil(upper) + 1)
    numbers = [digit * 10.0**power for power in powers for digit in (1, 3)]
    return [number for number in numbers if lower <= math.log10(number) <= upper]


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
            runs=result["runs"],
            readings=each["readings"],
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
