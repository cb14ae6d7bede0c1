"""SQLite: a table without row ids, which lies in the order of its key; local time from a small table of the clock."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...model.columns import INTEGER, VALUES, Block
from ...model.localtime import offsets
from ...store.schema import Document
from ..questions import Question
from . import Room, columns_of
from .answers import DAY, HOUR, Dialect, by_sql, midnight_of

ERRORS = (sqlite3.Error,)
LOCAL = "(start + (SELECT ahead FROM clock WHERE since <= start ORDER BY since DESC LIMIT 1))"
DIALECT = Dialect("?", int, "{}", f"{LOCAL} / {DAY}", f"{LOCAL} / {HOUR} % 24", midnight_of)


class Stored:
    """A row a reading."""

    version = sqlite3.sqlite_version

    def __init__(self, room: Room, _: str) -> None:
        self._room = room
        self._path = room.folder / "readings.sqlite"
        self._base = sqlite3.connect(self._path, isolation_level=None)
        kinds = {name: "INTEGER" if VALUES[name].kind == INTEGER else "REAL" for name in room.choice.fields}
        columns = "".join(f', "{name}" {kind}' for name, kind in kinds.items())
        self._base.execute(
            f"CREATE TABLE readings (series INTEGER, start INTEGER, seconds INTEGER{columns}, flag TEXT, "
            "PRIMARY KEY (series, start)) WITHOUT ROWID"
        )
        self._base.execute("CREATE TABLE series (number INTEGER PRIMARY KEY, key TEXT)")
        named = [(number, series.key) for series, number in room.numbers.items()]
        self._base.executemany("INSERT INTO series VALUES (?, ?)", named)
        self._base.execute("CREATE TABLE clock (since INTEGER PRIMARY KEY, ahead INTEGER)")

    def prepare(self, blocks: Sequence[Block]) -> Any:
        """Tuples, and from when on the clock is how far ahead."""
        clock = []
        for block in blocks:
            ahead = offsets(block.start, self._room.choice.zone)
            steps = np.flatnonzero(np.diff(ahead, prepend=ahead[:1] - 1))
            clock += list(zip(block.start[steps].tolist(), ahead[steps].tolist(), strict=True))
        return list(zip(*columns_of(self._room, blocks).lists(), strict=True)), clock

    def write(self, prepared: Any) -> None:
        """One transaction."""
        rows, clock = prepared
        marks = ", ".join("?" * len(rows[0]))
        self._base.execute("BEGIN")
        self._base.executemany(f"INSERT INTO readings VALUES ({marks})", rows)
        self._base.executemany("INSERT OR REPLACE INTO clock VALUES (?, ?)", clock)
        self._base.execute("COMMIT")

    def finish(self) -> None:
        """Each transaction was there to stay."""

    def size(self) -> tuple[int, int]:
        """The file: the table is its own index."""
        return self._path.stat().st_size, 0

    def ask(self, question: Question) -> list[Document]:
        """By SQL."""
        return by_sql(self._run, DIALECT, question, self._room.numbers[question.series])

    def _run(self, statement: str, *values: Any) -> list[Any]:
        return self._base.execute(statement, values).fetchall()

    def close(self) -> None:
        """The file goes with its folder."""
        self._base.close()
