"""The aggregations over readings, as plain lists of stages: months of households, and profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId

from ..model.localtime import day_seconds, days, midnight
from ..model.localtime_query import DAY_MS, local_ms
from .names import ALL, HOUSEHOLDS, PROFILES, SLOTS, TABLES, after, first_of, number_of

Stage = dict[str, Any]

Cell = tuple[Sequence[str], Stage]
"""Series that are in the same groups: (the names of these, a condition that only these series meet)."""

SLOT_SECONDS = 1800
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Job:
    """A pass over a local month of a source, with a number of its own."""

    source: str
    month: str
    zone: ZoneInfo
    number: ObjectId

    @property
    def first(self) -> date:
        """The first day."""
        return first_of(self.month)

    @property
    def end(self) -> date:
        """The day after the last one."""
        return first_of(after(self.month))

    def instants(self) -> tuple[datetime, datetime]:
        """The UTC instants [start, end) of the month."""
        start, end = (midnight(day, self.zone) / 1000 for day in (self.first, self.end))
        return datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)

    def measured(self) -> Stage:
        """Condition on readings."""
        start, end = self.instants()
        return {"ts": {"$gte": start, "$lt": end}}

    def local(self) -> Stage:
        """Expression: `ts` on the local wall clock, ms."""
        return local_ms(self.zone, *self.instants())

    def merged(self, collection: str) -> list[Stage]:
        """The last stages of each: what is there already is replaced."""
        return [
            {"$set": {"pass": {"$literal": self.number}}},
            {"$merge": {"into": collection, "whenMatched": "replace", "whenNotMatched": "insert"}},
        ]


# --- months of households ---------------------------------------------------------------------------------------------


def household_stages(job: Job) -> list[Stage]:
    """Readings of a month → `fleet_households`."""
    local = job.local()
    sums = {"wh": {"$sum": "$wh"}, "seconds": {"$sum": "$seconds"}, "readings": {"$sum": 1}}
    day = {"$subtract": [local, {"$mod": [local, DAY_MS]}]}
    number = {"$toInt": {"$divide": ["$_id.day", DAY_MS]}}
    each = {"day": number, "wh": "$wh", "whole": {"$gte": ["$seconds", _length(number, job)]}}
    whole = {"$filter": {"input": "$each", "cond": "$$this.whole"}}
    return [
        {"$match": job.measured()},
        {"$group": {"_id": {"id": "$series.id", "flow": "$series.flow", "day": day}, **sums}},
        {"$sort": {"_id.day": 1}},
        {
            "$group": {
                "_id": {"id": "$_id.id", "flow": "$_id.flow"},
                **{name: {"$sum": f"${name}"} for name in sums},
                "each": {"$push": each},
            }
        },
        *_groups_of(job.source),
        {
            "$project": {
                "_id": {"source": job.source, "flow": "$_id.flow", "month": {"$literal": job.month}, "id": "$_id.id"},
                "groups": 1,
                **dict.fromkeys(sums, 1),
                "first": {"$min": "$each.day"},
                "last": {"$max": "$each.day"},
                "whole": whole,
            }
        },
        {
            "$set": {
                "days": {"$size": "$whole"},
                "whole_wh": {"$sum": "$whole.wh"},
                "day": "$whole.day",
                "day_wh": "$whole.wh",
            }
        },
        {"$unset": "whole"},
        *job.merged(HOUSEHOLDS),
    ]


def _length(number: Stage, job: Job) -> Stage | int:
    """Seconds of the local day of a number: an expression, where the clock changes within the month."""
    lengths = {day: day_seconds(day, job.zone) for day in days(job.first, job.end)}
    branches = [
        {"case": {"$eq": [number, number_of(day)]}, "then": seconds}
        for day, seconds in lengths.items()
        if seconds != DAY_SECONDS
    ]
    return {"$switch": {"branches": branches, "default": DAY_SECONDS}} if branches else DAY_SECONDS


def _groups_of(source: str) -> list[Stage]:
    """`groups` from the household table: a series of which it says nothing has none."""
    if source not in TABLES:
        return [{"$set": {"groups": {"$literal": {}}}}]
    table, columns = TABLES[source]
    found = {"$ifNull": [{"$first": "$row"}, {}]}
    picked = {"$filter": {"input": {"$objectToArray": found}, "cond": {"$in": ["$$this.k", list(columns)]}}}
    return [
        {"$lookup": {"from": table, "localField": "_id.id", "foreignField": "_id", "as": "row"}},
        {"$set": {"groups": {"$arrayToObject": picked}}},
    ]


# --- profiles ---------------------------------------------------------------------------------------------------------


def profile_stages(job: Job, mirror: str, cells: Sequence[Cell]) -> list[Stage]:
    """Readings of a month → `fleet_profiles`. mirror: the name of their collection; cells: disjoint, and all series
    together. To look up each reading's groups would take the server many times as long as one query a cell."""
    parts = [_cell(job, groups, condition) for groups, condition in cells]
    key = {"group": "$groups", "flow": "$_id.flow", "day": "$_id.day"}
    slots: list[Stage] = [
        {"$group": {"_id": {**key, "slot": "$_id.slot"}, "wh": {"$sum": "$wh"}, "seconds": {"$sum": "$seconds"}}},
        {
            "$group": {
                "_id": {name: f"$_id.{name}" for name in key},
                "slots": {"$push": {"slot": "$_id.slot", "wh": "$wh", "seconds": "$seconds"}},
            }
        },
    ]
    return [
        *parts[0],
        *({"$unionWith": {"coll": mirror, "pipeline": part}} for part in parts[1:]),
        {"$unwind": "$groups"},
        *slots,
        {
            "$project": {
                "_id": {"source": job.source, "flow": "$_id.flow", "group": "$_id.group", "day": "$_id.day"},
                **{name: _in_slots(name) for name in ("wh", "seconds")},
            }
        },
        *job.merged(PROFILES),
    ]


def _cell(job: Job, groups: Sequence[str], condition: Stage) -> list[Stage]:
    """Sums of a cell by day and half-hour. A longer reading is shared out over the half-hours that it covers, those of
    its own day: the last one of a day goes round to the first."""
    local = job.local()
    length = SLOT_SECONDS * 1000
    half_hour = {"flow": "$series.flow", "at": {"$subtract": [local, {"$mod": [local, length]}]}, "seconds": "$seconds"}
    covers = {"$range": [0, {"$toInt": {"$ceil": {"$divide": ["$_id.seconds", SLOT_SECONDS]}}}]}
    lasts = {"$min": [SLOT_SECONDS, {"$subtract": ["$_id.seconds", {"$multiply": ["$ahead", SLOT_SECONDS]}]}]}
    place = {"$add": [{"$divide": [{"$mod": ["$_id.at", DAY_MS]}, length]}, "$ahead"]}
    day = {"$divide": [{"$subtract": ["$_id.at", {"$mod": ["$_id.at", DAY_MS]}]}, DAY_MS]}
    return [
        {"$match": job.measured() | condition},
        {"$group": {"_id": half_hour, "wh": {"$sum": "$wh"}, "count": {"$sum": 1}}},
        {"$set": {"ahead": covers, "groups": {"$literal": list(groups)}}},
        {"$unwind": "$ahead"},
        {
            "$project": {
                "_id": {"flow": "$_id.flow", "day": {"$toInt": day}, "slot": {"$toInt": {"$mod": [place, SLOTS]}}},
                "groups": 1,
                "wh": {"$divide": [{"$multiply": ["$wh", lasts]}, "$_id.seconds"]},
                "seconds": {"$multiply": ["$count", lasts]},
            }
        },
    ]


def _in_slots(name: str) -> Stage:
    """48 numbers, 0 where nothing is."""
    place = {"$indexOfArray": ["$slots.slot", "$$this"]}
    there: Stage = {"$arrayElemAt": [f"$slots.{name}", place]}
    return {"$map": {"input": {"$range": [0, SLOTS]}, "in": {"$cond": [{"$lt": [place, 0]}, 0, there]}}}


def cell_names(groups: Mapping[str, str]) -> list[str]:
    """`{tariff: Std}` → `["all", "tariff=Std"]`."""
    return [ALL, *(f"{name}={text}" for name, text in groups.items())]
