"""Working and free days of the places whose meters are read: weekends and public holidays, by rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from .grid import Marks, Whole

SATURDAY = 5
FIXED = {
    "Europe/Paris": ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)),
    "Europe/London": ((1, 1), (12, 25), (12, 26)),
    "Europe/Oslo": ((1, 1), (5, 1), (5, 17), (12, 25), (12, 26)),
    "Europe/Copenhagen": ((1, 1), (6, 5), (12, 25), (12, 26)),
}
"""Zone → (month, day) of holidays that have a date."""
AFTER_EASTER = {
    "Europe/Paris": (1, 39, 50),
    "Europe/London": (-2, 1),
    "Europe/Oslo": (-3, -2, 0, 1, 39, 49, 50),
    "Europe/Copenhagen": (-3, -2, 0, 1, 39, 49, 50),
}
"""Zone → days from Easter Sunday."""


def free_days(days: Sequence[date], zone: ZoneInfo) -> Marks:
    """[days] whether it is a weekend or a public holiday; of a zone without rules only weekends are known."""
    return np.array([day.weekday() >= SATURDAY or day in holidays(day.year, zone.key) for day in days], dtype=np.bool_)


def weekdays(days: Sequence[date]) -> Whole:
    """[days] 0 is Monday."""
    return np.array([day.weekday() for day in days], dtype=np.int64)


@lru_cache(maxsize=512)
def holidays(year: int, zone: str) -> frozenset[date]:
    """The public holidays of a year."""
    found = [date(year, month, day) for month, day in FIXED.get(zone, ())]
    found += [easter(year) + timedelta(days=step) for step in AFTER_EASTER.get(zone, ())]
    if zone == "Europe/London":
        found = [*_moved(found), *(_monday(date(year, month, day)) for month, day in ((5, 1), (5, 25), (8, 25)))]
    return frozenset(found)


def easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar (Meeus, Jones, Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    rest = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * rest) // 451
    month, day = divmod(h + rest - 7 * m + 114, 31)
    return date(year, month, day + 1)


def _monday(day: date) -> date:
    """The first Monday from a day on."""
    return day + timedelta(days=-day.weekday() % 7)


def _moved(days: list[date]) -> list[date]:
    """In Britain a holiday on a weekend has its day off on the next working day."""
    found: list[date] = []
    for day in days:
        while day.weekday() >= SATURDAY or day in found:
            day += timedelta(days=1)  # noqa: PLW2901
        found.append(day)
    return found
