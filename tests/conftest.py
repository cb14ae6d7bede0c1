"""What all tests share: real servers, the real data, an environment without the developer's own settings."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.model.localtime import PARIS
from sync.standin.curve import household_meters
from sync.standin.linky import LinkyStandin
from sync.store.connection import connect
from sync.store.embedded.mongod import Mongod
from tests import generated_data
from tests.processes import environment
from tests.servers import PROJECT_ROOT, GuardedServer, ReplicaSet
from tests.shell import NOW, Shell

ROOM = 4_000_000_000  # bytes of memory that the database of a test process may need
LAST_SECONDS = 90  # of a day, in which no test begins that needs the day to stay
GENERATED = "generated_data"
OWN_SETTINGS = ("LINKY_", "MONGODB_", "SYNC_", "ELHUB_", "ENERGIDATA_", "OPENMETEO_", "DASH_", "ATLAS_")


def must_not_skip() -> bool:
    return os.environ.get("CI", "").lower() == "true"


# --- a skipped test is a failure where CI=true ------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    _skipped_beside_the_generated_set(item, call, report)
    return _failed_if_skipped(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    return _failed_if_skipped((yield))


def _failed_if_skipped(report: Any) -> Any:
    expected = hasattr(report, "wasxfail")  # an expected failure is reported as skipped, too
    if must_not_skip() and report.skipped and not expected:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CI=true allows no skipped test: {report.nodeid}: {reason}"
    return report


# --- surroundings -----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of the developer reaches a test: neither by a variable nor by a file in the current folder."""
    for name in list(os.environ):
        if name.startswith(OWN_SETTINGS):
            monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("surroundings")
    for name in ("here", "state", "home"):
        (folder / name).mkdir()
    monkeypatch.chdir(folder / "here")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.setenv("SYNC_HOME", str(folder / "home"))


@pytest.fixture
def one_day() -> None:
    """In the last minutes of a day, in UTC or in Paris, wait for the next one: for as long as the test takes, what a
    command finds by the clock of the machine is what the test finds by it."""
    rest = min(seconds_left(datetime.now(zone)) for zone in (UTC, PARIS))
    if rest < LAST_SECONDS:
        time.sleep(rest)


def seconds_left(moment: datetime) -> float:
    """Of the local day."""
    midnight = datetime.combine(moment.date() + timedelta(days=1), datetime.min.time(), moment.tzinfo)
    return midnight.timestamp() - moment.timestamp()


@pytest.fixture(scope="session")
def project_root() -> Path:
    return PROJECT_ROOT


@pytest.fixture(scope="session")
def shared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the real data, or where there is none (and CI is not true) of a generated set in its place."""
    folder = (PROJECT_ROOT / (os.environ.get("SHARED_DATA") or "../shared/data")).resolve()
    if folder.is_dir():
        return folder
    if must_not_skip():
        pytest.fail("the real data is not there: set SHARED_DATA to its folder")
    return generated_data.make(tmp_path_factory.mktemp(GENERATED))


def _skipped_beside_the_generated_set(item: pytest.Item, call: pytest.CallInfo[None], report: Any) -> None:
    """What needs a file that is not generated, or asserts figures of the real ones, is not for the generated set."""
    folder = getattr(item, "funcargs", {}).get("shared_data")
    if call.excinfo is None or folder is None or GENERATED not in folder.name:
        return
    error: BaseException | None = call.excinfo.value
    while error and not isinstance(error, FileNotFoundError):
        error = error.__cause__ or error.__context__
    if (error and GENERATED in str(error.filename)) or item.get_closest_marker("real_data"):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1], "needs the real data: set SHARED_DATA to its folder")


# --- servers ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A one-node replica set, one per test process."""
    with in_memory(tmp_path_factory.mktemp("mongod")) as folder:
        server = Mongod.spawn(folder / "db", folder / "log")
        try:
            server.wait_until_primary()
            yield server.uri
        finally:
            server.kill()


@contextmanager
def in_memory(otherwise: Path) -> Iterator[Path]:
    """A folder in memory where that has room: every collection that is made or dropped waits for a disk otherwise."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < ROOM or not os.access(memory, os.W_OK):
        yield otherwise
        return
    with tempfile.TemporaryDirectory(prefix="tests-", dir=memory, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def database(mongo_uri: str) -> Iterator[Database[Any]]:
    """A database of this test alone, opened as the product opens it; dropped afterwards."""
    with connect(mongo_uri) as client:
        database = client[f"test_{uuid.uuid4().hex[:12]}"]
        yield database
        client.drop_database(database.name)


@pytest.fixture
def replica_set(tmp_path: Path) -> Iterator[ReplicaSet]:
    """Three nodes of this test alone, which may kill them."""
    with in_memory(tmp_path) as folder:
        nodes = ReplicaSet(folder / "replica_set")
        yield nodes
        nodes.stop()


@pytest.fixture(scope="session")
def guarded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedServer]:
    """A server that asks for a password."""
    with in_memory(tmp_path_factory.mktemp("guarded")) as folder:
        guarded = GuardedServer(folder)
        yield guarded
        guarded.server.kill()


@pytest.fixture
def sync(database: Database[Any], mongo_uri: str, tmp_path: Path, one_day: None) -> Iterator[Shell]:
    """The command line, pointed to a database and a stand-in of this test alone."""
    with LinkyStandin(meters=household_meters(), now=lambda: NOW) as standin:
        yield Shell(environment(standin, mongo_uri, database.name, tmp_path), tmp_path, standin)
