"""Readings into files and back: the same in every form, counted by somebody else's reader, restored byte for byte."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pymongo.database import Database

from sync.export.run import Report, export
from sync.export.targets import target_of
from sync.load.files import import_files
from sync.load.progress import Silence
from sync.load.report import Loader
from sync.model.clock import SystemClock
from sync.model.columns import FIRST, VALUES, names_of
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources import SOURCES
from sync.store.ledger import Ledger
from sync.store.schema import Pair, pair
from sync.store.writer import PairWriter
from tests.export_rows import OF_SOURCE, stored_pair, whole, without_ids

BOTH_WAYS = ("readings.csv", "readings.csv.gz", "readings.jsonl", "readings.jsonl.gz", "readings.parquet")


def exported(own: Pair, path: Path, **choice: Any) -> Report:
    return export(whole(own, **choice), target_of(path.name).connect(str(path)), Silence())


def restored(database: Database[Any], source: str, path: Path) -> Pair:
    """What `import` makes of a file in an empty database."""
    own = pair(database.client[f"{database.name}_back"], source, DEFAULT_COLLECTIONS)
    loader = Loader(own, Ledger(own.record.database), PairWriter(own), SystemClock())
    reports = import_files(SOURCES[source].open_files([path], None), loader, Silence())
    loader.prove([])
    assert [(report.state, report.lines) for report in reports] == [("done", [])]
    return own


@pytest.fixture(autouse=True)
def _no_second_database(database: Database[Any]) -> Iterator[None]:
    yield
    database.client.drop_database(f"{database.name}_back")


@pytest.mark.parametrize("source", OF_SOURCE)
def test_every_form_holds_the_same_and_comes_back(source: str, database: Database[Any], tmp_path: Path) -> None:
    own = stored_pair(database, source)
    before = without_ids(own)
    texts = []
    for name in BOTH_WAYS if source == "linky" else BOTH_WAYS[::2]:
        report = exported(own, tmp_path / name)
        assert report.sums.readings == len(before)
        back = restored(database, source, tmp_path / name)
        assert without_ids(back) == before, name
        database.client.drop_database(back.record.database.name)
        texts.append(rows_by_duckdb(tmp_path / name, tuple(SOURCES[source].fields)))
    assert all(rows == texts[0] for rows in texts)
    assert len(texts[0]) == len(before)
    assert [path.name for path in tmp_path.iterdir() if path.name not in BOTH_WAYS] == []


def rows_by_duckdb(path: Path, fields: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """The columns of a file in their order, read by DuckDB."""
    words = dict.fromkeys(("source", "id", "flow", "group", "start_local", "flag"), "VARCHAR")
    kinds = {"integer": "BIGINT", "number": "DOUBLE", "time": "TIMESTAMPTZ"}
    types = words | {"start_utc": "TIMESTAMPTZ", "seconds": "INTEGER"}
    types |= {name: kinds[VALUES[name].kind] for name in fields}
    columns = ", ".join(f"'{name}': '{types[name]}'" for name in names_of(fields))
    reader = {
        "csv": f"read_csv('{path}', header=true, columns={{{columns}}})",
        "jsonl": f"read_json('{path}', format='newline_delimited', columns={{{columns}}})",
        "parquet": f"read_parquet('{path}')",
    }[path.name.removesuffix(".gz").rpartition(".")[2]]
    chosen = ", ".join(f"coalesce(\"{name}\", '')" if name in words else f'"{name}"' for name in names_of(fields))
    with duckdb.connect() as base:
        base.execute("SET TimeZone = 'UTC'")
        return base.execute(f'SELECT {chosen} FROM {reader} ORDER BY id, flow, "group", start_utc').fetchall()


def test_the_columns_are_the_documented_ones(database: Database[Any], tmp_path: Path, project_root: Path) -> None:
    own = stored_pair(database, "energidata")
    exported(own, tmp_path / "prices.csv")
    lines = (tmp_path / "prices.csv").read_text().splitlines()
    assert lines[0] == "source,id,flow,group,start_utc,start_local,seconds,eur_mwh,dkk_mwh,wh,flag"
    assert lines[1] == ("energidata,DK1,price,day-ahead,2024-10-26T22:00:00Z,2024-10-27T00:00:00+02:00,3600,0.0,0.0,,")
    assert lines[4].startswith("energidata,DK1,price,day-ahead,2024-10-27T01:00:00Z,2024-10-27T02:00:00+01:00,3600,")
    documented = (project_root / "docs" / "export.md").read_text(encoding="utf-8")
    for name in (*FIRST, *VALUES, "flag"):
        unit = VALUES[name].unit if name in VALUES else ""
        [line] = [line for line in documented.splitlines() if line.startswith(f"| `{name}` |")]
        assert unit in line


def test_the_same_readings_make_the_same_bytes(database: Database[Any], tmp_path: Path) -> None:
    own = stored_pair(database, "linky")
    for name in ("a.csv.gz", "b.csv.gz"):
        exported(own, tmp_path / name)
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()).count(b"\n") == 1 + len(without_ids(own))


def test_a_json_line_has_no_key_for_what_is_absent(database: Database[Any], tmp_path: Path) -> None:
    own = stored_pair(database, "elhub")
    exported(own, tmp_path / "hours.jsonl")
    first, second, *_ = map(json.loads, (tmp_path / "hours.jsonl").read_text().splitlines())
    assert list(first) == [*FIRST, "wh", "flag"]
    assert list(second) == [*FIRST, "wh", "updated", "meters"]
