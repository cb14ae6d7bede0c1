"""What the coverage page asks of one series: each local day in seconds, what was asked for it, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sync.model.localtime import day_seconds, days
from sync.model.localtime_query import DAY_MS, local_ms
from sync.model.readings import Series
from sync.model.window import CURVE, DAILY, DONE, EMPTY, FAILED, Entry, months_before
from sync.model.window import PARTIAL as PLAN_PARTIAL
from sync.sources.linky.api import CURVE_HISTORY
from sync.store.ledger import Ledger
from sync.store.schema import Pair

from ..kit.reader import ZONES, Reader, instants_of
from ..kit.view import View

COMPLETE, DIFFERS, PARTIAL, NOTHING, MISSING, DUE, BEFORE = (
    "complete",  # covered to the last second
    "differs",  # covered, but its readings do not add up to the meter's daily total
    "partial",
    "empty",  # asked for, and the API had none
    "missing",  # never asked for, or the call failed
    "due",  # not yet due
    "before",  # before anything was stored or wanted, or below what the API serves
)
STATES = (COMPLETE, DIFFERS, PARTIAL, NOTHING, MISSING, DUE, BEFORE)
PROBLEMS = (DIFFERS, PARTIAL, NOTHING, MISSING)
PUBLISHED = 10  # o'clock, local: what is not there then comes the day after, most likely
RUNS = "sync_runs"
ANSWERED = [DONE, EMPTY, FAILED, PLAN_PARTIAL]  # the others were not asked


@dataclass(frozen=True, slots=True)
class Asked:
    """The last time a day was asked for. by: `backfill`, `import` or the name of a function; at: UTC."""

    at: datetime
    state: str
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """A local day. covered, expected: seconds; wh: of its readings; total: the meter's own daily total in Wh."""

    day: date
    state: str
    covered: int
    expected: int
    readings: int
    wh: int
    total: int | None
    asked: Asked | None


@dataclass(frozen=True, slots=True)
class History:
    """A series from the first day stored or wanted to today; entries: of the ledger, newest first."""

    series: Series
    zone: ZoneInfo
    today: date
    days: Mapping[date, DayCoverage]
    entries: tuple[Entry, ...]
    totals_entries: tuple[Entry, ...]
    floor: tuple[date, str] | None

    def between(self, start: date, end: date) -> list[DayCoverage]:
        """The local days `[start, end)`; those outside the history are not due yet, or before it."""
        return [self.days.get(day) or self._outside(day) for day in days(start, end)]

    def _outside(self, day: date) -> DayCoverage:
        state = DUE if day >= self.today else BEFORE
        return DayCoverage(day, state, 0, day_seconds(day, self.zone), 0, 0, None, None)


def history(reader: Reader, view: View) -> History | None:
    """The history of a view's series; None when nothing is stored at all."""
    series = reader.series_at(view)
    if series is None:
        return None
    now = reader.now()
    hour = now.astimezone(ZONES[series.source]).replace(minute=0, second=0, microsecond=0)
    return reader.kept(("history", series, hour), lambda: _history(reader, series, now))


def _history(reader: Reader, series: Series, now: datetime) -> History:
    zone = ZONES[series.source]
    local = now.astimezone(zone)
    today = local.date()
    due = today if local.hour >= PUBLISHED else today - timedelta(days=1)
    pair = reader.pair_of(series.source)
    ledger = Ledger(reader.database)
    entries = ledger.entries(series, CURVE)
    asked = asked_by_day(entries, _runs_of(reader, series))
    totals = ledger.totals(series)
    floor = ledger.floor(series)
    extent = reader.extent(series)
    first = min(day for day in (extent.first, *asked, months_before(today, CURVE_HISTORY[0])) if day is not None)
    stored = energy_by_day(pair, series, zone, (first, today + timedelta(days=1)))
    found = {}
    for day in days(first, today):
        readings, wh, covered = stored.get(day, (0, 0, 0))
        expected = day_seconds(day, zone)
        below = floor is not None and day < floor[0]
        state = state_of(covered, expected, asked.get(day), is_due=day < due, is_below_floor=below)
        if state == COMPLETE and totals.get(day, wh) != wh:
            state = DIFFERS
        found[day] = DayCoverage(day, state, covered, expected, readings, wh, totals.get(day), asked.get(day))
    newest_first = tuple(sorted(entries, key=lambda entry: entry.at, reverse=True))
    daily = tuple(sorted(ledger.entries(series, DAILY), key=lambda entry: entry.at, reverse=True))
    return History(series, zone, today, found, newest_first, daily, floor)


def state_of(covered: int, expected: int, asked: Asked | None, *, is_due: bool, is_below_floor: bool = False) -> str:
    """The state of a day before its daily total is looked at. covered, expected: seconds of the local day."""
    if covered >= expected:
        return COMPLETE
    if covered and (is_due or asked):
        return PARTIAL
    if is_below_floor:
        return BEFORE
    if not is_due:
        return DUE
    return MISSING if asked is None or asked.state == FAILED else NOTHING


def asked_by_day(entries: Iterable[Entry], runs: Iterable[tuple[date, date, Asked]]) -> dict[date, Asked]:
    """The newest question for each day, by backfills and by functions."""
    questions = [
        (
            entry.window.start,
            entry.window.end,
            Asked(entry.at, entry.state, "import" if entry.status == "import" else "backfill", entry.reason),
        )
        for entry in entries
    ]
    found: dict[date, Asked] = {}
    for start, end, asked in sorted([*questions, *runs], key=lambda question: question[2].at):
        found |= dict.fromkeys(days(start, end), asked)
    return found


def energy_by_day(
    pair: Pair, series: Series, zone: ZoneInfo, period: tuple[date, date]
) -> dict[date, tuple[int, int, int]]:
    """(readings, Wh, covered seconds) of each local day of `[start, end)` that has a reading, one aggregation."""
    start, end = instants_of(View(start=period[0], end=period[1]), zone)
    local = local_ms(zone, start, end)
    stages: list[dict[str, Any]] = [
        {"$match": series.query() | {"ts": {"$gte": start, "$lt": end}}},
        {
            "$group": {
                "_id": {"$floor": {"$divide": [local, DAY_MS]}},
                "readings": {"$sum": 1},
                "wh": {"$sum": "$wh"},
                "seconds": {"$sum": "$seconds"},
            }
        },
    ]
    first = date(1970, 1, 1)
    return {
        first + timedelta(days=int(found["_id"])): (found["readings"], found["wh"], found["seconds"])
        for found in pair.mirror.aggregate(stages)
    }


def _runs_of(reader: Reader, series: Series) -> list[tuple[date, date, Asked]]:
    """What functions asked for this series: local days [start, end) and how it went."""
    stages: list[dict[str, Any]] = [
        {"$match": {"series.series": series.key}},
        {"$project": {"at": 1, "function": 1, "series": 1}},
        {"$unwind": "$series"},
        {"$match": {"series.series": series.key, "series.asked": {"$exists": True}, "series.state": {"$in": ANSWERED}}},
    ]
    found = []
    for run in reader.database[RUNS].aggregate(stages):
        entry = run["series"]
        start, end = (date.fromisoformat(day) for day in entry["asked"])
        asked = Asked(utc(run["at"]), entry["state"], str(run.get("function", "")), str(entry.get("error", "")))
        found.append((start, end, asked))
    return found


def utc(moment: datetime) -> datetime:
    """A stored moment as an aware one."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
