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

from ..kit.days import WATTS, floored, grouped, match, moment
from ..kit.lines import SLOTS, Real, Whole

Marks = NDArray[np.bool_]

HOUR_MS = 3_600_000
SLOT_MS = 1_800_000  # half an hour, the resolution of the usual week
THURSDAY = 3  # weekday of 1970-01-01
SATURDAY = 5


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
    """How long each power lasted. first: start of the first such reading, ms UTC."""

    first: Whole


def spread_out(values: Real, measured: Marks) -> Real:
    """What is known of the measured intervals, NaN for the others."""
    found = np.full(len(measured), np.nan)
    found[measured] = values
    return found


def hours_of(pair: Pair, series: Series, start: int, end: int, spread: bool = True) -> Intervals:
    """Energy by UTC hour, which is a local hour too in every zone of ours; start, end: ms, whole hours.

    Without `spread` low and high are the average: two years take the server two thirds of the time.
    """
    since = {"$subtract": ["$ts", EPOCH]}
    names = ["wh", "seconds", *(["low", "high"] if spread else [])]
    stages = [match(series, start, end), grouped(floored(since, HOUR_MS), spread)]
    found = _columns(pair, stages, names)
    at = np.array(found["key"], dtype=np.int64)
    order = np.argsort(at)
    wh, seconds = (np.array(found[name], dtype=np.int64)[order] for name in ("wh", "seconds"))
    average = np.array([]) if spread else wh * 3600 / np.maximum(seconds, 1)
    low, high = (np.array(found[name], dtype=np.float64)[order] if spread else average for name in ("low", "high"))
    return Intervals(at[order], at[order] + HOUR_MS, wh, seconds, low, high)


def readings_of(pair: Pair, series: Series, start: int, end: int) -> Intervals:
    """The readings themselves: for a week at most."""
    shown = {"_id": 0, "ts": 1, "wh": 1, "seconds": 1}
    rows = list(pair.mirror.find(match(series, start, end)["$match"], shown))
    at = milliseconds(row["ts"] for row in rows)
    order = np.argsort(at)
    wh, seconds = (np.array([row[name] for row in rows], dtype=np.int64)[order] for name in ("wh", "seconds"))
    watts = wh * 3600 / np.maximum(seconds, 1)
    return Intervals(at[order], at[order] + seconds * 1000, wh, seconds, watts, watts)


def distribution_of(
    pair: Pair, series: Series, start: int, end: int, without: tuple[tuple[int, int], ...] = ()
) -> Distribution:
    """How long each power lasted in [start, end); without: stretches of it that are left out; all ms UTC."""
    stages = [match(series, start, end)]
    if without:
        stages[0]["$match"]["$nor"] = [{"ts": {"$gte": moment(start), "$lt": moment(end)}} for start, end in without]
    sums = {"seconds": {"$sum": "$seconds"}, "first": {"$min": {"$subtract": ["$ts", EPOCH]}}}
    found = _columns(pair, [*stages, {"$group": {"_id": WATTS} | sums}], list(sums))
    watts = np.array(found["key"], dtype=np.float64)
    order = np.argsort(watts)
    seconds, at = (np.array(found[name], dtype=np.int64)[order] for name in sums)
    return Distribution(watts[order], seconds, at)


def samples_of(
    pair: Pair, series: Series, zone: ZoneInfo, first: date, end: date
) -> tuple[tuple[Samples, ...], tuple[Samples, ...]]:
    """Powers by half-hour of the local day: 48 of weekdays and 48 of weekends, of the local days [first, end).

    A reading longer than half an hour counts in each half-hour that it covers. An hour shown twice counts twice.
    """
    start, stop = midnight(first, zone), midnight(end, zone)
    week = {"$mod": [local_ms(zone, moment(start), moment(stop)), 7 * DAY_MS]}
    half_hours = {"$group": {"_id": floored(week, SLOT_MS), "wh": {"$push": "$wh"}, "seconds": {"$push": "$seconds"}}}
    rows = list(pair.mirror.aggregate([match(series, start, stop), half_hours])) if first < end else []
    slot = np.array([int(row["_id"]) // SLOT_MS for row in rows for _ in row["wh"]], dtype=np.int64)
    wh, seconds = (np.array([each for row in rows for each in row[name]], dtype=np.int64) for name in ("wh", "seconds"))
    watts = wh * 3600 / np.maximum(seconds, 1)
    ahead = np.repeat([0, 1], len(slot))  # a reading lasts an hour at most: it counts in two half-hours
    lasts = np.minimum(np.tile(seconds, 2) - ahead * SLOT_MS // 1000, SLOT_MS // 1000)
    slot, watts, lasts = (each[lasts > 0] for each in (np.tile(slot, 2) + ahead, np.tile(watts, 2), lasts))
    kind = np.where((slot // SLOTS + THURSDAY) % 7 >= SATURDAY, SLOTS, 0) + slot % SLOTS
    order = np.lexsort((watts, kind))
    parts = np.split(order, np.searchsorted(kind[order], np.arange(1, 2 * SLOTS)))
    found = tuple(Samples(watts[part], lasts[part]) for part in parts)
    return found[:SLOTS], found[SLOTS:]


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


def milliseconds(moments: Iterable[datetime]) -> Whole:
    """Moments as the driver gives them, aware or naive UTC → ms."""
    one = timedelta(milliseconds=1)
    aware = (each if each.tzinfo else each.replace(tzinfo=UTC) for each in moments)
    return np.array([(each - EPOCH) // one for each in aware], dtype=np.int64)


def _columns(pair: Pair, stages: list[dict[str, Any]], names: list[str]) -> dict[str, list[Any]]:
    """The groups as columns, empty without any: thousands of small documents take the driver longer than the server."""
    columns = {"key": {"$push": "$_id"}} | {name: {"$push": f"${name}"} for name in names}
    found: dict[str, list[Any]] | None = next(
        pair.mirror.aggregate([*stages, {"$group": {"_id": None} | columns}]), None
    )
    return found or {name: [] for name in columns}
