"""Weekly workbooks of the site, one behind the other: not a half-hour between two of them, nor of a change night, is
lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from sync.sources.linky.files import open_files
from tests.sources.linky_writers import NIGHTS, Household, Style, clock, household, weekly

FIRST = date(2025, 1, 6)
"""A Monday; 52 weeks from here have both change nights and 364 days of 48 half-hours on average."""
CHANGE_WEEKS = [11, 12, 41, 42]
"""The two that end with a change night, and those behind them, by their number from 0."""


def weeks(house: Household) -> Iterator[Household]:
    for first in range(0, 364, 7):
        days = {FIRST + timedelta(days=first + day) for day in range(7)}
        yield replace(house, readings=tuple(r for r in house.readings if clock(r.start).date() in days))


def written(folder: Path, own: list[Household], nights: str) -> Path:
    """A folder of them, their names in no order."""
    for number, week in enumerate(own):
        (folder / f"{number * 7 % len(own):02} heure ({number}).xlsx").write_bytes(weekly(week, Style(nights=nights)))
    return folder


def rows_of(folder: Path) -> list[tuple[int, int, int]]:
    files = open_files([folder])
    (part,) = files.parts()
    assert (list(part.rejects), part.counts.repeated, list(files.failed)) == ([], 0, [])
    (batch,) = part.batches
    assert batch.flags == {}
    return list(zip((batch.start // 1000).tolist(), batch.seconds.tolist(), batch.wh.tolist(), strict=True))


@pytest.mark.parametrize("nights", NIGHTS)
def test_the_weeks_of_the_change_nights_lack_no_half_hour(tmp_path: Path, nights: str) -> None:
    every = list(weeks(household(FIRST, 364)))
    own = [every[number] for number in CHANGE_WEEKS]
    assert [len(week.readings) for week in own] == [334, 336, 338, 336]
    assert rows_of(written(tmp_path, own, nights)) == [tuple(r) for week in own for r in week.readings]


@pytest.mark.soak
@pytest.mark.parametrize("nights", NIGHTS)
def test_a_year_of_52_workbooks_has_17_472_half_hours(tmp_path: Path, nights: str) -> None:
    house = household(FIRST, 364)
    found = rows_of(written(tmp_path, list(weeks(house)), nights))
    assert len(found) == 17_472
    assert found == [tuple(reading) for reading in house.readings]
