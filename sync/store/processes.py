"""Several processes that write one pair, split by series: never two of them on one series.

For first loads (`unique.first_load`): under a unique key two writers are slower than one (measured on MongoDB 6.0.5: 14
against 50 thousand readings a second). Each has its own client and encodes on its own. A process that is killed from
outside is replaced, and what it was
writing is given to the next one, as every write may be repeated.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from queue import Empty, Full, Queue
from types import TracebackType

from ..errors import StoreError, SyncError
from ..readings import ReadingBatch, Series
from .comparison import Written
from .connection import StoreSettings, open_store
from .schema import pair
from .writer import PairWriter

CALL = 100_000  # readings given to a process at once
LIVES = 3  # processes that may be lost in one lane
POLL = 0.2  # s between two looks whether a lane has failed
FAREWELL = 20  # s for a process to finish what it was given
LOST = f"a writing process was killed {LIVES} times (is there enough memory?): run again, what was stored stays"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a process could not write: words for the user, or the traceback of a bug."""

    words: str
    is_bug: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where the store is and which pair is written; goes to the processes."""

    mongodb_uri: str
    mongodb_database: str
    sync_home: Path
    source: str
    names: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, settings: StoreSettings, source: str, names: Mapping[str, tuple[str, str]]) -> Place:
        """The place that the settings name."""
        return cls(settings.mongodb_uri, settings.mongodb_database, settings.sync_home, source, dict(names))


class WriterProcesses:
    """`count` processes; use as a context manager. The pair must exist (`ensure_pair`, `first_load`).

    Readings that a lost process had stored count as unchanged when the next one meets them.
    """

    def __init__(self, place: Place, count: int) -> None:
        self._lanes = [_Lane(place) for _ in range(count)]
        self._of: dict[Series, _Lane] = {}

    @property
    def written(self) -> Written:
        """What is written so far."""
        return sum((lane.written for lane in self._lanes), Written())

    def write(self, batches: Iterable[ReadingBatch]) -> None:
        """Hand batches over; waits while a process has enough to do. Raises SyncError if one of them has failed."""
        for batch in batches:
            lane = self._of.get(batch.series)
            if lane is None:
                lane = self._of[batch.series] = min(self._lanes, key=lambda lane: lane.given)
            lane.give(batch)

    def finish(self) -> Written:
        """Wait until everything is written. Raises SyncError if that failed."""
        for lane in self._lanes:
            lane.close()
        for lane in self._lanes:
            lane.join()
        return self.written

    def __enter__(self) -> WriterProcesses:
        for lane in self._lanes:
            lane.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lane in self._lanes:
            lane.stop()
        for lane in self._lanes:
            lane.end()


class _Writer:
    """One process and the pipe to it."""

    def __init__(self, place: Place) -> None:
        context = multiprocessing.get_context("spawn")  # the driver's threads do not survive a fork
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_write, args=(theirs, place), daemon=True)
        with _deaf_to_ctrl_c():
            self._process.start()
        theirs.close()

    def ask(self, batches: Sequence[ReadingBatch]) -> Written | Failure | None:
        """What became of a call; None when the process is gone."""
        try:
            self._pipe.send(batches)
            wait([self._pipe, self._process.sentinel])
            if self._pipe.poll():
                answer: Written | Failure = self._pipe.recv()
                return answer
        except (OSError, EOFError):
            return None
        return None

    def end(self) -> None:
        """In good order, as it reads the end of its pipe, or by force."""
        self._pipe.close()
        self._process.join(FAREWELL)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """A process that is made in the block does not hear Ctrl-C: it is for the command, which then ends the pipes."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Lane:
    """One process at a time, and the thread that talks with it."""

    def __init__(self, place: Place) -> None:
        self.given = 0  # readings, ever
        self.written = Written()
        self._place = place
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._waiting: list[ReadingBatch] = []
        self._calls: Queue[Sequence[ReadingBatch]] = Queue(1)
        self._error: BaseException | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        self._thread.start()

    def give(self, batch: ReadingBatch) -> None:
        """Take a batch; waits while the process has enough to do."""
        self.given += len(batch)
        self._waiting.append(batch)
        if sum(map(len, self._waiting)) >= CALL:
            self._send()

    def close(self) -> None:
        """Nothing more comes."""
        if self._waiting:
            self._send()
        self._put([])

    def join(self) -> None:
        """Return when everything is written."""
        self._thread.join()
        self._raise()

    def stop(self) -> None:
        """What has not begun is not begun any more."""
        self._stopped.set()

    def end(self) -> None:
        """Return when the process is gone."""
        self._thread.join()

    def _send(self) -> None:
        batches, self._waiting = self._waiting, []
        self._put(batches)

    def _put(self, batches: Sequence[ReadingBatch]) -> None:
        while True:
            self._raise()
            with suppress(Full):
                self._calls.put(batches, timeout=POLL)
                return

    def _raise(self) -> None:
        if self._error:
            raise self._error

    def _run(self) -> None:
        writer = _Writer(self._place)
        lost = 0
        try:
            while batches := self._next():
                while (answer := writer.ask(batches)) is None:
                    writer.end()
                    lost += 1
                    if lost == LIVES:
                        raise StoreError(LOST)
                    writer = _Writer(self._place)
                if isinstance(answer, Failure):
                    raise RuntimeError(answer.words) if answer.is_bug else StoreError(answer.words)
                self.written += answer
        except Exception as error:
            self._error = error  # raised where the batches come from
        finally:
            writer.end()

    def _next(self) -> Sequence[ReadingBatch]:
        """The next call; empty at the end."""
        while not self._stopped.is_set():
            with suppress(Empty):
                return self._calls.get(timeout=POLL)
        return []


def _write(calls: Connection, place: Place) -> None:
    """The work of one process: until its pipe ends, as it does when the process that made it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it could not be blocked
    with suppress(OSError, EOFError):
        try:
            with open_store(place) as database:
                writer = PairWriter(pair(database, place.source, place.names))
                while True:
                    calls.send(writer.write_many(calls.recv()))
        except SyncError as error:
            calls.send(Failure(str(error), is_bug=False))
        except (OSError, EOFError):
            raise
        except Exception:
            calls.send(Failure(traceback.format_exc(), is_bug=True))
