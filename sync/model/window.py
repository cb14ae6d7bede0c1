"""A window of local days that one call asks for, what the ledger knows of it, and how much of it readings cover."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from .localtime import day_seconds, days, local_day, midnight
from .readings import ReadingBatch

DONE, EMPTY, PARTIAL, FAILED = "done", "empty", "partial", "failed"
STATES = (DONE, EMPTY, PARTIAL, FAILED)
CURVE, DAILY = "curve", "totals"
"""What a window asks for: readings (of a meter its load curve), or daily totals beside them."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """Local days `[start, end)` of one call."""

    start: date
    end: date

    def __str__(self) -> str:
        return f"{self.start} … {self.end - timedelta(days=1)}"

    @property
    def length(self) -> int:
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger knows of one window. `short_days` are its days without full coverage; `at` (UTC) the last try;
    `series` the keys of the series that its readings are of, where these are not the one it is entered for."""

    window: Window
    state: str
    at: datetime = NEVER
    readings: int = 0
    wh: int = 0
    calls: int = 0
    status: str = ""
    reason: str = ""
    short_days: tuple[date, ...] = ()
    rejects: tuple[str, ...] = field(default=(), repr=False)
    series: tuple[str, ...] = ()


def months_before(day: date, months: int) -> date:
    """The same day `months` earlier, or the last one of that month (29 February)."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for last in range(day.day, 27, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return date(year, month + 1, day.day)


def covered_by_day(batch: ReadingBatch, zone: ZoneInfo) -> dict[date, int]:
    """Covered seconds of each local day that has a reading. Every interval lies within one local day."""
    if len(batch) == 0:
        return {}
    first, last = local_day(int(batch.start[0]), zone), local_day(int(batch.start[-1]), zone)
    edges = np.array([midnight(day, zone) for day in days(first, last + timedelta(days=1))], dtype=np.int64)
    position = np.searchsorted(edges, batch.start, side="right") - 1
    sums = np.bincount(position, weights=batch.seconds, minlength=len(edges))
    return {first + timedelta(days=int(index)): int(sums[index]) for index in np.flatnonzero(sums)}


def short_days(batch: ReadingBatch, window: Window, zone: ZoneInfo) -> tuple[date, ...]:
    """Days of the window that the batch does not cover to the last second."""
    covered = covered_by_day(batch, zone)
    return tuple(day for day in days(window.start, window.end) if covered.get(day, 0) < day_seconds(day, zone))


def complete_days(batch: ReadingBatch, zone: ZoneInfo) -> list[date]:
    """Local days that the batch covers to the last second."""
    return [day for day, seconds in covered_by_day(batch, zone).items() if seconds == day_seconds(day, zone)]


def runs(chosen: Iterable[date], longest: int) -> list[Window]:
    """Neighbouring days as windows of at most `longest` days."""
    windows: list[Window] = []
    for day in sorted(chosen):
        after = day + timedelta(days=1)
        if windows and windows[-1].end == day and windows[-1].length < longest:
            windows[-1] = Window(windows[-1].start, after)
        else:
            windows.append(Window(day, after))
    return windows


def first_true(low: int, high: int, is_true: Callable[[int], bool]) -> int:
    """The smallest index in (low, high] for which `is_true`; it is false at `low` and taken as true at `high`."""
    while high - low > 1:
        middle = (low + high) // 2
        if is_true(middle):
            high = middle
        else:
            low = middle
    return high
