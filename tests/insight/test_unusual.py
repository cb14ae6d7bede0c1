"""What was unusual: events put into a quiet home are told, a home that lives as always is left alone."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bench import events, homes
from sync.insight.grid import Real
from sync.insight.unusual import A_YEAR, RATES, SHARE, SILENCE, TESTS, alarms, messages, rate_of
from tests import meters_of_all_kinds as kinds

DAYS, DAY = 200, 140


@cache
def quiet() -> Real:
    return kinds.curve(11, DAYS).astype(np.float64).reshape(DAYS, 48)


def changed(event: str) -> Real:
    wh = quiet().copy()
    events.EVENTS[event](wh, DAY, np.random.default_rng(3))
    return wh


@pytest.mark.parametrize(("event", "test"), [(event, test) for event, (test, _) in events.TEST_OF.items()])
def test_an_event_is_told(event: str, test: str) -> None:
    told = messages(changed(event), 2)
    assert test in {message.test for message in told if DAY <= message.day < DAY + events.NOTICED}, told
    assert messages(changed(event)[:DAY], 2) == messages(quiet()[:DAY], 2)


@pytest.mark.parametrize(
    ("event", "size"),
    [("base +100 W", 100), ("stuck 12 h", 24), ("clock 1 h", 2)],
)
def test_the_size_of_what_is_told(event: str, size: float) -> None:
    told = [each for each in messages(changed(event), 2) if each.test == events.TEST_OF[event][0]]
    assert abs(told[-1].size) == pytest.approx(size, rel=0.1)


def test_what_comes_later_changes_no_score() -> None:
    wh = quiet()[None]
    cut = wh.copy()
    cut[:, DAY:] = np.nan
    for name, scores in TESTS.items():
        before, after = scores(wh), scores(cut)
        for one, other in zip(before, after, strict=True):
            assert np.array_equal(one[:, :DAY], other[:, :DAY], equal_nan=True), name
            assert np.isfinite(one[:, DAY - 30 : DAY]).any() or name == "lump", name


@pytest.mark.parametrize("level", [0.0, np.nan])
def test_nothing_is_told_of_a_home_without_consumption(level: float) -> None:
    assert messages(np.full((100, 48), level), 6) == []


def test_a_meter_that_always_says_the_same_is_stuck() -> None:
    assert {message.test for message in messages(np.full((100, 48), 80.0), 6)} == {"stuck"}


def test_the_budget_is_kept_and_the_rarest_come_first() -> None:
    wh = quiet().copy()
    for day in (90, 120, 150, 180):
        events.left_on(1000 + 10 * day, 10)(wh, day, np.random.default_rng(day))
    rates = []
    for a_year in (0, 2, 8):
        told = messages(wh, a_year)
        assert len(told) <= 2 * a_year * DAYS / 365 + 1
        assert all(message.rate <= SHARE * a_year for message in told)
        assert all(after.day - before.day >= SILENCE for before, after in pairwise(told))
        rates.append({message.rate for message in told})
    assert rates[1] < rates[2]
    assert max(rates[1]) <= min(rates[2] - rates[1])


def test_rates_fall_with_the_score() -> None:
    for test, limits in RATES.items():
        assert [rate_of(test, limit) for limit in limits] == pytest.approx(A_YEAR)
        assert rate_of(test, 2 * limits[-1]) == pytest.approx(A_YEAR[-1] / 4)


def test_an_alarm_silences_two_weeks() -> None:
    assert alarms(np.array([[0, 2, 2, 0, *[2] * 30], [1] * 34]), 1.5) == [[1, 15, 29], []]


@pytest.mark.soak
@pytest.mark.real_data
@pytest.mark.parametrize("event", events.TEST_OF)
def test_events_in_real_homes_are_noticed(shared_data: Path, event: str) -> None:
    """At so many false alarms a year as the homes' own doings raise; half a point is allowed."""
    wh = homes.years(shared_data)
    test, bar = events.TEST_OF[event]
    assert events.false_alarms(wh, test) <= 2.05
    assert events.recall(wh, event) >= bar - 0.5


@pytest.mark.soak
@pytest.mark.real_data
def test_a_budget_of_two_is_two_messages_a_year(shared_data: Path) -> None:
    assert np.mean([len(messages(home, 2)) for home in homes.years(shared_data)]) <= 2.05
