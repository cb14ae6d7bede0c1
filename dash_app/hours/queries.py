"""Energy, prices and weather of areas by UTC hour, which is a local hour too in every zone of ours.

From the time-series collections, one aggregation for all groups of an area: it matches on their
series and a range of `ts`, and hands each group back as columns; 50 documents instead of 100,000 save most of the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sync.model.localtime import midnight
from sync.model.localtime_query import EPOCH
from sync.model.readings import Series

from ..kit.reader import ZONES, Reader
from ..kit.view import Extent, Scope, View

Real = NDArray[np.float64]
Whole = NDArray[np.int64]
Marks = NDArray[np.bool_]

HOUR_MS = 3_600_000
HOUR = 3600
MWH, GWH = 1e6, 1e9  # Wh
STILL_EXPECTED = 7 * 24  # hours after its last reading for which a group counts as missing, not as ended
PRICE = ("energidata", "price", "day-ahead")


@dataclass(frozen=True, slots=True)
class Span:
    """Whole hours [start, end), ms UTC, from one local midnight to another."""

    start: int
    end: int
    zone: ZoneInfo

    def __len__(self) -> int:
        return (self.end - self.start) // HOUR_MS

    @property
    def at(self) -> Whole:
        """Start of each hour, ms UTC."""
        return self.edges[:-1]

    @property
    def edges(self) -> Whole:
        """Where the hours begin, and the end of the last one."""
        return np.arange(self.start, self.end + 1, HOUR_MS, dtype=np.int64)

    def days(self) -> tuple[list[date], Whole]:
        """The local days, and where each begins among the hours: one more than days, 23, 24 or 25 apart."""
        first, last = (datetime.fromtimestamp(at / 1000, self.zone).date() for at in (self.start, self.end))
        found = [first + timedelta(days=place) for place in range((last - first).days)]
        edges = [(midnight(day, self.zone) - self.start) // HOUR_MS for day in [*found, last]]
        return found, np.array(edges, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Energies:
    """Energy by group and hour. wh, seconds: [groups, hours]; 0 seconds: nothing measured, and wh means nothing."""

    span: Span
    groups: tuple[str, ...]
    wh: Real
    seconds: Whole

    @property
    def expected(self) -> Marks:
        """[groups, hours]: a group is there in an hour if it had a reading in it or in the seven days before."""
        place = np.arange(len(self.span))
        last = np.maximum.accumulate(np.where(self.seconds > 0, place, -STILL_EXPECTED - 1), axis=1)
        return np.asarray(place - last <= STILL_EXPECTED)

    @property
    def total(self) -> Real:
        """Wh of all groups by hour; NaN unless every expected group is measured for the whole hour."""
        if not len(self.groups):
            return np.full(len(self.span), np.nan)
        whole = ((self.seconds >= HOUR) | ~self.expected).all(axis=0) & (self.seconds > 0).any(axis=0)
        return np.where(whole, self.wh.sum(axis=0), np.nan)

    @property
    def measured(self) -> float:
        """Wh of all groups, as far as measured."""
        return float(self.wh[self.seconds > 0].sum())

    def of(self, group: str) -> Real:
        """Wh of one group by hour; NaN where the hour is not measured wholly."""
        place = self.groups.index(group)
        return np.where(self.seconds[place] >= HOUR, self.wh[place], np.nan)

    def picked(self, groups: Sequence[str]) -> Energies:
        """Only these groups; all of them when none is named or none of the named is there."""
        places = [place for place, name in enumerate(self.groups) if name in groups]
        if not places:
            return self
        names = tuple(self.groups[place] for place in places)
        return Energies(self.span, names, self.wh[places], self.seconds[places])

    def merged(self, name_of: Mapping[str, str]) -> Energies:
        """Groups of the same new name added up; an hour is as covered as the least covered of those expected in it."""
        names = tuple(sorted(set(name_of.values())))
        wh, seconds = (np.zeros((len(names), len(self.span))) for _ in range(2))
        expected = self.expected
        for place, name in enumerate(names):
            rows = [row for row, group in enumerate(self.groups) if name_of[group] == name]
            wh[place] = self.wh[rows].sum(axis=0)
            least = np.where(expected[rows], self.seconds[rows], HOUR).min(axis=0)
            seconds[place] = np.where((self.seconds[rows] > 0).any(axis=0), least, 0)
        return Energies(self.span, names, wh, seconds.astype(np.int64))

    def covered(self, due: int) -> float | None:
        """Share of the time of the first `due` hours that is measured; None without groups and without such hours.

        Where no group is expected all of them are: before the first reading nothing is known.
        """
        expected = self.expected[:, :due]
        asked = int((expected | ~expected.any(axis=0)).sum()) * HOUR
        return min(1.0, float(self.seconds[:, :due].sum()) / asked) if asked else None


@dataclass(frozen=True, slots=True)
class Prices:
    """A price by hour. mean: over the time that is priced, weighted by it, EUR/MWh; seconds: how much that is."""

    span: Span
    mean: Real
    seconds: Whole

    @property
    def hourly(self) -> Real:
        """NaN unless the whole hour is priced: one quarter of an hour does not stand for the hour."""
        return np.where(self.seconds >= HOUR, self.mean, np.nan)


def span_of(first: date, end: date, zone: ZoneInfo) -> Span:
    """The hours of the local days [first, end)."""
    return Span(midnight(first, zone), midnight(end, zone), zone)


def span_in(view: View, source: str) -> Span:
    """The hours of a view's period."""
    return span_of(view.start, view.end, ZONES[source])


def due_in(reader: Reader, span: Span) -> int:
    """How many of the hours are over: of others nothing can be known yet."""
    now = int(reader.now().timestamp() * 1000)
    return max(0, min(len(span), (now - span.start) // HOUR_MS))


def energies_of(reader: Reader, source: str, flow: str, area: str, span: Span) -> Energies:
    """Energy of every stored group of an area; asked once for everyone."""
    return reader.kept(("energies", source, flow, area, span), lambda: _energies(reader, source, flow, area, span))


def prices_of(reader: Reader, area: str, span: Span) -> Prices:
    """Day-ahead price of an area; asked once for everyone."""
    source, flow, group = PRICE
    series = [Series(source, area, flow, group)]
    return reader.kept(("prices", area, span), lambda: Prices(span, *_mean(reader, series, "eur_mwh", span)))


def weather_of(reader: Reader, area: str, variable: str, span: Span) -> Real:
    """A measure of the weather of an area by hour, in the unit of its name; NaN where there is none."""
    series = _stored(reader, "weather", "weather", area)
    return reader.kept(("weather", area, variable, span), lambda: _mean(reader, series, variable, span)[0])


def areas_of(reader: Reader, source: str, flow: str) -> tuple[str, ...]:
    """The areas that have readings of a flow, by name."""
    return tuple(sorted({each.id for each in reader.series() if (each.source, each.flow) == (source, flow)}))


def groups_of(reader: Reader, source: str, flow: str) -> tuple[str, ...]:
    """The groups of a flow in any area, by name."""
    return tuple(sorted({each.group for each in reader.series() if (each.source, each.flow) == (source, flow)}))


def area_of(asked: str, standard: str, stored: Iterable[str]) -> str:
    """The asked area; where none is asked for the standard, or the first one that is stored if that is not."""
    there = sorted(stored)
    return asked or (standard if standard in there else min(there, default=standard))


def extent_in(reader: Reader, source: str, flow: str, area: str) -> Extent:
    """First and last local day with a reading of a flow of an area, of any group."""
    found = [reader.extent(each) for each in _stored(reader, source, flow, area)]
    first = min((each.first for each in found if each.first), default=None)
    return Extent(first, max((each.end for each in found if each.end), default=None))


def scope_in(reader: Reader, source: str, opens: date | None) -> Scope | None:
    """A page about a source that is shown at first up to a day; None where nothing of it is stored."""
    extent = reader.extent_of(source)
    return Scope(extent, reader.today(ZONES[source]), opens=opens) if extent.first else None


def day_sums(hourly: Real, edges: Whole) -> Real:
    """Sums of local days, NaN hours left out; NaN for a day without any."""
    known = np.isfinite(hourly)
    sums, counts = (_between(each, edges) for each in (np.where(known, hourly, 0.0), known.astype(np.float64)))
    return np.where(counts > 0, sums, np.nan)


def day_prices(prices: Prices, places: Any) -> Real:
    """Mean price of local days over the time that is priced, EUR/MWh."""
    money = np.where(prices.seconds > 0, np.nan_to_num(prices.mean) * prices.seconds, np.nan)
    return day_sums(money, places) / day_sums(np.where(prices.seconds > 0, prices.seconds, np.nan), places)


def day_energy(energies: Energies, places: Any) -> Real:
    """Wh of local days, as far as measured."""
    if not energies.groups:
        return np.full(len(places) - 1, np.nan)
    there = (energies.seconds > 0).any(axis=0)
    return day_sums(np.where(there, energies.wh.sum(axis=0), np.nan), places)


def day_share(energies: Energies, places: Any) -> Real:
    """How much of the expected time of local days is measured, 0 … 1."""
    expected = energies.expected.sum(axis=0).astype(np.float64) * 3600
    seconds = energies.seconds.sum(axis=0).astype(np.float64)
    asked, had = (np.nan_to_num(day_sums(each, places)) for each in (expected, seconds))
    return np.where(asked > 0, np.minimum(1.0, had / np.maximum(asked, 1)), 0.0)


def mean_of(hourly: Real) -> float | None:
    """Mean of what is known; None without anything."""
    known = hourly[np.isfinite(hourly)]
    return float(known.mean()) if len(known) else None


def pearson(first: Real, second: Real) -> float | None:
    """Pearson's r where both are known; None for less than three such hours, and where one does not vary."""
    both = np.isfinite(first) & np.isfinite(second)
    if both.sum() < 3:
        return None
    left, right = (each[both] - each[both].mean() for each in (first, second))
    size = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return max(-1.0, min(1.0, float((left * right).sum()) / size)) if size > 0 else None


def local_iso(at: Any, span: Span) -> list[str]:
    """`2024-10-27T02:00:00+01:00`."""
    return [datetime.fromtimestamp(int(each) / 1000, UTC).astimezone(span.zone).isoformat() for each in at]


def _between(hourly: Real, edges: Whole) -> Real:
    """Sums between edges, each from its own hours: a running sum of TWh would lose the Wh."""
    if len(edges) < 2:
        return np.zeros(0)
    return np.asarray(np.add.reduceat(hourly, edges[:-1]), dtype=np.float64)


def _energies(reader: Reader, source: str, flow: str, area: str, span: Span) -> Energies:
    columns = _columns(reader, _stored(reader, source, flow, area), "wh", span)
    found = sorted(columns, key=lambda group: str(group["_id"]))
    wh = np.zeros((len(found), len(span)))
    seconds = np.zeros((len(found), len(span)), dtype=np.int64)
    for row, group in enumerate(found):
        place = (np.array(group["at"], dtype=np.int64) - span.start) // HOUR_MS
        wh[row] = np.bincount(place, weights=group["values"], minlength=len(span))
        seconds[row] = np.bincount(place, weights=group["seconds"], minlength=len(span)).astype(np.int64)
    return Energies(span, tuple(str(group["_id"]) for group in found), wh, seconds)


def _stored(reader: Reader, source: str, flow: str, area: str) -> list[Series]:
    """The series of every group of an area."""
    return [each for each in reader.series() if (each.source, each.flow, each.id) == (source, flow, area)]


def _mean(reader: Reader, series: Sequence[Series], name: str, span: Span) -> tuple[Real, Whole]:
    """(mean weighted by time, NaN without any; seconds) by hour."""
    found = next(iter(_columns(reader, series, name, span)), None)
    if found is None:
        return np.full(len(span), np.nan), np.zeros(len(span), dtype=np.int64)
    place = (np.array(found["at"], dtype=np.int64) - span.start) // HOUR_MS
    lasts = np.array(found["seconds"], dtype=np.int64)
    seconds = np.bincount(place, weights=lasts, minlength=len(span)).astype(np.int64)
    sums = np.bincount(place, weights=np.array(found["values"]) * lasts, minlength=len(span))
    return np.where(seconds > 0, sums / np.maximum(seconds, 1), np.nan), seconds


def _columns(reader: Reader, series: Sequence[Series], name: str, span: Span) -> list[dict[str, Any]]:
    """at (ms), values, seconds of each group; readings without this field left out. series: of one source."""
    if not series or len(span) == 0:
        return []
    bounds = {
        "$gte": datetime.fromtimestamp(span.start / 1000, UTC),
        "$lt": datetime.fromtimestamp(span.end / 1000, UTC),
    }
    columns = {
        "_id": "$series.group",
        "at": {"$push": {"$subtract": ["$ts", EPOCH]}},
        "values": {"$push": {"$toDouble": f"${name}"}},
        "seconds": {"$push": "$seconds"},
    }
    match = {"series": {"$in": [each.subdocument() for each in series]}, "ts": bounds, name: {"$type": "number"}}
    return list(reader.pair_of(series[0].source).mirror.aggregate([{"$match": match}, {"$group": columns}]))
