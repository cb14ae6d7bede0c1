"""The plan of linkyDaily in words of Python: which windows a run should ask for, and how many requests that takes.

Written from the rules in its documentation, not from its code: the days after the last full one; of the last week
every day that is not full; what was answered rests for six hours, older than a week for twenty; two calls in a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

Window = tuple[date, date]

TROUBLE = frozenset({"500", "500text", "502", "reset", "cut"})


@dataclass
class Plan:
    """What a person would expect, given the days that are full and what was answered when."""

    answered: list[tuple[datetime, Window]] = field(default_factory=list)

    def windows(self, now: datetime, today: date, full: set[date], stored: set[date]) -> list[Window]:
        """The calls of a run, oldest first. stored: days with any reading."""
        last_full = max((day for day in full if day >= today - timedelta(days=40)), default=None)
        base = last_full or (min(stored) if stored else today - timedelta(days=7)) - timedelta(days=1)
        day = min(base + timedelta(days=1), today - timedelta(days=7))
        due: list[tuple[date, bool]] = []
        while day < today:
            if day not in full and self._is_due(day, now, today, base, stored):
                due.append((day, self._answered_at(day) is None))
            day += timedelta(days=1)
        return _chosen(_joined(due))

    def answer(self, now: datetime, window: Window) -> None:
        self.answered.append((now, window))

    def _is_due(self, day: date, now: datetime, today: date, base: date, stored: set[date]) -> bool:
        age = (today - day).days
        at = self._answered_at(day)
        if at is None:
            return day > base or age <= 7
        if stored and day < min(stored):
            return False
        rested = now - at
        return rested >= timedelta(hours=6) if age <= 7 else day > base and age <= 30 and rested >= timedelta(hours=20)

    def _answered_at(self, day: date) -> datetime | None:
        return max((at for at, (start, end) in self.answered if start <= day < end), default=None)


def _joined(due: Sequence[tuple[date, bool]]) -> list[tuple[Window, bool]]:
    windows: list[tuple[Window, bool]] = []
    for day, is_new in due:
        after = day + timedelta(days=1)
        if windows and (day - windows[-1][0][0]).days < 7:
            (start, _), was_new = windows[-1]
            windows[-1] = ((start, after), was_new or is_new)
        else:
            windows.append(((day, after), is_new))
    return windows


def _chosen(windows: list[tuple[Window, bool]]) -> list[Window]:
    new = [window for window, is_new in windows if is_new]
    again = [window for window, is_new in windows if not is_new][::-1]
    return sorted((new + again)[:2])


def tries(faults: Sequence[str], first: int) -> tuple[int, str]:
    """Requests of one call whose first is number `first` of the run (from 1), and the fault it ends with, or ``.

    faults: kind of each request of the run, empty for none.
    """
    count = 0
    while True:
        fault = faults[first + count - 1] if first + count <= len(faults) else ""
        count += 1
        again = (fault in TROUBLE and count < 3) or (fault == "429" and count < 2)
        if not again:
            return count, fault
