"""The blocks of the consumption page on the real two years: what a person would read, against the file by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymongo.database import Database

from dash_app.consumption.key_figures import KeyFigures
from dash_app.kit.locale import Look
from dash_app.kit.reader import Reader
from tests import paris
from tests.dash import by_hand
from tests.dash.views import BLOCKS, frame_of, reader_of

WHOLE = date(2023, 3, 13), date(2025, 3, 12)
AUTUMN, SPRING = date(2024, 10, 27), date(2024, 3, 31)
DAY = timedelta(days=1)
YEAR = timedelta(days=364)


@pytest.fixture
def reader(two_years: Database[Any], tmp_path: Path) -> Reader:
    return reader_of(two_years, tmp_path)


@pytest.fixture
def every(shared_data: Path) -> tuple[by_hand.Local, ...]:
    return by_hand.readings(shared_data)


def own(every: tuple[by_hand.Local, ...], first: date, last: date) -> list[by_hand.Local]:
    return by_hand.between(every, first, last + DAY)


def keys(reader: Reader, first: date, last: date) -> KeyFigures:
    found: KeyFigures = frame_of(reader, "key-figures", first, last).notes["figures"]
    return found


def test_base_load_and_peak(reader: Reader, every: tuple[by_hand.Local, ...]) -> None:
    first, last = date(2025, 1, 1), date(2025, 1, 31)
    figures, some = keys(reader, first, last), own(every, first, last)
    strongest = by_hand.peak(some)
    wall = datetime.fromisoformat(paris.wall(strongest.at))
    assert (figures.peak.watts, figures.peak.at) == (strongest.watts, paris.seconds_of(wall) * 1000)
    earlier = own(every, first - YEAR, last - YEAR)
    assert figures.base_before == by_hand.base_load(earlier)
    assert figures.peak_before is not None
    assert figures.peak_before.watts == by_hand.peak(earlier).watts


def test_two_years_are_not_compared_with_themselves(reader: Reader, every: tuple[by_hand.Local, ...]) -> None:
    figures = keys(reader, *WHOLE)
    assert figures.peak.watts == by_hand.peak(every).watts
    assert figures.base is not None
    assert figures.base.watts == by_hand.base_load(every)
    assert figures.both is figures.base_before is figures.peak_before is None


def test_a_year_before_the_first_reading_is_not_measured(reader: Reader) -> None:
    figures = keys(reader, date(2023, 6, 1), date(2023, 6, 30))
    assert figures.base is not None
    assert figures.base.watts is not None
    assert figures.both is figures.base_before is figures.peak_before is None


@pytest.mark.parametrize(("first", "last"), [(AUTUMN - 3 * DAY, AUTUMN + 3 * DAY), (SPRING, SPRING), WHOLE])
def test_every_hour_of_the_map(reader: Reader, every: tuple[by_hand.Local, ...], first: date, last: date) -> None:
    notes = frame_of(reader, "hours", first, last).notes
    wh, seconds = np.zeros((24, (last - first).days + 1)), np.zeros((24, (last - first).days + 1))
    for each in own(every, first, last):
        wh[each.second // 3600, (each.day - first).days] += each.wh
        seconds[each.second // 3600, (each.day - first).days] += each.seconds
    assert (notes["wh"] == wh).all()
    assert (notes["seconds"] == seconds).all()
    measured = seconds > 0
    assert notes["watts"][measured] == pytest.approx(wh[measured] * 3600 / seconds[measured])
    assert np.isnan(notes["watts"][~measured]).all()


def test_the_doubled_and_the_skipped_hour(reader: Reader) -> None:
    notes = frame_of(reader, "hours", AUTUMN - DAY, AUTUMN).notes
    assert notes["seconds"][2].tolist() == [3600, 7200]
    ((place, hour), passes) = next(iter(notes["doubled"].items()))
    assert (place, hour, notes["skipped"]) == (1, 2, [])
    assert notes["hours"].wh[passes].sum() == notes["wh"][2, 1]
    notes = frame_of(reader, "hours", SPRING, SPRING).notes
    assert (notes["skipped"], notes["doubled"]) == ([(0, 2)], {})


def test_days_add_up(reader: Reader, every: tuple[by_hand.Local, ...]) -> None:
    table = frame_of(reader, "days", *WHOLE).table
    expected = by_hand.by_day(every)
    assert len(table) == 731
    for row in table.itertuples():
        day = date.fromisoformat(row.local_day)
        wh, seconds = expected.get(day, (0, 0))
        assert (row.covered_s, row.length_s) == (seconds, by_hand.length(day))
        assert row.kwh == pytest.approx(wh / 1000) if seconds else np.isnan(row.kwh)


def months_of(reader: Reader, first: date, last: date) -> list[dict[Any, Any]]:
    return frame_of(reader, "months", first, last).table.to_dict("records")


def test_months_beside_a_year_before(reader: Reader, every: tuple[by_hand.Local, ...]) -> None:
    months = months_of(reader, date(2025, 3, 1), date(2025, 3, 12))
    assert [row["month"] for row in months] == [f"20{n // 12}-{n % 12 + 1:02}" for n in range(24 * 12 + 3, 25 * 12 + 3)]
    days = by_hand.by_day(every)
    whole = {day for day, (_, seconds) in days.items() if seconds >= by_hand.length(day)}
    for row in months:
        first = date.fromisoformat(f"{row['month']}-01")
        before = first.replace(year=first.year - 1)
        for year, start in (("", first), ("_a_year_before", before)):
            inside = [day for day in days if (day.year, day.month) == (start.year, start.month)]
            assert row[f"kwh{year}"] * 1000 == pytest.approx(sum(days[day][0] for day in inside), abs=1e-6)
        shared = 0
        sums = [0, 0]
        for number in range(31):
            now, then = first + number * DAY, before + number * DAY
            if (now.month, then.month) == (first.month, before.month) and now in whole and then in whole:
                shared += 1
                sums = [sums[0] + days[now][0], sums[1] + days[then][0]]
        both = [row[f"kwh_on_those_days{year}"] * 1000 for year in ("", "_a_year_before")]
        assert row["days_measured_in_both"] == shared
        assert both == pytest.approx(sums, abs=1e-6)
    march, july = months[-1], next(row for row in months if row["month"] == "2024-07")
    assert (march["covered_share"] < 1, march["covered_share_a_year_before"]) == (True, 1)
    assert march["days_measured_in_both"] == 12
    change = march["kwh_on_those_days"] / march["kwh_on_those_days_a_year_before"] - 1
    shown = BLOCKS["months"].figure
    assert shown is not None
    drawn = shown(frame_of(reader, "months", date(2025, 3, 1), date(2025, 3, 12)), Look("en"))
    assert Look("en").change(change) in drawn["data"][-1]["customdata"][-1]
    assert july["covered_share"] < 1
    assert july["covered_share_a_year_before"] == 1


def test_all_months_and_no_year_before(reader: Reader) -> None:
    months = months_of(reader, *WHOLE)
    assert (months[0]["month"], months[-1]["month"], len(months)) == ("2023-03", "2025-03", 25)
    assert np.isnan(months[3]["kwh_a_year_before"])
    assert np.isnan(months[3]["kwh_on_those_days_a_year_before"])


def test_the_usual_week(reader: Reader, every: tuple[by_hand.Local, ...]) -> None:
    table = frame_of(reader, "typical-week", *WHOLE).table
    for kind, at_weekend in (("weekdays", False), ("weekends", True)):
        expected = by_hand.half_hours(every, at_weekend)
        rows = table[table["days"] == kind].reset_index()
        for name, share in (("lower_quartile_w", 0.25), ("median_w", 0.5), ("upper_quartile_w", 0.75)):
            assert rows[name].tolist() == [by_hand.not_exceeded(expected[slot], share) for slot in range(48)]
        assert rows["local_time"].tolist()[:3] == ["00:00", "00:30", "01:00"]


def test_the_load_duration_curve(reader: Reader, every: tuple[by_hand.Local, ...]) -> None:
    frame = frame_of(reader, "load-duration", *WHOLE)
    whole = sum(each.seconds for each in every)
    for row in frame.table.iloc[:: len(frame.table) // 20].itertuples():
        lasted = sum(each.seconds for each in every if each.watts >= row.at_least_w - 0.05)
        assert row.share_of_measured_time == pytest.approx(lasted / whole, abs=1e-6)
        assert row.hours == pytest.approx(lasted / 3600, abs=0.01)
    assert frame.table["at_least_w"].is_monotonic_decreasing
    assert frame.table["share_of_measured_time"].iloc[-1] == 1.0
    assert frame.notes["peak"] == by_hand.peak(every).watts
    assert frame.notes["base"] == by_hand.base_load(every)
    assert len(frame.table) <= 400


def test_nothing_is_loaded_whole(reader: Reader) -> None:
    """Two years of 34,733 readings come as days, hours and quantiles."""
    rows = {
        name: len(frame_of(reader, name, *WHOLE).table) for name in ("load-curve", "days", "typical-week", "months")
    }
    assert rows == {"load-curve": 731, "days": 731, "typical-week": 96, "months": 25}


def test_a_period_that_goes_on(two_years: Database[Any], tmp_path: Path) -> None:
    """What is not due yet is not missing."""
    reader = reader_of(two_years, tmp_path, now=lambda: datetime(2025, 3, 13, 9, tzinfo=UTC))
    march = frame_of(reader, "days", date(2025, 3, 1), date(2025, 3, 31))
    assert len(march.table) == 12
    assert march.covered == 1.0
    later = reader_of(two_years, tmp_path, now=lambda: datetime(2025, 3, 20, 9, tzinfo=UTC))
    march = frame_of(later, "days", date(2025, 3, 1), date(2025, 3, 31))
    assert march.table["kwh"].isna().tolist() == [False] * 12 + [True] * 7
    assert march.covered == pytest.approx(12 / 19)
    figures = keys(later, date(2025, 3, 1), date(2025, 3, 31))
    assert not figures.newest.is_yesterday
    assert figures.newest.day is not None
    assert figures.newest.day.first == date(2025, 3, 12)
