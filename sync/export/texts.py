"""Columns as texts: instants in ISO 8601, whole blocks at once (measured: 0.1 µs a reading, NumPy's own way 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ..model.columns import NUMBER, TIME, VALUES, Block
from ..model.localtime import offsets
from ..model.readings import Instants

DAY = 86_400_000
Letters = NDArray[np.uint8]
"""uint8[n, width]: a text of one width a row."""


def _table(texts: list[str]) -> NDArray[np.void]:
    return np.array([text.encode() for text in texts]).view(f"V{len(texts[0])}")


CLOCK = _table([f"T{minute // 60:02}:{minute % 60:02}:" for minute in range(1440)])
TWO = _table([f"{number:02}" for number in range(60)])
THREE = _table([f".{number:03}Z" for number in range(1000)])


def _wall(local: Instants, behind: NDArray[np.void]) -> Letters:
    """`2024-03-31T02:00:00` of ms since 1970 on a clock, and a text behind each."""
    form = [("date", "V10"), ("clock", "V7"), ("second", "V2"), ("behind", behind.dtype)]
    rows = np.empty(len(local), form)
    day, rest = local // DAY, local % DAY
    first = int(day.min()) if len(day) else 0
    span = int(day.max()) - first + 1 if len(day) else 0
    if span > 4 * len(day) + 400:  # a few readings over many years
        days, place = np.unique(day, return_inverse=True)
    else:
        days, place = np.arange(first, first + span), day - first
    rows["date"] = np.datetime_as_string(days.astype("datetime64[D]")).astype("S10").view("V10")[place]
    minute = rest // 60_000
    rows["clock"] = CLOCK[minute]
    rows["second"] = TWO[(rest - minute * 60_000) // 1000]
    rows["behind"] = behind
    return rows.view(np.uint8).reshape(len(local), rows.dtype.itemsize)


def utc(start: Instants) -> Letters:
    """`2024-03-31T01:00:00Z`."""
    return _wall(start, _table(["Z"]))


def milli(moments: Instants) -> Letters:
    """`2024-03-31T01:00:00.000Z`."""
    return _wall(moments, THREE[moments % 1000])


def local(start: Instants, zone: ZoneInfo) -> Letters:
    """`2024-03-31T03:00:00+02:00`."""
    shift = offsets(start, zone)
    steps = np.flatnonzero(np.diff(shift, prepend=shift[:1] - 1))
    signs = _table([_offset(int(each)) for each in shift[steps]] or ["+00:00"])
    return _wall(start + shift, signs[np.repeat(np.arange(len(steps)), np.diff(steps, append=len(shift)))])


@lru_cache(maxsize=256)
def _offset(shift: int) -> str:
    hours, minutes = divmod(abs(shift) // 60_000, 60)
    return f"{'-' if shift < 0 else '+'}{hours:02}:{minutes:02}"


def heads(block: Block, before: str, between: str, behind: str) -> list[str]:
    """`before` + start in UTC + `between` + start in local time + `behind` + seconds, for each reading."""
    start, wall, seconds = utc(block.start), local(block.start, block.zone), block.seconds
    if len(seconds) and (seconds == seconds[0]).all():  # then all of it is of one width
        return _joined(before, start, between, wall, f"{behind}{seconds[0]}")
    parts = zip(_list(start), _list(wall), seconds.tolist(), strict=True)
    return [f"{before}{first}{between}{second}{behind}{length}" for first, second, length in parts]


def _joined(*parts: str | Letters) -> list[str]:
    """Texts and columns of letters side by side (measured: half of what putting texts together takes)."""
    columns = [np.array(list(part.encode()), np.uint8) if isinstance(part, str) else part for part in parts]
    rows = np.empty((len(columns[1]), sum(column.shape[-1] for column in columns)), np.uint8)
    at = 0
    for column in columns:
        rows[:, at : at + column.shape[-1]] = column
        at += column.shape[-1]
    return [row.decode() for row in rows.view(f"S{at}")[:, 0].tolist()]


def starts(block: Block, before: str, behind: str) -> list[str]:
    """`before` + start in UTC + `behind`, for each reading."""
    return _joined(before, utc(block.start), behind)


def _list(letters: Letters) -> list[str]:
    wide = np.ascontiguousarray(letters, np.uint32)
    found: list[str] = wide.view(f"<U{letters.shape[1]}")[:, 0].tolist()
    return found


def values(block: Block, name: str, of_time: Callable[[str], str] = str, before: str = "") -> list[str]:
    """A column of a block, nothing where it is absent. Numbers have all digits that tell them from their neighbours."""
    return behind([""] * len(block), block, name, before, of_time=of_time)


def behind(
    rows: list[str], block: Block, name: str, before: str, *, of_time: Callable[[str], str] = str, absent: str = ""
) -> list[str]:
    """Each of some texts + `before` + a column of a block; `absent` in the place of both where there is no value."""
    column, kind = block.values[name], VALUES[name].kind
    if kind == TIME:
        letters = np.ascontiguousarray(milli(column))
        own: Iterable[Any] = (of_time(each.decode()) for each in letters.view(f"S{letters.shape[1]}")[:, 0].tolist())
    else:
        own = map(repr, column.tolist()) if kind == NUMBER else column.tolist()
    pairs = zip(rows, own, strict=True)
    if name in block.absent:
        gone = zip(pairs, block.absent[name].tolist(), strict=True)
        return [f"{row}{absent if is_gone else f'{before}{value}'}" for (row, value), is_gone in gone]
    return [f"{row}{before}{value}" for row, value in pairs]
