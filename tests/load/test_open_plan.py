"""Which windows of an open source are due: pure, day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from sync.load.plan import Wish, due_windows, swept_windows, wanted_period
from sync.model.errors import UsageError
from sync.model.window import DONE, EMPTY, FAILED, PARTIAL, Entry, Window
from sync.sources.elhub.api import PRODUCTION, Elhub

ELHUB = Elhub("https://elhub.example")
TODAY = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 11, tzinfo=UTC)
ALL = Window(date(2025, 1, 1), TODAY)


def months(first: date, end: date) -> list[Window]:
    return ELHUB.windows(PRODUCTION, Window(first, end))


def entries(at: datetime, state: str = DONE, since: date = ALL.start, until: date = ALL.end) -> list[Entry]:
    return [Entry(window, state, at) for window in months(since, until)]


def due(known: list[Entry], now: datetime = NOW, again: datetime | None = None, wanted: Window = ALL) -> list[Window]:
    return due_windows(ELHUB, PRODUCTION, known, Wish(wanted, now.date(), again), now)


def test_four_years_are_48_calls() -> None:
    wanted = Window(date(2021, 1, 1), date(2025, 1, 1))
    found = due([], wanted=wanted)
    assert len(found) == 48
    assert found[0] == Window(date(2021, 1, 1), date(2021, 2, 1))
    assert all(one.end == other.start for one, other in pairwise(found))
    assert found[-1].end == wanted.end


def test_nothing_is_due_at_once() -> None:
    assert due(entries(NOW - timedelta(hours=1))) == []


def test_the_trailing_forty_days_the_day_after() -> None:
    """40 days before 10 March is 29 January: whole months are asked, a call each either way."""
    found = due(entries(NOW - timedelta(hours=23)))
    assert found == months(date(2026, 1, 1), TODAY)


def test_a_new_day_is_asked_with_its_month() -> None:
    tomorrow = NOW + timedelta(days=1)
    wanted = Window(ALL.start, TODAY + timedelta(days=1))
    assert due(entries(tomorrow - timedelta(hours=2)), tomorrow, wanted=wanted) == [
        Window(date(2026, 3, 1), wanted.end)
    ]


def test_failed_windows_are_due_at_once_however_old() -> None:
    assert len(due(entries(NOW - timedelta(seconds=1), FAILED))) == 15


@pytest.mark.parametrize(("state", "expected"), [(PARTIAL, 2), (EMPTY, 2), (DONE, 0)])
def test_what_came_short_is_due_while_recent(state: str, expected: int) -> None:
    """Seven hours later, within 30 days: February and March."""
    assert due(entries(NOW - timedelta(hours=5), state)) == []
    assert len(due(entries(NOW - timedelta(hours=7), state))) == expected


def test_again() -> None:
    assert len(due(entries(NOW - timedelta(hours=1)), again=NOW)) == 15
    assert due(entries(NOW), again=NOW - timedelta(seconds=1)) == []


def test_the_newest_look_counts() -> None:
    failed = Entry(Window(date(2025, 5, 1), date(2025, 6, 1)), FAILED, NOW - timedelta(days=9))
    assert due([*entries(NOW - timedelta(hours=1)), failed]) == []


def test_the_sweep_takes_what_was_looked_at_longest_ago() -> None:
    known = entries(NOW - timedelta(hours=1))
    known[4] = Entry(known[4].window, DONE, NOW - timedelta(days=300))
    known[7] = Entry(known[7].window, DONE, NOW - timedelta(days=500))
    found = swept_windows(ELHUB, PRODUCTION, known, Wish(ALL, TODAY, sweep=2), NOW)
    assert [window for _, window in found] == [known[7].window, known[4].window]
    assert swept_windows(ELHUB, PRODUCTION, known, Wish(ALL, TODAY), NOW) == []


def test_an_entry_of_a_clock_that_was_ahead_does_not_block() -> None:
    """What was entered with a date of next year is read again as if it were long ago."""
    assert due(entries(NOW + timedelta(days=365))) == months(date(2026, 1, 1), TODAY)


def test_the_period() -> None:
    assert wanted_period(ELHUB.datasets, None, None, TODAY) == (Window(date(2021, 1, 1), TODAY), [])
    window, notes = wanted_period(ELHUB.datasets, date(2015, 1, 1), date(2030, 1, 1), TODAY)
    assert window == Window(date(2021, 1, 1), TODAY)
    assert len(notes) == 2


@pytest.mark.parametrize(
    ("since", "until", "today"),
    [
        (date(2026, 3, 10), None, TODAY),
        (date(2026, 2, 1), date(2026, 2, 1), TODAY),
        (None, None, date(2019, 1, 1)),  # a clock set wrong
    ],
)
def test_no_day_to_ask_for(since: date | None, until: date | None, today: date) -> None:
    with pytest.raises(UsageError, match="clock"):
        wanted_period(ELHUB.datasets, since, until, today)
