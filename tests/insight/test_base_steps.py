"""The base load and the days on which it stepped."""

from __future__ import annotations

import numpy as np
import pytest

from sync.insight.steps import base_of, steps_of

DAYS = 200


def watts(steps: dict[int, float]) -> np.ndarray:  # type: ignore[type-arg]
    """A base of 120 W with the noise of days, that steps up or down on some of them."""
    found = np.random.default_rng(8).normal(120, 8, DAYS)
    for day, step in steps.items():
        found[day:] += step
    found[[50, 51, 90]] += 400  # guests
    found[20:24] = np.nan
    return found


@pytest.mark.parametrize("steps", [{}, {100: 60.0}, {100: 150.0, 140: -150.0}, {60: -70.0}, {30: 80.0, 170: 80.0}])
def test_steps_are_dated_to_the_day_or_two(steps: dict[int, float]) -> None:
    found = steps_of(watts(steps))
    assert len(found) == len(steps)
    for step, (day, size) in zip(found, steps.items(), strict=True):
        assert abs(step.day - day) <= 2
        assert step.after - step.before == pytest.approx(size, abs=10)


def test_the_base_of_now_is_that_of_the_last_four_weeks() -> None:
    wh = np.repeat(watts({100: 150.0})[:, None] / 2, 48, axis=1)
    found = base_of(wh)
    assert found is not None
    assert found.watts == pytest.approx(270, abs=5)
    assert found.kwh_a_year == pytest.approx(found.watts * 8.766)
    assert [abs(step.day - 100) <= 2 for step in found.steps] == [True]


@pytest.mark.parametrize("days", [0, 13])
def test_without_the_last_weeks_the_base_of_now_is_not_known(days: int) -> None:
    wh = np.full((60, 48), 50.0)
    wh[60 - 28 + days :] = np.nan
    assert base_of(wh) is None
