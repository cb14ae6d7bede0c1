"""Series by the name that an address gives them, and their readings as columns that the server has put together.

The server pushes two years into one document: twice as fast as a cursor over the readings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from ..model.errors import UsageError
from ..model.localtime import local_day, midnight
from ..model.localtime_query import EPOCH
from ..model.readings import Instants, Series, addresses, instant, milliseconds
from ..sources import zone_of
from ..store.schema import MEASURED, Pair, dated, own_series
from .grid import Real, Whole

CHUNK = 500  # days in one document: 144,000 readings of five minutes take 7 MB of the 16 that it may have
LISTED = 5


@dataclass(frozen=True, slots=True)
class Columns:
    """Readings, oldest first. start: ms UTC; wh; seconds."""

    start: Instants
    wh: Real
    seconds: Whole


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stored series, and the address by which it is named where no PRM may stand."""

    pair: Pair
    address: str
    series: Series

    @property
    def zone(self) -> ZoneInfo:
        """Where its days begin."""
        return zone_of(self.series.source)


def measures_energy(pair: Pair, series: Series) -> bool:
    """Whether its readings hold Wh, and not prices or weather."""
    return "wh" in (pair.record.find_one(series.query(), {"wh": 1}) or {})


def stored(pairs: Iterable[Pair]) -> dict[Series, tuple[Pair, str]]:
    """Every stored series of whatever measure, with its pair and its address."""
    found = {series: pair for pair in pairs for series in own_series(pair.source, pair.record)}
    return {series: (found[series], address) for series, address in addresses(found).items()}


def named(found: Mapping[Series, tuple[Pair, str]], words: str) -> list[Series]:
    """The series of an address (`linky-0844-consumption`), of a key, or those that hold all these words: source, id (of
    a meter its last four digits), flow, group. Raises UsageError when there is none that measures energy."""
    exact = [series for series, (_, address) in found.items() if words in (series.key, address)]
    asked = set(words.replace("…", "").split())
    chosen = exact or [series for series in found if asked and asked <= _words(series)]
    measured = [series for series in chosen if measures_energy(found[series][0], series)]
    if chosen and not measured:
        raise UsageError(f"{words!r} measures no energy: only that can be forecast")
    if not chosen:
        listed = ", ".join([address for _, address in found.values()][:LISTED])
        more = f" and {len(found) - LISTED:,} more" if len(found) > LISTED else ""
        known = f"stored are {listed}{more}" if found else "nothing is stored yet"
        raise UsageError(f"no stored series is called {words!r}: {known}")
    return measured


def extent(pair: Pair, series: Series, zone: ZoneInfo) -> tuple[date, date] | None:
    """The local days [first, end) with readings."""
    query = dated(series.query())
    found = [next(pair.record.find(query, {"ts": 1}).sort("ts", way).limit(1), None) for way in (1, -1)]
    days = [local_day(milliseconds(each["ts"]), zone) for each in found if each]
    return (days[0], days[-1] + timedelta(days=1)) if days else None


def columns_of(pair: Pair, series: Series, first: date, end: date, zone: ZoneInfo) -> Columns:
    """The readings of the local days [first, end); nothing else is asked for."""
    parts = list(_chunks(pair, series, first, end, zone))
    start, wh, seconds = (
        np.array([value for part in parts for value in part[name]]) for name in ("at", "wh", "seconds")
    )
    order = np.argsort(start, kind="stable")
    whole = [each[order].astype(np.int64) for each in (start, seconds)]
    return Columns(whole[0], wh[order].astype(np.float64), whole[1])


def _chunks(pair: Pair, series: Series, first: date, end: date, zone: ZoneInfo) -> Iterator[dict[str, list[float]]]:
    pushed = {"at": {"$push": {"$subtract": ["$ts", EPOCH]}}, "wh": {"$push": "$wh"}, "seconds": {"$push": "$seconds"}}
    while first < end:
        last = min(end, first + timedelta(days=CHUNK))
        bounds = {"$gte": instant(midnight(first, zone)), "$lt": instant(midnight(last, zone))}
        match = series.query() | {"ts": bounds} | MEASURED
        yield from pair.mirror.aggregate([{"$match": match}, {"$group": {"_id": None} | pushed}])
        first = last


def _words(series: Series) -> set[str]:
    return {series.source, series.id, series.shown_id.lstrip("…"), series.flow, series.group}
