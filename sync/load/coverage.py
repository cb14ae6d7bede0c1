"""How much of the expected time a stored series covers, in seconds, and where it does not: of all series of a source.

Not every reading is read. A bucket of the mirror tells how many readings it holds, the last start among them and the
shortest and longest interval; the record tells the first and the last reading of a series by its key. Readings do not
overlap, so from the end of one bucket to the end of the next there is no gap exactly if the next holds as many readings
as fit in between. Where it does not, the record is read; and if what was read and what was concluded do not add up to
all readings of a series, that series is read whole. So too where buckets cannot be looked at (the role
readWrite does not give the right to; from MongoDB 9.0 there is no such namespace, by its notes) and where
something in them is not ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from bson import ObjectId
from numpy.typing import NDArray
from pymongo.errors import OperationFailure

from ..model.readings import LONGEST_INTERVAL, Instants, Series, instant, is_generated, milliseconds
from ..store.bson_columns import PLAIN, decode, find
from ..store.schema import KEY_NAME, VERIFICATIONS, Pair, identity, own_series, readings_of

NOT_ALLOWED = {13, 8000}  # the server's own word, Atlas'
AHEAD = {"series": 1, "ts": 1}
BACK = {"series": -1, "ts": -1}
COUNT = {  # a bucket that is still open does not tell it on servers up to 6.0; its columns are plain documents then
    "$cond": [
        {"$eq": [{"$type": "$data.ts"}, "object"]},
        {"$size": {"$objectToArray": "$data.ts"}},
        "$control.count",
    ]
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """A stored series from its first start to its last end. gaps: [from, to) in UTC; None when not looked for."""

    series: Series
    first: datetime | None
    last: datetime | None
    readings: int
    covered_seconds: int
    gaps: tuple[tuple[datetime, datetime], ...] | None

    @property
    def missing_seconds(self) -> int:
        return self.expected_seconds - self.covered_seconds

    @property
    def expected_seconds(self) -> int:
        if self.first is None or self.last is None:
            return 0
        return round((self.last - self.first).total_seconds())

    def as_json(self) -> dict[str, Any]:
        """The entry of `status --json`; `last` is the end of the last reading."""
        return {
            "id": self.series.shown_id,
            "flow": self.series.flow,
            **({"group": self.series.group} if self.series.group else {}),
            **({"generated": True} if is_generated(self.series) else {}),
            "first": _iso(self.first),
            "last": _iso(self.last),
            "readings": self.readings,
            "expected_seconds": self.expected_seconds,
            "covered_seconds": self.covered_seconds,
            "gaps": [[_iso(start), _iso(end)] for start, end in self.gaps or ()],
        }


class Survey:
    """The series of a pair, seen through the buckets of its mirror as far as these can be trusted: while the server's
    own count of the record is that of the buckets, or else for each series whose readings, counted along the key, are.
    """

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self.stored = own_series(pair.source, pair.record)
        self._edges, self._buckets = _edges(pair), _buckets(pair)
        readings = sum(each.readings for each in self._buckets.values())
        self._is_counted = readings == pair.record.estimated_document_count()

    def coverage(self, series: Series, gaps: bool = True) -> Coverage:
        """Of one series. Without `gaps` they are not looked for: None where there are some."""
        buckets, edges = self._buckets.get(series), self._edges.get(series)
        if not buckets or not edges or not (self._is_counted or _count(self._pair, series) == buckets.readings):
            return coverage(self._pair, series)
        if buckets.seconds.all():
            readings, covered = buckets.readings, int((buckets.counts * buckets.seconds).sum())
            missing = edges[1] - edges[0] - covered * 1000
            if not missing or (missing > 0 and not gaps):
                found = None if missing else ()
                return Coverage(series, instant(edges[0]), instant(edges[1]), readings, covered, found)
        return _from_buckets(self._pair, series, buckets, edges) or coverage(self._pair, series)


def coverage(pair: Pair, series: Series) -> Coverage:
    """Of one series, by reading all of it."""
    start, end = _read(pair, series)
    if not len(start):
        return Coverage(series, None, None, 0, 0, ())
    edges = instant(int(start[0])), instant(int(end[-1]))
    return Coverage(series, *edges, len(start), int((end - start).sum()) // 1000, tuple(_gaps(start[0], start, end)))


# --- from buckets -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Buckets:
    """Of one series, by the end of their last reading. low, ends: int64[n], ms, no reading is outside; counts: int64[n]
    readings; seconds: int64[n], of each reading, 0 where they differ."""

    low: Instants
    ends: Instants
    counts: NDArray[np.int64]
    seconds: NDArray[np.int64]

    @property
    def readings(self) -> int:
        return int(self.counts.sum())


def _buckets(pair: Pair) -> dict[Series, _Buckets]:
    """Of the series whose buckets hold nothing but readings, as far as buckets tell; the last proof tells the rest."""
    last = pair.record.database[VERIFICATIONS].find_one({"_id": pair.source}) or {}
    if last.get("foreign"):
        return {}
    control = {"low": "$control.min", "high": "$control.max", "count": COUNT}
    stages = [{"$project": {"_id": 0, "meta": 1} | control}]
    rows: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    unsure: set[tuple[str, ...]] = set()
    try:
        side = pair.record.database.get_collection(f"system.buckets.{pair.mirror.name}", PLAIN)
        for bucket in side.aggregate(stages):
            name = identity(bucket.get("meta"))
            if _is_ours(bucket):
                rows[name].append(_row(bucket))
            else:
                unsure.add(name)
    except OperationFailure as error:
        if error.code not in NOT_ALLOWED:
            raise
        return {}
    found = {}
    for series in own_series(pair.source, pair.record):
        if (name := identity(series.subdocument())) in rows and name not in unsure:
            low, ends, counts, seconds = np.array(sorted(rows[name], key=lambda row: row[1]), dtype=np.int64).T
            found[series] = _Buckets(low, ends, counts, seconds)
    return found


def _is_ours(bucket: Mapping[str, Any]) -> bool:
    low, high, count = bucket["low"], bucket["high"], bucket.get("count")
    types = {"_id": ObjectId, "ts": datetime, "seconds": int}
    return (
        isinstance(count, int)
        and all(isinstance(side.get(name), kind) for side in (low, high) for name, kind in types.items())
        and all(isinstance(value, int | float | datetime) or name in ("_id", "flag") for name, value in low.items())
    )


def _row(bucket: Mapping[str, Any]) -> tuple[int, int, int, int]:
    low, high = bucket["low"], bucket["high"]
    seconds = low["seconds"] if low["seconds"] == high["seconds"] else 0
    return _instant(low["ts"]), _instant(high["ts"]) + 1000 * seconds, bucket["count"], seconds


def _instant(naive: datetime) -> int:
    return milliseconds(naive.replace(tzinfo=UTC))


def _from_buckets(pair: Pair, series: Series, buckets: _Buckets, edges: tuple[int, int]) -> Coverage | None:
    """None where they do not add up. edges: first start and last end of the record, ms."""
    first, last = edges
    borders = buckets.ends[(buckets.seconds > 0) & (buckets.ends > first) & (buckets.ends < last)]
    borders = np.unique(np.concatenate([[first], borders, [last]]))
    starts, ends = borders[:-1], borders[1:]
    is_full = _full(buckets, starts, ends)
    covered, gaps = int((ends - starts)[is_full].sum()), list[tuple[datetime, datetime]]()
    readings = int(buckets.counts[np.isin(buckets.ends, ends[is_full])].sum())
    for after, until in _joined(starts[~is_full], ends[~is_full]):
        start, end = _read(pair, series, after, until)
        if not len(start) or end[-1] != until:
            return None
        readings, covered = readings + len(start), covered + int((end - start).sum())
        gaps += _gaps(after, start, end)
    if readings != buckets.readings:
        return None
    return Coverage(series, instant(first), instant(last), readings, covered // 1000, tuple(gaps))


def _full(buckets: _Buckets, starts: Instants, ends: Instants) -> NDArray[np.bool_]:
    """Which of the stretches between two borders one bucket fills, if its readings lie there, and no bucket with
    readings of another length reaches into: then there cannot be more readings in it than that."""
    at = np.searchsorted(buckets.ends, ends)
    alone = np.searchsorted(buckets.ends, ends, side="right") - at == 1
    at = np.minimum(at, len(buckets.ends) - 1)
    seconds = buckets.seconds[at]
    fills: NDArray[np.bool_] = alone & (seconds > 0) & (buckets.counts[at] * seconds * 1000 == ends - starts)
    if (buckets.seconds == buckets.seconds[0]).all():
        return fills
    longest = 1000 * LONGEST_INTERVAL  # a bucket of several lengths ends up to that much later
    reaches: NDArray[np.bool_] = (buckets.low[:, None] < ends) & (buckets.ends[:, None] + longest > starts)
    mixed: NDArray[np.bool_] = (reaches & (buckets.seconds[:, None] != seconds)).any(axis=0)
    return fills & ~mixed


def _joined(starts: Instants, ends: Instants) -> Iterator[tuple[int, int]]:
    """Neighbouring stretches as one."""
    breaks = np.flatnonzero(starts[1:] != ends[:-1]) + 1
    for part in np.split(np.arange(len(starts)), breaks) if len(starts) else ():
        yield int(starts[part[0]]), int(ends[part[-1]])


def _edges(pair: Pair) -> dict[Series, tuple[int, int]]:
    """First start and last end of each series of the record, two steps along its key each."""
    side = pair.record.with_options(PLAIN)
    found: list[dict[tuple[str, ...], int]] = []
    for way, seconds in ((AHEAD, 0), (BACK, "$seconds")):
        edge = {"ts": {"$first": "$ts"}, "seconds": {"$first": seconds}}
        rows = side.aggregate([{"$sort": way}, {"$group": {"_id": "$series"} | edge}])
        found.append(
            {
                identity(row["_id"]): _instant(row["ts"]) + 1000 * row["seconds"]
                for row in rows
                if isinstance(row["ts"], datetime) and isinstance(row["seconds"], int)
            }
        )
    names = {series: identity(series.subdocument()) for series in own_series(pair.source, pair.record)}
    return {
        series: (found[0][name], found[1][name])
        for series, name in names.items()
        if name in found[0].keys() & found[1].keys()
    }


def _count(pair: Pair, series: Series) -> int:
    return int(pair.record.database.command("count", pair.record.name, query=series.query(), hint=KEY_NAME)["n"])


# --- from readings ----------------------------------------------------------------------------------------------------


def _read(pair: Pair, series: Series, after: int | None = None, until: int | None = None) -> tuple[Instants, Instants]:
    """Starts and ends (ms) of the readings of a series, those that start in `[after, until)`, oldest first."""
    query = readings_of(series)
    if after is not None and until is not None:
        query |= {"ts": {"$gte": instant(after), "$lt": instant(until)}}
    fields = {"_id": 0, "ts": 1, "seconds": 1}
    found = decode(find(pair.record, query, sort={"ts": 1}, projection=fields), numbered=True)
    if not len(found):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    start, seconds = found.columns["ts"], found.columns["seconds"].astype(np.int64)
    if found.others:  # a length of another type
        start = np.concatenate([start, [_instant(other["ts"]) for other in found.others]])
        seconds = np.concatenate([seconds, [int(other["seconds"]) for other in found.others]])
    order = np.argsort(start, kind="stable")
    return start[order], (start + 1000 * seconds)[order]


def energy(pair: Pair, series: Series) -> int | None:
    """Wh of a series; None where it measures none."""
    sums = {"_id": None, "wh": {"$sum": {"$toLong": "$wh"}}}
    numbers = readings_of(series) | {"wh": {"$type": "number"}}
    return next((int(found["wh"]) for found in pair.record.aggregate([{"$match": numbers}, {"$group": sums}])), None)


def _gaps(after: int, start: Instants, end: Instants) -> Iterator[tuple[datetime, datetime]]:
    before = np.concatenate([[after], np.maximum.accumulate(end)[:-1]])
    for at in np.flatnonzero(start > before).tolist():
        yield instant(int(before[at])), instant(int(start[at]))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
