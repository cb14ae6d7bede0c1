"""Proof that a pair is identical, document by document in both directions, and the repair when it is not."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from bson import decode as decode_document
from numpy.typing import NDArray
from pymongo import ASCENDING
from pymongo.collection import Collection

from ..model.clock import Clock, SystemClock
from ..model.localtime import PARIS, local_day
from ..model.readings import Series, series_from
from .bson_columns import PLAIN, Slice, decode, find, runs
from .retry import patiently
from .schema import VERIFICATIONS, Document, Pair, identity, series_of
from .writer import PairWriter

CLOCK = SystemClock()
SLICE = 50_000  # documents of a side read at once; at most four slices are held in memory


@dataclass(slots=True)
class SeriesReport:
    """How the mirror of one series differs from its record; `days` are the local days with a difference."""

    series: Series | None
    zone: ZoneInfo = PARIS
    record_count: int = 0
    mirror_count: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    duplicates: int = 0
    days: set[date] = field(default_factory=set)

    @property
    def identical(self) -> bool:
        return not (self.missing or self.extra or self.different or self.duplicates)


@dataclass(slots=True)
class PairReport:
    """The comparison of a pair: the sums over its series."""

    pair: Pair
    series: list[SeriesReport]

    @property
    def identical(self) -> bool:
        return all(report.identical for report in self.series)

    def as_json(self) -> dict[str, Any]:
        """The entry of `verify --json`."""
        return {
            "source": self.pair.source,
            "regular": self.pair.record.name,
            "timeseries": self.pair.mirror.name,
            "regular_count": sum(report.record_count for report in self.series),
            "timeseries_count": sum(report.mirror_count for report in self.series),
            **{name: sum(getattr(report, name) for report in self.series) for name in DIFFERENCES},
        }


DIFFERENCES = ("missing", "extra", "different", "duplicates")


def verify_pair(pair: Pair, zone: ZoneInfo = PARIS) -> PairReport:
    """Compare every document of both collections, field by field with its BSON type, in both directions.

    zone: of the local days by which differences are told.
    """
    spellings: dict[tuple[str, ...], list[Document]] = {}
    for entry in (*series_of(pair.record), *series_of(pair.mirror)):
        known = spellings.setdefault(identity(entry), [])
        if list(entry) not in map(list, known):
            known.append(entry)
    reports = [SeriesReport(series_from(known[0]), zone) for _, known in sorted(spellings.items())]
    queries = [_query(known) for _, known in sorted(spellings.items())]
    for both in both_sides(pair, queries, SLICE):
        _verify_slice(pair, reports[both.number], both)
    return PairReport(pair, reports)


def repair_pair(pair: Pair, report: PairReport, clock: Clock | None = None) -> None:
    """Make the mirror match the record: insert what it lacks; where it holds anything else, write that series anew.

    A mirror that is marked to be rewritten is, even if it is identical by now: the functions leave a marked one alone.
    """
    writer = PairWriter(pair, clock)
    for difference in report.series:
        if difference.series is None:
            continue  # documents without a series belong to no one; the report names them, no repair touches them
        if difference.identical and not writer.is_stale(difference.series):
            continue
        if difference.extra or difference.different or difference.duplicates:
            writer.rewrite_mirror(difference.series)
        else:
            writer.complete_mirror(difference.series)


def keep_verification(reports: list[PairReport], now: datetime) -> None:
    """Remember the outcome of the newest verification of each pair for `status` and the page."""
    for report in reports:
        outcome = report.as_json() | {"identical": report.identical, "at": now}
        collection = report.pair.record.database[VERIFICATIONS]
        collection.replace_one({"_id": report.pair.source}, outcome, upsert=True)


def _query(spellings: list[Document]) -> Document:
    """Filter for one series. Of documents that are not ours each side may have the keys in an order of its own."""
    values = [entry or None for entry in spellings]
    return {"series": values[0] if len(values) == 1 else {"$in": values}}


def _verify_slice(pair: Pair, report: SeriesReport, both: Both) -> None:
    ours, theirs = (decode(replies, numbered=True).by_time() for replies in (both.record, both.mirror))
    if _equal(ours, theirs):
        report.record_count += len(ours)
        report.mirror_count += len(ours)
    else:
        _compare(report, *(_sorted(side, both.query) for side in (pair.record, pair.mirror)))


def _sorted(side: Collection[Document], query: Document) -> Any:
    return side.with_options(codec_options=PLAIN).find(query).sort("ts", ASCENDING)


def _equal(ours: Slice, theirs: Slice) -> bool:
    """Whether two slices hold the same documents. In doubt (an order within one `ts`) no: then each is looked at."""
    return (
        ours.constant == theirs.constant
        and ours.columns.keys() == theirs.columns.keys()
        and all(np.array_equal(_plain(column), _plain(theirs.columns[name])) for name, column in ours.columns.items())
        and len(ours.others) == len(theirs.others)
        and all(_same(one, other) for one, other in zip(ours.others, theirs.others, strict=True))
    )


def _plain(column: NDArray[Any]) -> NDArray[Any]:
    """Bytes compare faster than values of no type."""
    return column.view(np.uint8) if column.dtype.kind == "V" else column


def _compare(report: SeriesReport, ours: Iterable[Document], theirs: Iterable[Document]) -> None:
    """Count the differences of one slice. Both sides are sorted by `ts`; the record holds each `ts` once."""
    mirrored = _grouped(theirs)
    at, copies = next(mirrored, (None, []))
    for document in ours:
        report.record_count += 1
        while at is not None and at < document["ts"]:
            _count(report, "extra", len(copies), at, mirrored=len(copies))
            at, copies = next(mirrored, (None, []))
        if at != document["ts"]:
            _count(report, "missing", 1, document["ts"])
            continue
        if len(copies) > 1:
            _count(report, "duplicates", len(copies) - 1, document["ts"])
        if not any(_same(document, copy) for copy in copies):
            _count(report, "different", 1, document["ts"])
        report.mirror_count += len(copies)
        at, copies = next(mirrored, (None, []))
    while at is not None:
        _count(report, "extra", len(copies), at, mirrored=len(copies))
        at, copies = next(mirrored, (None, []))


def _count(report: SeriesReport, name: str, number: int, at: datetime, mirrored: int = 0) -> None:
    setattr(report, name, getattr(report, name) + number)
    report.mirror_count += mirrored
    report.days.add(local_day(int(at.replace(tzinfo=UTC).timestamp()) * 1000, report.zone))


def _same(ours: Document, theirs: Document) -> bool:
    """Equal fields, values and BSON types. The order of fields is the server's own in a time-series collection."""
    return ours == theirs and all(type(theirs[name]) is type(value) for name, value in ours.items())


def _grouped(documents: Any) -> Iterator[tuple[datetime, list[Document]]]:
    """Sorted documents, gathered by `ts`."""
    copies: list[Document] = []
    for document in documents:
        if copies and document["ts"] != copies[0]["ts"]:
            yield copies[0]["ts"], copies
            copies = []
        copies.append(document)
    if copies:
        yield copies[0]["ts"], copies


# --- both sides, slice by slice ---------------------------------------------------------------------------------------
#
# At the same time: the record of the next slice, the mirror of this one. A slice ends where the record has had its
# number of documents. The first one has no lower bound and the last one no upper: servers up to 6.0 find nothing in a
# time-series collection by a bound before 1970-02 or after 2105.


@dataclass(slots=True)
class Both:
    """A slice of one series; record, mirror: replies (BSON arrays). number: which of the queries; query: its range."""

    number: int
    query: Document
    record: list[bytes]
    mirror: list[bytes] = field(default_factory=list)


def both_sides(pair: Pair, queries: Sequence[Document], size: int) -> Iterator[Both]:
    """Slices of at most `size` documents of the record, for each query in turn, oldest first."""
    recorded = _record_slices(pair, queries, size)
    reader, follower = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
    try:
        mirrored: deque[Future[Both]] = deque()
        following = reader.submit(next, recorded, None)
        while both := following.result():
            following = reader.submit(next, recorded, None)
            mirrored.append(follower.submit(_with_mirror, pair, both))
            if len(mirrored) > 1:
                yield mirrored.popleft().result()
        while mirrored:
            yield mirrored.popleft().result()
    finally:
        reader.shutdown(cancel_futures=True)
        follower.shutdown(cancel_futures=True)


def _record_slices(pair: Pair, queries: Sequence[Document], size: int) -> Iterator[Both]:
    for number, query in enumerate(queries):
        after: datetime | None = None
        while True:
            part = query | _bounds(after, None)
            replies = patiently(partial(_record_slice, pair, part, size), CLOCK)
            until = _last_start(replies) if _documents_in(replies) == size else None
            yield Both(number, query | _bounds(after, until), replies)
            if until is None:
                break
            after = until


def _record_slice(pair: Pair, query: Document, size: int) -> list[bytes]:
    return list(find(pair.record, query, sort={"ts": 1}, limit=size))


def _with_mirror(pair: Pair, both: Both) -> Both:
    both.mirror = patiently(lambda: list(find(pair.mirror, both.query)), CLOCK)
    return both


def _bounds(after: datetime | None, until: datetime | None) -> Document:
    """The readings that start after one instant, up to another."""
    bounds = {sign: at for sign, at in (("$gt", after), ("$lte", until)) if at}
    return {"ts": bounds} if bounds else {}


def _documents_in(replies: list[bytes]) -> int:
    return sum(run.count for reply in replies for run in runs(reply, numbered=True))


def _last_start(replies: list[bytes]) -> datetime:
    *_, last = (run for reply in replies for run in runs(reply, numbered=True))
    start: datetime = decode_document(last.document(last.count - 1), PLAIN)["ts"]
    return start
