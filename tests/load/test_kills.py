"""A stop at any moment, of the loader, of the database or of a primary: nothing lost, nothing doubled, identical."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from sync.model.localtime import midnight
from sync.model.readings import Series
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.linky.points import Point, curve_from_points
from sync.standin.curve import household_meters
from sync.standin.household import HOUSEHOLD_PRM, Household
from sync.standin.linky import LinkyStandin
from sync.store.connection import connect
from sync.store.embedded.mongod import Mongod
from sync.store.schema import ensure_pair, pair
from sync.store.verify import verify_pair
from sync.store.writer import PairWriter
from tests.processes import environment, finish, start
from tests.soak import short_and_long

pytestmark = pytest.mark.soak  # kills, again and again

SINCE, UNTIL = date(2024, 11, 1), date(2026, 11, 1)
NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
BACKFILL = ("backfill", "--since", str(SINCE), "--until", str(UNTIL))
CURVE_CALLS, TOTALS_CALLS = 105, 2
SEED = 20261121


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


def wait_for_requests(standin: LinkyStandin, count: int, process: Any) -> None:
    deadline = time.monotonic() + 60
    while len(standin.requests) < count and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)


@short_and_long("times", 3, 30)
def test_loader_killed(standin: LinkyStandin, mongo_uri: str, tmp_path: Path, times: int) -> None:
    chance = random.Random(SEED)
    name = "killed_loader"
    environ = environment(standin, mongo_uri, name, tmp_path)
    kills = 0
    with connect(mongo_uri) as client:
        client.drop_database(name)
        while kills < times:
            process = start(environ, tmp_path, *BACKFILL)
            wait_for_requests(standin, len(standin.requests) + chance.randint(1, 4), process)
            time.sleep(chance.uniform(0, 0.06))  # the moment is the point: anywhere between two answers
            assert process.poll() is None, finish(process)
            process.kill()
            finish(process)
            kills += 1
        code, _, err = finish(start(environ, tmp_path, *BACKFILL))
        assert code == 0, err
        check(client, name)
        # A stop costs at most the one call it interrupted.
        assert len(standin.requests) <= CURVE_CALLS + TOTALS_CALLS + kills
        calls = len(standin.requests)
        code, _, err = finish(start(environ, tmp_path, *BACKFILL))
        assert code == 0, err
        assert len(standin.requests) == calls
        client.drop_database(name)


@short_and_long("times", 2, 15)
def test_database_killed(standin: LinkyStandin, tmp_path: Path, times: int) -> None:
    chance = random.Random(SEED)
    folder, log = tmp_path / "db", tmp_path / "log"
    server = Mongod.spawn(folder, log)
    try:
        server.wait_until_primary()
        environ = environment(standin, server.uri, "killed_database", tmp_path)
        process = start(environ, tmp_path, *BACKFILL)
        for _ in range(times):
            seen = len(standin.requests)
            while True:
                wait_for_requests(standin, seen + chance.randint(1, 4), process)
                if process.poll() is None:
                    break
                # It had given up, or come to its end: once more, from where it was.
                code, _, err = finish(process)
                assert code in {0, 1}, err
                assert "Traceback" not in err
                if code == 0:
                    connect(server.uri).drop_database("killed_database")
                process = start(environ, tmp_path, *BACKFILL)
            time.sleep(chance.uniform(0, 0.06))
            server.kill()
            server = Mongod.spawn(folder, log)
            server.wait_until_primary()
        code, _, err = finish(process)
        assert "Traceback" not in err
        if code != 0:
            code, _, err = finish(start(environ, tmp_path, *BACKFILL))
        assert code == 0, err
        with connect(server.uri) as client:
            check(client, "killed_database")
    finally:
        server.stop()


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


def test_primary_killed_in_the_middle(standin: LinkyStandin, replica_set: Any, tmp_path: Path) -> None:
    environ = environment(standin, replica_set.uri, "failover", tmp_path)
    process = start(environ, tmp_path, *BACKFILL)
    wait_for_requests(standin, 40, process)
    replica_set.kill(replica_set.primary())
    code, _, err = finish(process)
    assert "Traceback" not in err
    assert code in {0, 1}, err
    if code == 1:
        code, _, err = finish(start(environ, tmp_path, *BACKFILL))
    assert code == 0, err
    with connect(replica_set.uri) as client:
        check(client, "failover")


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
