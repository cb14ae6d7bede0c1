"""A window of local days that one call asks for, and what the ledger knows of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

DONE, EMPTY, PARTIAL, FAILED = "done", "empty", "partial", "failed"
STATES = (DONE, EMPTY, PARTIAL, FAILED)
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
    """What the ledger knows of one window. `short_days` are its days without full coverage; `at` (UTC) the last try."""

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


def months_before(day: date, months: int) -> date:
    """The same day `months` earlier, or the last one of that month (29 February)."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for last in range(day.day, 27, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return date(year, month + 1, day.day)
