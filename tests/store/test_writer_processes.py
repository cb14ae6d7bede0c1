"""Several writing processes: one that is killed is replaced, Ctrl-C ends all, the error of one is that of the load."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.model.errors import StoreError
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.connection import connect
from sync.store.processes import LIVES, Place, WriterProcesses
from sync.store.schema import Pair, ensure_pair, pair
from sync.store.verify import verify_pair
from sync.store.writer import Written
from tests.bulk_loader import batches
from tests.loading import finish, start, wait_for, writers_of
from tests.many import assert_same_sides, expected, household, stored


@pytest.fixture
def own(database: Database[Any]) -> Pair:
    found = pair(database, "lcl", DEFAULT_COLLECTIONS)
    ensure_pair(found)
    return found


@pytest.fixture
def place(own: Pair, mongo_uri: str, tmp_path: Path) -> Place:
    return Place(mongo_uri, own.record.database.name, tmp_path, "lcl", DEFAULT_COLLECTIONS)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_all_batches_are_written_once(own: Pair, place: Place, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.store.processes.CALL", 700)
    parts = [household(number, 300, first=first) for first in (0, 300, 600) for number in range(10)]
    with WriterProcesses(place, count) as writers:
        told: list[int] = []
        assert writers.write_many(parts, tell=told.append) == Written(new=9000)
        assert sum(told) == 9000
    assert stored(own.record) == expected(parts)
    assert_same_sides(own)
    assert verify_pair(own).identical


def test_no_batches(place: Place) -> None:
    with WriterProcesses(place, 2) as writers:
        assert writers.write_many([]) == Written()


def test_an_error_of_a_process_is_the_error_of_the_load(own: Pair, tmp_path: Path) -> None:
    place = Place("mongodb://127.0.0.1:1/", "x", tmp_path, "lcl", DEFAULT_COLLECTIONS)
    with WriterProcesses(place, 2) as writers:
        for _ in range(2):  # and of every further call
            with pytest.raises(StoreError, match="no MongoDB answers"):
                writers.write_many([household(number, 10) for number in range(4)])


def test_a_bug_in_a_process_keeps_its_traceback(own: Pair, place: Place) -> None:
    with WriterProcesses(place, 1) as writers:
        writers._lanes[0]._next.batches.append("bug")  # type: ignore[arg-type]
        with pytest.raises(RuntimeError, match="Traceback"):
            writers.write_many([household(1, 10)])


def test_what_was_met_is_told_by_the_number_of_the_batch(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.store.processes.CALL", 50)
    parts = [household(number, 20) for number in range(9)]
    with WriterProcesses(place, 2) as writers:
        writers.write_many([parts[number] for number in (3, 5, 8)])
        written = writers.write_many(parts)
    assert written == Written(new=120, unchanged=60)
    assert sorted(met.batch for met in written.met) == [3, 5, 8]
    for met in written.met:
        assert met.unchanged.tolist() == parts[met.batch].start.tolist()


SERIES, READINGS = 8, 25_000


def test_a_killed_process_is_replaced(mongo_uri: str) -> None:
    name = "killed_writer"
    with connect(mongo_uri) as client:
        client.drop_database(name)
        record = client[name]["lcl"]
        process = start(mongo_uri, name, "2", SERIES, READINGS)
        for count in (1000, 60_000):
            wait_for(lambda count=count: record.estimated_document_count() > count, process)  # type: ignore[misc]
            os.kill(writers_of(process)[0], signal.SIGKILL)
        code, err = finish(process)
        assert code == 0, err
        own = pair(client[name], "lcl", DEFAULT_COLLECTIONS)
        assert stored(own.record) == expected(batches(SERIES, READINGS))
        assert_same_sides(own)
        client.drop_database(name)


def test_processes_that_are_killed_again_and_again_end_the_load(mongo_uri: str) -> None:
    name = "killed_writers"
    with connect(mongo_uri) as client:
        client.drop_database(name)
        process = start(mongo_uri, name, "1", SERIES, READINGS)
        killed: set[int] = set()
        while process.poll() is None and len(killed) < LIVES:
            for pid in set(writers_of(process)) - killed:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        code, err = finish(process)
        assert code == 1
        assert err.startswith(f"Error: a writing process was killed {LIVES} times")
        code, err = finish(start(mongo_uri, name, "1", SERIES, READINGS))
        assert code == 0, err
        assert_same_sides(pair(client[name], "lcl", DEFAULT_COLLECTIONS))
        client.drop_database(name)


def test_ctrl_c_ends_all(mongo_uri: str) -> None:
    name = "interrupted_writers"
    with connect(mongo_uri) as client:
        client.drop_database(name)
        record = client[name]["lcl"]
        process = start(mongo_uri, name, "2", SERIES, READINGS)
        wait_for(lambda: record.estimated_document_count() > 1000, process)
        writers = writers_of(process)
        assert len(writers) == 2
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the processes as well
        _, err = finish(process)
        assert "KeyboardInterrupt" in err
        assert err.count("Traceback") == 1  # of the load alone, which has nobody above it to say "stopped"
        assert not any(Path(f"/proc/{pid}").exists() for pid in writers)
        client.drop_database(name)


def test_processes_end_with_a_load_that_was_killed(mongo_uri: str) -> None:
    name = "orphans"
    with connect(mongo_uri) as client:
        client.drop_database(name)
        record = client[name]["lcl"]
        process = start(mongo_uri, name, "2", SERIES, READINGS)
        wait_for(lambda: record.estimated_document_count() > 1000, process)
        writers = writers_of(process)
        process.kill()
        process.wait()
        deadline = time.monotonic() + 60
        while any(Path(f"/proc/{pid}").exists() for pid in writers):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        client.drop_database(name)
