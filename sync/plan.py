"""Which days to ask for: pure planning over the ledger, on local days, oldest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from .localtime import days

REVISIT_DAYS = 30
"""A day that is short or empty may still come for this long; after that the hole is taken for real."""
REVISIT_AFTER = timedelta(hours=6)
"""Not asked again earlier: a run that is repeated at once makes no call."""

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


def plan_windows(entries: Iterable[Entry], wanted: Window, *, today: date, now: datetime, longest: int) -> list[Window]:
    """Windows of at most `longest` days that cover what is still to be asked of `wanted`, oldest first.

    Days never asked, failed windows, and short or empty windows that are recent enough to be filled still. A window to
    be repeated is repeated whole: it costs one call either way.
    """
    known: dict[date, Entry] = {}
    for past in sorted(entries, key=lambda entry: entry.at):
        known |= dict.fromkeys(days(past.window.start, past.window.end), past)
    units: list[Window] = []
    for entry, run in groupby(days(wanted.start, wanted.end), key=known.get):
        stretch = list(run)
        if entry is None:
            units += [Window(day, day + timedelta(days=1)) for day in stretch]
        elif _is_due(entry, stretch, today, now):
            units.append(Window(stretch[0], stretch[-1] + timedelta(days=1)))
    return _merged(units, longest)


def _is_due(entry: Entry, stretch: Sequence[date], today: date, now: datetime) -> bool:
    """Whether the days of an entry that no later entry speaks of are to be asked again."""
    if entry.state == FAILED:
        return True
    if entry.state == DONE or now - entry.at < REVISIT_AFTER:
        return False
    return any(day >= today - timedelta(days=REVISIT_DAYS) for day in entry.short_days if day in stretch)


def _merged(units: Sequence[Window], longest: int) -> list[Window]:
    """Neighbouring units joined up to `longest` days; a unit is only cut when it is longer than that by itself."""
    merged: list[Window] = []
    for unit in units:
        last = merged[-1] if merged else None
        if last and last.end == unit.start and last.length + unit.length <= longest:
            merged[-1] = Window(last.start, unit.end)
            continue
        start = unit.start
        while start < unit.end:
            end = min(unit.end, start + timedelta(days=longest))
            merged.append(Window(start, end))
            start = end
    return merged


def months_before(day: date, months: int) -> date:
    """The same day `months` earlier, or the last one of that month (29 February)."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for last in range(day.day, 27, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return date(year, month + 1, day.day)
