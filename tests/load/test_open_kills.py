"""A load of an open source killed in the middle, and two at once: nothing lost or doubled, hardly a call repeated."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.settings import DEFAULT_COLLECTIONS
from sync.standin.elhub import ElhubStandin
from sync.standin.elhub_hours import GeneratedHours
from sync.store.schema import pair
from sync.store.verify import verify_pair
from tests.open_loads import counts
from tests.open_shell import OpenShell
from tests.processes import finish, start
from tests.soak import short_and_long

pytestmark = pytest.mark.soak  # kills, again and again

NOW = datetime(2026, 3, 10, 11, tzinfo=UTC)
BACKFILL = ("backfill", "--source", "elhub", "--until", "2023-01-01")
ROWS = 2 * 5 * 2 * 8760  # two years of five areas, a group each of production and consumption
WINDOWS = 48
KILLS = 8
SEED = 20261121


@pytest.fixture
def standin() -> Iterator[ElhubStandin]:
    with ElhubStandin(GeneratedHours(groups=frozenset({"hydro", "cabin"})), now=lambda: NOW) as server:
        yield server


@pytest.fixture
def shell(standin: ElhubStandin, database: Database[Any], mongo_uri: str, tmp_path: Path) -> OpenShell:
    return OpenShell("elhub", standin, mongo_uri, database.name, tmp_path)


@short_and_long("times", 2, KILLS)
def test_killed_in_the_middle(shell: OpenShell, standin: ElhubStandin, database: Database[Any], times: int) -> None:
    chance = random.Random(SEED)
    kills = 0
    while kills < times:
        wanted = len(standin.requests) + chance.randint(2, 5)
        process = start(shell.environ, shell.folder, *BACKFILL)
        deadline = time.monotonic() + 120
        while len(standin.requests) < wanted:
            assert process.poll() is None, finish(process)
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.1))  # the moment is the point: anywhere in the writing
        process.kill()
        finish(process)
        kills += 1
    code, _, err = shell(*BACKFILL)
    assert code == 0, err
    own = pair(database, "elhub", DEFAULT_COLLECTIONS)
    assert counts(own) == (ROWS, ROWS, ROWS)
    assert verify_pair(own).identical
    # One call was under way and one answer was ready: each stop repeats two at most.
    assert len(standin.requests) <= WINDOWS + 2 * kills
    code, _, _ = shell(*BACKFILL)
    assert (code, len(standin.requests) <= WINDOWS + 2 * kills) == (0, True)


def test_two_loaders_at_once(shell: OpenShell, standin: ElhubStandin, database: Database[Any]) -> None:
    """The second waits for the first at each dataset, and asks only for what is left."""
    both = [start(shell.environ, shell.folder, *BACKFILL) for _ in range(2)]
    results = [finish(process, 300) for process in both]
    assert [code for code, _, _ in results] == [0, 0], results
    own = pair(database, "elhub", DEFAULT_COLLECTIONS)
    assert counts(own) == (ROWS, ROWS, ROWS)
    asked = Counter((request.given["dataset"], request.given["startDate"]) for request in standin.requests)
    assert (len(asked), max(asked.values())) == (WINDOWS, 1)
