"""A slow or refusing server slows a large load down; it does not fail it. Inserts shrink, and grow again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.errors import OperationFailure

from sync.settings import DEFAULT_COLLECTIONS
from sync.store.connection import connect
from sync.store.embedded.mongod import Mongod
from sync.store.explain import is_passing
from sync.store.retry import FEWEST, MOST, Pace
from sync.store.schema import Pair, ensure_pair, pair
from sync.store.writer import PairWriter, Written
from tests.clock import FakeClock
from tests.many import assert_same_sides, expected, household, stored

pytestmark = pytest.mark.soak  # many servers, processes or mornings


@pytest.fixture(scope="module")
def hindered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database[Any]]:
    """A database of a server that can be told to be slow or to refuse."""
    folder: Path = tmp_path_factory.mktemp("hindered")
    server = Mongod.spawn(folder / "db", folder / "log", options=["--setParameter", "enableTestCommands=1"])
    try:
        server.wait_until_primary()
        with connect(server.uri) as client:
            yield client["hindered"]
    finally:
        server.kill()


def hinder(database: Database[Any], times: int, **how: Any) -> None:
    """The next inserts are delayed or refused."""
    fault = {"failCommands": ["insert"], "namespace": f"{database.name}.lcl", **how}
    database.client.admin.command("configureFailPoint", "failCommand", mode={"times": times}, data=fault)


@pytest.fixture
def own(hindered: Database[Any]) -> Pair:
    hindered.client.drop_database(hindered.name)
    found = pair(hindered, "lcl", DEFAULT_COLLECTIONS)
    ensure_pair(found)
    return found


@pytest.mark.parametrize(
    "how",
    [
        {"errorCode": 462},
        {"errorCode": 50},
        {"errorCode": 112},
        {"closeConnection": True},
        {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}},
    ],
)
def test_refused_inserts_are_repeated(own: Pair, how: dict[str, Any]) -> None:
    batches = [household(number, 3000) for number in range(5)]
    clock = FakeClock()
    began = clock.now()
    hinder(own.record.database, 4, **how)
    writer = PairWriter(own, clock)
    assert writer.write_many(batches) == Written(new=15_000)
    assert clock.now() > began  # it waited
    assert stored(own.record) == expected(batches)
    assert_same_sides(own)


def test_slow_inserts_shrink_and_grow_again(own: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.store.retry.SLOW", 1.5)
    monkeypatch.setattr("sync.store.retry.QUICK", 1.5)
    batches = [household(number, 20_000) for number in range(8)]
    hinder(own.record.database, 3, blockConnection=True, blockTimeMS=2000)
    pace = PairWriter(own)
    sizes: list[int] = []
    assert pace.write_many(batches, tell=sizes.append) == Written(new=160_000)
    assert min(sizes) < MOST
    assert stored(own.record) == expected(batches)
    assert_same_sides(own)
    again: list[int] = []
    pace.write_many([household(9, 80_000)], tell=again.append)
    assert max(again) > min(sizes)


def test_a_size_stays_within_its_bounds() -> None:
    pace = Pace()
    for _ in range(20):
        with pytest.raises(OSError, match="gone"), pace.insert():
            raise OSError("gone")
    assert pace.documents == FEWEST
    for _ in range(20):
        with pace.insert():
            pass
    assert pace.documents == MOST


@pytest.mark.parametrize(
    ("words", "passes"),
    [
        ("Request rate limit exceeded: too many requests", True),
        ("you are over your space quota, using 513 MB of 512 MB", False),
    ],
)
def test_what_atlas_says_with_its_one_code(words: str, passes: bool) -> None:
    assert is_passing(OperationFailure(words, 8000, {"errmsg": words})) == passes
