"""Many series of one pair at once, close to what the server can take.

The rules are those of `PairWriter.write`: the record first, the mirror gets the record's bytes, every step can be
repeated. What makes it fast: one look for all series instead of one each, documents built and compared by NumPy, large
inserts, the mirror of one part is filled while the next one is recorded, and no pause between two calls (`calls.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as futures_done
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock, Semaphore
from typing import TypeVar

import numpy as np
from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError

from ..model.clock import Clock
from ..model.errors import StoreError
from ..model.readings import LONGEST_INTERVAL, Instants, ReadingBatch, Series, instant
from .bson_columns.columns import decode
from .bson_columns.commands import Encoded, find, insert
from .bson_columns.copying import chunks, lacking, stored_documents
from .comparison import Met, Verdict, Written, compare
from .conflicts import Contradictions
from .leases import DUPLICATE_KEY, Leases
from .pace import Pace
from .pieces import NOTHING, Numbered, Piece, parts, present
from .retry import PATIENCE, patiently
from .schema import LEASES, WITHHOLDING, Pair, is_unique, lease_name
from .withholding import withhold

Result = TypeVar("Result")

LEASE_SECONDS = 30
LEAST = 5_000  # documents; of a small call, cut so that its parts can be recorded and mirrored side by side
AHEAD = 4  # parts that are being recorded and mirrored, or wait for it
MOST_RECORDING = 2

Empty = frozenset[Series]
"""Series of which a side had nothing where a call will write, as it was looked up when the call began."""

Earlier = Mapping[str, Future[Written]]
"""By the name of a lease the call of the same writer that comes first there. What a series has is told in that order:
of two values for one time the later call's is the one that contradicts."""

DONE: Future[Written] = Future()
DONE.set_result(Written())


@dataclass(frozen=True, slots=True)
class Turns:
    """What calls of one writer share: they take turns. recording: how many parts are recorded at once."""

    recording: Semaphore
    cutting: Lock = field(default_factory=Lock)
    stopped: Event = field(default_factory=Event)

    @classmethod
    def of(cls, pair: Pair) -> Turns:
        """For the key that the record has now."""
        return cls(Semaphore(1 if is_unique(pair) else MOST_RECORDING))


class BulkWrite:
    """One call of `write_many`. `clock` is only asked to sleep."""

    def __init__(self, pair: Pair, clock: Clock, pace: Pace, turns: Turns, earlier: Earlier) -> None:
        self.pair = pair
        self._pace = pace
        self._clock = clock
        self._turns = turns
        self._earlier = earlier
        self._marks = pair.record.database[LEASES]
        self._leases = Leases(pair.record.database, LEASE_SECONDS)
        self._stale: set[str] = set()
        known = pair.source in WITHHOLDING
        self._contradictions = Contradictions(pair.record.database, pair.source) if known else None

    def write(self, batches: Sequence[ReadingBatch], mirror: bool, tell: Callable[[int], None]) -> Written:
        """Store batches; those whose lease another process holds come when it is free. Raises StoreError if it stays
        taken, PyMongoError for what does not pass by itself."""
        waiting: dict[str, list[Numbered]] = {}
        for numbered in sorted(enumerate(batches), key=lambda each: each[1].series.key):
            if len(numbered[1]):
                waiting.setdefault(lease_name(self.pair, numbered[1].series), []).append(numbered)
        written, waited = Written(), 0.0
        while waiting:
            free = self._free(waiting)
            self._stale = patiently(partial(self._leases.take, free), self._clock)
            try:
                taken = [waiting.pop(name) for name in sorted(self._leases.names)]
                for turn in range(max(map(len, taken), default=0)):  # a series given twice: one after the other
                    written += self._write([each[turn] for each in taken if turn < len(each)], mirror, tell)
                if taken and mirror:
                    self._rewrite([each[0][1].series for each in taken])
            finally:
                self._leases.release()
            if waiting and not taken:
                waited = self._wait(waited, next(iter(waiting)))
        return written

    def _free(self, names: Iterable[str]) -> list[str]:
        """Those that no earlier call has any more; returns when there are some."""
        while True:
            begun = {name: call for name in names if not (call := self._earlier.get(name, DONE)).done()}
            if free := [name for name in names if name not in begun]:
                return free
            futures_done(begun.values(), return_when=FIRST_COMPLETED)

    def _wait(self, waited: float, name: str) -> float:
        if waited >= PATIENCE:
            raise StoreError(f"another process keeps writing {name}: wait until it is done and run again")
        pause = min(0.1 + waited / 10, 5.0)
        self._clock.sleep(pause)
        return waited + pause

    def _write(self, batches: Sequence[Numbered], mirror: bool, tell: Callable[[int], None]) -> Written:
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
            self._tried(self._mirror, part, unmirrored)

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
        """The series of which the record, and the mirror, have nothing where batches go, and no contradictions."""
        margin = LONGEST_INTERVAL * 1000
        ranges = [(batch.series, int(batch.start[0]) - margin, int(batch.end[-1])) for _, batch in batches]
        every = frozenset(series for series, _, _ in ranges)
        unrecorded = every - present(self.pair.record, ranges) - self._held(every).keys()
        if not (mirror and unrecorded):
            return unrecorded, frozenset()
        ranges = [each for each in ranges if each[0] in unrecorded]
        return unrecorded, unrecorded - present(self.pair.mirror, ranges)

    def _tried(self, step: Callable[[list[Piece], Empty], Result], part: list[Piece], empty: Empty) -> Result:
        """What was looked up beforehand holds for the first try."""
        known = [empty]
        return patiently(lambda: step(part, known.pop() if known else frozenset()), self._clock)

    # --- the record ------------------------------------------------------------------------------------------------

    def _record(self, part: list[Piece], empty: Empty) -> Written:
        """One try. The ids and corrections of the pieces outlive it, so that a second one counts what it had done."""
        self._leases.keep()
        written, new, replaced = Written(), [], []
        looked = [piece for piece in part if piece.series not in empty]
        stored = present(self.pair.record, [(piece.series, piece.after, piece.end) for piece in looked])
        held = self._held(piece.series for piece in looked)
        for piece in part:
            piece.withheld = np.isin(piece.batch.start, held.get(piece.series, NOTHING))
            if piece.series not in stored:
                piece.stored, piece.new = NOTHING, np.flatnonzero(~piece.withheld)
                written.new += len(piece.new)
                if piece.withheld.any():
                    written.met.append(Met(piece.number, NOTHING, piece.batch.start[piece.withheld], NOTHING))
            else:
                near = decode(find(self.pair.record, piece.query(piece.after, piece.end)), numbered=True)
                verdict = compare(piece.batch, piece.ids, near)
                piece.stored = piece.inside(near)
                if self._contradictions:
                    self._withhold(self._contradictions, piece, verdict)
                else:
                    replaced += [(piece.series, document) for document in verdict.changed.values()]
                    piece.corrected |= verdict.changed.keys()
                written += self._counted(piece, verdict)
            new += piece.new_documents()
        if replaced:
            self._mark_stale({lease_name(self.pair, series) for series, _ in replaced})
            requests = [ReplaceOne({"_id": document["_id"]}, document) for _, document in replaced]
            self.pair.record.bulk_write(requests, ordered=False)
        if new and not self._insert_new(new):
            return self._record(part, frozenset())
        return written

    def _held(self, series: Iterable[Series]) -> dict[Series, Instants]:
        return self._contradictions.starts(set(series)) if self._contradictions else {}

    def _withhold(self, known: Contradictions, piece: Piece, verdict: Verdict) -> None:
        """What contradicts a stored reading is not stored, and the stored one is removed."""
        stored = piece.withheld & ~verdict.new & ~verdict.overlapping  # left by a run that was ended in between
        stored[list(verdict.changed)] = True
        if stored.any():
            noted = partial(self._mark_stale, {lease_name(self.pair, piece.series)})
            withhold(self.pair.record, known, piece.batch, stored, noted)
            piece.withheld |= stored

    def _counted(self, piece: Piece, verdict: Verdict) -> Written:
        kept = ~piece.withheld
        piece.new = np.flatnonzero(verdict.new & kept)
        unchanged = verdict.unchanged & kept
        unchanged[list(piece.corrected)] = False
        start = piece.batch.start
        written = Written(len(piece.new) + int((verdict.written & kept).sum()), len(piece.corrected))
        written.unchanged = int(unchanged.sum())
        written.rejected += [instant(each) for each in start[verdict.overlapping & kept].tolist()]
        if self._contradictions and (unchanged | ~kept | verdict.overlapping).any():
            met = Met(piece.number, start[unchanged], start[~kept], start[verdict.overlapping & kept])
            written.met.append(met)
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

    # --- the mirror ------------------------------------------------------------------------------------------------

    def _mirror(self, part: list[Piece], empty: Empty) -> None:
        """What the record has of a part and the mirror lacks. A series to be rewritten comes at the end, whole."""
        self._leases.keep()
        part = [piece for piece in part if lease_name(self.pair, piece.series) not in self._stale]
        first = [piece for piece in part if not len(piece.stored) and piece.series not in empty]
        mirrored = present(self.pair.mirror, [(piece.series, piece.first, piece.last + 1) for piece in first])
        documents: list[Encoded] = []
        for piece in part:
            if not len(piece.stored) and piece.series not in mirrored:
                documents += piece.new_documents()
            else:
                documents += lacking(self.pair, piece.query(piece.first, piece.last + 1), piece.starts())
        self._insert_mirror(documents, {lease_name(self.pair, piece.series) for piece in part})

    def _insert_mirror(self, documents: Iterable[Encoded], names: set[str]) -> None:
        for chunk in chunks(documents, self._pace.documents):
            self._leases.keep()
            with self._pace.insert(self.pair.mirror.name):
                insert(self.pair.mirror, chunk)
            if not self._leases.is_sure():  # held up for so long that another process may have filled the same gap
                self._mark_stale(names)
                self._leases.keep()

    def _rewrite(self, series: Sequence[Series]) -> None:
        for each in series:
            if lease_name(self.pair, each) in self._stale:
                patiently(partial(self._rewrite_one, each), self._clock)

    def _rewrite_one(self, series: Series) -> None:
        name = lease_name(self.pair, series)
        self._leases.keep()
        # A delete that names the metaField only is what every server from 5.0.5 can do on a time-series collection.
        self.pair.mirror.delete_many(series.query())
        self._insert_mirror(stored_documents(self.pair.record, series.query()), {name})
        self._marks.update_one({"_id": name}, {"$unset": {"stale": ""}})
        self._stale.discard(name)

    def _mark_stale(self, names: set[str]) -> None:
        """Note durably that these mirrors must be rewritten, before anything makes them wrong."""
        self._marks.update_many({"_id": {"$in": sorted(names)}}, {"$set": {"stale": True}})
        self._stale |= names
