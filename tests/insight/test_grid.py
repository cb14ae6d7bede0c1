"""The grid of a series against one made by hand, hour by hour, with the zone's own clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from sync.insight.grid import SLOTS, grid_of
from sync.insight.holidays import easter, free_days, holidays

PARIS, LONDON, UTC_ZONE = ZoneInfo("Europe/Paris"), ZoneInfo("Europe/London"), ZoneInfo("UTC")

Slots = dict[tuple[date, int], list[float]]


def by_hand(first: datetime, wh: list[float], seconds: int, zone: ZoneInfo) -> Slots:
    """Each reading's energy a half-hour, under the local day and half-hour that a clock on the wall shows."""
    found: Slots = {}
    sums: dict[datetime, tuple[float, int]] = {}
    for number, value in enumerate(wh):
        start = first + timedelta(seconds=seconds * number)
        for part in range(max(1, seconds // 1800)):
            half = start + timedelta(seconds=1800 * part)
            half = half.replace(minute=half.minute // 30 * 30)
            energy, covered = sums.get(half, (0.0, 0))
            sums[half] = (energy + value * min(1.0, 1800 / seconds), covered + min(seconds, 1800))
    for half, (energy, covered) in sums.items():
        if covered == 1800 and not np.isnan(energy):
            local = half.astimezone(zone)
            found.setdefault((local.date(), local.hour * 2 + local.minute // 30), []).append(energy)
    return found


@pytest.mark.parametrize("seconds", [600, 900, 1800, 3600])
@pytest.mark.parametrize("zone", [PARIS, LONDON, UTC_ZONE], ids=str)
@pytest.mark.parametrize("first", [datetime(2024, 3, 30, 10, tzinfo=UTC), datetime(2024, 10, 26, 10, tzinfo=UTC)])
def test_a_grid_is_what_the_clock_on_the_wall_shows(first: datetime, zone: ZoneInfo, seconds: int) -> None:
    count = 3 * 86400 // seconds
    wh = np.random.default_rng(seconds).uniform(0, 500, count).round(1)
    start = (int(first.timestamp()) + np.arange(count) * seconds) * 1000
    there = np.ones(count, dtype=bool)
    there[[3, 40, 41]] = False  # holes
    grid = grid_of(start[there], wh[there], np.full(there.sum(), seconds), zone)
    expected = by_hand(first, np.where(there, wh, np.nan).tolist(), seconds, zone)
    for place, day in enumerate(grid.days):
        for slot in range(SLOTS):
            values = expected.pop((day, slot), [])
            known = grid.wh[place, slot]
            assert (known == pytest.approx(np.mean(values))) if values else np.isnan(known), (day, slot)
    assert expected == {}


def test_without_readings_there_are_no_days() -> None:
    assert len(grid_of(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64), PARIS)) == 0


def test_days_of_a_grid_are_cut_and_filled_up() -> None:
    start = (1_700_000_000 // 1800 * 1800 + np.arange(48 * 10) * 1800) * 1000
    grid = grid_of(start, np.ones(480), np.full(480, 1800), PARIS)
    cut = grid.until(grid.first + timedelta(days=4))
    assert (len(cut), cut.end) == (4, grid.first + timedelta(days=4))
    wide = cut.between(grid.first - timedelta(days=2), grid.first + timedelta(days=6))
    assert np.isnan(wide.wh[:2]).all()
    assert np.isnan(wide.wh[6:]).all()
    assert np.array_equal(wide.wh[2:6], grid.wh[:4], equal_nan=True)


@pytest.mark.parametrize(
    ("zone", "day", "is_free"),
    [
        (PARIS, date(2024, 7, 14), True),
        (PARIS, date(2024, 5, 9), True),  # Ascension
        (PARIS, date(2024, 5, 10), False),
        (PARIS, date(2024, 12, 26), False),
        (LONDON, date(2013, 12, 26), True),
        (LONDON, date(2013, 5, 27), True),
        (LONDON, date(2022, 1, 3), True),  # a Monday in the place of a Saturday
        (LONDON, date(2021, 12, 28), True),
        (LONDON, date(2013, 7, 14), True),  # a Sunday
        (LONDON, date(2014, 7, 14), False),
        (ZoneInfo("Europe/Oslo"), date(2024, 5, 17), True),
        (ZoneInfo("Europe/Copenhagen"), date(2024, 6, 5), True),
        (UTC_ZONE, date(2024, 12, 25), False),
    ],
)
def test_free_days(zone: ZoneInfo, day: date, is_free: bool) -> None:
    assert free_days([day], zone).tolist() == [is_free]


def test_easter_and_the_eleven_holidays_of_france() -> None:
    assert [easter(year) for year in (2013, 2024, 2025, 2038)] == [
        date(2013, 3, 31),
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2038, 4, 25),
    ]
    assert len(holidays(2025, "Europe/Paris")) == 11
