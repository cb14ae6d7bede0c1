"""Which days are asked for: two years politely, nothing twice, recent holes again, old ones never."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.load.plan import Wish, due_windows
from sync.model.localtime import days
from sync.model.window import DONE, EMPTY, FAILED, PARTIAL, STATES, Entry, Window, months_before
from sync.sources.linky.api import Linky
from sync.sources.linky.meter import Meter

LINKY = Linky("https://conso.example", [Meter("21121707640844", "")])
TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
TWO_YEARS = Window(date(2023, 3, 13), date(2025, 3, 13))


def plan(entries: list[Entry], wanted: Window, longest: int = 7, now: datetime = NOW) -> list[Window]:
    dataset = replace(LINKY.datasets[1], longest=longest)
    return due_windows(LINKY, dataset, entries, Wish(wanted, TODAY), now)


def ago(first: int, last: int) -> Window:
    """The days from `first` to `last` days before today, both included."""
    return Window(TODAY - timedelta(days=first), TODAY - timedelta(days=last - 1))


def entry(window: Window, state: str, hours: float = 24, short: tuple[date, ...] | None = None) -> Entry:
    missing = tuple(days(window.start, window.end)) if short is None else short
    return Entry(window, state, NOW - timedelta(hours=hours), short_days=() if state == DONE else missing)


def covered(windows: list[Window]) -> list[date]:
    return [day for window in windows for day in days(window.start, window.end)]


def test_two_years_are_105_curve_calls_and_3_for_totals() -> None:
    curve, totals = plan([], TWO_YEARS), plan([], TWO_YEARS, longest=365)
    assert [window.length for window in curve] == [7] * 104 + [3]
    assert [window.length for window in totals] == [365, 365, 1]
    for windows in (curve, totals):
        assert covered(windows) == list(days(TWO_YEARS.start, TWO_YEARS.end))


def test_a_repetition_asks_nothing() -> None:
    finished = [entry(window, DONE, hours=0) for window in plan([], TWO_YEARS)]
    assert plan(finished, TWO_YEARS) == []
    assert plan(finished, TWO_YEARS, now=NOW + timedelta(days=3000)) == []


def test_a_new_day_is_one_call() -> None:
    finished = [entry(window, DONE) for window in plan([], ago(20, 2))]
    assert plan(finished, ago(20, 1)) == [ago(1, 1)]


def test_resuming_goes_on_behind_what_is_finished() -> None:
    first, *rest = plan([], TWO_YEARS)
    assert plan([entry(first, DONE)], TWO_YEARS) == rest


@pytest.mark.parametrize("state", [EMPTY, PARTIAL])
@pytest.mark.parametrize(("hours", "asked"), [(0, False), (5.99, False), (6, True), (100, True)])
def test_a_recent_hole_is_asked_again_after_six_hours(state: str, hours: float, asked: bool) -> None:
    window = ago(7, 1)
    assert plan([entry(window, state, hours)], window) == [window] * asked


@pytest.mark.parametrize("state", [EMPTY, PARTIAL])
@pytest.mark.parametrize(("last", "asked"), [(30, True), (31, False), (300, False)])
def test_a_hole_is_given_up_after_thirty_days(state: str, last: int, asked: bool) -> None:
    window = ago(last + 6, last)
    assert plan([entry(window, state)], window) == [window] * asked


def test_only_the_short_days_count_for_that() -> None:
    window = ago(33, 27)
    old, young = (window.start,), (window.start, window.end - timedelta(days=1))
    assert plan([entry(window, PARTIAL, short=old)], window) == []
    assert plan([entry(window, PARTIAL, short=young)], window) == [window]


@pytest.mark.parametrize("last", [1, 400])
def test_a_failure_is_always_asked_again(last: int) -> None:
    window = ago(last + 6, last)
    assert plan([entry(window, FAILED, hours=0)], window) == [window]


def test_an_entry_is_repeated_whole_and_never_cut() -> None:
    """Four new days before it would leave room for three of its five days only."""
    assert plan([entry(ago(8, 4), FAILED)], ago(12, 4)) == [ago(12, 9), ago(8, 4)]
    assert plan([entry(ago(8, 4), FAILED)], ago(12, 1)) == [ago(12, 9), ago(8, 2), ago(1, 1)]


def test_small_neighbours_share_a_call() -> None:
    assert plan([entry(ago(5, 4), FAILED), entry(ago(3, 3), EMPTY)], ago(6, 1)) == [ago(6, 1)]


def test_the_last_word_on_a_day_counts() -> None:
    window = ago(7, 1)
    failed, done = entry(window, FAILED, hours=10), entry(ago(4, 4), DONE, hours=1)
    for order in ([failed, done], [done, failed]):
        assert plan(order, window) == [ago(7, 5), ago(3, 1)]
    assert plan([entry(window, DONE, hours=1), failed], window) == []


def test_days_that_an_import_filled_take_the_reason_away() -> None:
    """A partial window whose only short day came from a file: nothing of it needs a call any more."""
    window, short = ago(7, 1), ago(4, 4)
    entries = [entry(window, PARTIAL, hours=30, short=(short.start,)), entry(short, DONE, hours=1)]
    assert plan(entries, window) == []


def test_what_is_not_wanted_is_not_asked() -> None:
    assert plan([entry(ago(10, 4), FAILED)], ago(6, 5)) == [ago(6, 5)]
    assert plan([], Window(TODAY, TODAY)) == []


def test_an_entry_longer_than_a_call_is_asked_in_parts() -> None:
    assert [window.length for window in plan([entry(ago(20, 1), FAILED)], ago(20, 1))] == [7, 7, 6]


def test_a_window_is_shown_with_its_last_day() -> None:
    assert str(Window(date(2024, 2, 26), date(2024, 3, 4))) == "2024-02-26 … 2024-03-03"


@pytest.mark.parametrize(
    ("day", "months", "wanted"),
    [
        (date(2026, 11, 21), 24, date(2024, 11, 21)),
        (date(2024, 2, 29), 12, date(2023, 2, 28)),
        (date(2024, 2, 29), 48, date(2020, 2, 29)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2026, 12, 31), 1, date(2026, 11, 30)),
        (date(2026, 1, 5), 1, date(2025, 12, 5)),
        (date(2026, 1, 5), 36, date(2023, 1, 5)),
        (date(2026, 5, 28), 3, date(2026, 2, 28)),
    ],
)
def test_months_before(day: date, months: int, wanted: date) -> None:
    assert months_before(day, months) == wanted


@given(st.dates(date(2010, 1, 1), date(2040, 1, 1)), st.integers(0, 60))
def test_months_before_keeps_the_month(day: date, months: int) -> None:
    found = months_before(day, months)
    assert (day.year * 12 + day.month) - (found.year * 12 + found.month) == months
    assert found.day == day.day or (found.day < day.day and (found + timedelta(days=1)).day == 1)


# --- any ledger ------------------------------------------------------------------------------------------------------

BACK = st.integers(1, 60)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    first = draw(BACK)
    window = ago(first, max(1, first - draw(st.integers(0, 6))))
    short = tuple(day for day in days(window.start, window.end) if draw(st.booleans()))
    return entry(window, draw(st.sampled_from(STATES)), draw(st.floats(0, 48)), short)


@settings(max_examples=400, deadline=None)
@given(st.lists(entries(), max_size=14), BACK, BACK, st.sampled_from([1, 7, 365]))
def test_a_plan_covers_exactly_what_is_to_be_asked(known: list[Entry], first: int, last: int, longest: int) -> None:
    known = [replace(past, at=past.at - timedelta(seconds=n)) for n, past in enumerate(known)]  # never two at once
    wanted = ago(max(first, last), min(first, last))
    windows = plan(known, wanted, longest)
    asked = covered(windows)
    assert asked == sorted(set(asked)), "disjoint and in order"
    assert all(1 <= window.length <= longest for window in windows)
    for day in days(wanted.start, wanted.end):
        about = [past for past in known if past.window.start <= day < past.window.end]
        latest = max(about, key=lambda past: past.at, default=None)
        if latest is None or latest.state == FAILED:
            assert day in asked
        elif latest.state == DONE:
            assert day not in asked
        elif day in latest.short_days and day >= TODAY - timedelta(days=30) and NOW - latest.at >= timedelta(hours=6):
            assert day in asked
        elif (
            NOW - latest.at < timedelta(hours=6) or max(latest.short_days, default=LONG_AGO.date()) < ago(30, 30).start
        ):
            assert day not in asked
    assert set(asked) <= set(days(wanted.start, wanted.end))
