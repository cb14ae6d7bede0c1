"""A chart so small that it needs no axis: the number beside it says what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .components import attributes
from .figures import colour, faded
from .locale import Look
from .static_html import Static

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
