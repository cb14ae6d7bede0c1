"""Batches into a pair: first the record, then the mirror gets what the record has and it lacks.

Every step can be repeated: a stop between any two of them leaves the record right and the mirror short at worst. What a
failed insert did is never assumed but read again (a blind resend would double time-series documents).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from bson import ObjectId
from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError

from ..model.clock import Clock, SystemClock
from ..model.readings import LONGEST_INTERVAL, ReadingBatch, Series, instant, milliseconds
from .bson_columns.commands import RAW, Encoded, insert
from .bson_columns.copying import chunks, lacking, stored_documents
from .bson_columns.layout import encode
from .bulk import LEASE_SECONDS
from .calls import Calls
from .comparison import Written, is_correction, overlaps
from .lease import Lease, held
from .pace import Pace
from .retry import PATIENCE, patiently
from .schema import LEASES, Document, Pair, lease_name

__all__ = ["RAW", "PairWriter", "Written"]

BATCH = 10_000  # documents in one insert
DUPLICATE_KEY = 11000

Result = TypeVar("Result")


class PairWriter:
    """Writes batches of any series into one pair. `clock` is only asked to sleep. Not for several threads at once."""

    def __init__(self, pair: Pair, clock: Clock | None = None) -> None:
        self.pair = pair
        self._clock = clock or SystemClock()
        self._leases = pair.record.database[LEASES]
        self._raw_record = pair.record.with_options(codec_options=RAW)
        self._held: dict[Series, Lease] = {}
        self._pace = Pace()

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

    def write_many(
        self, batches: Sequence[ReadingBatch], mirror: bool = True, tell: Callable[[int], None] = lambda _: None
    ) -> Written:
        """Store batches of many series at once, as `write` would one by one, but close to what the server can take.

        The more readings at once, the better (a million: 16 MB); `tell` hears how many more are in the record. Of a
        source in `schema.WITHHOLDING` another value for a stored reading is a contradiction: neither stays. Safe to
        repeat; raises PyMongoError for what does not pass by itself.
        """
        with self.calls() as calls:
            return calls.begin(batches, mirror, tell)()

    def calls(self) -> Calls:
        """For `write_many` again and again: the next call begins while the one before comes to its end."""
        return Calls(self.pair, self._clock, self._pace)

    def fill_mirror(self, series: Series, first: datetime, last: datetime) -> int:
        """Insert what the mirror lacks of `first` … `last` (both included); returns how many documents that were."""
        return self._patiently(lambda: self._fill(series, {"ts": {"$gte": first, "$lte": last}}))

    def complete_mirror(self, series: Series) -> int:
        """Insert what the mirror lacks of a whole series; returns how many documents that were.

        Without bounds: servers up to 6.0 find nothing in a time-series collection by a bound before 1970-02 or after
        2105, and what is not found would be inserted once more.
        """
        return self._patiently(lambda: self._fill(series, {}))

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
        overlapping = overlaps(batch, ((start, start + known["seconds"] * 1000) for start, known in stored.items()))
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
            elif is_correction(known, ours):
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

    def _fill(self, series: Series, bounds: Document) -> int:
        with held(self._lease(series), PATIENCE) as lease:
            if self._rewrite(series, lease):
                return 0
            return self._insert_mirror(lacking(self.pair, series.query() | bounds), series, lease)

    def _rewrite_if_stale(self, series: Series) -> None:
        with held(self._lease(series), PATIENCE) as lease:
            self._rewrite(series, lease)

    def _rewrite(self, series: Series, lease: Lease) -> bool:
        if not self._leases.find_one({"_id": lease.name, "stale": True}):
            return False
        # A delete that names the metaField only is what every server from 5.0.5 can do on a time-series collection.
        self.pair.mirror.delete_many(series.query())
        self._insert_mirror(stored_documents(self.pair.record, series.query()), series, lease)
        self._leases.update_one({"_id": lease.name}, {"$unset": {"stale": ""}})
        return True

    def _insert_mirror(self, documents: Iterable[Encoded], series: Series, lease: Lease) -> int:
        count = 0
        for part in chunks(documents, BATCH):
            lease.keep()
            insert(self.pair.mirror, part)
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
        return lease_name(self.pair, series)

    def _patiently(self, step: Callable[[], Result]) -> Result:
        return patiently(step, self._clock)
