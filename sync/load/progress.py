"""While a load runs: its progress on standard error, and the next answer that is fetched while this one is written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable
from queue import Queue
from threading import Semaphore, Thread
from typing import Any, Protocol, TypeVar

from tqdm import tqdm

from ..model.privacy import plain

BRIEF = 1.0  # s


class Progress(Protocol):
    """What a load tells while it runs. `note` is a line for people; `advance` finished windows, files or bytes."""

    def start(self, total: int, done: int) -> None: ...

    def advance(self, text: str, steps: int = 1) -> None: ...

    def note(self, text: str) -> None: ...


class Silence:
    """Tells nobody."""

    def start(self, total: int, done: int) -> None:
        """Nothing to show."""

    def advance(self, text: str, steps: int = 1) -> None:
        """Nothing to show."""

    def note(self, text: str) -> None:
        """Nothing to show."""


class Bar:
    """A `Progress` drawn by tqdm; without a terminal only the notes are written. unit: of a step; "B" are bytes;
    brief: of what may take no time at all, drawn after a second, and gone at its end."""

    def __init__(self, unit: str, brief: bool = False) -> None:
        self._unit = unit
        self._brief = brief
        self._bar: tqdm[Any] | None = None

    def start(self, total: int, done: int) -> None:
        """Begin with `total` steps to go, `done` of them before this run."""
        self.close()
        if sys.stderr.isatty():
            self._bar = tqdm(
                total=total + done,
                initial=done,
                unit=self._unit,
                unit_scale=self._unit == "B",
                file=sys.stderr,
                dynamic_ncols=True,
                delay=BRIEF if self._brief else 0,
                leave=not self._brief,
            )

    def advance(self, text: str, steps: int = 1) -> None:
        """So many steps more are finished."""
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update(steps)

    def note(self, text: str) -> None:
        """A line above the bar; it may name a file or hold words of an answer."""
        text = plain(text)
        if self._bar is not None:
            self._bar.write(text, file=sys.stderr)
        else:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()


# --- one step ahead --------------------------------------------------------------------------------------------------

Task = TypeVar("Task")
Result = TypeVar("Result")


def ahead(
    work: Callable[[Task], Result],
    tasks: Iterable[Task],
    is_last: Callable[[Result], bool],
    is_waited_for: bool = False,
) -> Generator[Result, None, None]:
    """`work` of each task in order, one of them done beforehand; nothing more is begun after one that `is_last`.

    Whatever `work` raises is raised here, in its turn. Closing the iterator lets at most the task in hand be finished.

    is_waited_for: closing waits for that, as it must for work in native code: a process that ends in the middle of it
    may be aborted. A wait for an answer does not hold up the end of the program.
    """
    results: Queue[list[Result] | BaseException] = Queue()  # an empty list is the end
    free = Semaphore(2)  # the one that is handed out, and the next
    left = False

    def run() -> None:
        try:
            for task in tasks:
                free.acquire()
                if left:
                    return
                results.put([result := work(task)])
                if is_last(result):
                    break
            results.put([])
        except BaseException as error:
            results.put(error)

    thread = Thread(target=run, daemon=True, name="one step ahead")
    thread.start()
    try:
        while True:
            came = results.get()
            if isinstance(came, BaseException):
                raise came
            if not came:
                return
            yield came[0]
            free.release()
    finally:
        left = True
        free.release()
        if is_waited_for:
            thread.join()
