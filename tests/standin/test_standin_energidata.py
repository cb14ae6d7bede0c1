"""The stand-in for Energi Data Service has the habits of the real one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from sync.standin.energidata import EnergidataStandin
from sync.standin.energidata_rows import FileRows
from sync.standin.faults import parse_faults
from tests.clock import FakeClock
from tests.energidata_answers import ELSPOT_2024, exported
from tests.waiting import PATIENCE

NOW = datetime(2026, 3, 10, 11, tzinfo=UTC)
Get = Callable[..., requests.Response]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def standin(clock: FakeClock) -> Iterator[EnergidataStandin]:
    with EnergidataStandin(now=clock.now) as server:
        yield server


@pytest.fixture
def get(standin: EnergidataStandin) -> Get:
    session = requests.Session()
    session.trust_env = False

    def ask(dataset: str = "Elspotprices", **given: str) -> requests.Response:
        return session.get(f"{standin.url}/dataset/{dataset}", params=given, timeout=PATIENCE)

    return ask


def records(response: requests.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["records"]
    return found


def test_a_hundred_newest_first_when_nothing_is_said(get: Get) -> None:
    """`total` is of all that match of a hundred days: the way to see that a page was cut."""
    answer = get("DayAheadPrices").json()
    times = [record["TimeUTC"] for record in answer["records"]]
    assert (len(times), answer["limit"], answer["dataset"]) == (100, 100, "DayAheadPrices")
    assert answer["total"] > 50_000
    assert times == sorted(times, reverse=True)
    assert times[0] == "2026-03-10T22:45:00", "the end of today: before 13:00 tomorrow is not published"


def test_tomorrow_is_published_in_the_afternoon(get: Get, clock: FakeClock) -> None:
    clock.advance(hours=2)
    assert records(get("DayAheadPrices"))[0]["TimeUTC"] == "2026-03-11T22:45:00"


def test_danish_time_unless_utc_is_said(get: Get) -> None:
    danish = records(get(start="2024-10-27", end="2024-10-28", limit="0", filter='{"PriceArea":"DK1"}'))
    utc = records(get(start="2024-10-27", end="2024-10-28", limit="0", filter='{"PriceArea":"DK1"}', timezone="UTC"))
    assert (len(danish), len(utc)) == (25, 24)
    assert [record["HourDK"] for record in danish].count("2024-10-27T02:00:00") == 2
    assert {record["HourUTC"][:10] for record in utc} == {"2024-10-27"}
    assert len(records(get(start="2024-03-31", end="2024-04-01", limit="0", filter='{"PriceArea":"DK1"}'))) == 23


def test_columns_sort_limit_offset(get: Get) -> None:
    given = {"start": "2024-05-01T00:00", "end": "2024-05-02T00:00", "timezone": "UTC", "sort": "HourUTC asc,PriceArea"}
    whole = records(get(**given))
    assert len(whole) == 7 * 24
    assert [record["PriceArea"] for record in whole[:7]] == ["DE", "DK1", "DK2", "NO2", "SE3", "SE4", "SYSTEM"]
    part = get(**given, columns="hourutc,spotpriceEUR", limit="2", offset="1").json()
    assert part["records"] == [
        {"hourutc": "2024-05-01T00:00:00", "spotpriceEUR": record["SpotPriceEUR"]} for record in whole[1:3]
    ]
    assert (part["total"], part["limit"], part["sort"]) == (168, 2, given["sort"])


def test_the_dataset_that_ended(get: Get) -> None:
    assert get(start="2025-10-01", limit="0").json() == {
        "total": 0,
        "limit": 0,
        "dataset": "Elspotprices",
        "records": [],
    }
    assert records(get(limit="1"))[0]["HourUTC"] == "2025-09-30T21:00:00"
    assert records(get("DayAheadPrices", start="2025-01-01", sort="TimeUTC asc"))[0]["TimeUTC"] == "2025-09-30T22:00:00"


def test_the_order_of_price_columns_has_changed(get: Get) -> None:
    assert list(records(get(limit="1"))[0])[-2:] == ["SpotPriceDKK", "SpotPriceEUR"]
    assert list(records(get("DayAheadPrices", limit="1"))[0])[-2:] == ["DayAheadPriceEUR", "DayAheadPriceDKK"]


def test_unknown_parameters_are_ignored(get: Get) -> None:
    given = {"start": "2024-05-01", "end": "2024-05-02", "limit": "0"}
    assert get(**given, priceArea="DK1", from_date="2020-01-01").json() == get(**given).json()


def test_thermal_production_once_for_each_method(get: Get) -> None:
    given = {"start": "2024-05-01T10:00", "end": "2024-05-01T11:00", "limit": "0"}
    rows = records(get("DeclarationProduction", **given))
    assert len(rows) == 2 * 26
    methods = {
        name: sum(row["FuelAllocationMethod"] == name for row in rows) for name in ("All", "Total", "125%", "200%")
    }
    assert methods == {"All": 10, "Total": 14, "125%": 14, "200%": 14}
    kept = [row for row in rows if row["FuelAllocationMethod"] in ("All", "Total") and row["PriceArea"] == "DK1"]
    assert sum(row["ShareTotal"] for row in kept) == pytest.approx(100, abs=1e-4)
    assert sorted(row["DeliveryType"] for row in kept if row["ProductionType"] == "Solar") == ["Grid", "Own"]
    wanted = {"PriceArea": ["DK1"], "FuelAllocationMethod": ["All", "Total"]}
    filtered = get("DeclarationProduction", **given, filter=json.dumps(wanted)).json()
    assert (filtered["total"], filtered["filters"]) == (12, json.dumps(wanted))


def test_production_comes_late_and_is_preliminary_first(get: Get) -> None:
    newest = records(get("DeclarationProduction", limit="1"))[0]
    assert (newest["HourDK"], newest["Version"]) == ("2026-02-26T23:00:00", "Preliminary")
    given = {"start": "2026-01-01", "end": "2026-01-01T01:00", "limit": "0"}
    assert {row["Version"] for row in records(get("DeclarationProduction", **given))} == {"Final"}


@pytest.mark.parametrize(
    "given",
    [
        {"start": "2024-13-01"},
        {"start": "2024-05-01T00:00:00"},
        {"start": "2024-05-01T00:00+02:00"},
        {"columns": "HourUTC,Price"},
        {"filter": "DK1"},
        {"filter": '{"Area":"DK1"}'},
        {"sort": "Time asc"},
        {"limit": "-1"},
    ],
)
def test_what_is_refused(get: Get, given: dict[str, str]) -> None:
    response = get(**given)
    assert response.status_code == 400
    assert response.json()["message"].startswith("Invalid")


def test_other_addresses(get: Get, standin: EnergidataStandin) -> None:
    assert get("Elspot").status_code == 404
    assert get("elspotprices", limit="1").json()["dataset"] == "Elspotprices"


def test_relative_times(get: Get) -> None:
    day = records(get("DayAheadPrices", start="StartOfDay-P1D", end="StartOfDay", limit="0"))
    assert {record["TimeDK"][:10] for record in day} == {"2026-03-09"}


def test_one_call_a_dataset_and_minute(get: Get, standin: EnergidataStandin, clock: FakeClock) -> None:
    standin.faults = parse_faults("minute@*1", EnergidataStandin.kinds, {})
    assert get(limit="1").headers["RemainingCalls"] == "39"
    clock.advance(seconds=20)
    limited = get(limit="1")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "41")
    assert get("DayAheadPrices", limit="1").status_code == 200
    clock.advance(seconds=40)
    assert get(limit="1").status_code == 200


def test_the_prices_of_a_file(shared_data: Path) -> None:
    path = shared_data / ELSPOT_2024
    truth = exported(path)
    with EnergidataStandin(FileRows(path), now=lambda: datetime(2025, 1, 1, 12, tzinfo=UTC)) as server:
        given = {"start": "2024-01-01", "end": "2025-01-01", "limit": "0"}
        answer = requests.get(f"{server.url}/dataset/Elspotprices", params=given, timeout=PATIENCE).json()
    assert answer["total"] == len(truth) == 61_488
    served = {
        (record["PriceArea"], datetime.fromisoformat(record["HourUTC"]).replace(tzinfo=UTC)): (
            record["SpotPriceEUR"],
            record["SpotPriceDKK"],
        )
        for record in answer["records"]
    }
    assert served == truth
