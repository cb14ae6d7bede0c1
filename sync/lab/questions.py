"""Five typical questions on one series, each one aggregation, and how long every form and engine takes for each.

They take turns, so that what slows the machine slows all of them alike.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from ..model.errors import StoreError
from ..model.localtime import local_day, midnight
from ..model.readings import Series, instant, milliseconds
from ..store.schema import Document

NAMES = ("day", "month", "year", "maximum", "last")
RUNS = 15
LOW, HIGH = 25, 75  # percentiles: the middle half of the runs
NO_MEASURE = frozenset({"_id", "ts", "series", "seconds", "flag"})

Pipeline = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """name: one of NAMES; pipeline: its aggregation; readings: how many of them it looks at.

    And for engines that know no pipeline: the series, its measure, first and end (ms, UTC, half-open, None for all
    there is), and the zone of local days and hours.
    """

    name: str
    pipeline: Pipeline
    readings: int
    series: Series
    measure: str
    zone: ZoneInfo
    first: int | None = None
    end: int | None = None


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
    year = end - timedelta(days=365), end
    days = {"day": (day, day + timedelta(days=1)), "month": (month, (month + timedelta(days=32)).replace(day=1))}
    edges = {name: [midnight(edge, zone) for edge in pair] for name, pair in (days | {"year": year}).items()}
    steps: dict[str, Pipeline] = {
        "day": [{"$sort": {"ts": 1}}, {"$project": {"_id": 0, "ts": 1, measure: 1}}],
        "month": [{"$group": {"_id": by_day} | total}, {"$sort": {"_id": 1}}],
        "year": [{"$group": {"_id": by_hour} | total}, {"$sort": {"_id": 1}}],
        "maximum": [{"$group": {"_id": None, "maximum": {"$max": f"${measure}"}}}],
        "last": [{"$sort": {"ts": DESCENDING}}, {"$limit": 1}, {"$project": {"_id": 0, "ts": 1, measure: 1}}],
    }
    found = []
    for name, rest in steps.items():
        bounds = edges.get(name, ())
        match = whole | ({"ts": dict(zip(("$gte", "$lt"), map(instant, bounds), strict=True))} if bounds else {})
        looked_at = stored.count_documents(match)
        found.append(Question(name, [{"$match": match}, *rest], looked_at, series, measure, zone, *bounds))
    return found


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
    if isinstance(one, datetime) and isinstance(other, datetime):
        return _aware(one) == _aware(other)
    return bool(one == other)


def _at(stored: Collection[Document], series: Series, place: int) -> Document:
    return next(stored.find(series.query()).sort("ts", ASCENDING).skip(place).limit(1))


def _local_day(found: Document, zone: ZoneInfo) -> date:
    return local_day(milliseconds(_aware(found["ts"])), zone)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# --- times ------------------------------------------------------------------------------------------------------------


Times = dict[str, float]
"""Milliseconds: `median_ms` of the runs and the limits of their middle half, `low_ms` and `high_ms`."""


class Named(Protocol):
    """A form or an engine."""

    @property
    def name(self) -> str: ...


Kind = TypeVar("Kind", bound=Named)
Ask = Callable[[Question], list[Document]]


def time_questions(
    askers: Mapping[Kind, Ask], questions: Sequence[Question], runs: int, meanwhile: Callable[[str], None]
) -> dict[Kind, dict[str, Times]]:
    """Ask every form and engine every question `runs` times, in turns. Raises StoreError when two answers differ.

    A first round is not counted: it fills the caches, and is where answers are compared.
    """
    taken: dict[tuple[Kind, str], list[float]] = {(kind, each.name): [] for kind in askers for each in questions}
    kinds = list(askers)
    for question in questions:
        _same_answers(askers, question)
    for run in range(runs):
        for question in questions:
            turn = run % len(kinds)
            for kind in kinds[turn:] + kinds[:turn]:
                began = time.perf_counter()
                askers[kind](question)
                taken[kind, question.name].append(1000 * (time.perf_counter() - began))
        meanwhile(f"round {run + 1} of {runs}")
    return {kind: {each.name: _times(taken[kind, each.name]) for each in questions} for kind in kinds}


def _same_answers(askers: Mapping[Kind, Ask], question: Question) -> None:
    answers = {kind: answer_of(question) for kind, answer_of in askers.items()}
    (first, answer), *others = answers.items()
    for kind, other in others:
        if not agree(answer, other):
            raise StoreError(
                f"the lab: {first.name} and {kind.name} answer the question {question.name!r} differently, so their "
                "times cannot be compared: run it again, and report this if it stays so"
            )


def _times(taken: list[float]) -> Times:
    low, median, high = (round(float(each), 3) for each in np.percentile(np.array(taken), [LOW, 50, HIGH]))
    return {"median_ms": median, "low_ms": low, "high_ms": high}
