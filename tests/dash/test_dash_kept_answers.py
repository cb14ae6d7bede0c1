"""Answers that are kept: cards that ask the same at the same moment put one question to the database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dash import html
from pymongo.database import Database

from dash_app.kit.blocks import Answer, Frame
from dash_app.kit.kept import weight_of
from dash_app.kit.reader import KEPT_BYTES, Reader
from dash_app.kit.static_html import lighten
from sync.settings import load
from tests.dash.served import PATIENCE


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
            thread.join(PATIENCE)
            assert not thread.is_alive()
        return self.found


def test_many_ask_and_one_is_answered(reader: Reader) -> None:
    reader.version()
    asked = []
    inside, may_end = threading.Event(), threading.Event()

    def slow() -> str:
        asked.append(1)
        inside.set()
        assert may_end.wait(PATIENCE)
        return "answer"

    asking = Asking(6, lambda: reader.kept("question", slow))
    assert inside.wait(PATIENCE)
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


YEAR = np.arange(8760, dtype=np.float64)
ARRAY, TEXTS = 8 * 8760, [f"2025-01-01T{place:09}+01:00" for place in range(8760)]
WEIGHTS: dict[str, tuple[Any, int]] = {
    "nothing": (None, 16),
    "an array": (YEAR, ARRAY),
    "a part of one keeps the whole": (YEAR[:5], ARRAY),
    "the same twice": ([YEAR, YEAR], ARRAY),
    "a frame": (Frame(pd.DataFrame({"wh": YEAR})), ARRAY),
    "its notes": (Frame(pd.DataFrame({"wh": [1.0]}), notes={"columns": {"trend": YEAR + 1, "day": YEAR}}), 2 * ARRAY),
    "its texts": (Frame(pd.DataFrame({"at": TEXTS})), 8760 * 34),
    "a chart": (Answer(html.Div([html.Div(), {"data": [{"y": YEAR.tolist(), "x": TEXTS}]}])), 8760 * (8 + 24 + 8 + 74)),
    "a table": (lighten(html.Table([html.Tr([html.Td(text), html.Td("0")]) for text in TEXTS])), 8760 * 1290),
}  # fmt: skip


@pytest.mark.parametrize("name", WEIGHTS)
def test_an_answer_weighs_what_is_in_it(name: str) -> None:
    value, about = WEIGHTS[name]
    assert weight_of(value) == pytest.approx(about, rel=0.2, abs=4_000)


def test_answers_are_kept_within_their_room(reader: Reader) -> None:
    """As many as 48 MB hold, those asked for last; one that is larger than all room is answered and not kept."""
    asked: list[int] = []

    def ask(question: int, size: int = 1_000_000) -> int:
        answer = reader.kept(question, lambda: asked.append(question) or np.ones(size // 8))  # type: ignore[func-returns-value]
        return int(answer.nbytes)

    for question in range(100):
        assert ask(question) == 1_000_000
        assert ask(0) == 1_000_000  # asked for again and again
        assert reader.answers.bytes <= KEPT_BYTES
    assert asked == list(range(100))
    ask(99)
    assert len(asked) == 100
    ask(50)  # long gone
    assert asked[100:] == [50]
    for _ in range(2):
        assert ask(-1, KEPT_BYTES + 8) == KEPT_BYTES + 8
    assert asked[101:] == [-1, -1]
    assert reader.answers.bytes > KEPT_BYTES - 2_000_000
