"""Exports of open data behind answers and other exports: the newer value stays, and what one lacks takes nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.load.files import FileReport, import_files
from sync.load.report import Loader
from sync.model.clock import SystemClock
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources import SOURCES
from sync.store.ledger import Ledger
from sync.store.schema import ensure_pair, pair
from sync.store.verify import verify_pair
from sync.store.writer import PairWriter
from tests.loads import Notes

Price = tuple[float | None, float | None]
"""EUR and DKK of one quarter."""


def imported(database: Database[Any], source: str, paths: Sequence[Path]) -> list[FileReport]:
    own, clock = pair(database, source, DEFAULT_COLLECTIONS), SystemClock()
    loader = Loader(own, Ledger(database), PairWriter(own, clock), clock)
    reports = import_files(SOURCES[source].open_files(paths, None), loader, Notes())
    assert all(each.counts.readings == each.new + each.finer + each.before for each in reports)
    assert verify_pair(own).identical
    return reports


def export(path: Path, *prices: Price, year: int = 2026) -> Path:
    """An export of the site, downloaded in a year: the first quarters of a day of DK1."""
    lines = ["TimeUTC;TimeDK;PriceArea;DayAheadPriceEUR;DayAheadPriceDKK"]
    for quarter, numbers in enumerate(prices):
        cells = ["" if number is None else f"{number}".replace(".", ",") for number in numbers]
        lines.append(f"2026-03-10 00:{15 * quarter:02d};2026-03-10 01:{15 * quarter:02d};DK1;{';'.join(cells)}")
    path.write_text("\n".join(lines) + "\n")
    at = (year - 1970) * 365.25 * 86_400
    os.utime(path, (at, at))
    return path


def prices(database: Database[Any]) -> list[Price]:
    return [(each["eur_mwh"], each.get("dkk_mwh")) for each in database.energidata.find(sort=[("ts", 1)])]


BOTH: list[Price] = [(1.5, 11.25), (2.5, 18.75)]
LATER = {
    "the same": (BOTH, BOTH, "2 stored before"),
    "lacks DKK": ([(1.5, None), (2.5, 18.75)], BOTH, "2 stored before"),
    "lacks a quarter": ([(1.5, 11.25)], BOTH, "1 stored before"),
    "lacks a price": ([(None, None), (2.5, 18.75)], BOTH, "1 stored before + 1 without a value"),
    "has other prices": ([(9.5, 11.25), (2.5, 19.5)], BOTH, "2 contradicting"),
    "has other prices and lacks DKK": ([(9.5, None), (2.5, None)], BOTH, "1 stored before + 1 contradicting"),
}


@pytest.mark.parametrize("name", LATER)
def test_an_export_behind_what_is_stored(database: Database[Any], tmp_path: Path, name: str) -> None:
    """In which order they were published nobody can tell: the stored value stays and the difference is told."""
    later, stored, said = LATER[name]
    imported(database, "energidata", [export(tmp_path / "one.csv", *BOTH)])
    (report,) = imported(database, "energidata", [export(tmp_path / "two.csv", *later)])
    assert prices(database) == stored
    assert str(report) == f"two.csv: {len(later)} row{'s' if len(later) > 1 else ''} = {said}"
    assert len(report.lines) == report.counts.conflicting
    assert all("DK1 has another value for this time already" in line for line in report.lines)


def test_an_export_that_says_more(database: Database[Any], tmp_path: Path) -> None:
    """DKK was missing at weekends: it comes with a later export, in whatever order the two are taken."""
    older: list[Price] = [(1.5, None), (2.5, None)]
    imported(database, "energidata", [export(tmp_path / "one.csv", *older)])
    (report,) = imported(database, "energidata", [export(tmp_path / "two.csv", *BOTH)])
    assert (report.finer, report.counts.conflicting, prices(database)) == (2, 0, BOTH)


@pytest.mark.parametrize("is_turned", [False, True])
def test_the_newer_of_two_exports_is_taken_first(database: Database[Any], tmp_path: Path, is_turned: bool) -> None:
    newer = export(tmp_path / "b.csv", *BOTH, year=2026)
    older = export(tmp_path / "a.csv", (9.5, 9.5), (2.5, None), (3.5, 26.0), year=2025)
    reports = imported(database, "energidata", [newer, older] if is_turned else [older, newer])
    assert prices(database) == [*BOTH, (3.5, 26.0)]
    assert [(report.name, report.new, report.counts.conflicting) for report in reports] == [
        ("b.csv", 2, 0),
        ("a.csv", 1, 1),
    ]


# --- Elhub says when a value was made ---------------------------------------------------------------------------------


def bulk(path: Path, kwh: float, updated: str) -> Path:
    """One hour of hydro power as the bulk file has it."""
    header = "START_TIME,END_TIME,PRICE_AREA,EIC,PRODUCTION_GROUP,QUANTITY_KWH,LAST_UPDATE_TIME"
    hour = "2022-10-22T00:00:00.000+02:00,2022-10-22T01:00:00.000+02:00,NO1,10YNO-1--------2,hydro"
    path.write_text(f"{header}\n{hour},{kwh},{updated}T00:00:00.000+01:00\n")
    return path


@pytest.mark.parametrize(
    ("updated", "wh", "counted"),
    [
        ("2024-12-19", 7_000, (0, 1, 0)),  # older: nothing is said against what is stored
        ("2024-12-20", 7_000, (0, 0, 1)),
        ("2024-12-21", 8_000, (1, 0, 0)),
    ],
)
def test_a_bulk_file_behind_another(
    database: Database[Any], tmp_path: Path, updated: str, wh: int, counted: tuple[int, int, int]
) -> None:
    ensure_pair(pair(database, "elhub", DEFAULT_COLLECTIONS))
    imported(database, "elhub", [bulk(tmp_path / "one.csv", 7.0, "2024-12-20")])
    (report,) = imported(database, "elhub", [bulk(tmp_path / "two.csv", 8.0, updated)])
    assert (report.finer, report.before, report.counts.conflicting) == counted
    assert [each["wh"] for each in database.elhub.find()] == [wh]
