"""A large load ended at any moment: the loader, one of its processes, the database. Nothing lost, nothing doubled."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from sync.settings import DEFAULT_COLLECTIONS
from sync.store.connection import connect
from sync.store.embedded.mongod import Mongod
from sync.store.schema import KEY_NAME, pair
from sync.store.verify import verify_pair
from tests.bulk_loader import batches
from tests.loading import READINGS, SERIES, finish, start, wait_for
from tests.many import assert_same_sides, expected, stored
from tests.soak import short_and_long

pytestmark = pytest.mark.soak  # kills, again and again

SEED = 20261121


def check(client: MongoClient[Any], name: str, series: int = SERIES, readings: int = READINGS) -> None:
    """Asked of the server alone, then of our own `verify`."""
    own = pair(client[name], "lcl", DEFAULT_COLLECTIONS)
    assert stored(own.record) == expected(batches(series, readings))
    assert_same_sides(own)
    assert verify_pair(own).identical
    assert own.record.index_information()[KEY_NAME]["unique"]


@pytest.mark.parametrize("how", [pytest.param("many", marks=pytest.mark.soak), "first"])
@short_and_long("times", 1, 8)
def test_loader_killed_again_and_again(mongo_uri: str, how: str, times: int) -> None:
    chance = random.Random(SEED)
    name = f"bulk_killed_{how}"
    with connect(mongo_uri) as client:
        client.drop_database(name)
        record = client[name]["lcl"]
        for _ in range(times):
            process = start(mongo_uri, name, how)
            before = record.estimated_document_count()
            wait_for(lambda before=before: record.estimated_document_count() != before, process)  # type: ignore[misc]
            time.sleep(chance.uniform(0, 0.15))  # the moment is the point
            process.kill()
            finish(process)
            if record.estimated_document_count() == SERIES * READINGS:
                break
        code, err = finish(start(mongo_uri, name, how))
        assert code == 0, err
        check(client, name)
        client.drop_database(name)


@short_and_long("times", 1, 6)
def test_database_killed_again_and_again(tmp_path: Path, times: int) -> None:
    chance = random.Random(SEED)
    series, readings = 6, 20_000
    server = Mongod.spawn(tmp_path / "db", tmp_path / "log")
    try:
        server.wait_until_primary()
        process = start(server.uri, "bulk", "first", series, readings)
        for _ in range(times):
            time.sleep(chance.uniform(0.2, 0.9))  # the moment is the point
            server.kill()
            server = Mongod.spawn(tmp_path / "db", tmp_path / "log")
            server.wait_until_primary()
            if process.poll() is not None:
                code, err = finish(process)
                assert code in {0, 1}, err
                assert "Traceback" not in err
                process = start(server.uri, "bulk", "first", series, readings)
        code, err = finish(process)
        assert "Traceback" not in err
        if code:
            code, err = finish(start(server.uri, "bulk", "first", series, readings))
        assert code == 0, err
        with connect(server.uri) as client:
            check(client, "bulk", series, readings)
    finally:
        server.kill()


@pytest.mark.soak
def test_primary_killed_in_the_middle(replica_set: Any) -> None:
    series, readings = 6, 20_000
    process = start(replica_set.uri, "bulk", "first", series, readings)
    with connect(replica_set.uri) as client:
        wait_for(lambda: client["bulk"]["lcl"].estimated_document_count() > 30_000, process)
        replica_set.kill(replica_set.primary())
        code, err = finish(process)
        assert "Traceback" not in err
        assert code in {0, 1}, err
        if code:
            code, err = finish(start(replica_set.uri, "bulk", "first", series, readings))
        assert code == 0, err
        check(client, "bulk", series, readings)


def test_two_loaders_at_once(mongo_uri: str) -> None:
    name = "two_bulk_loaders"
    with connect(mongo_uri) as client:
        client.drop_database(name)
        processes = [start(mongo_uri, name, how) for how in ("first", "many", "first")]
        results = [finish(process) for process in processes]
        assert [code for code, _ in results] == [0, 0, 0], results
        check(client, name)
        client.drop_database(name)
