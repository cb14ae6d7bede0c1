"""The asked days: two years by default, cut to what the API serves, every cut said."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.load import plan
from sync.model.errors import UsageError
from sync.model.window import Window
from sync.sources.linky.api import Linky
from sync.sources.linky.meter import Meter

TODAY = date(2026, 11, 21)
CURVES = Linky("https://conso.example", [Meter("21121707640844", "")]).datasets
OLDEST = date(2024, 11, 6)  # 24 months and 15 days before


def wanted_period(since: date | None, until: date | None, today: date, is_own: bool) -> tuple[Window, list[str]]:
    return plan.wanted_period(CURVES, since, until, today, is_own)


def test_two_years_by_default() -> None:
    assert wanted_period(None, None, TODAY, False) == (Window(date(2024, 11, 21), TODAY), [])


def test_days_as_they_are_given() -> None:
    since, until = date(2026, 1, 1), date(2026, 2, 1)
    assert wanted_period(since, until, TODAY, False) == (Window(since, until), [])
    assert wanted_period(OLDEST, None, TODAY, False) == (Window(OLDEST, TODAY), [])


def test_a_future_end_is_cut_and_said() -> None:
    window, notes = wanted_period(None, date(2026, 12, 1), TODAY, False)
    assert window.end == TODAY
    assert len(notes) == 1
    assert "2026-12-01" in notes[0]
    assert "2026-11-20" in notes[0]


def test_a_start_beyond_the_history_is_cut_and_said() -> None:
    window, notes = wanted_period(date(2020, 1, 1), None, TODAY, False)
    assert window == Window(OLDEST, TODAY)
    assert len(notes) == 1
    assert "2024-11-06" in notes[0]


def test_both_cuts_are_said() -> None:
    window, notes = wanted_period(date(2020, 1, 1), date(2030, 1, 1), TODAY, False)
    assert (window, len(notes)) == (Window(OLDEST, TODAY), 2)


@pytest.mark.parametrize(
    ("since", "until", "part"),
    [
        (TODAY, None, "not in the past"),
        (date(2027, 1, 1), None, "not in the past"),
        (date(2026, 2, 1), date(2026, 1, 1), "not before --until"),
        (date(2026, 2, 1), date(2026, 2, 1), "not before --until"),
        (date(2020, 1, 1), date(2021, 1, 1), "no day to ask for"),
        (date(2020, 1, 1), OLDEST, "no day to ask for"),
        (None, date(2024, 1, 1), "no day to ask for"),
    ],
)
def test_an_empty_period_is_refused(since: date | None, until: date | None, part: str) -> None:
    with pytest.raises(UsageError, match=part) as refused:
        wanted_period(since, until, TODAY, False)
    assert refused.value.exit_code == 2


def test_a_server_of_our_own_plays_any_day() -> None:
    since, until = date(2010, 1, 1), date(2040, 1, 1)
    assert wanted_period(since, until, TODAY, True) == (Window(since, until), [])
    with pytest.raises(UsageError):
        wanted_period(until, since, TODAY, True)


@given(st.none() | st.dates(), st.none() | st.dates(), st.dates(date(2015, 1, 1), date(2100, 1, 1)), st.booleans())
def test_any_days_give_a_period_or_a_refusal(since: date | None, until: date | None, today: date, own: bool) -> None:
    try:
        window, notes = wanted_period(since, until, today, own)
    except UsageError:
        return
    assert window.start < window.end
    assert own or window.end <= today
    assert bool(notes) == ((since or window.start, until or window.end) != (window.start, window.end))
