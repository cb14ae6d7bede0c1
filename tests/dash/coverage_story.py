"""A database in which everything happened once: complete, partial, empty, failed, never asked, differing days; runs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from pymongo.database import Database

from sync.model.readings import Series
from sync.model.window import CURVE, DAILY, DONE, EMPTY, FAILED, PARTIAL, Entry, Window
from sync.store.ledger import Ledger
from tests import paris
from tests.dash.stores import TODAY, load_readings

FIRST, END = date(2025, 1, 1), date(2025, 3, 13)  # the last day with readings is 2025-03-11
PARTIAL_DAY, EMPTY_DAYS = date(2025, 1, 10), (date(2025, 1, 20), date(2025, 1, 21))
FAILED_DAY, DIFFERING_DAY = date(2025, 2, 3), date(2025, 2, 20)
NEVER_ASKED = (date(2025, 2, 10), date(2025, 2, 11), date(2025, 2, 12))
BY_FUNCTION = date(2025, 3, 12)
ABSENT = {*EMPTY_DAYS, FAILED_DAY, *NEVER_ASKED, BY_FUNCTION}
WH = 100


def tell(database: Database[Any], prm: str = "99999999999991") -> Series:
    """Half-hours of 100 Wh from 2025-01-01 to 2025-03-12, Paris, with holes; the ledger and the functions' records."""
    start, end = paris.midnight(FIRST), paris.midnight(END)
    count = (end - start) // 1800
    readings = [_reading(start + 1800 * place) for place in range(count)]
    series = load_readings(database, datetime.fromtimestamp(start, UTC), readings, prm)
    ledger = Ledger(database)
    at = TODAY - timedelta(days=1)
    ledger.record(series, CURVE, *_entries(at))
    ledger.record(series, DAILY, Entry(Window(FIRST, END), DONE, at, readings=65, wh=312_000, calls=1, status="200"))
    ledger.keep_totals(series, {DIFFERING_DAY: 5000, date(2025, 2, 21): 4800}, "api", at)
    ledger.raise_floor(series, FIRST, "ADAM-ERR0123", at)
    database["sync_runs"].insert_many(_runs(series.key))
    return series


def _reading(instant: int) -> int | None:
    wall = paris.wall(instant)
    day, clock = date.fromisoformat(wall[:10]), wall[11:16]
    if day in ABSENT or (day == PARTIAL_DAY and "10:00" <= clock < "14:00"):
        return None
    return WH


def _entries(at: datetime) -> list[Entry]:
    def entry(start: date, end: date, state: str, **more: Any) -> Entry:
        return Entry(Window(start, end), state, at, calls=1, **{"status": "200"} | more)

    return [
        entry(date(2025, 1, 1), date(2025, 1, 8), DONE, readings=336, wh=33_600),
        entry(date(2025, 1, 8), date(2025, 1, 15), PARTIAL, readings=328, wh=32_800, short_days=(PARTIAL_DAY,)),
        entry(date(2025, 1, 15), date(2025, 1, 20), DONE, readings=240, wh=24_000),
        entry(
            date(2025, 1, 20), date(2025, 1, 22), EMPTY, status="404", reason="no measure found", short_days=EMPTY_DAYS
        ),
        entry(date(2025, 1, 22), FAILED_DAY, DONE, readings=576, wh=57_600),
        entry(FAILED_DAY, date(2025, 2, 4), FAILED, status="500", reason="technical_error"),
        entry(date(2025, 2, 4), NEVER_ASKED[0], DONE, readings=288, wh=28_800),
        entry(date(2025, 2, 13), date(2025, 3, 12), DONE, readings=1296, wh=129_600),
    ]


def _runs(key: str) -> list[dict[str, Any]]:
    """As atlas_functions/functions/finishRun.js writes them."""
    asked = {"series": key, "asked": ["2025-03-12", "2025-03-13"], "calls": 1, "status": 404}
    nothing = asked | {"state": "empty", "error": "no measure found for this usage point"}
    good = {"series": key, "asked": ["2025-03-11", "2025-03-12"], "calls": 1, "status": 200, "readings": 48, "new": 48}
    head = {"function": "linkyDaily", "operations": 30}
    return [
        head
        | {
            "at": TODAY - timedelta(days=1),
            "seconds": 2.5,
            "ok": True,
            "series": [good | {"changed": 0, "state": "done"}],
        },
        head | {"at": TODAY - timedelta(hours=2), "seconds": 3.25, "ok": True, "series": [nothing]},
        head
        | {"at": TODAY - timedelta(minutes=30), "seconds": 1.0, "ok": False, "series": []}
        | {"error": "linkyDaily: 1 of 1 series failed: linky …9991 consumption: the token has expired"},
    ]
