"""What may be wrong with the records of an answer that comes with status 200, put upon right ones on request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .faults import Kind

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


def without(is_lost: Callable[[Record], bool]) -> Spoil:
    """Some records are missing."""

    def spoil(lists: Lists, _fields: Fields, _amount: int) -> None:
        for records in lists:
            records[:] = [record for record in records if not is_lost(record)]

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
    return each(
        lambda record, fields: record.update(
            {name: (datetime.fromisoformat(record[name]) + timedelta(**by)).isoformat() for name in fields.times}
        )
    )


def _double(lists: Lists, _fields: Fields, _amount: int) -> None:
    for records in lists:
        records += [dict(record) for record in records]


def _last_day(lists: Lists, fields: Fields, amount: int) -> None:
    time = fields.times[0]
    last = max(record[time][:10] for records in lists for record in records)
    without(lambda record: record[time][:10] == last)(lists, fields, amount)


def _lost_hour(lists: Lists, fields: Fields, amount: int) -> None:
    """One instant in the middle; where an hour comes twice on the clock, it is that."""
    time = fields.times[0]
    moments = sorted({record[time] for record in lists[0]}, key=_instant)
    walls = [_instant(moment).astimezone(fields.zone).replace(tzinfo=None, fold=0) for moment in moments]
    times_seen = Counter(walls)
    repeated = [moment for moment, wall in zip(moments, walls, strict=True) if times_seen[wall] > 1]
    lost = repeated[0] if repeated else moments[len(moments) // 2]
    without(lambda record: record[time] == lost)(lists, fields, amount)


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def put(lists: Lists, fields: Fields, kinds: Mapping[str, Kind], spoilt: Mapping[str, float]) -> bool:
    """Put those of the faults upon the records that are of records; whether there was one."""
    spoils = [(spoil, int(amount)) for kind, amount in spoilt.items() if kind in kinds and (spoil := kinds[kind].spoil)]
    for spoil, amount in spoils:
        spoil(lists, fields, amount)
    return bool(spoils)


KINDS = {
    "double": Kind("every record comes twice", "double@2", spoil=_double),
    "lastday": Kind("the last day is missing", "lastday@2", spoil=_last_day),
    "losthour": Kind("one hour is missing everywhere, the repeated one in October", "losthour@10", spoil=_lost_hour),
    "nan": Kind("numbers are NaN", "nan@2:5", "records", 5, 100_000, valued(float("nan"))),
    "text": Kind("numbers are text", "text@2:5", "records", 5, 100_000, valued("n/a")),
    "null": Kind("numbers are null", "null@2:5", "records", 5, 100_000, valued(None)),
}
"""Faults that the records of any source may have."""
