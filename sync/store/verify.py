"""Proof that a pair is identical, document by document in both directions, and the repair when it is not."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from bson import MaxKey, MinKey
from bson import decode as decode_document
from numpy.typing import NDArray
from pymongo import ASCENDING
from pymongo.collection import Collection

from ..model.clock import Clock, SystemClock
from ..model.errors import StoreError
from ..model.localtime import PARIS, local_day
from ..model.privacy import scrub
from ..model.readings import Series, is_reading, series_from
from ..model.window import CURVE
from .bson_columns import PLAIN, Slice, decode, find, runs
from .retry import patiently
from .schema import BEGINNING, END, KEY, VERIFICATIONS, WINDOWS, Document, Pair, dated, ours, series_of
from .writer import PairWriter

CLOCK = SystemClock()
SLICE = 50_000  # documents of a side read at once; at most four slices are held in memory


@dataclass(frozen=True, slots=True)
class Foreign:
    """Documents of one side that are not ours: they are left alone. what: how they differ; example: `_id` of one."""

    side: str
    what: str
    count: int
    example: str

    def __str__(self) -> str:
        documents = "document is" if self.count == 1 else "documents are"
        return f"{self.side}: {self.count:,} {documents} not ours and left alone ({self.what}; _id {self.example})"


@dataclass(slots=True)
class SeriesReport:
    """How the mirror of one series differs from its record; `days` are the local days with a difference. foreign: what
    stands under the series and is no reading, by side."""

    series: Series
    zone: ZoneInfo = PARIS
    record_count: int = 0
    mirror_count: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    duplicates: int = 0
    days: set[date] = field(default_factory=set)
    foreign: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    @property
    def identical(self) -> bool:
        return not (self.missing or self.extra or self.different or self.duplicates)


@dataclass(slots=True)
class PairReport:
    """The comparison of a pair: the sums over its series. lost: readings that the ledger or an earlier proof knows of
    while nothing at all is stored: an empty comparison proves nothing."""

    pair: Pair
    series: list[SeriesReport]
    foreign: list[Foreign] = field(default_factory=list)
    lost: int = 0

    @property
    def identical(self) -> bool:
        return not self.lost and all(report.identical for report in self.series)

    @property
    def count(self) -> int:
        """Documents of the record that were compared."""
        return sum(report.record_count for report in self.series)

    def as_json(self) -> dict[str, Any]:
        """The entry of `verify --json`."""
        return {
            "source": self.pair.source,
            "regular": self.pair.record.name,
            "timeseries": self.pair.mirror.name,
            "regular_count": self.count,
            "timeseries_count": sum(report.mirror_count for report in self.series),
            **{name: sum(getattr(report, name) for report in self.series) for name in DIFFERENCES},
            "foreign": sum(foreign.count for foreign in self.foreign),
        }


DIFFERENCES = ("missing", "extra", "different", "duplicates")


def untold(_more: int) -> None:
    """Nobody hears how far it is."""


def verify_pair(pair: Pair, zone: ZoneInfo = PARIS, tell: Callable[[int], None] = untold) -> PairReport:
    """Compare every reading of both collections, field by field with its BSON type, in both directions. What is not
    ours is counted and named.

    zone: of the local days by which differences are told; tell: hears how many documents more were compared.
    """
    sides = {side.name: series_of(side) for side in (pair.record, pair.mirror)}
    own = {series for entries in sides.values() for entry in entries if (series := ours(entry, pair.source))}
    reports = [SeriesReport(series, zone) for series in sorted(own, key=lambda series: series.key)]
    for both in both_sides(pair, [report.series.query() for report in reports], SLICE):
        report_of = reports[both.number]
        before = report_of.record_count
        _verify_slice(pair, report_of, both)
        tell(report_of.record_count - before)
    report = PairReport(pair, reports)
    report.foreign = _foreign(pair, report, sides)
    if not report.count and not report.as_json()["timeseries_count"]:
        report.lost = known_readings(pair)
    return report


def known_readings(pair: Pair) -> int:
    """Readings of a source that the ledger, an imported file or the last proof knows of."""
    database, of_source = pair.record.database, {"source": pair.source}
    sums = {"_id": None, "readings": {"$sum": "$readings"}}
    windows = next(database[WINDOWS].aggregate([{"$match": of_source | {"kind": CURVE}}, {"$group": sums}]), {})
    last = database[VERIFICATIONS].find_one({"_id": pair.source}) or {}
    return max(int(windows.get("readings", 0)), int(last.get("regular_count", 0)))


def repair_pair(
    pair: Pair, report: PairReport, clock: Clock | None = None, tell: Callable[[int], None] = untold
) -> int:
    """Make both sides equal without losing what only one has: readings of the mirror alone go into the record, the
    mirror gets what it lacks; where it holds anything else, that series is written anew. Returns how many readings came
    back into the record.

    tell: hears how many documents more are in order.
    A mirror that is marked to be rewritten is, even if it is identical by now: the functions leave a marked one alone.
    """
    writer, restored = PairWriter(pair, clock), 0
    refused: StoreError | None = None
    for difference in report.series:
        try:
            restored += _repair(writer, difference)
            tell(difference.record_count)
        except StoreError as error:  # of one series: the others are mended all the same
            refused = error
    if refused:
        raise refused
    return restored


def _repair(writer: PairWriter, difference: SeriesReport) -> int:
    if difference.identical and not writer.is_stale(difference.series):
        return 0
    back = writer.restore(difference.series) if difference.extra else 0
    if difference.different or difference.duplicates or back < difference.extra:
        writer.rewrite_mirror(difference.series)
    else:
        writer.complete_mirror(difference.series)
    return back


# --- what is not ours -------------------------------------------------------------------------------------------------


def _foreign(pair: Pair, report: PairReport, sides: Mapping[str, list[Document]]) -> list[Foreign]:
    found = []
    for side in (pair.record, pair.mirror):
        for entry in sides[side.name]:
            if ours(entry, pair.source) is None:
                values: list[Any] = [entry] if entry else [None, {}]
                found.append(_of_query(side, {"series": {"$in": values}}, _what(entry, pair.source)))
        for own in report.series:
            if ids := own.foreign[side.name]:
                found.append(Foreign(side.name, f"no reading, under {own.series.label}", len(ids), scrub(str(ids[0]))))
    if pair.record.estimated_document_count() != report.count + sum(each.count for each in found):
        found += _undated(pair, report)
    return [foreign for foreign in found if foreign.count]


def _what(entry: Document, source: str) -> str:
    if not entry:
        return "no series"
    if (series := series_from(entry)) and series.source != source:
        return f"of the source {series.source[:20]!r}"
    return (
        f"series with {', '.join(sorted(map(str, entry)))[:60]}" if isinstance(entry, dict) else "series is no document"
    )


def _of_query(side: Collection[Document], query: Document, what: str) -> Foreign:
    example: Document = side.find_one(query, {"_id": 1}) or {}
    return Foreign(side.name, what, side.count_documents(query), scrub(str(example.get("_id")))[:60])


def _undated(pair: Pair, report: PairReport) -> list[Foreign]:
    """Documents of the record under one of our series without a date for `ts`: both ends of its stretch of the key."""
    found = []
    for own in report.series:
        series = own.series.subdocument()
        for first, last in ((MinKey(), BEGINNING), (END, MaxKey())):
            ends: list[Any] = [[("series", series), ("ts", end)] for end in (first, last)]
            ids = list(pair.record.find({}, {"_id": 1}, hint=KEY).min(ends[0]).max(ends[1]).limit(SLICE))
            if ids:
                what = f"ts is no date, under {own.series.label}"
                found.append(Foreign(pair.record.name, what, len(ids), scrub(str(ids[0]["_id"]))[:60]))
    return found


def keep_verification(reports: list[PairReport], now: datetime) -> None:
    """Remember the outcome of the newest verification of each pair for `status` and the page."""
    for report in reports:
        outcome = report.as_json() | {"identical": report.identical, "at": now}
        collection = report.pair.record.database[VERIFICATIONS]
        collection.replace_one({"_id": report.pair.source}, outcome, upsert=True)


def _verify_slice(pair: Pair, report: SeriesReport, both: Both) -> None:
    ours, theirs = (decode(replies, numbered=True).by_time() for replies in (both.record, both.mirror))
    if _equal(ours, theirs):
        report.record_count += len(ours)
        report.mirror_count += len(ours)
    else:
        readings = _readings(report, _sorted(pair.record, dated(both.query)), pair.record.name)
        _compare(report, readings, _of_our_time(report, pair.mirror, both.query), pair.mirror.name)


def _sorted(side: Collection[Document], query: Document) -> Any:
    return side.with_options(codec_options=PLAIN).find(query).sort("ts", ASCENDING)


def _of_our_time(report: SeriesReport, mirror: Collection[Document], query: Document) -> Iterator[Document]:
    """Without those of the year 10,000 and beyond."""
    for document in _sorted(mirror, query):
        if isinstance(document["ts"], datetime):
            yield document
        else:
            report.foreign[mirror.name].append(document["_id"])


def _readings(report: SeriesReport, documents: Iterable[Document], side: str) -> Iterator[Document]:
    """Those that are readings; the others are noted as foreign."""
    for document in documents:
        if is_reading(document, report.series.source):
            yield document
        else:
            report.foreign[side].append(document["_id"])


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


def _compare(report: SeriesReport, ours: Iterable[Document], theirs: Iterable[Document], mirror: str) -> None:
    """Count the differences of one slice. Both sides are sorted by `ts`; the record holds each `ts` once."""
    mirrored = _grouped(theirs)
    at, copies = next(mirrored, (None, []))
    for document in ours:
        report.record_count += 1
        while at is not None and at < document["ts"]:
            _count_alone(report, copies, mirror)
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
        _count_alone(report, copies, mirror)
        at, copies = next(mirrored, (None, []))


def _count_alone(report: SeriesReport, copies: list[Document], mirror: str) -> None:
    """What stands at a time where the record has no reading."""
    readings = list(_readings(report, copies, mirror))
    if readings:
        _count(report, "extra", len(readings), readings[0]["ts"], mirrored=len(readings))


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
# number of documents. In the mirror the first one has no lower bound and the last one no upper: servers up to 6.0 find
# nothing in a time-series collection by a bound before 1970-02 or after 2105.


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
    return list(find(pair.record, dated(query), sort={"ts": 1}, limit=size))


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
