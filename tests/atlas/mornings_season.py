"""What goes wrong in a season of mornings, told by day, and what the gateway gives of each day in spite of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sync.model.localtime import day_seconds, midnight
from sync.standin.curve import LoadCurve
from sync.standin.faults import Faults, parse_faults

DAY = timedelta(days=1)
STEP = 1800  # s; the household's meter records half-hours
Readings = dict[datetime, tuple[int, int]]
"""Start (UTC) → (Wh, seconds)."""


@dataclass(frozen=True)
class Spoilt:
    """Days [first, last] that the gateway gives wrongly, in the words of the stand-in, from one morning to another."""

    kind: str
    first: date
    last: date
    amount: int = 0
    since: date = date.min
    until: date = date.max

    def is_active(self, today: date) -> bool:
        return self.since <= today < self.until

    def __str__(self) -> str:
        return f"{self.kind}@{self.first}..{self.last}" + (f":{self.amount}" if self.amount else "")


@dataclass(frozen=True)
class Season:
    """Mornings [first, end) after days that the loader fetched.

    loaded: the first of those days; off: first morning without any run → how many of them; unreachable: days on which
    no call reaches the gateway; requests: what each request of the morning's run meets, "" for nothing; afternoon:
    likewise; together: mornings of two runs at once; cut: nights of runs that are cut off; repairs: mornings before
    which the mirror is repaired.
    """

    loaded: date
    first: date
    end: date
    spoilt: tuple[Spoilt, ...]
    off: Mapping[date, int]
    unreachable: frozenset[date] = frozenset()
    requests: Mapping[date, tuple[str, ...]] = field(default_factory=dict)
    afternoon: Mapping[date, tuple[str, ...]] = field(default_factory=dict)
    together: frozenset[date] = frozenset()
    cut: frozenset[date] = frozenset()
    repairs: frozenset[date] = frozenset()

    @property
    def mornings(self) -> list[date]:
        """The days at which the trigger fires."""
        without = {first + number * DAY for first, count in self.off.items() for number in range(count)}
        return [day for day in days_between(self.first, self.end) if day not in without]

    def faults(self, today: date, requests: Iterable[str]) -> Faults:
        """For the stand-in, counted from the next request."""
        parts = [str(each) for each in self.spoilt if each.is_active(today)]
        for number, fault in enumerate(requests, 1):
            kind, _, amount = fault.partition(":")
            parts += [f"{kind}@{number}" + (f":{amount}" if amount else "")] if fault else []
        return parse_faults(",".join(parts))

    def given(self, curve: LoadCurve, day: date, today: date) -> Readings:
        """What the gateway gives of a day when it is asked for today."""
        readings = readings_of(curve, day)
        for each in self.spoilt:
            if each.is_active(today) and each.first <= day <= each.last:
                readings = _spoilt(readings, each, day, today)
        return readings


def days_between(first: date, end: date) -> list[date]:
    return [first + number * DAY for number in range((end - first).days)]


def readings_of(curve: LoadCurve, day: date) -> Readings:
    """A day as the meter recorded it: its points from midnight to midnight of Paris, one every half-hour."""
    start = datetime.fromtimestamp(midnight(day) / 1000, UTC)
    points = curve.points(day)
    assert len(points) * STEP == day_seconds(day)
    return {
        start + timedelta(seconds=number * STEP): ((point.watts or 0) // 2, STEP) for number, point in enumerate(points)
    }


def is_full(readings: Readings, day: date) -> bool:
    return sum(seconds for _, seconds in readings.values()) == day_seconds(day)


def _spoilt(readings: Readings, fault: Spoilt, day: date, today: date) -> Readings:
    if fault.kind == "nullcurve" or (fault.kind == "late" and today < day + fault.amount * DAY):
        return {}
    if fault.kind == "missing":
        gone = (len(readings) - fault.amount) // 2
        return {
            start: known for at, (start, known) in enumerate(readings.items()) if not gone <= at < gone + fault.amount
        }
    if fault.kind == "correct":
        return {start: (round(wh * (1 + fault.amount / 100)), seconds) for start, (wh, seconds) in readings.items()}
    return readings
