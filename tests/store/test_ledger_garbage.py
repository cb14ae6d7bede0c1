"""Entries of the ledger that someone edited: as good as not there, named once, and asked for again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pymongo.database import Database

from sync.model.notice import warn_once
from sync.model.readings import Series
from sync.model.window import CURVE, DONE, Entry, Window
from sync.store.ledger import Ledger, Limit
from sync.store.schema import FLOORS, TOTALS, WINDOWS
from tests.shell import MONTH, Shell

PRM = "21121707640844"
SERIES = Series("linky", PRM, "consumption")
AT = datetime(2026, 11, 1, tzinfo=UTC)
FIRST, SECOND = Window(date(2026, 10, 1), date(2026, 10, 8)), Window(date(2026, 10, 8), date(2026, 10, 15))
DAY = date(2026, 10, 1)


@pytest.fixture
def ledger(database: Database[Any]) -> Ledger:
    ledger = Ledger(database)
    ledger.record(SERIES, CURVE, Entry(FIRST, DONE, AT, 336, 500), Entry(SECOND, DONE, AT, 336, 600))
    ledger.raise_floor(SERIES, DAY, "activation", AT)
    ledger.keep_totals(SERIES, {DAY: 5, SECOND.start: 6}, "test", AT)
    warn_once.cache_clear()
    return ledger


@pytest.mark.parametrize(
    "garbage",
    [
        {"$unset": {"at": 1}},
        {"$unset": {"state": 1, "short_days": 1, "readings": 1}},
        {"$set": {"at": "yesterday"}},
        {"$set": {"at": None}},
        {"$set": {"state": "perhaps"}},
        {"$set": {"state": ["done"]}},
        {"$set": {"start": "10/01/2026"}},
        {"$set": {"start": 20261001}},
        {"$set": {"end": "2026-10-01"}},
        {"$set": {"end": {"day": "2026-10-08"}}},
        {"$set": {"readings": "many"}},
        {"$set": {"wh": True}},
        {"$set": {"calls": None}},
        {"$set": {"short_days": "2026-10-02"}},
        {"$set": {"short_days": ["soon"]}},
        {"$set": {"short_days": [1]}},
        {"$set": {"rejects": 7}},
    ],
)
def test_a_window_that_cannot_be_read_is_not_known(
    ledger: Ledger, database: Database[Any], garbage: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    database[WINDOWS].update_one({"start": FIRST.start.isoformat()}, garbage)
    assert [entry.window for entry in ledger.entries(SERIES, CURVE)] == [SECOND]
    assert ledger.counts(SERIES)[DONE] == 1
    said = capsys.readouterr().err
    assert said.startswith(f"warning: {WINDOWS} holds what cannot be read (")
    assert said.count("\n") == 1
    assert PRM not in said
    ledger.record(SERIES, CURVE, Entry(Window(FIRST.start, SECOND.end), DONE, AT, 672, 1100))
    assert Window(FIRST.start, SECOND.end) in [entry.window for entry in ledger.entries(SERIES, CURVE)]
    assert SECOND not in [entry.window for entry in ledger.entries(SERIES, CURVE)]


@pytest.mark.parametrize("garbage", [{"$unset": {"code": 1}}, {"$set": {"day": 3}}, {"$set": {"day": "never"}}])
def test_a_floor_that_cannot_be_read_is_learned_anew(
    ledger: Ledger, database: Database[Any], garbage: dict[str, Any]
) -> None:
    database[FLOORS].update_one({}, garbage)
    assert ledger.floor(SERIES) is None
    ledger.raise_floor(SERIES, DAY, "activation", AT)
    assert ledger.floor(SERIES) == (DAY, "activation")


@pytest.mark.parametrize("garbage", [{"$unset": {"at": 1}}, {"$set": {"number": "6"}}, {"$set": {"number": True}}])
def test_a_limit_that_cannot_be_read_is_learned_anew(
    ledger: Ledger, database: Database[Any], garbage: dict[str, Any]
) -> None:
    limit = Limit(6, "less than 7 days", AT)
    ledger.learn("linky load curve span", limit, "linky")
    assert ledger.learned("linky load curve span") == limit
    database[FLOORS].update_one({"_id": "linky load curve span"}, garbage)
    assert ledger.learned("linky load curve span") is None
    ledger.learn("linky load curve span", limit, "linky")
    assert ledger.learned("linky load curve span") == limit


@pytest.mark.parametrize("garbage", [{"$unset": {"wh": 1}}, {"$set": {"wh": "5"}}, {"$set": {"wh": 5.5}}])
def test_a_daily_total_that_cannot_be_read_is_not_there(
    ledger: Ledger, database: Database[Any], garbage: dict[str, Any]
) -> None:
    database[TOTALS].update_one({"day": DAY.isoformat()}, garbage)
    assert ledger.totals(SERIES) == ledger.totals(SERIES, SECOND) == {SECOND.start: 6}


def test_commands_over_a_ledger_full_of_garbage(sync: Shell, database: Database[Any]) -> None:
    assert sync("backfill", *MONTH)[0] == 0
    whole = sync.json("status")["sources"][0]["windows"]
    assert whole["done"] > 1
    database[WINDOWS].update_one({"kind": CURVE, "state": DONE}, {"$unset": {"at": 1, "end": 1}})
    database[FLOORS].insert_one({"_id": database.sync_windows.find_one()["series"]})  # type: ignore[index]
    database[TOTALS].update_many({}, {"$set": {"wh": None}})
    database.sync_verifications.update_many({}, {"$unset": {"at": 1}})
    code, out, err = sync("status")
    assert code == 0, err
    assert "last verification" not in out
    for name in (WINDOWS, FLOORS, "sync_verifications"):
        assert err.count(f"warning: {name} holds what cannot be read") == 1
    calls = len(sync.standin.requests)
    code, out, err = sync("backfill", *MONTH)
    assert code == 0, err
    assert len(sync.standin.requests) > calls
    assert sync.json("status")["sources"][0]["windows"] == whole
