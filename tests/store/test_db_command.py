"""`db start | stop | uri | drop` as a user runs them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from sync.store.connection import place_of
from sync.store.embedded.server import Embedded
from sync.store.schema import TIMESERIES
from tests.servers import PROJECT_ROOT, GuardedServer, run_sync
from tests.store.holders import Holder
from tests.waiting import PATIENCE


@pytest.fixture
def own(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`home` as SYNC_HOME of the commands."""
    monkeypatch.setenv("SYNC_HOME", str(home))
    return home


def fill(database: Database[Any]) -> None:
    database.consumption.insert_many([{}, {}])
    database.create_collection("consumptionTS", timeseries=TIMESERIES)


def test_start_uri_stop(own: Path) -> None:
    none = run_sync("db", "uri")
    assert (none.returncode, none.stdout) == (1, "")
    assert none.stderr == "error: the embedded MongoDB is not running: python -m sync db start\n"
    started = run_sync("db", "start")
    assert started.returncode == 0
    uri = started.stdout.strip()
    with MongoClient[Any](uri) as client:
        client.own.kept.insert_one({})
    assert run_sync("db", "uri").stdout.strip() == uri
    assert json.loads(run_sync("db", "start", "--json").stdout) == {"uri": uri}  # once more changes nothing
    assert json.loads(run_sync("db", "uri", "--json").stdout) == {"uri": uri}
    assert json.loads(run_sync("db", "stop", "--json").stdout) == {"stopped": True, "in_use": False}
    assert Embedded(own).server() is None
    assert run_sync("db", "stop").stdout == "the embedded MongoDB was not running\n"


def test_stop_while_another_command_uses_it(own: Path, hold: Callable[[], Holder]) -> None:
    user = hold()
    assert run_sync("db", "start").stdout.strip() == user.uri()
    assert "other commands still use the embedded MongoDB" in run_sync("db", "stop").stdout
    assert Embedded(own).server()
    user.leave()
    assert Embedded(own).server() is None


@pytest.mark.parametrize("verb", ["start", "stop", "uri"])
def test_a_server_that_is_not_ours_is_neither_started_nor_stopped(verb: str) -> None:
    ended = run_sync("db", verb, env={"MONGODB_URI": "mongodb://bob:s3cret@db.example.org/"})
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "MONGODB_URI names bob@db.example.org:27017, which is not our server" in ended.stderr
    assert "s3cret" not in ended.stderr


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ended = run_sync("db", "start", env={"SYNC_HOME": str(tmp_path / "file" / "home")})
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: SYNC_HOME ")


def test_drop_says_what_is_gone_and_leaves_the_rest(database: Database[Any], mongo_uri: str) -> None:
    fill(database)
    neighbour = database.client[f"{database.name}_neighbour"]
    neighbour.kept.insert_one({})
    env = {"MONGODB_URI": mongo_uri, "MONGODB_DATABASE": database.name}
    unsure = run_sync("db", "drop", env=env)
    assert unsure.returncode == 2
    assert "add --yes" in unsure.stderr
    assert database.consumption.count_documents({}) == 2

    dropped = run_sync("db", "drop", "--yes", "--json", env=env)
    assert dropped.returncode == 0, dropped.stderr
    counts = [{"name": "consumption", "documents": 2}, {"name": "consumptionTS", "documents": 0}]
    assert json.loads(dropped.stdout) == {"database": database.name, "dropped": counts}
    assert database.list_collection_names() == []
    assert neighbour.kept.count_documents({}) == 1
    database.client.drop_database(neighbour)
    assert "holds nothing" in run_sync("db", "drop", "--yes", env=env).stdout


@pytest.mark.parametrize(("answer", "left", "code"), [("n", 2, 3), ("y", 0, 0)])
def test_drop_asks_on_a_terminal(
    database: Database[Any], mongo_uri: str, tmp_path: Path, answer: str, left: int, code: int
) -> None:
    fill(database)
    database.other.insert_one({})
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    env = {"MONGODB_URI": mongo_uri, "MONGODB_DATABASE": database.name, "PYTHONPATH": str(PROJECT_ROOT)}
    ended = subprocess.run(
        [sys.executable, "-m", "sync", "db", "drop"],
        cwd=tmp_path,
        env={**os.environ, **env},
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert f"{database.name} at {place_of(mongo_uri)} holds" in ended.stderr
    assert "consumption: 2 documents" in ended.stderr
    assert "other: 1 document\n" in ended.stderr
    assert ended.returncode == code
    assert database.consumption.count_documents({}) == left
    assert ("dropped" in ended.stdout) is (answer == "y")


@pytest.mark.parametrize("name", ["admin", "config", "local"])
def test_a_database_of_the_server_itself_is_never_dropped(mongo_uri: str, name: str) -> None:
    ended = run_sync("db", "drop", "--yes", env={"MONGODB_URI": mongo_uri, "MONGODB_DATABASE": name})
    assert ended.returncode == 2
    assert f"the database {name} belongs to the server" in ended.stderr


def test_drop_by_a_user_who_may_only_read(guarded_server: GuardedServer) -> None:
    ended = run_sync("db", "drop", "--yes", env={"MONGODB_URI": guarded_server.uri("reader")})
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "readWrite" in ended.stderr


@pytest.mark.parametrize("verb", ["start", "stop", "uri", "drop"])
def test_help_shows_an_example(verb: str) -> None:
    shown = run_sync("db", verb, "--help")
    assert shown.returncode == 0
    assert f"python -m sync db {verb}" in shown.stdout
