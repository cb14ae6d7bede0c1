"""Batches into a pair: first the record, then the mirror gets what the record has and it lacks.

Every step can be repeated: a stop between any two of them leaves the record right and the mirror short at worst. What a
failed insert did is never assumed but read again (a blind resend would double time-series documents).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import numpy as np
from bson import ObjectId
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, ReplaceOne
from pymongo.errors import BulkWriteError, PyMongoError

from ..clock import Clock, SystemClock
from ..readings import LONGEST_INTERVAL, ReadingBatch, Series, instant, milliseconds
from .connection import is_passing
from .layout import encode
from .lease import Lease, held
from .schema import LEASES, Document, Pair

RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument, tz_aware=True)
BATCH = 10_000  # documents in one insert
LEASE_SECONDS = 30
PATIENCE = 60  # seconds a passing failure (an election, a restart) or another writer may last
DUPLICATE_KEY = 11000

Result = TypeVar("Result")


@dataclass(slots=True)
class Written:
    """What became of a batch. `rejected`: starts (UTC) that overlap a stored reading of another length."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: list[datetime] = field(default_factory=list)

    def __add__(self, other: Written) -> Written:
        return Written(
            self.new + other.new,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.rejected + other.rejected,
        )


class PairWriter:
    """Writes batches of any series into one pair. `clock` is only asked to sleep. Not for several threads at once."""

    def __init__(self, pair: Pair, clock: Clock | None = None) -> None:
        self.pair = pair
        self._clock = clock or SystemClock()
        self._leases = pair.record.database[LEASES]
        self._raw_record = pair.record.with_options(codec_options=RAW)
        self._held: dict[Series, Lease] = {}

    def write(self, batch: ReadingBatch, mirror: bool = True) -> Written:
        """Store a batch in both collections, or in the record alone when its turn in the mirror comes later.

        Safe to repeat; raises PyMongoError for what does not pass by itself.
        """
        written = Written()
        for first in range(0, len(batch), BATCH):
            part = batch.slice(first, min(first + BATCH, len(batch)))
            ids = [ObjectId() for _ in range(len(part))]
            corrected: set[int] = set()
            written += self._patiently(partial(self._record, part, ids, corrected))
            if mirror:
                self.fill_mirror(batch.series, instant(int(part.start[0])), instant(int(part.start[-1])))
        return written

    def fill_mirror(self, series: Series, first: datetime, last: datetime) -> int:
        """Insert what the mirror lacks of `first` … `last` (both included); returns how many documents that were."""
        return self._patiently(lambda: self._fill(series, first, last))

    def rewrite_mirror(self, series: Series) -> None:
        """Make the mirror of a series anew from the record, oldest first: one clean chronological load."""
        self.mark_stale(series)
        self._patiently(lambda: self._rewrite_if_stale(series))

    def mark_stale(self, series: Series) -> None:
        """Note durably that the mirror of a series must be rewritten, before anything makes it wrong."""
        self._leases.update_one({"_id": self._lease_name(series)}, {"$set": {"stale": True}}, upsert=True)

    def is_stale(self, series: Series) -> bool:
        """Whether the mirror of a series is marked to be rewritten."""
        return self._leases.find_one({"_id": self._lease_name(series), "stale": True}) is not None

    # --- the record ------------------------------------------------------------------------------------------------

    def _record(self, batch: ReadingBatch, ids: list[ObjectId], corrected: set[int]) -> Written:
        """One try. `ids` and `corrected` (starts) outlive it, so that a second try counts what the first had done."""
        stored = self._stored(batch)
        overlapping = _overlapping(batch, stored)
        written = Written(rejected=[instant(int(batch.start[index])) for index in sorted(overlapping)])
        fresh: list[int] = []
        changed: list[Document] = []
        for index, start in enumerate(batch.start.tolist()):
            known = stored.get(start)
            if index in overlapping:
                continue
            if known is None:
                fresh.append(index)
                continue
            ours = batch.document(index, known["_id"])
            if known["_id"] == ids[index]:  # written by an earlier try of this very call
                written.new += 1
            elif _is_correction(known, ours):
                changed.append(ours)
                corrected.add(start)
            elif start not in corrected:
                written.unchanged += 1
        if changed:
            self.mark_stale(batch.series)
            self.pair.record.bulk_write([ReplaceOne({"_id": ours["_id"]}, ours) for ours in changed], ordered=False)
        written.changed = len(corrected)
        if fresh and not self._insert_new(batch, ids, fresh):
            return self._record(batch, ids, corrected)
        written.new += len(fresh)
        return written

    def _stored(self, batch: ReadingBatch) -> dict[int, Document]:
        """What the record has near a batch, by start (ms); near enough to see overlaps with neighbours."""
        margin = timedelta(seconds=LONGEST_INTERVAL)
        first, last = instant(int(batch.start[0])), instant(int(batch.start[-1]))
        query = batch.series.query() | {"ts": {"$gte": first - margin, "$lte": last + margin}}
        return {milliseconds(stored["ts"]): stored for stored in self.pair.record.find(query, {"series": 0})}

    def _insert_new(self, batch: ReadingBatch, ids: list[ObjectId], fresh: list[int]) -> bool:
        """False when another process stored some of them in between: then the batch is looked at again."""
        documents = encode(batch, ids)
        try:
            self._raw_record.insert_many([documents[index] for index in fresh], ordered=False)
        except BulkWriteError as error:
            if {failure["code"] for failure in error.details["writeErrors"]} == {DUPLICATE_KEY}:
                return False
            raise
        return True

    # --- the mirror ------------------------------------------------------------------------------------------------

    def _fill(self, series: Series, first: datetime, last: datetime) -> int:
        with held(self._lease(series), PATIENCE) as lease:
            if self._rewrite(series, lease):
                return 0
            query = series.query() | {"ts": {"$gte": first, "$lte": last}}
            mirrored = {found["ts"] for found in self.pair.mirror.find(query, {"_id": 0, "ts": 1})}
            stored = self._raw(query)
            lacking = (raw for raw in stored if raw["ts"] not in mirrored) if mirrored else stored
            return self._insert_mirror(lacking, series, lease)

    def _rewrite_if_stale(self, series: Series) -> None:
        with held(self._lease(series), PATIENCE) as lease:
            self._rewrite(series, lease)

    def _rewrite(self, series: Series, lease: Lease) -> bool:
        if not self._leases.find_one({"_id": lease.name, "stale": True}):
            return False
        # A delete that names the metaField only is what every server from 5.0.5 can do on a time-series collection.
        self.pair.mirror.delete_many(series.query())
        self._insert_mirror(self._raw(series.query()), series, lease)
        self._leases.update_one({"_id": lease.name}, {"$unset": {"stale": ""}})
        return True

    def _raw(self, query: Document) -> Iterator[RawBSONDocument]:
        """Stored bytes of the record, oldest first: the mirror gets these, not a second spelling of them."""
        yield from self._raw_record.find(query).sort("ts", ASCENDING)

    def _insert_mirror(self, documents: Iterable[RawBSONDocument], series: Series, lease: Lease) -> int:
        mirror = self.pair.mirror.with_options(codec_options=RAW)
        count = 0
        for part in _chunks(documents, BATCH):
            lease.keep()
            mirror.insert_many(part, ordered=False)
            if not lease.is_sure():  # held up for so long that another process may have filled the same gap
                self.mark_stale(series)
                lease.keep()
            count += len(part)
        return count

    def _lease(self, series: Series) -> Lease:
        """One per series for all tries: a try that ended with the server gone has not given it back."""
        if series not in self._held:
            database = self.pair.record.database
            self._held[series] = Lease(database, self._lease_name(series), LEASE_SECONDS, self._clock)
        return self._held[series]

    def _lease_name(self, series: Series) -> str:
        return f"mirror {self.pair.mirror.name} {series.key}"

    def _patiently(self, step: Callable[[], Result]) -> Result:
        began, waited = time.monotonic(), 0.0
        while True:
            try:
                return step()
            except PyMongoError as error:
                # A try may itself have waited for a server: both kinds of waiting count.
                if not is_passing(error) or max(waited, time.monotonic() - began) >= PATIENCE:
                    raise
            pause = min(0.2 + waited / 4, 2.0)
            self._clock.sleep(pause)
            waited += pause


def _is_correction(known: Document, ours: Document) -> bool:
    """Whether what came in says something else. A source without quality marks does not take a stored mark away."""
    values = (known["wh"], known["seconds"]) != (ours["wh"], ours["seconds"])
    return values or ("flag" in ours and known.get("flag") != ours["flag"])


def _overlapping(batch: ReadingBatch, stored: Mapping[int, Document]) -> set[int]:
    """Readings of the batch that share time with a stored reading which starts at another instant."""
    found: set[int] = set()
    for start, document in stored.items():
        end = start + document["seconds"] * 1000
        index = int(np.searchsorted(batch.end, start, side="right"))
        while index < len(batch) and batch.start[index] < end:
            if batch.start[index] != start:
                found.add(index)
            index += 1
    return found


def _chunks(documents: Iterable[RawBSONDocument], size: int) -> Iterator[list[RawBSONDocument]]:
    part: list[RawBSONDocument] = []
    for document in documents:
        part.append(document)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
