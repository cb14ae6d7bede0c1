"""Sums of a fleet over a period, asked of the small collections: households, profiles, bands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.fleet.names import (
    ALL,
    BANDS,
    HOUSEHOLDS,
    PROFILES,
    SLOTS,
    YEARS,
    after,
    day_of,
    first_of,
    month_of,
    needed,
    number_of,
)
from sync.model.localtime import midnight
from sync.model.localtime_query import DAY_MS

from ..kit.reader import ZONES, Reader
from ..kit.view import View
from .queries import Fleet

Real = NDArray[np.float64]
Whole = NDArray[np.int64]

LONGEST_DAILY, LONGEST_WEEKLY = 93, 3 * 366  # days shown by day, by week; longer periods by month
SEASONS = ("winter", "spring", "summer", "autumn")  # winter: December to February
SATURDAY, MONDAY = 5, 4  # weekday; number of the first Monday


@dataclass(frozen=True, slots=True)
class Households:
    """The households with readings in a period. groups: column → its text, for each; wh, days: energy and number of the
    complete days; first, last: first and last day with a reading, as numbers. Which are enough: `counts`."""

    ids: tuple[str, ...]
    groups: tuple[Mapping[str, str], ...]
    wh: Whole
    days: Whole
    first: Whole
    last: Whole
    length: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def counts(self) -> NDArray[np.bool_]:
        """Those with so many complete days that their mean means something."""
        return np.asarray(self.days >= needed(self.length))

    @property
    def daily(self) -> Real:
        """Mean energy of a complete day, Wh; of those that count."""
        return np.asarray(self.wh[self.counts] / self.days[self.counts], dtype=np.float64)

    def within(self, name: str) -> Households:
        """Those of a group: `all`, or `tariff=Std`; `tariff=` for those of which the table does not say it."""
        column, _, text = name.partition("=")
        if name == ALL:
            return self
        places = [at for at, groups in enumerate(self.groups) if groups.get(column, "") == text]
        wh, days, first, last = (each[places] for each in (self.wh, self.days, self.first, self.last))
        ids, groups = tuple(self.ids[at] for at in places), tuple(self.groups[at] for at in places)
        return Households(ids, groups, wh, days, first, last, self.length)


@dataclass(frozen=True, slots=True)
class Profile:
    """Sums over households and days, [weekday or weekend, season, half-hour of the local day]."""

    wh: Real
    seconds: Real

    def watts(self, weekend: int | None = None, season: int | None = None) -> Real:
        """Mean power of a household by half-hour; NaN where nothing was measured."""
        kinds = slice(None) if weekend is None else slice(weekend, weekend + 1)
        seasons = slice(None) if season is None else slice(season, season + 1)
        wh, seconds = (each[kinds, seasons].sum(axis=(0, 1)) for each in (self.wh, self.seconds))
        return np.where(seconds > 0, wh * 3600 / np.maximum(seconds, 1), np.nan)


def households_of(reader: Reader, fleet: Fleet, start: date, end: date) -> Households:
    """All households with a reading in the local days [start, end); asked once for everyone."""
    return reader.kept(("fleet households", fleet, start, end), lambda: _households(reader, fleet, start, end))


def _households(reader: Reader, fleet: Fleet, start: date, end: date) -> Households:
    low, high = number_of(start), number_of(end)
    years = [
        str(year) for year in range(start.year, end.year + 1) if start <= date(year, 1, 1) < date(year + 1, 1, 1) <= end
    ]
    months = [each for each in _months(start, end) if each[:4] not in years]
    inner = [each for each in months if first_of(each) >= start and first_of(after(each)) <= end]
    own = fleet.key() | {"first": {"$lt": high}, "last": {"$gte": low}}
    kept = dict.fromkeys(("groups", "days", "first", "last"), 1)
    whole_years = [{"$match": own | {"_id.year": {"$in": years}}}, {"$project": kept | {"wh": "$whole_wh"}}]
    names = ("groups", "wh", "days", "first", "last")
    stages: list[dict[str, Any]] = [
        {"$match": own | {"_id.month": {"$in": months}}},
        *_clipped(low, high, inner),
        {"$unionWith": {"coll": YEARS, "pipeline": whole_years}},
        {
            "$group": {
                "_id": "$_id.id",
                "groups": {"$last": "$groups"},
                **{name: {"$sum": f"${name}"} for name in ("wh", "days")},
                "first": {"$min": {"$max": ["$first", low]}},
                "last": {"$max": {"$min": ["$last", high - 1]}},
            }
        },
        {"$sort": {"_id": 1}},
        {"$group": {"_id": None, "id": {"$push": "$_id"}} | {name: {"$push": f"${name}"} for name in names}},
    ]
    empty: dict[str, Any] = {name: [] for name in ("id", *names)}
    found = next(reader.database[HOUSEHOLDS].aggregate(stages), empty)
    wh, days, first, last = (np.array(found[name], dtype=np.int64) for name in names[1:])
    return Households(tuple(found["id"]), tuple(found["groups"]), wh, days, first, last, (end - start).days)


def _clipped(low: int, high: int, inner: list[str]) -> list[dict[str, Any]]:
    """Complete days within [low, high) of months, those of `inner` wholly: `wh` and `days`."""
    of_day = {"$first": "$$this"}
    there = {"$and": [{"$gte": [of_day, low]}, {"$lt": [of_day, high]}]}
    pairs = {"$filter": {"input": {"$zip": {"inputs": ["$day", "$day_wh"]}}, "cond": there}}
    is_inner = {"$in": ["$_id.month", inner]}
    return [
        {"$set": {"part": {"$cond": [is_inner, [], {"$map": {"input": pairs, "in": {"$last": "$$this"}}}]}}},
        {
            "$project": {
                **dict.fromkeys(("groups", "first", "last"), 1),
                "wh": {"$cond": [is_inner, "$whole_wh", {"$sum": "$part"}]},
                "days": {"$cond": [is_inner, "$days", {"$size": "$part"}]},
            }
        },
    ]


def profile_of(reader: Reader, fleet: Fleet, group: str, start: date, end: date) -> Profile:
    """Sums by half-hour of a group over the local days [start, end); asked once for everyone."""
    question = ("fleet profile", fleet, group, start, end)
    return reader.kept(question, lambda: _profile(reader, fleet, group, start, end))


def _profile(reader: Reader, fleet: Fleet, group: str, start: date, end: date) -> Profile:
    within = {"$gte": number_of(start), "$lt": number_of(end)}
    weekend = {"$gte": [{"$mod": [{"$subtract": ["$_id.day", MONDAY]}, 7]}, SATURDAY]}
    month = {"$month": {"$toDate": {"$multiply": ["$_id.day", {"$toLong": DAY_MS}]}}}
    season = {"$toInt": {"$floor": {"$divide": [{"$mod": [month, 12]}, 3]}}}
    sums = {"wh": {"$sum": {"$arrayElemAt": ["$wh", "$slot"]}}, "seconds": {"$sum": {"$arrayElemAt": ["$s", "$slot"]}}}
    stages: list[dict[str, Any]] = [
        {"$match": fleet.key() | {"_id.group": group, "_id.day": within}},
        {"$project": {"_id": 0, "wh": 1, "s": "$seconds", "weekend": weekend, "season": season}},
        {"$set": {"slot": {"$range": [0, SLOTS]}}},
        {"$unwind": "$slot"},
        {"$group": {"_id": {"weekend": "$weekend", "season": "$season", "slot": "$slot"}, **sums}},
    ]
    wh, seconds = (np.zeros((2, len(SEASONS), SLOTS)) for _ in range(2))
    for row in reader.database[PROFILES].aggregate(stages):
        place = int(row["_id"]["weekend"]), row["_id"]["season"], row["_id"]["slot"]
        wh[place], seconds[place] = row["wh"], row["seconds"]
    return Profile(wh, seconds)


def bands_of(reader: Reader, fleet: Fleet, group: str, view: View) -> list[dict[str, Any]]:
    """The bands of the days, weeks or months (`step_of`) that touch the period, oldest first."""
    step, start = step_of(view), view.start
    if step == "week":
        start -= timedelta(days=start.weekday())
    elif step == "month":
        start = start.replace(day=1)
    within = {"$gte": number_of(start), "$lt": number_of(view.end)}
    match = fleet.key() | {"_id.group": group, "_id.step": step, "_id.day": within}
    return list(reader.database[BANDS].find(match).sort("_id.day", 1))


def step_of(view: View) -> str:
    """`day`, `week` or `month`, by the length of the period."""
    return "day" if view.length <= LONGEST_DAILY else "week" if view.length <= LONGEST_WEEKLY else "month"


def covered(reader: Reader, fleet: Fleet, group: str, view: View) -> float | None:
    """Share of the time that readings cover, for each household from its first to its last day in the period."""
    found = households_of(reader, fleet, view.start, view.end).within(group)
    if not len(found):
        return None
    zone = ZONES[fleet.source]
    number = np.arange(found.first.min(), found.last.max() + 2)
    at = np.array([midnight(day_of(int(each)), zone) // 1000 for each in number], dtype=np.int64)
    expected = int((at[found.last + 1 - number[0]] - at[found.first - number[0]]).sum())
    seconds = float(profile_of(reader, fleet, group, view.start, view.end).seconds.sum())
    return min(1.0, seconds / expected) if expected else None


def _months(start: date, end: date) -> list[str]:
    found = [month_of(start)]
    while (following := after(found[-1])) <= month_of(end - timedelta(days=1)):
        found.append(following)
    return found
