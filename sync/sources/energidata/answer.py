"""An answer of Energi Data Service → its records as verified columns. Pure: no network, no clock.

Compared with the question before anything is made of it: the dataset, how many records there are of how many that
match, the columns, the instants and their grid. What is in the columns is for the dataset's own reader to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...model.readings import Instants
from ..answers import UtcTimes, iso, json_object, refuse_marked, shown
from ..source import AnswerRefused, Dataset


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked. time: the UTC column; others: the remaining ones; low, high: half-open, ms since the epoch."""

    dataset: Dataset
    time: str
    others: tuple[str, ...]
    low: int
    high: int

    @property
    def step(self) -> int:
        """ms between two readings of a series."""
        return self.dataset.step * 1000


@dataclass(frozen=True, slots=True)
class Records:
    """start: ms since the epoch, UTC; columns: as they came, under the names that were asked for."""

    start: Instants
    columns: Mapping[str, list[Any]]


def read_records(text: str, question: Question) -> Records:
    """The records of an answer. Raises AnswerRefused for whatever is not what was asked."""
    answer = json_object(text)
    records = answer.get("records")
    if not isinstance(records, list):
        raise AnswerRefused(f"the answer has no list `records`: {shown(text)}")
    name = question.dataset.name
    said = answer.get("dataset")
    if not isinstance(said, str) or said.lower() != name.lower():
        raise AnswerRefused(f"asked was {name}, the answer says {shown(said)}")
    total = answer.get("total")
    if type(total) is not int or total != len(records):
        raise AnswerRefused(f"{len(records):,} records came, `total` says {shown(total)}: the answer is cut off")
    names = (question.time, *question.others)
    if not records:
        return Records(np.zeros(0, dtype=np.int64), {name: [] for name in question.others})
    if not all(isinstance(record, dict) for record in records):
        raise AnswerRefused("a record is not an object")
    columns = {ours: _column(records, _spelling(records[0], ours, name)) for ours in names}
    start = UtcTimes().column(columns.pop(question.time))
    low, high, grid = question.low, question.high, question.dataset.step // 60
    refuse_marked(
        start,
        ((start < low) | (start >= high), f"outside {iso(low)} … {iso(high)} (not included)"),
        (start % question.step != 0, f"not on the grid of {grid} min"),
    )
    return Records(start, columns)


def _spelling(record: Mapping[str, Any], name: str, dataset: str) -> str:
    """The name of a column as it came: letter case follows what one asks for, or not."""
    found = next((key for key in record if key.lower() == name.lower()), None)
    if found is None:
        raise AnswerRefused(
            f"the records of {dataset} have no column {name} but {', '.join(record)}: it may have been renamed"
        )
    return found


def _column(records: list[dict[str, Any]], name: str) -> list[Any]:
    try:
        return [record[name] for record in records]
    except KeyError:
        raise AnswerRefused(f"not every record has the column {name}") from None
