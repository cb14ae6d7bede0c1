"""The EU rule in the functions against zoneinfo, and the forms of formatDate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo import MongoClient

from sync.model.localtime import wall_clock_instants
from sync.triggers.run.harness import run_function
from sync.triggers.tree import DEFAULT_FOLDER

pytestmark = pytest.mark.soak  # many servers, processes or mornings

NOWHERE = MongoClient[dict[str, Any]]("127.0.0.1", 1, connect=False)["nowhere"]
ZONES = ("Europe/Paris", "Europe/Oslo", "Europe/Copenhagen", "Europe/London")
HOUR = 3_600_000
FIRST, END = (round(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1000 for year in (2010, 2038))


def call(name: str, *arguments: Any, folder: Path = DEFAULT_FOLDER) -> Any:
    execution = run_function(folder, name, database=NOWHERE, values={}, secrets={}, arguments=arguments)
    assert execution.error is None, execution.error
    return execution.result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The functions with one more that walks through all hours in one execution."""
    (tmp_path / "functions").mkdir()
    for name in ("localTime", "formatDate"):
        (tmp_path / "functions" / f"{name}.js").symlink_to(DEFAULT_FOLDER / "functions" / f"{name}.js")
    (tmp_path / "functions" / "everyHour.js").write_text(
        """
        exports = async function (zone, first, end, step) {
          const instants = [];
          for (let at = first; at < end; at += step) instants.push(at);
          const { walls } = await context.functions.execute("localTime", { zone, instants });
          const back = await context.functions.execute("localTime", { zone, labels: walls });
          return walls.map((wall, index) => wall + " " + back.instants[index].join(" ")).join("\\n");
        };
        """
    )
    return tmp_path


@pytest.mark.parametrize("zone", ZONES)
def test_every_hour_is_that_of_zoneinfo(folder: Path, zone: str) -> None:
    found = call("everyHour", zone, FIRST, END, HOUR, folder=folder).split("\n")
    assert len(found) == (END - FIRST) // HOUR > 245_000
    clock = ZoneInfo(zone)
    wrong = []
    for index, line in enumerate(found):
        at = FIRST + index * HOUR
        wall = datetime.fromtimestamp(at // 1000, clock)
        twin = wall.replace(fold=1 - wall.fold)
        meanings = {at} if twin.utcoffset() == wall.utcoffset() else {at, round(twin.timestamp()) * 1000}
        if line != " ".join([f"{wall:%Y-%m-%d %H:%M:%S}", *map(str, sorted(meanings))]):
            wrong.append((line, wall))
    assert wrong == []


def test_labels_of_the_change_nights() -> None:
    """Every five minutes of the nights before and after, those that do not exist among them."""
    starts = [datetime(2024, 3, 31), datetime(2024, 10, 27), datetime(2037, 3, 29), datetime(2037, 10, 25)]  # noqa: DTZ001
    labels = [start + timedelta(minutes=5 * number) for start in starts for number in range(60)]
    found = call("localTime", {"zone": "Europe/Paris", "labels": [str(label) for label in labels]})["instants"]
    assert [tuple(each) for each in found] == [wall_clock_instants(label) for label in labels]
    assert {len(each) for each in found} == {0, 1, 2}


def test_what_is_no_label_means_nothing() -> None:
    labels = [
        "2024-02-30 00:00:00",
        "2024-01-01 24:00:00",
        "2024-01-01",
        "",
        "2024-01-01T00:00:00",
        "2024-13-01 00:00:00",
    ]
    assert call("localTime", {"zone": "UTC", "labels": labels})["instants"] == [[]] * len(labels)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ((datetime(2026, 11, 21, 23, 30, tzinfo=UTC),), "2026-11-22"),
        ((datetime(2026, 11, 21, 22, 59, 59, tzinfo=UTC), "DD/MM/YYYY"), "21/11/2026"),
        ((0, "YYYY-MM-DDTHH:mm:ssZ", "UTC"), "1970-01-01T00:00:00+00:00"),
        ((datetime(2026, 7, 1, 12, 0, tzinfo=UTC), "YYYY-MM-DDTHH:mm:ssZ", "Europe/Oslo"), "2026-07-01T14:00:00+02:00"),
        (([HOUR, 2 * HOUR], "HH:mm", "Europe/London"), ["01:00", "02:00"]),
        (([], "HH:mm"), []),
    ],
)
def test_forms_of_a_date(arguments: tuple[Any, ...], wanted: Any) -> None:
    assert call("formatDate", *arguments) == wanted


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("yesterday",), "formatDate takes a Date"), ((0, "HH", "Asia/Tokyo"), "localTime knows UTC, Europe/London")],
)
def test_what_formatdate_refuses(arguments: tuple[Any, ...], words: str) -> None:
    execution = run_function(DEFAULT_FOLDER, "formatDate", database=NOWHERE, values={}, secrets={}, arguments=arguments)
    assert execution.error is not None
    assert words in execution.error
