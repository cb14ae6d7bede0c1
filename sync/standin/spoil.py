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

    `true_points` are what the meter counts (daily totals, peaks, indexes come from them); `points` what the load curve
    route hands out. Only `late` and `correct` change both.
    """

    def __init__(self, curve: LoadCurve, faults: Faults, today: date) -> None:
        self._curve = curve
        self._faults = faults
        self._today = today

    def register(self, day: date) -> int:
        """The counter (Wh) at the first instant of a local day; faults do not reach it."""
        return self._curve.register(day)

    def true_points(self, day: date) -> Points:
        """Points of a local day before today, in order of time, labels at the ends of the intervals."""
        if day >= self._today:
            return ()
        points = self._curve.points(day)
        if not self._faults.days:
            return points
        faults = self._faults.of_day(day)
        if "late" in faults and self._today < day + timedelta(days=int(faults["late"])):
            return ()
        return [_corrected(point, faults["correct"]) for point in points] if "correct" in faults else points

    def points(self, day: date) -> Points:
        """The same, with whatever is wrong with the load curve of that day."""
        points = self.true_points(day)
        if not self._faults.days:
            return points
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


def _duplicate(points: Points, _amount: int, _day: date) -> Points:
    return [point for point in points for _ in range(2)]


def _nullcurve(points: Points, _amount: int, _day: date) -> Points:
    return [replace(point, watts=None) for point in points]


def _shuffle(points: Points, _amount: int, day: date) -> Points:
    mixed = list(points)
    Random(day.toordinal()).shuffle(mixed)
    return mixed


def _marked(points: Points, _amount: int, _day: date) -> Points:
    return [replace(point, iv="2", ec="11") for point in points]


_CHANGES: dict[str, Callable[[Points, int, date], Points]] = {
    "missing": _missing,
    "duplicate": _duplicate,
    "nullcurve": _nullcurve,
    "shuffle": _shuffle,
    "iv": _marked,
}
