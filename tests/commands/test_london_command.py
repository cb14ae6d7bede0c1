"""`import --source lcl` with files as they should not be: one clear line, the right exit code, nothing else lost."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.london import HEADER, by_hand, london_pair, row, stored, write
from tests.london_command import London
from tests.many import assert_same_sides
from tests.store.test_full_disk import small_disk

GOOD = [row(slot, 100 + slot) for slot in range(40)]


@pytest.fixture
def london(database: Database[Any], mongo_uri: str, tmp_path: Path) -> London:
    return London(mongo_uri, database.name, tmp_path)


def packed(path: Path, files: dict[str, str], kind: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def text(rows: list[str]) -> str:
    return HEADER + "".join(f"{each}\r\n" for each in rows)


def test_a_whole_import_and_its_repeat(database: Database[Any], london: London, tmp_path: Path) -> None:
    one, two = write(tmp_path / "1.csv", [*GOOD, GOOD[3]]), write(tmp_path / "2.csv", [row(50, 7)])
    code, out, _ = london([one, two])
    assert code == 0
    assert "all files: 42 rows = 41 new + 1 repeated" in out
    code, out, _ = london([one, two])
    assert code == 0
    assert "0 readings new, 0 changed, 41 unchanged" in out
    assert "all files: 42 rows = 41 stored before + 1 repeated" in out
    assert "stored whole before and not read again: 2 files" in out
    assert stored(database) == by_hand([one, two]).stored()
    assert_same_sides(london_pair(database))


def test_json(london: London, tmp_path: Path) -> None:
    found = london.json([write(tmp_path / "1.csv", [*GOOD, row(3, 999), row(60, -1)])])
    assert (found["readings_new"], found["readings_unchanged"], found["rejected"]) == (40, 0, 2)
    assert found["identical"] is True
    (one,) = found["files"]
    assert (one["name"], one["state"], one["rows"], one["new"], one["before"]) == ("1.csv", "done", 42, 40, 0)
    assert (one["conflicting"], one["refused"]) == (1, 1)


def test_two_values_for_one_slot_within_a_file_and_across(
    database: Database[Any], london: London, tmp_path: Path
) -> None:
    one = write(tmp_path / "1.csv", [*GOOD, row(3, 999)])
    two = write(tmp_path / "2.csv", [row(5, 888), row(70, 1)])
    code, out, _ = london([one, two])
    assert code == 0
    assert "all files: 43 rows = 41 new + 2 contradicting" in out
    for place in ("1.csv, line 42", "2.csv, line 2"):
        assert f"  {place}: MAC000002 has another value for this time already" in out
    assert stored(database) == by_hand([one, two]).stored()
    assert_same_sides(london_pair(database))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("MAC000002,Std,2013-01-01 00:30:00.0000000, much ", "not a number of kWh"),
        ("MAC000002,Std,2013-01-01 00:30:00.0000000, -0.1 ", "a negative value"),
        ("MAC000002,Std,2013-01-01 00:30:00.0000000", "not the number of columns of the header"),
    ],
)
def test_a_bad_line_is_named(database: Database[Any], london: London, tmp_path: Path, bad: str, reason: str) -> None:
    path = write(tmp_path / "bad.csv", [*GOOD[:5], bad, *GOOD[5:]])
    code, out, _ = london([path])
    assert code == 0
    assert f"  bad.csv, line 7: {reason}" in out
    assert "all files: 41 rows = 40 new + 1 refused" in out
    assert len(stored(database)) == 40


def cut_csv(folder: Path) -> Path:
    path = write(folder / "cut.csv", GOOD[:30])
    path.write_bytes(path.read_bytes() + GOOD[30].encode()[:-6])
    return path


def cut_gzip(folder: Path) -> Path:
    path = folder / "cut.csv.gz"
    path.write_bytes(gzip.compress(text(GOOD).encode() * 1)[:-12])
    return path


def spoilt_zip(folder: Path) -> Path:
    path = packed(folder / "cut.zip", {"cut.csv": text(GOOD * 3000)})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("cut", [cut_csv, cut_gzip, spoilt_zip])
def test_a_file_cut_in_the_middle_and_then_the_whole_one(
    database: Database[Any], london: London, tmp_path: Path, cut: Any
) -> None:
    other = write(tmp_path / "other.csv", [row(90, 3)])
    code, out, _ = london([cut(tmp_path), other])
    assert code == 3
    (line,) = [line for line in out.splitlines() if line.startswith("FAILED")]
    assert "cut" in line
    assert "run again with a whole file" in line
    whole = write(tmp_path / "whole.csv", GOOD)
    assert stored(database).items() <= by_hand([whole, other]).stored().items()
    code, out, _ = london([whole, other])
    assert code == 0
    assert stored(database) == by_hand([whole, other]).stored()
    assert_same_sides(london_pair(database))


def test_a_wrong_header_in_one_of_several_files(database: Database[Any], london: London, tmp_path: Path) -> None:
    wrong = write(tmp_path / "wrong.csv", GOOD, header="id,when,much\r\n")
    code, out, _ = london([wrong, write(tmp_path / "good.csv", GOOD)])
    assert code == 3
    assert "FAILED wrong.csv: wrong.csv: the first line is no header of the London readings" in out
    assert len(stored(database)) == 40


def test_a_zip_with_other_files_in_it(database: Database[Any], london: London, tmp_path: Path) -> None:
    path = packed(tmp_path / "london.zip", {"notes.txt": "hello", "Small LCL Data/LCL_0.csv": text(GOOD)})
    code, out, err = london([path])
    assert code == 0
    assert "not read, no CSV of readings or given twice: notes.txt" in err
    assert "40 rows = 40 new" in out
    assert len(stored(database)) == 40


DAILY = "LCLid,day,energy_sum\r\n"


@pytest.mark.parametrize(
    ("header", "line", "words"),
    [
        (HEADER, "MAC000002,Std,10/13/2013 00:30:00,0.1", "FAILED a.csv: none of its 2 rows can be taken"),
        (HEADER, "MAC000002,Std,2012-12-19 12:37:27.0000000,Null", "a.csv: 2 rows = 2 without a value"),
        (DAILY, "MAC000002,2013-01-01,9.8", "a.csv: holds daily sums, no half-hours: give halfhourly_dataset"),
    ],
)
def test_where_nothing_could_be_stored_it_is_never_done(
    database: Database[Any], london: London, tmp_path: Path, header: str, line: str, words: str
) -> None:
    path = write(tmp_path / "a.csv", [line] * 2, header)
    runs = [london([path]) for _ in range(2)]
    assert {code for code, _, _ in runs} in ({1}, {3})
    assert words in runs[0][1] + runs[0][2]
    assert database.lcl.count_documents({}) == 0
    code, out, _ = london([path, write(tmp_path / "b.csv", GOOD)])  # beside others it is done but for this one
    assert code == (3 if "FAILED" in out else 0)
    assert len(stored(database)) == 40


def deflate64(folder: Path) -> Path:
    path = packed(folder / "full.zip", {"CC_LCL-FullData.csv": text(GOOD)})
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):  # where both records name the compression
        content[content.index(mark) + place] = 9
    path.write_bytes(content)
    return path


def half_a_zip(folder: Path) -> Path:
    path = packed(folder / "half.zip", {"1.csv": text(GOOD)})
    path.write_bytes(path.read_bytes()[:-60])
    return path


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda folder: packed(folder / "empty.zip", {}), "empty.zip: no CSV in it"),
        (
            lambda folder: packed(folder / "notes.zip", {"notes.txt": "x"}),
            "notes.zip: no CSV in it (it holds notes.txt)",
        ),
        (deflate64, "full.zip/CC_LCL-FullData.csv is compressed by deflate64"),
        (half_a_zip, "half.zip: is no ZIP, or was cut off"),
    ],
)
def test_what_cannot_be_read_at_all(
    database: Database[Any], london: London, tmp_path: Path, made: Any, words: str
) -> None:
    code, out, err = london([made(tmp_path)])
    assert code == 1
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert words in err
    assert database.list_collection_names() == []


def test_a_file_that_is_not_there_is_wrong_usage(london: London, tmp_path: Path) -> None:
    code, out, err = london([tmp_path / "nowhere.csv"])
    assert (code, out) == (2, "")
    assert "No such file or directory. Check the path." in err


def test_no_space_left_on_the_disk_of_the_server(tmp_path: Path) -> None:
    """On a small disk of its own, where one can be mounted; the load goes on when there is room."""
    path = write(tmp_path / "1.csv", [row(slot, slot % 997, f"MAC{slot % 9:06d}") for slot in range(30_000)])
    with small_disk(tmp_path / "disk", 104) as mounted:
        if not mounted:  # that needs root; the file-size limit of test_full_disk.py does not
            return
        ballast = tmp_path / "disk" / "ballast"
        ballast.write_bytes(bytes(98_000_000))
        london = London("", "electricity", tmp_path)
        london.environ["SYNC_HOME"] = str(tmp_path / "disk")
        code, out, err = london([path], "--json")
        assert code == 1, (out, err)
        assert "disk is full: make room" in err
        assert err.splitlines()[-1].startswith("error: ")
        ballast.unlink()
        code, out, err = london([path], "--json")
        assert code == 0, err
        found = json.loads(out)
        assert found["identical"] is True
        assert found["readings_new"] + found["readings_unchanged"] == len(by_hand([path]).stored())
