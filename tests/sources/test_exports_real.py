"""The real files, compared with an independent reading: `csv` for the CSV files, the bare XML for the workbooks."""

from __future__ import annotations

import csv
import gzip
import re
import zipfile
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sync.model.localtime import PARIS
from sync.model.readings import Series
from sync.sources.linky.files import Export, read_exports
from sync.sources.linky.points import curve_from_points

R63 = "r63_load_curve_2023-03-13_2025-03-13_naive_paris.csv.gz"
WEEKS = ["heure_2024-01-08_2024-01-14.xlsx", "heure_2024-03-01_2024-03-03.xlsx", "heure_2024-04-01_2024-04-07.xlsx"]
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def only(path: Path) -> Export:
    exports = list(read_exports(path))
    assert len(exports) == 1
    return exports[0]


def r63_rows(folder: Path) -> list[dict[str, str]]:
    with gzip.open(folder / "linky" / R63, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=";"))


def sheet_cells(path: Path) -> list[list[str]]:
    """The second sheet's rows as text, without openpyxl."""
    with zipfile.ZipFile(path) as archive:
        strings = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
        texts = ["".join(part.text or "" for part in entry.iter(f"{SHEET}t")) for entry in strings]
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet2.xml"))
    rows = []
    for row in sheet.iter(f"{SHEET}row"):
        cells = [(cell.get("t"), cell.findtext(f"{SHEET}v")) for cell in row]
        rows.append([texts[int(text)] if kind == "s" else text for kind, text in cells if text is not None])
    return rows


def test_the_two_years_are_read_point_by_point(shared_data: Path) -> None:
    export = only(shared_data / "linky" / R63)
    rows = r63_rows(shared_data)
    assert (export.name, export.prm, export.flow, export.kind) == (R63, "0" * 14, "consumption", "curve")
    assert (export.lines, export.rejects, export.skipped, export.notes) == (34_733, (), 0, ())
    assert [
        (point.end, point.value, point.step, point.nature, point.iv, point.ec, point.at_start, point.line)
        for point in export.points
    ] == [
        (
            row["Horodate"],
            row["Valeur"],
            row["Pas"],
            row["Nature"],
            row["Indice de vraisemblance"],
            row["Etat complémentaire"],
            False,
            line,
        )
        for line, row in enumerate(rows, start=2)
    ]


@pytest.mark.parametrize("week", WEEKS)
def test_hourly_workbooks_equal_the_r63_file(shared_data: Path, week: str) -> None:
    export = only(shared_data / "linky" / "weekly_xlsx" / week)
    watts = {row["Horodate"]: row["Valeur"] for row in r63_rows(shared_data)}
    assert (export.prm, export.flow, export.kind, export.rejects) == ("0" * 14, "consumption", "curve", ())
    assert [point.value for point in export.points] == [watts[point.end] for point in export.points]
    ends = [datetime.fromisoformat(point.end) for point in export.points]
    assert {(point.step, point.at_start) for point in export.points} == {("PT30M", False)}
    first, last = re.findall(r"\d{4}-\d\d-\d\d", week)
    # The site leaves out the half-hour that ends at midnight of the last day.
    start = datetime.fromisoformat(first)
    assert (ends[0], ends[-1]) == (start + timedelta(minutes=30), datetime.fromisoformat(f"{last} 23:30"))
    assert len(export.points) == export.lines == (ends[-1] - start) // timedelta(minutes=30)


@pytest.mark.parametrize("week", WEEKS)
def test_hourly_workbooks_say_what_their_xml_says(shared_data: Path, week: str) -> None:
    path = shared_data / "linky" / "weekly_xlsx" / week
    expected = []
    for row in sheet_cells(path):
        if len(row) == 3 and re.fullmatch(r"\d\d/\d\d/\d{4} .*", row[0]):
            end = datetime.strptime(row[1], "%d/%m/%Y %H:%M:%S")  # noqa: DTZ007
            whole, thousandths = row[2].split(",")
            expected.append((str(end), str(int(whole + thousandths.ljust(3, "0")))))
    assert [(point.end, point.value) for point in only(path).points] == expected


def test_daily_workbook_is_kwh_and_equals_the_sums_of_the_r63_file(shared_data: Path) -> None:
    export = only(shared_data / "linky" / "weekly_xlsx" / "jour_2024-07-15_2024-07-21.xlsx")
    sums: dict[date, int] = defaultdict(int)
    for row in r63_rows(shared_data):
        before_the_end = datetime.fromisoformat(row["Horodate"]) - timedelta(minutes=1)
        sums[before_the_end.date()] += int(row["Valeur"]) * {"PT30M": 30, "PT60M": 60}[row["Pas"]]
    assert (export.kind, export.flow, export.points, export.rejects) == ("totals", "consumption", (), ())
    days = [date(2024, 7, 15) + timedelta(days=offset) for offset in range(7)]
    assert list(export.totals) == days
    assert export.lines == 7
    # On 18 July the curve has a hole of 23 hours; the index went on counting.
    hole = date(2024, 7, 18)
    assert {day: wh * 60 for day, wh in export.totals.items() if day != hole} == {
        day: sums[day] for day in days if day != hole
    }
    assert (export.totals[hole], sums[hole]) == (20_943, 1_713 * 60)


def test_conso_heure_keeps_order_gaps_and_empty_values(shared_data: Path) -> None:
    path = shared_data / "linky" / "aeneria_test_Enedis_Conso_Heure.csv"
    export = only(path)
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))[3:]
    assert [(point.end, point.value, point.step, point.line) for point in export.points] == [
        (row[0], row[1], None, line) for line, row in enumerate(rows, start=4)
    ]
    assert (export.lines, export.rejects, export.flow) == (104, (), "consumption")
    assert Counter(point.value for point in export.points)[""] == 13


def test_conso_jour_gives_the_days_between_consecutive_midnights(shared_data: Path) -> None:
    path = shared_data / "linky" / "aeneria_test_Enedis_Conso_Jour.csv"
    export = only(path)
    index: dict[date, int] = {}
    for row in csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"):
        if len(row) == 17 and row[0][:2] == "20":
            index[datetime.fromisoformat(row[0]).astimezone(PARIS).date()] = int(row[16])
    following = {day: index[day + timedelta(days=1)] for day in index if day + timedelta(days=1) in index}
    assert dict(export.totals) == {day: end - index[day] for day, end in following.items()}
    assert export.totals[date(2021, 3, 28)] == 16_030_267 - 16_020_455  # the 23-hour day, across the change of offset
    assert (export.lines, len(export.totals), export.skipped, export.rejects) == (264, 263, 1, ())


def test_curves_of_real_files_become_readings(shared_data: Path) -> None:
    series = Series("linky", "0" * 14, "consumption")
    two_years = curve_from_points(series, only(shared_data / "linky" / R63).points)
    assert (len(two_years.batch), two_years.missing, two_years.repeated, two_years.rejects) == (34_733, 0, 0, ())
    for week in WEEKS:
        part = curve_from_points(series, only(shared_data / "linky" / "weekly_xlsx" / week).points).batch
        starts = set(zip(two_years.batch.start.tolist(), two_years.batch.wh.tolist(), strict=True))
        assert set(zip(part.start.tolist(), part.wh.tolist(), strict=True)) <= starts
        assert len(part) > 0


def test_packed_files_hold_the_same(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "linky"
    heure, jour = folder / "aeneria_test_Enedis_Conso_Heure.csv", folder / "aeneria_test_Enedis_Conso_Jour.csv"
    workbook = folder / "weekly_xlsx" / WEEKS[0]
    path = tmp_path / "mail.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(heure, "export/heure.csv")
        archive.writestr("export/jour.csv.gz", gzip.compress(jour.read_bytes()))
        archive.write(workbook, "export/semaine.xlsx")
        archive.writestr("export/", "")
        archive.writestr("__MACOSX/export/._heure.csv", b"\0\5\x16\7 resource fork")
        archive.writestr("export/LISEZMOI.txt", "Vos données")
    exports = list(read_exports(path))
    assert [export.name for export in exports] == [
        f"mail.zip/export/{member}" for member in ("heure.csv", "jour.csv.gz", "semaine.xlsx")
    ]
    assert exports[0].points == only(heure).points
    assert exports[1].totals == only(jour).totals
    assert exports[2].points == only(workbook).points
    assert len(exports[0].notes) == 1
    assert "LISEZMOI.txt" in exports[0].notes[0]
