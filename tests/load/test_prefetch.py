"""One step ahead: order, errors, the end, and never more than one thing done beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from sync.load.progress import ahead


def test_in_order_and_one_beforehand() -> None:
    begun: list[int] = []
    second = Event()

    def work(task: int) -> int:
        begun.append(task)
        if task == 2:
            second.set()
        return task * 10

    results = ahead(work, range(1, 6), lambda _: False)
    assert next(results) == 10
    assert second.wait(10)  # begun while the first is in hand
    assert begun == [1, 2]
    assert list(results) == [20, 30, 40, 50]
    assert begun == [1, 2, 3, 4, 5]


def test_nothing_is_begun_after_the_last() -> None:
    begun: list[int] = []
    assert list(ahead(lambda task: begun.append(task) or task, range(9), lambda result: result == 3)) == [0, 1, 2, 3]
    assert begun == [0, 1, 2, 3]


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_errors_come_in_their_turn(error: BaseException) -> None:
    def work(task: int) -> int:
        if task == 2:
            raise error
        return task

    results = ahead(work, range(5), lambda _: False)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(type(error)):
        next(results)


def test_no_task() -> None:
    assert list(ahead(lambda task: task, [], lambda _: False)) == []


def test_left_early() -> None:
    """Whoever stops asking stops the work, too."""
    begun: list[int] = []
    ended = Event()

    def tasks() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            ended.set()

    results = ahead(lambda task: begun.append(task) or task, tasks(), lambda _: False)
    assert next(results) == 0
    results.close()
    assert ended.wait(10)
    assert len(begun) <= 3
