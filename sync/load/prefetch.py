"""One step ahead: the next answer is fetched and read in a thread while the present one is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from queue import Queue
from threading import Semaphore, Thread
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def ahead(work: Callable[[Task], Result], tasks: Iterable[Task], is_last: Callable[[Result], bool]) -> Iterator[Result]:
    """`work` of each task in order, one of them done beforehand; nothing more is begun after one that `is_last`.

    Whatever `work` raises is raised here, in its turn. A daemon thread: a wait in it does not hold up the end of the
    program, and closing the iterator lets at most the task in hand be finished.
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
                result = work(task)
                results.put([result])
                if is_last(result):
                    break
            results.put([])
        except BaseException as error:
            results.put(error)

    Thread(target=run, daemon=True, name="one step ahead").start()
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
