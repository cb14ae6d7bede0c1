"""Files that are refused: each with one message that names the file and says what to do, and never a whole PRM."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sync.model.errors import FileRefused, UsageError
from sync.sources.linky import files as archive
from sync.sources.linky.exports.whose import Owner
from sync.sources.linky.files import read_exports

PRM, OTHER_PRM = "21121707640844", "21121707649999"
R63 = (
    "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;"
    "Horodate;Valeur;Nature;Pas;Indice de vraisemblance;Etat complémentaire\n"
    f"{PRM};2024-01-01 00:00:00;2024-01-02 00:00:00;PA;CONS;BRUT;W;2024-01-01 00:30:00;12;B;PT30M;0;0\n"
)
FACTS = f"{PRM};Index;01/01/2024;02/01/2024;Energie active;Consommation;Comptage Brut;Wh"
SECTION = (
    "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape metier;Unite\n"
)
JOUR = f"{SECTION}{FACTS}\nHorodate;Type de releve;EAS F1;EAS T\n2024-01-01T00:00:00+01:00;Arrêté quotidien;5;5\n"
HEURE = JOUR.replace("Index", "Courbe de charge").replace("Wh", "W")


def refusal(folder: Path, content: str | bytes, name: str = "export.csv") -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(FileRefused) as refused:
        read_exports(path)
    message = str(refused.value)
    assert message.startswith(name)
    assert "\n" not in message
    assert not any(prm in message for prm in (PRM, OTHER_PRM))
    return message


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n", "empty"),
        (gzip.compress(b"", mtime=0), "empty"),
        (b"a;b;c\n1;2;3\n", "of no form that is known"),
        (b"<!DOCTYPE html><html>Connexion</html>", "of no form that is known"),
        (b'{"header": {"codeFlux": "R63"}}', "its fields are header"),
        (b'{"header": {"codeFlux"', "cut off"),
        (b"[1, 2]", "of no form that is known"),
        (bytes(range(256)), "of no form that is known"),
        (b"SQLite format 3\0" + b"\0" * 2000, "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, ".xls"),
        (R63.splitlines()[0] + "\n", "no reading"),
        (R63.splitlines()[0].replace("Horodate;", "Horodate;Heure;").replace("Valeur", "Puissance") + "\n", "'valeur'"),
        (SECTION, "a header without content"),
        (f"{SECTION}{FACTS}\n", "without a line"),
        (f"{SECTION}{FACTS}\n2024-01-01T00:00:00+01:00;12\n", "'Horodate'"),
    ],
)
def test_what_is_no_export(tmp_path: Path, content: str | bytes, said: str) -> None:
    assert said in refusal(tmp_path, content)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"])
def test_any_encoding_of_letters_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(R63.encode(encoding))
    [export] = read_exports(path)
    assert (export.prm, [point.value for point in export.points]) == (PRM, ["12"])


@pytest.mark.parametrize(
    "content",
    [
        R63.replace(";PA;", ";PRI;"),
        R63.replace(";PA;", ";EA;").replace(";W;", ";Wh;"),
        R63.replace(";W;", ";kW;"),
        R63.replace(";CONS;", ";INJ;"),
        HEURE.replace(";W\n", ";VA\n").replace("Energie active", "Puissance maximale"),
        HEURE.replace(";W\n", ";Wh\n"),
        JOUR.replace("Index", "Puissance maximale quotidienne"),
        JOUR.replace("Consommation", "Production"),
        JOUR.replace("Energie active", "Energie réactive"),
    ],
)
def test_other_quantities_are_refused_with_what_to_ask_for(tmp_path: Path, content: str) -> None:
    assert "courbe de charge" in refusal(tmp_path, content)


@pytest.mark.parametrize(
    "content",
    [
        R63 + R63.splitlines()[1].replace(PRM, OTHER_PRM) + "\n",
        HEURE + "2024-01-01T00:30:00+01:00;6\n" + (HEURE + "2024-01-01T00:30:00+01:00;6\n").replace(PRM, OTHER_PRM),
    ],
)
def test_several_meters_in_one_file_are_told_apart(tmp_path: Path, content: str) -> None:
    path = tmp_path / "two.csv"
    path.write_text(content.replace("Type de releve;EAS F1;EAS T", "Valeur").replace("Arrêté quotidien;5;5", "6"))
    assert [export.prm for export in read_exports(path)] == [PRM, OTHER_PRM]
    [export] = read_exports(path, Owner(OTHER_PRM))
    assert export.prm == OTHER_PRM
    assert "is of meter …0844, asked was for …9999" in " ".join(export.notes)


@pytest.mark.parametrize("content", [R63, JOUR.replace("5;5", "5;5\n2024-01-02T00:00:00+01:00;Arrêté quotidien;9;9")])
@pytest.mark.parametrize(
    ("prm", "said"),
    [
        ("2112170764084", "13 digits: a spreadsheet drops zeros"),
        ("211217076408441", "15 digits"),
        ("2.11217E+13", "rounded the PRM to 2.11217E+13"),
        ("", "does not say which meter"),
        ("²" * 14, "a PRM has 14 digits, here it is '²"),
    ],
)
def test_a_prm_has_14_digits(tmp_path: Path, content: str, prm: str, said: str) -> None:
    message = refusal(tmp_path, content.replace(PRM, prm))
    assert said in message
    assert "--prm 14DIGITS" in message


def test_the_name_of_a_file_may_hold_a_prm_but_no_message_repeats_it(tmp_path: Path) -> None:
    path = tmp_path / f"Enedis_Conso_Heure_20240101_{PRM}.csv"
    path.write_text(SECTION)
    with pytest.raises(FileRefused) as refused:
        read_exports(path)
    assert PRM not in str(refused.value)
    assert "_…0844.csv" in str(refused.value)
    path.write_text(R63)
    [export] = read_exports(path)
    assert PRM not in repr(export)
    with pytest.raises(UsageError) as missing:
        read_exports(path.with_name(f"{PRM}.csv"))
    assert PRM not in str(missing.value)


def test_paths_that_cannot_be_read_are_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_exports(tmp_path / "absent.csv")
    with pytest.raises(UsageError, match="cannot be read"):
        read_exports(Path("a\0b"))


def test_cut_off_archives_are_refused_at_every_length(tmp_path: Path) -> None:
    for name, content in (("a.csv.gz", gzip.compress(R63.encode())), ("a.zip", zipped({"a.csv": R63.encode()}))):
        for length in range(4, len(content), 7):
            assert "Use the file as it was downloaded" in refusal(tmp_path, content[:length], name)


def test_a_cut_off_workbook_is_refused(tmp_path: Path, shared_data: Path) -> None:
    content = next((shared_data / "linky" / "weekly_xlsx").glob("heure_*")).read_bytes()
    for length in range(1000, len(content), len(content) // 9):
        assert "cut off" in refusal(tmp_path, content[:length], "week.xlsx")
    damaged = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as workbook:
        sheet = workbook.getinfo("xl/worksheets/sheet2.xml")
    damaged[sheet.header_offset + 500] ^= 0xFF
    assert "damaged" in refusal(tmp_path, bytes(damaged), "week.xlsx")


def test_damaged_members_are_named(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.csv": R63.encode()}))
    content[content.index(b"a.csv") + 12] ^= 0xFF
    assert "export.zip/a.csv is cut off or damaged" in refusal(tmp_path, bytes(content), "export.zip")
    assert "export.zip/b.csv.gz" in refusal(
        tmp_path, zipped({"b.csv.gz": gzip.compress(R63.encode())[:-9]}), "export.zip"
    )


def test_a_zip_is_refused_for_none_of_its_members(tmp_path: Path) -> None:
    good = R63.encode()
    path = tmp_path / "export.zip"
    path.write_bytes(
        zipped({"a.csv": good, "b.csv": b"a;b\n", "c.csv": b"a;b\n", "d.csv.gz": gzip.compress(good)[:-9]})
    )
    [export] = read_exports(path)
    left_out, failed = export.notes
    assert left_out.startswith("left out: export.zip/b.csv, export.zip/c.csv: is of no form that is known")
    assert failed.startswith("FAILED export.zip/d.csv.gz: export.zip/d.csv.gz is cut off")
    assert "nothing in this ZIP" in refusal(tmp_path, zipped({"readme.txt": b"Bonjour"}), "export.zip")
    assert "nothing in this ZIP" in refusal(tmp_path, zipped({}), "export.zip")
    nested = good
    for _ in range(6):
        nested = gzip.compress(nested)
    assert "packed too often" in refusal(tmp_path, nested, "export.gz")


def test_encrypted_archives_are_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.csv": R63.encode()}))
    content[6] |= 1  # flag of the member, then of its entry in the list of files
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refusal(tmp_path, bytes(content), "export.zip")


def test_absurd_sizes_are_refused_before_they_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_BYTES", 1_000_000)
    assert "1 MB" in refusal(tmp_path, gzip.compress(b"\n" * 1_000_001), "bomb.csv.gz")
    assert "1 MB" in refusal(tmp_path, b"\n" * 1_000_001, "bomb.csv")


def book(cells: dict[str, Any]) -> bytes:
    target = openpyxl.Workbook()
    sheet = target.create_sheet("Courbe")
    for place, cell in cells.items():
        sheet[place] = cell
    packed = io.BytesIO()
    target.save(packed)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"B1": None, "C1": None}, "does not say which meter"),
        ({"C1": 2112170764084}, "13 digits"),
        ({"E2": "Puissance Maximum"}, "courbe de charge"),
        ({"E1": "Réactive"}, "courbe de charge"),
        ({"E4": "Valeur (en VA)"}, "courbe de charge"),
        ({"E4": "Valeur"}, "without a table"),
        ({"C5": None, "D5": None, "E5": None}, "no reading"),
    ],
)
def test_workbooks_of_something_else(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    cells: dict[str, Any] = {
        "B1": "Point Référence Mesure (PRM) : ",
        "C1": PRM,
        "D1": "Type de comptage :",
        "E1": "Consommation horaire",
        "D2": "Grandeur physique :",
        "E2": "Puissance Active",
        "C4": "Début",
        "D4": "Fin",
        "E4": "Valeur (en kW)",
        "C5": "01/01/2024 00:00:00",
        "D5": "01/01/2024 00:30:00",
        "E5": "0,5",
    }
    path = tmp_path / "good.xlsx"
    path.write_bytes(book(cells))
    [export] = read_exports(path)
    assert [point.value for point in export.points] == ["500"]
    assert said in refusal(tmp_path, book(cells | changed), "book.xlsx")
