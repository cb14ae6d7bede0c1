"""What the figures of the storage page share: notes, round sizes, a sentence in place of a chart."""

from __future__ import annotations

from typing import Any

from ..kit.figures import Figure, colour, figure, words
from ..kit.locale import Look, minus


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


def told(text: str, look: Look) -> Figure:
    """A sentence in place of a chart."""
    words = text.split(" ")
    half = len(words) // 2
    said = note(f"{' '.join(words[:half])}<br>{' '.join(words[half:])}", look, x=0.5, y=0.5, xanchor="center", size=14)
    none = {"visible": False}
    return figure(look, [], annotations=[said], xaxis=none, yaxis=none)


def note(text: str, look: Look, size: int = 12, **place: Any) -> dict[str, Any]:
    """An annotation of the figure, placed in shares of the paper."""
    return words(text, font={"size": size, "color": colour(look, "text")}, **place)
