"""Five typical questions, each one aggregation on one series, the same for both forms, and how long each form takes.

Forms take turns, so that what slows the machine slows all of them alike.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from ..model.errors import StoreError
from ..model.localtime import local_day, midnight
from ..model.readings import Series, instant, milliseconds
from ..store.schema import Document
from .forms import Form

NAMES = ("day", "month", "year", "maximum", "last")
RUNS = 15
LOW, HIGH = 25, 75  # percentiles: the middle half of the runs
NO_MEASURE = frozenset({"_id", "ts", "series", "seconds", "flag"})

Pipeline = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """name: one of NAMES; pipeline: its aggregation; readings: how many of them it looks at."""

    name: str
    pipeline: Pipeline
    readings: int


def questions_about(stored: Collection[Document], series: Series, zone: ZoneInfo) -> list[Question]:
    """The five questions about one series, at days of which it has readings: around its middle one, and its last year.

    day: the readings of one local day; month: energy by local day; year: energy by local hour of the day over 365 days;
    maximum: the largest reading; last: the newest one.
    """
    whole = series.query()
    count = stored.count_documents(whole)
    middle, last = (_at(stored, series, place) for place in (count // 2, count - 1))
    measure = next(name for name in last if name not in NO_MEASURE)
    day, end = _local_day(middle, zone), _local_day(last, zone) + timedelta(days=1)
    month = day.replace(day=1)
    total = {"sum": {"$sum": f"${measure}"}, "readings": {"$sum": 1}}
    by_day = {"$dateTrunc": {"date": "$ts", "unit": "day", "timezone": str(zone)}}
    by_hour = {"$hour": {"date": "$ts", "timezone": str(zone)}}
    steps: dict[str, tuple[Document, Pipeline]] = {
        "day": (
            _within(series, day, day + timedelta(days=1), zone),
            [{"$sort": {"ts": 1}}, {"$project": {"_id": 0, "ts": 1, measure: 1}}],
        ),
        "month": (
            _within(series, month, (month + timedelta(days=32)).replace(day=1), zone),
            [{"$group": {"_id": by_day} | total}, {"$sort": {"_id": 1}}],
        ),
        "year": (
            _within(series, end - timedelta(days=365), end, zone),
            [{"$group": {"_id": by_hour} | total}, {"$sort": {"_id": 1}}],
        ),
        "maximum": (whole, [{"$group": {"_id": None, "maximum": {"$max": f"${measure}"}}}]),
        "last": (whole, [{"$sort": {"ts": DESCENDING}}, {"$limit": 1}, {"$project": {"_id": 0, "ts": 1, measure: 1}}]),
    }
    return [
        Question(name, [{"$match": match}, *rest], stored.count_documents(match))
        for name, (match, rest) in steps.items()
    ]


def ask(collection: Collection[Document], question: Question) -> list[Document]:
    """The answer, whole."""
    return list(collection.aggregate(question.pipeline))


def agree(one: Any, other: Any) -> bool:
    """Whether two answers are the same; sums of floats may differ by the order in which they were added."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(agree(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(agree(*each) for each in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return bool(one == other)


def _at(stored: Collection[Document], series: Series, place: int) -> Document:
    return next(stored.find(series.query()).sort("ts", ASCENDING).skip(place).limit(1))


def _local_day(found: Document, zone: ZoneInfo) -> date:
    return local_day(milliseconds(_aware(found["ts"])), zone)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _within(series: Series, start: date, end: date, zone: ZoneInfo) -> Document:
    first, after = instant(midnight(start, zone)), instant(midnight(end, zone))
    return series.query() | {"ts": {"$gte": first, "$lt": after}}


# --- times ------------------------------------------------------------------------------------------------------------


Times = dict[str, float]
"""Milliseconds: `median_ms` of the runs and the limits of their middle half, `low_ms` and `high_ms`."""


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
                taken[form, question.name].append(_duration(collections[form], question))
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


def _duration(collection: Collection[Document], question: Question) -> float:
    began = time.perf_counter()
    ask(collection, question)
    return 1000 * (time.perf_counter() - began)


def _times(taken: list[float]) -> Times:
    low, median, high = (round(float(each), 3) for each in np.percentile(np.array(taken), [LOW, 50, HIGH]))
    return {"median_ms": median, "low_ms": low, "high_ms": high}
