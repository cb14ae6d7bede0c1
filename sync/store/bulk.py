"""Many series of one pair at once, close to what the server can take.

The rules are those of `PairWriter.write`: the record first, the mirror gets the record's bytes, every step can be
repeated. What makes it fast: one look for all series instead of one each, documents built and compared by NumPy, large
inserts, and the mirror of one part is filled while the next one is recorded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError

from ..clock import Clock
from ..errors import StoreError
from ..readings import ReadingBatch, Series, instant
from .columns import decode
from .comparison import Met, Verdict, Written, compare
from .contradictions import Contradictions
from .copying import chunks, lacking, stored_documents
from .leases import DUPLICATE_KEY, Leases
from .near import NOTHING, Numbered, Piece, parts, present
from .pace import Pace
from .patience import PATIENCE, patiently
from .replies import Encoded, find, insert
from .schema import LEASES, WITHHOLDING, Pair, lease_name
from .withholding import withhold

LEASE_SECONDS = 30
LEAST = 5_000  # documents; of a small call, cut so that its parts can be recorded and mirrored side by side
AHEAD = 2  # parts that wait for the record, and for the mirror


class BulkWrite:
    """One call of `write_many`. `clock` is only asked to sleep."""

    def __init__(self, pair: Pair, clock: Clock, pace: Pace) -> None:
        self.pair = pair
        self._pace = pace
        self._clock = clock
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
            self._stale = patiently(lambda: self._leases.take(waiting), self._clock)
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

    def _wait(self, waited: float, name: str) -> float:
        if waited >= PATIENCE:
            raise StoreError(f"another process keeps writing {name}: wait until it is done and run again")
        pause = min(0.1 + waited / 10, 5.0)
        self._clock.sleep(pause)
        return waited + pause

    def _write(self, batches: Sequence[Numbered], mirror: bool, tell: Callable[[int], None]) -> Written:
        """Three things at once: cut a part, record the one before, mirror the one before that.

        Never two parts into the record: under a unique key each then takes the server three times as long (measured:
        25 against 10 µs a reading on MongoDB 6.0.5), and without that promise it gains nothing.
        """
        written = Written()
        recorded: deque[Future[tuple[Written, int, Future[None] | None]]] = deque()
        mirrored: deque[Future[None]] = deque()
        recorder, mirrorer = ThreadPoolExecutor(1), ThreadPoolExecutor(1)

        def record(part: list[Piece]) -> tuple[Written, int, Future[None] | None]:
            outcome = patiently(partial(self._record, part), self._clock)
            following = mirrorer.submit(patiently, partial(self._mirror, part), self._clock) if mirror else None
            return outcome, sum(len(piece.batch) for piece in part), following

        def collect(left: int) -> Written:
            sums = Written()
            while len(recorded) > left:
                outcome, count, following = recorded.popleft().result()
                sums += outcome
                tell(count)
                if following:
                    mirrored.append(following)
                while len(mirrored) > left:
                    mirrored.popleft().result()
            return sums

        try:
            size = max(LEAST, -(-sum(len(batch) for _, batch in batches) // 4))
            for part in parts(batches, lambda: min(size, self._pace.documents)):
                recorded.append(recorder.submit(record, part))
                written += collect(AHEAD)
            return written + collect(0)
        finally:  # after an error nothing more is begun; what has begun comes to its end
            recorder.shutdown(cancel_futures=True)
            mirrorer.shutdown(cancel_futures=True)

    # --- the record ------------------------------------------------------------------------------------------------

    def _record(self, part: list[Piece]) -> Written:
        """One try. The ids and corrections of the pieces outlive it, so that a second one counts what it had done."""
        self._leases.keep()
        written, new, replaced = Written(), [], []
        stored = present(self.pair.record, [(piece.series, piece.after, piece.end) for piece in part])
        held = self._contradictions.starts({piece.series for piece in part}) if self._contradictions else {}
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
            return self._record(part)
        return written

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
            with self._pace.insert():
                insert(self.pair.record, documents)
        except BulkWriteError as error:
            if {failure["code"] for failure in error.details["writeErrors"]} == {DUPLICATE_KEY}:
                return False
            raise
        return True

    # --- the mirror ------------------------------------------------------------------------------------------------

    def _mirror(self, part: list[Piece]) -> None:
        """What the record has of a part and the mirror lacks. A series to be rewritten comes at the end, whole."""
        self._leases.keep()
        part = [piece for piece in part if lease_name(self.pair, piece.series) not in self._stale]
        first = [piece for piece in part if not len(piece.stored)]
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
            with self._pace.insert():
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
