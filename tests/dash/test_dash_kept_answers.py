"""Answers that are kept: cards that ask the same at the same moment put one question to the database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from dash_app.kit.reader import Reader
from sync.settings import load

SECONDS = 20


@pytest.fixture
def reader(database: Database[Any]) -> Reader:
    return Reader(database, load(Path.cwd(), {}))


class Asking:
    """Threads that all do the same; `found` is what each returned or raised."""

    def __init__(self, count: int, work: Callable[[], Any]) -> None:
        self.found: list[Any] = []
        self._threads = [threading.Thread(target=self._run, args=(work,)) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            self.found.append(work())
        except ValueError as error:
            self.found.append(error)

    def join(self) -> list[Any]:
        for thread in self._threads:
            thread.join(SECONDS)
            assert not thread.is_alive()
        return self.found


def test_many_ask_and_one_is_answered(reader: Reader) -> None:
    reader.version()
    asked = []
    inside, may_end = threading.Event(), threading.Event()

    def slow() -> str:
        asked.append(1)
        inside.set()
        assert may_end.wait(SECONDS)
        return "answer"

    asking = Asking(6, lambda: reader.kept("question", slow))
    assert inside.wait(SECONDS)
    may_end.set()
    assert asking.join() == ["answer"] * 6
    assert asked == [1]
    assert reader.kept("question", lambda: "another") == "answer"


def test_an_error_is_shared_and_not_kept(reader: Reader) -> None:
    def fail() -> str:
        raise ValueError("away")

    assert {str(each) for each in Asking(5, lambda: reader.kept("question", fail)).join()} == {"away"}
    assert reader.kept("question", lambda: "back") == "back"


def test_a_question_may_ask_another(reader: Reader) -> None:
    assert reader.kept("outer", lambda: reader.kept("inner", lambda: 1) + 1) == 2
