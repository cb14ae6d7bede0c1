"""Workbooks: cells as text, numbers and dates, sheets per flow, daily totals."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl

from sync.sources.linky.files import Export, read_exports

PRM = "21121707640844"


def read(folder: Path, content: bytes) -> list[Export]:
    path = folder / "export.xlsx"
    path.write_bytes(content)
    exports = list(read_exports(path))
    for export in exports:
        assert export.lines == len(export.points) + len(export.totals) + len(export.rejects) + export.skipped
    return exports


def workbook(sheets: dict[str, Sequence[Sequence[Any]]]) -> bytes:
    book = openpyxl.Workbook()
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def curve_sheet(rows: Sequence[Sequence[Any]], counted: str = "Consommation horaire", unit: str = "kW") -> list[Any]:
    return [
        [None, "Point Référence Mesure (PRM) : ", PRM, "Grandeur physique :", "Puissance Active"],
        [None, None, None, "Type de comptage :", counted],
        [],
        [None, None, "Début", "Fin", f"Valeur (en {unit})"],
        *([None, None, *row] for row in rows),
    ]


def day_sheet(rows: Sequence[Sequence[Any]], counted: str = "Consommation Quotidienne") -> list[Any]:
    return [
        [None, "Point Référence Mesure (PRM) : ", PRM, None, "Grandeur physique : ", "Energie Active"],
        [None, "NA", "Données indisponibles", None, "Type de comptage : ", counted],
        [None, "Date", "Valeur (en kW)"],
        *([None, *row] for row in rows),
    ]


def test_workbook_cells_are_taken_exactly(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["29/10/2023 02:00:00", "29/10/2023 02:30:00", "0,692"],
        [datetime.fromisoformat("2023-10-29 02:30"), datetime.fromisoformat("2023-10-29 02:00"), 0.692],
        ["29/10/2023 02:00", "29/10/2023 02:30", "1"],
        ["29/10/2023 02:30:00", "29/10/2023 03:00:00", "NA"],
        ["29/10/2023 03:00:00", "29/10/2023 03:30:00", None],
        ["29/10/2023 03:30:00", "29/10/2023 04:00:00", "1 234"],
        ["29/10/2023 04:00:00", "29/10/2023 04:30:00", 12],
        ["29/10/2023 04:30:00", "29/10/2023 05:00:00", "0,6925"],
        ["29/10/2023 05:00:00", None, "0,5"],
        [],
        ["29/10/2023 05:30:00", "29/10/2023 06:00:00", 1e-7],
        ["29/10/2023 06:00:00", "29/10/2023 06:30:00", "-0,5"],
    ]
    [export] = read(tmp_path, workbook({"Consommation Horaire": curve_sheet(rows)}))
    assert [point.value for point in export.points] == [
        *("692", "692", "1000", None, None, "1 234 ?", "12000", "692.5", "0.0001", "-0,5 ?")
    ]
    assert (export.points[1].end, export.points[1].at_start, export.points[1].step) == (
        "2023-10-29 02:30:00",
        True,
        "PT30M",
    )
    assert export.points[2].end == "2023-10-29 02:00:00"
    assert [reject.line for reject in export.rejects] == [13]
    assert export.points[-1].line == 16


def test_a_workbook_holds_one_sheet_per_flow(tmp_path: Path) -> None:
    hour = ["01/07/2024 12:00:00", "01/07/2024 12:30:00", 250]
    content = workbook(
        {
            "Export Consommation Quotidienne": day_sheet([["01/07/2024", "1,361"], ["02/07/2024", "NA"]]),
            "Export Production Quotidienne": day_sheet(
                [[datetime.fromisoformat("2024-07-01"), 33.53]], "Production Quotidienne"
            ),
            "Production Horaire": curve_sheet([hour], "Production horaire", "W"),
        }
    )
    consumed, produced, curve = read(tmp_path, content)
    assert (consumed.flow, dict(consumed.totals), consumed.skipped) == ("consumption", {date(2024, 7, 1): 1361}, 1)
    assert (produced.flow, dict(produced.totals)) == ("production", {date(2024, 7, 1): 33_530})
    assert (curve.flow, curve.kind, curve.points[0].value) == ("production", "curve", "250")


def test_daily_cells_that_are_no_total_are_rejected(tmp_path: Path) -> None:
    rows = [
        ["01/07/2024", "1,3615"],
        ["02/07/2024", "-1"],
        ["31/06/2024", "1"],
        ["03/07/2024", "901"],
        ["04/07/2024", "5"],
        ["04/07/2024", "5,000"],
        ["04/07/2024", "6"],
        ["2024-07-05", "7"],
    ]
    [export] = read(tmp_path, workbook({"Export Consommation Quotidienne": day_sheet(rows)}))
    assert dict(export.totals) == {date(2024, 7, 5): 7000}
    assert [reject.line for reject in export.rejects] == [4, 5, 6, 7, 8, 10]
    assert export.skipped == 1
