"""The faults of days, put upon the points of a load curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from math import gcd
from random import Random

from .curve import CurvePoint, LoadCurve
from .faults import Faults

Points = Sequence[CurvePoint]


class SpoiltCurve:
    """A load curve as the gateway shows it on a given day with the faults of days in force.

    `true_points` are what the meter counts (daily totals come from them); `points` what the load curve
    route hands out. Only `late` and `correct` change both.
    """

    def __init__(self, curve: LoadCurve, faults: Faults, today: date) -> None:
        self._curve = curve
        self._faults = faults
        self._today = today

    def true_points(self, day: date) -> Points:
        """Points of a local day before today, in order of time, labels at the ends of the intervals."""
        if day >= self._today:
            return ()
        points = self._curve.points(day)
        faults = self._faults.of_day(day)
        if "late" in faults and self._today < day + timedelta(days=int(faults["late"])):
            return ()
        return [_corrected(point, faults["correct"]) for point in points] if "correct" in faults else points

    def points(self, day: date) -> Points:
        """The same, with whatever is wrong with the load curve of that day."""
        points = self.true_points(day)
        for kind, amount in self._faults.of_day(day).items():
            if kind in _CHANGES:
                points = _CHANGES[kind](points, int(amount), day)
        return points


def _corrected(point: CurvePoint, percent: float) -> CurvePoint:
    """A changed value that still makes a whole number of Wh, as a meter's values do."""
    if point.watts is None:
        return point
    grain = 3600 // gcd(3600, point.seconds)
    return replace(point, watts=grain * round(point.watts * (1 + percent / 100) / grain))


def _missing(points: Points, count: int, _day: date) -> Points:
    first = max(0, (len(points) - count) // 2)
    return [*points[:first], *points[first + count :]]


_CHANGES: dict[str, Callable[[Points, int, date], Points]] = {
    "missing": _missing,
    "duplicate": lambda points, *_: [point for point in points for _ in range(2)],
    "nullcurve": lambda points, *_: [replace(point, watts=None) for point in points],
    "shuffle": lambda points, _, day: Random(day.toordinal()).sample(points, len(points)),
    "iv": lambda points, *_: [replace(point, iv="2", ec="11") for point in points],
}
