"""What load curves in CSV and their archives may look like: columns, flows, steps, torn lines, members."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from sync.sources.linky.files import Export, read_exports

PRM = "21121707640844"
R63_HEADER = (
    "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;"
    "Horodate;Valeur;Nature;Pas;Indice de vraisemblance;Etat complémentaire\n"
)
HEURE = (
    "\ufeffIdentifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;"
    "Etape metier;Unite;Pas en minutes\n"
    f"{PRM};Courbe de charge;01/01/2024;02/01/2024;Energie active;Consommation;Comptage Brut;W;\n"
)


def r63_line(label: str, watts: str, flow: str = "CONS") -> str:
    return f"{PRM};2024-01-01 00:00:00;2024-01-02 00:00:00;PA;{flow};BRUT;W;{label};{watts};B;PT30M;0;0\n"


def read(folder: Path, content: str | bytes, name: str = "export.csv") -> list[Export]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    exports = list(read_exports(path))
    for export in exports:
        assert export.lines == len(export.points) + len(export.totals) + len(export.rejects) + export.skipped
    return exports


def test_r63_columns_go_by_name_and_optional_ones_may_be_missing(tmp_path: Path) -> None:
    header = "Valeur;Horodate;UNITE;Grandeur metier;Grandeur physique;Identifiant PRM\n"
    [export] = read(tmp_path, header + f"120;2024-01-01T00:30:00+01:00;W;PROD;PA;{PRM}\n")
    [point] = export.points
    assert (export.prm, export.flow) == (PRM, "production")
    assert (point.end, point.value, point.line) == ("2024-01-01T00:30:00+01:00", "120", 2)
    assert (point.step, point.nature, point.iv, point.ec, point.at_start) == (None, None, None, None, False)


def test_r63_gives_one_export_per_flow(tmp_path: Path) -> None:
    lines = [r63_line("2024-01-01 00:30:00", "1"), r63_line("2024-01-01 00:30:00", "2", "PROD"), "torn;line\n"]
    consumption, production = read(tmp_path, R63_HEADER + "".join(lines))
    assert [(point.value, point.line) for point in consumption.points] == [("1", 2)]
    assert [(point.value, point.line) for point in production.points] == [("2", 3)]
    assert (consumption.flow, production.flow) == ("consumption", "production")
    assert [reject.line for reject in consumption.rejects] == [4]
    assert production.rejects == ()


def test_r63_joined_quoted_and_spaced_lines(tmp_path: Path) -> None:
    one, two = r63_line("2024-01-01 00:30:00", "1"), r63_line("2024-01-01 01:00:00", "2")
    quoted = '"' + two.strip().replace(";", '";"') + '"\n'
    for text in (
        R63_HEADER + one + R63_HEADER + two,
        R63_HEADER + one + "\n ;;\n" + quoted,
        "\n" + R63_HEADER + one + two,
    ):
        for ends in ("\n", "\r\n", "\r"):
            [export] = read(tmp_path, text.replace("\n", ends))
            assert [point.value for point in export.points] == ["1", "2"]
            assert (export.lines, export.rejects) == (2, ())


def test_a_stray_quote_costs_one_line_only(tmp_path: Path) -> None:
    lines = [r63_line("2024-01-01 00:30:00", '"1'), r63_line("2024-01-01 01:00:00", "2")]
    [export] = read(tmp_path, R63_HEADER + "".join(lines))
    assert [point.value for point in export.points] == ["1", "2"]


def test_lines_that_are_no_point_are_rejected_with_their_number(tmp_path: Path) -> None:
    good = r63_line("2024-01-01 00:30:00", "1")
    bad = [
        ";".join(good.split(";")[:8]) + "\n",
        good.replace(PRM, "2112"),
        good.replace("2024-01-01 00:30:00;1", "demain;1"),
        good.replace("00:30:00;1", f"00:30:00;{PRM}"),
        good.strip() + ";5\n",
    ]
    [export] = read(tmp_path, R63_HEADER + good + "".join(bad))
    assert [reject.line for reject in export.rejects] == [3, 4, 5, 6, 7]
    assert len(export.points) == 1
    assert PRM not in str(export)
    assert "…0844" in export.rejects[0].text


@pytest.mark.parametrize("cut", range(1, len(r63_line("2024-01-01 01:00:00", "1260"))))
def test_a_torn_last_line_of_an_r63_file_never_gives_half_a_figure(tmp_path: Path, cut: int) -> None:
    last = r63_line("2024-01-01 01:00:00", "1260")
    [export] = read(tmp_path, R63_HEADER + r63_line("2024-01-01 00:30:00", "1") + last[:cut])
    assert export.lines == 2
    if export.rejects:
        assert [reject.line for reject in export.rejects] == [3]
        assert len(export.points) == 1
    else:
        assert [point.value for point in export.points] == ["1", "1260"]


def test_a_torn_last_line_of_conso_heure_is_rejected_even_if_it_looks_whole(tmp_path: Path) -> None:
    table = "Horodate;Valeur\n2024-01-01T00:30:00+01:00;120\n"
    for last in ("2024-01-01T01:00:00+01:00;12", "2024-01-01T01:00:00+01:00;", "2024-01-01T01"):
        [export] = read(tmp_path, HEURE + table + last)
        assert [point.value for point in export.points] == ["120"]
        assert [reject.line for reject in export.rejects] == [5]
    [export] = read(tmp_path, HEURE + table + "2024-01-01T01:00:00+01:00;12;")
    assert [point.value for point in export.points] == ["120", "12"]


def test_a_file_cut_off_inside_a_letter_keeps_what_is_whole(tmp_path: Path) -> None:
    content = (R63_HEADER + r63_line("2024-01-01 00:30:00", "1") + "é").encode()[:-1]
    [export] = read(tmp_path, content)
    assert len(export.points) == 1


def test_conso_heure_of_production_with_a_blank_line_before_the_table(tmp_path: Path) -> None:
    text = HEURE.replace("Consommation", "Production") + "\nHorodate;Valeur\n2024-01-01T00:30:00+01:00;0;\n"
    [export] = read(tmp_path, text)
    assert (export.flow, export.points[0].value) == ("production", "0")


@pytest.mark.parametrize(
    ("stated", "minutes", "step"),
    [("30", 30, "PT30M"), ("60", 60, "PT60M"), ("30", 60, None), ("7", 30, None), ("", 30, None), ("demi", 30, None)],
)
def test_a_stated_step_holds_only_if_the_labels_agree(
    tmp_path: Path, stated: str, minutes: int, step: str | None
) -> None:
    labels = [f"2024-01-01T{m // 60:02}:{m % 60:02}:00+01:00" for m in range(minutes, 10 * minutes, minutes)]
    text = HEURE.replace("W;\n", f"W;{stated}\n") + "Horodate;Valeur\n" + "".join(f"{label};6\n" for label in labels)
    [export] = read(tmp_path, text)
    assert {point.step for point in export.points} == {step}
    assert bool(export.notes) == (bool(stated) and step is None)


def test_archives_may_nest_and_leave_out_what_is_not_a_curve(tmp_path: Path) -> None:
    good = (R63_HEADER + r63_line("2024-01-01 00:30:00", "1")).encode()
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.csv.gz", gzip.compress(good))
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("puissance.csv", good.replace(b";PA;", b";PMA;").replace(b";W;", b";VA;"))
        archive.writestr("vide.csv", R63_HEADER)
        archive.writestr("facture.pdf", b"%PDF-1.7\n\xff\xfe\x00")
        archive.writestr(".DS_Store", b"\0\0\0\1Bud1")
    [export] = read(tmp_path, outer.getvalue(), "outer.zip")
    assert export.name == "outer.zip/inner.zip/a.csv.gz"
    assert [point.value for point in export.points] == ["1"]
    assert [name in note for name, note in zip(("puissance", "vide", "facture"), export.notes, strict=True)] == [
        True
    ] * 3
