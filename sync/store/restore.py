"""What only the mirror has of a series, before it is written anew: readings go into the record, documents that are not
ours are kept aside and put back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError

from ..model.errors import StoreError
from ..model.readings import Series, in_stored_order, is_reading, milliseconds
from .lease import DUPLICATE_KEY, lease_name
from .schema import BEGINNING, FORGOTTEN, KEPT, Document, Pair, dated, newness

AT_ONCE = 5_000  # documents of one insert
END_OF_TIME = 2**62  # ms


@dataclass(frozen=True, slots=True)
class Aside:
    """One series of a pair, whose lease is held. keep_lease: renews it in good time."""

    pair: Pair
    series: Series
    keep_lease: Callable[[], None]

    def restore(self) -> int:
        """Copy readings that only the mirror has into the record; returns how many that were.

        Not one that the record has with the same `_id` at another time, nor one over a reading of another length: of
        these the record is right. Of several copies the newest comes. Raises StoreError where a document that is not
        ours stands in the place of a reading: no side may be changed then.
        """
        known = list(self.pair.record.find(dated(self.series.query()), {"flag": 0}))
        readings = [document for document in known if is_reading(document, self.series.source)]
        if len(readings) < len(known):
            self._refuse_damaged([document for document in known if not is_reading(document, self.series.source)])
        ids, starts = {document["_id"] for document in known}, {document["ts"] for document in known}
        until = self._forgotten()
        alone: dict[datetime, Document] = {}
        for document in self._mirrored():
            if document["_id"] in ids or document["ts"] in starts or document["ts"] < until:
                continue
            copy = alone.get(document["ts"], document)
            alone[document["ts"]] = max(copy, document, key=newness)
        documents = [in_stored_order(document) for document in without_overlaps(alone, readings)]
        for at in range(0, len(documents), AT_ONCE):
            self.keep_lease()
            self._insert_alone(documents[at : at + AT_ONCE])
        return len(documents)

    def _mirrored(self) -> Iterator[Document]:
        """The readings of the mirror."""
        for document in self.pair.mirror.find(self.series.query()):
            if is_reading(document, self.series.source):
                yield document

    def _insert_alone(self, documents: Sequence[Document]) -> None:
        try:
            self.pair.record.insert_many(documents, ordered=False)
        except BulkWriteError as error:  # another process was quicker with some
            if {failure["code"] for failure in error.details["writeErrors"]} != {DUPLICATE_KEY}:
                raise

    def _refuse_damaged(self, damaged: Sequence[Document]) -> None:
        """Where the record holds something that is no reading and the mirror has the reading: with the same `_id` it
        comes back, else both stay as they are."""
        starts = {document["ts"]: document["_id"] for document in damaged}
        for document in self._mirrored() if starts else ():
            if document["ts"] not in starts:
                continue
            if starts[document["ts"]] != document["_id"]:
                at = f"{self.series.label}, {document['ts']:%Y-%m-%d %H:%M} UTC"
                raise StoreError(
                    f"{self.pair.record.name!r} holds a document that is no reading where one belongs ({at}): move or "
                    f"delete it (_id {starts[document['ts']]}), then run python -m sync repair"
                )
            self.pair.record.replace_one({"_id": document["_id"]}, in_stored_order(document))

    def _forgotten(self) -> datetime:
        """Readings before that instant are being forgotten on purpose."""
        note = self._database[FORGOTTEN].find_one({"_id": self._name})
        return note["before"] if note else BEGINNING

    # --- what is not ours ---------------------------------------------------------------------------------------------

    def keep_foreign(self) -> None:
        """Documents under our series that are no readings, aside while the series is deleted. One at the time of a
        reading, or with its `_id`, is a damaged copy of it."""
        foreign = [
            each for each in self.pair.mirror.find(self.series.query()) if not is_reading(each, self.series.source)
        ]
        if not foreign:
            return
        those = {"$or": [{name: {"$in": [each[name] for each in foreign]}} for name in ("ts", "_id")]}
        known = list(self.pair.record.find(self.series.query() | those, {"ts": 1}))
        ids, starts = {each["_id"] for each in known}, {each["ts"] for each in known}
        kept = [each for each in foreign if each["_id"] not in ids and each["ts"] not in starts]
        notes = [{"_id": {"mirror": self._name, "id": each["_id"]}, "document": each} for each in kept]
        if notes:
            writes = [ReplaceOne({"_id": note["_id"]}, note, upsert=True) for note in notes]
            self._database[KEPT].bulk_write(writes)

    def put_back(self) -> None:
        """What was kept aside, by this process or by one that was stopped."""
        mine = {"_id.mirror": self._name}
        kept = [note["document"] for note in self._database[KEPT].find(mine)]
        if not kept:
            return
        there = {each["_id"] for each in self.pair.mirror.find(self.series.query(), {"_id": 1})}
        if absent := [each for each in kept if each["_id"] not in there]:
            self.pair.mirror.insert_many(absent, ordered=False)
        self._database[KEPT].delete_many(mine)

    @property
    def _name(self) -> str:
        return lease_name(self.pair.mirror, self.series)

    @property
    def _database(self) -> Any:
        return self.pair.record.database


def without_overlaps(alone: Mapping[datetime, Document], known: Sequence[Document]) -> list[Document]:
    """Those readings that share no time with a known one, nor with an earlier one of themselves; oldest first."""
    starts = np.array(sorted(milliseconds(each["ts"]) for each in known), np.int64)
    lengths = {milliseconds(each["ts"]): 1000 * int(each["seconds"]) for each in known}
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
