"""Files of several forms of one household: in whatever order they come, in one call or one behind the other, the same
documents and daily totals are stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.database import Database

from sync.load.files import FileReport, sums
from sync.load.report import Outcome
from sync.model.readings import Series
from sync.model.resolution import Total
from sync.store.ledger import Ledger
from tests.imports import import_linky
from tests.soak import short_and_long
from tests.sources.linky_writers import (
    AUTUMN,
    PLAIN,
    PRM,
    Household,
    Reading,
    Style,
    clock,
    daily_whole_kwh,
    gateway_v2,
    heure,
    household,
    jour,
    r63_csv,
    weekly_two_decimals,
)

SERIES = Series("linky", PRM, "consumption")
DAYS = 4
HOUSE = household(AUTUMN - timedelta(days=2), DAYS, seed=3)
MARKED = 7
"""Every seventh line of R63 says that its value is an estimate and doubtful."""


def r63_with_marks(house: Household, style: Style = PLAIN) -> bytes:
    lines = r63_csv(house, style).decode().splitlines()
    for place, reading in enumerate(house.readings, 1):
        if is_marked(reading):
            lines[place] = lines[place].replace(";B;PT30M;0;0", ";E;PT30M;1;0")
    return "\r\n".join([*lines, ""]).encode()


def is_marked(reading: Reading) -> bool:
    return reading.start // 1800 % MARKED == 0


@dataclass(frozen=True)
class Kind:
    """What a form holds of a household: readings or daily totals, and Wh to within which these are known."""

    write: Callable[[Household, Style], bytes]
    suffix: str
    is_curve: bool = True
    resolution: int = 1


KINDS = {
    "weekly workbook": Kind(weekly_two_decimals, ".xlsx", resolution=5),
    "R63": Kind(r63_with_marks, ".csv"),
    "Heure": Kind(heure, ".csv"),
    "gateway": Kind(gateway_v2, ".json"),
    "daily workbook": Kind(daily_whole_kwh, ".xlsx", is_curve=False, resolution=1000),
    "Jour": Kind(jour, ".csv", is_curve=False),
}


@dataclass(frozen=True)
class Sheet:
    """A file: a form of some days of the household, from one to another."""

    kind: str
    first: int
    end: int

    @property
    def house(self) -> Household:
        return days_of(HOUSE, self.first, self.end)

    def write(self, folder: Path) -> Path:
        kind = KINDS[self.kind]
        path = folder / f"{self.kind} {self.first} {self.end}{kind.suffix}"
        path.write_bytes(kind.write(self.house, PLAIN))
        return path


def days_of(house: Household, first: int, end: int) -> Household:
    wanted = sorted(house.days)[first:end]
    return replace(house, readings=tuple(r for r in house.readings if clock(r.start).date() in wanted))


# --- what should be stored -------------------------------------------------------------------------------------------


def wanted_documents(sheets: Iterable[Sheet]) -> list[dict[str, Any]]:
    """By hand: of each half-hour the finest value that a file gives, and the marks of R63."""
    curves = [sheet for sheet in sheets if KINDS[sheet.kind].is_curve]
    kinds: dict[Reading, set[str]] = {}
    for sheet in curves:
        for reading in sheet.house.readings:
            kinds.setdefault(reading, set()).add(sheet.kind)
    documents = []
    for reading, own in sorted(kinds.items()):
        is_coarse = own == {"weekly workbook"}
        wh = (reading.watts + 5) // 10 * 10 * reading.seconds // 3600 if is_coarse else reading.wh
        ts = datetime.fromtimestamp(reading.start, UTC)
        document = {"ts": ts, "series": SERIES.subdocument(), "wh": wh, "seconds": reading.seconds}
        flag = "res:5" if is_coarse else "iv:1 n:E" if "R63" in own and is_marked(reading) else ""
        documents.append(document | ({"flag": flag} if flag else {}))
    return documents


def wanted_totals(sheets: Iterable[Sheet]) -> dict[str, tuple[int, int]]:
    """Day → Wh, and to within how much: exact where an index file has the day."""
    found: dict[str, tuple[int, int]] = {}
    for sheet in sheets:
        resolution = KINDS[sheet.kind].resolution
        if not KINDS[sheet.kind].is_curve:
            for day, wh in sheet.house.days.items():
                if resolution == 1 or str(day) not in found:
                    found[str(day)] = (wh // resolution * resolution, resolution)
    return found


def stored(database: Database[Any], name: str) -> list[dict[str, Any]]:
    found = list(database[name].find({}, {"_id": 0}).sort("ts", 1))
    return [document | {"ts": document["ts"].replace(tzinfo=UTC)} for document in found]


def totals(database: Database[Any]) -> dict[str, tuple[int, int]]:
    found = Ledger(database).totals(SERIES)
    return {str(day): (int(total), total.resolution) for day, total in found.items()}


def told(runs: Sequence[tuple[Outcome, list[FileReport]]]) -> FileReport:
    return sums(report for _, reports in runs for report in reports)


# --- any order -------------------------------------------------------------------------------------------------------


@st.composite
def loads(draw: st.DrawFn) -> list[list[Sheet]]:
    """Files in any order, of any of the days, in one call or several."""
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=2, max_size=7))
    sheets = []
    for kind in kinds:
        first = draw(st.integers(0, DAYS - 1))
        sheets.append(Sheet(kind, first, draw(st.integers(first + 1, DAYS))))
    calls: list[list[Sheet]] = [[]]
    for sheet in dict.fromkeys(sheets):
        if calls[-1] and draw(st.booleans()):
            calls.append([])
        calls[-1].append(sheet)
    return calls


@short_and_long("examples", 8, 100)
def test_files_in_any_order_are_the_same_documents(database: Database[Any], tmp_path: Path, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, derandomize=examples < 50, suppress_health_check=list(HealthCheck))
    @given(loads())
    def loaded(calls: list[list[Sheet]]) -> None:
        database.client.drop_database(database.name)
        sheets = [sheet for call in calls for sheet in call]
        runs = [import_linky(database, [sheet.write(tmp_path) for sheet in call]) for call in calls]
        wanted = wanted_documents(sheets)
        assert stored(database, "consumption") == wanted
        assert stored(database, "consumptionTS") == wanted
        assert totals(database) == wanted_totals(sheets)
        outcome = told(runs)
        assert outcome.counts.conflicting == 0
        assert outcome.counts.refused == 0
        for run, _ in runs:
            assert (run.rejects, run.differences, run.identical) == ([], [], True)

    loaded()


# --- finer and coarser -----------------------------------------------------------------------------------------------

WHOLE = {kind: Sheet(kind, 0, DAYS) for kind in KINDS}
COUNT = len(HOUSE.readings)
MARKS = sum(map(is_marked, HOUSE.readings))


@pytest.mark.parametrize(
    ("first", "then", "finer", "before"),
    [
        ("weekly workbook", "Heure", COUNT, 0),
        ("weekly workbook", "R63", COUNT, 0),
        ("weekly workbook", "gateway", COUNT, 0),
        ("Heure", "weekly workbook", 0, COUNT),
        ("R63", "weekly workbook", 0, COUNT),
        ("gateway", "weekly workbook", 0, COUNT),
        ("weekly workbook", "weekly workbook", 0, COUNT),
        ("Heure", "R63", MARKS, COUNT - MARKS),
        ("R63", "Heure", 0, COUNT),
    ],
)
def test_a_finer_value_takes_the_place_and_a_coarser_one_does_not(
    database: Database[Any], tmp_path: Path, first: str, then: str, finer: int, before: int
) -> None:
    import_linky(database, [WHOLE[first].write(tmp_path)])
    _, (report,) = import_linky(database, [WHOLE[then].write(tmp_path)])
    assert (report.new, report.finer, report.before) == (0, finer, before)
    assert report.counts.conflicting == 0
    assert (f"{finer:,} better than before" in str(report)) == (finer > 0)
    assert stored(database, "consumption") == wanted_documents([WHOLE[first], WHOLE[then]])


@pytest.mark.parametrize("is_one_call", [True, False])
@pytest.mark.parametrize(
    ("first", "then", "wh", "is_same"),
    [
        ("Heure", "Heure", 1, False),
        ("Heure", "gateway", 1, False),
        ("Heure", "weekly workbook", 2, True),
        ("Heure", "weekly workbook", 40, False),
        ("weekly workbook", "Heure", 2, True),
        ("weekly workbook", "Heure", 40, False),
        ("weekly workbook", "weekly workbook", 40, False),
    ],
)
def test_two_really_different_values_contradict_and_the_first_stays(
    database: Database[Any], tmp_path: Path, first: str, then: str, wh: int, is_same: bool, is_one_call: bool
) -> None:
    place = 30
    known = HOUSE.readings[place]
    # In the middle of what the coarser form can mean: two off either way are the same value to it.
    middle = known._replace(wh=known.wh // 5 * 5 + 10)
    house = replace(HOUSE, readings=(*HOUSE.readings[:place], middle, *HOUSE.readings[place + 1 :]))
    other = replace(
        house, readings=(*house.readings[:place], middle._replace(wh=middle.wh + wh), *house.readings[place + 1 :])
    )
    paths = []
    for number, (kind, own) in enumerate(((first, house), (then, other))):
        path = tmp_path / f"{number}{KINDS[kind].suffix}"
        path.write_bytes(KINDS[kind].write(own, PLAIN))
        paths.append(path)
    runs = [import_linky(database, call) for call in ([paths] if is_one_call else [[path] for path in paths])]
    refused = told(runs).counts.conflicting + told(runs).counts.refused
    lines = [line for run, _ in runs for line in run.rejects]
    assert refused == len(lines) == (0 if is_same else 1)
    assert all("another value for" in line for line in lines)
    (document,) = database.consumption.find({"ts": datetime.fromtimestamp(middle.start, UTC)})
    exact = middle.wh if first != "weekly workbook" else other.readings[place].wh
    if is_same:
        assert document["wh"] == exact
        assert "flag" not in document
    else:
        assert document["wh"] == middle.wh
    assert stored(database, "consumption") == stored(database, "consumptionTS")


def test_totals_differ_only_by_more_than_their_last_digit(database: Database[Any], tmp_path: Path) -> None:
    import_linky(database, [WHOLE["Heure"].write(tmp_path)])
    day = sorted(HOUSE.days)[1]
    ledger = Ledger(database)
    outcome, _ = import_linky(database, [WHOLE["daily workbook"].write(tmp_path)])
    assert outcome.differences == []
    ledger.keep_totals(SERIES, {day: Total(HOUSE.days[day] + 1000, 1000)}, "file", datetime(2026, 1, 1, tzinfo=UTC))
    outcome, _ = import_linky(database, [WHOLE["Heure"].write(tmp_path)])
    (line,) = outcome.differences
    assert f"{day}: readings {HOUSE.days[day]:,} Wh" in line


def test_totals_alone_are_told_and_called_different_from_nothing(database: Database[Any], tmp_path: Path) -> None:
    outcome, _ = import_linky(database, [WHOLE["Jour"].write(tmp_path)])
    assert outcome.differences == []
    (line,) = outcome.alone
    assert f"{sum(HOUSE.days.values()) / 1000:,.1f} kWh ({DAYS} days)" in line
    assert stored(database, "consumption") == []
