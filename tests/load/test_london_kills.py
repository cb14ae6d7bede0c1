"""London's import ended at any moment: the loader, a writing process, the database. Nothing lost, nothing doubled."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.generate.lcl import generate
from sync.store.connection import connect
from sync.store.embedded.mongod import Mongod
from sync.store.schema import KEY_NAME
from sync.store.verify import verify_pair
from tests.loading import wait_for
from tests.london import ByHand, assert_accounted, by_hand, load, london_pair, row, stored, write
from tests.london_command import London
from tests.many import assert_same_sides
from tests.processes import finish
from tests.soak import short_and_long

pytestmark = pytest.mark.soak  # kills, again and again

SEED, KILLS = 20261121, 20


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Generated files, and one that contradicts two of their readings and repeats others."""
    folder = tmp_path_factory.mktemp("london")
    generate(folder / "out", households=20, days=90, rows_per_file=30_000)
    paths = sorted((folder / "out").glob("*.csv"))
    lines = paths[0].read_text(encoding="ascii").splitlines()[1:]
    copies = [line for line in lines[:200] if "Null" not in line]
    other = [f"{line.rpartition(',')[0]}, 9.9 " for line in (copies[7], copies[11])]
    paths.append(write(folder / "copies.csv", [*copies, *other, row(0, 5, "MAC000001")]))
    return paths


@pytest.fixture(scope="module")
def whole(files: list[Path]) -> ByHand:
    return by_hand(files)


def check(database: Database[Any], whole: ByHand, files: Sequence[Path]) -> None:
    """Against the independent reading of the files, asked of the server alone; then of our own accounts."""
    assert stored(database) == whole.stored()
    own = london_pair(database)
    assert_same_sides(own)
    assert verify_pair(own).identical
    assert own.record.index_information()[KEY_NAME]["unique"]
    reports, _ = load(database, files)
    assert {report.state for report in reports} == {"known"}
    assert_accounted(reports)
    whole.assert_counted(reports)


@short_and_long("times", 2, KILLS)
def test_the_loader_killed(
    database: Database[Any], mongo_uri: str, tmp_path: Path, files: list[Path], whole: ByHand, times: int
) -> None:
    """Each run goes on until a share of what is missing is stored, then it is killed a moment later."""
    chance = random.Random(SEED)
    london = London(mongo_uri, database.name, tmp_path)
    expected = len(whole.stored())
    for number in range(times):
        process = london.start(files)
        if number % 5 == 4:
            time.sleep(chance.uniform(0, 0.8))  # anywhere, before the first reading too; the moment is the point
        else:
            goal = expected * (number + 1) * 0.9 / times
            wait_for(lambda goal=goal: _count(database) > goal, process)  # type: ignore[misc]
            time.sleep(chance.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        assert finish(process)[0] == -signal.SIGKILL
    code, _, err = london(files)
    assert code == 0, err
    check(database, whole, files)


def _count(database: Database[Any]) -> int:
    return database["lcl"].estimated_document_count()


@pytest.mark.soak
def test_the_database_killed(tmp_path: Path, files: list[Path], whole: ByHand) -> None:
    chance = random.Random(SEED)
    server = Mongod.spawn(tmp_path / "db", tmp_path / "log")
    try:
        server.wait_until_primary()
        london = London(server.uri, "x", tmp_path)
        process = london.start(files)
        for goal in (1, 30_000, 60_000):
            with connect(server.uri) as client:
                wait_for(lambda goal=goal, client=client: _count(client["x"]) > goal, process)  # type: ignore[misc]
            time.sleep(chance.uniform(0, 0.1))  # the moment is the point
            server.kill()
            server = Mongod.spawn(tmp_path / "db", tmp_path / "log")
            server.wait_until_primary()
            process = _going_on(process, london, files)
        code, _, err = finish(process)
        assert "Traceback" not in err, err
        if code:
            code, _, err = london(files)
        assert code == 0, err
        with connect(server.uri) as client:
            check(client["x"], whole, files)
    finally:
        server.kill()


def _going_on(process: subprocess.Popen[str], london: London, files: Sequence[Path]) -> subprocess.Popen[str]:
    """The same process, or the next run when it ended with one clear line."""
    if process.poll() is None:
        return process
    code, _, err = finish(process)
    assert code in {0, 1}
    assert "Traceback" not in err
    return london.start(files)
