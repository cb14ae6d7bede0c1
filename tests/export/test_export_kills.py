"""Exports that are killed, and servers that are killed under them: run again, nothing is lost and nothing is double."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.export.run import export
from sync.export.targets import ExportError, kafka, kafka_address, postgresql, target_of
from sync.load.progress import Silence
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.connection import connect
from sync.store.schema import Pair, ensure_pair, pair
from sync.store.writer import PairWriter
from tests import many
from tests.export.test_export_kafka import messages
from tests.export_rows import whole
from tests.export_servers import Broker, Postgres
from tests.servers import PROJECT_ROOT
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.soak

HOUSEHOLDS, READINGS = 100, 1_500
KILLS, SERVER_KILLS, BATCH = 20, 10, 3_000  # two households: 50 batches, so that a kill that comes late comes in time
SENT = 30  # households, to a broker
CODE = """
import runpy, sys
from sync.export.targets import postgresql
postgresql.BATCH = int(sys.argv[1])
sys.argv[1:] = ["export", "--source", "lcl", "--to", sys.argv[2]]
runpy.run_module("sync", run_name="__main__")
"""


@pytest.fixture(scope="module")
def own(mongo_uri: str) -> Iterator[Pair]:
    """A hundred households in the record alone."""
    with connect(mongo_uri) as client:
        found = pair(client["test_export_kills"], "lcl", DEFAULT_COLLECTIONS)
        ensure_pair(found)
        batches = [many.household(number, READINGS) for number in range(HOUSEHOLDS)]
        PairWriter(found).write_many(batches, mirror=False)
        yield found
        client.drop_database("test_export_kills")


def started(own: Pair, mongo_uri: str, address: str, folder: Path) -> subprocess.Popen[str]:
    environ = {"MONGODB_URI": mongo_uri, "MONGODB_DATABASE": own.record.database.name, "PYTHONPATH": str(PROJECT_ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", CODE, str(BATCH), address],
        cwd=folder,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def in_table(postgres: Postgres) -> int:
    [(found,)] = postgres("SELECT to_regclass('readings') IS NOT NULL")
    return int(postgres("SELECT count(*) FROM readings")[0][0]) if found else 0


def has_come(postgres: Postgres, batches: int, process: subprocess.Popen[str] | None = None) -> bool:
    return bool(process and process.poll() is not None) or in_table(postgres) >= batches * BATCH


def is_written(part: Path, size: int) -> bool:
    return part.exists() and part.stat().st_size >= size


def assert_in_table(postgres: Postgres, own: Pair) -> None:
    """Count, sums and the number of keys, each by its own server."""
    sums = {"_id": None, "count": {"$sum": 1}, "wh": {"$sum": "$wh"}, "at": {"$sum": {"$toLong": "$ts"}}}
    [there] = own.record.aggregate([{"$group": sums}])
    columns = "count(*), sum(wh), (sum(extract(epoch FROM start_utc)) * 1000)::bigint, count(DISTINCT id)"
    assert postgres(f"SELECT {columns} FROM readings") == [(there["count"], there["wh"], there["at"], HOUSEHOLDS)]


def test_an_export_killed_at_twenty_moments(own: Pair, postgres: Postgres, mongo_uri: str, tmp_path: Path) -> None:
    """Each run goes on behind the last whole batch of the one before."""
    for kill in range(KILLS):
        process = started(own, mongo_uri, postgres.url, tmp_path)
        until(partial(has_come, postgres, kill + 1, process))
        assert process.poll() is None, process.communicate()
        time.sleep(kill % 5 * 0.004)
        process.kill()
        process.communicate()
        assert in_table(postgres) % BATCH == 0
    process = started(own, mongo_uri, postgres.url, tmp_path)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert_in_table(postgres, own)
    assert postgres("SELECT * FROM linky_atlas_exports") == []


@pytest.mark.parametrize(("name", "sizes"), [("a.csv", (0, 100_000, 1_000_000)), ("a.parquet", (0, 4))])
def test_a_file_has_its_name_when_it_is_whole(
    name: str, sizes: tuple[int, ...], own: Pair, mongo_uri: str, tmp_path: Path
) -> None:
    part = tmp_path / f".{name}.part"
    for size in sizes:
        process = started(own, mongo_uri, name, tmp_path)
        until(partial(is_written, part, size))
        process.kill()
        process.communicate()
        assert not (tmp_path / name).exists()
    process = started(own, mongo_uri, name, tmp_path)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert [path.name for path in tmp_path.iterdir()] == [name]


class Run:
    """One export in a thread. said: the error with which it ended."""

    def __init__(self, own: Pair, address: str, households: int = HOUSEHOLDS) -> None:
        self.said = ""
        self.choice = whole(own)
        self.choice.series = self.choice.series[:households]
        self.thread = threading.Thread(target=self._run, args=(address,))
        self.thread.start()

    def _run(self, address: str) -> None:
        try:
            export(self.choice, target_of(address).connect(address), Silence())
        except ExportError as error:
            self.said = str(error)

    def end(self) -> str:
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        return self.said


def test_postgresql_killed_at_ten_moments(own: Pair, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "BATCH", BATCH)
    said: list[str] = []
    for kill in range(SERVER_KILLS):
        run = Run(own, postgres.url)
        until(partial(has_come, postgres, kill + 1))
        postgres.kill()
        said.append(run.end())
        postgres.start()
    assert all(said)
    assert not any("\n" in each for each in said)
    assert any("the same command goes on from there" in each for each in said), said  # the others while they connected
    assert Run(own, postgres.url).end() == ""
    assert_in_table(postgres, own)


def test_the_broker_killed_at_ten_moments(
    own: Pair, tmp_path: Path, database: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps nothing over a kill: the next run sends all."""
    broker = Broker(tmp_path)
    address = f"kafka://{broker.address}/kills"
    failed = 0
    try:
        with monkeypatch.context() as patch:
            patch.setattr(kafka, "PRODUCER", kafka.PRODUCER | {"message.timeout.ms": 500, "linger.ms": 5})
            patch.setattr(kafka, "SILENCE", 0.5)
            patch.setattr(kafka_address, "ANSWER", 1.0)
            for kill in range(SERVER_KILLS):
                run = Run(own, address, SENT)
                time.sleep(0.1 + 0.1 * kill)
                broker.stop()
                said = run.end()
                assert "\n" not in said
                failed += bool(said)
                broker.start()
        assert failed
        assert Run(own, address, SENT).end() == ""
        found = messages(broker, "kills", SENT * READINGS)
        assert len({str(key) for key, _ in found}) == len(found) == SENT * READINGS
    finally:
        with contextlib.suppress(ProcessLookupError):
            broker.stop()
