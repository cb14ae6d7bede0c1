"""What the meters of the stand-in have recorded: load curves by Paris local day, from a household or from a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from threading import Lock

from ..sources.linky.points import parse_step
from .household import Household, household_prm, labels

CONSUMPTION, PRODUCTION = "consumption", "production"

CURVE_DAYS_KEPT = 1200
"""A little over three years: what the gateway serves of daily totals."""

COUNTING_SINCE = date(2021, 1, 1)
"""When a generated meter was set to 0."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Average power over the interval that ends at `label` (Paris wall clock, no offset, `YYYY-MM-DD HH:MM:SS`).

    watts: W, None where the meter has no value; step: ISO 8601 duration such as PT30M; nature, iv, ec: Enedis' codes.
    """

    label: str
    watts: int | None
    step: str = "PT30M"
    nature: str = "B"
    iv: str = "0"
    ec: str = "0"

    @property
    def seconds(self) -> int:
        """Length of the interval. Raises ValueError for a step no meter records."""
        seconds = parse_step(self.step)
        if seconds is None:
            raise ValueError(f"not a step of a Linky: {self.step}")
        return seconds


class LoadCurve(ABC):
    """The points of one flow of one meter.

    `first_day` is the oldest day it has (None: no end to the past); `last_day` the newest complete one (None: endless).
    """

    def __init__(self) -> None:
        self._counted = [0]
        self._counting = Lock()

    @property
    def first_day(self) -> date | None:
        return None

    @property
    def last_day(self) -> date | None:
        return None

    @abstractmethod
    def points(self, day: date) -> Sequence[CurvePoint]:
        """Points of the local day in order of time: labels from 00:30 of the day to 00:00 of the next. Empty: none."""

    def register(self, day: date) -> int:
        """The counter (Wh) at the first instant of a local day; 0 on `first_day`, or else on `COUNTING_SINCE`."""
        origin = self.first_day or COUNTING_SINCE
        number = max(0, (day - origin).days)
        with self._counting:
            while len(self._counted) <= number:
                total = day_total(self.points(origin + timedelta(days=len(self._counted) - 1)))
                self._counted.append(self._counted[-1] + (total or 0))
            return self._counted[number]


@dataclass(frozen=True, slots=True)
class Meter:
    """One usage point: its load curves by flow (`consumption`, `production`)."""

    flows: Mapping[str, LoadCurve]

    @property
    def first_day(self) -> date | None:
        """The oldest day any flow has, None for a household."""
        days = [curve.first_day for curve in self.flows.values()]
        return min((day for day in days if day is not None), default=None)

    @property
    def last_day(self) -> date | None:
        """The newest complete day of any flow, None for a household."""
        days = [curve.last_day for curve in self.flows.values()]
        return max((day for day in days if day is not None), default=None)


class HouseholdCurve(LoadCurve):
    """One flow of a generated household: every half-hour of every day."""

    def __init__(self, household: Household, flow: str) -> None:
        if flow not in {CONSUMPTION, PRODUCTION}:
            raise ValueError(f"not a flow: {flow}")
        super().__init__()
        self._household = household
        self._flow = flow
        self._made = lru_cache(maxsize=CURVE_DAYS_KEPT)(self._make)

    def points(self, day: date) -> Sequence[CurvePoint]:
        return self._made(day)

    def _make(self, day: date) -> tuple[CurvePoint, ...]:
        powers = getattr(self._household.day(day), self._flow)
        return tuple(CurvePoint(label, watts) for label, watts in zip(labels(day), powers, strict=True))


class RecordedCurve(LoadCurve):
    """Points as recorded, in their order of arrival, grouped by local day (what is missing stays missing)."""

    def __init__(self, points: Iterable[CurvePoint]) -> None:
        super().__init__()
        self._days: dict[date, list[CurvePoint]] = {}
        for point in points:
            self._days.setdefault(label_day(point.label), []).append(point)

    @property
    def first_day(self) -> date | None:
        return min(self._days, default=None)

    @property
    def last_day(self) -> date | None:
        """The newest day whose last interval ends at midnight."""
        for day in sorted(self._days, reverse=True):
            if any(point.label[:10] != day.isoformat() for point in self._days[day]):
                return day
        return None

    def points(self, day: date) -> Sequence[CurvePoint]:
        return self._days.get(day, ())


@lru_cache(maxsize=4096)
def _day_before(day: str) -> date:
    return date.fromisoformat(day) - timedelta(days=1)


@lru_cache(maxsize=4096)
def _day(day: str) -> date:
    return date.fromisoformat(day)


def label_day(label: str) -> date:
    """The local day an end label belongs to: midnight closes the day before."""
    return _day_before(label[:10]) if label[11:] == "00:00:00" else _day(label[:10])


def day_total(points: Iterable[CurvePoint]) -> int | None:
    """Wh of a day, Σ W × seconds / 3600; None without any value. Half a Wh is dropped (no meter records one)."""
    energies = [point.watts * point.seconds for point in points if point.watts is not None]
    return sum(energies) // 3600 if energies else None


def household_meter(seed: int = 0) -> Meter:
    """The meter of a generated household, with a solar roof."""
    household = Household(seed)
    return Meter({flow: HouseholdCurve(household, flow) for flow in (CONSUMPTION, PRODUCTION)})


def household_meters(count: int = 1, seed: int = 0) -> dict[str, Meter]:
    """`count` generated meters by usage point; each a different home, the same ones for the same seed."""
    return {household_prm(index): household_meter(seed * 1000 + index) for index in range(count)}
