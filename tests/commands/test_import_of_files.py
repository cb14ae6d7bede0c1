"""`import` of what people hold of a Linky meter, as they type it: folders, archives, what is not wanted and what is
damaged; what is said and the exit code."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.shell import Shell
from tests.sources.linky_writers import PRM, bare, daily_whole_kwh, downloader, heure, household, jour, r63_csv, weekly

pytestmark = pytest.mark.soak

DAY = date(2026, 1, 5)
HOUSE = household(DAY, 3, seed=4)
READINGS = len(HOUSE.readings)
NOTHING = b"Identifiant PRM;Type de donnees\n;\nHorodate;Valeur\n"
PMAX = (
    "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Unite\n"
    f"{PRM};Puissance maximale quotidienne;05/01/2026;06/01/2026;Puissance maximale atteinte;Consommation;W\n"
    "Horodate;Valeur\n2026-01-05T08:00:00+01:00;5000\n"
).encode()
EMPTY_CURVE = heure(HOUSE).decode().split("2026-01-05T")[0].encode()
NO_VALUE = b"\r\n".join(
    line.rpartition(b";")[0] + b";" if b"T" in line[:11] else line for line in heure(HOUSE).split(b"\r\n")
)


def zipped(path: Path, members: Mapping[str, bytes], damaged: str = "") -> Path:
    """A ZIP of members, stored as they are; of one of them a byte is changed behind its checksum."""
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    if damaged:
        content = bytearray(path.read_bytes())
        content[content.index(members[damaged]) + len(members[damaged]) // 2] ^= 0x01
        path.write_bytes(bytes(content))
    return path


def folder_of(path: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def masked(*texts: str) -> None:
    assert not any(PRM in text for text in texts)


def test_a_folder_is_taken_as_its_files_are(sync: Shell, tmp_path: Path, database: Database[Any]) -> None:
    files = {
        "weeks/heure.xlsx": weekly(HOUSE),
        f"deep/er/historique_conso_{PRM}_2026.csv": downloader(HOUSE),
        "days/jour.xlsx": daily_whole_kwh(HOUSE),
        "README.txt": b"not an export",
        "notes.csv": b"a;b\n1;2\n",
        "__MACOSX/heure.csv": b"\0\0",
    }
    code, out, err = sync("import", str(folder_of(tmp_path / "Téléchargements", files)))
    masked(out, err)
    assert code == 0, err
    assert f"{READINGS} readings new" in out
    assert f"{READINGS} repeated" in out
    assert "left out: Téléchargements/notes.csv: is of no form that is known here" in err
    assert "FAILED" not in out
    assert database.consumption.count_documents({"series.id": PRM}) == READINGS
    code, out, _ = sync("import", str(tmp_path / "Téléchargements"))
    assert code == 0
    assert f"0 readings new, 0 changed, {READINGS} unchanged" in out


def test_a_zip_with_an_unwanted_and_a_damaged_member_gives_its_good_one(
    sync: Shell, tmp_path: Path, database: Database[Any]
) -> None:
    other = heure(household(DAY, 4))
    members = {"good.csv": heure(HOUSE), "damaged.csv": other, "pmax.csv": PMAX, "lisez-moi.txt": b"Bonjour"}
    path = zipped(tmp_path / "exports.zip", members, damaged="damaged.csv")
    code, out, err = sync("import", str(path))
    masked(out, err)
    assert code == 3, err
    assert f"{READINGS} readings new" in out
    (failed,) = [line for line in out.splitlines() if line.startswith("FAILED")]
    assert failed.startswith("FAILED exports.zip/damaged.csv: ")
    assert "damaged" in failed
    assert "left out: exports.zip/pmax.csv: " in err
    assert "Puissance maximale" in err
    assert "download it again" not in (out + err).lower()
    assert database.consumption.count_documents({}) == READINGS
    code, out, _ = sync("import", str(path), "--json")
    assert code == 3
    assert [file["state"] for file in json.loads(out)["files"]] == ["done", "refused"]


FROM_WHICH_NOTHING_COMES = {
    "pmax.csv": (PMAX, "Puissance maximale"),
    "facts.csv": (NOTHING, "nothing to import"),
    "header.csv": (EMPTY_CURVE, "nothing to import"),
    "times.csv": (NO_VALUE, "not one value"),
    "empty.csv": (b"", "is empty"),
    "other.csv": (b"a;b\n1;2\n", "is of no form that is known here"),
    "other.json": (b"{}", "nothing to import"),
}


def nothing_comes(sync: Shell, database: Database[Any], path: Path, words: str, code: int = 1) -> None:
    ended, _, err = sync("import", str(path))
    assert ended == code, err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert words in err
    assert "consumption" not in database.list_collection_names()


@pytest.mark.parametrize("name", FROM_WHICH_NOTHING_COMES)
def test_a_file_from_which_nothing_comes_is_no_success(
    sync: Shell, tmp_path: Path, database: Database[Any], name: str
) -> None:
    content, words = FROM_WHICH_NOTHING_COMES[name]
    (tmp_path / name).write_bytes(content)
    nothing_comes(sync, database, tmp_path / name, words)


def test_nor_is_an_archive_or_a_folder_of_them(sync: Shell, tmp_path: Path, database: Database[Any]) -> None:
    contents = {name: content for name, (content, _) in FROM_WHICH_NOTHING_COMES.items()}
    nothing_comes(sync, database, zipped(tmp_path / "a.zip", contents), "nothing in this ZIP can be imported")
    nothing_comes(sync, database, folder_of(tmp_path / "folder", contents), "is empty; left out: folder/facts.csv: ")
    (tmp_path / "bare").mkdir()
    nothing_comes(sync, database, tmp_path / "bare", "is a folder without an export", code=2)


def test_readings_that_are_all_refused_are_no_success(sync: Shell, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(heure(HOUSE).replace(b":00:00+01:00", b":00:07+01:00").replace(b":30:00+01:00", b":30:07+01:00"))
    code, out, err = sync("import", str(path))
    assert code == 3
    assert f"none of its {READINGS} rows can be taken" in err
    assert f"{READINGS} refused" in out


def test_a_second_import_of_the_same_is_a_success(sync: Shell, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(heure(HOUSE))
    assert [sync("import", str(path))[0] for _ in range(2)] == [0, 0]


def test_the_meter_of_files_that_do_not_say_it(sync: Shell, tmp_path: Path, database: Database[Any]) -> None:
    path = tmp_path / "conso.csv"
    path.write_bytes(bare(HOUSE))
    code, _, err = sync("import", str(path), LINKY_PRM="", LINKY_TOKEN="")
    assert code == 1
    assert "does not say which meter it is about" in err
    assert "python -m sync import --prm 14DIGITS FILE" in err
    code, out, err = sync("import", "--prm", PRM, "--flow", "production", str(path), LINKY_PRM="", LINKY_TOKEN="")
    masked(out, err)
    assert code == 0, err
    assert database.consumption.distinct("series.flow") == ["production"]
    assert database.consumption.distinct("series.id") == [PRM]


def test_the_only_meter_of_the_settings_is_meant(sync: Shell, tmp_path: Path, database: Database[Any]) -> None:
    path = tmp_path / "conso.csv"
    path.write_bytes(bare(HOUSE))
    code, _, err = sync("import", str(path), LINKY_PRM=PRM, LINKY_TOKEN="")
    masked(err)
    assert code == 0, err
    assert "taken as consumption (else: --flow production)" in err
    assert database.consumption.distinct("series.id") == [PRM]


@pytest.mark.parametrize("prm", [f"{PRM}1", "2,11217E+13", "٢١١٢١٧٠٧٦٤٠٨٤٤"])
def test_a_meter_of_another_length_is_refused_before_anything_is_read(sync: Shell, tmp_path: Path, prm: str) -> None:
    code, _, err = sync("import", "--prm", prm, str(tmp_path / "not there.csv"))
    assert code == 2
    assert "--prm takes the 14 digits of a meter" in err
    assert prm not in err


def test_a_flow_that_there_is_not_and_a_source_without_meters(sync: Shell, tmp_path: Path) -> None:
    assert sync("import", "--flow", "both", "x.csv")[0] == 2
    code, _, err = sync("import", "--source", "elhub", "--prm", PRM, "x.csv")
    assert code == 2
    assert "--prm and --flow are for files of Linky meters" in err
    masked(err)


def test_totals_alone_are_told_and_differ_from_nothing(sync: Shell, tmp_path: Path) -> None:
    path = tmp_path / "jour.csv"
    path.write_bytes(jour(HOUSE))
    code, out, err = sync("import", str(path))
    assert code == 0, err
    assert "differ" not in out + err
    kwh = sum(HOUSE.days.values()) / 1000
    assert f"{kwh:,.1f} kWh (3 days)" in out + err


def test_a_finer_file_is_told_as_such(sync: Shell, tmp_path: Path) -> None:
    coarse, fine = tmp_path / "a.xlsx", tmp_path / "b.csv"
    coarse.write_bytes(weekly(HOUSE, digits=2))
    fine.write_bytes(r63_csv(HOUSE))
    sync("import", str(coarse))
    code, out, _ = sync("import", str(fine))
    assert code == 0
    assert f"{READINGS} better than before" in out
    code, out, _ = sync("import", str(coarse))
    assert code == 0
    assert f"{READINGS} unchanged" in out
    assert "better" not in out
