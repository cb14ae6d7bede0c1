"""What may be wrong with the records of an answer that comes with status 200, put upon right ones on request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Record = dict[str, Any]
Lists = list[list[Record]]
"""The records of an answer, in the lists in which they come; changed in place."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What a source calls the parts of its records that faults change. times: ISO 8601, in UTC without an offset."""

    times: tuple[str, ...]
    number: str
    zone: ZoneInfo


Spoil = Callable[[Lists, Fields, int], None]


def each(change: Callable[[Record, Fields], Any]) -> Spoil:
    """A fault of every record for itself."""

    def spoil(lists: Lists, fields: Fields, _amount: int) -> None:
        for records in lists:
            for record in records:
                change(record, fields)

    return spoil


def without(is_lost: Callable[[Record, Fields], bool]) -> Spoil:
    """Some records are missing."""

    def spoil(lists: Lists, fields: Fields, _amount: int) -> None:
        for records in lists:
            records[:] = [record for record in records if not is_lost(record, fields)]

    return spoil


def called(number: str) -> Spoil:
    """The number has another name."""
    return each(lambda record, fields: record.update({number: record.pop(fields.number)}))


def valued(number: object) -> Spoil:
    """The first numbers are something else."""

    def spoil(lists: Lists, fields: Fields, amount: int) -> None:
        for record in lists[0][:amount]:
            record[fields.number] = number

    return spoil


def later(**by: int) -> Spoil:
    """The times are shifted."""

    def change(record: Record, fields: Fields) -> None:
        for name in fields.times:
            record[name] = (datetime.fromisoformat(record[name]) + timedelta(**by)).isoformat()

    return each(change)


def double(lists: Lists, _fields: Fields, _amount: int) -> None:
    """Every record comes twice."""
    for records in lists:
        records += [dict(record) for record in records]


def last_day(lists: Lists, fields: Fields, amount: int) -> None:
    """The last day is missing."""
    time = fields.times[0]
    last = max(record[time][:10] for records in lists for record in records)
    without(lambda record, _: record[time][:10] == last)(lists, fields, amount)


def lost_hour(lists: Lists, fields: Fields, amount: int) -> None:
    """One instant in the middle is missing everywhere; where an hour comes twice on the clock, it is that."""
    time = fields.times[0]
    moments = sorted({record[time] for record in lists[0]}, key=_instant)
    walls = [_instant(moment).astimezone(fields.zone).replace(tzinfo=None, fold=0) for moment in moments]
    times_seen = Counter(walls)
    repeated = [moment for moment, wall in zip(moments, walls, strict=True) if times_seen[wall] > 1]
    lost = repeated[0] if repeated else moments[len(moments) // 2]
    without(lambda record, _: record[time] == lost)(lists, fields, amount)


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def put(lists: Lists, fields: Fields, table: Mapping[str, Spoil], spoilt: Mapping[str, float]) -> bool:
    """Put the faults of a table upon the records; whether there was one."""
    kinds = [kind for kind in spoilt if kind in table]
    for kind in kinds:
        table[kind](lists, fields, int(spoilt[kind]))
    return bool(kinds)


NUMBERS: dict[str, Spoil] = {"nan": valued(float("nan")), "text": valued("n/a"), "null": valued(None)}
SPOILS: dict[str, Spoil] = {**NUMBERS, "double": double, "lastday": last_day, "losthour": lost_hour}
"""Faults that the records of any source may have, by kind."""
