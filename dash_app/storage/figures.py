"""Where the difference is: three pairs of bars. Pure, from `queries.sizes_frame`."""

from __future__ import annotations

import math
from typing import Any

from ..kit.blocks import Frame
from ..kit.figures import Figure, axis, bars, colour, figure, label_width, margins, words
from ..kit.locale import Look, minus
from ..kit.sizes import Measured
from .projection import FORMS

MEASURES = ("data", "storage", "index")
ROOM = 1.62  # of the longest bar: its value and the reduction stand behind it


def bars_figure(frame: Frame, look: Look) -> Figure:
    """For each pair and measure two bars on a scale of their own, and the reduction beside them."""
    pairs: list[Measured] = [each for each in frame.notes["measurement"].pairs if not each.refused]
    if not pairs:
        return sentence_figure(look.text("storage.refused"), look)
    panels = [(pair, measure) for pair in pairs for measure in MEASURES]
    data: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    notes: list[dict[str, Any]] = []
    height = 1 / len(panels)
    for place, (pair, measure) in enumerate(panels):
        top = 1 - place * height
        number = "" if place == 0 else str(place + 1)
        both = _bytes_of(pair, measure)
        title = look.text(f"storage.{measure}")
        if len(pairs) > 1:
            title = f"{pair.source} · {title}"
        data.append(_two_bars(both, title, number, look))
        ends = _ends(max(both), look)
        axes[f"xaxis{number}"] = (
            axis(look, anchor=f"y{number}", range=[0, ROOM * max(1, *both)], fixedrange=True) | ends
        )
        axes[f"yaxis{number}"] = axis(
            look,
            anchor=f"x{number}",
            domain=[top - 0.62 * height, top - 0.17 * height],
            autorange="reversed",
            fixedrange=True,
            type="category",
            gridcolor="rgba(0,0,0,0)",
        )
        notes += [
            note(f"<b>{title}</b>", look, x=0, y=top, xanchor="left", yanchor="top"),
            note(
                look.change(both[1] / both[0] - 1) if both[0] else "",
                look,
                x=1,
                y=top - 0.4 * height,
                xanchor="right",
                yanchor="middle",
                size=15,
            ),
        ]
    return figure(
        look,
        data,
        **axes,
        annotations=notes,
        hovermode="closest",
        bargap=0.22,
        firm=margins(label_width([look.text(f"storage.form.{form}") for form in FORMS], titled=False), 8, 4, 20),
    )


def _bytes_of(pair: Measured, measure: str) -> tuple[int, int]:
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
    step = next(each for each in (step / 2, step, 2 * step, 5 * step) if most / each < 4)
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
    return look.text(f"storage.count.{what}{'s' if amount > 1 else ''}", count=look.number(amount))


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
