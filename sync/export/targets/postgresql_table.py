"""The table of readings in PostgreSQL: made, looked at before anything is written, and summed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...model.columns import DECIMALS, FIRST, INTEGER, NUMBER, TIME, VALUES, Sums, names_of
from ...model.readings import Series, instant
from ..read import Choice
from . import ExportError

KEY = ("source", "id", "flow", "group", "start_utc")
TYPES = {INTEGER: "bigint", NUMBER: "double precision", TIME: "timestamp with time zone"}
FIXED = dict.fromkeys((*FIRST, "flag"), "text") | {"start_utc": TYPES[TIME], "seconds": "integer"}
NOTES = "linky_atlas_exports"
OF_SERIES = 'source = %s AND id = %s AND flow = %s AND "group" = %s'
TIMESCALE = (
    "SELECT create_hypertable('{}', 'start_utc', chunk_time_interval => INTERVAL '90 days')",
    "ALTER TABLE {} SET (timescaledb.compress, timescaledb.compress_orderby = 'start_utc', "
    "timescaledb.compress_segmentby = 'source, id, flow, \"group\"')",
    "SELECT add_compression_policy('{}', INTERVAL '90 days')",
)
"""From TimescaleDB's documentation."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of that name. run: `Base.run`."""

    run: Callable[..., list[Any]]
    name: str

    def ensure(self, fields: Mapping[str, str]) -> None:
        """Make it, or add the columns of another source to it. Raises ExportError for one that is not ours."""
        wanted = {name: FIXED.get(name) or TYPES[VALUES[name].kind] for name in names_of(fields)}
        if not self._columns():
            columns = ", ".join(f'"{name}" {kind}{_constraint(name)}' for name, kind in wanted.items())
            key = ", ".join(f'"{name}"' for name in KEY)
            self.run(f"CREATE TABLE IF NOT EXISTS {self.name} ({columns}, PRIMARY KEY ({key}))")
            if self.run("SELECT FROM pg_extension WHERE extname = 'timescaledb'"):
                for statement in TIMESCALE:
                    self.run(statement.format(self.name))
        known = self._columns()
        if wrong := [f"{name} is {known[name]}" for name in wanted if name in known and known[name] != wanted[name]]:
            raise ExportError(f"the table {self.name} is another one ({', '.join(wrong)}): name yours with ?table=NAME")
        if self._key() != sorted(KEY):
            raise ExportError(f"the table {self.name} has no key on {', '.join(KEY)}: name yours with ?table=NAME")
        for name in wanted.keys() - known.keys():
            self.run(f'ALTER TABLE {self.name} ADD COLUMN IF NOT EXISTS "{name}" {wanted[name]}')
        self.run(f"CREATE TABLE IF NOT EXISTS {NOTES} (what text PRIMARY KEY, series integer, until bigint)")
        self.run(f"CREATE TEMP TABLE coming (LIKE {self.name})")

    def _columns(self) -> dict[str, str]:
        found = "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
        return dict(
            self.run(f"{found} WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped", self.name)
        )

    def _key(self) -> list[str]:
        found = "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)"
        return sorted(
            name for (name,) in self.run(f"{found} WHERE indrelid = to_regclass(%s) AND indisprimary", self.name)
        )

    def upsert(self, fields: Mapping[str, str]) -> None:
        """What is `coming` in the place of what is there."""
        columns = [f'"{name}"' for name in names_of(fields)]
        others = [name for name in columns if name.strip('"') not in KEY]
        own, new = (", ".join(f"{prefix}{name}" for name in others) for prefix in ("own.", "excluded."))
        self.run(
            f"INSERT INTO {self.name} AS own ({', '.join(columns)}) SELECT {', '.join(columns)} FROM coming "
            f"ON CONFLICT ({', '.join(columns[:5])}) DO UPDATE SET ({', '.join(others)}) = ROW({new}) "
            f"WHERE ({own}) IS DISTINCT FROM ({new})"
        )
        self.run("TRUNCATE coming")

    def note(self, what: str, series: int, until: int) -> None:
        """How far an export has come."""
        instead = "ON CONFLICT (what) DO UPDATE SET series = excluded.series, until = excluded.until"
        self.run(f"INSERT INTO {NOTES} VALUES (%s, %s, %s) {instead}", what, series, until)

    def has(self, series: Series) -> bool:
        """Whether it has a reading of a series."""
        own = series.source, series.id, series.flow, series.group
        [(found,)] = self.run(f"SELECT EXISTS (SELECT FROM {self.name} WHERE {OF_SERIES})", *own)
        return bool(found)

    def sums(self, choice: Choice, least: int) -> Sums:
        """What it holds of a choice, summed by the server. least: the first start that was written, ms."""
        names = [("start_utc", "floor(date_part('epoch', start_utc))::bigint"), ("seconds", "seconds")]
        scaled = {
            NUMBER: 'round("{}" * ' + f"{DECIMALS})::numeric",
            TIME: 'extract(epoch FROM "{}") * 1000',
            INTEGER: '"{}"',
        }
        names += [(name, scaled[VALUES[name].kind].format(name)) for name in choice.fields]
        sums = ", ".join(f'count("{name}"), coalesce(sum({value}), 0)' for name, value in names)
        first = min(least, choice.first) if choice.first is not None else None
        bounds = [(sign, instant(edge)) for sign, edge in ((">=", first), ("<", choice.end)) if edge is not None]
        keys = [[getattr(series, name) for series in choice.series] for name in ("id", "flow", "group")]
        where = 'source = %s AND (id, flow, "group") IN (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]))'
        where += "".join(f" AND start_utc {sign} %s" for sign, _ in bounds)
        self.run(f"ANALYZE {self.name}")  # else a new table counts as an empty one: every row by its key, half as fast
        query = f"SELECT count(*), {sums} FROM {self.name} WHERE {where}"
        [(count, *found)] = self.run(query, choice.pair.source, *keys, *(edge for _, edge in bounds))
        pairs = zip(found[::2], map(int, found[1::2]), strict=True)
        return Sums(count, dict(zip([name for name, _ in names], pairs, strict=True)))


def _constraint(name: str) -> str:
    return " NOT NULL" if name in FIRST else ""
