"""The load curve on the real two years: resolution, energy, change nights, the hole, the zoom."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from dash_app.consumption.period import period_of
from dash_app.consumption.queries_frames import zoom_of
from dash_app.kit.reader import Reader
from tests import paris
from tests.dash import by_hand
from tests.dash.views import frame_of, reader_of, view_of

WHOLE = date(2023, 3, 13), date(2025, 3, 12)
AUTUMN, SPRING = date(2024, 10, 27), date(2024, 3, 31)
HOLE = date(2024, 7, 18)
DAY = timedelta(days=1)


@pytest.fixture
def reader(two_years: Database[Any], tmp_path: Path) -> Reader:
    return reader_of(two_years, tmp_path)


@pytest.fixture
def every(shared_data: Path) -> tuple[by_hand.Local, ...]:
    return by_hand.readings(shared_data)


def own(every: tuple[by_hand.Local, ...], first: date, last: date) -> list[by_hand.Local]:
    return by_hand.between(every, first, last + DAY)


@pytest.mark.parametrize(
    ("days", "resolution"), [(7, "readings"), (8, "hours"), (31, "hours"), (32, "days"), (1, "readings")]
)
def test_resolution(reader: Reader, days: int, resolution: str) -> None:
    last = date(2024, 10, 31)  # with the 25-hour day in it
    frame = frame_of(reader, "load-curve", last - (days - 1) * DAY, last)
    assert frame.notes["resolution"] == resolution
    assert frame.table["wh"].sum() > 0


@pytest.mark.parametrize(("first", "last"), [(AUTUMN, AUTUMN), (SPRING, SPRING), (date(2024, 10, 20), AUTUMN), WHOLE])
def test_energy_under_the_curve(reader: Reader, every: tuple[by_hand.Local, ...], first: date, last: date) -> None:
    frame = frame_of(reader, "load-curve", first, last)
    some = own(every, first, last)
    assert int(frame.table["wh"].sum()) == by_hand.total(some)
    covered = sum(each.seconds for each in some)
    assert frame.covered == pytest.approx(
        covered / sum(by_hand.length(first + n * DAY) for n in range((last - first).days + 1))
    )
    watts = frame.table["wh"] * 3600 / frame.table["covered_s"]
    assert frame.table["average_w"].tolist() == pytest.approx(watts.tolist(), abs=0.06)


def test_the_doubled_hour_stands_twice_with_its_offsets(reader: Reader) -> None:
    starts = frame_of(reader, "load-curve", AUTUMN, AUTUMN).table["start_local"].tolist()
    assert len(starts) == 50
    assert starts[4:8] == [
        "2024-10-27T02:00:00+02:00",
        "2024-10-27T02:30:00+02:00",
        "2024-10-27T02:00:00+01:00",
        "2024-10-27T02:30:00+01:00",
    ]
    starts = frame_of(reader, "load-curve", SPRING, SPRING).table["start_local"].tolist()
    assert starts[2:5] == ["2024-03-31T01:00:00+01:00", "2024-03-31T01:30:00+01:00", "2024-03-31T03:00:00+02:00"]


def test_changes_of_the_clock(reader: Reader) -> None:
    changes = frame_of(reader, "load-curve", *WHOLE).notes["changes"]
    assert changes == [
        (paris.change(year, month) * 1000, (1 if month == 3 else -1) * 3_600_000)
        for year, month in ((2023, 3), (2023, 10), (2024, 3), (2024, 10))
    ]


def test_the_hole_is_open(reader: Reader, every: tuple[by_hand.Local, ...]) -> None:
    first, last = HOLE - 3 * DAY, HOLE + 3 * DAY
    frame = frame_of(reader, "load-curve", first, last)
    some = own(every, first, last)
    ends = [each.at + each.seconds for each in some]
    expected = [(end * 1000, each.at * 1000) for end, each in zip(ends[:-1], some[1:], strict=True) if each.at > end]
    assert frame.notes["gaps"] == expected
    assert max(end - start for start, end in expected) == 23 * 3_600_000


def test_zoom(reader: Reader, every: tuple[by_hand.Local, ...]) -> None:
    start, end = paris.midnight(date(2024, 10, 26)), paris.midnight(date(2024, 10, 29))
    zoom = f"{start * 1000 + 60_000}-{end * 1000 - 60_000}"
    frame = frame_of(reader, "load-curve", *WHOLE, zoom=zoom)
    assert frame.notes["window"] == (start * 1000, end * 1000)  # whole hours
    assert frame.notes["resolution"] == "readings"
    assert int(frame.table["wh"].sum()) == by_hand.total(own(every, date(2024, 10, 26), date(2024, 10, 28)))
    assert len(frame.notes["strip"]) == 731
    assert len(frame_of(reader, "load-curve", *WHOLE, zoom="1698000000000-1700000000000").table) > 300  # hours


@pytest.mark.parametrize(
    "text",
    ["", "x", "-", "1-", "-1", "5-4", "0-99999999999999999999999", "1e3-2e3", "²-³", "1700000000000-1700000000001"],
)
def test_a_zoom_that_means_nothing(reader: Reader, text: str) -> None:
    period = period_of(reader, view_of(date(2025, 1, 1), date(2025, 1, 5)))
    assert period is not None
    assert zoom_of(text, period) is None
