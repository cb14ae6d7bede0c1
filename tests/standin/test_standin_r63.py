"""A meter from an R63 export: point for point as in the file, or refused with the place."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import pytest

from sync.model.errors import FileRefused, UsageError
from sync.standin.curve import CurvePoint, day_total
from sync.standin.r63 import read_r63

HEADER = (
    "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;Horodate;Valeur;"
    "Nature;Pas;Indice de vraisemblance;Etat complémentaire"
)


def row(label: str, watts: str, step: str = "PT30M", prm: str = "00000000000000", flow: str = "CONS") -> str:
    return f"{prm};2024-01-01 00:00:00;2024-02-01 00:00:00;PA;{flow};BRUT;W;{label};{watts};B;{step};0;0"


def written(folder: Path, *rows: str) -> Path:
    path = folder / "export.csv"
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return path


def test_points_keep_order_steps_flags_and_holes(tmp_path: Path) -> None:
    rows = [row("2024-01-01 23:30:00", "100"), row("2024-01-02 00:00:00", ""), row("2024-01-02 02:00:00", "7", "PT60M")]
    rows.append(row("2024-01-02 02:30:00", "20").replace(";0;0", ";2;11"))
    meter = read_r63(written(tmp_path, *rows))["00000000000000"]
    curve = meter.flows["consumption"]
    assert [point.watts for point in curve.points(date(2024, 1, 1))] == [100, None]
    assert curve.points(date(2024, 1, 2)) == [
        CurvePoint("2024-01-02 02:00:00", 7, "PT60M"),
        CurvePoint("2024-01-02 02:30:00", 20, "PT30M", iv="2", ec="11"),
    ]
    assert day_total(curve.points(date(2024, 1, 2))) == 17
    assert day_total(curve.points(date(2024, 1, 3))) is None
    assert (meter.first_day, meter.last_day) == (date(2024, 1, 1), date(2024, 1, 1))


def test_both_flows_of_one_meter(tmp_path: Path) -> None:
    rows = [row("2024-01-01 00:30:00", "2"), row("2024-01-01 00:30:00", "4", flow="PROD")]
    assert set(read_r63(written(tmp_path, *rows))["00000000000000"].flows) == {"consumption", "production"}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "holds a header but no reading"),
        (
            [row("2024-01-01 00:30:00", "2"), row("2024-01-01 00:30:00", "2", prm="00000000000001")],
            "of one meter",
        ),
        ([row("2024-01-01 00:30:00", "2"), row("2024-01-01 01:00:00", "2")[:70]], "line 3: has 8 columns"),
        ([row("2024-01-01 00:30:00", "2,5")], "line 2: not a whole number of W"),
        ([row("2024-02-30 00:30:00", "2")], "line 2"),
        ([row("2024-01-01 00:30:00", "2", "PT7M")], "line 2: not a step"),
        ([row("2024-01-01 00:30:00", "2", prm="1234")], "a PRM has 14 digits, here it is 4"),
    ],
)
def test_refused_with_the_place(tmp_path: Path, rows: list[str], told: str) -> None:
    with pytest.raises(FileRefused, match=told):
        read_r63(written(tmp_path, *rows))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"Date;Valeur\n2024-01-01;3\n", "of no form that is known"),
        (b"", "is empty"),
        (HEADER.encode("latin-1"), "a header but no reading"),
        (gzip.compress(HEADER.encode())[:-6], "cut off or damaged"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match=told):
        read_r63(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.csv"):
        read_r63(tmp_path / "nowhere.csv")
