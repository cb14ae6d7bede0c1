"""The mirror of a pair, while leases of some series are held: filled from the record, or written anew from it.

A time-series collection takes no update and, before 7.0, only a delete by its metaField: what is wrong in it is mended
by writing the whole series anew. Before that, nothing that only the mirror has is lost: readings go into the record,
documents that are not ours are kept aside and put back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError

from ..model.clock import Clock
from ..model.errors import StoreError
from ..model.readings import Series, in_stored_order, is_reading, milliseconds
from .bson_columns import Encoded, chunks, insert, stored_documents
from .lease import DUPLICATE_KEY, LEASES, Lease, lease_name
from .retry import Pace, patiently
from .schema import BEGINNING, FORGOTTEN, KEPT, Document, Pair, dated, newness

END_OF_TIME = 2**62  # ms


@dataclass(frozen=True, slots=True)
class Mirror:
    """See above. lease: of the series that are written."""

    pair: Pair
    pace: Pace
    lease: Lease

    def insert(self, documents: Iterable[Encoded], names: set[str]) -> int:
        """Insert what the mirror lacks of series, by the names of their leases; returns how much that was."""
        count = 0
        for chunk in chunks(documents, self.pace.documents):
            self.lease.keep()
            with self.pace.insert(self.pair.mirror.name):
                insert(self.pair.mirror, chunk)
            if not self.lease.is_sure():  # held up for so long that another process may have filled the same gap
                self.mark_stale(names)
                self.lease.keep()
            count += len(chunk)
        return count

    def rewrite_stale(self, series: Sequence[Series], clock: Clock) -> None:
        """Write those of the series anew that are marked."""
        for own in series:
            if self.name(own) in self.lease.stale:
                patiently(partial(self.rewrite, own), clock)

    def rewrite(self, series: Series) -> None:
        """Write one anew from the record, oldest first, and take its mark away."""
        name = self.name(series)
        self.lease.keep()
        self.restore(series)
        self._keep_foreign(series)
        # A delete that names the metaField only is what every server from 5.0.5 can do on a time-series collection.
        self.pair.mirror.delete_many(series.query())
        self.insert(stored_documents(self.pair.record, series), {name})
        self._put_back(series)
        self._leases.update_one({"_id": name}, {"$unset": {"stale": ""}})
        self.lease.stale.discard(name)

    def mark_stale(self, names: set[str]) -> None:
        """Note durably that these mirrors must be rewritten, before anything makes them wrong."""
        self._leases.update_many({"_id": {"$in": sorted(names)}}, {"$set": {"stale": True}})
        self.lease.stale |= names

    def name(self, series: Series) -> str:
        """Of the lease of a series."""
        return lease_name(self.pair.mirror, series)

    # --- what only the mirror has -------------------------------------------------------------------------------------

    def restore(self, series: Series) -> int:
        """Copy readings that only the mirror has into the record; returns how many that were.

        Not one that the record has with the same `_id` at another time, nor one over a reading of another length: of
        these the record is right. Of several copies the newest comes. Raises StoreError where a document that is not
        ours stands in the place of a reading: no side may be changed then.
        """
        known = list(self.pair.record.find(dated(series.query()), {"flag": 0}))
        self._refuse_damaged(series, [document for document in known if not is_reading(document, series.source)])
        ids, starts = {document["_id"] for document in known}, {document["ts"] for document in known}
        until = self._forgotten(series)
        alone: dict[datetime, Document] = {}
        for document in self._mirrored(series):
            if document["_id"] in ids or document["ts"] in starts or document["ts"] < until:
                continue
            copy = alone.get(document["ts"], document)
            alone[document["ts"]] = max(copy, document, key=newness)
        documents = [in_stored_order(document) for document in without_overlaps(alone, known)]
        for at in range(0, len(documents), self.pace.documents):
            self.lease.keep()
            self._insert_alone(documents[at : at + self.pace.documents])
        return len(documents)

    def _mirrored(self, series: Series) -> Iterator[Document]:
        """The readings of the mirror."""
        for document in self.pair.mirror.find(series.query()):
            if is_reading(document, series.source):
                yield document

    def _insert_alone(self, documents: Sequence[Document]) -> None:
        try:
            self.pair.record.insert_many(documents, ordered=False)
        except BulkWriteError as error:  # another process was quicker with some
            if {failure["code"] for failure in error.details["writeErrors"]} != {DUPLICATE_KEY}:
                raise

    def _refuse_damaged(self, series: Series, damaged: Sequence[Document]) -> None:
        """Where the record holds something that is no reading and the mirror has the reading: with the same `_id` it
        comes back, else both stay as they are."""
        starts = {document["ts"]: document["_id"] for document in damaged}
        for document in self._mirrored(series) if starts else ():
            if document["ts"] not in starts:
                continue
            if starts[document["ts"]] != document["_id"]:
                at = f"{series.label}, {document['ts']:%Y-%m-%d %H:%M} UTC"
                raise StoreError(
                    f"{self.pair.record.name!r} holds a document that is no reading where one belongs ({at}): move or "
                    f"delete it (_id {starts[document['ts']]}), then run python -m sync repair"
                )
            self.pair.record.replace_one({"_id": document["_id"]}, in_stored_order(document))

    def _forgotten(self, series: Series) -> datetime:
        """Readings before that instant are being forgotten on purpose."""
        note = self._database[FORGOTTEN].find_one({"_id": self.name(series)})
        return note["before"] if note else BEGINNING

    # --- what is not ours ---------------------------------------------------------------------------------------------

    def _keep_foreign(self, series: Series) -> None:
        """Documents under our series that are no readings, aside while the series is deleted. One at the time of a
        reading, or with its `_id`, is a damaged copy of it."""
        foreign = [each for each in self.pair.mirror.find(series.query()) if not is_reading(each, series.source)]
        if not foreign:
            return
        those = {"$or": [{name: {"$in": [each[name] for each in foreign]}} for name in ("ts", "_id")]}
        known = list(self.pair.record.find(series.query() | those, {"ts": 1}))
        ids, starts = {each["_id"] for each in known}, {each["ts"] for each in known}
        kept = [each for each in foreign if each["_id"] not in ids and each["ts"] not in starts]
        notes = [{"_id": {"mirror": self.name(series), "id": each["_id"]}, "document": each} for each in kept]
        if notes:
            writes = [ReplaceOne({"_id": note["_id"]}, note, upsert=True) for note in notes]
            self._database[KEPT].bulk_write(writes)

    def _put_back(self, series: Series) -> None:
        mine = {"_id.mirror": self.name(series)}
        kept = [note["document"] for note in self._database[KEPT].find(mine)]
        if not kept:
            return
        there = {each["_id"] for each in self.pair.mirror.find(series.query(), {"_id": 1})}
        if absent := [each for each in kept if each["_id"] not in there]:
            self.pair.mirror.insert_many(absent, ordered=False)
        self._database[KEPT].delete_many(mine)

    @property
    def _database(self) -> Any:
        return self.pair.record.database

    @property
    def _leases(self) -> Any:
        return self._database[LEASES]


def without_overlaps(alone: Mapping[datetime, Document], known: Sequence[Document]) -> list[Document]:
    """Those readings that share no time with a known one, nor with an earlier one of themselves; oldest first."""
    starts = np.array(sorted(milliseconds(each["ts"]) for each in known), np.int64)
    lengths = {milliseconds(each["ts"]): 1000 * int(each.get("seconds", 0)) for each in known}
    ends = np.maximum.accumulate(np.array([at + lengths[at] for at in starts.tolist()], np.int64))
    kept: list[Document] = []
    reach = -END_OF_TIME
    for at, document in sorted(alone.items()):
        start = milliseconds(at)
        end = start + 1000 * int(document["seconds"])
        place = int(np.searchsorted(starts, start, side="right"))
        before = int(ends[place - 1]) if place else reach
        after = int(starts[place]) if place < len(starts) else END_OF_TIME
        if max(before, reach) <= start and end <= after:
            kept.append(document)
            reach = end
    return kept
