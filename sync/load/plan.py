"""Which days a run wants and which windows of them to ask for: pure planning over the ledger, local days, oldest first.

What differs between sources stands in their datasets: how far back they serve, what is published beforehand, the days
that are read again because values are corrected, and whether windows lie on the calendar or as long as a call may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from ..model.errors import UsageError
from ..model.localtime import days
from ..model.window import DONE, FAILED, NEVER, Entry, Window, months_before
from ..sources.source import Dataset, Source

REVISIT_AFTER = timedelta(hours=6)
"""Not asked again earlier: a run that is repeated at once makes no call."""
PUBLISHING_AFTER = timedelta(hours=1)
"""The same of what is published beforehand: it comes in the course of the day."""
REREAD_AFTER = timedelta(hours=20)
"""A trailing window is read again by the run of the next day, not by one that is repeated."""
WHOLE_DAYS = 31
"""A window on the calendar up to this long is asked whole: it is one call either way."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a run wants. again: what was asked before that moment (UTC) counts as not asked; sweep: how many windows
    that are not due are read again, those looked at longest ago first. today: the local day of the source."""

    wanted: Window
    today: date
    again: datetime | None = None
    sweep: int = 0


def wanted_period(
    datasets: Sequence[Dataset], since: date | None, until: date | None, today: date, is_own: bool = False
) -> tuple[Window, list[str]]:
    """Days `[since, until)`, by default all there are or the last months, and what was changed about them.

    is_own: a server of our own (loopback) plays any day of a history that moves with today, and refuses by itself.
    Raises UsageError for an empty or future period.
    """
    first = min(_first_served(dataset, today) for dataset in datasets)
    newest = today + max(dataset.ahead for dataset in datasets) * DAY
    months = max(dataset.months for dataset in datasets)
    start, end = since or (months_before(today, months) if months else first), until or newest
    notes = []
    if since and until and since >= until:
        raise _no_day(f"--since {since} is not before --until {until}", today)
    if is_own and months:
        first, newest = date.min, date.max
    if start >= newest:
        raise _no_day(f"--since {start} is not in the past: the newest readings are those of {newest - DAY}", today)
    if end > newest:
        notes.append(f"--until {end} is in the future: cut to {newest} (the last day is {newest - DAY})")
        end = newest
    if start < first:
        notes.append(f"--since {start} is before the first day that is served: begins on {first}")
        start = first
    if start >= end:
        raise _no_day(f"none is served between {start} and {end}", today)
    return Window(start, end), notes


def _first_served(dataset: Dataset, today: date) -> date:
    if dataset.history is None:
        return dataset.first
    months, more = dataset.history
    return months_before(today, months) - more * DAY


def _no_day(why: str, today: date) -> UsageError:
    return UsageError(
        f"there is no day to ask for: {why} (today is {today} there): choose an earlier --since or a later --until, "
        "or set this machine's clock"
    )


def due_windows(source: Source, dataset: Dataset, entries: Iterable[Entry], wish: Wish, now: datetime) -> list[Window]:
    """Windows to ask for now, oldest first, without the sweep."""
    newest = _newest(entry for entry in entries if not wish.again or entry.at >= wish.again)
    if dataset.longest:
        return _joined(_units(newest, dataset, wish, now), dataset.longest)
    windows = []
    for window in _calendar(source, dataset, wish):
        due = [day for day in days(window.start, window.end) if _is_due(day, newest.get(day), dataset, wish, now)]
        if due and window.length <= WHOLE_DAYS:
            windows.append(window)
        elif due:
            windows += source.windows(dataset, Window(due[0], due[-1] + DAY))
    return windows


def swept_windows(
    source: Source, dataset: Dataset, entries: Iterable[Entry], wish: Wish, now: datetime
) -> list[tuple[datetime, Window]]:
    """Windows that are not due with the moment of their last look, longest ago first: at most `wish.sweep`."""
    entries = list(entries)
    newest = _newest(entries)
    due = set(due_windows(source, dataset, entries, wish, now))
    looked = [
        (max(newest[day].at if day in newest else NEVER for day in days(window.start, window.end)), window)
        for window in _calendar(source, dataset, wish)
        if window not in due
    ]
    return sorted(looked, key=lambda look: (look[0], look[1].start))[: wish.sweep]


def _calendar(source: Source, dataset: Dataset, wish: Wish) -> list[Window]:
    """The windows of the days that the dataset has, by today."""
    newest = wish.today + dataset.ahead * DAY
    start, end = max(wish.wanted.start, dataset.first), min(wish.wanted.end, dataset.end or newest, newest)
    return source.windows(dataset, Window(start, end)) if start < end else []


def _newest(entries: Iterable[Entry]) -> dict[date, Entry]:
    """The last look at each day."""
    newest: dict[date, Entry] = {}
    for entry in sorted(entries, key=lambda entry: entry.at):
        newest |= dict.fromkeys(days(entry.window.start, entry.window.end), entry)
    return newest


def _is_due(day: date, entry: Entry | None, dataset: Dataset, wish: Wish, now: datetime) -> bool:
    if entry is None or entry.state == FAILED:
        return True
    age = abs(now - entry.at)  # an entry of the future was dated by a clock that was wrong
    is_short = entry.state != DONE and (day in entry.short_days or not (dataset.longest or entry.short_days))
    rest = PUBLISHING_AFTER if dataset.ahead else REVISIT_AFTER
    if is_short and age >= rest and (wish.today - day).days <= dataset.revisit:
        return True
    return dataset.reread > 0 and age >= REREAD_AFTER and day >= wish.today - dataset.reread * DAY


def _units(newest: Mapping[date, Entry], dataset: Dataset, wish: Wish, now: datetime) -> list[Window]:
    """Days never asked one by one; the days of an entry to be repeated together, as they cost one call either way."""
    units: list[Window] = []
    for entry, run in groupby(days(wish.wanted.start, wish.wanted.end), key=newest.get):
        stretch = list(run)
        if entry is None:
            units += [Window(day, day + DAY) for day in stretch]
        elif any(_is_due(day, entry, dataset, wish, now) for day in stretch):
            units.append(Window(stretch[0], stretch[-1] + DAY))
    return units


def _joined(units: Sequence[Window], longest: int) -> list[Window]:
    """Neighbouring units joined up to `longest` days; a unit is only cut when it is longer than that by itself."""
    joined: list[Window] = []
    for unit in units:
        last = joined[-1] if joined else None
        if last and last.end == unit.start and last.length + unit.length <= longest:
            joined[-1] = Window(last.start, unit.end)
            continue
        start = unit.start
        while start < unit.end:
            end = min(unit.end, start + longest * DAY)
            joined.append(Window(start, end))
            start = end
    return joined
