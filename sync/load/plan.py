"""Which days to ask for: pure planning over the ledger, on local days, oldest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

from ..model.localtime import days
from ..model.window import DONE, FAILED, Entry, Window

REVISIT_DAYS = 30
"""A day that is short or empty may still come for this long; after that the hole is taken for real."""
REVISIT_AFTER = timedelta(hours=6)
"""Not asked again earlier: a run that is repeated at once makes no call."""


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
