"""Points → rows that compare: what the tests of the load curve share."""

from __future__ import annotations

from sync.model.readings import ReadingBatch, Series
from sync.sources.linky.points import Curve, Point, curve_from_points

SERIES = Series("linky", "21121707640844", "consumption")

Row = tuple[int, int, int]


def rows(batch: ReadingBatch) -> list[Row]:
    """(start in s, Wh, seconds) of every reading."""
    return list(zip((batch.start // 1000).tolist(), batch.wh.tolist(), batch.seconds.tolist(), strict=True))


def curve(points: list[Point], **options: object) -> Curve:
    return curve_from_points(SERIES, points, **options)  # type: ignore[arg-type]
