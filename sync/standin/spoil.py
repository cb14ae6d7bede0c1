"""The faults of days, put upon the points of a load curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import gcd
from random import Random

from .curve import PRODUCTION, CurvePoint, LoadCurve
from .faults import Faults

Points = Sequence[CurvePoint]


class SpoiltCurve:
    """A load curve as the gateway shows it on a given day with the faults of days in force.

    `true_points` are what the meter counts (daily totals come from them); `points` what the load curve
    route hands out. Only `late`, `correct` and `zeros` change both.
    """

    def __init__(self, curve: LoadCurve, flow: str, faults: Faults, today: date) -> None:
        self._curve = curve
        self._flow = flow
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
        if "zeros" in faults:
            return [replace(point, watts=0) for point in points]
        return [_corrected(point, faults["correct"]) for point in points] if "correct" in faults else points

    def points(self, day: date) -> Points:
        """The same, with whatever is wrong with the load curve of that day."""
        points = self.true_points(day)
        for kind, amount in self._faults.of_day(day).items():
            if kind in _CHANGES and OF_FLOW.get(kind, self._flow) == self._flow:
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


def _quarters(points: Points, at_first: int, day: date) -> Points:
    """Two quarters of each half-hour after the first ones, of the same energy together. Labels go on from the one
    before, so that they are right in the nights of the clock change."""
    halves: list[CurvePoint] = list(points[:at_first])
    before = halves[-1].label if halves else f"{day} 00:00:00"
    for point in points[at_first:]:
        middle = f"{datetime.fromisoformat(before) + timedelta(minutes=15)}"
        wh = None if point.watts is None else point.watts * point.seconds // 3600
        for label, share in ((middle, 0), (point.label, 1)):
            watts = None if wh is None else 4 * ((wh + share) // 2)
            halves.append(replace(point, label=label, step="PT15M", watts=watts))
        before = point.label
    return halves


OF_FLOW = {"noprodcurve": PRODUCTION}
_CHANGES: dict[str, Callable[[Points, int, date], Points]] = {
    "missing": _missing,
    "duplicate": lambda points, *_: [point for point in points for _ in range(2)],
    "nullcurve": lambda points, *_: [replace(point, watts=None) for point in points],
    "shuffle": lambda points, _, day: Random(day.toordinal()).sample(points, len(points)),
    "iv": lambda points, *_: [replace(point, iv="2", ec="11") for point in points],
    "quarters": _quarters,
    "nocurve": lambda *_: (),
    "noprodcurve": lambda *_: (),
}
