"""The reported cases of open data, read from where they lie: each gives its right value, on a second run, too."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pymongo.database import Database

from tests.london import london_pair
from tests.london_command import London
from tests.many import assert_same_sides


class Case(NamedTuple):
    """A file and what must be stored of it. left: members that are named and left out."""

    file: str
    readings: int = 0
    households: int = 0
    stretches: int = 0
    left: tuple[str, ...] = ()
    given: Callable[[Path, Path], Path] = lambda file, _: file


def unpacked(file: Path, folder: Path) -> Path:
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder / "archive")
    return folder / "archive"


LEFT = ("acorn_details.csv", "uk_bank_holidays.csv", "weather_hourly_darksky.csv", "holds daily sums, no half-hours")
CASES = {
    "Kaggle's archive": Case("lcl_kaggle_archive.zip", 105_107, 5_566, left=LEFT),
    "its folder": Case("lcl_kaggle_archive.zip", 105_107, 5_566, left=LEFT, given=unpacked),
    "the publisher's sample": Case("lcl_UKPN_sample_form.csv", 2_000),
    "tariffs saved again": Case("lcl_Tariffs_resaved.xlsx", stretches=272),
}


@pytest.mark.parametrize("name", CASES)
def test_a_reported_case(database: Database[Any], mongo_uri: str, shared_data: Path, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    path = case.given(shared_data / "field" / "open" / case.file, tmp_path)
    london = London(mongo_uri, database.name, tmp_path)
    for new in (case.readings, 0):
        code, out, err = london([path])
        assert code == 0, err
        assert f"{new:,} readings new, 0 changed" in out
        assert "0 refused" in out
        assert sum(words in err for words in case.left) == len(case.left) == err.count("not read, ")
        assert database.lcl.count_documents({}) == case.readings
        assert database.lcl_households.count_documents({}) == case.households
        assert database.lcl_tariff_bands.count_documents({}) == case.stretches
    assert_same_sides(london_pair(database))
