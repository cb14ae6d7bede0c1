"""Loaders and writers of the same readings at once: nothing lost, nothing doubled, hardly a call repeated."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from sync.model.localtime import midnight
from sync.model.readings import Series
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.linky.points import Point, curve_from_points
from sync.standin.curve import household_meters
from sync.standin.elhub import ElhubStandin
from sync.standin.elhub_hours import GeneratedHours
from sync.standin.household import HOUSEHOLD_PRM, Household
from sync.standin.linky import LinkyStandin
from sync.store.connection import connect
from sync.store.schema import ensure_pair, pair
from sync.store.verify import verify_pair
from sync.store.writer import PairWriter
from tests.open_loads import counts
from tests.open_shell import OpenShell
from tests.processes import environment, finish, start

pytestmark = pytest.mark.soak

SINCE, UNTIL = date(2024, 11, 1), date(2026, 11, 1)
NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
BACKFILL = ("backfill", "--since", str(SINCE), "--until", str(UNTIL))
CURVE_CALLS, TOTALS_CALLS = 105, 2
OPEN_BACKFILL = ("backfill", "--source", "elhub", "--until", "2023-01-01")
OPEN_ROWS = 2 * 5 * 2 * 8760  # two years of five areas, a group each of production and consumption
OPEN_WINDOWS = 48


def expected() -> list[tuple[datetime, int]]:
    """Every reading of the household, from its own half-hours; the product's parser has no part in it."""
    household = Household(0)
    found = []
    for offset in range((UNTIL - SINCE).days):
        day = SINCE + timedelta(days=offset)
        for index, watts in enumerate(household.day(day).consumption):
            found.append((datetime.fromtimestamp(midnight(day) // 1000 + 1800 * index, UTC), watts // 2))
    return found


@pytest.fixture
def standin() -> Iterator[LinkyStandin]:
    with LinkyStandin(meters=household_meters(), now=lambda: NOW, ban_after=None) as server:
        yield server


def check(client: MongoClient[Any], name: str) -> None:
    database = client[name]
    both = [
        [(found["ts"], found["wh"]) for found in database[collection].find({}, {"ts": 1, "wh": 1}).sort("ts", 1)]
        for collection in ("consumption", "consumptionTS")
    ]
    assert both[0] == expected()
    assert both[1] == both[0]
    assert verify_pair(pair(database, "linky", DEFAULT_COLLECTIONS)).identical


def test_two_loaders_at_once(standin: LinkyStandin, mongo_uri: str, tmp_path: Path) -> None:
    name = "two_loaders"
    environ = environment(standin, mongo_uri, name, tmp_path)
    with connect(mongo_uri) as client:
        client.drop_database(name)
        processes = [start(environ, tmp_path, *BACKFILL) for _ in range(2)]
        results = [finish(process) for process in processes]
        assert [code for code, _, _ in results] == [0, 0], results
        check(client, name)
        # The second waits for the first and asks only for what is left.
        assert len(standin.requests) == CURVE_CALLS + TOTALS_CALLS
        client.drop_database(name)


def test_writers_of_the_same_readings_at_once(mongo_uri: str) -> None:
    """Threads that write overlapping parts of one series: each has its own look at what is there already."""
    series = Series("linky", HOUSEHOLD_PRM, "consumption")
    points = [
        Point(f"2026-01-{day:02} {hour:02}:00:00", "100", "PT60M") for day in range(1, 29) for hour in range(1, 24)
    ]
    batch = curve_from_points(series, points).batch
    with connect(mongo_uri) as client:
        client.drop_database("writers")
        own = pair(client["writers"], "linky", DEFAULT_COLLECTIONS)
        ensure_pair(own)
        threads = [
            threading.Thread(target=PairWriter(own).write, args=(batch.slice(first, first + 400),))
            for first in (0, 100, 200, 50, 150)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert own.record.count_documents({}) == 600
        report = verify_pair(own)
        assert report.identical
        assert report.as_json()["timeseries_count"] == 600
        client.drop_database("writers")


def test_two_loaders_of_an_open_source_at_once(database: Database[Any], mongo_uri: str, tmp_path: Path) -> None:
    """The second waits for the first at each dataset, and asks only for what is left."""
    hours = GeneratedHours(groups=frozenset({"hydro", "cabin"}))
    with ElhubStandin(hours, now=lambda: datetime(2026, 3, 10, 11, tzinfo=UTC)) as standin:
        shell = OpenShell("elhub", standin, mongo_uri, database.name, tmp_path)
        both = [start(shell.environ, shell.folder, *OPEN_BACKFILL) for _ in range(2)]
        results = [finish(process) for process in both]
    assert [code for code, _, _ in results] == [0, 0], results
    assert counts(pair(database, "elhub", DEFAULT_COLLECTIONS)) == (OPEN_ROWS, OPEN_ROWS, OPEN_ROWS)
    asked = Counter((request.given["dataset"], request.given["startDate"]) for request in standin.requests)
    assert (len(asked), max(asked.values())) == (OPEN_WINDOWS, 1)
