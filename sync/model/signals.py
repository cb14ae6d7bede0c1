"""Ctrl-C and SIGTERM (a request to end, treated alike), from a command's first line to its last: none is lost.

Three times of a command, each with its way: while it is imported, and when it is done, nothing is open, and the process
ends at once; while it works, KeyboardInterrupt gives leases and the embedded server back; while it serves, signals are
kept and looked at.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM)


def end_at_once() -> None:
    """Leave the end to the system: an exception in the middle of an import may be swallowed there, or leave half of it.

    A SIGINT that was ignored when Python started (nohup, a background job) stays ignored.
    """
    for number in _heeded():
        signal.signal(number, signal.SIG_DFL)


def interrupt() -> None:
    """Raise KeyboardInterrupt from here on."""
    for number in _heeded():
        signal.signal(number, _raise)


@contextmanager
def kept() -> Iterator[SimpleQueue[int]]:
    """Signals go into a queue and interrupt nothing; `get()` waits for the next. None arrives outside the main thread.

    A queue and not an Event: whose `set()`, called by the handler while the same thread holds its lock in `wait()`,
    would wait for ever.
    """
    arrived: SimpleQueue[int] = SimpleQueue()
    numbers = ENDING if _may_handle() else ()
    before = [(number, signal.signal(number, lambda number, _frame: arrived.put(number))) for number in numbers]
    try:
        yield arrived
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _heeded() -> list[signal.Signals]:
    return [number for number in ENDING if _may_handle() and signal.getsignal(number) is not signal.SIG_IGN]


def _may_handle() -> bool:
    """Python lets the main thread alone say what a signal does."""
    return threading.current_thread() is threading.main_thread()


def _raise(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
