"""Four years of Norway over HTTP into both collections by the real command: complete to the row, nothing twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.model.localtime import midnight
from sync.model.readings import instant
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources import zone_of
from sync.standin.elhub import ElhubStandin
from sync.store.schema import pair
from sync.store.verify import verify_pair
from tests.elhub_answers import local_hours
from tests.open_shell import OpenShell

OSLO = zone_of("elhub")
NOW = datetime(2025, 3, 1, 9, tzinfo=UTC)

PRODUCTION_2021 = 24 * 8760 + 5113  # wind in NO5 begins on 2 June 2021
PRODUCTION_2022_TO_2024 = 25 * (8760 + 8760 + 8784)
CONSUMPTION = 25 * (3 * 8760 + 8784)

CHANGES = {
    "2021-10-31": 25, "2022-10-30": 25, "2023-10-29": 25, "2024-10-27": 25,
    "2021-03-28": 23, "2022-03-27": 23, "2023-03-26": 23, "2024-03-31": 23,
}  # fmt: skip


@pytest.mark.soak
def test_four_years_to_the_row(database: Database[Any], mongo_uri: str, tmp_path: Path) -> None:
    assert (PRODUCTION_2021, PRODUCTION_2022_TO_2024, CONSUMPTION) == (215_353, 657_600, 876_600)
    everything = PRODUCTION_2021 + PRODUCTION_2022_TO_2024 + CONSUMPTION
    with ElhubStandin(now=lambda: NOW) as standin:
        shell = OpenShell("elhub", standin, mongo_uri, database.name, tmp_path)
        code, out, err = shell("backfill", "--source", "elhub", "--until", "2025-01-01", "--json")
        assert code == 0, err
        told = json.loads(out)
        assert len(standin.requests) == 96  # 48 calls a dataset
        assert {request.status for request in standin.requests} == {200}
    assert told["readings_new"] == everything
    assert (told["windows"], told["calls"], told["rejected"], told["flagged"]) == (96, 96, 0, 0)
    assert told["identical"]
    own = pair(database, "elhub", DEFAULT_COLLECTIONS)
    report = verify_pair(own)
    assert report.identical  # document by document: the mirror has none twice, none else
    counted = report.as_json()
    assert (counted["regular_count"], counted["timeseries_count"]) == (everything, everything)
    assert own.record.index_information()["series_1_ts_1"]["unique"]  # so each (series, ts) is there once
    _check_years(own.record)
    _check_changes(own.record)


def _check_years(record: Any) -> None:
    for flow, years, expected in (
        ("production", (2021, 2022), PRODUCTION_2021),
        ("production", (2022, 2025), PRODUCTION_2022_TO_2024),
        ("consumption", (2021, 2025), CONSUMPTION),
    ):
        first, end = (datetime(year, 1, 1, tzinfo=OSLO) for year in years)
        found = record.count_documents({"series.flow": flow, "ts": {"$gte": first, "$lt": end}})
        assert found == expected, (flow, years)


def _check_changes(record: Any) -> None:
    """Every hour of the nights of change, in every series: 25 in October, 23 in March."""
    for day, hours in CHANGES.items():
        starts = local_hours(day, f"{day[:8]}{int(day[8:]) + 1:02}" if day[8:] != "31" else _after(day))
        assert len(starts) == hours
        for flow, series in (("consumption", 25), ("production", 24 if day < "2021-06" else 25)):
            query = {"series.flow": flow, "ts": {"$in": starts}}
            assert record.count_documents(query) == hours * series, (day, flow)


def _after(day: str) -> str:
    return (
        instant(midnight(datetime.fromisoformat(day).date(), OSLO) + 27 * 3_600_000).astimezone(OSLO).date().isoformat()
    )
