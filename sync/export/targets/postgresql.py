"""`postgresql://…`: the table `readings` (of steps `readings_day` …) with a key on series and start; a reading that is
there is replaced. TimescaleDB's hypertable and compression where its extension is.

A series of which the table has nothing yet goes in by COPY, any other by way of a temporary table. Every transaction
notes how far it came: a run that was cut off goes on behind the last whole one.
"""

from __future__ import annotations

import hashlib
from itertools import chain

from psycopg.errors import UniqueViolation

from ...model.columns import Block, Sums, names_of
from ...model.readings import Series
from ..read import Choice
from . import ExportError
from .postgresql_base import Base
from .postgresql_rows import packed
from .postgresql_table import NOTES, Table

CHANGED = "readings have changed since the run that was cut off, run the same command again"
BATCH = 100_000  # readings of a transaction


class Export:
    """A row a reading."""

    scratch = None

    def __init__(self, address: str) -> None:
        self._base = Base(address)
        self.shown = self._base.shown
        self._waiting: list[Block] = []
        self._least: int | None = None

    def open(self, choice: Choice) -> None:
        """Connect; make the table, or refuse one that has other columns."""
        name = self._base.table or ("readings" if choice.step == "reading" else f"readings_{choice.step}")
        with self._base.said():
            self._base.connect(name)
            self._table = Table(self._base.run, name)
            self._table.ensure(choice.fields)
            self._choice = choice
            self._has: dict[Series, bool] = {}
            self._follows = False
            self._order = {series: number for number, series in enumerate(choice.series)}
            self._what = self._key()
            found = self._base.run(f"SELECT series, until FROM {NOTES} WHERE what = %s", self._what)
        self._until: tuple[int, int] = found[0] if found else (-1, 0)

    def _key(self) -> str:
        """By what a run that was cut off is known again."""
        own = self._choice
        names = (own.pair.source, own.step, own.zone.key, own.first, own.end, *(series.key for series in own.series))
        return f"{self._table.name} {hashlib.sha256(repr(names).encode()).hexdigest()[:20]}"

    def write(self, block: Block) -> None:
        """What the run that was cut off has committed is passed over."""
        start = int(block.start[0])
        self._least = start if self._least is None else min(self._least, start)
        number, (last, until) = self._order.get(block.series, 0), self._until
        if number <= last and not self._follows:
            passed = len(block) if number < last else int(block.start.searchsorted(until, side="right"))
            block = block.part(passed, len(block))
        if len(block):
            self._waiting.append(block)
        if sum(map(len, self._waiting)) >= BATCH:
            self._flush()

    def flush(self) -> None:
        """Commit what waits, to stay through a power cut; from here on there is nothing to resume."""
        with self._base.said():
            self._base.run("SET synchronous_commit = on")
        if not self._follows:
            self._has, self._follows = {}, True
        self._flush()

    def _flush(self) -> None:
        blocks, self._waiting = self._waiting, []
        if not blocks:
            return
        with self._base.said():
            for series in {block.series for block in blocks} - self._has.keys():
                self._has[series] = self._follows or self._table.has(series)
            try:
                self._commit(blocks)
            except UniqueViolation:  # another program has stored some of them
                self._has = dict.fromkeys(self._has, True)
                self._commit(blocks)

    def _commit(self, blocks: list[Block]) -> None:
        names = names_of(self._choice.fields)
        with self._base.transaction():
            if new := [block for block in blocks if not self._has[block.series]]:
                self._base.copy(self._table.name, names, chain.from_iterable(map(packed, new)))
            if known := [block for block in blocks if self._has[block.series]]:
                self._base.copy("coming", names, chain.from_iterable(map(packed, known)))
                self._table.upsert(self._choice.fields)
            if not self._follows:
                self._table.note(self._what, self._order[blocks[-1].series], int(blocks[-1].start[-1]))

    def finish(self, read: Sums) -> None:
        """Count and sum the rows of these series and days in SQL."""
        self._flush()
        with self._base.said():
            there = self._table.sums(self._choice, self._least or 0)
            self._base.run("SET synchronous_commit = on")
            self._base.run(f"DELETE FROM {NOTES} WHERE what = %s", self._what)
        if wrong := read.differences(there):
            cause = f"rows that the record has no more (forgotten?) are for you to delete from {self._table.name}"
            cause = CHANGED if self._until[0] >= 0 else cause
            raise ExportError(f"{self.shown} does not hold what was read: {wrong}; {cause}")

    def close(self) -> None:
        """What is not committed goes."""
        self._base.close()
