"""Calls of `write_many` one behind the other: the next one begins while the one before comes to its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType

from ..model.clock import Clock
from ..model.readings import ReadingBatch
from .bulk import BulkWrite, Earlier, Turns
from .comparison import Written
from .pace import Pace
from .schema import Pair, lease_name

AT_ONCE = 2


class Calls:
    """Those of one writer; use as a context manager. When its block is left by an error, nothing more is begun."""

    def __init__(self, pair: Pair, clock: Clock, pace: Pace) -> None:
        self._turns = Turns.of(pair)
        self._pair = pair
        self._begun: Earlier = {}
        self._new = partial(BulkWrite, pair, clock, pace, self._turns)
        self._threads = ThreadPoolExecutor(AT_ONCE)

    def begin(
        self, batches: Sequence[ReadingBatch], mirror: bool = True, tell: Callable[[int], None] = lambda _: None
    ) -> Callable[[], Written]:
        """Begin a call of `write_many`; returns what waits for its end. `AT_ONCE` of them work at once; `tell` is
        called by their threads."""
        earlier = {name: call for name, call in self._begun.items() if not call.done()}
        call = self._threads.submit(self._new(earlier).write, batches, mirror, tell)
        self._begun = earlier | {lease_name(self._pair, batch.series): call for batch in batches}
        return call.result

    def __enter__(self) -> Calls:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._turns.stopped.set()
        self._threads.shutdown(cancel_futures=True)
