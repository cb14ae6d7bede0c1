"""Readings into files and back: the same in every form, counted by somebody else's reader, restored byte for byte."""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from pymongo.database import Database

from sync.export.run import Report, export
from sync.export.targets import TARGETS, target_of
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
from tests.export_rows import OF_SOURCE, Run, stored_pair, whole, without_ids

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


def test_a_target_is_one_small_file_and_a_line_in_the_docs(project_root: Path) -> None:
    folder = project_root / "sync" / "export" / "targets"
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in folder.glob("*.py")}
    assert {name: count for name, count in lines.items() if count >= 120} == {}
    documented = (project_root / "docs" / "export.md").read_text(encoding="utf-8")
    for entry in TARGETS:
        assert f"{entry.name}.py" in lines
        assert all(f"`FILE{end}`" in documented for end in entry.ends)
        assert f"| `{entry.form.partition('[')[0]}" in documented
        assert not entry.extra or f"linky-atlas[{entry.extra}]" in documented


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


def test_the_commands_out_and_back(run: Run, database: Database[Any], tmp_path: Path) -> None:
    own = stored_pair(database, "elhub")
    before = without_ids(own)
    code, out, _ = run("export", "--source", "elhub", "--to", "a.csv")
    assert code == 0
    assert out.startswith("a.csv: 240 readings of 3 series, ")
    assert "counted and summed there" in out
    code, _, err = run("import", "--source", "lcl", "a.csv")
    assert (code, err) == (
        2,
        "error: a.csv is a file of elhub, not of lcl: python -m sync import --source elhub FILE…\n",
    )
    own.record.drop()
    own.mirror.drop()
    assert run("import", "--source", "elhub", "a.csv")[0] == 0
    assert without_ids(own) == before
    code, out, _ = run("export", "--source", "elhub", "--to", "b.jsonl", "--series", "hydro", "--json")
    told = json.loads(out)
    assert (told["readings"], told["series"], told["left_out"]) == (80, 1, 0)
    assert told["columns"]["wh"]["sum"] == sum(
        document["wh"] for document in own.record.find({"series.group": "hydro"})
    )


# --- what is written and does not come back ---------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["elhub", "linky", "weather"])
def test_a_workbook_holds_the_same_rows(source: str, database: Database[Any], tmp_path: Path) -> None:
    own = stored_pair(database, source)
    exported(own, tmp_path / "a.jsonl")
    exported(own, tmp_path / "a.xlsx")
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    [sheet] = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets
    names, *rows = sheet.iter_rows(values_only=True)
    assert names == names_of(SOURCES[source].fields)
    found = [{name: value for name, value in zip(names, row, strict=True) if value is not None} for row in rows]
    assert found == lines
    assert all(type(row[6]) is int for row in rows)


def test_a_long_workbook_goes_on_in_another_sheet(
    database: Database[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sync.export.targets import xlsx

    monkeypatch.setattr(xlsx, "MOST", 100)
    exported(stored_pair(database, "lcl"), tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert [sheet.max_row for sheet in book.worksheets] == [101, 81]


def test_a_text_is_no_formula(database: Database[Any], tmp_path: Path) -> None:
    first, *_ = OF_SOURCE["elhub"]()
    other = dataclasses.replace(first, series=dataclasses.replace(first.series, group="=1+1"))
    exported(stored_pair(database, "elhub", [other]), tmp_path / "a.xlsx")
    [sheet] = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets
    assert (sheet["D2"].value, sheet["D2"].data_type) == ("=1+1", "s")


@pytest.mark.parametrize("source", OF_SOURCE)
def test_line_protocol_by_a_reader_of_our_own(source: str, database: Database[Any], tmp_path: Path) -> None:
    """As the protocol's page has it: escapes in tags, `i` behind integers, texts in quotes, ns."""
    own = stored_pair(database, source)
    exported(own, tmp_path / "a.lp")
    exported(own, tmp_path / "a.jsonl")
    expected = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    found = [point(line) for line in (tmp_path / "a.lp").read_text().splitlines()]
    for row in expected:
        del row["start_local"]
        row["start_utc"] = round(datetime.fromisoformat(row["start_utc"]).timestamp()) * 10**9
    assert found == expected


def point(line: str) -> dict[str, Any]:
    """One line of the protocol, letter by letter."""
    parts, part, is_escaped, is_quoted = [], "", False, False
    for letter in line:
        if is_escaped or letter == "\\":
            part += letter
            is_escaped = not is_escaped
        elif letter == '"':
            is_quoted = not is_quoted
            part += letter
        elif letter in ", " and not is_quoted:
            parts.append((part, letter))
            part = ""
        else:
            part += letter
    ends = [index for index, (_, letter) in enumerate(parts) if letter == " "]
    assert parts[0][0] == "readings"
    tags = dict(text.split("=", 1) for text, _ in parts[1 : ends[0] + 1])
    row: dict[str, Any] = {name: re.sub(r"\\(.)", r"\1", text) for name, text in tags.items()}
    row["start_utc"] = int(part)
    for text, _ in parts[ends[0] + 1 : ends[1] + 1]:
        name, value = text.split("=", 1)
        is_text = value.startswith('"')
        row[name] = json.loads(value) if is_text else int(value[:-1]) if value.endswith("i") else float(value)
    return row
