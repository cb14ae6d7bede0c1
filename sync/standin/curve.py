"""What the meters of the stand-in have recorded: load curves by Paris local day, from a household or from a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from ..sources.linky.points import parse_step
from .household import Household, household_prm, labels

CONSUMPTION, PRODUCTION = "consumption", "production"

CURVE_DAYS_KEPT = 1200
"""A little over three years: what the gateway serves of daily totals."""


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
        """Length of the interval, 0 for a step no meter records."""
        return parse_step(self.step) or 0


class LoadCurve:
    """The points of one flow of one meter.

    `first_day` is the oldest day it has (None: no end to the past); `last_day` the newest complete one (None: endless).
    """

    first_day: date | None = None
    last_day: date | None = None

    def points(self, day: date) -> Sequence[CurvePoint]:
        """Points of the local day in order of time: labels from 00:30 of the day to 00:00 of the next. Empty: none."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Meter:
    """One usage point: its load curves by flow (`consumption`, `production`)."""

    flows: Mapping[str, LoadCurve]

    @property
    def first_day(self) -> date | None:
        """The oldest day any flow has, None for a household."""
        return min((curve.first_day for curve in self.flows.values() if curve.first_day), default=None)

    @property
    def last_day(self) -> date | None:
        """The newest complete day of any flow, None for a household."""
        return max((curve.last_day for curve in self.flows.values() if curve.last_day), default=None)


class HouseholdCurve(LoadCurve):
    """One flow of a generated household: every half-hour of every day."""

    def __init__(self, household: Household, flow: str) -> None:
        self._household = household
        self._flow = flow
        self.points = lru_cache(maxsize=CURVE_DAYS_KEPT)(self._make)  # type: ignore[method-assign]

    def _make(self, day: date) -> tuple[CurvePoint, ...]:
        powers = getattr(self._household.day(day), self._flow)
        return tuple(CurvePoint(label, watts) for label, watts in zip(labels(day), powers, strict=True))


class RecordedCurve(LoadCurve):
    """Points as recorded, in their order of arrival, grouped by local day (what is missing stays missing)."""

    def __init__(self, points: Iterable[CurvePoint]) -> None:
        self._days: dict[date, list[CurvePoint]] = {}
        for point in points:
            self._days.setdefault(label_day(point.label), []).append(point)
        whole = [day for day, own in self._days.items() if any(point.label[:10] != f"{day}" for point in own)]
        self.first_day, self.last_day = min(self._days, default=None), max(whole, default=None)

    def points(self, day: date) -> Sequence[CurvePoint]:
        return self._days.get(day, ())


def label_day(label: str) -> date:
    """The local day an end label belongs to: midnight closes the day before."""
    return date.fromisoformat(label[:10]) - timedelta(days=label[11:] == "00:00:00")


def day_total(points: Iterable[CurvePoint]) -> int | None:
    """Wh of a day, Σ W × seconds / 3600; None without any value. Half a Wh is dropped (no meter records one)."""
    energies = [point.watts * point.seconds for point in points if point.watts is not None]
    return sum(energies) // 3600 if energies else None


def household_meters(count: int = 1, seed: int = 0) -> dict[str, Meter]:
    """`count` generated meters by usage point; each a different home, the same ones for the same seed."""
    homes = {household_prm(index): Household(seed * 1000 + index) for index in range(count)}
    return {
        prm: Meter({flow: HouseholdCurve(home, flow) for flow in (CONSUMPTION, PRODUCTION)})
        for prm, home in homes.items()
    }
