"""A chart so small that it needs no axis: the number beside it says what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .components import attributes
from .figures import colour, faded
from .locale import Look
from .static_html import Static
from .ticks import stretches

HEIGHT = 40  # of a bar that is the highest; the width is one a bar
BAR, THIN = 0.72, 0.4  # of the room that a bar has
FEW, MANY = 6, 40  # bars: fewer are no wider, more leave nothing between them
LEAST = 0.6  # of a bar that is not zero: it is seen
UNKNOWN = 0.12  # of the height: a mark of what is not known


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of one meaning (`figures.COLOURS`). None: not known; faint: all but those of `strong` are fainter."""

    heights: Sequence[float | None]
    meaning: str
    strong: frozenset[int] | None = None


def thumbnail(look: Look, front: Bars, behind: Bars | None = None) -> Static:
    """Bars on one scale, before others of the same number; what is not known is grey. Screen readers pass it over."""
    sets = [each for each in (behind, front) if each]
    top = max((height for each in sets for height in each.heights if height), default=1.0)
    wide = BAR if len(front.heights) <= MANY else 1.0
    paths = [_path(_gaps(front.heights), 1.0, colour(look, "grid"))]
    if behind:
        paths.append(_path(_shares(behind.heights, top), wide, faded(look, behind.meaning, 0.35)))
    shares, width = _shares(front.heights, top), THIN if behind else wide
    strong = front.strong if front.strong is not None else frozenset(range(len(shares)))
    for places, strength in ((strong, 1.0), (frozenset(range(len(shares))) - strong, 0.45)):
        own = [share if place in places else None for place, share in enumerate(shares)]
        paths.append(_path(own, width, faded(look, front.meaning, strength)))
    room = max(FEW, len(shares))
    box = {
        "viewBox": f"{len(shares) - room} 0 {room} {HEIGHT}",
        "preserveAspectRatio": "none",
        "className": "thumbnail",
    }
    return Static(["svg", box | attributes(aria_hidden="true"), [path for path in paths if path]])


def _shares(heights: Sequence[float | None], top: float) -> list[float | None]:
    return [None if each is None else max(0.0, each / top) for each in heights]


def _gaps(heights: Sequence[float | None]) -> list[float | None]:
    return [UNKNOWN if each is None else None for each in heights]


def _path(shares: Sequence[float | None], width: float, ink: str) -> list[object]:
    """All bars of a colour as one shape; empty without any."""
    parts = []
    for place, share in enumerate(shares):
        if share:
            high = max(LEAST, share * HEIGHT)
            parts.append(f"M{place + (1 - width) / 2:.2f} {HEIGHT}v-{high:.2f}h{width}v{high:.2f}z")
    return ["path", {"d": "".join(parts), "fill": ink}, []] if parts else []


ROOM = 100  # of a curve's height


def curves(
    look: Look, front: tuple[Sequence[float], str], behind: tuple[Sequence[float], str], window: tuple[int, int]
) -> Static:
    """A line before a filled one on one scale, each with its ink; open where a value is NaN. window: tinted places."""
    known = [value for values, _ in (front, behind) for value in values if value == value]  # noqa: PLR0124 - NaN
    top = max(known, default=0.0) or 1.0
    count = len(front[0])
    tint = {
        "x": window[0],
        "y": 0,
        "width": window[1] - window[0],
        "height": ROOM,
        "fill": faded(look, "warning", 0.12),
    }
    area = {"d": _line(behind[0], top, closed=True), "fill": behind[1]}
    line = {
        "d": _line(front[0], top),
        "fill": "none",
        "stroke": front[1],
        "strokeWidth": 1.5,
        "vectorEffect": "non-scaling-stroke",
    }
    box = {"viewBox": f"0 0 {count} {ROOM}", "preserveAspectRatio": "none", "className": "curve"}
    parts = [["rect", tint, []], ["path", area, []], ["path", line, []]]
    return Static(["svg", box | attributes(aria_hidden="true"), parts])


def _line(values: Sequence[float], top: float, *, closed: bool = False) -> str:
    """The path through the middles of the places; closed: down to zero at the ends of each stretch."""
    parts: list[str] = []
    for low, high in stretches([value == value for value in values]):  # noqa: PLR0124 - NaN
        points = [f"{place + 0.5:.1f} {ROOM * (1 - max(0.0, values[place]) / top):.1f}" for place in range(low, high)]
        if closed:
            parts.append(f"M{low} {ROOM}L{'L'.join(points)}L{high} {ROOM}z")
        else:
            parts.append(f"M{'L'.join(points)}" + (f"L{low + 1} {points[0].split()[1]}" if high == low + 1 else ""))
    return "".join(parts)
