"""Both sides of a pair, slice by slice and at the same time: the record of the next slice, the mirror of this one.

A slice ends where the record has had its number of documents. The first one has no lower bound and the last one no
upper: servers up to 6.0 find nothing in a time-series collection by a bound before 1970-02 or after 2105.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from bson import decode

from ..model.clock import SystemClock
from .bson_columns.commands import find
from .bson_columns.layout import PLAIN
from .bson_columns.runs import runs
from .retry import patiently
from .schema import Document, Pair

CLOCK = SystemClock()


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
            until = _last_start(replies) if _count(replies) == size else None
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


def _count(replies: list[bytes]) -> int:
    return sum(run.count for reply in replies for run in runs(reply, numbered=True))


def _last_start(replies: list[bytes]) -> datetime:
    *_, last = (run for reply in replies for run in runs(reply, numbered=True))
    start: datetime = decode(last.document(last.count - 1), PLAIN)["ts"]
    return start
