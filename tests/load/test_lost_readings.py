"""The ledger is no proof: what it says is stored and is not comes back from the mirror, or is asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.model.readings import series_from
from sync.standin.curve import household_meters
from sync.standin.linky import LinkyStandin
from tests.clock import FakeClock
from tests.loads import Load, documents, stored, week
from tests.london import row, write
from tests.london import stored as stored_in_london
from tests.london_command import London
from tests.shell import MONTH, Shell
from tests.strays import strays

pytestmark = pytest.mark.soak  # many servers, processes or mornings

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
WEEK = {"$gte": datetime(2026, 10, 7, 22, tzinfo=UTC), "$lt": datetime(2026, 10, 14, 22, tzinfo=UTC)}


@pytest.fixture
def load(database: Database[Any], tmp_path: Path) -> Iterator[Load]:
    clock = FakeClock(NOW)
    with LinkyStandin(meters=household_meters(), now=clock.now) as standin:
        yield Load(database, standin, clock, tmp_path, week("2026-10-01", "2026-10-29"))


def test_deleted_from_the_record_it_comes_back_without_a_call(load: Load) -> None:
    load.run()
    before = documents(load.database, "consumption")
    load.database.consumption.delete_many({"ts": {"$gte": WEEK["$gte"]}})
    gone = len(before) - load.database.consumption.count_documents({})
    outcome = load.run()
    assert (outcome.calls, outcome.restored, outcome.compared) == (0, gone, len(before))
    assert outcome.identical
    assert documents(load.database, "consumption") == documents(load.database, "consumptionTS") == before
    assert any(f"{gone:,} copied back from consumptionTS, 0 windows" in line for line in load.notes.lines)


def test_deleted_from_both_sides_it_is_asked_for_again_once(load: Load) -> None:
    load.run()
    before = stored(load.database)
    load.database.consumption.delete_many({"ts": WEEK})
    load.database.consumptionTS.drop()
    outcome = load.run()
    assert outcome.calls == 1
    assert outcome.identical
    assert stored(load.database) == before
    assert load.run().calls == 0


def test_a_stray_document_ends_nothing(sync: Shell, database: Database[Any]) -> None:
    """The issue's own example, by the commands; and the counts they print are counted."""
    sync("backfill", *MONTH)
    count = database.consumption.count_documents({})
    database.consumption.insert_one({"test": 1})
    for command in (("verify",), ("repair",), ("backfill", *MONTH)):
        code, out, _ = sync(*command)
        assert code == 0
        assert f"{count:,} documents each" in out
        assert "1 document is not ours and left alone (no series" in out.replace("\n  ", " ")
    assert database.consumption.count_documents({"test": 1}) == 1
    series = series_from(database.consumption.find_one({"series.source": "linky"})["series"])  # type: ignore[index]
    assert series
    # the key has one document of neither series nor ts
    others = [stray for name, stray in strays(series).items() if name not in ("nothing of ours", "the public script's")]
    database.consumption.insert_many(others)
    found = sync.json("status")["sources"][0]["series"]
    assert [each["readings"] for each in found] == [count]
    for command in ("status", "compare", "verify"):
        assert sync(command)[0] == 0


def test_verify_names_the_remedy_for_what_is_gone_from_both(sync: Shell, database: Database[Any]) -> None:
    sync("backfill", *MONTH)
    for name in ("consumption", "consumptionTS"):
        database[name].delete_many({})
    code, out, _ = sync("verify")
    assert code == 1
    assert "EMPTY" in out
    assert "python -m sync backfill takes them" in out
    code, out, _ = sync("backfill", *MONTH)
    assert code == 0
    assert sync("verify")[0] == 0


def test_an_imported_file_is_read_again_when_its_readings_are_gone(
    database: Database[Any], mongo_uri: str, tmp_path: Path
) -> None:
    london = London(mongo_uri, database.name, tmp_path)
    files = [write(tmp_path / f"{n}.csv", [row(slot + 40 * n, 100 + slot) for slot in range(40)]) for n in (1, 2)]
    assert london.json(files)["readings_new"] == 80
    before = stored_in_london(database)
    database.lcl.delete_many({"ts": {"$lt": database.lcl.find_one(sort=[("ts", -1)])["ts"]}})  # type: ignore[index]
    again = london.json(files)
    assert (again["readings_new"], again["identical"]) == (0, True)  # back from the mirror
    assert stored_in_london(database) == before
    for name in ("lcl", "lclTS"):
        database[name].drop()
    third = london.json(files)
    assert (third["readings_new"], third["identical"]) == (80, True)
    assert stored_in_london(database) == before


def test_forget_asks_and_takes_both_sides_and_the_ledger(sync: Shell, database: Database[Any]) -> None:
    sync("backfill", *MONTH)
    assert sync("forget", "--series", "consumption")[0] == 2  # no terminal to ask on
    assert sync("forget", "--series", "nobody", "--yes")[0] == 2
    code, out, _ = sync("forget", "--series", "consumption", "--before", "2026-10-15", "--yes")
    assert code == 0
    assert "none is left" in out
    for name in ("consumption", "consumptionTS"):
        assert database[name].find_one(sort=[("ts", 1)])["ts"] == datetime(2026, 10, 14, 22, tzinfo=UTC)  # type: ignore[index]
    assert sync("verify")[0] == 0
    code, _, _ = sync("forget", "--series", "consumption", "--yes")
    assert [database[name].count_documents({}) for name in ("consumption", "consumptionTS")] == [0, 0]
    assert sync("verify")[0] == 0
    assert database.sync_windows.count_documents({"kind": "curve"}) == 0
