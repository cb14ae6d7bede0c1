"""Which windows of a dataset to ask for: pure planning over the ledger, on local days, oldest first.

Unlike a meter's, the values of an open source are corrected for weeks, and now and then after years: the newest days
are read again by every daily run, and a sweep reads again what was looked at longest ago.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ..model.errors import UsageError
from ..model.localtime import days
from ..model.window import DONE, FAILED, NEVER, Entry, Window
from ..sources.source import Dataset, OpenSource
from .plan import REVISIT_AFTER, REVISIT_DAYS

REREAD_AFTER = timedelta(hours=20)
"""A trailing window is read again by the run of the next day, not by one that is repeated."""
WHOLE_DAYS = 31
"""A window up to this long is asked whole: it is one call either way."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a run wants. again: what was asked before that moment (UTC) counts as not asked; sweep: how many windows
    that are not due are read again, those looked at longest ago first."""

    wanted: Window
    today: date
    again: datetime | None = None
    sweep: int = 0


def open_period(
    datasets: Sequence[Dataset], since: date | None, until: date | None, today: date
) -> tuple[Window, list[str]]:
    """Days `[since, until)`, by default all there are, and what was changed about them. Raises UsageError."""
    first = min(dataset.first for dataset in datasets)
    newest = today + timedelta(days=max(dataset.ahead for dataset in datasets))
    notes = []
    start, end = since or first, until or newest
    if end > newest:
        notes.append(f"--until {end} is in the future: cut to {newest}")
        end = newest
    if start < first:
        notes.append(f"--since {start} is before the first day of this source: begins on {first}")
        start = first
    if start >= end:
        raise UsageError(
            f"there is no day to ask for between {start} and {end} (today is {today} there): choose an earlier --since "
            "or a later --until, or set this machine's clock"
        )
    return Window(start, end), notes


def due_windows(
    source: OpenSource, dataset: Dataset, entries: Iterable[Entry], wish: Wish, now: datetime
) -> list[Window]:
    """Windows to ask for now, oldest first, without the sweep."""
    newest = _newest(entries)
    found = []
    for window in _windows(source, dataset, wish):
        due = [day for day in days(window.start, window.end) if _is_due(day, newest.get(day), dataset, wish, now)]
        if due and window.length <= WHOLE_DAYS:
            found.append(window)
        elif due:
            found += source.windows(dataset, Window(due[0], due[-1] + timedelta(days=1)))
    return found


def swept_windows(
    source: OpenSource, dataset: Dataset, entries: Iterable[Entry], wish: Wish, now: datetime
) -> list[tuple[datetime, Window]]:
    """Windows that are not due with the moment of their last look, longest ago first: at most `wish.sweep`."""
    entries = list(entries)
    newest = _newest(entries)
    due = set(due_windows(source, dataset, entries, wish, now))
    looked = [
        (max(newest[day].at if day in newest else NEVER for day in days(window.start, window.end)), window)
        for window in _windows(source, dataset, wish)
        if window not in due
    ]
    return sorted(looked, key=lambda each: (each[0], each[1].start))[: wish.sweep]


def _windows(source: OpenSource, dataset: Dataset, wish: Wish) -> list[Window]:
    """The windows of the days that the dataset has, by today."""
    newest = wish.today + timedelta(days=dataset.ahead)
    start, end = max(wish.wanted.start, dataset.first), min(wish.wanted.end, dataset.end or newest, newest)
    return source.windows(dataset, Window(start, end)) if start < end else []


def _newest(entries: Iterable[Entry]) -> dict[date, Entry]:
    """The last look at each day."""
    newest: dict[date, Entry] = {}
    for entry in sorted(entries, key=lambda entry: entry.at):
        newest |= dict.fromkeys(days(entry.window.start, entry.window.end), entry)
    return newest


def _is_due(day: date, entry: Entry | None, dataset: Dataset, wish: Wish, now: datetime) -> bool:
    if entry is None or entry.state == FAILED or (wish.again and entry.at < wish.again):
        return True
    age = abs(now - entry.at)  # an entry of the future was dated by a clock that was wrong
    if entry.state != DONE and age >= REVISIT_AFTER and day >= wish.today - timedelta(days=REVISIT_DAYS):
        return True
    return age >= REREAD_AFTER and day >= wish.today - timedelta(days=dataset.reread)
