"""MongoDB's leaner ordinary forms: series and instant packed into an integer `_id`, so that no second index is needed;
and the same in a clustered collection (5.3 and later), which lies in the order of its `_id` and has no index at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import bson
from bson import Int64
from pymongo import DESCENDING
from pymongo.errors import OperationFailure

from ...model.columns import TIME, VALUES, Block
from ...model.readings import instant
from ...store.bson_columns import Encoded, insert
from ...store.connection import server_version
from ...store.schema import Document
from ...store.sizes import size_of
from ..forms import LEAN, PREFIX, SERIES
from ..questions import Question
from . import Room, columns_of

ERRORS = (OperationFailure,)
SPAN = 1 << 42  # ms: an instant up to 2109
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BATCH = 10_000  # documents in one insert


class Stored:
    """A document a reading."""

    def __init__(self, room: Room, name: str) -> None:
        self._room = room
        self.version = ".".join(map(str, server_version(room.database)))
        options: dict[str, Any] = {"clusteredIndex": {"key": {"_id": 1}, "unique": True}} if name == LEAN[1] else {}
        self._own = room.database.create_collection(PREFIX + name, **options)
        self._series = room.database[f"{PREFIX}{name}_{SERIES}"]
        self._series.insert_many([{"_id": number, "key": series.key} for series, number in room.numbers.items()])

    def prepare(self, blocks: Sequence[Block]) -> Any:
        """Documents without what is absent, as bytes."""
        own = columns_of(self._room, blocks)
        names = ("seconds", *own.values, "flag")
        moments = [name for name in own.values if VALUES[name].kind == TIME]
        wide = [name for name, kind in self._room.choice.fields.items() if kind == "int64"]
        number, start, *others = own.lists()
        documents = []
        for series, moment, *values in zip(number, start, *others, strict=True):
            document = {name: value for name, value in zip(names, values, strict=True) if value is not None}
            document |= {name: Int64(document[name]) for name in wide if name in document}  # as the record has them
            document |= {name: instant(document[name]) for name in moments if name in document}
            documents.append(Encoded(bson.encode({"_id": Int64(series * SPAN + moment), **document})))
        return documents

    def write(self, prepared: Any) -> None:
        """As the loader does."""
        for at in range(0, len(prepared), BATCH):
            insert(self._own, prepared[at : at + BATCH])

    def finish(self) -> None:
        """The lab waits for a checkpoint."""

    def size(self) -> tuple[int, int]:
        """Pages on disk; the names of the series are needed to find one."""
        own, series = size_of(self._own), size_of(self._series)
        return own.storage_bytes + series.storage_bytes, own.index_bytes + series.index_bytes

    def ask(self, question: Question) -> list[Document]:
        """By a range of `_id`, from which the instant is taken."""
        least = self._room.numbers[question.series] * SPAN
        first, end = question.first or 0, SPAN if question.end is None else question.end
        match: Document = {"$match": {"_id": {"$gte": Int64(least + first), "$lt": Int64(least + end)}}}
        unpacked: Document = {"$set": {"ts": {"$add": [EPOCH, {"$mod": ["$_id", Int64(SPAN)]}]}}}
        _, *rest = question.pipeline
        if question.name == "last":  # in the order of the key, before anything is unpacked
            return list(self._own.aggregate([match, {"$sort": {"_id": DESCENDING}}, {"$limit": 1}, unpacked, rest[-1]]))
        return list(self._own.aggregate([match, unpacked, *rest]))

    def close(self) -> None:
        """Remove both collections."""
        self._own.drop()
        self._series.drop()
