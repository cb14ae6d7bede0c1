"""Energy by local day, of one series, from the time-series collection: one match on the series and a range of `ts`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sync.model.localtime import midnight
from sync.model.localtime_query import DAY_MS, local_ms
from sync.model.readings import Series
from sync.store.schema import MEASURED, Pair

from .lines import Real, Whole

WATTS = {"$divide": [{"$multiply": ["$wh", 3600]}, "$seconds"]}


@dataclass(frozen=True, slots=True)
class Days:
    """Every local day from `first` on, measured or not. edges: midnights, ms UTC, one more than days; readings,
    wh, seconds (covered), low, high (W): by day; a day without a reading has 0 seconds; low and high are nothing."""

    first: date
    edges: Whole
    wh: Whole
    seconds: Whole
    low: Real
    high: Real
    readings: Whole

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


def days_of(pair: Pair, series: Series, zone: ZoneInfo, first: date, end: date, *, spread: bool = True) -> Days:
    """Energy of the local days [first, end); without `spread` low and high are 0."""
    count = max(0, (end - first).days)
    edges = np.array([midnight(first + timedelta(days=place), zone) for place in range(count + 1)])
    wh, seconds, readings = (np.zeros(count, dtype=np.int64) for _ in range(3))
    low, high = np.zeros(count), np.zeros(count)
    ordinal = first.toordinal() - date(1970, 1, 1).toordinal()
    local = local_ms(zone, moment(edges[0]), moment(edges[-1]))
    group = grouped(floored(local, DAY_MS), spread)
    group["$group"]["readings"] = {"$sum": 1}
    for found in pair.mirror.aggregate([match(series, edges[0], edges[-1]), group]) if count else ():
        place = int(found["_id"]) // DAY_MS - ordinal
        wh[place], seconds[place], readings[place] = found["wh"], found["seconds"], found["readings"]
        low[place], high[place] = found.get("low", 0), found.get("high", 0)
    return Days(first, edges, wh, seconds, low, high, readings)


def moment(instant: int) -> datetime:
    """ms → aware UTC."""
    return datetime.fromtimestamp(int(instant) / 1000, UTC)


def match(series: Series, start: int, end: int) -> dict[str, Any]:
    """The stage that opens the buckets of one series alone; start, end: ms UTC. What is no reading is left out."""
    return {"$match": series.query() | {"ts": {"$gte": moment(start), "$lt": moment(end)}} | MEASURED}


def floored(number: Any, step: int) -> dict[str, Any]:
    """Down to a multiple of the step, by subtraction: `$dateTrunc` and `$floor` take the server twice as long."""
    return {"$subtract": [number, {"$mod": [number, step]}]}


def grouped(key: Any, spread: bool = True) -> dict[str, Any]:
    """Energy and covered seconds by key; with `spread` the least and greatest average power too."""
    sums = {name: {"$sum": f"${name}"} for name in ("wh", "seconds")}
    ends = {"low": {"$min": WATTS}, "high": {"$max": WATTS}} if spread else {}
    return {"$group": {"_id": key, **sums, **ends}}
