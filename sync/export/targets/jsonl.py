"""`FILE.jsonl`, `FILE.jsonl.gz`: a JSON object a line, keys in the order of the columns, none for what is absent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ...model.columns import INTEGER, TIME, VALUES, Block, Mask, Sums
from ...model.readings import Instants, Series
from ...sources.exported import ROWS, lines_of
from .. import texts
from .csv import packed
from .files import FileTarget

NEVER = "1970-01-01T00:00:00Z"


class Export(FileTarget):
    """A line a reading."""

    def begin(self) -> None:
        """No head."""
        self._file = packed(self)

    def write(self, block: Block) -> None:
        """The lines of a block."""
        self._file.write(("\n".join(objects(block)) + "\n").encode())

    def end(self) -> None:
        """To its last byte."""
        self._file.close()

    def sums(self) -> Sums:
        """By what each line says."""
        there = Sums()
        with lines_of(self.part) as (_, stream):
            while some := list(islice(stream, ROWS)):
                add_objects(there, list(map(orjson.loads, some)), self.fields)
        return there


def add_objects(there: Sums, rows: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> None:
    """Objects that were read back into a sum; one without its start or length is none."""
    whole = [row for row in rows if "start_utc" in row and "seconds" in row]
    values: dict[str, tuple[NDArray[Any], Mask | None]] = {}
    for name in fields:
        own = [row.get(name) for row in whole]
        known = np.array([value is not None for value in own], bool)
        if VALUES[name].kind == TIME:
            values[name] = (_moments(value or NEVER for value in own), known)
        else:
            kind = np.int64 if VALUES[name].kind == INTEGER else np.float64
            values[name] = (np.array([value or 0 for value in own], kind), known)
    seconds = np.array([row["seconds"] for row in whole], np.int64)
    there.take(_moments(row["start_utc"] for row in whole), seconds, values)


def _moments(texts_: Iterable[str]) -> Instants:
    found: Instants = np.array([text.removesuffix("Z") for text in texts_], "datetime64[ms]").astype(np.int64)
    return found


def objects(block: Block) -> list[str]:
    """The readings of a block, each as a JSON object."""
    names = ",".join(f"{json.dumps(name)}:{json.dumps(text, ensure_ascii=False)}" for name, text in named(block.series))
    rows = texts.heads(block, f'{{{names},"start_utc":"', '","start_local":"', '","seconds":')
    for name in block.values:
        rows = texts.behind(rows, block, name, f',"{name}":', of_time=json.dumps)
    if not block.flags:
        return [f"{row}}}" for row in rows]
    return [f"{row}{_end(block.flags, index)}" for index, row in enumerate(rows)]


def named(series: Series) -> list[tuple[str, str]]:
    """The columns that name a series, without a group where there is none."""
    own = [("source", series.source), ("id", series.id), ("flow", series.flow), ("group", series.group)]
    return [each for each in own if each[1]]


def _end(flags: Mapping[int, str], index: int) -> str:
    return f',"flag":{json.dumps(flags[index], ensure_ascii=False)}}}' if index in flags else "}"
