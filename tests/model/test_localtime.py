"""Local days and wall-clock labels against a clock rule written without a zone database."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.model.localtime import day_seconds, days, local_day, midnight, wall_clock_instants
from tests import paris

DAYS = st.dates(date(2010, 1, 1), date(2037, 12, 30))


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2024, 3, 31), 23), (date(2024, 10, 27), 25), (date(2024, 6, 1), 24), (date(2026, 10, 25), 25)],
)
def test_a_day_has_23_24_or_25_hours(day: date, hours: int) -> None:
    assert day_seconds(day) == hours * 3600


def test_a_year_has_its_seconds() -> None:
    assert sum(day_seconds(day) for day in days(date(2024, 1, 1), date(2025, 1, 1))) == 366 * 86_400


@given(DAYS)
def test_midnight_by_the_rule(day: date) -> None:
    assert midnight(day) == paris.midnight(day) * 1000
    assert local_day(midnight(day)) == day
    assert local_day(midnight(day) - 1) == day - timedelta(days=1)
    assert day_seconds(day) * 1000 == midnight(day + timedelta(days=1)) - midnight(day)


@given(st.integers(paris.change(2010, 3), paris.change(2037, 3)))
def test_every_instant_is_a_meaning_of_what_the_clock_shows(instant: int) -> None:
    label = datetime.fromisoformat(paris.wall(instant))
    assert instant * 1000 in wall_clock_instants(label)
    assert list(wall_clock_instants(label)) == [1000 * found for found in paris.meanings(str(label))]


@given(st.integers(2010, 2037), st.integers(-7200, 7200), st.sampled_from([3, 10]))
def test_change_nights_to_the_second(year: int, seconds: int, month: int) -> None:
    label = datetime.fromisoformat(paris.wall(paris.change(year, month))) + timedelta(seconds=seconds)
    found = [moment // 1000 for moment in wall_clock_instants(label)]
    assert found == paris.meanings(str(label))


def test_days_are_half_open() -> None:
    assert list(days(date(2024, 2, 28), date(2024, 3, 1))) == [date(2024, 2, 28), date(2024, 2, 29)]
    assert list(days(date(2024, 3, 1), date(2024, 3, 1))) == []


def test_other_zones_have_their_own_midnight() -> None:
    oslo, utc = ZoneInfo("Europe/Oslo"), ZoneInfo("UTC")
    assert midnight(date(2024, 7, 1), oslo) == midnight(date(2024, 7, 1)) == midnight(date(2024, 7, 1), utc) - 7_200_000
