"""London files: every row accounted for, against an independent count of the real ones; and every bad row named."""

from __future__ import annotations

import contextlib
import csv
import gzip
import subprocess
import sys
import zipfile
from collections import Counter
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sync.generate.lcl import generate
from sync.model.bounded import Lines
from sync.model.errors import FileRefused
from sync.sources.files import Counts, Part
from sync.sources.lcl.households import parts
from sync.sources.lcl.members import Member, members
from sync.sources.lcl.rows import blocks
from sync.sources.lcl.tables import bands, households, is_side_table
from tests.processes import ROOT

HEADER = "LCLid,stdorToU,DateTime,KWH/hh (per half hour) \r\n"
Readings = dict[tuple[str, datetime], int]


def read(*paths: Path) -> tuple[Readings, Counts, list[str]]:
    """Readings by household and start, counts and told lines of files."""
    readings: Readings = {}
    counts, lines = Counts(), []
    for member in members(paths)[0]:
        for part in parts(member):
            counts += part.counts
            lines += part.rejects
            for batch in part.batches:
                for start, wh in zip(batch.start.tolist(), batch.wh.tolist(), strict=True):
                    readings[batch.series.id, datetime.fromtimestamp(start / 1000, UTC)] = wh
    assert counts.rows == sum(getattr(counts, each.name) for each in fields(Counts) if each.name != "rows")
    return readings, counts, lines


def by_hand(path: Path) -> tuple[Readings, Counter[str]]:
    """The same with the csv module, Decimal and no NumPy."""
    readings: Readings = {}
    counts: Counter[str] = Counter()
    with gzip.open(path, "rt", encoding="ascii", newline="") as lines:
        rows = csv.reader(lines)
        header = [name.strip() for name in next(rows)]
        places = [header.index(name) for name in header if name not in ("stdorToU", "Acorn", "Acorn_grouped")]
        for row in rows:
            household, label, text = (row[place].strip() for place in places)
            counts["rows"] += 1
            if text == "Null":
                counts["missing"] += 1
                continue
            key = household, datetime.fromisoformat(label[:19]).replace(tzinfo=UTC) - timedelta(minutes=30)
            counts["repeated"] += key in readings
            readings[key] = int((Decimal(text) * 1000).to_integral_value())
    return readings, counts


SEVENTY = pytest.param("halfhourly_2013_70_households.csv.gz", marks=pytest.mark.soak)  # 1.2 million rows


@pytest.mark.parametrize("name", ["MAC000002_raw_2012-2014.csv.gz", SEVENTY])
def test_the_real_files(shared_data: Path, name: str) -> None:
    path = shared_data / "lcl" / name
    readings, counts, lines = read(path)
    expected, counted = by_hand(path)
    assert readings == expected
    assert (counts.rows, counts.missing, counts.repeated) == tuple(counted[n] for n in ("rows", "missing", "repeated"))
    assert lines == []


def test_generated_files_hold_what_they_say(tmp_path: Path) -> None:
    expected = generate(tmp_path / "out", households=7, days=40, rows_per_file=3_000)
    assert len(expected.files) == 5
    readings, counts, _ = read(tmp_path / "out")
    assert len(readings) == expected.readings
    assert sum(readings.values()) == expected.wh
    assert (counts.rows, counts.missing) == (expected.rows, expected.off_grid_null)
    assert {household[:3] for household, _ in readings} == {"MAC"}


def written(folder: Path, rows: list[str], header: str = HEADER, end: str = "\r\n") -> Path:
    path = folder / "rows.csv"
    path.write_bytes((header + "".join(f"{row}\r\n" for row in rows[:-1]) + rows[-1] + end).encode())
    return path


def row(label: str, value: str, household: str = "MAC000002") -> str:
    return f"{household},Std,{label}, {value} "


GOOD = row("2012-10-12 00:30:00.0000000", "0.143")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row("2012-10-12 01:00:00.0000000", "-0.1"), "a negative value"),
        (row("2012-10-12 01:00:00.0000000", "much"), "not a number of kWh"),
        (row("2012-10-12 01:00:00.0000000", ""), "not a number of kWh"),
        (row("2012-10-12 01:00:00.0000000", "0.1235"), "finer than the meter's 1 Wh"),
        (row("2012-10-12 01:00:00.0000000", "1001"), "more than a household can use"),
        (row("12/10/2012 01:00", "0.1"), "not a time of the form"),
        (row("2012-10-32 01:00:00.0000000", "0.1"), "not a time of the form"),
        (row("2012-10-12 01:00:00.0000000", "0.1", household=""), "no household"),
        ("MAC000002,Std", "not the number of columns"),
        ("", "no household"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_nothing_else_is_lost(tmp_path: Path, bad: str, reason: str) -> None:
    later = row("2012-10-12 01:30:00.0000000", "6.5279999")
    readings, counts, lines = read(written(tmp_path, [GOOD, bad, later]))
    assert list(readings.values()) == [143, 6528]
    assert (counts.rows, counts.refused) == (3, 1)
    (line,) = lines
    assert line.startswith(f"rows.csv, line 3: {reason}")


def test_two_values_for_one_half_hour_come_in_two_batches(tmp_path: Path) -> None:
    other = row("2012-10-12 00:30:00.0000000", "0.144")
    path = written(tmp_path, [GOOD, GOOD, other, row("2012-10-12 01:00:00.0000000", "0"), other])
    (part, last) = parts(members([path])[0][0])
    assert [batch.wh.tolist() for batch in last.batches] == [[143, 0], [144]]
    assert [numbers.tolist() for numbers in last.lines] == [[2, 5], [4]]
    assert (part.counts + last.counts) == Counts(rows=5, readings=3, repeated=2)


def test_off_the_grid(tmp_path: Path) -> None:
    rows = [GOOD, row("2012-10-12 00:37:27.0000000", "0.1"), row("2012-10-12 01:00:00.5000000", "0.1")]
    readings, counts, _ = read(written(tmp_path, [*rows, "MAC000002,Std,2012-12-19 12:37:27.0000000,Null"]))
    assert (len(readings), counts.off_grid, counts.missing) == (1, 2, 1)


def test_a_file_that_ends_inside_a_line(tmp_path: Path) -> None:
    cut = row("2012-10-12 01:00:00.0000000", "0.14").rstrip()
    found: list[Part] = []
    with pytest.raises(FileRefused, match=r"rows.csv: ends inside line 3"):
        found.extend(parts(members([written(tmp_path, [GOOD, cut], end="")])[0][0]))
    assert [batch.wh.tolist() for part in found for batch in part.batches] == [[143]]
    assert sum((part.counts for part in found), Counts()) == Counts(rows=2, readings=1, refused=1)
    assert found[0].rejects == ["rows.csv, line 3: the file ends inside this line"]


@pytest.mark.parametrize(
    "header", ["LCLid,DateTime,KWH\r\n", "a;b;c\r\n", "", "LCLid,DateTime,tstp,energy(kWh/hh)\r\n"]
)
def test_a_wrong_header(tmp_path: Path, header: str) -> None:
    with pytest.raises(FileRefused, match="no header of the London readings"):
        read(written(tmp_path, [GOOD], header=header))


def test_an_archive_with_other_files_in_it(tmp_path: Path) -> None:
    path = tmp_path / "london.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.txt", "hello")
        for number in (10, 2):
            later = row(f"2012-10-{number} 00:30:00.0000000" if number > 9 else "2012-10-02 00:30:00.0000000", "0.1")
            archive.writestr(f"Small LCL Data/LCL-June2015v2_{number}.csv", f"{HEADER}{later}\r\n")
    found, others = members([path])
    assert [member.inside[-6:] for member in found] == ["_2.csv", "10.csv"]
    assert others == ["notes.txt"]
    assert len(read(path)[0]) == 2


def test_archives_that_cannot_be_read(tmp_path: Path) -> None:
    empty = tmp_path / "empty.zip"
    zipfile.ZipFile(empty, "w").close()
    with pytest.raises(FileRefused, match="no CSV in it"):
        members([empty])
    packed = tmp_path / "full.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("CC_LCL-FullData.csv", HEADER)
    content = bytearray(packed.read_bytes())
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):  # where both records name the compression
        content[content.index(mark) + place] = 9
    packed.write_bytes(content)
    with pytest.raises(FileRefused, match="deflate64"):
        members([packed])
    with pytest.raises(FileRefused, match="No such file"):
        members([tmp_path / "nowhere.csv"])


def test_a_file_cut_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress((HEADER + f"{GOOD}\r\n" * 5000).encode())[:-20])
    with pytest.raises(FileRefused, match=r"cut.csv.gz: cannot be read to its end"):
        read(path)


def test_the_tables_beside_the_readings(shared_data: Path) -> None:
    table, workbook = (shared_data / "lcl" / name for name in ("informations_households.csv", "Tariffs.xlsx"))
    raw = shared_data / "lcl" / "MAC000002_raw_2012-2014.csv.gz"
    assert [is_side_table(member) for member in members([table, raw, workbook])[0]] == [True, False, True]
    found = households(Member(table))
    assert Counter(each["tariff"] for each in found) == {"Std": 4443, "ToU": 1123}
    stretches = bands(Member(workbook))
    assert len(stretches) == 272
    slots = Counter(dict.fromkeys(("High", "Normal", "Low"), 0))
    for band in stretches:
        slots[band["band"]] += (band["end"] - band["_id"]) // timedelta(minutes=30)
    assert slots == {"Normal": 15_072, "Low": 1_660, "High": 788}
    # A label of summer is local time: one hour before the same label read as UTC.
    assert stretches[0]["_id"] == datetime(2013, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("size", [64, 300, 4096])
def test_where_blocks_end_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    rows = [row(f"2012-10-12 {half // 2:02}:{half % 2 * 30:02}:00.0000000", f"0.{half:03}") for half in range(40)]
    rows[3:3], rows[9:10], rows[30:] = ["MAC000002,Std"], ["a,b,c", *rows[9:12]], ["MAC000002,Std", "x"]
    path = written(tmp_path, rows, end="")
    whole = told_and_read(path)
    monkeypatch.setattr("sync.sources.lcl.rows.BLOCK", size)
    assert told_and_read(path) == whole
    assert [line for line, reason in whole[1] if reason == 7] == [5, 11, 32, 33]
    assert [line for _, _, line in whole[0]] == [line for line in range(2, 32) if line not in (5, 11)]


def told_and_read(path: Path) -> tuple[list[tuple[int, int, int]], list[tuple[int, int]]]:
    """(label, Wh, line) of every row, and the lines that are none."""
    read: list[tuple[int, int, int]] = []
    told: list[tuple[int, int]] = []
    with path.open("rb") as stream, contextlib.suppress(FileRefused):
        for some, lines in blocks(Lines("a.csv", stream), "a.csv"):
            read += zip(some.label.tolist(), some.wh.tolist(), some.line.tolist(), strict=True)
            told += lines
    return read, told


LEFT = """
import io, sys, time
from sync.model.bounded import Lines
from sync.sources.lcl.rows import blocks

class Slow(io.RawIOBase):
    def readable(self): return True
    def read(self, size=-1):
        time.sleep(0.05)
        return b"MAC000002,Std,2012-10-12 00:30:00.0000000, 0.1 \\r\\n" * 90000

stream = Lines("a.csv", Slow())
stream.readline = lambda size: b"LCLid,stdorToU,DateTime,KWH/hh (per half hour) \\r\\n"
print(len(next(blocks(stream, "a.csv"))[0]))
"""


def test_a_process_that_ends_while_it_reads_is_not_aborted() -> None:
    """As `import` does when it has looked whose file it is. A thread of PyArrow's in our `read` would be in the way."""
    done = subprocess.run([sys.executable, "-c", LEFT], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 0
