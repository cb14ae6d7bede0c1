"""DuckDB: columns in the order in which they came; its own least and most of each block find a reading, no index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pandas as pd

from ...model.columns import NUMBER, VALUES, Block
from ...model.readings import instant
from ...store.schema import Document
from ..questions import Question
from . import Room, columns_of
from .answers import Dialect, by_sql

ERRORS = (duckdb.Error,)
AT = "start AT TIME ZONE '{zone}'"
DIALECT = Dialect(
    "?",
    instant,
    "epoch_ms({})",
    f"epoch_ms(date_trunc('day', {AT}) AT TIME ZONE '{{zone}}')",
    f"hour({AT})",
)


class Stored:
    """A row a reading."""

    version = str(duckdb.__version__)

    def __init__(self, room: Room, _: str) -> None:
        self._room = room
        self._path = room.folder / "readings.duckdb"
        self._base = duckdb.connect(str(self._path))
        kinds = {name: "DOUBLE" if VALUES[name].kind == NUMBER else "BIGINT" for name in room.choice.fields}
        columns = "".join(f', "{name}" {kind}' for name, kind in kinds.items())
        self._base.execute(
            f"CREATE TABLE readings (series INTEGER, start TIMESTAMPTZ, seconds INTEGER{columns}, flag TEXT)"
        )
        self._base.execute("CREATE TABLE series (number INTEGER, key TEXT)")
        named = [(number, series.key) for series, number in room.numbers.items()]
        self._base.executemany("INSERT INTO series VALUES (?, ?)", named)

    def prepare(self, blocks: Sequence[Block]) -> Any:
        """A frame, whose columns DuckDB takes as they are."""
        own = columns_of(self._room, blocks)
        values = {name: pd.Series(column).mask(own.absent[name]) for name, column in own.values.items()}
        flags = pd.Series([own.flags.get(index) for index in range(len(own.start))], dtype=object)
        first = {"series": own.number, "start": own.start, "seconds": own.seconds}
        return pd.DataFrame({**first, **values, "flag": flags})

    def write(self, prepared: Any) -> None:
        """One insert."""
        others = ", ".join(f'"{name}"' for name in ("seconds", *self._room.choice.fields, "flag"))
        self._base.register("coming", prepared)
        self._base.execute(f"INSERT INTO readings SELECT series, make_timestamptz(start * 1000), {others} FROM coming")
        self._base.unregister("coming")

    def finish(self) -> None:
        """Into the file."""
        self._base.execute("CHECKPOINT")

    def size(self) -> tuple[int, int]:
        """The file."""
        return self._path.stat().st_size, 0

    def ask(self, question: Question) -> list[Document]:
        """By SQL."""
        return by_sql(self._run, DIALECT, question, self._room.numbers[question.series])

    def _run(self, statement: str, *values: Any) -> list[Any]:
        found: list[Any] = self._base.execute(statement, list(values)).fetchall()
        return found

    def close(self) -> None:
        """The file goes with its folder."""
        self._base.close()
