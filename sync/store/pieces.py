"""Batches cut into parts of one insert, and the look for what is stored near them."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC

import numpy as np
from numpy.typing import NDArray
from pymongo.collection import Collection

from ..model.readings import LONGEST_INTERVAL, Instants, ReadingBatch, Series, instant, milliseconds, series_from
from .bson_columns.columns import Slice
from .bson_columns.commands import Encoded
from .bson_columns.layout import Ids, encode_block, encode_rows
from .schema import Document

CLAUSES = 100  # ranges asked for in one query; more of them are asked for as one wide range (measured: 4 ms for 100)
COUNTER = 1 << 24

NOTHING = np.empty(0, np.int64)

Range = tuple[Series, int, int]
"""A series with `[from, to)`, ms."""

Numbered = tuple[int, ReadingBatch]
"""A batch with its number in the call."""


@dataclass(slots=True)
class Piece:
    """A part of a batch with the ids that it keeps over all tries.

    number: of its batch in the call; after: end of the reading before it in its batch (ms), from where on a stored
    reading may reach into this piece. stored: starts (ms) of what the record had of this piece; new: the readings that
    it got; withheld: those that it must not get, as another value is known for them. Where it had nothing, and the
    mirror has nothing either, the new ones are what the mirror needs.
    """

    number: int
    batch: ReadingBatch
    ids: Ids
    after: int
    corrected: set[int] = field(default_factory=set)
    stored: Instants = field(default_factory=lambda: NOTHING)
    new: NDArray[np.int64] = field(default_factory=lambda: NOTHING)
    withheld: NDArray[np.bool_] = field(default_factory=lambda: NOTHING.astype(bool))
    _block: Encoded | None = None

    @property
    def series(self) -> Series:
        return self.batch.series

    @property
    def first(self) -> int:
        """First start, ms."""
        return int(self.batch.start[0])

    @property
    def last(self) -> int:
        """Last start, ms."""
        return int(self.batch.start[-1])

    @property
    def end(self) -> int:
        """End of the last reading, ms."""
        return int(self.batch.end[-1])

    def query(self, first: int, end: int) -> Document:
        """Filter for `[first, end)` of the series."""
        return self.series.query() | {"ts": {"$gte": instant(first), "$lt": instant(end)}}

    def starts(self) -> Instants:
        """What the record has of this piece: starts, ms."""
        return np.concatenate([self.stored, self.batch.start[self.new]])

    def new_documents(self) -> list[Encoded]:
        """The readings that the record got; all of them together where nothing stands against it."""
        if len(self.new) == len(self.batch):
            if self._block is None and (block := encode_block(self.batch, self.ids)):
                self._block = Encoded(block)
            if self._block is not None:
                return [self._block]
        documents = encode_rows(self.batch, self.ids) if len(self.new) else []
        return [Encoded(documents[index]) for index in self.new.tolist()]

    def inside(self, stored: Slice) -> Instants:
        """Starts (ms) of those documents that start within the piece."""
        others = [milliseconds(document["ts"].replace(tzinfo=UTC)) for document in stored.others]
        starts = np.concatenate([stored.columns.get("ts", NOTHING), np.array(others, np.int64)])
        return starts[(starts >= self.first) & (starts <= self.last)]


class ObjectIds:
    """New ObjectIds by the thousand, in rising order: time, five random bytes of this object, a counter."""

    def __init__(self) -> None:
        self._random = np.frombuffer(os.urandom(5), np.uint8)
        self._counter = int.from_bytes(os.urandom(3), "big")

    def take(self, count: int) -> Ids:
        """uint8[count, 12]."""
        ids = np.empty((count, 12), np.uint8)
        ids[:, :4] = np.frombuffer(int(time.time()).to_bytes(4, "big"), np.uint8)
        ids[:, 4:9] = self._random
        counters = (np.arange(self._counter, self._counter + count) % COUNTER).astype(">u4")
        ids[:, 9:] = counters.view(np.uint8).reshape(-1, 4)[:, 1:]
        self._counter = (self._counter + count) % COUNTER
        return ids


def parts(batches: Sequence[Numbered], most: Callable[[], int]) -> Iterator[list[Piece]]:
    """The batches in their order, cut and gathered into parts of at most `most()` readings, asked for each part."""
    ids = ObjectIds()
    part: list[Piece] = []
    room = most()
    for number, batch in batches:
        at = 0
        while at < len(batch):
            count = min(room, len(batch) - at)
            part.append(_piece(number, batch, at, at + count, ids))
            at += count
            room -= count
            if room == 0:
                yield part
                part, room = [], most()
    if part:
        yield part


def present(side: Collection[Document], ranges: Sequence[Range]) -> set[Series]:
    """The series that have a reading which starts in their range, and perhaps some that only have one near it."""
    if not ranges:
        return set()
    clauses: defaultdict[tuple[int, int], list[Document]] = defaultdict(list)
    for series, first, end in ranges:
        clauses[first, end].append(series.subdocument())
    if len(clauses) > CLAUSES:
        first, end = min(first for _, first, _ in ranges), max(end for _, _, end in ranges)
        clauses = defaultdict(list, {(first, end): [series.subdocument() for series, _, _ in ranges]})
    queries = [
        {"series": {"$in": values}, "ts": {"$gte": instant(first), "$lt": instant(end)}}
        for (first, end), values in clauses.items()
    ]
    match = queries[0] if len(queries) == 1 else {"$or": queries}
    found = side.aggregate([{"$match": match}, {"$group": {"_id": "$series"}}])
    named = (series_from(entry["_id"]) for entry in found)
    return {series for series in named if series}


def _piece(number: int, batch: ReadingBatch, first: int, last: int, new: ObjectIds) -> Piece:
    after = int(batch.start[0]) - LONGEST_INTERVAL * 1000 if first == 0 else int(batch.end[first - 1])
    whole = first == 0 and last == len(batch)
    piece = batch if whole else batch.slice(first, last)
    ids = new.take(len(piece))
    return Piece(number, piece, ids, after)
