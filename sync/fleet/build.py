"""Sums many series, month by month; says what it does, and goes on where a run before it stopped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Protocol

from bson import ObjectId

from ..model.clock import Clock
from ..model.localtime import local_day
from ..sources import zone_of
from ..store.lease import Lease, held
from ..store.retry import patiently
from ..store.schema import Document, Pair, series_of
from .bands import band_stages, week_starts, year_stages
from .names import ALL, BANDS, FLEET, HOUSEHOLDS, PROFILES, STEPS, TABLES, YEARS, after, month_of, number_of
from .stages import Cell, Job, Stage, cell_names, household_stages, profile_stages
from .state import LAYOUT, Mark, State, mark_of, state_of

SMALL = 5_000_000  # readings; so few are always summed anew, within seconds, and corrected ones with them
LEASE_SECONDS = 900  # much longer than a month of five thousand households takes
PATIENCE = 5.0  # s to wait for another run


class Progress(Protocol):
    """What a run tells while it works."""

    def start(self, total: int, done: int) -> None: ...

    def advance(self, text: str) -> None: ...


@dataclass(slots=True)
class Report:
    """What a run did. months: summed now; series: in the summary; readings: summed, in all; lacking: of the record that
    the time series has not."""

    source: str
    months: int = 0
    series: int = 0
    readings: int = 0
    lacking: int = 0


class Fleet:
    """The summary of one source. Safe to repeat, to stop at any moment, and to start twice."""

    def __init__(self, pair: Pair, clock: Clock, small: int = SMALL) -> None:
        self.pair = pair
        self.database = pair.record.database
        self.zone = zone_of(pair.source)
        self._clock = clock
        self._small = small

    def build(self, progress: Progress, everything: bool = False) -> Report:
        """Bring the summary up to date. everything: sum all months anew.

        Raises StoreError when another run has it in hand, PyMongoError for what does not pass by itself.
        """
        lease = Lease(self.database, f"fleet {self.pair.source}", LEASE_SECONDS, self._clock)
        with held(lease, PATIENCE):
            state = self._begin(everything)
            progress.start(len(state.todo), state.months - len(state.todo))
            for month in state.todo:
                lease.keep()
                patiently(partial(self._month, month), self._clock)
                progress.advance(month)
            if state.began is not None:
                self._finish(state)
            return self._report(len(state.todo))

    # --- what there is to do ------------------------------------------------------------------------------------------

    def _begin(self, everything: bool) -> State:
        """The months to sum, noted before the first of them is touched."""
        for name, key in INDEXES.items():
            self.database[name].create_index([(field, 1) for field in key])
        state, mark = state_of(self.database, self.pair.source), mark_of(self.pair)
        if state.began == mark and not everything:
            return state
        months = self._months(state, mark, everything)
        if not months and state.began is None:
            return state
        note = {"began": asdict(mark), "todo": months, "months": len(months)}
        old: Document = {"$unset": {"done": ""}} if state.done is None else {}  # of another layout
        self._note({"$set": {**note, "layout": LAYOUT, "at": self._clock.now()}} | old)
        return state_of(self.database, self.pair.source)

    def _months(self, state: State, mark: Mark, everything: bool) -> list[str]:
        """Those that have changed since; all of them where that cannot be known, or costs next to nothing."""
        since = state.began or state.done
        again = everything or state.lacking > 0  # what the time series lacked may be there by now
        if since == mark and not again:
            return []
        whole = self._all_months()
        if again or since is None or since.table != mark.table or mark.readings <= self._small:
            return whole
        fresh = self._fresh(since)
        if fresh is None or mark.readings - since.readings != sum(fresh.values()):
            return whole  # something was taken away
        return sorted({*fresh, *state.todo})

    def _all_months(self) -> list[str]:
        """Every month from the first reading to the last, and those that were summed before."""
        ends = [next(self.pair.mirror.find({}, {"ts": 1}).sort("ts", way).limit(1), None) for way in (1, -1)]
        days = [local_day(int(each["ts"].timestamp() * 1000), self.zone) for each in ends if each]
        known = set(self.database[HOUSEHOLDS].distinct("_id.month", {"_id.source": self.pair.source}))
        if days:
            month, last = month_of(days[0]), month_of(days[-1])
            while month <= last:
                known.add(month)
                month = after(month)
        return sorted(known)

    def _fresh(self, since: Mark) -> dict[str, int] | None:
        """Readings by month that were stored after a mark, found along their `_id`."""
        if since.newest is None:
            return None
        month = {"$dateToString": {"date": "$ts", "format": "%Y-%m", "timezone": self.zone.key}}
        stages: list[Stage] = [
            {"$match": {"_id": {"$gt": since.newest}}},
            {"$group": {"_id": month, "count": {"$sum": 1}}},
        ]
        return {row["_id"]: row["count"] for row in self.pair.record.aggregate(stages)}

    # --- one month ----------------------------------------------------------------------------------------------------

    def _month(self, month: str) -> None:
        """Sum a month; what is there of it and was not written just now is of series or groups that are gone."""
        mirror = self.pair.mirror.name
        job = Job(self.pair.source, month, self.zone, ObjectId())
        self._run(mirror, household_stages(job))
        old = {"_id.source": job.source, "pass": {"$ne": job.number}}
        self.database[HOUSEHOLDS].delete_many(old | {"_id.month": month})
        self._run(HOUSEHOLDS, year_stages(job))
        self.database[YEARS].delete_many(old | {"_id.year": month[:4]})
        self._run(mirror, profile_stages(job, mirror, list(self._cells())))
        within = {"$gte": number_of(job.first), "$lt": number_of(job.end)}
        self.database[PROFILES].delete_many(old | {"_id.day": within})
        for step in STEPS:
            self._run(HOUSEHOLDS, band_stages(job, step))
            low, high = week_starts(job)
            days = {"$gte": low, "$lt": high} if step == "week" else within
            self.database[BANDS].delete_many(old | {"_id.step": step, "_id.day": days})
        self._note({"$pull": {"todo": month}, "$set": {"at": self._clock.now()}})

    def _run(self, collection: str, stages: list[Stage]) -> None:
        self.database[collection].aggregate(stages, allowDiskUse=True).close()

    def _cells(self) -> Iterator[Cell]:
        """The series by the groups that they are in; last those of which no table says anything."""
        members: dict[tuple[tuple[str, str], ...], list[str]] = defaultdict(list)
        if self.pair.source in TABLES:
            table, columns = TABLES[self.pair.source]
            for row in self.database[table].find({}, dict.fromkeys(columns, 1)):
                members[tuple((name, row[name]) for name in columns if name in row)].append(row["_id"])
        if not members:
            yield [ALL], {}
            return
        stored = defaultdict(list)
        for series in series_of(self.pair.mirror):
            stored[series.get("id")].append(series)
        for groups, ids in members.items():
            yield cell_names(dict(groups)), _one_of(series for id in ids for series in stored.pop(id, []))
        yield [ALL], _one_of(series for rest in stored.values() for series in rest)

    # --- the end ------------------------------------------------------------------------------------------------------

    def _finish(self, state: State) -> None:
        """Note what the summary covers, and whether the time series had all of it."""
        totals = self._totals()
        began = state.began
        lacking = 0
        if began and totals["readings"] != began.readings:  # the server's own count may be off after a crash
            lacking = max(0, self.pair.record.count_documents({}) - totals["readings"])
        ours = {name: totals[name] for name in ("readings", "first", "last")} | {"lacking": lacking}
        done = {"done": asdict(began) if began else None, "at": self._clock.now()}
        self._note({"$set": ours | done, "$unset": {"began": "", "todo": "", "months": ""}})

    def _totals(self) -> Document:
        sums = {
            "readings": {"$sum": "$readings"},
            "first": {"$min": "$first"},
            "last": {"$max": "$last"},
            "series": {"$addToSet": {"id": "$_id.id", "flow": "$_id.flow"}},
        }
        stages: list[dict[str, Any]] = [
            {"$match": {"_id.source": self.pair.source}},
            {"$group": {"_id": None, **sums}},
            {"$set": {"series": {"$size": "$series"}}},
        ]
        empty = {"readings": 0, "first": None, "last": None, "series": 0}
        return next(self.database[HOUSEHOLDS].aggregate(stages), empty)

    def _report(self, months: int) -> Report:
        totals, state = self._totals(), state_of(self.database, self.pair.source)
        return Report(self.pair.source, months, totals["series"], totals["readings"], state.lacking)

    def _note(self, change: Document) -> None:
        self.database[FLEET].update_one({"_id": self.pair.source}, change, upsert=True)


def _one_of(series: Iterable[Document]) -> Stage:
    return {"series": {"$in": list(series)}}


INDEXES = {
    HOUSEHOLDS: ("_id.source", "_id.flow", "_id.month"),
    YEARS: ("_id.source", "_id.flow", "_id.year"),
    PROFILES: ("_id.source", "_id.flow", "_id.group", "_id.day"),
    BANDS: ("_id.source", "_id.flow", "_id.group", "_id.step", "_id.day"),
}
