"""The analysis as a Spark job: the cards of the plain command to the byte, once, whoever made them."""

from __future__ import annotations

import json
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bson
import pytest
from pymongo.database import Database

from sync.insight.cards import analyse
from sync.model.clock import SystemClock
from sync.model.errors import StoreError
from sync.model.readings import Series
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources import zone_of
from sync.spark.command import analyse_command
from sync.spark.job import TOGETHER
from sync.spark.task import analyse_group
from sync.store.connection import Place, connect
from sync.store.schema import CARDS, own_series
from tests import fleet_rows
from tests.servers import GuardedServer
from tests.spark.jobs import Jobs, beneath, is_gone, wait_for

SECRET = "n0t-t0-be-sh0wn"
LOCAL = ("--master", "local[2]")
HOMES, DAYS = TOGETHER + 4, 60


@pytest.fixture
def job(tmp_path: Path, mongo_uri: str, database: Database[Any]) -> Iterator[Jobs]:
    with Jobs(tmp_path, mongo_uri, database.name) as job:
        yield job


@pytest.fixture
def other(mongo_uri: str, database: Database[Any]) -> Iterator[Database[Any]]:
    """A second database, for the plain command."""
    with connect(mongo_uri) as client:
        yield client[f"{database.name}_plain"]
        client.drop_database(f"{database.name}_plain")


def cards(database: Database[Any]) -> list[bytes]:
    """The bytes of every card, but for the moment in which it was made."""
    found = database[CARDS].find().sort("_id", 1)
    return [bson.encode({name: part for name, part in card.items() if name != "at"}) for card in found]


def place_of(database: Database[Any], uri: str, folder: Path) -> Place:
    return Place(uri, database.name, folder, "lcl", DEFAULT_COLLECTIONS)


def test_a_group_has_the_cards_of_the_plain_way(
    database: Database[Any], other: Database[Any], mongo_uri: str, tmp_path: Path
) -> None:
    """Each made once; what is gone comes back, and nothing else is made."""
    rows = fleet_rows.london_rows(4)
    own, plain = (fleet_rows.store(each, rows) for each in (database, other))
    group = tuple(own_series("lcl", own.record))
    for series in group:
        analyse(plain, series, zone_of("lcl"), SystemClock())
    place = place_of(database, mongo_uri, tmp_path)
    done = analyse_group(place, None, 0, group)
    assert (done.series, done.failure) == (4, None)
    assert cards(database) == cards(other)
    assert len(cards(database)) == done.fresh > 0
    assert analyse_group(place, None, 0, group).fresh == 0
    database[CARDS].delete_one({"_id.card": "base", "_id.series": group[1].key})  # stopped in the middle
    assert analyse_group(place, None, 0, group).fresh == 1
    assert cards(database) == cards(other)


def test_a_store_that_an_executor_may_not_use(guarded_server: GuardedServer, tmp_path: Path) -> None:
    place = Place(guarded_server.uri("writer", SECRET), guarded_server.DATABASE, tmp_path, "lcl", DEFAULT_COLLECTIONS)
    done = analyse_group(place, None, 0, (Series("lcl", fleet_rows.identity(0), "consumption"),))
    assert isinstance(done.failure, StoreError)  # the user's to mend; a bug of ours would be a RuntimeError
    assert "refused the user name or the password" in str(done.failure)
    assert SECRET not in repr(done)


def examples() -> list[list[str]]:
    """Those of the help that need no cluster."""
    lines = [line.strip() for line in (analyse_command.help or "").splitlines()]
    return [shlex.split(line)[3:] for line in lines if line.startswith("python -m sync.spark") and "//" not in line]


@pytest.mark.soak
def test_the_job_stopped_and_gone_on_with(
    job: Jobs, database: Database[Any], other: Database[Any], tmp_path: Path
) -> None:
    """In the middle; then by a second job, and compared with the plain command, which finds nothing to do."""
    nothing, example = examples()
    code, out, err = job(*nothing)
    assert (code, "nothing is stored yet" in out) == (0, True), err
    rows = fleet_rows.london_rows(HOMES, days=DAYS)  # all of them have readings
    for each in (database, other):
        fleet_rows.store(each, rows)
    process = job.start("analyse", *LOCAL)
    wait_for(lambda: database[CARDS].estimated_document_count() > 0, process)
    running = beneath(process.pid)
    process.send_signal(signal.SIGINT)
    code, _, err = job.finish(process)
    assert code != 0, err
    wait_for(lambda: all(map(is_gone, running)))
    before = len(cards(database))
    code, out, err = job(*example)
    assert code == 0, err
    told = json.loads(out)
    assert told["source"] == "lcl"
    assert told["series"] == HOMES
    code, out, err = job("analyse", "--source", "lcl", "--json", module="sync", MONGODB_DATABASE=other.name)
    assert code == 0, err
    made = sum(each["fresh"] for each in json.loads(out)["series"])
    assert cards(database) == cards(other)
    assert made - before <= told["fresh"] < made
    code, out, _ = job("analyse", "--source", "lcl", "--json", module="sync")
    assert {each["fresh"] for each in json.loads(out)["series"]} == {0}
