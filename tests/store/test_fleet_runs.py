"""Runs of `python -m sync fleet`: stopped, repeated, after more readings, beside another, on a short mirror."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.fleet.build import Fleet
from sync.fleet.state import mark_of, state_of
from sync.load.progress import Silence
from sync.model.clock import SystemClock
from sync.model.errors import StoreError
from sync.store.lease import Lease
from tests import fleet_rows
from tests.clock import FakeClock
from tests.fleet_rows import identity, london_rows
from tests.processes import environment, finish, start
from tests.shell import Shell

COLLECTIONS = ("fleet_households", "fleet_years", "fleet_profiles", "fleet_bands")


class Stopped(Exception):
    """In the place of a power cut."""


class Steps(Silence):
    """Remembers the months; stops the run after so many."""

    def __init__(self, most: int = 99) -> None:
        self.months: list[str] = []
        self.most = most

    def advance(self, text: str) -> None:
        self.months.append(text)
        if len(self.months) == self.most:
            raise Stopped


def contents(database: Database[Any]) -> list[Any]:
    """Everything that is summed, without the numbers of the runs."""
    return [list(database[name].find({}, {"pass": 0}).sort("_id", 1)) for name in COLLECTIONS]


def run(fleet: Fleet, **asked: bool) -> list[str]:
    steps = Steps()
    fleet.build(steps, **asked)
    return steps.months


def test_a_stopped_run_is_continued_and_gives_the_same(database: Database[Any]) -> None:
    own = fleet_rows.store(database, london_rows(5, days=100))
    fleet = Fleet(own, SystemClock())
    with pytest.raises(Stopped):
        fleet.build(Steps(most=2))
    state = state_of(database, "lcl")
    assert (state.done, state.todo, state.months) == (None, ("2012-12", "2013-01"), 4)
    steps = Steps()
    report = fleet.build(steps)
    assert (steps.months, report.series) == (["2012-12", "2013-01"], 5)
    assert state_of(database, "lcl").done == mark_of(own)
    resumed = contents(database)
    assert run(fleet) == []
    assert len(run(fleet, everything=True)) == 4
    assert contents(database) == resumed
    assert all(resumed)


def test_new_readings_sum_their_months_anew(database: Database[Any]) -> None:
    """Also the weeks that reach into them; a large store does not sum the others again."""
    rows = london_rows(5, days=100)
    later = {identity(9): {at: wh for at, wh in rows[identity(0)].items() if at.month == 12}}
    own = fleet_rows.store(database, rows)
    fleet = Fleet(own, SystemClock(), small=0)
    assert len(run(fleet)) == 4
    fleet_rows.store(database, later)
    assert state_of(database, "lcl").done != mark_of(own)
    assert run(fleet) == ["2012-12"]
    updated = contents(database)
    run(fleet, everything=True)
    assert contents(database) == updated
    assert updated[0] != []


def test_what_is_taken_away_leaves_the_sums(database: Database[Any]) -> None:
    rows = london_rows(4, days=40)
    own = fleet_rows.store(database, rows)
    fleet = Fleet(own, SystemClock(), small=0)
    run(fleet)
    for side in (own.record, own.mirror):
        side.delete_many({"series.id": identity(2)})
    assert run(fleet) == ["2012-10", "2012-11"]
    assert identity(2) not in database["fleet_households"].distinct("_id.id")
    fresh = fleet_rows.by_hand({name: readings for name, readings in rows.items() if name != identity(2)})
    row = database["fleet_bands"].find_one({"_id.step": "month", "_id.group": "all"}, sort=[("_id.day", 1)])
    assert row is not None
    assert row["n"] == len(fresh.means(date(2012, 10, 1), date(2012, 11, 1), 7))
    for side in (own.record, own.mirror):
        side.delete_many({"series.source": "lcl"})
    run(fleet)
    assert contents(database) == [[], [], [], []]


def test_another_household_table_sums_everything_anew(database: Database[Any], tmp_path: Path) -> None:
    fleet = Fleet(fleet_rows.store(database, london_rows(4, days=40)), SystemClock(), small=0)
    run(fleet)
    assert set(database["fleet_bands"].distinct("_id.group")) == {"all"}
    fleet_rows.store_table(database, tmp_path, 4)
    assert run(fleet) == ["2012-10", "2012-11"]
    assert "tariff=ToU" in database["fleet_bands"].distinct("_id.group")
    database["lcl_households"].drop()
    run(fleet)
    assert set(database["fleet_profiles"].distinct("_id.group")) == {"all"}


def test_two_at_once_do_not_work_on_the_same(database: Database[Any]) -> None:
    fleet = Fleet(fleet_rows.store(database, london_rows(3, days=3)), FakeClock(datetime(2026, 1, 1, tzinfo=UTC)))
    other = Lease(database, "fleet lcl", 60)
    other.acquire(0)
    with pytest.raises(StoreError, match="another process keeps writing fleet lcl"):
        fleet.build(Silence())
    other.release()
    assert run(fleet) == ["2012-10"]


def test_the_command(database: Database[Any], sync: Shell) -> None:
    code, out, _ = sync("fleet")
    assert (code, out) == (0, "no readings of meters are stored yet: python -m sync backfill, or import\n")
    own = fleet_rows.store(database, london_rows(5, days=60))
    found = sync.json("fleet", "--source", "lcl")
    (lcl,) = found["sources"]
    assert lcl | {"seconds": 0, "readings": 0} == {
        "source": "lcl", "months": 2, "series": 5, "readings": 0, "lacking": 0, "seconds": 0,
    }  # fmt: skip
    assert lcl["readings"] == own.record.count_documents({})
    code, out, _ = sync("fleet")
    assert code == 0
    assert "lcl: up to date" in out


def test_readings_that_the_time_series_lacks_are_told(
    database: Database[Any], sync: Shell, mongo_uri: str, tmp_path: Path
) -> None:
    own = fleet_rows.store(database, london_rows(4, days=40))
    own.mirror.delete_many({"series.id": identity(0)})
    lost = own.record.count_documents({"series.id": identity(0)})
    environ = environment(sync.standin, mongo_uri, database.name, tmp_path)
    code, out, _ = finish(start(environ, tmp_path, "fleet"))
    assert code == 3
    assert f"{lost:,} readings of the record are not in the time series: run python -m sync repair" in out
    assert sync("repair", "--source", "lcl")[0] == 0
    assert run(Fleet(own, SystemClock()))
    assert state_of(database, "lcl").lacking == 0
