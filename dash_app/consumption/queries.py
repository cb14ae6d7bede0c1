"""What the consumption page asks the server: energy by day and hour, the distribution of power, the usual week.

All from the time-series collection; each matches one series and a range of `ts`: it opens that series' buckets alone.
A reading belongs to the hour and the local day in which it starts. Average power is `wh * 3600 / seconds`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sync.model.localtime import midnight
from sync.model.localtime_query import DAY_MS, EPOCH, local_ms, offset_changes
from sync.model.readings import Series
from sync.store.schema import Pair

Whole = NDArray[np.int64]
Real = NDArray[np.float64]
Marks = NDArray[np.bool_]

HOUR_MS = 3_600_000
SLOT_MS = 1_800_000  # half an hour, the resolution of the usual week
SLOTS = 48
THURSDAY = 3  # weekday of 1970-01-01
SATURDAY = 5
NIGHT = (1, 5)  # local hours [from, to) in which the base load is read: most sleep, little is heated for the morning
BASE_SHARE = 0.1  # the base load is not exceeded for this share of the nights
WATTS = {"$divide": [{"$multiply": ["$wh", 3600]}, "$seconds"]}


@dataclass(frozen=True, slots=True)
class Intervals:
    """Measured intervals, oldest first. start, end: ms UTC; wh; seconds: how much of it readings cover; low, high: the
    least and greatest average power of its readings, W."""

    start: Whole
    end: Whole
    wh: Whole
    seconds: Whole
    low: Real
    high: Real

    def __len__(self) -> int:
        return len(self.start)

    @property
    def watts(self) -> Real:
        """Average power while measured."""
        return np.asarray(self.wh * 3600 / np.maximum(self.seconds, 1), dtype=np.float64)

    def laid_out(self, start: int | None = None, end: int | None = None) -> tuple[Whole, Marks]:
        """Edges of the intervals and of the gaps between them, and which are measured; start, end: gaps from there on,
        and up to there, count too."""
        edges = np.concatenate([self.start, self.end])
        outer = [
            at for at in (start, end) if at is not None and not (edges.min(initial=at) < at < edges.max(initial=at))
        ]
        edges = np.unique(np.concatenate([edges, np.array(outer, dtype=np.int64)]))
        return edges, np.isin(edges[:-1], self.start)


@dataclass(frozen=True, slots=True)
class Days:
    """Every local day from `first` on, measured or not. edges: midnights, ms UTC, one more than days; wh, seconds
    (covered), low, high (W): by day; a day without a reading has 0 seconds, and its other columns mean nothing."""

    first: date
    edges: Whole
    wh: Whole
    seconds: Whole
    low: Real
    high: Real

    def __len__(self) -> int:
        return len(self.wh)

    @property
    def expected(self) -> Whole:
        """Length of each day: 82,800, 86,400 or 90,000 s."""
        return np.diff(self.edges) // 1000

    @property
    def is_whole(self) -> NDArray[np.bool_]:
        """Which days are measured from midnight to midnight."""
        return np.asarray(self.seconds >= self.expected)

    def dates(self) -> list[date]:
        return [self.first + timedelta(days=place) for place in range(len(self))]


@dataclass(frozen=True, slots=True)
class Samples:
    """Average powers, W, ascending, and how long each lasted, s."""

    watts: Real
    seconds: Whole

    def quantile(self, share: float) -> float | None:
        """The power that was not exceeded for this share (0 … 1) of the measured time, W; None without readings."""
        lasted = np.cumsum(self.seconds)
        if len(lasted) == 0 or lasted[-1] == 0:
            return None
        return float(self.watts[np.searchsorted(lasted, share * lasted[-1])])


@dataclass(frozen=True, slots=True)
class Distribution(Samples):
    """How long each power lasted. night: in the hours NIGHT; first: start of the first such reading, ms UTC."""

    night: Whole
    first: Whole

    @property
    def base(self) -> float | None:
        """The base load, W."""
        return Samples(self.watts, self.night).quantile(BASE_SHARE)


def spread_out(values: Real, measured: Marks) -> Real:
    """What is known of the measured intervals, NaN for the others."""
    found = np.full(len(measured), np.nan)
    found[measured] = values
    return found


def days_of(pair: Pair, series: Series, zone: ZoneInfo, first: date, end: date) -> Days:
    """Energy of the local days [first, end)."""
    count = max(0, (end - first).days)
    edges = np.array([midnight(first + timedelta(days=place), zone) for place in range(count + 1)])
    wh, seconds = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    low, high = np.zeros(count), np.zeros(count)
    ordinal = first.toordinal() - date(1970, 1, 1).toordinal()
    local = local_ms(zone, moment(edges[0]), moment(edges[-1]))
    stages = [*_measured(series, edges[0], edges[-1]), _grouped(_floor(local, DAY_MS))]
    for found in pair.mirror.aggregate(stages) if count else ():
        place = int(found["_id"]) // DAY_MS - ordinal
        wh[place], seconds[place] = found["wh"], found["seconds"]
        low[place], high[place] = found["low"], found["high"]
    return Days(first, edges, wh, seconds, low, high)


def hours_of(pair: Pair, series: Series, start: int, end: int, spread: bool = True) -> Intervals:
    """Energy by UTC hour, which is a local hour too in every zone of ours; start, end: ms, whole hours.

    Without `spread` low and high are the average: two years take the server two thirds of the time.
    """
    since = {"$subtract": ["$ts", EPOCH]}
    names = ["wh", "seconds", *(["low", "high"] if spread else [])]
    stages = [*_measured(series, start, end), _grouped(_floor(since, HOUR_MS), spread), _in_columns(names)]
    found = _one(pair, stages, names)
    at = np.array(found["key"], dtype=np.int64)
    order = np.argsort(at)
    wh, seconds = (np.array(found[name], dtype=np.int64)[order] for name in ("wh", "seconds"))
    average = np.array([]) if spread else wh * 3600 / np.maximum(seconds, 1)
    low, high = (np.array(found[name], dtype=np.float64)[order] if spread else average for name in ("low", "high"))
    return Intervals(at[order], at[order] + HOUR_MS, wh, seconds, low, high)


def readings_of(pair: Pair, series: Series, start: int, end: int) -> Intervals:
    """The readings themselves: for a week at most."""
    shown = {"_id": 0, "ts": 1, "wh": 1, "seconds": 1}
    rows = list(pair.mirror.find(_match(series, start, end), shown))
    at = milliseconds(row["ts"] for row in rows)
    order = np.argsort(at)
    wh, seconds = (np.array([row[name] for row in rows], dtype=np.int64)[order] for name in ("wh", "seconds"))
    watts = wh * 3600 / np.maximum(seconds, 1)
    return Intervals(at[order], at[order] + seconds * 1000, wh, seconds, watts, watts)


def distribution_of(pair: Pair, series: Series, zone: ZoneInfo, first: date, end: date) -> Distribution:
    """How long each power lasted in the local days [first, end)."""
    start, stop = midnight(first, zone), midnight(end, zone)
    hour = {"$mod": [local_ms(zone, moment(start), moment(stop)), DAY_MS]}
    is_night = {"$and": [{"$gte": [hour, NIGHT[0] * HOUR_MS]}, {"$lt": [hour, NIGHT[1] * HOUR_MS]}]}
    group = {
        "_id": WATTS,
        "seconds": {"$sum": "$seconds"},
        "night": {"$sum": {"$cond": [is_night, "$seconds", 0]}},
        "first": {"$min": {"$subtract": ["$ts", EPOCH]}},
    }
    names = ["seconds", "night", "first"]
    stages = [*_measured(series, start, stop), {"$group": group}, _in_columns(names)]
    found = _one(pair, stages, names)
    watts = np.array(found["key"], dtype=np.float64)
    order = np.argsort(watts)
    seconds, night, at = (np.array(found[name], dtype=np.int64)[order] for name in names)
    return Distribution(watts[order], seconds, night, at)


def samples_of(
    pair: Pair, series: Series, zone: ZoneInfo, first: date, end: date
) -> tuple[tuple[Samples, ...], tuple[Samples, ...]]:
    """Powers by half-hour of the local day: 48 of weekdays and 48 of weekends, of the local days [first, end).

    A reading longer than half an hour counts in each half-hour that it covers. An hour shown twice counts twice.
    """
    start, stop = midnight(first, zone), midnight(end, zone)
    local = local_ms(zone, moment(start), moment(stop))
    week = {"$mod": [local, 7 * DAY_MS]}
    half_hours = {"$group": {"_id": _floor(week, SLOT_MS), "wh": {"$push": "$wh"}, "seconds": {"$push": "$seconds"}}}
    found: dict[tuple[bool, int], list[tuple[Real, Whole]]] = {}
    for row in pair.mirror.aggregate([*_measured(series, start, stop), half_hours]) if first < end else ():
        seconds = np.array(row["seconds"], dtype=np.int64)
        watts = np.array(row["wh"], dtype=np.float64) * 3600 / np.maximum(seconds, 1)
        slot = int(row["_id"]) // SLOT_MS
        _share_out(found, slot, watts, seconds)
    weekdays, weekends = (
        tuple(_samples(found.get((is_weekend, slot), [])) for slot in range(SLOTS)) for is_weekend in (False, True)
    )
    return weekdays, weekends


def _share_out(found: dict[tuple[bool, int], list[tuple[Real, Whole]]], slot: int, watts: Real, seconds: Whole) -> None:
    """Put samples that start in a half-hour of the week into each half-hour that they cover."""
    length = SLOT_MS // 1000
    for ahead in range(2):  # a reading lasts an hour at most
        lasts = np.minimum(seconds - ahead * length, length)
        counts = lasts > 0
        if counts.any():
            number = slot + ahead
            weekday = (number // SLOTS + THURSDAY) % 7
            found.setdefault((weekday >= SATURDAY, number % SLOTS), []).append((watts[counts], lasts[counts]))


def _samples(parts: list[tuple[Real, Whole]]) -> Samples:
    if not parts:
        return Samples(np.zeros(0), np.zeros(0, dtype=np.int64))
    watts, seconds = (np.concatenate([part[column] for part in parts]) for column in (0, 1))
    order = np.argsort(watts, kind="stable")
    return Samples(watts[order], seconds[order])


def local_of(instants: Whole, zone: ZoneInfo) -> Whole:
    """Instants (ms UTC, ascending) as the wall clock shows them, ms since 1970-01-01 00:00 on that clock."""
    if len(instants) == 0:
        return instants
    last = moment(int(instants[-1]) + 1000)
    changes = offset_changes(zone, moment(int(instants[0])), last)
    at = np.array([milliseconds([change])[0] for change, _ in changes], dtype=np.int64)
    final = (last.astimezone(zone).utcoffset() or timedelta()) // timedelta(milliseconds=1)
    ahead = np.array([before for _, before in changes] + [final], dtype=np.int64)
    return np.asarray(instants + ahead[np.searchsorted(at, instants, side="right")], dtype=np.int64)


def moment(instant: int) -> datetime:
    """ms → aware UTC."""
    return datetime.fromtimestamp(int(instant) / 1000, UTC)


def milliseconds(moments: Iterable[datetime]) -> Whole:
    """Moments as the driver gives them, aware or naive UTC → ms."""
    one = timedelta(milliseconds=1)
    aware = (each if each.tzinfo else each.replace(tzinfo=UTC) for each in moments)
    return np.array([(each - EPOCH) // one for each in aware], dtype=np.int64)


def _match(series: Series, start: int, end: int) -> dict[str, Any]:
    return series.query() | {"ts": {"$gte": moment(start), "$lt": moment(end)}}


def _measured(series: Series, start: int, end: int) -> list[dict[str, Any]]:
    return [{"$match": _match(series, start, end)}]


def _floor(number: Any, step: int) -> dict[str, Any]:
    """By subtraction: `$dateTrunc` and `$floor` take twice the server's time on two years."""
    return {"$subtract": [number, {"$mod": [number, step]}]}


def _in_columns(names: list[str]) -> dict[str, Any]:
    """The groups as one document of arrays: thousands of small ones take the driver longer than the server."""
    return {"$group": {"_id": None, "key": {"$push": "$_id"}} | {name: {"$push": f"${name}"} for name in names}}


def _one(pair: Pair, stages: list[dict[str, Any]], names: list[str]) -> dict[str, list[Any]]:
    """The columns, empty without any group."""
    found: dict[str, list[Any]] | None = next(pair.mirror.aggregate(stages), None)
    return found or {name: [] for name in ("key", *names)}


def _grouped(key: Any, spread: bool = True) -> dict[str, Any]:
    sums = {name: {"$sum": f"${name}"} for name in ("wh", "seconds")}
    ends = {"low": {"$min": WATTS}, "high": {"$max": WATTS}} if spread else {}
    return {"$group": {"_id": key, **sums, **ends}}
