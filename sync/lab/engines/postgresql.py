"""PostgreSQL, in a schema of its own: with the key as primary key, with a BRIN index alone, or as TimescaleDB's
compressed hypertable (from its documentation). The series stand in a table of their own, a number in each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from ...export.targets.postgresql_base import Base, words_of
from ...export.targets.postgresql_rows import NULL, Field, moments, rows_of, text_field, value_field
from ...export.targets.postgresql_table import TYPES
from ...model.columns import VALUES, Block
from ...model.readings import instant
from ...store.schema import Document
from ..questions import Question
from . import EngineMissing, Room
from .answers import Dialect, by_sql

ERRORS = (psycopg.Error,)
PREFIX, MARK = "lab_scratch_", "of the lab of linky-atlas, which drops it"
AT = "start AT TIME ZONE '{zone}'"
MS = "(extract(epoch FROM {}) * 1000)::bigint"
DIALECT = Dialect(
    "%s",
    instant,
    MS,
    MS.format(f"date_trunc('day', {AT}) AT TIME ZONE '{{zone}}'"),
    f"extract(hour FROM {AT})::int",
)
BEFORE = {
    "timescaledb": (
        "SELECT create_hypertable('readings', 'start', chunk_time_interval => INTERVAL '90 days')",
        "ALTER TABLE readings SET (timescaledb.compress, timescaledb.compress_orderby = 'start', "
        "timescaledb.compress_segmentby = 'series')",
    )
}
AFTER = {
    "postgresql": ("ALTER TABLE readings ADD PRIMARY KEY (series, start)",),
    "brin": ("CREATE INDEX ON readings USING brin (series, start) WITH (pages_per_range = 16)",),
    "timescaledb": ("SELECT compress_chunk(chunk) FROM show_chunks('readings') AS chunk",),
}
SIZES = {"timescaledb": "SELECT total_bytes - index_bytes, index_bytes FROM hypertable_detailed_size('readings')"}
SIZE = "SELECT pg_table_size('readings'), pg_indexes_size('readings')"
SERIES = "SELECT pg_table_size('series'), pg_indexes_size('series')"


class Stored:
    """A row a reading."""

    def __init__(self, room: Room, name: str) -> None:
        if not room.address:
            raise EngineMissing("unnamed")
        self._room, self._name, self._schema = room, name, PREFIX + name
        self._base = Base(room.address)
        try:
            self._base.connect(self._schema)
            self._make()
        except psycopg.Error as error:
            self._base.close()
            raise EngineMissing("refused", f"{self._base.shown}: {words_of(error)}") from None
        except EngineMissing:
            self._base.close()
            raise

    def _make(self) -> None:
        run, name = self._base.run, self._name
        [(self.version,)] = run("SHOW server_version")
        if name == "timescaledb":
            found = run("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
            if not found:
                raise EngineMissing("extension")
            [(self.version,)] = found
        said = run("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", self._schema)
        if said and said != [(MARK,)]:
            raise EngineMissing("refused", f"{self._base.shown} has a schema {self._schema} that is not the lab's")
        with self._base.transaction():
            run(f"DROP SCHEMA IF EXISTS {self._schema} CASCADE")
            run(f"CREATE SCHEMA {self._schema}")
            run(f"COMMENT ON SCHEMA {self._schema} IS '{MARK}'")
        run(f"SET search_path = {self._schema}, public")
        values = "".join(f', "{field}" {TYPES[VALUES[field].kind]}' for field in self._room.choice.fields)
        first = "start timestamptz NOT NULL, series integer NOT NULL, seconds integer"
        run(f"CREATE TABLE readings ({first}{values}, flag text)")
        run("CREATE TABLE series (number integer PRIMARY KEY, key text)")
        for series, number in self._room.numbers.items():
            run("INSERT INTO series VALUES (%s, %s)", number, series.key)
        for statement in BEFORE.get(name, ()):
            run(statement)

    def prepare(self, blocks: Sequence[Block]) -> Any:
        """Rows in the binary form of COPY."""
        rows = []
        for block in blocks:
            series = (">i4", self._room.numbers[block.series])
            for index, flag, there in block.alike():
                fields: dict[str, Field] = {"start": (">i8", moments(block.start[index])), "series": series}
                fields["seconds"] = (">i4", block.seconds[index])
                for name, column in block.values.items():
                    kind = VALUES[name].kind
                    fields[name] = value_field(kind, column[index]) if name in there else ("", NULL)
                fields["flag"] = text_field(flag) if flag else ("", NULL)
                rows.append(rows_of(len(index), fields))
        return rows

    def write(self, prepared: Any) -> None:
        """One COPY."""
        self._base.copy("readings", ("start", "series", "seconds", *self._room.choice.fields, "flag"), prepared)

    def finish(self) -> None:
        """The index, and what VACUUM adds."""
        for statement in (*AFTER[self._name], "VACUUM ANALYZE readings"):
            self._base.run(statement)

    def size(self) -> tuple[int, int]:
        """Of both tables, and of their indexes."""
        [(readings, index)] = self._base.run(SIZES.get(self._name, SIZE))
        [(series, series_index)] = self._base.run(SERIES)
        return int(readings + series), int(index + series_index)

    def ask(self, question: Question) -> list[Document]:
        """By SQL."""
        return by_sql(self._base.run, DIALECT, question, self._room.numbers[question.series])

    def close(self) -> None:
        """Drop the schema."""
        try:
            self._base.run(f"DROP SCHEMA IF EXISTS {self._schema} CASCADE")
        finally:
            self._base.close()
