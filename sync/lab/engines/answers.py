"""Answers to the five questions, by SQL or from columns, in the form of the questions' own pipelines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ...model.columns import Mask
from ...model.localtime import midnight, offsets
from ...model.readings import Instants, instant
from ...store.schema import Document
from ..questions import Question

DAY, HOUR = 86_400_000, 3_600_000
FIRST_DAY = date(1970, 1, 1).toordinal()


def midnight_of(day: int, zone: ZoneInfo) -> int:
    """Where the local day begins that is so many days after 1970-01-01, ms."""
    return midnight(date.fromordinal(FIRST_DAY + day), zone)


# --- SQL --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an engine spells the questions on `readings (series, start, …)`. mark: of a value; moment: ms as it takes
    them; ms: an instant in ms; day, hour: local ones of `start` in `{zone}`; day_ms: what `day` gives, in ms."""

    mark: str
    moment: Callable[[int], Any]
    ms: str
    day: str
    hour: str
    day_ms: Callable[[Any, ZoneInfo], int] = lambda value, _: int(value)


def by_sql(run: Callable[..., list[Any]], dialect: Dialect, question: Question, number: int) -> list[Document]:
    """run: (statement, values) → rows; number: of the series."""
    name, zone = question.measure, question.zone
    edges = [(">=", question.first), ("<", question.end)]
    bounds = [(sign, dialect.moment(edge)) for sign, edge in edges if edge is not None]
    where = f"WHERE series = {dialect.mark}" + "".join(f" AND start {sign} {dialect.mark}" for sign, _ in bounds)
    start = dialect.ms.format("start")
    units = {"month": dialect.day.format(zone=zone), "year": dialect.hour.format(zone=zone)}
    unit = units.get(question.name, "")
    statement = {
        "day": f'SELECT {start}, "{name}" FROM readings {where} ORDER BY start',
        "last": f'SELECT {start}, "{name}" FROM readings {where} ORDER BY start DESC LIMIT 1',
        "maximum": f'SELECT max("{name}") FROM readings {where}',
    }.get(
        question.name,
        f'SELECT {unit}, coalesce(sum("{name}"), 0), count(*) FROM readings {where} GROUP BY 1 ORDER BY 1',
    )
    rows = run(statement, number, *(edge for _, edge in bounds))
    if question.name == "maximum":
        return [{"_id": None, "maximum": rows[0][0]}]
    if unit:
        is_day = question.name == "month"
        named = [instant(dialect.day_ms(key, zone)) if is_day else key for key, _, _ in rows]
        return [{"_id": key, "sum": row[1], "readings": row[2]} for key, row in zip(named, rows, strict=True)]
    return [_reading(name, *row) for row in rows]


def _reading(name: str, start: int, value: Any) -> Document:
    return {"ts": instant(int(start))} | ({} if value is None else {name: value})


# --- columns ----------------------------------------------------------------------------------------------------------


def by_columns(question: Question, start: Instants, values: NDArray[Any], there: Mask) -> list[Document]:
    """Of one series, oldest first, within the question's bounds. there: which readings have a value."""
    if question.name == "maximum":
        return [{"_id": None, "maximum": values[there].max().item() if there.any() else None}]
    if question.name in ("day", "last"):
        first = max(0, len(start) - 1) if question.name == "last" else 0
        parts = zip(start[first:].tolist(), values[first:].tolist(), there[first:].tolist(), strict=True)
        return [_reading(question.measure, moment, value if is_there else None) for moment, value, is_there in parts]
    local = start + offsets(start, question.zone)
    units, place = np.unique(local // DAY if question.name == "month" else local // HOUR % 24, return_inverse=True)
    sums = np.zeros(len(units), values.dtype)
    np.add.at(sums, place, np.where(there, values, 0))
    named = [instant(midnight_of(unit, question.zone)) if question.name == "month" else unit for unit in units.tolist()]
    columns = zip(named, sums.tolist(), np.bincount(place).tolist(), strict=True)
    return [{"_id": unit, "sum": total, "readings": count} for unit, total, count in columns]
