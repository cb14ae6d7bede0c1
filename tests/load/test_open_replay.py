"""The real files of Elhub, replayed over HTTP: they come back exactly, and their days add up to the watt-hour."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pymongo.database import Database

from sync.model.window import DONE, PARTIAL
from sync.sources.elhub.api import AREAS, PRODUCTION, Elhub
from sync.standin.elhub import ElhubStandin
from sync.standin.elhub_hours import FileHours
from tests.clock import FakeClock
from tests.elhub_answers import OSLO, local_hours
from tests.open_loads import OpenLoad

Rows = dict[tuple[str, str, datetime], int]
"""(area, group, start UTC) → Wh."""


def load(
    database: Database[Any],
    path: Path,
    folder: Path,
    now: datetime,
    period: tuple[str, str],
    areas: tuple[str, ...] = AREAS,
) -> OpenLoad:
    clock = FakeClock(now)
    with ElhubStandin(FileHours(path), now=clock.now) as standin:
        loaded = OpenLoad(database, Elhub(standin.url, areas), clock, folder, (PRODUCTION,))
        assert loaded.run(*period).identical
    return loaded


def stored(loaded: OpenLoad) -> tuple[Rows, Rows]:
    record, mirror = (
        {(d["series"]["id"], d["series"]["group"], d["ts"]): d["wh"] for d in side.find()}
        for side in (loaded.pair.record, loaded.pair.mirror)
    )
    assert loaded.pair.mirror.count_documents({}) == len(mirror)
    return record, mirror


def check_days(loaded: OpenLoad, rows: Rows) -> None:
    """Daily totals by the server in Oslo time against sums over the file, with Python's own zone."""
    expected: dict[tuple[str, str, str], int] = defaultdict(int)
    for (area, group, start), wh in rows.items():
        expected[area, group, start.astimezone(OSLO).date().isoformat()] += wh
    day = {"$dateToString": {"date": "$ts", "format": "%Y-%m-%d", "timezone": "Europe/Oslo"}}
    key = {"id": "$series.id", "group": "$series.group", "day": day}
    for side in (loaded.pair.record, loaded.pair.mirror):
        sums = side.aggregate([{"$group": {"_id": key, "wh": {"$sum": "$wh"}}}])
        assert {(s["_id"]["id"], s["_id"]["group"], s["_id"]["day"]): s["wh"] for s in sums} == expected


def bulk(path: Path, rows: list[tuple[datetime, str, str, float]]) -> Path:
    """A file in the layout of Elhub's own, of hours whose starts are known in UTC."""
    lines = ["START_TIME,END_TIME,PRICE_AREA,PRODUCTION_GROUP,VOLUME_KWH"]
    for start, area, group, kwh in rows:
        local, end = (moment.astimezone(OSLO).isoformat() for moment in (start, start + timedelta(hours=1)))
        lines.append(f"{local},{end},{area},{group},{kwh!r}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.soak
def test_the_export_of_2025(database: Database[Any], shared_data: Path, tmp_path: Path) -> None:
    """18,384 hours of five areas with rows of group `*` that come and go."""
    path = shared_data / "elhub/production_hourly_20250922_20251020_5areas.csv.gz"
    loaded = load(database, path, tmp_path, datetime(2025, 10, 22, 20, tzinfo=UTC), ("2025-09-22", "2025-10-21"))
    table = pd.read_csv(path)
    starts = pd.to_datetime(table["startTime"], utc=True).dt.to_pydatetime()
    keys = zip(table["priceArea"], table["productionGroup"], starts, strict=True)
    expected = {key: round(kwh * 1000) for key, kwh in zip(keys, table["quantityKwh"], strict=True)}
    assert len(expected) == 18_384
    record, mirror = stored(loaded)
    assert record == mirror == expected
    check_days(loaded, expected)
    assert {group for area, group, _ in record if area in {"NO2", "NO5"}} >= {"*"}
    first, second = loaded.entries(PRODUCTION)
    assert (first.state, second.state) == (PARTIAL, DONE)  # the file begins at noon of its first day
    assert first.reason.startswith("no series has 12 hours (first 2025-09-21 22:00Z)")
    assert "NO2 * lacks" in first.reason


def test_january_2021_of_no1(database: Database[Any], shared_data: Path, tmp_path: Path) -> None:
    table = pd.read_csv(shared_data / "elhub/NO1_production_hourly_202101_5groups.csv.gz")
    hours = local_hours("2021-01-01", "2021-02-01")
    assert [hour.astimezone(OSLO).isoformat()[:19] for hour in hours] == table["time"].str[:19].to_list()
    rows = [
        (hour, "NO1", group, float(kwh))
        for group in table.columns[1:]
        for hour, kwh in zip(hours, table[group], strict=True)
    ]
    now = datetime(2021, 2, 20, 12, tzinfo=UTC)
    path = bulk(tmp_path / "no1.csv", rows)
    loaded = load(database, path, tmp_path, now, ("2021-01-01", "2021-02-01"), areas=("NO1",))
    expected = {(area, group, hour): round(kwh * 1000) for hour, area, group, kwh in rows}
    record, mirror = stored(loaded)
    assert record == mirror == expected
    assert len(record) == 5 * 744
    assert loaded.entries(PRODUCTION)[0].state == DONE
    check_days(loaded, expected)


@pytest.mark.soak
def test_a_year_of_no5_on_a_naive_clock(database: Database[Any], shared_data: Path, tmp_path: Path) -> None:
    """Published without offsets: 02:00 is missing in March and stands there twice in October; every hour comes back."""
    table = pd.read_csv(shared_data / "elhub/NO5_hydro_hourly_2021_with_STL.csv.gz")
    hours = local_hours("2021-01-01", "2022-01-01")
    labels = table["time_as_published"].str[:19].to_list()
    assert [hour.astimezone(OSLO).isoformat()[:19] for hour in hours] == labels
    assert (labels.count("2021-10-31T02:00:00"), labels.count("2021-03-28T02:00:00")) == (2, 0)
    rows = [(hour, "NO5", "hydro", float(kwh)) for hour, kwh in zip(hours, table["quantityKwh"], strict=True)]
    now = datetime(2022, 3, 1, 12, tzinfo=UTC)
    path = bulk(tmp_path / "no5.csv", rows)
    loaded = load(database, path, tmp_path, now, ("2021-01-01", "2022-01-01"), areas=("NO5",))
    expected = {(area, group, hour): round(kwh * 1000) for hour, area, group, kwh in rows}
    record, mirror = stored(loaded)
    assert record == mirror == expected
    assert len(record) == 8760
    check_days(loaded, expected)
    assert sum(record.values()) / 1e9 == pytest.approx(30_336.87, abs=0.01)  # GWh, as others have published
    days = {start.astimezone(OSLO).date() for _, _, start in record}
    assert len(days) == 365
    assert date(2021, 12, 31) in days  # the last day of a month is there, and of the year


def test_an_area_asked_alone_has_an_address_of_its_own(database: Database[Any], tmp_path: Path) -> None:
    clock = FakeClock(datetime(2026, 3, 10, 11, tzinfo=UTC))
    with ElhubStandin(now=clock.now) as standin:
        loaded = OpenLoad(database, Elhub(standin.url, ("NO3",)), clock, tmp_path, (PRODUCTION,))
        loaded.run("2021-01-01", "2021-02-01")
        assert standin.requests[0].path.endswith("/price-areas/NO3")
    assert loaded.pair.record.distinct("series.id") == ["NO3"]
