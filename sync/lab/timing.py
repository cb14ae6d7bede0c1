"""How long each form takes to answer: forms take turns, so that what slows the machine slows all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pymongo.collection import Collection

from ..model.errors import StoreError
from ..store.schema import Document
from .forms import Form
from .questions import Question, agree, ask

RUNS = 15
LOW, HIGH = 25, 75  # percentiles: the middle half of the runs


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds: the median of the runs and the limits of their middle half."""

    median_ms: float
    low_ms: float
    high_ms: float


def time_questions(
    collections: Mapping[Form, Collection[Document]],
    questions: Sequence[Question],
    runs: int,
    meanwhile: Callable[[str], None],
) -> dict[Form, dict[str, Times]]:
    """Ask every form every question `runs` times, in turns. Raises StoreError when two answers differ.

    A first round is not counted: it fills the caches, and is where answers are compared.
    """
    taken: dict[tuple[Form, str], list[float]] = {(form, each.name): [] for form in collections for each in questions}
    forms = list(collections)
    for question in questions:
        _same_answers(collections, question)
    for run in range(runs):
        for question in questions:
            turn = run % len(forms)
            for form in forms[turn:] + forms[:turn]:
                taken[form, question.name].append(_milliseconds(collections[form], question))
        meanwhile(f"round {run + 1} of {runs}")
    return {form: {each.name: _times(taken[form, each.name]) for each in questions} for form in forms}


def _same_answers(collections: Mapping[Form, Collection[Document]], question: Question) -> None:
    answers = {form: ask(collection, question) for form, collection in collections.items()}
    (first, answer), *others = answers.items()
    for form, other in others:
        if not agree(answer, other):
            raise StoreError(
                f"the lab: {first.name} and {form.name} answer the question {question.name!r} differently, so their "
                "times cannot be compared: run it again, and report this if it stays so"
            )


def _milliseconds(collection: Collection[Document], question: Question) -> float:
    began = time.perf_counter()
    ask(collection, question)
    return 1000 * (time.perf_counter() - began)


def _times(taken: list[float]) -> Times:
    low, median, high = (round(float(each), 3) for each in np.percentile(np.array(taken), [LOW, 50, HIGH]))
    return Times(median, low, high)


def as_json(times: Mapping[str, Times]) -> dict[str, Any]:
    """Question → its times, as kept and printed."""
    return {
        name: {"median_ms": each.median_ms, "low_ms": each.low_ms, "high_ms": each.high_ms}
        for name, each in times.items()
    }
