"""`Enedis_Conso_Jour`: which midnight a label means, and which differences of indexes are totals."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sync.sources.linky.exports.index import midnight_of
from sync.sources.linky.files import Export, read_exports

PRM = "21121707640844"
JOUR = (
    "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape metier;Unite\n"
    f"{PRM};Index;01/01/2024;02/01/2024;Energie active;Consommation;Comptage Brut;Wh\n"
    "Horodate;Type de releve;EAS F1;EAS F2;EAS D1;EAS T\n"
)


def read_one(folder: Path, content: str) -> Export:
    path = folder / "export.csv"
    path.write_text(content, encoding="utf-8")
    [export] = read_exports(path)
    assert export.lines == len(export.totals) + len(export.rejects) + export.skipped
    return export


@pytest.mark.parametrize(
    ("label", "day"),
    [
        ("2022-08-31T01:00:00+02:00", date(2022, 8, 31)),
        ("2022-08-31T00:00:00+02:00", date(2022, 8, 31)),
        ("2022-01-31T00:00:00+01:00", date(2022, 1, 31)),
        ("2022-02-27T23:00:00+01:00", date(2022, 2, 28)),
        ("2022-02-27T23:00:00Z", date(2022, 2, 28)),
        ("2022-02-27 00:00:00", date(2022, 2, 27)),
        ("2022-02-27", date(2022, 2, 27)),
        ("2022-02-27 01:00:00", None),
        ("2022-02-27T02:00:00+01:00", None),
        ("2022-02-30T00:00:00+01:00", None),
        ("20220227", None),
        ("", None),
    ],
)
def test_labels_of_indexes_mean_the_midnight_next_to_them(label: str, day: date | None) -> None:
    assert midnight_of(label) == day


def index_line(day: int, f1: str, total: str, f2: str = "", kind: str = "Arrêté quotidien") -> str:
    return f"2024-01-{day:02}T00:00:00+01:00;{kind};{f1};{f2};;{total}\n"


def test_indexes_give_a_total_only_between_neighbouring_days(tmp_path: Path) -> None:
    lines = [
        index_line(1, "100", "100"),
        index_line(2, "130", "130"),
        index_line(4, "190", "190"),
        index_line(5, "180", "180"),  # goes back
        index_line(6, "185", "185"),
        index_line(7, "", ""),
        index_line(8, "200", "200"),
        index_line(9, "20x", "20x"),
        index_line(10, "210", "210", kind="Relevé asynchrone"),
    ]
    export = read_one(tmp_path, JOUR + "".join(lines))
    assert dict(export.totals) == {date(2024, 1, 1): 30, date(2024, 1, 5): 5}
    assert [(reject.line, reject.reason) for reject in export.rejects] == [
        (7, "the index goes back"),
        (11, "not an index in Wh"),
    ]
    assert (export.lines, export.skipped) == (9, 5)
    assert len(export.notes) == 1


def test_registers_stand_in_for_the_total_only_if_they_are_the_same(tmp_path: Path) -> None:
    lines = [
        index_line(1, "100", "", "10"),
        index_line(2, "130", "", "15"),
        index_line(3, "140", ""),  # a register went
        index_line(4, "150", ""),
        index_line(5, "150", "2000"),  # a total came
        index_line(6, "160", "2020"),
        index_line(7, "", "2050"),
    ]
    export = read_one(tmp_path, JOUR + "".join(lines))
    assert {day.day: wh for day, wh in export.totals.items()} == {1: 35, 3: 10, 5: 20, 6: 30}


def test_contradicting_and_impossible_totals_are_refused_not_chosen(tmp_path: Path) -> None:
    lines = [
        index_line(1, "100", "100"),
        index_line(2, "130", "130"),
        index_line(2, "130", "130"),
        index_line(2, "131", "131"),
        index_line(3, "160", "160"),
        index_line(4, "9000160", "9000160"),
    ]
    export = read_one(tmp_path, JOUR + "".join(lines))
    assert dict(export.totals) == {}
    assert [reject.line for reject in export.rejects] == [5, 7, 9]


def test_other_sections_are_left_out_and_named(tmp_path: Path) -> None:
    calendar = "Periode;Identifiant calendrier fournisseur\nDu 2024-01-01T00:00:00+01:00 au;FC000165\n"
    peak = JOUR.splitlines(keepends=True)[0] + (
        f"{PRM};Puissance maximale quotidienne;01/01/2024;02/01/2024;Puissance maximale atteinte;Consommation;"
        "Comptage Brut;VA\nHorodate;Valeur\n2024-01-01T15:17:24+01:00;3695\n"
    )
    export = read_one(tmp_path, JOUR + index_line(1, "100", "100") + index_line(2, "110", "110") + calendar + peak)
    assert dict(export.totals) == {date(2024, 1, 1): 10}
    assert (export.lines, export.rejects) == (2, ())
    assert len(export.notes) == 1
    assert "Puissance maximale quotidienne" in export.notes[0]
