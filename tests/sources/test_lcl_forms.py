"""London in every form that is handed out: written and read again it is the same, whatever else is done to the file."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.database import Database

from sync.model.errors import FileRefused
from sync.sources.lcl import members as lcl_members
from sync.sources.lcl.files import SHOWN, open_files
from tests.london import FIRST, london_pair, row, stored, write
from tests.london import load as imported
from tests.many import assert_same_sides
from tests.sources.lcl_forms import FORMS, HALF_HOUR, generated, text
from tests.sources.test_lcl_files import read

DAILY = "LCLid,day,energy_median,energy_mean,energy_max,energy_count,energy_std,energy_sum,energy_min\n"
HOUSEHOLDS = "LCLid,stdorToU,Acorn,Acorn_grouped,file\r\n"


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    form=st.sampled_from(sorted(FORMS)),
    seed=st.integers(1, 10_000),
    end=st.sampled_from(["\r\n", "\n"]),
    quote=st.sampled_from(["", '"']),
    doubles=st.integers(0, 5),
    is_shuffled=st.booleans(),
    block=st.sampled_from([1500, 2**22]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_any_file_of_any_form(
    tmp_path: Path,
    form: str,
    seed: int,
    end: str,
    quote: str,
    doubles: int,
    is_shuffled: bool,
    block: int,
    mark: bytes,
) -> None:
    """Line ends, quotes, order, copies, holes, both nights on which London's clock changes, blocks of any size."""
    readings = generated(seed)
    path = tmp_path / "form.csv"
    options = {"end": end, "quote": quote, "doubles": doubles, "seed": seed if is_shuffled else 0}
    path.write_bytes(mark + text(form, readings, **options))  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sync.sources.lcl.rows.BLOCK", block)
        found, counts, lines = read(path)
    assert found == readings
    assert lines == []
    assert counts.refused == counts.off_grid == 0
    if form != "wide":
        assert (counts.rows, counts.missing) == (len(readings) + doubles, 0)
    else:
        assert counts.rows % 48 == 0


@pytest.mark.parametrize("form", FORMS)
def test_a_household_stored_from_any_form(database: Database[Any], tmp_path: Path, form: str) -> None:
    readings = generated(7)
    path = tmp_path / "form.csv"
    path.write_bytes(text(form, readings))
    (report,), _ = imported(database, [path])
    assert (report.new, report.before) == (len(readings), 0)
    assert stored(database) == readings
    assert_same_sides(london_pair(database))


def test_all_forms_in_one_call_are_one_household(database: Database[Any], tmp_path: Path) -> None:
    readings = generated(8)
    paths = [tmp_path / f"{form}.csv" for form in sorted(FORMS)]
    for path in paths:
        path.write_bytes(text(path.stem, readings))
    reports, _ = imported(database, paths)
    assert [report.new for report in reports] == [len(readings), 0, 0, 0]
    assert sum(report.before for report in reports) == 3 * len(readings)
    assert sum(report.counts.conflicting for report in reports) == 0
    assert stored(database) == readings


# --- bad lines --------------------------------------------------------------------------------------------------------

WHOLE = ["0.1"] * 48
BAD_DAYS = [
    (["MAC000002", "2013-02-30", *WHOLE], 1, "not a day of the form"),
    (["MAC000002", "13.02.2013", *WHOLE], 1, "not a day of the form"),
    (["", "2013-02-13", *WHOLE], 1, "no household"),
    (["MAC000002", "2013-02-13", *WHOLE[1:]], 1, "not the number of columns"),
    (["MAC000002", "2013-02-13", "-0.1", *WHOLE[1:]], 1, "a negative value"),
    (["MAC000002", "2013-02-13", "much", "1.2345", *WHOLE[2:]], 2, "not a number of kWh"),
]


@pytest.mark.parametrize(("bad", "count", "reason"), BAD_DAYS)
@pytest.mark.parametrize("place", [1, 2])
def test_a_bad_day_is_named_with_its_line(tmp_path: Path, bad: list[str], count: int, reason: str, place: int) -> None:
    lines = text("wide", generated(3), end="\n").decode().splitlines()
    readings, clean, _ = read(*_written(tmp_path / "whole.csv", lines))
    lines.insert(place, ",".join(bad))
    found, counts, told = read(*_written(tmp_path / "bad.csv", lines))
    cells = 48 - count if len(bad) == 50 and count in (1, 2) and "day" not in reason and "house" not in reason else 0
    assert len(found) == len(readings) + cells
    assert found.items() >= readings.items()
    assert (counts.refused, counts.missing) == (count, clean.missing)
    assert told[0].startswith(f"bad.csv, line {place + 1}: {reason}")


def _written(path: Path, lines: list[str]) -> list[Path]:
    path.write_text("\n".join(lines) + "\n")
    return [path]


@pytest.mark.parametrize(
    "label", ["30/02/2013 00:30:00", "31/04/2013 01:00:00", "01/13/2013 00:00:00", "1/2/2013 1:00"]
)
def test_a_day_that_does_not_exist_is_refused(tmp_path: Path, label: str) -> None:
    good = "MAC000002,Std,28/02/2013 00:30:00,0.1,ACORN-A,Affluent"
    header = text("sample", {}).decode().strip()
    path = _written(tmp_path / "a.csv", [header, good, good.replace("28/02/2013 00:30:00", label)])
    found, counts, (line,) = read(*path)
    assert (len(found), counts.refused) == (1, 1)
    assert line.startswith("a.csv, line 3: not a time of the form")


def test_nor_one_of_the_published_form(tmp_path: Path) -> None:
    bad = row(0, 100).replace("2012-10-12 00:30:00.0000000", "2013-02-30 00:30:00")
    found, counts, _ = read(write(tmp_path / "a.csv", [row(1, 7), bad]))
    assert (list(found.values()), counts.refused) == ([7], 1)


def test_a_last_line_cut_behind_a_bad_one_is_not_stored(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [row(0, 111), "MAC000002,Std", row(1, 222)])
    path.write_bytes(path.read_bytes()[:-5])
    parts = open_files([path]).parts()
    part = next(parts)
    assert part.counts.refused == 2
    with pytest.raises(FileRefused, match="ends inside line 4"):
        assert [batch.wh.tolist() for part in parts for batch in part.batches] == [[111]]


# --- archives and folders ---------------------------------------------------------------------------------------------


def archive_of(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in sorted(folder.rglob("*")):
            archive.write(each, each.relative_to(folder))
    return path


def two_blocks(folder: Path) -> Path:
    """One name, size and time in two folders, and other readings."""
    for number, place in enumerate(("one", "two")):
        (folder / place).mkdir(parents=True)
        path = write(
            folder / place / "block_0.csv", [row(slot, 101 + number) for slot in range(5 * number, 5 * number + 5)]
        )
        os.utime(path, (1_400_000_000, 1_400_000_000))
    return folder


@pytest.mark.parametrize("is_archive", [False, True])
def test_files_are_told_apart_by_their_path(database: Database[Any], tmp_path: Path, is_archive: bool) -> None:
    given = two_blocks(tmp_path / "blocks")
    assert len({each.stat().st_size for each in given.rglob("*.csv")}) == 1
    path = archive_of(given, tmp_path / "blocks.zip") if is_archive else given
    reports, _ = imported(database, [path])
    assert [report.name.removeprefix("blocks.zip/") for report in reports] == ["one/block_0.csv", "two/block_0.csv"]
    assert sum(report.new for report in reports) == len(stored(database)) == 10
    assert {report.state for report in imported(database, [path])[0]} == {"known"}


def test_two_files_of_one_name_given_themselves(database: Database[Any], tmp_path: Path) -> None:
    paths = sorted(two_blocks(tmp_path).rglob("*.csv"))
    assert sum(report.new for report in imported(database, paths)[0]) == 10


UNWANTED = {
    "notes.txt": "hello",
    "daily/block_0.csv": DAILY + "MAC000002,2013-01-01,0.1,0.1,1,48,0.2,9.8,0.0\n",
    "weather.csv": "visibility,time\n5.97,2011-11-11\n",
    "book.xlsx": "no workbook",
    "half.csv": "LCLid,day,hh_0,hh_1\nMAC000002,2013-01-01,0.1,0.1\n",
    "households.csv": HOUSEHOLDS + "MAC000002,Neither,ACORN-A,Affluent,block_0\r\n",
    "cut.csv.gz": "\x1f\x8b",
}
FAILING = ["book.xlsx", "cut.csv.gz", "half.csv", "households.csv"]


@pytest.mark.parametrize(("more", "said"), [(1, "… and 1 more file not read"), (2, "… and 2 more files not read")])
def test_many_unwanted_members_are_named_in_a_few(tmp_path: Path, more: int, said: str) -> None:
    write(tmp_path / "good.csv", [row(slot, 9) for slot in range(7)])
    for number in range(SHOWN + more):
        (tmp_path / f"notes_{number}.txt").write_text("nothing", encoding="utf-8")
    assert open_files([tmp_path]).notes[-1] == said


@pytest.mark.parametrize("is_archive", [False, True])
def test_one_unwanted_member_never_refuses_the_rest(database: Database[Any], tmp_path: Path, is_archive: bool) -> None:
    """What is of something else is left out; what may have been readings fails, each by itself."""
    folder = tmp_path / "all"
    for name, content in UNWANTED.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="latin-1")
    write(folder / "good.csv", [row(slot, 9) for slot in range(7)])
    path = archive_of(folder, tmp_path / "all.zip") if is_archive else folder
    for _ in range(2):
        reports, _ = imported(database, [path])
        assert sorted(report.name.removeprefix("all.zip/") for report in reports if report.state == "failed") == FAILING
        assert len(stored(database)) == 7
    notes = "\n".join(open_files([path]).notes)
    assert notes.count("not read, ") == 3
    for words in (
        "notes.txt",
        "block_0.csv: holds daily sums, no half-hours",
        "weather.csv: the first line is no header",
    ):
        assert words in notes


def test_an_archive_is_opened_once_for_all_its_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its list of files is as long as there are members: read for each of them it would be their square."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        write(folder / f"{number}.csv", [row(number, 5)])
    path, opened = archive_of(folder, tmp_path / "many.zip"), []
    archive = lcl_members.archive
    monkeypatch.setattr(lcl_members, "archive", lambda stream: opened.append(1) or archive(stream))
    files = open_files([path])
    assert sum(part.counts.readings for part in files.parts()) == 60
    assert len(opened) == 1


def test_an_archive_exchanged_in_between_is_opened_anew(tmp_path: Path) -> None:
    path = archive_of(two_blocks(tmp_path / "blocks"), tmp_path / "a.zip")
    assert len(read(path)[0]) == 10
    shutil.rmtree(tmp_path / "blocks")
    (tmp_path / "blocks").mkdir()
    write(tmp_path / "blocks" / "other.csv", [row(3, 1)])
    archive_of(tmp_path / "blocks", path)
    assert read(path)[0] == {("MAC000002", FIRST + 2 * HALF_HOUR): 1}
