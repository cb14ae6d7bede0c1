"""Every query of the consumption page against the real file added up by hand: change days, hole, step change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymongo.database import Database

from dash_app.consumption import queries as consumption
from dash_app.kit.days import days_of
from sync.model.localtime import PARIS
from sync.model.readings import Series
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.schema import Pair, pair
from tests import paris, r63
from tests.dash import by_hand
from tests.dash.stores import ONE, TWO, load_readings

FIRST, END = date(2023, 3, 13), date(2025, 3, 13)
HOUSE = Series("linky", r63.PRM, "consumption")
RANGES = {
    "two years": (FIRST, END),
    "a day": (date(2024, 5, 7), date(2024, 5, 8)),
    "a week with the autumn change": (date(2023, 10, 26), date(2023, 11, 2)),
    "a week with the spring change": (date(2024, 3, 28), date(2024, 4, 4)),
    "the hole and the hourly readings": (date(2024, 7, 15), date(2024, 7, 25)),
    "a month": (date(2024, 2, 1), date(2024, 3, 1)),
}


@pytest.fixture
def house(two_years: Database[Any]) -> Pair:
    return pair(two_years, "linky", DEFAULT_COLLECTIONS)


@pytest.fixture(params=list(RANGES))
def days(request: pytest.FixtureRequest) -> tuple[date, date]:
    return RANGES[request.param]


def instants(days: tuple[date, date]) -> tuple[int, int]:
    return paris.midnight(days[0]) * 1000, paris.midnight(days[1]) * 1000


def test_days(house: Pair, shared_data: Path, days: tuple[date, date]) -> None:
    found = days_of(house, HOUSE, PARIS, *days)
    expected = by_hand.by_day(by_hand.between(by_hand.readings(shared_data), *days))
    assert len(found) == (days[1] - days[0]).days
    for place, day in enumerate(found.dates()):
        wh, seconds = expected.get(day, (0, 0))
        assert (found.wh[place], found.seconds[place], found.expected[place]) == (wh, seconds, by_hand.length(day))
        watts = [each.watts for each in by_hand.between(by_hand.readings(shared_data), day, day + timedelta(days=1))]
        if watts:
            assert (found.low[place], found.high[place]) == pytest.approx((min(watts), max(watts)))


def test_the_real_years_have_days_of_23_and_25_hours_and_one_that_is_not_whole(house: Pair) -> None:
    found = days_of(house, HOUSE, PARIS, FIRST, END)
    lengths = dict(zip(found.dates(), (found.expected // 3600).tolist(), strict=True))
    assert {day: hours for day, hours in lengths.items() if hours != 24} == {
        date(2023, 3, 26): 23,
        date(2023, 10, 29): 25,
        date(2024, 3, 31): 23,
        date(2024, 10, 27): 25,
    }
    odd = [day for day, whole in zip(found.dates(), found.is_whole.tolist(), strict=True) if not whole]
    assert len(odd) >= 1
    assert sum((found.expected - found.seconds).tolist()) == 86_400  # all that the file lacks


@pytest.mark.parametrize("spread", [True, False])
def test_hours(house: Pair, shared_data: Path, days: tuple[date, date], spread: bool) -> None:
    found = consumption.hours_of(house, HOUSE, *instants(days), spread=spread)
    expected: dict[int, list[by_hand.Local]] = {}
    for each in by_hand.between(by_hand.readings(shared_data), *days):
        expected.setdefault(each.at // 3600 * 3600, []).append(each)
    assert found.start.tolist() == [at * 1000 for at in sorted(expected)]
    for place, at in enumerate(sorted(expected)):
        parts = expected[at]
        assert (found.wh[place], found.seconds[place]) == (by_hand.total(parts), sum(each.seconds for each in parts))
        if spread:
            watts = [each.watts for each in parts]
            assert (found.low[place], found.high[place]) == pytest.approx((min(watts), max(watts)))


def test_readings(house: Pair, shared_data: Path) -> None:
    days = RANGES["the hole and the hourly readings"]
    found = consumption.readings_of(house, HOUSE, *instants(days))
    expected = by_hand.between(by_hand.readings(shared_data), *days)
    assert found.start.tolist() == [each.at * 1000 for each in expected]
    assert found.end.tolist() == [(each.at + each.seconds) * 1000 for each in expected]
    assert found.wh.tolist() == [each.wh for each in expected]
    assert found.watts.tolist() == pytest.approx([each.watts for each in expected])
    assert set(found.seconds.tolist()) == {1800, 3600}


def test_distribution(house: Pair, shared_data: Path, days: tuple[date, date]) -> None:
    found = consumption.distribution_of(house, HOUSE, *instants(days))
    some = by_hand.between(by_hand.readings(shared_data), *days)
    lasted: dict[float, int] = {}
    for each in some:
        lasted[each.watts] = lasted.get(each.watts, 0) + each.seconds
    assert dict(zip(found.watts.tolist(), found.seconds.tolist(), strict=True)) == lasted
    strongest = by_hand.peak(some)
    assert (found.watts[-1], found.first[-1]) == (strongest.watts, strongest.at * 1000)
    for share in (0.01, 0.1, 0.25, 0.5, 0.99, 1.0):
        assert found.quantile(share) == by_hand.not_exceeded([(each.watts, each.seconds) for each in some], share)


def test_samples(house: Pair, shared_data: Path, days: tuple[date, date]) -> None:
    found = consumption.samples_of(house, HOUSE, PARIS, *days)
    some = by_hand.between(by_hand.readings(shared_data), *days)
    for samples, at_weekend in zip(found, (False, True), strict=True):
        expected = by_hand.half_hours(some, at_weekend)
        for slot in range(48):
            own = expected.get(slot, [])
            assert int(samples[slot].seconds.sum()) == sum(seconds for _, seconds in own)
            for share in (0.25, 0.5, 0.75):
                assert samples[slot].quantile(share) == (by_hand.not_exceeded(own, share) if own else None)


def test_nothing_there(house: Pair) -> None:
    days = date(2020, 1, 1), date(2020, 1, 8)
    assert not days_of(house, HOUSE, PARIS, *days).seconds.any()
    assert len(consumption.hours_of(house, HOUSE, *instants(days))) == 0
    assert len(consumption.readings_of(house, HOUSE, *instants(days))) == 0
    assert consumption.distribution_of(house, HOUSE, *instants(days)).quantile(0.5) is None
    assert all(
        each.quantile(0.5) is None for kind in consumption.samples_of(house, HOUSE, PARIS, *days) for each in kind
    )


def test_no_day_is_no_question(house: Pair) -> None:
    assert len(days_of(house, HOUSE, PARIS, FIRST, FIRST)) == 0
    assert len(consumption.distribution_of(house, HOUSE, *instants((FIRST, FIRST))).watts) == 0


def test_only_the_own_series_is_read(database: Database[Any]) -> None:
    start = datetime(2025, 1, 5, 23, tzinfo=UTC)
    own = load_readings(database, start, [100] * 48, prm=ONE)
    load_readings(database, start, [7_000] * 48, prm=TWO)
    load_readings(database, start, [9_000] * 48, prm=ONE, flow="production")
    both = pair(database, "linky", DEFAULT_COLLECTIONS)
    day = date(2025, 1, 6)
    found = days_of(both, own, PARIS, day, day + timedelta(days=1))
    assert (found.wh.tolist(), found.seconds.tolist()) == ([4_800], [86_400])
    edges = instants((day, day + timedelta(days=1)))
    assert consumption.distribution_of(both, own, *edges).watts.tolist() == [200.0]


def test_only_the_own_buckets_are_opened(database: Database[Any]) -> None:
    """With a hundred series a question about one opens the buckets of one."""
    start = datetime(2025, 1, 5, 23, tzinfo=UTC)
    all_series = [load_readings(database, start, [100 + each] * 48, prm=f"9999999999{each:04d}") for each in range(30)]
    mirror = pair(database, "linky", DEFAULT_COLLECTIONS).mirror
    match = all_series[7].query() | {"ts": {"$gte": start, "$lt": start + timedelta(days=1)}}
    group = {"$group": {"_id": None, "wh": {"$sum": "$wh"}}}
    command = {"aggregate": mirror.name, "pipeline": [{"$match": match}, group], "cursor": {}}
    told = database.command("explain", command, verbosity="executionStats")
    opened = told["stages"][0]["$cursor"]["executionStats"]["totalDocsExamined"]
    assert 1 <= opened <= 2
    assert next(mirror.aggregate([{"$match": match}, group]))["wh"] == 107 * 48


def test_hours_longer_than_the_slots(database: Database[Any]) -> None:
    """Quarter-hours and hours: time decides what a sample weighs."""
    samples = consumption.Samples(np.array([100.0, 900.0]), np.array([900, 1800]))
    assert samples.quantile(0.33) == 100.0
    assert samples.quantile(0.5) == 900.0


def test_the_local_clock_of_instants(shared_data: Path) -> None:
    at = np.array([each.at * 1000 for each in by_hand.readings(shared_data)])
    local = consumption.local_of(at, PARIS) // 1000
    walls = [paris.seconds_of(datetime.fromisoformat(paris.wall(int(each) // 1000))) for each in at]
    assert local.tolist() == walls
