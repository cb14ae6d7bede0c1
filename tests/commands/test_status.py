"""What `status` and its neighbours say: one screen, what is generated, advice for who has a meter, plurals, days."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymongo.database import Database

from sync.model.readings import Series, energy_batch
from sync.model.words import counted
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.schema import ensure_pair, pair
from sync.store.writer import PairWriter
from tests.load.test_coverage import without
from tests.london import HEADER, row
from tests.many import HALF, START, household
from tests.shell import PRM, Shell, export_file

pytestmark = pytest.mark.soak

SCREEN = 24  # lines
NO_METER = {"LINKY_TOKEN": "", "LINKY_PRM": ""}
GENERATED = "99999999999982"


def load_london(database: Database[Any], households: int) -> None:
    """Each with one gap more than the one before."""
    own = pair(database, "lcl", DEFAULT_COLLECTIONS)
    ensure_pair(own)
    PairWriter(own).write_many([without(household(n, 200), range(50, 50 + 2 * n, 2)) for n in range(households)])


def load_meter(database: Database[Any], prm: str, gone: Sequence[int] = ()) -> None:
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    ensure_pair(own)
    start = START + 1000 * HALF * np.arange(400, dtype=np.int64)
    batch = energy_batch(Series("linky", prm, "consumption"), start, np.full(400, 250), np.full(400, HALF))
    PairWriter(own).write(without(batch, gone))


# --- status -----------------------------------------------------------------------------------------------------------


def test_many_series_are_one_screen_and_each_on_demand(sync: Shell, database: Database[Any]) -> None:
    load_london(database, 12)
    code, out, _ = sync("status", "--source", "lcl")
    assert code == 0
    assert out.count("\n") < SCREEN
    assert f"12 series, {12 * 200 - 66:,} readings" in out
    assert "33 h are missing in 11 of them" in out
    assert "most of it in lcl MAC000011 consumption: 94.50 % covered" in out
    assert "11 gaps, the longest: 2012-01-02 01:00 … 2012-01-02 01:30 UTC (0.5 h)" in out
    _, whole, _ = sync("status", "--source", "lcl", "--all")
    assert whole.count("    gap: ") == 66
    assert all(f"lcl MAC{number:06d} consumption: {200 - number} readings" in whole for number in range(12))
    (source,) = sync.json("status", "--source", "lcl")["sources"]
    assert [len(each["gaps"]) for each in source["series"]] == list(range(12))


def test_of_one_series_the_gaps_are_counted_and_the_longest_is_shown(sync: Shell, database: Database[Any]) -> None:
    load_meter(database, PRM, [*range(10, 300, 2), 301, 302])
    _, out, _ = sync("status")
    assert out.count("\n") < SCREEN
    assert "linky …1234 consumption: 253 readings, 63 kWh" in out
    assert "146 gaps, the longest: 2012-01-07 06:30 … 2012-01-07 07:30 UTC (1 h)" in out
    assert "    gap: " not in out
    _, whole, _ = sync("status", "--all")
    assert whole.count("    gap: ") == 146
    assert "99.99" not in out


def test_what_is_not_whole_never_reads_as_whole(sync: Shell, database: Database[Any]) -> None:
    own = pair(database, "lcl", DEFAULT_COLLECTIONS)
    ensure_pair(own)
    PairWriter(own).write(without(household(1, 30_000), [15_000]))
    _, out, _ = sync("status", "--source", "lcl")
    assert "99.99 % of the time covered\n    1 gap: " in out


@pytest.mark.parametrize(("prm", "is_generated"), [(GENERATED, True), (PRM, False)])
def test_what_is_generated_is_said(sync: Shell, database: Database[Any], prm: str, is_generated: bool) -> None:
    load_meter(database, prm)
    _, out, _ = sync("status")
    assert out.count("GENERATED") == 2 * is_generated
    (source,) = sync.json("status")["sources"]
    assert [each.get("generated", False) for each in source["series"]] == [is_generated]


# --- advice -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["status", "verify", "compare"])
@pytest.mark.parametrize(
    ("environ", "told"),
    [
        (NO_METER, "backfill, or python -m sync import FILE…; without a meter: make run"),
        ({"LINKY_TOKEN": ""}, "backfill, or python -m sync import FILE…\n"),
        ({}, "backfill, or python -m sync import FILE…\n"),
    ],
    ids=["no meter", "a PRM", "a token"],
)
def test_who_has_a_meter_is_not_sent_to_an_invented_one(
    sync: Shell, command: str, environ: dict[str, str], told: str
) -> None:
    code, out, _ = sync(command, **environ)
    assert code == 0
    assert f"nothing is stored yet: run python -m sync {told}" in out


def test_no_household_is_generated_beside_a_real_one(sync: Shell, database: Database[Any]) -> None:
    load_meter(database, PRM)
    code, out, _ = sync("run", **NO_METER)
    assert code == 0
    assert "readings of linky …1234 consumption are stored: no household is generated beside them" in out
    assert "GENERATED" not in out
    assert database.consumption.distinct("series.id") == [PRM]


def test_the_daily_job_without_a_token_speaks_to_the_person_with_cron(sync: Shell, database: Database[Any]) -> None:
    code, out, err = sync("trigger", "run", "linkyDaily", **NO_METER)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "LINKY_TOKEN is not set: get one at https://conso.boris.sh and put it into .env" in err
    assert "Atlas" not in err
    assert "secret" not in err
    assert "Value" not in err


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (-1, "-1 files"), (12_345, "12,345 files")]
)
def test_a_number_and_its_noun(number: int, text: str) -> None:
    assert counted(number, "file") == text


ONE_OF_MANY = re.compile(
    r"(?<![\d,.])1 (files|calls|readings|documents|windows|rows|days|gaps|buckets|collections|steps)\b"
)


def test_one_is_no_plural(sync: Shell) -> None:
    export = export_file(sync.folder, days=1)
    said = []
    for words in (("import", str(export)), ("import", str(export)), ("verify",), ("status",), ("compare",)):
        code, out, err = sync(*words)
        assert code == 0, err
        said.append(out + err)
    assert "1 file, 0 calls" in said[0]
    assert not [found[0] for text in said for found in ONE_OF_MANY.finditer(text)]


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2026-02-30", "there is no day 2026-02-30: day is out of range for month"),
        ("2025-02-29", "there is no day 2025-02-29"),
        ("2026-13-01", "there is no day 2026-13-01: month must be in 1..12"),
        ("2026-04-31", "there is no day 2026-04-31"),
        ("0000-01-01", "there is no day 0000-01-01"),
        ("30/02/2026", "'30/02/2026' is no day: write it as YYYY-MM-DD"),
        ("2026-2-3", "'2026-2-3' is no day: write it as YYYY-MM-DD"),
        ("yesterday", "'yesterday' is no day"),
    ],
)
@pytest.mark.parametrize("words", [("backfill", "--since"), ("forget", "--series", "1234", "--yes", "--before")])
def test_days_that_do_not_exist(sync: Shell, words: tuple[str, ...], day: str, told: str) -> None:
    code, out, err = sync(*words, day)
    assert (code, out) == (2, "")
    assert told in err


# --- files of another source ------------------------------------------------------------------------------------------

ELHUB = (
    "START_TIME,END_TIME,PRICE_AREA,PRODUCTION_GROUP,VOLUME_KWH,LAST_UPDATE_TIME\n"
    "2024-01-01T00:00:00+01:00,2024-01-01T01:00:00+01:00,NO1,Hydro,12.5,2024-01-02T00:00:00+01:00\n"
)
PRICES = "HourUTC;HourDK;PriceArea;SpotPriceDKK;SpotPriceEUR\n2024-01-01 00:00;2024-01-01 01:00;DK1;200,5;26,9\n"


def written(name: str, content: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / name
        path.write_text(content, encoding="utf-8", newline="")
        return path

    return write


def zipped(folder: Path) -> Path:
    path = folder / "london.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("LCL_0.csv", HEADER + "".join(f"{row(slot, 100)}\r\n" for slot in range(4)))
    return path


FILES: dict[str, Callable[[Path], Path]] = {
    "elhub": written("bulk.csv", ELHUB),
    "energidata": written("prices.csv", PRICES),
    "lcl": zipped,
    "linky": lambda folder: export_file(folder, days=1),
}


@pytest.mark.parametrize("source", FILES)
@pytest.mark.parametrize("asked", FILES)
def test_a_file_of_another_source_names_it(
    sync: Shell, database: Database[Any], tmp_path: Path, source: str, asked: str
) -> None:
    path = FILES[source](tmp_path)
    code, _, err = sync("import", *(() if asked == "linky" else ("--source", asked)), str(path))
    if asked == source:
        assert code == 0, err
        return
    assert code == 2
    assert f"{path.name} is a file of {source}, not of {asked}: python -m sync import --source {source} FILE…" in err
    assert database[DEFAULT_COLLECTIONS[asked][0]].find_one() is None
