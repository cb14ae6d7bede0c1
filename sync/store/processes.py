"""Several processes that write one pair, split by series: never two of them on one series.

For first loads (`unique.first_load`): under a unique key two writers are slower than one (measured on MongoDB 6.0.5: 14
against 50 thousand readings a second). One writer takes 1 µs of the client a reading and 8 to 10 of the server, over
three connections: two for the record, one for the mirror. With the server on the same two processors that is all of
them; more writers help where the server has more. A process that is killed from outside is replaced, and what it was
writing is given to the next one, as every write may be repeated.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType

from ..model.errors import StoreError, SyncError
from ..model.readings import ReadingBatch, Series
from .comparison import Written
from .connection import StoreSettings, open_store
from .schema import pair
from .writer import PairWriter

CALL = 100_000  # readings given to a process at once
LIVES = 3  # processes that may be lost in one lane
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

    mongodb_uri: str = field(repr=False)  # may hold a password
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

    def begin(
        self, batches: Sequence[ReadingBatch], *, tell: Callable[[int], None] = lambda _: None
    ) -> Callable[[], Written]:
        """Give batches to the processes; returns what waits for their end. Calls are to be ended in their order."""
        for number, batch in enumerate(batches):
            lane = self._of.get(batch.series)
            if lane is None:
                lane = self._of[batch.series] = min(self._lanes, key=lambda lane: lane.given)
            lane.give(number, batch)
        asked = [(lane, lane.flush()) for lane in self._lanes]
        return lambda: sum((found for lane, calls in asked for found in lane.answers(calls, tell)), Written())

    def write_many(self, batches: Sequence[ReadingBatch], *, tell: Callable[[int], None] = lambda _: None) -> Written:
        """Like `PairWriter.write_many`. Raises SyncError if one of the processes has failed."""
        return self.begin(batches, tell=tell)()

    def __enter__(self) -> WriterProcesses:
        for lane in self._lanes:
            lane.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
    resource_tracker.ensure_running()  # where it is started on the way, it makes its thread hear again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass(slots=True)
class _Call:
    """Batches for a process, each with its number in the call of `write_many`; and what became of them."""

    numbers: list[int] = field(default_factory=list)
    batches: list[ReadingBatch] = field(default_factory=list)
    written: Written | None = None

    def __len__(self) -> int:
        return sum(map(len, self.batches))


class _Lane:
    """One process at a time, and the thread that talks with it."""

    def __init__(self, place: Place) -> None:
        self.given = 0  # readings, ever
        self._place = place
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._next = _Call()
        self._asked: list[_Call] = []
        self._calls: Queue[_Call | None] = Queue()
        self._answered: Queue[None] = Queue()
        self._error: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def give(self, number: int, batch: ReadingBatch) -> None:
        """Take a batch."""
        self.given += len(batch)
        self._next.numbers.append(number)
        self._next.batches.append(batch)
        if len(self._next) >= CALL:
            self._hand_on()

    def flush(self) -> list[_Call]:
        """Hand on what was taken; returns the calls since the last flush."""
        self._hand_on()
        asked, self._asked = self._asked, []
        return asked

    def answers(self, asked: list[_Call], tell: Callable[[int], None]) -> Iterator[Written]:
        """What became of calls, as it comes."""
        for call in asked:
            self._answered.get()
            if call.written is None:
                raise self._error or StoreError(LOST)
            tell(len(call))
            met = [replace(each, batch=call.numbers[each.batch]) for each in call.written.met]
            yield replace(call.written, met=met)

    def _hand_on(self) -> None:
        if self._next.batches:
            self._asked.append(self._next)
            self._calls.put(self._next)
            self._next = _Call()

    def end(self) -> None:
        """Return when the process is gone. What has not begun is not begun any more."""
        with suppress(Empty):
            while True:
                self._calls.get_nowait()
        self._calls.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._serve()
        except Exception as error:
            self._error = error  # raised where the batches come from
            self._answered.put(None)
            while self._calls.get():
                self._answered.put(None)

    def _serve(self) -> None:
        writer = _Writer(self._place)
        lost = 0
        try:
            while call := self._calls.get():
                while (answer := writer.ask(call.batches)) is None:
                    writer.end()
                    lost += 1
                    if lost == LIVES:
                        raise StoreError(LOST)
                    writer = _Writer(self._place)
                if isinstance(answer, Failure):
                    raise RuntimeError(answer.words) if answer.is_bug else StoreError(answer.words)
                call.written = answer
                self._answered.put(None)
        finally:
            writer.end()


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
