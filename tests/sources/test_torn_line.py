"""A last line without its end: taken where something vouches that the file is whole, else refused and told."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from sync.sources.files import Part
from sync.sources.linky.files import open_files
from tests.sources.linky_writers import (
    PRM,
    Household,
    Style,
    bare,
    downloader,
    heure,
    household,
    jour,
    own_measures,
    r63_csv,
    sge,
    strasbourg,
    total_energies,
    weekly_csv,
)

DAY = date(2026, 1, 5)
HOUSE = household(DAY, 2, seed=5)
"""Its last reading is not zero, and no other has its value."""
HALF_A_DAY = replace(HOUSE, readings=HOUSE.readings[:-20])
TORN = "the file ends in the middle of this line"
LINE_ENDS = Style(line_end="\n")
LAST, BEHIND = b";06/01/2026;", b";07/01/2026;"


def torn(content: bytes, cut: int = 1) -> bytes:
    """Without the last bytes: 1 is the line end alone."""
    return content[:-cut]


def ends_later(house: Household) -> bytes:
    """Of a period that goes on for a day."""
    return heure(house, LINE_ENDS).replace(BEHIND, b";08/01/2026;")


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", content)
    return packed.getvalue()


def totals_off_by(wh: int) -> bytes:
    readings = (*HOUSE.readings[:-1], HOUSE.readings[-1]._replace(wh=HOUSE.readings[-1].wh + wh))
    return jour(replace(HOUSE, readings=readings), LINE_ENDS)


def another(wh: int = 0) -> bytes:
    """Another file with the last reading, and that one off by some Wh."""
    last = HOUSE.readings[-1]
    return r63_csv(replace(HOUSE, readings=(*HOUSE.readings[40:-1], last._replace(wh=last.wh + wh))), LINE_ENDS)


@dataclass(frozen=True)
class Case:
    """Files by name; of the last of them the last line is torn. is_taken: whether its value is believed."""

    files: dict[str, bytes]
    is_taken: bool
    house: Household = HOUSE


CASES: dict[str, Case] = {
    "the header's period is reached": Case({"a.csv": torn(heure(HOUSE, LINE_ENDS))}, True),
    "the header names the last day": Case({"a.csv": torn(heure(HOUSE, LINE_ENDS)).replace(BEHIND, LAST)}, True),
    "cut off in the last day that the header names": Case(
        {"a.csv": torn(heure(HALF_A_DAY, LINE_ENDS)).replace(BEHIND, LAST)}, False, HALF_A_DAY
    ),
    "whole columns stand behind the value": Case({"a.csv": torn(r63_csv(HOUSE, LINE_ENDS))}, True),
    "columns behind the value are gone": Case({"a.csv": torn(r63_csv(HOUSE, LINE_ENDS), len(";PT30M;0;0\n"))}, False),
    "the header's period goes on": Case({"a.csv": torn(ends_later(HOUSE))}, False),
    "half a figure, and the period goes on": Case({"a.csv": torn(ends_later(HOUSE), 2)}, False),
    "another file has the same reading": Case({"b.csv": another(), "a.csv": torn(ends_later(HOUSE))}, True),
    "it is the last file that has it": Case({"a.csv": torn(ends_later(HOUSE)), "b.csv": another()}, True),
    "another file has another value": Case({"b.csv": another(1), "a.csv": torn(ends_later(HOUSE))}, False),
    "another file has it, this one half": Case({"b.csv": another(), "a.csv": torn(ends_later(HOUSE), 2)}, False),
    "the day adds up to its total": Case({"b.csv": totals_off_by(0), "a.csv": torn(ends_later(HOUSE))}, True),
    "the day does not add up": Case({"b.csv": totals_off_by(1), "a.csv": torn(ends_later(HOUSE))}, False),
    "a total of a day that is not whole": Case(
        {"b.csv": totals_off_by(0), "a.csv": torn(ends_later(HALF_A_DAY))}, False, HALF_A_DAY
    ),
    "gzip has a checksum": Case({"a.csv.gz": gzip.compress(torn(ends_later(HOUSE)))}, True),
    "ZIP has a checksum": Case({"a.zip": zipped(torn(ends_later(HOUSE)))}, True),
    "no header says anything": Case({"a.csv": torn(bare(HOUSE, LINE_ENDS))}, False),
}
FORMS: dict[str, Callable[[Household, Style], bytes]] = {
    "headerless": bare,
    "own measures": own_measures,
    "Strasbourg": strasbourg,
    "TotalEnergies": total_energies,
    "weekly workbook as CSV": weekly_csv,
    "Conso Downloader": downloader,
}


def read(folder: Path, files: dict[str, bytes]) -> tuple[list[tuple[int, int]], Part]:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (part,) = open_files([folder / name for name in files], prm=PRM, flow="consumption").parts()
    (batch,) = part.batches
    return list(zip((batch.start // 1000).tolist(), batch.wh.tolist(), strict=True)), part


@pytest.mark.parametrize("name", CASES)
def test_the_last_line_is_taken_only_where_something_vouches_for_it(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    found, part = read(tmp_path, case.files)
    wanted = [(reading.start, reading.wh) for reading in case.house.readings]
    has_another = any(content in (another(), another(1)) for content in case.files.values())
    last = [line for line in part.rejects if TORN in line]
    if case.is_taken:
        assert found == wanted
        assert list(part.rejects) == []
    elif has_another:  # the other file's value stands, and the torn one is told
        assert found[:-1] == wanted[:-1]
        assert len(last) == 1
    else:
        assert found == wanted[:-1]
        assert len(last) == 1
        assert last == list(part.rejects)


@pytest.mark.parametrize(("cut", "readings"), [(1, 96), (2, 95), (3, 96), (4, 95), (6, 95), (60, 95), (100, 95)])
def test_a_line_of_many_columns_counts_with_all_of_them(tmp_path: Path, cut: int, readings: int) -> None:
    """Of SGE: the step stands last. Half of `30` is none; without any it is that of the others. A line cut off before
    refuses no other one."""
    found, part = read(tmp_path, {"a.csv": torn(sge(HOUSE, LINE_ENDS), cut)})
    assert len(found) == readings
    assert len(part.rejects) == 96 - readings
    assert found == [(reading.start, reading.wh) for reading in HOUSE.readings[:readings]]


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_states_no_end_is_taken_with_the_next_file_only(tmp_path: Path, name: str) -> None:
    content = FORMS[name](HOUSE, LINE_ENDS)
    for cut in (1, 2):
        found, part = read(tmp_path, {"a.csv": torn(content, cut)})
        assert len(found) == len(HOUSE.readings) - 1
        assert len(part.rejects) == 1
        assert TORN in part.rejects[0]
    found, part = read(tmp_path, {"a.csv": torn(content), "b.csv": another()})
    assert found == [(reading.start, reading.wh) for reading in HOUSE.readings]
    assert list(part.rejects) == []
    assert part.counts.repeated == len(HOUSE.readings) - 40
