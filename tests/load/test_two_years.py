"""Two real years, imported and over HTTP: the same 34,733 documents both ways, identical in both collections."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.load.coverage import coverage
from sync.load.files import import_files
from sync.load.progress import Silence
from sync.load.report import Loader
from sync.model.window import CURVE
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.linky.files import open_files
from sync.standin.linky import LinkyStandin
from sync.standin.r63 import read_r63
from sync.store.ledger import Ledger
from sync.store.schema import Pair, pair
from sync.store.sizes import compare_pair, settle
from sync.store.verify import verify_pair
from sync.store.writer import PairWriter
from tests import r63
from tests.clock import FakeClock
from tests.loads import Load, documents, stored, week
from tests.processes import finish, start

pytestmark = pytest.mark.soak  # many servers, processes or mornings

TODAY = datetime(2025, 3, 13, 9, 0, tzinfo=UTC)
READINGS = 34_733
PAGES = 2 * 4096  # bytes; a checkpoint that falls into a load leaves a page or two more


def import_r63(database: Database[Any], *paths: Path) -> Loader:
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    clock = FakeClock(TODAY)
    loader = Loader(own, Ledger(database), PairWriter(own, clock), clock)
    files = open_files(paths)
    import_files(files, loader, Silence())
    loader.prove(files.series)
    return loader


@pytest.fixture
def served(database: Database[Any], shared_data: Path, tmp_path: Path) -> Any:
    clock = FakeClock(TODAY)
    with LinkyStandin(meters=read_r63(shared_data / r63.FILE), now=clock.now) as standin:
        yield Load(database, standin, clock, tmp_path, week("2023-03-13", "2025-03-13"))


def measure(own: Pair) -> Any:
    settle(own.record.database)
    return compare_pair(own)


def test_import_and_backfill_store_what_an_independent_reading_finds(
    served: Load, shared_data: Path, database: Database[Any]
) -> None:
    expected = list(r63.expected(shared_data))
    assert len(expected) == READINGS

    outcome = served.run(wait=True)

    assert outcome.written.new == READINGS
    assert outcome.identical
    assert stored(database) == expected
    assert stored(database, "consumptionTS") == expected
    assert documents(database, "consumption") == documents(database, "consumptionTS")
    # The 105 windows and 3 years of totals, never more than 25 in a UTC day, and no ban.
    assert served.routes() == {"courbe_de_charge_consommation": 105, "consommation_quotidienne": 3}
    per_day = Counter(request.at.date() for request in served.standin.requests)
    assert max(per_day.values()) <= 25
    assert len(per_day) == 5
    assert not served.standin.banned
    # Again: no call, no change.
    before = documents(database, "consumption")
    again = served.run()
    assert again.calls == 0
    assert (again.written.new, again.written.changed) == (0, 0)
    assert documents(database, "consumption") == before
    # The hole of 23 hours, and the hour that the step change of July left.
    known = coverage(served.pair, served.series())
    assert known.readings == READINGS
    assert [(start.isoformat(), (end - start).total_seconds() / 3600) for start, end in known.gaps] == gaps_of(expected)
    assert known.covered_seconds == sum(reading.seconds for reading in expected)
    assert known.expected_seconds == 731 * 86_400
    assert outcome.differences == []  # the stand-in's totals are those of the file: nothing else may differ
    buckets_of_windows = measure(served.pair)

    # The import of the file into a fresh database gives the same documents.
    database.client.drop_database(database.name)
    imported = import_r63(database, shared_data / r63.FILE)
    assert imported.outcome.written.new == READINGS
    assert imported.outcome.identical
    assert imported.outcome.flagged == 3
    assert stored(database) == expected
    assert stored(database, "consumptionTS") == expected
    # Order and storage: the backfill's buckets against one clean chronological load.
    clean = measure(imported.pair)
    assert buckets_of_windows.timeseries.buckets <= 1.15 * clean.timeseries.buckets
    for size in (clean, buckets_of_windows):
        assert size.reduction_pct["data"] >= 97
        assert (size.timeseries.storage_bytes - PAGES) / READINGS <= 2.5
        assert size.readings == READINGS


def gaps_of(expected: list[r63.Expected]) -> list[tuple[str, float]]:
    found = []
    for before, after in pairwise(expected):
        hours = (after.ts - before.ts).total_seconds() / 3600 - before.seconds / 3600
        if hours:
            found.append((after_end(before).isoformat(), hours))
    assert 23.0 in [hours for _, hours in found]
    return found


def after_end(reading: r63.Expected) -> datetime:
    return datetime.fromtimestamp(reading.ts.timestamp() + reading.seconds, UTC)


@pytest.mark.soak
def test_files_in_any_order_and_overlapping_are_the_same_readings(database: Database[Any], shared_data: Path) -> None:
    weekly = sorted((shared_data / "linky/weekly_xlsx").glob("*.xlsx"), reverse=True)
    loader = import_r63(database, *weekly, shared_data / r63.FILE)
    assert stored(database) == list(r63.expected(shared_data))
    assert loader.outcome.repeated == 335 + 143 + 335  # every half-hour of the weekly files stands in the export too
    assert loader.outcome.identical
    # The daily totals of the weekly file agree but for the day with the hole, which is told and not smoothed over.
    assert loader.outcome.differences == [
        "linky …0000 consumption 2024-07-18: readings 1,713 Wh, daily total 20,943 Wh (-19,230 Wh), "
        "1 of 24 hours covered"
    ]
    again = import_r63(database, shared_data / r63.FILE)
    assert (again.outcome.written.new, again.outcome.written.changed) == (0, 0)
    assert again.outcome.written.unchanged == READINGS


def test_the_embedded_database_keeps_it_small_over_a_restart(shared_data: Path, tmp_path: Path) -> None:
    """Each command starts and stops the server: what it writes at its end must not undo the saving."""
    code, _, err = finish(start(dict(os.environ), tmp_path, "import", str(shared_data / r63.FILE)))
    assert code == 0, err
    code, out, err = finish(start(dict(os.environ), tmp_path, "compare", "--json"))
    assert code == 0, err
    (sizes,) = json.loads(out)["pairs"]
    assert sizes["readings"] == READINGS
    assert (sizes["timeseries"]["storage_bytes"] - PAGES) / READINGS <= 2.5
    assert sizes["reduction_pct"]["data"] >= 97


def test_what_was_imported_costs_no_call(served: Load, shared_data: Path, database: Database[Any]) -> None:
    import_r63(database, shared_data / r63.FILE)
    served.run(wait=True)
    curves = [request for request in served.standin.requests if "courbe" in request.route]
    holes = {date(2024, 7, 18), date(2024, 7, 30)}
    asked = {(request.start, request.end) for request in curves}
    assert asked == {(str(day), str(date.fromordinal(day.toordinal() + 1))) for day in holes}
    entries = Ledger(database).entries(served.series(), CURVE)
    assert {entry.state for entry in entries} == {"done", "partial"}
    assert verify_pair(served.pair).identical
