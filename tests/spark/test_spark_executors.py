"""The Spark job with a part of it killed in the middle: no loss, no double, and no secret anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from pymongo.database import Database

from sync.settings import DEFAULT_COLLECTIONS
from sync.store.connection import connect
from sync.store.lease import LEASES
from sync.store.schema import KEY_NAME, Pair, pair
from sync.store.verify import verify_pair
from tests.many import assert_same_sides, stored
from tests.servers import GuardedServer, free_port
from tests.spark.jobs import (
    CLUSTER,
    EXECUTOR,
    LOOPBACKS,
    QUICK,
    Jobs,
    beneath,
    kill,
    listening,
    london,
    named,
    wait_for,
    zipped,
)
from tests.waiting import PATIENCE


@pytest.fixture
def guarded(guarded_server: GuardedServer) -> Iterator[Database[Any]]:
    with connect(guarded_server.uri("admin")) as client:
        yield client["spark"]
        for name in ("spark", "plain"):
            client.drop_database(name)


@pytest.fixture
def job(guarded: Database[Any], guarded_server: GuardedServer, tmp_path: Path) -> Iterator[Jobs]:
    with Jobs(tmp_path, guarded_server.uri("admin"), guarded.name) as job:
        yield job


def check(own: Pair, plain: Pair) -> None:
    """Asked of the server alone, then of our own `verify`."""
    assert stored(own.record) == stored(plain.record)
    assert_same_sides(own)
    assert verify_pair(own).identical
    assert own.record.index_information()[KEY_NAME]["unique"]


@pytest.mark.soak
@pytest.mark.parametrize("master", [CLUSTER, "local[2]"])
def test_killed_in_the_middle(master: str, job: Jobs, guarded: Database[Any], tmp_path: Path) -> None:
    """Of a cluster an executor, in local mode a process in which tasks run."""
    expected = london(tmp_path / "london", households=6, days=250, rows_per_file=15_000)
    archive = zipped(tmp_path / "london")
    port, events = free_port(), tmp_path / "job" / "events"
    events.mkdir()
    shown = {"ui.enabled": "true", "ui.port": port, "eventLog.enabled": "true", "eventLog.dir": events}
    shown |= {"eventLog.compress": "false"}  # to be read
    confs = [part for name, text in shown.items() for part in ("--conf", f"spark.{name}={text}")]
    process = job.start("import-lcl", str(archive), "--json", "--master", master, *QUICK, *confs)
    wait_for(lambda: _is_ready(f"http://127.0.0.1:{port}"), process)
    pages = _pages(f"http://127.0.0.1:{port}")
    record = guarded["lcl"]
    victim = wait_for(lambda: record.estimated_document_count() > 10_000 and _writing(guarded), process)
    running = beneath(process.pid)
    if master == CLUSTER:
        executors = named(running, EXECUTOR)
        assert len(executors) == 2
        victim = next(executor for executor in executors if victim in beneath(executor))
    kill(victim)
    addresses = set(listening(running))
    assert addresses
    assert addresses <= LOOPBACKS
    code, out, err = job.finish(process)
    assert code == 0, err
    told = json.loads(out)
    assert told["readings_new"] + told["readings_unchanged"] == expected.readings == record.count_documents({})
    assert told["rows"]["rows"] == expected.rows
    assert told["identical"] is True
    assert [each["name"] for each in told["files"]] == [f"london.zip/{name}" for name in expected.files]
    # A file that the lost executor had stored whole without telling is known to the one that got its task.
    assert {each["state"] for each in told["files"]} <= {"done", "known"}

    plain_job = ("import", "--source", "lcl", str(archive))
    assert job(*plain_job, module="sync", MONGODB_DATABASE="plain")[0] == 0
    client = guarded.client
    check(*(pair(client[name], "lcl", DEFAULT_COLLECTIONS) for name in ("spark", "plain")))
    code, out, _ = job(*plain_job, module="sync")
    assert code == 0
    assert f"not read again: {len(expected.files)} file" in out

    log = job.written()
    assert "Lost task" in log  # one was in the middle of its file
    assert "SparkListenerApplicationEnd" in log  # the event log, in plain text
    for text in (*pages, *job.seen, log):
        assert GuardedServer.PASSWORDS["admin"] not in text


def _writing(database: Database[Any]) -> int | None:
    """The id of a process that is writing."""
    lease = database[LEASES].find_one({"owner": {"$ne": None}})
    return lease["pid"] if lease else None


def _is_ready(address: str) -> bool:
    """Whether Spark's pages are there; before, they are none or say that it is starting up."""
    try:
        return bool(requests.get(f"{address}/api/v1/applications", timeout=10).json())
    except requests.RequestException:
        return False


def _pages(address: str) -> list[str]:
    """What Spark shows of the job: its settings first."""
    application = requests.get(f"{address}/api/v1/applications", timeout=PATIENCE).json()[0]["id"]
    paths = (f"api/v1/applications/{application}/environment", "environment/", "jobs/", "stages/")
    pages = [requests.get(f"{address}/{path}", timeout=PATIENCE).text for path in paths]
    assert "spark.app.name" in pages[0]
    return pages
