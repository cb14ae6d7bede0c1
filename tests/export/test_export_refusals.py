"""What goes wrong on the way out or back: one clear line, the right exit code, and nothing half-done is hidden."""

from __future__ import annotations

import gzip
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bson
import pytest
from pymongo.database import Database

from sync.export.read import blocks
from sync.export.run import export
from sync.export.targets import ExportError, target_of
from sync.load.progress import Silence
from sync.model.errors import FileRefused, UsageError
from sync.sources import SOURCES
from sync.store.connection import connect
from sync.store.schema import Pair
from tests.export_rows import PRM, Run, stored_pair, whole
from tests.servers import PROJECT_ROOT

SMALL = 4096  # bytes that a file may have


def exported(own: Pair, path: Path, **choice: Any) -> Path:
    export(whole(own, **choice), target_of(path.name).connect(str(path)), Silence())
    return path


# --- the command ------------------------------------------------------------------------------------------------------

WRONG = {
    "no target": (["--to", "readings.doc"], 2, "--to takes one of FILE.csv[.gz], FILE.jsonl[.gz], "),
    "no such scheme": (["--to", "mysql://u:secret@h/d"], 2, "not mysql://…"),
    "no such zone": (["--to", "a.csv", "--zone", "Mars/Base"], 2, "there is no zone 'Mars/Base'"),
    "no such series": (["--to", "a.csv", "--series", "1234"], 2, "no stored series of linky is named '1234'"),
    "nothing in these days": (["--to", "a.csv", "--until", "2001-01-01"], 2, "there is no reading to export"),
    "nothing stored": (["--to", "a.csv", "--source", "lcl"], 2, "nothing is stored yet"),
    "no such folder": (["--to", "there/is/none.csv"], 2, "none.csv cannot be written: No such file or directory"),
    "a folder": (["--to", "folder.csv"], 2, "folder.csv is there already and is no file"),
}


def test_a_wrong_command_says_what_is_wrong(run: Run, database: Database[Any], tmp_path: Path) -> None:
    stored_pair(database, "linky")
    (tmp_path / "folder.csv").mkdir()
    for what, (words, code, text) in WRONG.items():
        done = run("export", *words)
        assert (done[0], done[1]) == (code, ""), what
        assert text in done[2]
        assert done[2].count("\n") == 1
        assert "secret" not in done[2]
    assert [path.name for path in tmp_path.iterdir()] == ["folder.csv"]


@pytest.mark.parametrize(("name", "least"), [("a.csv", 1), ("a.parquet", 1_000_000), ("a.parquet", 1)])
def test_a_full_disk_leaves_what_was_there(
    name: str, least: int, database: Database[Any], mongo_uri: str, tmp_path: Path
) -> None:
    """A limit on the size of files stands for it: the same error on the same way. least: what counts as large, and is
    put in order beside the file."""
    stored_pair(database, "linky")
    (tmp_path / name).write_text("of yesterday")
    code = (
        "import resource, runpy, sys\n"
        "from sync.export import stored\n"
        f"stored.LEAST = {least}\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({SMALL if name == 'a.csv' else 900}, -1))\n"
        f"sys.argv[1:] = ['export', '--to', {name!r}]\n"
        "runpy.run_module('sync', run_name='__main__')\n"
    )
    environ = {
        **os.environ,
        "PYTHONPATH": str(PROJECT_ROOT),
        "MONGODB_URI": mongo_uri,
        "MONGODB_DATABASE": database.name,
        "PYTHONDONTWRITEBYTECODE": "1",  # what it compiles would be cut off, too, and be there for every test after it
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {name} could not be written: File too large; nothing is kept of it, what was there stays\n"
    )
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: "of yesterday"}


def test_two_exports_do_not_write_one_file(database: Database[Any], tmp_path: Path) -> None:
    own = stored_pair(database, "lcl")
    first = target_of("a.csv").connect(str(tmp_path / "a.csv"))
    first.open(whole(own))
    with pytest.raises(ExportError, match="another export is writing"):
        exported(own, tmp_path / "a.csv")
    first.close()
    exported(own, tmp_path / "a.csv")


def test_a_file_that_lies_is_not_kept(database: Database[Any], tmp_path: Path) -> None:
    """A bit that changes between the writing and the proof."""
    own = stored_pair(database, "lcl")
    target = target_of("a.csv").connect(str(tmp_path / "a.csv"))
    finish = target.finish

    def spoilt(read: Any) -> None:
        target.end()  # type: ignore[attr-defined]
        part = tmp_path / ".a.csv.part"
        part.write_bytes(part.read_bytes().replace(b",1800,33,", b",1800,34,", 1))
        target.end = lambda: None  # type: ignore[attr-defined]
        finish(read)

    target.finish = spoilt  # type: ignore[method-assign]
    with pytest.raises(ExportError, match=r"wh adds up to \(180, \d+\) and not to \(180, \d+\)"):
        export(whole(own), target, Silence())
    assert list(tmp_path.iterdir()) == []


# --- what is not of the form -----------------------------------------------------------------------------------------

OTHERS: dict[str, dict[str, Any]] = {
    "another type": {"wh": bson.Int64(5)},
    "a double": {"wh": 5.0},
    "a field more": {"comment": 5},
    "part of a second": {"ts": bson.datetime_ms.DatetimeMS(1_700_000_000_123)},
    "a flag of two lines": {"flag": "a\nb"},
    "no value": {"wh": None},
}


@pytest.mark.parametrize("many", [1, 300])
def test_what_columns_cannot_tell_is_left_out_and_said(many: int, database: Database[Any]) -> None:
    own = stored_pair(database, "lcl")
    before = [document["_id"] for document in own.record.find({}, {"_id": 1})]
    for what in OTHERS:
        assert left_out(own, what, many) == (180, many), what
        own.record.delete_many({"_id": {"$nin": before}})


def left_out(own: Pair, what: str, many: int) -> tuple[int, int]:
    """How many readings are told, and how many documents are not, of which many are of another form."""
    one = own.record.find_one({}, {"_id": 0})
    assert one is not None
    spoilt = {name: value for name, value in (one | OTHERS[what]).items() if value is not None}
    first = (
        spoilt["ts"]
        if isinstance(spoilt["ts"], bson.datetime_ms.DatetimeMS)
        else bson.datetime_ms.DatetimeMS(one["ts"])
    )
    stamps = [bson.datetime_ms.DatetimeMS(int(first) - 1_800_000 * (n + 1)) for n in range(many)]
    own.record.insert_many([spoilt | {"ts": stamp} for stamp in stamps])
    choice = whole(own)
    told = sum(map(len, blocks(choice)))
    assert choice.example
    return told, choice.left_out


# --- files that come back --------------------------------------------------------------------------------------------


def _line(find: str, put: str) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(find.encode(), put.encode(), 1)


SPOILT: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "no instant": (_line("2024-03-30T23:30:00Z", "2024-03-30 at ten"), "line 3: start_utc is no instant"),
    "no length": (_line(",1800,1,", ",0,1,"), "seconds is no number from 1 to 3600"),
    "no number": (_line(",1800,3,", ",1800,3 kWh,"), "line 3: a value is no number"),
    "half a Wh": (_line(",1800,3,", ",1800,3.5,"), "line 3: a value is no number"),
    "too large": (_line(",1800,3,", ",1800,3000000000,"), "line 3: wh is too large"),
    "nothing": (_line(",1800,3,", ",1800,,"), "line 3: no value"),
    "twice": (_line("2024-03-30T23:30:00Z", "2024-03-30T23:00:00Z"), "shares time with another row of its series"),
    "a group": (_line("consumption,,", "consumption,of mine,"), "not a series of this source"),
}


FORMS = ("a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz", "a.parquet")


@pytest.fixture(scope="module")
def ready(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with one export in every form that comes back."""
    folder = tmp_path_factory.mktemp("ready")
    with connect(mongo_uri) as client:
        own = stored_pair(client["test_export_ready"], "lcl")
        for name in FORMS:
            exported(own, folder / name)
        yield folder
        client.drop_database("test_export_ready")


@pytest.mark.parametrize("what", SPOILT)
def test_a_wrong_row_is_refused_with_its_line(what: str, ready: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    spoil, text = SPOILT[what]
    before = (ready / "a.csv").read_bytes()
    path.write_bytes(spoil(before))
    assert path.read_bytes() != before
    parts = list(SOURCES["lcl"].open_files([path], None).parts())
    rejects = [line for part in parts for line in part.rejects]
    assert any(line.startswith("a.csv, line ") and text in line for line in rejects), rejects
    assert sum(part.counts.readings for part in parts) + len(rejects) == sum(part.counts.rows for part in parts) == 180


@pytest.mark.parametrize("name", FORMS)
def test_a_file_that_is_cut_off_says_so(name: str, ready: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes((ready / name).read_bytes()[:-3])
    with pytest.raises(FileRefused, match="cut off"):
        list(SOURCES["lcl"].open_files([path], None).parts())


def test_what_cannot_come_back_is_refused_before_anything_is_stored(database: Database[Any], tmp_path: Path) -> None:
    own = stored_pair(database, "linky")
    with pytest.raises(FileRefused, match="holds readings of linky, not of lcl"):
        SOURCES["lcl"].open_files([exported(own, tmp_path / "a.csv")], None)
    with pytest.raises(FileRefused, match="steps of more than an hour"):
        SOURCES["linky"].open_files([exported(own, tmp_path / "days.csv", step="day")], None)
    path = tmp_path / "b.csv"
    path.write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes().replace(PRM.encode(), b"123")))
    [first, *_] = SOURCES["linky"].open_files([path], None).parts()
    assert first.counts.refused == first.counts.rows
    assert "not a series of this source" in first.rejects[0]


def test_an_extra_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "sync.export.targets.parquet", raising=False)
    with pytest.raises(UsageError, match=r"FILE.parquet needs pyarrow: pip install 'linky-atlas\[bulk\]'"):
        target_of("a.parquet").connect(str(tmp_path / "a.parquet"))
