"""Which meters the page about many of them shows, by whose groups, what of them is summed, and the frames of its cards.

It asks the small collections of `sync.fleet`, never the readings themselves.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sync.fleet.names import (
    ALL,
    BANDS,
    HOUSEHOLDS,
    PERCENTILES,
    PROFILES,
    SLOTS,
    SOURCES,
    TABLES,
    YEARS,
    after,
    day_of,
    first_of,
    month_of,
    needed,
    number_of,
)
from sync.fleet.state import Mark, State, mark_of, state_of
from sync.model.localtime import midnight
from sync.model.localtime_query import DAY_MS

from ..kit.blocks import EMPTY_FRAME, Frame
from ..kit.reader import ZONES, Reader
from ..kit.sizes import measured
from ..kit.ticks import clock
from ..kit.view import Extent, Scope, View

FEWEST = 3  # series; percentiles of fewer mean nothing
STANDARDS = {"fleet": "", "group": ALL, "by": ""}
ORDER = (
    "tariff=Std",
    "tariff=ToU",
    "acorn_group=Affluent",
    "acorn_group=Comfortable",
    "acorn_group=Adversity",
    "acorn_group=ACORN-U",
)
"""Groups as people order them; others come before."""
COMMAND = "python -m sync fleet"


@dataclass(frozen=True, slots=True)
class Fleet:
    """All series of a source and flow. series: how many are stored."""

    source: str
    flow: str
    series: int

    @property
    def name(self) -> str:
        """As the address has it: `lcl-consumption`."""
        return f"{self.source}-{self.flow}"

    def key(self) -> dict[str, str]:
        """Matches the documents of this fleet."""
        return {"_id.source": self.source, "_id.flow": self.flow}


def fleets_of(reader: Reader) -> list[Fleet]:
    """The fleets that are large enough, the largest first."""
    found = Counter((each.source, each.flow) for each in reader.series() if each.source in SOURCES)
    large = [Fleet(source, flow, count) for (source, flow), count in found.items() if count >= FEWEST]
    return sorted(large, key=lambda each: -each.series)


def fleet_named(reader: Reader, name: str) -> Fleet | None:
    """The fleet of a name, else the first one; None without any."""
    found = fleets_of(reader)
    return next((each for each in found if each.name == name), found[0] if found else None)


def fleet_in(reader: Reader, view: View) -> Fleet | None:
    """The chosen one."""
    return fleet_named(reader, view.option("fleet", STANDARDS["fleet"]))


def scope(reader: Reader, asked: Mapping[str, str]) -> Scope | None:
    """The days that are summed; None without a fleet."""
    fleet = fleet_named(reader, asked.get("fleet", ""))
    if fleet is None:
        return None
    state = summary_of(reader, fleet)
    extent = Extent()
    if state.first is not None and state.last is not None:
        extent = Extent(day_of(state.first), day_of(state.last) + timedelta(days=1))
    return Scope(extent, reader.today(ZONES[fleet.source]))


def summary_of(reader: Reader, fleet: Fleet) -> State:
    """What is summed."""
    return reader.kept(("fleet state", fleet.source), lambda: state_of(reader.database, fleet.source))


def mark_now(reader: Reader, fleet: Fleet) -> Mark:
    """What is stored."""
    minute = int(reader.now().timestamp() // 60)
    return reader.kept(("fleet mark", fleet.source, minute), lambda: mark_of(reader.pair_of(fleet.source)))


def columns_of(fleet: Fleet) -> tuple[str, ...]:
    """By what the households of a fleet can be grouped."""
    return TABLES[fleet.source][1] if fleet.source in TABLES else ()


def groups_of(reader: Reader, fleet: Fleet) -> list[str]:
    """`all` and the groups that have households."""

    def ask() -> list[str]:
        found = reader.database[BANDS].distinct("_id.group", fleet.key() | {"_id.step": "month"})
        rank = {name: place for place, name in enumerate(ORDER)}
        return [ALL, *sorted((name for name in found if name != ALL), key=lambda name: (rank.get(name, -1), name))]

    return reader.kept(("fleet groups", fleet), ask)


def group_in(reader: Reader, fleet: Fleet, view: View) -> str:
    """The chosen group; all of them for one that is none."""
    name = view.option("group", STANDARDS["group"])
    return name if name in groups_of(reader, fleet) else ALL


def by_in(fleet: Fleet, view: View) -> str:
    """The chosen column to compare by; empty where there is none."""
    columns = columns_of(fleet)
    name = view.option("by", STANDARDS["by"])
    return name if name in columns else (columns[0] if columns else "")


# --- sums over a period -----------------------------------------------------------------------------------------------


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


# --- frames -----------------------------------------------------------------------------------------------------------


BINS = 28  # of the distribution, up to its 99th percentile; what is above stands in one more
ROUND = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # kWh, widths of a bin
KINDS = ("weekdays", "weekends")
MEASURES = ("data", "storage", "index", "total")  # of bytes

Ask = Callable[[Reader, View, Fleet, str], Frame]


def of_fleet(ask: Ask) -> Callable[[Reader, View], Frame]:
    """A frame of the chosen fleet and group; empty without one, and before its first summary."""

    def frame(reader: Reader, view: View) -> Frame:
        fleet = fleet_in(reader, view)
        if fleet is None or summary_of(reader, fleet).at is None:
            return EMPTY_FRAME
        return ask(reader, view, fleet, group_in(reader, fleet, view))

    frame.__doc__ = ask.__doc__
    return frame


@of_fleet
def key_frame(reader: Reader, view: View, fleet: Fleet, group: str) -> Frame:
    """Key figures: one row. Notes: figures, and what the summary does not cover."""
    notes = _state_notes(reader, fleet)
    found = households_of(reader, fleet, view.start, view.end).within(group)
    daily = found.daily
    if not len(daily):
        return Frame(pd.DataFrame() if notes["warning"] is None else pd.DataFrame([{"households": 0}]), None, notes)
    ordered = np.sort(daily)
    largest = ordered[len(ordered) - max(1, round(len(ordered) / 10)) :]
    figures = {
        "households": len(found),
        "counted": len(daily),
        **{f"p{percent}_kwh_a_day": quantile(daily, percent) / 1000 for percent in PERCENTILES},
        "mean_kwh_a_day": float(daily.mean()) / 1000,
        "share_of_largest_tenth": float(largest.sum() / ordered.sum()) if ordered.sum() > 0 else None,
        "only_zeros": int((daily == 0).sum()),
    }
    table = pd.DataFrame([{"fleet": fleet.name, "group": group, **figures}])
    notes |= {"figures": figures, "group": group, "needed": needed(view.length)}
    return Frame(table, covered(reader, fleet, group, view), notes)


def _state_notes(reader: Reader, fleet: Fleet) -> dict[str, Any]:
    """at: when the summary was made; warning: `making`, `stale`, `lacking` or None, with its numbers."""
    state, now = summary_of(reader, fleet), mark_now(reader, fleet)
    notes: dict[str, Any] = {"at": state.at, "source": fleet.source, "warning": None}
    if state.began is not None:
        done = state.months - len(state.todo)
        return notes | {"warning": "making", "numbers": {"done": done, "months": state.months}}
    if state.done is None or state.done != now:
        more = now.readings - (state.done.readings if state.done else 0)
        return notes | {"warning": "stale", "numbers": {"readings": max(0, more)}}
    if state.lacking:
        return notes | {"warning": "lacking", "numbers": {"readings": state.lacking}}
    return notes


@of_fleet
def bands_frame(reader: Reader, view: View, fleet: Fleet, group: str) -> Frame:
    """Percentiles of the households' energy a complete day, kWh, by day, week or month."""
    step = step_of(view)
    rows = bands_of(reader, fleet, group, view)
    table = pd.DataFrame(
        [
            {"from": day_of(row["_id"]["day"]), "households": row["n"], "mean_kwh_a_day": row["mean"] / 1000}
            | {f"p{percent}_kwh_a_day": row[f"p{percent}"] / 1000 for percent in PERCENTILES}
            for row in rows
        ]
    )
    return Frame(table, covered(reader, fleet, group, view), {"step": step, "days": (view.start, view.end)})


@of_fleet
def distribution_frame(reader: Reader, view: View, fleet: Fleet, group: str) -> Frame:
    """How many households use how much: a row a bin of kWh a complete day, the last one open."""
    found = households_of(reader, fleet, view.start, view.end).within(group)
    daily = found.daily / 1000
    if not len(daily):
        return EMPTY_FRAME
    counts, edges = binned(daily)
    table = pd.DataFrame(
        {
            "from_kwh_a_day": edges[:-1],
            "to_kwh_a_day": [*edges[1:-1].tolist(), float("nan") if np.isinf(edges[-1]) else float(edges[-1])],
            "households": counts,
            "share": np.round(counts / len(daily), 6),
        }
    )
    notes = {
        "quantiles": {percent: quantile(daily, percent) for percent in PERCENTILES},
        "edges": edges,
        "zeros": int((daily == 0).sum()),
        "left_out": len(found) - len(daily),
        "needed": needed(view.length),
    }
    return Frame(table, covered(reader, fleet, group, view), notes)


def binned(daily: Real) -> tuple[Any, Real]:
    """(households by bin, edges): bins of one round width, then one to infinity if there is anything beyond."""
    top = quantile(daily, 99)
    width = next((each for each in ROUND if top / each <= BINS), ROUND[-1])
    number = max(1, math.ceil(round(top / width, 9)))
    if float(daily.max()) < number * width:
        edges = np.round(np.arange(number + 1) * width, 6)
    else:
        edges = np.append(np.round(np.arange(number + 1) * width, 6), np.inf)
    place = np.searchsorted(edges, daily, side="right") - 1
    return np.bincount(place, minlength=len(edges) - 1), edges


@of_fleet
def profile_frame(reader: Reader, view: View, fleet: Fleet, group: str) -> Frame:
    """Mean power of a household by half-hour of the local day, weekdays and weekends, by season."""
    profile = profile_of(reader, fleet, group, view.start, view.end)
    rows = []
    for season, name in enumerate(SEASONS):
        for weekend, kind in enumerate(KINDS):
            watts = profile.watts(weekend, season)
            seconds = profile.seconds[weekend, season]
            rows += [
                {
                    "season": name,
                    "days": kind,
                    "local_time": clock(30 * slot),
                    "mean_w": round(float(watts[slot]), 3),
                    "measured_hours": round(float(seconds[slot]) / 3600, 3),
                }
                for slot in np.flatnonzero(np.isfinite(watts)).tolist()
            ]
    table = pd.DataFrame(rows)
    return Frame(table, covered(reader, fleet, group, view), {"profile": profile, "is_production": _feeds(fleet)})


@of_fleet
def groups_frame(reader: Reader, view: View, fleet: Fleet, _group: str) -> Frame:
    """A row a group of the chosen column, all households first: percentiles of their energy a complete day."""
    found = households_of(reader, fleet, view.start, view.end)
    rows = []
    for name in _compared(reader, fleet, view, found):
        own = found.within(name)
        daily = own.daily / 1000
        row: dict[str, Any] = {"group": name, "households": len(own), "counted": len(daily)}
        if len(daily):
            row |= {"mean_kwh_a_day": float(daily.mean())}
            row |= {f"p{percent}_kwh_a_day": quantile(daily, percent) for percent in PERCENTILES}
            rows.append(row)
    if len(rows) < 2:  # a group of everyone says nothing new
        return EMPTY_FRAME
    return Frame(pd.DataFrame(rows), covered(reader, fleet, ALL, view), {"by": by_in(fleet, view)})


@of_fleet
def group_profile_frame(reader: Reader, view: View, fleet: Fleet, _group: str) -> Frame:
    """Mean power of a household of each group by half-hour of the local day."""
    found = households_of(reader, fleet, view.start, view.end)
    rows = []
    for name in _compared(reader, fleet, view, found):
        if name == ALL or name.endswith("="):
            continue
        watts = profile_of(reader, fleet, name, view.start, view.end).watts()
        households = len(found.within(name))
        rows += [
            {
                "group": name,
                "households": households,
                "local_time": clock(30 * slot),
                "mean_w": round(float(watts[slot]), 3),
            }
            for slot in range(SLOTS)
            if np.isfinite(watts[slot])
        ]
    return Frame(pd.DataFrame(rows), covered(reader, fleet, ALL, view), {"is_production": _feeds(fleet)})


def _compared(reader: Reader, fleet: Fleet, view: View, found: Households) -> list[str]:
    """`all`, the groups of the chosen column, and those that are in none of them."""
    column = by_in(fleet, view)
    if not column:
        return []
    named = [name for name in groups_of(reader, fleet) if name.startswith(f"{column}=")]
    without = [f"{column}="] if any(not groups.get(column) for groups in found.groups) else []
    return [ALL, *named, *without] if named else []


@of_fleet
def storage_frame(reader: Reader, _view: View, fleet: Fleet, _group: str) -> Frame:
    """Bytes that a household takes in both forms, a row a form: the whole pair by the number of its series."""
    found = measured(reader)
    own = next((each for each in found.pairs if each.source == fleet.source), None)
    if own is None or own.refused or own.series == 0:
        return EMPTY_FRAME
    rows = [
        {
            "form": form,
            "count_of_series": own.series,
            "readings_a_series": own.readings / own.series,
            **{f"{name}_bytes": getattr(size, f"{name}_bytes") / own.series for name in MEASURES},
        }
        for form, size in (("regular", own.regular), ("timeseries", own.timeseries))
    ]
    notes = {"at": found.at, "version": found.server_version, "settled": own.settled}
    return Frame(pd.DataFrame(rows), None, notes)


def quantile(values: Real, percent: int) -> float:
    """Interpolated between neighbours, as the server's are."""
    return float(np.percentile(values, percent))


def _feeds(fleet: Fleet) -> bool:
    return fleet.flow == "production"
