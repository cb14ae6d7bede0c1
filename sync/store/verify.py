"""Proof that a pair is identical, document by document in both directions, and the repair when it is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from pymongo import ASCENDING
from pymongo.collection import Collection

from ..clock import Clock
from ..localtime import local_day
from ..readings import Series, series_from
from .layout import PLAIN, Slice, decode
from .schema import SERIES_FIELDS, VERIFICATIONS, Document, Pair
from .writer import PairWriter

SLICE = 10_000  # documents of a side held in memory

BEGINNING = datetime(1, 1, 1)  # noqa: DTZ001 - naive UTC, like PLAIN
END = datetime(9999, 12, 31)  # noqa: DTZ001


@dataclass(slots=True)
class SeriesReport:
    """How the mirror of one series differs from its record; `days` are the local days with a difference."""

    series: Series | None
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


def verify_pair(pair: Pair) -> PairReport:
    """Compare every document of both collections, field by field with its BSON type, in both directions."""
    found = {_identity(entry): entry for side in (pair.record, pair.mirror) for entry in series_of(side)}
    return PairReport(pair, [_verify_series(pair, found[identity]) for identity in sorted(found)])


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
            writer.fill_mirror(difference.series, BEGINNING, END)


def series_of(collection: Collection[Document]) -> list[Document]:
    """The distinct series sub-documents of a collection."""
    fields = {name: f"$series.{name}" for name in SERIES_FIELDS}
    return [entry["_id"] for entry in collection.aggregate([{"$group": {"_id": fields}}])]


def keep_verification(reports: list[PairReport], now: datetime) -> None:
    """Remember the outcome of the newest verification of each pair for `status` and the page."""
    for report in reports:
        outcome = report.as_json() | {"identical": report.identical, "at": now}
        collection = report.pair.record.database[VERIFICATIONS]
        collection.replace_one({"_id": report.pair.source}, outcome, upsert=True)


def _identity(entry: Document) -> tuple[str, ...]:
    return tuple(str(entry.get(name)) for name in SERIES_FIELDS)


def _verify_series(pair: Pair, entry: Document) -> SeriesReport:
    report = SeriesReport(series_from(entry))
    query = {f"series.{name}": entry.get(name, {"$exists": False}) for name in SERIES_FIELDS}
    after = BEGINNING
    while True:
        until = _slice_end(pair.record, query, after)
        part = query | {"ts": {"$gt": after, "$lte": until}}
        ours, theirs = (decode(_sorted(side, part, raw=True)) for side in (pair.record, pair.mirror))
        if _equal(ours, theirs):
            count = len(ours.columns.get("ts", ())) + len(ours.others)
            report.record_count += count
            report.mirror_count += count
        else:
            _compare(report, *(_sorted(side, part) for side in (pair.record, pair.mirror)))
        if until is END:
            return report
        after = until


def _slice_end(record: Collection[Document], query: Document, after: datetime) -> datetime:
    """The `ts` up to which the record has about SLICE documents after `after`; found along the unique key."""
    plain = record.with_options(codec_options=PLAIN)
    later = plain.find(query | {"ts": {"$gt": after}}, {"_id": 0, "ts": 1}).sort("ts", ASCENDING)
    last = next(later.skip(SLICE - 1).limit(1), None)
    return last["ts"] if last else END


def _sorted(side: Collection[Document], query: Document, raw: bool = False) -> Any:
    plain = side.with_options(codec_options=PLAIN)
    return (plain.find_raw_batches(query) if raw else plain.find(query)).sort("ts", ASCENDING)


def _equal(ours: Slice, theirs: Slice) -> bool:
    """Whether two slices hold the same documents. In doubt (an order within one `ts`) no: then each is looked at."""
    return (
        ours.constant == theirs.constant
        and ours.columns.keys() == theirs.columns.keys()
        and all(np.array_equal(column, theirs.columns[name]) for name, column in ours.columns.items())
        and len(ours.others) == len(theirs.others)
        and all(_same(one, other) for one, other in zip(ours.others, theirs.others, strict=True))
    )


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
    report.days.add(local_day(int(at.replace(tzinfo=UTC).timestamp()) * 1000))


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
