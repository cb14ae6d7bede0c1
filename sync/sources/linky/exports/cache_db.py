"""`cache.db` of MyElectricalData, which is SQLite: load curves and daily totals as the API gave them (V5: the label is
that of the end; `interval` in minutes). Several meters and both flows may be in it.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ....model.errors import FileRefused
from ..points import Point
from .export import USE_ORIGINAL, Export, NothingToImport, Totals, curve, not_an_export, shown
from .text import day_of, label_of

SQLITE = b"SQLite format 3\0"
MOST_ROWS = 1_000_000
FLOWS = ("consumption", "production")


def read_cache(name: str, path: Path | None, unpacked: sqlite3.Connection) -> list[Export]:
    """What the database at a path holds, or without one the one that was unpacked; one `Export` per meter, flow and
    kind. It is only read. Raises `FileRefused`."""
    try:
        if path is None:
            return _exports(name, unpacked)
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            return _exports(name, database)
    except sqlite3.Error as error:
        raise FileRefused(f"{name} is damaged ({shown(str(error), 60)}). {USE_ORIGINAL}") from None


def _exports(name: str, database: sqlite3.Connection) -> list[Export]:
    tables = _tables(database)
    if not tables & {f"{flow}_{kind}" for flow in FLOWS for kind in ("detail", "daily")}:
        raise not_an_export(name, ": a SQLite database of another program")
    exports = [export for flow in FLOWS for export in _read(name, database, flow)]
    if not exports:
        raise NothingToImport(f"{name} holds no reading.")
    return exports


def _tables(database: sqlite3.Connection) -> set[str]:
    return {found for (found,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _rows(name: str, database: sqlite3.Connection, table: str, fields: str) -> Iterator[tuple[str, ...]]:
    """Rows as text, NULL as an empty one, in the order of their dates, which is that of the API but on one night."""
    query = f"SELECT usage_point_id, date, value{fields} FROM {table} ORDER BY usage_point_id, date"  # noqa: S608 - ours
    for number, row in enumerate(database.execute(query)):
        if number == MOST_ROWS:
            raise FileRefused(f"{name} has more than {MOST_ROWS:,} rows. Import it in parts.")
        yield tuple("" if cell is None else str(cell) for cell in row)


def _read(name: str, database: sqlite3.Connection, flow: str) -> Iterator[Export]:
    tables = _tables(database)
    if f"{flow}_detail" in tables:
        curves: defaultdict[str, list[Point]] = defaultdict(list)
        for prm, moment, value, minutes, nature in _rows(name, database, f"{flow}_detail", ", interval, measure_type"):
            points = curves[prm]
            step = f"PT{minutes}M" if minutes else None
            points.append(Point(label_of(moment), value or None, step, nature or None, line=len(points) + 1))
        yield from (curve(name, prm, flow, points=points) for prm, points in curves.items())
    if f"{flow}_daily" in tables:
        days: defaultdict[str, Totals] = defaultdict(Totals)
        for prm, moment, value in _rows(name, database, f"{flow}_daily", ""):
            day, totals = day_of(moment), days[prm]
            if day and value.isdecimal():
                totals.add(len(totals.wh) + 1, day, int(value))
            else:
                totals.skipped += 1
        yield from (totals.export(name, prm, flow) for prm, totals in days.items() if totals.wh)
