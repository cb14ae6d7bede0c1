"""The generated household: the same for the same seed, with days as long as those of Paris."""

from __future__ import annotations

from datetime import date

import pytest

from sync.model.localtime import days
from sync.standin.curve import day_total, household_meters
from sync.standin.household import HOUSEHOLD_PRM, Household, labels

YEAR = list(days(date(2025, 1, 1), date(2026, 1, 1)))


def test_a_day_depends_on_seed_and_date_alone() -> None:
    forward = Household(3)
    backward = Household(3)
    assert [forward.day(day) for day in YEAR[:40]] == [backward.day(day) for day in reversed(YEAR[:40])][::-1]
    assert Household(3).day(YEAR[0]) != Household(4).day(YEAR[0])
    assert Household(3).day(YEAR[0]) != Household(3).day(YEAR[1])


def test_a_known_day_never_changes() -> None:
    day = Household(0).day(date(2025, 6, 15))
    assert day.consumption[:8] == (204, 2426, 2434, 2440, 2488, 262, 418, 328)
    assert day.production[12:20] == (4, 18, 78, 272, 94, 184, 118, 604)


@pytest.mark.parametrize(("day", "count"), [("2025-03-30", 46), ("2025-10-26", 50), ("2025-05-01", 48)])
def test_half_hours_of_a_local_day(day: str, count: int) -> None:
    made = Household().day(date.fromisoformat(day))
    assert len(made.consumption) == len(made.production) == len(labels(date.fromisoformat(day))) == count


def test_labels_around_the_clock_changes() -> None:
    assert [label[11:16] for label in labels(date(2025, 3, 30))[2:5]] == ["01:30", "03:00", "03:30"]
    autumn = [label[11:16] for label in labels(date(2025, 10, 26))[2:8]]
    assert autumn == ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
    assert labels(date(2025, 12, 31))[-1] == "2026-01-01 00:00:00"


def test_values_are_those_of_a_half_hour_meter() -> None:
    for day in YEAR:
        made = Household().day(day)
        for watts in made.consumption + made.production:
            assert type(watts) is int
            assert 0 <= watts <= 9000
            assert watts % 2 == 0


def test_seasons_and_nights() -> None:
    made = {day: Household().day(day) for day in YEAR}
    winter = sum(sum(made[day].consumption) for day in YEAR if day.month == 1)
    summer = sum(sum(made[day].consumption) for day in YEAR if day.month == 7)
    assert winter > 2 * summer
    june = sum(sum(made[day].production) for day in YEAR if day.month == 6)
    december = sum(sum(made[day].production) for day in YEAR if day.month == 12)
    assert june > 5 * december
    assert all(not any(made[day].production[:6] + made[day].production[-4:]) for day in YEAR)


def test_meters_are_different_homes_with_generated_numbers() -> None:
    meters = household_meters(3, seed=1)
    assert list(meters) == [HOUSEHOLD_PRM, "99999999999998", "99999999999997"]
    assert len({day_total(meter.flows["consumption"].points(YEAR[0])) for meter in meters.values()}) == 3
