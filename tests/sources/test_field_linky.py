"""What people really hold: every file of the field's folder gives its right value, or one clear no with a way out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.model.errors import FileRefused
from sync.sources.linky.files import open_files
from tests.imports import import_linky

PRM = "21121707640844"
"""Of the files that say none."""
HALF, QUARTER, TENTH, HOUR = 1800, 900, 600, 3600
SAY = "Say whose it is: python -m sync import --prm 14DIGITS FILE"


@dataclass(frozen=True)
class Right:
    """What a file gives: of each series in it readings and Wh. steps: seconds → readings, half-hours unless said;
    totals: of each series days and Wh; refused, noted: a part of each refused line, of each note; marks: flag →
    readings."""

    readings: Sequence[int] = (0,)
    wh: Sequence[int] = (0,)
    flow: str = "consumption"
    steps: dict[int, int] | None = None
    missing: int = 0
    repeated: int = 0
    totals: Sequence[tuple[int, int]] = ((0, 0),)
    refused: Sequence[str] = ()
    noted: Sequence[str] = ()
    marks: dict[str, int] = field(default_factory=dict)


COUNTS_WHAT = "does not say what it counts: taken as consumption"

RIGHT: dict[str, Right] = {
    "L01_courbe_2025-12-01_2025-12-07.xlsx": Right([336], [183_155], marks={"res:5": 336}),
    "L01_energie_jour_2024-07-26_2025-12-11.xlsx": Right(totals=[(504, 7_509_000)]),
    "L02_spring_2025-03-30.xlsx": Right([46], [56_368], missing=2),
    "L02c_spring_true_2025-03-30.xlsx": Right([46], [56_368]),
    "L03_fall_2025-10-26.xlsx": Right([50], [68_391]),
    "L04_Enedis_Conso_Heure_pas15.csv": Right([17], [1_271], steps={HALF: 9, QUARTER: 8}),
    "L07_historique_conso_11111111111111_2025-01-02.csv": Right([96], [46_977]),
    "L09_historique_prod_11111111111111_2026-06-02.csv": Right([48], [14_595], "production", marks={"res:5": 48}),
    "L14_ENEDIS_R63_P_CdC_M0000000_00001_20260103.json": Right([48], [5_928]),
    "L17_ENEDIS_R63_deux_prm.csv": Right([48, 48], [8_328, 8_328], totals=[(0, 0), (0, 0)]),
    "L18_ENEDIS_R64.csv": Right(totals=[(3, 27_000)]),
    "L19_SGE_courbe.csv": Right([48], [7_464], marks={"res:2": 24}),
    "L22_C5_CDC_missing.csv": Right([18], [19_661], steps={HOUR: 14, HALF: 4}, missing=1),
    "L23_courbe_10min.csv": Right([13], [794], steps={TENTH: 13}, missing=3),
    "L24_Enedis_Conso_Jour_nouveau_compteur.csv": Right(totals=[(4, 41_000)], refused=["line 7: the index goes back"]),
    "L25_Enedis_Prod_Jour.csv": Right(flow="production", totals=[(3, 33_000)]),
    "L28_courbe_de_charge_consommation.json": Right([48], [5_928]),
    "L29_injection_quotidienne.csv": Right(flow="production", totals=[(2, 22_371)]),
    "L31_heure_Z_guillemets.csv": Right([48], [8_328]),
    "L33_mes_mesures.csv": Right([4], [1_600], noted=[COUNTS_WHAT]),
    "L34_Enedis_Conso_Jour_8.csv": Right(totals=[(3, 30_000)]),
    "L38_Enedis_Conso_Heure(1).csv": Right([48], [8_328]),
    "L45_myelectricaldata_cache.db": Right([48], [8_328]),
    "L46_Enedis_Prod_Heure.csv": Right([48], [14_440], "production"),
    "L47_Export_courbe_de_charge_Production.xlsx": Right([48], [58_423], "production"),
}

OF_A_GIVEN_METER: dict[str, tuple[str, str, Right]] = {
    # name → why not without a meter, the meter to say, what it gives then
    "L05_Enedis_Conso_Heure_prm_excel.csv": (
        "a spreadsheet has rounded the PRM to 2,31282E+13",
        "23128207640844",
        Right([47], [5_472]),
    ),
    "L06_conso_sans_entete.csv": ("does not say which meter", PRM, Right([96], [25_521], noted=[COUNTS_WHAT])),
    "L12_mes-puissances-atteintes-30min-004000000000-75000.csv": (
        "does not say which meter",
        PRM,
        Right([50], [11_449 + 486], repeated=1, refused=["line 31: not on a five-minute mark"]),
    ),
    "L27_SER.csv": (
        "does not say which meter",
        PRM,
        Right([48], [7_464], noted=[COUNTS_WHAT], marks={"res:2": 24}),
    ),
    "L30_xlsx_en_csv.csv": ("does not say which meter", PRM, Right([48], [20_366], noted=[COUNTS_WHAT])),
    "L37_energie_prm_nombre.xlsx": (
        "13 digits: a spreadsheet drops zeros at its beginning",
        "09000000000000",
        Right(totals=[(3, 39_955)]),
    ),
    "L41_totalenergies.csv": ("does not say which meter", PRM, Right([48], [10_320])),
}

NO: dict[str, str] = {
    "L20_Enedis_Conso_Pmax.csv": "nothing to import (line 1: Puissance maximale quotidienne, Puissance maximale",
    "L21_C5_IDX_no_calendar.csv": "nothing to import (line 1: holds Index, Energie active, Consommation, Wh, and no "
    "index in it; line 6: Puissance maximale quotidienne",
    "L26_suivi_conso_octopus.csv": "of no form that is known here",
    "L32_heure_Wh.csv": "holds Courbe de charge, Energie active, Consommation, Wh, not the active energy or power",
}


def checked(paths: Sequence[Path], right: Right, prm: str = "") -> None:
    files = open_files(paths, prm=prm)
    parts = list(files.parts())
    batches = [[batch for batch in part.batches if len(batch)] for part in parts]
    assert [sum(map(len, own)) for own in batches] == list(right.readings)
    assert [sum(int(batch.wh.sum()) for batch in own) for own in batches] == list(right.wh)
    assert Counter(s for own in batches for batch in own for s in batch.seconds.tolist()) == (
        right.steps or Counter({HALF: sum(right.readings)} if sum(right.readings) else {})
    )
    assert {series.flow for series in files.totals} == {right.flow}
    assert [(len(totals), sum(totals.values())) for totals in files.totals.values()] == list(right.totals)
    assert sum(part.counts.missing for part in parts) == right.missing
    assert sum(part.counts.repeated for part in parts) == right.repeated
    assert Counter(flag for own in batches for batch in own for flag in batch.flags.values()) == right.marks
    fits([line for part in parts for line in part.rejects] + list(files.rejects), right.refused)
    fits(files.notes, right.noted)
    assert files.failed == []


def fits(lines: Sequence[str], wanted: Sequence[str]) -> None:
    assert len(lines) == len(wanted), lines
    assert all(words in line for line, words in zip(lines, wanted, strict=True)), lines


def refusal(path: Path, **given: Any) -> str:
    with pytest.raises(FileRefused) as refused:
        open_files([path], **given)
    message = str(refused.value)
    assert "download it again" not in message.lower()  # Enedis has no CSV export any more
    return message


@pytest.fixture
def folder(shared_data: Path) -> Path:
    path = shared_data / "field/linky"
    next(path.iterdir())  # without the real data this is not there
    return path


@pytest.mark.parametrize("name", RIGHT)
def test_a_file_gives_its_right_value(folder: Path, name: str) -> None:
    checked([folder / name], RIGHT[name])


@pytest.mark.parametrize("name", OF_A_GIVEN_METER)
def test_a_file_without_its_meter_needs_one_and_gives_its_right_value_then(folder: Path, name: str) -> None:
    why, prm, right = OF_A_GIVEN_METER[name]
    message = refusal(folder / name)
    assert why in message
    assert message.endswith(SAY)
    checked([folder / name], right, prm)


@pytest.mark.parametrize("name", ["L05_Enedis_Conso_Heure_prm_excel.csv", "L37_energie_prm_nombre.xlsx"])
def test_a_ruined_meter_takes_no_other_one(folder: Path, name: str) -> None:
    assert "that is not what is left of …0844" in refusal(folder / name, prm=PRM)


@pytest.mark.parametrize("name", NO)
def test_what_is_not_for_us_is_refused_in_a_line_with_the_nearest_way(folder: Path, name: str) -> None:
    for given in ({}, {"prm": PRM}):
        message = refusal(folder / name, **given)
        assert NO[name] in message
        assert "python -m sync backfill" in message
        assert "\n" not in message


def test_every_file_of_the_folder_is_entered(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {*RIGHT, *OF_A_GIVEN_METER, *NO}


def test_the_same_export_twice_is_repeated(folder: Path) -> None:
    both = [folder / "L31_heure_Z_guillemets.csv", folder / "L38_Enedis_Conso_Heure(1).csv"]
    checked(both, Right([48], [8_328], repeated=48))
    checked(both[::-1], Right([48], [8_328], repeated=48))


def test_whole_kwh_cut_off_call_no_day_different(folder: Path, database: Database[Any]) -> None:
    both = [folder / name for name in RIGHT if name.startswith("L01_")]
    outcome, _ = import_linky(database, both)
    assert outcome.written.new == 336
    assert outcome.identical
    assert outcome.differences == []
    assert len(outcome.alone) > 0  # of the other 497 days only the totals are known
    assert sum(found["wh"] for found in database.consumption.find()) == 183_155


def test_the_folder_as_a_whole_gives_what_its_files_give(folder: Path) -> None:
    """But for those whose meter nothing tells, which refuse nothing else."""
    files = open_files([folder])
    got = {
        (series.id[:4], series.flow): sum(len(batch) for batch in part.batches)
        for series, part in zip(files.totals, files.parts(), strict=True)
    }
    assert got.keys() == {("1111", "consumption"), ("1111", "production"), ("2222", "consumption")}
    assert {name.rpartition("/")[2][:3] for name, _ in files.failed} == {name[:3] for name in OF_A_GIVEN_METER}
    assert any("Pmax" in note for note in files.notes)
