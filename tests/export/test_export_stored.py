"""A record that is read as it lies on the disk is the one that is found by its key, whatever lies where."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.database import Database

from sync.export import read, stored
from sync.export.read import Choice, blocks
from sync.export.run import export
from sync.export.targets import target_of
from sync.load.progress import Silence
from sync.model.columns import Block
from sync.store.schema import Document, Pair
from tests.export_rows import OF_SOURCE, lcl, stored_pair, whole
from tests.servers import PROJECT_ROOT

REPLY = 7  # documents
KILLED = """
import os, runpy, signal, sys
from sync.export import stored
stored.LEAST = 1
stored._Waiting.blocks = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.argv[1:] = ["export", "--source", "lcl", "--to", "a.parquet"]
runpy.run_module("sync", run_name="__main__")
"""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small records count as large, and come in many replies."""
    monkeypatch.setattr(stored, "LEAST", 1)
    monkeypatch.setattr(stored, "REPLY", REPLY)


def scrambled(own: Pair) -> Pair:
    """The same documents in no order on the disk, series between one another."""
    documents = list(own.record.find())
    own.record.delete_many({})
    own.record.insert_many([documents[at] for at in np.random.default_rng(5).permutation(len(documents)).tolist()])
    return own


def rows(some: Iterator[Block]) -> list[tuple[Any, ...]]:
    """Every reading in the order it came; absent is None."""
    found: list[tuple[Any, ...]] = []
    for block in some:
        assert (np.diff(block.start) > 0).all()
        for at in range(len(block)):
            values = [column[at] if block.present(name)[at] else None for name, column in block.values.items()]
            found.append((block.series, block.start[at], block.seconds[at], *values, block.flags.get(at, "")))
    return found


def as_stored(choice: Choice, folder: Path, tell: Callable[[int], None] = lambda _: None) -> list[tuple[Any, ...]]:
    return rows(stored.blocks_as_stored(choice, folder, tell))


@pytest.mark.parametrize("source", OF_SOURCE)
def test_it_is_what_is_found_by_key(source: str, database: Database[Any], tmp_path: Path) -> None:
    own = scrambled(stored_pair(database, source))
    choice = whole(own)
    wanted = rows(blocks(choice))
    assert len(wanted) == own.record.estimated_document_count() > 5 * REPLY
    assert as_stored(choice, tmp_path) == wanted
    assert as_stored(choice, tmp_path) == wanted  # wherever both ways meet
    assert list(tmp_path.iterdir()) == []


def test_slices_of_a_long_series_are_in_order(
    database: Database[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = scrambled(stored_pair(database, "lcl"))
    wanted = rows(blocks(whole(own)))
    for module in (stored, read):
        monkeypatch.setattr(module, "SLICE", 11)
    assert as_stored(whole(own), tmp_path) == wanted


OTHERS: dict[str, Callable[[Document], Document]] = {
    "of another source": lambda reading: reading | {"series": {"flow": "price", "id": "X", "source": "elhub"}},
    "with a short series": lambda reading: reading | {"series": {}},
    "without a series": lambda reading: {"_id": reading["_id"], "ts": reading["ts"], "wh": 1},
    "without a date": lambda reading: reading | {"ts": "yesterday"},
    "with a field more": lambda reading: reading | {"ts": datetime(2030, 1, 1, tzinfo=UTC), "note": "by hand"},
    "of another type": lambda reading: reading | {"ts": datetime(2030, 1, 1, tzinfo=UTC), "wh": 1.5},
    "with parts of a second": lambda reading: reading | {"ts": datetime(2030, 1, 1, 0, 0, 0, 7000, tzinfo=UTC)},
    "of a type that is in no table": lambda reading: (
        reading | {"ts": datetime(2030, 1, 1, tzinfo=UTC), "wh": {"$minKey": [None]}, "x": ObjectId()}
    ),
}


@pytest.mark.parametrize("what", OTHERS)
def test_documents_that_are_not_ours_are_left_out_as_they_are_by_key(
    what: str, database: Database[Any], tmp_path: Path
) -> None:
    own = stored_pair(database, "lcl")
    reading = own.record.find_one({}) or {}
    own.record.insert_many([OTHERS[what](reading | {"_id": ObjectId()})])
    scrambled(own)
    by_key, choice = whole(own), whole(own)
    by_key.series = choice.series = [series for series in choice.series if series.source == "lcl"]
    wanted = rows(blocks(by_key))
    assert as_stored(choice, tmp_path) == wanted
    assert (choice.left_out, choice.example) == (by_key.left_out, by_key.example)
    assert choice.left_out == (what in list(OTHERS)[4:])


def test_what_changes_meanwhile_is_there_once(database: Database[Any], tmp_path: Path) -> None:
    """A correction, and a reading that is deleted and comes again at the end."""
    own = stored_pair(database, "lcl")
    before = rows(blocks(whole(own)))
    own_key = {"series.id": "MAC000001"}
    first, *_, last = list(own.record.find(own_key).sort("ts"))

    def change(_: int) -> None:
        own.record.update_one({"_id": first["_id"]}, {"$set": {"wh": 9_999}})
        own.record.delete_one({"_id": last["_id"]})
        own.record.insert_one(last)

    found = as_stored(whole(own), tmp_path, change)
    corrected = rows(blocks(whole(own)))
    assert corrected != before
    at_the_end = {row[:2] for row in before} - {row[:2] for row in found}
    assert len(at_the_end) <= 1  # deleted before it was come upon
    assert set(found) <= set(before) | set(corrected)
    assert len({row[:2] for row in found}) == len(found)
    assert as_stored(whole(own), tmp_path) == corrected


def test_a_cursor_that_is_lost_begins_the_record_anew(database: Database[Any], tmp_path: Path) -> None:
    own = scrambled(stored_pair(database, "lcl"))
    choice, told = whole(own), []

    def lose(count: int) -> None:
        told.append(count)
        if len(told) == 3:
            database.client.admin.command("killAllSessions", [])

    assert as_stored(choice, tmp_path, lose) == rows(blocks(choice))
    assert sum(told) > len(rows(blocks(choice)))


def test_a_file_is_the_same_either_way(
    database: Database[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way taken is the one that is asked for: no block comes by key."""
    own = scrambled(stored_pair(database, "elhub"))

    def file(name: str) -> pyarrow.Table:
        report = export(whole(own), target_of(name).connect(str(tmp_path / name)), Silence())
        assert report.series == 3
        return pyarrow.parquet.read_table(tmp_path / name)

    with monkeypatch.context() as patch:
        patch.setattr("sync.export.run.blocks", lambda _: pytest.fail("by key"))
        as_it_lies = file("a.parquet")
    monkeypatch.setattr(stored, "LEAST", 10**6)
    assert as_it_lies.equals(file("b.parquet"))


def test_only_the_whole_of_a_large_record_is_read_so(
    database: Database[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = stored_pair(database, "lcl")
    choice = whole(own)
    assert stored.is_worth_it(choice, tmp_path)
    assert not stored.is_worth_it(whole(own, first=0), tmp_path)
    assert not stored.is_worth_it(whole(own, end=2**42), tmp_path)
    assert not stored.is_worth_it(choice, tmp_path / "none")
    with monkeypatch.context() as patch:
        patch.setattr(MongoClient, "is_mongos", True)  # there is no router among the servers of the tests
        assert not stored.is_worth_it(choice, tmp_path)
    choice.series = choice.series[1:]
    assert not stored.is_worth_it(choice, tmp_path)
    monkeypatch.setattr(stored, "LEAST", 1 + len(lcl()) * 60)
    assert not stored.is_worth_it(whole(own), tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(stored, "LEAST", 1)
    room = os.statvfs(tmp_path)
    monkeypatch.setattr(own.record.__class__, "estimated_document_count", lambda _: room.f_bavail * room.f_frsize)
    assert not stored.is_worth_it(whole(own), tmp_path)


def test_a_kill_leaves_nothing_behind(database: Database[Any], mongo_uri: str, tmp_path: Path) -> None:
    stored_pair(database, "lcl")
    environ = {"MONGODB_URI": mongo_uri, "MONGODB_DATABASE": database.name, "PYTHONPATH": str(PROJECT_ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, env={**os.environ, **environ}, check=False)
    assert done.returncode == -9
    assert list(tmp_path.iterdir()) == []
