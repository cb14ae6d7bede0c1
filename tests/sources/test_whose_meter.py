"""Whose meter a file is about: its own word, its name, what a spreadsheet left of a PRM, the settings' only meter, and
what the user says; never a guess between two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sync.model.errors import FileRefused
from sync.sources.linky.exports.whose import is_left_of, named_in
from sync.sources.linky.files import open_files
from sync.sources.linky.points import MAX_POWER_W
from tests.sources.linky_writers import PRM, Household, bare, downloader, edf, heure, household, r63_csv

OTHER = "09176354821123"
HOUSE = household(date(2026, 1, 5), 1, seed=2)
ITS_OWN, OF_OTHER = HOUSE, Household(HOUSE.readings, HOUSE.flow, OTHER)
SUN = Household(HOUSE.readings, "production")
SAY = "Say whose it is: python -m sync import --prm 14DIGITS FILE"


def meters(*prms: str) -> Any:
    """Settings, of which only these count."""
    return SimpleNamespace(meters=[SimpleNamespace(prm=prm) for prm in prms], linky_max_power_w=MAX_POWER_W)


def with_prm(text: str) -> bytes:
    """A file whose PRM was made into something else."""
    return heure(HOUSE).replace(PRM.encode(), text.encode())


def found(folder: Path, files: dict[str, bytes], **given: Any) -> tuple[list[tuple[str, str]], Any]:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    files_ = open_files([folder / name for name in files], **given)
    return [(series.id, series.flow) for series in files_.totals], files_


@dataclass(frozen=True)
class Case:
    """A file and what is said beside it; of whom it is, or why that is not known."""

    content: bytes
    name: str = "a.csv"
    settings: Sequence[str] = ()
    prm: str = ""
    flow: str = ""
    prm_of: str = ""
    flow_of: str = "consumption"
    no: str = ""


NOT_SAID = "the file does not say which meter it is about"
BOTH = (PRM, OTHER)
CASES = {
    "it says": Case(heure(ITS_OWN), prm_of=PRM),
    "it says, the settings have another": Case(heure(ITS_OWN), settings=[OTHER], prm_of=PRM),
    "it says, and so does the user": Case(heure(ITS_OWN), prm=PRM, prm_of=PRM),
    "it says another than the user": Case(heure(ITS_OWN), prm=OTHER, no="is of meter …0844, asked was for …1123"),
    "it says nothing": Case(bare(HOUSE), no=NOT_SAID),
    "the user says": Case(bare(HOUSE), prm=PRM, prm_of=PRM),
    "the settings have one": Case(bare(HOUSE), settings=[PRM], prm_of=PRM),
    "the settings have one, twice": Case(bare(HOUSE), settings=[PRM, PRM], prm_of=PRM),
    "the settings have two": Case(bare(HOUSE), settings=BOTH, no=NOT_SAID),
    "the settings have two, the user says": Case(bare(HOUSE), settings=BOTH, prm=OTHER, prm_of=OTHER),
    "the settings have another than the user says": Case(bare(HOUSE), settings=[PRM], prm=OTHER, prm_of=OTHER),
    "its name says": Case(bare(HOUSE), f"conso_{PRM}.csv", settings=[OTHER], prm_of=PRM),
    "its name says in words": Case(
        downloader(SUN), f"historique_prod_{PRM}_2026.csv", prm_of=PRM, flow_of="production"
    ),
    "its name says another than the user": Case(bare(HOUSE), f"{OTHER}.csv", prm=PRM, no="is of meter …1123"),
    "its name has two": Case(bare(HOUSE), f"{PRM}_{OTHER}.csv", no=NOT_SAID),
    "its name has one twice": Case(bare(HOUSE), f"{PRM}_{PRM}.csv", prm_of=PRM),
    "its name has a moment": Case(bare(HOUSE), "conso_20260105133000.csv", no=NOT_SAID),
    "its name has a moment and a meter": Case(bare(HOUSE), f"{PRM}_20260105133000.csv", prm_of=PRM),
    "its name has 15 digits": Case(bare(HOUSE), f"{PRM}0.csv", no=NOT_SAID),
    "its name has the number of a contract": Case(
        edf(HOUSE), "mes-puissances-atteintes-30min-004000000000-75000.csv", settings=[PRM], prm_of=PRM
    ),
    "its own word counts more than its name": Case(heure(ITS_OWN), f"{OTHER}.csv", prm_of=PRM),
    "rounded": Case(with_prm("2,11217E+13"), no="a spreadsheet has rounded the PRM to 2,11217E+13"),
    "rounded, the user says": Case(with_prm("2,11217E+13"), prm=PRM, prm_of=PRM),
    "rounded, the settings have one": Case(with_prm("2,11217E+13"), settings=[PRM], prm_of=PRM),
    "rounded, one of two fits": Case(with_prm("2.11217E+13"), settings=BOTH, prm_of=PRM),
    "rounded, two fit": Case(with_prm("2E+13"), settings=[PRM, "21111111111111"], no="rounded the PRM to 2E+13"),
    "rounded, another is said": Case(with_prm("2,11217E+13"), prm=OTHER, no="that is not what is left of …1123"),
    "rounded, the settings have another": Case(with_prm("2,11217E+13"), settings=[OTHER], no="rounded the PRM"),
    "a zero is lost": Case(with_prm(OTHER.lstrip("0")), no="13 digits: a spreadsheet drops zeros at its beginning"),
    "a zero is lost, the user says": Case(with_prm(OTHER.lstrip("0")), prm=OTHER, prm_of=OTHER),
    "a zero is lost, another is said": Case(with_prm(OTHER.lstrip("0")), prm=PRM, no="that is not what is left"),
    "a digit too many": Case(with_prm(f"{PRM}1"), prm=PRM, no="here it is 15 digits"),
    "a word": Case(with_prm("Ma maison"), prm=PRM, no="a PRM has 14 digits, here it is 'Mamaison'"),
    "a formula, as spreadsheets keep digits": Case(with_prm(f'="{PRM}"'), prm_of=PRM),
    "an apostrophe before it": Case(with_prm(f"'{PRM}"), prm_of=PRM),
    "the flow is not said": Case(bare(HOUSE), "x.csv", prm=PRM, prm_of=PRM),
    "the user says the flow": Case(bare(HOUSE), "x.csv", prm=PRM, flow="production", prm_of=PRM, flow_of="production"),
    "the name says the flow": Case(bare(HOUSE), "Enedis_Prod_x.csv", prm=PRM, prm_of=PRM, flow_of="production"),
    "another flow than the user says": Case(
        heure(HOUSE), flow="production", no="holds consumption, asked was for prod"
    ),
    "another flow than the name has": Case(heure(HOUSE), "production.csv", prm_of=PRM),
}


@pytest.mark.parametrize("name", CASES)
def test_whose_it_is(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    given = {"settings": meters(*case.settings), "prm": case.prm, "flow": case.flow}
    if case.no:
        with pytest.raises(FileRefused) as refused:
            found(tmp_path, {case.name: case.content}, **given)
        message = str(refused.value)
        assert case.no in message
        assert PRM not in message
        assert OTHER not in message
        assert message.endswith(SAY) or "asked was for" in message
        return
    whose, files = found(tmp_path, {case.name: case.content}, **given)
    assert whose == [(case.prm_of, case.flow_of)]
    (part,) = files.parts()
    assert sum(map(len, part.batches)) == 48
    is_guess = case.content == bare(HOUSE) and case.flow_of == "consumption"
    assert bool(files.notes) == is_guess
    assert all("taken as consumption (else: --flow production)" in note for note in files.notes)


# --- one unwanted file, meter or flow refuses nothing else ------------------------------------------------------------


def test_what_the_user_did_not_ask_for_is_left_out_beside_others(tmp_path: Path) -> None:
    own, other, sun = r63_csv(ITS_OWN), r63_csv(OF_OTHER), r63_csv(SUN)
    (tmp_path / "many").mkdir()
    for name, content in {"own": own, "other": other, "sun": sun}.items():
        (tmp_path / "many" / f"{name}.csv").write_bytes(content)
    files = open_files([tmp_path / "many"], prm=PRM, flow="consumption")
    assert [(series.id, series.flow) for series in files.totals] == [(PRM, "consumption")]
    assert files.failed == []
    assert sorted(files.notes) == [
        "left out: many/other.csv: is of meter …1123, asked was for …0844.",
        "left out: many/sun.csv: holds production, asked was for consumption.",
    ]


def test_of_one_file_of_several_meters_the_one_that_was_asked_for_is_taken(tmp_path: Path) -> None:
    both = r63_csv(ITS_OWN) + b"".join(r63_csv(OF_OTHER).splitlines(keepends=True)[1:])
    whose, _ = found(tmp_path, {"a.csv": both})
    assert sorted(whose) == [(OTHER, "consumption"), (PRM, "consumption")]
    whose, files = found(tmp_path, {"a.csv": both}, prm=OTHER)
    assert whose == [(OTHER, "consumption")]
    assert len(files.notes) == 1
    assert "is of meter …0844, asked was for …1123" in files.notes[0]


def test_a_file_whose_meter_nothing_tells_fails_beside_others(tmp_path: Path) -> None:
    whose, files = found(tmp_path, {"a.csv": heure(ITS_OWN), "b.csv": bare(HOUSE)})
    assert whose == [(PRM, "consumption")]
    ((name, reason),) = files.failed
    assert name == "b.csv"
    assert NOT_SAID in reason


# --- digits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "prm", "fits"),
    [
        ("9176354821123", OTHER, True),
        ("917635482112", "00917635482112", True),
        ("9176354821124", OTHER, False),
        ("9176354821123.0", OTHER, True),
        ("9176354821123,0", OTHER, True),
        ("2,11217E+13", PRM, True),
        ("2.11217076408E+13", PRM, True),
        ("2.1121707640844E+13", PRM, True),
        ("2,11218E+13", PRM, False),
        ("2,11217E+12", PRM, False),
        ("9,17635E+12", OTHER, True),
        ("9,17636E+12", OTHER, False),
        ("2E+13", PRM, True),
        ("3E+13", PRM, False),
        ("", PRM, False),
        ("²11217E+13", PRM, False),
        ("-9176354821123", OTHER, False),
    ],
)
def test_what_is_left_of_a_meter(text: str, prm: str, fits: bool) -> None:
    assert is_left_of(text, prm) == fits


@pytest.mark.parametrize(
    ("name", "prm"),
    [
        (f"historique_conso_{PRM}_2025-01-02.csv", PRM),
        (f"historique_conso_{PRM}_2025-01-02 (1).csv", PRM),
        ("conso_20250102123456.csv", ""),
        ("conso_20251302123456.csv", "20251302123456"),  # no such month: digits of a meter
        (f"{PRM}-{OTHER}.csv", ""),
        ("x.csv", ""),
    ],
)
def test_the_meter_in_a_name(name: str, prm: str) -> None:
    assert named_in(name) == prm
