"""Batches into a pair: first the record, then the mirror gets what the record has and it lacks.

Every step can be repeated: a stop between any two of them leaves the record right and the mirror short at worst. What a
failed insert did is never assumed but read again (a blind resend would double time-series documents).

What makes it fast: one look for all series instead of one each, documents built and compared by NumPy, large inserts,
the mirror of one part is filled while the next one is recorded, and no pause between two calls (`PairWriter.calls`).
"""

from __future__ import annotations

import os
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as futures_done
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from threading import Event, Lock, Semaphore
from types import TracebackType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pymongo import ReplaceOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from ..model.clock import Clock, SystemClock
from ..model.errors import StoreError
from ..model.readings import LONGEST_INTERVAL, Instants, ReadingBatch, Series, instant, milliseconds, series_from
from .bson_columns import (
    Encoded,
    Ids,
    Slice,
    chunks,
    decode,
    encode_block,
    encode_rows,
    find,
    insert,
    lacking,
    stored_documents,
)
from .comparison import Verdict, compare
from .lease import DUPLICATE_KEY, LEASES, Lease, held, lease_name
from .restore import Aside
from .retry import PATIENCE, Pace, patiently
from .schema import KEY_NAME, Document, Pair

__all__ = ["Calls", "ObjectIds", "PairWriter", "Refused", "Written"]

LEASE_SECONDS = 30
LEAST = 5_000  # documents; of a small call, cut so that its parts can be recorded and mirrored side by side
AHEAD = 4  # parts that are being recorded and mirrored, or wait for it
MOST_RECORDING = 2
CALLS_AT_ONCE = 2
CLAUSES = 100  # ranges asked for in one query; more of them are asked for as one wide range (measured: 4 ms for 100)
COUNTER = 1 << 24
LOOKS = 20  # at a part in which another process stores the same readings, before it is given up
NOTHING = np.empty(0, np.int64)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Refused:
    """Readings of one batch of a call that were not stored; starts, ms.

    batch: its number in the call; different: another value is stored, which stays; overlapping: with a stored reading
    of another length.
    """

    batch: int
    different: Instants
    overlapping: Instants


@dataclass(slots=True)
class Written:
    """What became of batches. `rejected`: starts (UTC) that overlap a stored reading of another length.

    `refused`: these, and second values where they are no corrections, batch by batch.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: list[datetime] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list, compare=False)

    def __add__(self, other: Written) -> Written:
        return Written(
            self.new + other.new,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.rejected + other.rejected,
            self.refused + other.refused,
        )


Tell = Callable[[int], None]
"""Hears how many more readings are in the record."""

Range = tuple[Series, int, int]
"""A series with `[from, to)`, ms."""

Numbered = tuple[int, ReadingBatch]
"""A batch with its number in the call."""

Empty = frozenset[Series]
"""Series of which a side had nothing where a call will write, as it was looked up when the call began."""

Earlier = Mapping[str, Future[Written]]
"""By the name of a lease the call of the same writer that comes first there. What a series has is told in that order:
of two values for one time the later call's is the second."""

DONE: Future[Written] = Future()
DONE.set_result(Written())


class PairWriter:
    """Writes batches of any series into one pair. `clock` is only asked to sleep. Not for several threads at once."""

    def __init__(self, pair: Pair, clock: Clock | None = None) -> None:
        self.pair = pair
        self._clock = clock or SystemClock()
        self._marks = pair.record.database[LEASES]
        self._pace = Pace()

    def write(self, batch: ReadingBatch, *, mirror: bool = True, corrects: bool = True) -> Written:
        """Store one batch, see `write_many`."""
        return self.write_many([batch], mirror=mirror, corrects=corrects)

    def write_many(
        self,
        batches: Sequence[ReadingBatch],
        *,
        mirror: bool = True,
        corrects: bool = True,
        tell: Tell = lambda _: None,
    ) -> Written:
        """Store batches in both collections, or in the record alone when its turn in the mirror comes later.

        The more readings at once, the better (a million: 16 MB). corrects: another value for a stored reading takes
        its place, as the answers of an API do; else the stored one stays, unless the other contradicts nothing and
        says more, adds a mark or confirms a coarser value, and one that does contradict comes back in
        `Written.refused`. Safe to repeat; raises PyMongoError for what does not pass by itself.
        """
        with self.calls(corrects=corrects) as calls:
            return calls.begin(batches, mirror=mirror, tell=tell)()

    def calls(self, *, corrects: bool = True) -> Calls:
        """For `write_many` again and again: the next call begins while the one before comes to its end."""
        return Calls(self.pair, self._clock, self._pace, corrects)

    def fill_mirror(self, series: Series, first: datetime, last: datetime) -> int:
        """Insert what the mirror lacks of `first` … `last` (both included); returns how many documents that were."""
        return self._complete(series, {"ts": {"$gte": first, "$lte": last}})

    def complete_mirror(self, series: Series) -> int:
        """Insert what the mirror lacks of a whole series; returns how many documents that were.

        Without bounds: servers up to 6.0 find nothing in a time-series collection by a bound before 1970-02 or after
        2105, and what is not found would be inserted once more.
        """
        return self._complete(series, {})

    def rewrite_mirror(self, series: Series) -> None:
        """Make the mirror of a series anew from the record, oldest first: one clean chronological load. What only the
        mirror has comes into the record before."""
        self.mark_stale(series)
        self._complete(series, None)

    def restore(self, series: Series) -> int:
        """Copy readings of a series that only the mirror has into the record; returns how many that were."""
        return self._with_mirror(series, lambda mirror: Aside(self.pair, series, mirror.lease.keep).restore())

    def mark_stale(self, series: Series) -> None:
        """Note durably that the mirror of a series must be rewritten, before anything makes it wrong."""
        name = lease_name(self.pair.mirror, series)
        self._marks.update_one({"_id": name}, {"$set": {"stale": True}}, upsert=True)

    def is_stale(self, series: Series) -> bool:
        """Whether the mirror of a series is marked to be rewritten."""
        return self._marks.find_one({"_id": lease_name(self.pair.mirror, series), "stale": True}) is not None

    def _complete(self, series: Series, bounds: Document | None) -> int:
        """Documents that a mirror lacked within bounds; one that is stale is rewritten. None: it was stale."""

        def step(mirror: Mirror) -> int:
            if mirror.lease.stale:
                mirror.rewrite(series)
            elif bounds is not None:
                return mirror.insert(lacking(self.pair, series.query() | bounds), {mirror.lease.name})
            return 0

        return self._with_mirror(series, step)

    def _with_mirror(self, series: Series, step: Callable[[Mirror], int]) -> int:
        """A step that may be repeated, with the lease of the mirror in hand."""
        lease = Lease(self.pair.record.database, lease_name(self.pair.mirror, series), LEASE_SECONDS, self._clock)

        def with_lease() -> int:
            with held(lease, PATIENCE):
                return step(Mirror(self.pair, self._pace, lease))

        return patiently(with_lease, self._clock)


@dataclass(frozen=True, slots=True)
class Turns:
    """What calls of one writer share: they take turns. recording: how many parts are recorded at once."""

    recording: Semaphore
    cutting: Lock = field(default_factory=Lock)
    stopped: Event = field(default_factory=Event)

    @classmethod
    def of(cls, pair: Pair) -> Turns:
        """For the key that the record has now; without a key it has no unique one."""
        is_unique = bool(pair.record.index_information().get(KEY_NAME, {}).get("unique"))
        return cls(Semaphore(1 if is_unique else MOST_RECORDING))


class Calls:
    """Calls of `write_many` one behind the other; use as a context manager.

    When its block is left by an error, nothing more is begun.
    """

    def __init__(self, pair: Pair, clock: Clock, pace: Pace, corrects: bool) -> None:
        self.pair = pair
        self.clock = clock
        self.pace = pace
        self.corrects = corrects
        self.turns = Turns.of(pair)
        self._begun: Earlier = {}
        self._threads = ThreadPoolExecutor(CALLS_AT_ONCE)

    def begin(
        self, batches: Sequence[ReadingBatch], *, mirror: bool = True, tell: Tell = lambda _: None
    ) -> Callable[[], Written]:
        """Begin a call of `write_many`; returns what waits for its end. `CALLS_AT_ONCE` of them work at once; `tell` is
        called by their threads."""
        earlier = {name: call for name, call in self._begun.items() if not call.done()}
        call = self._threads.submit(Call(self, earlier).write, batches, mirror, tell)
        self._begun = earlier | {lease_name(self.pair.mirror, batch.series): call for batch in batches}
        return call.result

    def __enter__(self) -> Calls:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.turns.stopped.set()
        self._threads.shutdown(cancel_futures=True)


class Call:
    """One call of `write_many`."""

    def __init__(self, calls: Calls, earlier: Earlier) -> None:
        self.pair = calls.pair
        self._clock = calls.clock
        self._pace = calls.pace
        self._corrects = calls.corrects
        self._turns = calls.turns
        self._earlier = earlier
        self._lease = Lease(self.pair.record.database, seconds=LEASE_SECONDS, clock=calls.clock)
        self._mirror = Mirror(self.pair, calls.pace, self._lease)

    def write(self, batches: Sequence[ReadingBatch], mirror: bool, tell: Tell) -> Written:
        """Store batches; those whose lease another process holds come when it is free. Raises StoreError if it stays
        taken, PyMongoError for what does not pass by itself."""
        waiting: dict[str, list[Numbered]] = {}
        for number, batch in sorted(enumerate(batches), key=lambda numbered: numbered[1].series.key):
            if len(batch):
                waiting.setdefault(lease_name(self.pair.mirror, batch.series), []).append((number, batch))
        written, waited = Written(), 0.0
        while waiting:
            free = self._free(waiting)
            patiently(partial(self._lease.take, free), self._clock)
            try:
                taken = [waiting.pop(name) for name in sorted(self._lease.names)]
                for turn in range(max(map(len, taken), default=0)):  # a series given twice: one after the other
                    written += self._write([own[turn] for own in taken if turn < len(own)], mirror, tell)
                if taken and mirror:
                    self._mirror.rewrite_stale([own[0][1].series for own in taken], self._clock)
            finally:
                self._lease.release()
            if waiting and not taken:
                waited = self._lease.wait(waited, PATIENCE, next(iter(waiting)))
        return written

    def _free(self, names: Iterable[str]) -> list[str]:
        """Those that no earlier call has any more; returns when there are some."""
        while True:
            begun = {name: call for name in names if not (call := self._earlier.get(name, DONE)).done()}
            if free := [name for name in names if name not in begun]:
                return free
            futures_done(begun.values(), return_when=FIRST_COMPLETED)

    def _write(self, batches: Sequence[Numbered], mirror: bool, tell: Tell) -> Written:
        """Several things at once: cut a part, record the one or two before, mirror the one before these.

        Two parts into the record at a time only while its key is not unique (a sixth faster then: an insert waits for
        the journal, too): under a unique key each takes the server three times as long (25 against 10 µs a reading on
        MongoDB 6.0.5). The mirror gets one after the other: a series out of order would take it more buckets.
        """
        begun: deque[tuple[Future[Written], Future[None] | None, int]] = deque()
        recorder, mirrorer = ThreadPoolExecutor(MOST_RECORDING), ThreadPoolExecutor(1)
        unrecorded, unmirrored = patiently(partial(self._look, batches, mirror), self._clock)

        def record(part: list[Piece]) -> Written:
            with self._turns.recording:
                return self._tried(self._record, part, unrecorded)

        def follow(recorded: Future[Written], part: list[Piece]) -> None:
            recorded.result()
            self._tried(self._fill_mirror, part, unmirrored)

        def collect(left: int) -> Written:
            written = Written()
            while len(begun) > left:
                recorded, mirrored, count = begun.popleft()
                written += recorded.result()
                tell(count)
                if mirrored:
                    mirrored.result()
            return written

        written = Written()
        try:
            size = max(LEAST, -(-sum(len(batch) for _, batch in batches) // 4))
            with self._turns.cutting:
                for part in parts(batches, lambda: min(size, self._pace.documents)):
                    if self._turns.stopped.is_set():
                        raise StoreError("stopped, as a call before has failed")
                    recorded = recorder.submit(record, part)
                    mirrored = mirrorer.submit(follow, recorded, part) if mirror else None
                    begun.append((recorded, mirrored, sum(len(piece.batch) for piece in part)))
                    written += collect(AHEAD)
            return written + collect(0)
        finally:  # after an error nothing more is begun; what has begun comes to its end
            recorder.shutdown(cancel_futures=True)
            mirrorer.shutdown(cancel_futures=True)

    def _look(self, batches: Sequence[Numbered], mirror: bool) -> tuple[Empty, Empty]:
        """The series of which the record, and the mirror, have nothing where batches go."""
        margin = LONGEST_INTERVAL * 1000
        ranges = [(batch.series, int(batch.start[0]) - margin, int(batch.end[-1])) for _, batch in batches]
        unrecorded = frozenset(series for series, _, _ in ranges) - present(self.pair.record, ranges)
        if not (mirror and unrecorded):
            return unrecorded, frozenset()
        ranges = [own for own in ranges if own[0] in unrecorded]
        return unrecorded, unrecorded - present(self.pair.mirror, ranges)

    def _tried(self, step: Callable[[list[Piece], Empty], Result], part: list[Piece], empty: Empty) -> Result:
        """What was looked up beforehand holds for the first try."""
        for_now = [empty]
        return patiently(lambda: step(part, for_now.pop() if for_now else frozenset()), self._clock)

    # --- the record ------------------------------------------------------------------------------------------------

    def _record(self, part: list[Piece], empty: Empty, left: int = LOOKS) -> Written:
        """One try. The ids and corrections of the pieces outlive it, so that a second one counts what it had done."""
        self._lease.keep()
        written, new, replaced = Written(), [], []
        ranges = [(piece.series, piece.after, piece.end) for piece in part if piece.series not in empty]
        stored = present(self.pair.record, ranges)
        for piece in part:
            if piece.series not in stored:
                piece.stored, piece.new = NOTHING, np.arange(len(piece.batch))
                written.new += len(piece.new)
            else:
                near = decode(find(self.pair.record, piece.query(piece.after, piece.end)), numbered=True)
                verdict = compare(piece.batch, piece.ids, near)
                piece.stored = piece.inside(near)
                taken = verdict.changed.keys() if self._corrects else verdict.agreeing
                replaced += [(piece.series, verdict.changed[index]) for index in sorted(taken)]
                piece.corrected |= taken
                written += self._counted(piece, verdict)
            new += piece.new_documents()
        if replaced:
            self._mirror.mark_stale({lease_name(self.pair.mirror, series) for series, _ in replaced})
            requests = [ReplaceOne({"_id": document["_id"]}, document) for _, document in replaced]
            self.pair.record.bulk_write(requests, ordered=False)
        if new and not self._insert_new(new):
            if left == 0:
                raise StoreError(
                    f"{self.pair.record.name!r} refuses readings as stored already, and does not show them: is another "
                    "unique index on it, or does the server read from a member that lags?"
                )
            return self._record(part, frozenset(), left - 1)
        return written

    def _counted(self, piece: Piece, verdict: Verdict) -> Written:
        start = piece.batch.start
        piece.new = np.flatnonzero(verdict.new)
        unchanged = verdict.unchanged.copy()
        if not self._corrects:
            unchanged[list(verdict.poorer)] = True
        unchanged[list(piece.corrected)] = False
        written = Written(len(piece.new) + int(verdict.written.sum()), len(piece.corrected), int(unchanged.sum()))
        overlapping = start[verdict.overlapping]
        written.rejected += [instant(at) for at in overlapping.tolist()]
        different = start[[] if self._corrects else sorted(verdict.changed.keys() - verdict.agreeing - verdict.poorer)]
        if len(different) or len(overlapping):
            written.refused.append(Refused(piece.number, different, overlapping))
        return written

    def _insert_new(self, documents: list[Encoded]) -> bool:
        """False when another process stored some of them in between: then the part is looked at again."""
        try:
            with self._pace.insert(self.pair.record.name):
                insert(self.pair.record, documents)
        except BulkWriteError as error:
            if {failure["code"] for failure in error.details["writeErrors"]} == {DUPLICATE_KEY}:
                return False
            raise
        return True

    def _fill_mirror(self, part: list[Piece], empty: Empty) -> None:
        """What the record has of a part and the mirror lacks. A series to be rewritten comes at the end, whole."""
        self._lease.keep()
        part = [piece for piece in part if self._mirror.name(piece.series) not in self._lease.stale]
        first = [piece for piece in part if not len(piece.stored) and piece.series not in empty]
        mirrored = present(self.pair.mirror, [(piece.series, piece.first, piece.last + 1) for piece in first])
        documents: list[Encoded] = []
        for piece in part:
            if not len(piece.stored) and piece.series not in mirrored:
                documents += piece.new_documents()
            else:
                documents += lacking(self.pair, piece.query(piece.first, piece.last + 1), piece.starts())
        self._mirror.insert(documents, {self._mirror.name(piece.series) for piece in part})


@dataclass(frozen=True, slots=True)
class Mirror:
    """The mirror of a pair, while leases of some series are held."""

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
        aside = Aside(self.pair, series, self.lease.keep)
        aside.restore()
        aside.keep_foreign()
        # A delete that names the metaField only is what every server from 5.0.5 can do on a time-series collection.
        self.pair.mirror.delete_many(series.query())
        self.insert(stored_documents(self.pair.record, series), {name})
        aside.put_back()
        self.pair.record.database[LEASES].update_one({"_id": name}, {"$unset": {"stale": ""}})
        self.lease.stale.discard(name)

    def mark_stale(self, names: set[str]) -> None:
        """Note durably that these mirrors must be rewritten, before anything makes them wrong."""
        self.pair.record.database[LEASES].update_many({"_id": {"$in": sorted(names)}}, {"$set": {"stale": True}})
        self.lease.stale |= names

    def name(self, series: Series) -> str:
        """Of the lease of a series."""
        return lease_name(self.pair.mirror, series)


# --- batches cut into parts of one insert ----------------------------------------------------------------------------


@dataclass(slots=True)
class Piece:
    """A part of a batch with the ids that it keeps over all tries.

    number: of its batch in the call; after: end of the reading before it in its batch (ms), from where on a stored
    reading may reach into this piece. stored: starts (ms) of what the record had of this piece; new: the readings that
    it got. Where it had nothing, and the mirror has nothing either, the new ones are what the mirror needs.
    """

    number: int
    batch: ReadingBatch
    ids: Ids
    after: int
    corrected: set[int] = field(default_factory=set)
    stored: Instants = field(default_factory=lambda: NOTHING)
    new: NDArray[np.int64] = field(default_factory=lambda: NOTHING)
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
    """New ObjectIds by the thousand: time, five random bytes of this object, a counter that begins in its lower half.
    They rise from one call to the next, except where the counter begins anew."""

    def __init__(self) -> None:
        self._random = np.frombuffer(os.urandom(5), np.uint8)
        self._counter = int.from_bytes(os.urandom(3), "big") // 2
        self._lock = Lock()

    def take(self, count: int) -> Ids:
        """uint8[count, 12]."""
        with self._lock:
            first, self._counter = self._counter, (self._counter + count) % COUNTER
        ids = np.empty((count, 12), np.uint8)
        ids[:, :4] = np.frombuffer(int(time.time()).to_bytes(4, "big"), np.uint8)
        ids[:, 4:9] = self._random
        counters = (np.arange(first, first + count) % COUNTER).astype(">u4")
        ids[:, 9:] = counters.view(np.uint8).reshape(-1, 4)[:, 1:]
        return ids


IDS = ObjectIds()  # one for the process: what is stored later within a second sorts later, as the fleet's mark expects


def parts(batches: Sequence[Numbered], most: Callable[[], int]) -> Iterator[list[Piece]]:
    """The batches in their order, cut and gathered into parts of at most `most()` readings, asked for each part."""
    part: list[Piece] = []
    room = most()
    for number, batch in batches:
        at = 0
        while at < len(batch):
            count = min(room, len(batch) - at)
            part.append(_piece(number, batch, at, at + count))
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


def _piece(number: int, batch: ReadingBatch, first: int, last: int) -> Piece:
    after = int(batch.start[0]) - LONGEST_INTERVAL * 1000 if first == 0 else int(batch.end[first - 1])
    whole = first == 0 and last == len(batch)
    piece = batch if whole else batch.slice(first, last)
    return Piece(number, piece, IDS.take(len(piece)), after)
