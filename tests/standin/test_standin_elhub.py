"""The stand-in for Elhub has the habits of the real API, each asked for over HTTP."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
import requests

from sync.model.errors import UsageError
from sync.standin.elhub import ElhubStandin
from sync.standin.faults import parse_faults
from tests.waiting import PATIENCE

NOW = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
PRODUCTION, CONSUMPTION = "PRODUCTION_PER_GROUP_MBA_HOUR", "CONSUMPTION_PER_GROUP_MBA_HOUR"
JANUARY = {"startDate": "2021-01-01T00:00:00+01:00", "endDate": "2021-02-01T00:00:00+01:00"}


class Asked:
    """Asks one stand-in; `rows` are the records of a 200."""

    def __init__(self, standin: ElhubStandin) -> None:
        self.standin = standin
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str = "/price-areas", **given: str) -> requests.Response:
        return self.session.get(self.standin.url + path, params={"dataset": PRODUCTION} | given, timeout=PATIENCE)

    def rows(self, path: str = "/price-areas", **given: str) -> list[dict[str, Any]]:
        answer = self.get(path, **given)
        assert answer.status_code == 200, answer.text
        return records(answer.json())


def records(body: Any) -> list[dict[str, Any]]:
    return [
        record
        for entity in body["data"]
        for listed in entity["attributes"].values()
        if isinstance(listed, list)
        for record in listed
    ]


@pytest.fixture
def asked() -> Iterator[Asked]:
    with ElhubStandin(now=lambda: NOW) as standin:
        yield Asked(standin)


def test_the_shape_of_an_answer(asked: Asked) -> None:
    body = asked.get(**JANUARY).json()
    assert set(body) == {"data", "links", "meta"}
    everywhere = next(entity for entity in body["data"] if entity["id"] == "*")
    assert everywhere["attributes"] == {"country": "NO", "eic": "*", "name": "*", "productionPerGroupMbaHour": []}
    record = records(body)[0]
    assert set(record) == {
        "endTime", "lastUpdatedTime", "priceArea", "productionGroup", "quantityKwh", "startTime",
    }  # fmt: skip
    consumption = asked.rows(**JANUARY, dataset=CONSUMPTION)[0]
    assert set(consumption) == set(record) - {"productionGroup"} | {"consumptionGroup", "meteringPointCount"}


def test_months_of_the_local_calendar(asked: Asked) -> None:
    """Series × local hours: 24 series in January 2021, wind of NO5 from 2 June on, the nights of change."""
    counted = {}
    for month, after in ((1, 2), (3, 4), (6, 7), (10, 11)):
        ends = {"startDate": f"2021-{month:02}-01", "endDate": f"2021-{after:02}-01"}
        counted[month] = len(asked.rows(**ends))
    assert counted == {1: 24 * 744, 3: 24 * 743, 6: 24 * 720 + 29 * 24, 10: 25 * 745}


@pytest.mark.parametrize("offset", ["+01:00", "+02:00", "Z"])
def test_the_offset_is_ignored(asked: Asked, offset: str) -> None:
    ends = {"startDate": f"2021-03-01T00:00:00{offset}", "endDate": f"2021-04-01T00:00:00{offset}"}
    assert len(asked.rows(**ends)) == 24 * 743


def test_two_different_offsets_are_refused(asked: Asked) -> None:
    """As the live API did with an October asked for in one call."""
    ends = {"startDate": "2021-10-01T00:00:00+02:00", "endDate": "2021-10-30T23:00:00+01:00"}
    assert asked.get(**ends).status_code == 400
    assert asked.get(**ends | {"endDate": "2021-10-30T23:00:00+02:00"}).status_code == 200


def test_the_window_is_half_open(asked: Asked) -> None:
    early = asked.rows(startDate="2021-01-01", endDate="2021-01-31")
    assert max(record["startTime"] for record in early) == "2021-01-30T23:00:00+01:00"
    late = asked.rows(startDate="2021-01-01", endDate="2021-01-31T23:59:59+01:00")
    assert max(record["startTime"] for record in late) == "2021-01-31T23:00:00+01:00"


def test_unknown_parameters_are_ignored(asked: Asked) -> None:
    """`priceArea` is none: every area comes back; `startTime` is none: the last month does."""
    assert {record["priceArea"] for record in asked.rows(**JANUARY, priceArea="NO1")} == {
        "NO1",
        "NO2",
        "NO3",
        "NO4",
        "NO5",
    }
    last = asked.rows(startTime="2021-01-01T00:00:00+01:00", endTime="2021-02-01T00:00:00+01:00")
    assert min(record["startTime"] for record in last)[:10] == "2026-02-10"
    assert max(record["startTime"] for record in last) == "2026-03-08T23:00:00+01:00"  # noon: D-2 is the newest


def test_filters_and_single_areas(asked: Asked) -> None:
    assert Counter(r["priceArea"] for r in asked.rows("/price-areas/NO1", **JANUARY)) == {"NO1": 5 * 744}
    assert Counter(r["productionGroup"] for r in asked.rows(**JANUARY, productionGroup="wind")) == {"wind": 4 * 744}
    assert asked.get("/price-areas/NO7", **JANUARY).status_code == 404


@pytest.mark.parametrize(
    "name", ["PRODUCTION_PER_GROUP_MBA_HOUR", "production_per_group_mba_hour", "ProductionPerGroupMbaHour"]
)
def test_names_of_datasets(asked: Asked, name: str) -> None:
    assert len(asked.rows(**JANUARY, dataset=name)) == 24 * 744


@pytest.mark.parametrize(
    "ends",
    [
        {"startDate": "2021-01-01", "endDate": "2021-02-02"},
        {"startDate": "2021-01-01T00:00:00 01:00", "endDate": "2021-02-01"},  # a + that was not encoded
        {"startDate": "2021-02-30", "endDate": "2021-03-01"},
        {"startDate": "yesterday", "endDate": "2021-03-01"},
        {"dataset": "NO_SUCH"},
    ],
)
def test_refusals(asked: Asked, ends: dict[str, str]) -> None:
    assert asked.get(**ends).status_code == 400


def test_headers_are_needed(asked: Asked) -> None:
    asked.session.headers.pop("User-Agent")
    prepared = asked.session.prepare_request(requests.Request("GET", asked.standin.url + "/price-areas"))
    del prepared.headers["Accept"]
    assert asked.session.send(prepared, timeout=PATIENCE).status_code == 403


def test_values_are_float32(asked: Asked) -> None:
    numbers = [record["quantityKwh"] for record in asked.rows(**JANUARY)]
    assert all(float(str(np.float32(number))) == number for number in numbers)
    assert max(numbers) > 1e6
    assert "e+" not in asked.get(**JANUARY).text


def test_the_star_rows_come_and_go(asked: Asked) -> None:
    rows = asked.rows(startDate="2025-10-01", endDate="2025-11-01")
    star = [record for record in rows if record["productionGroup"] == "*"]
    assert Counter(record["priceArea"] for record in star) == {"NO2": 23 * 24, "NO5": 745}
    assert not [r for r in asked.rows(startDate="2025-12-01", endDate="2026-01-01") if r["productionGroup"] == "*"]


def test_the_day_of_negative_consumption(asked: Asked) -> None:
    rows = asked.rows(startDate="2025-11-08", endDate="2025-11-11", dataset=CONSUMPTION)
    negative = [record for record in rows if record["quantityKwh"] < 0]
    assert {(r["priceArea"], r["consumptionGroup"], r["startTime"][:10]) for r in negative} == {
        ("NO4", "tertiary", "2025-11-09")
    }
    assert len(negative) == 24
    assert all(-4.2e6 <= record["quantityKwh"] <= -3.1e6 for record in negative)


def test_an_area_without_a_row_is_absent(asked: Asked) -> None:
    body = asked.get(startDate="2021-05-01", endDate="2021-05-20", productionGroup="nuclear").json()
    assert [entity["id"] for entity in body["data"]] == ["*"]


def test_the_same_every_time(asked: Asked) -> None:
    with ElhubStandin(now=lambda: NOW) as other:
        assert Asked(other).rows(**JANUARY) == asked.rows(**JANUARY)


def test_corrections_and_what_is_older(asked: Asked) -> None:
    before = {r["startTime"]: r for r in asked.rows("/price-areas/NO1", **JANUARY, productionGroup="hydro")}
    asked.standin.faults = parse_faults(
        "correct@2021-01-03:10,outdated@2021-01-05:10", ElhubStandin.kinds, ElhubStandin.day_kinds
    )
    after = {r["startTime"]: r for r in asked.rows("/price-areas/NO1", **JANUARY, productionGroup="hydro")}
    changed = {time[:10] for time in before if before[time]["quantityKwh"] != after[time]["quantityKwh"]}
    assert changed == {"2021-01-03", "2021-01-05"}
    assert after["2021-01-03T05:00:00+01:00"]["lastUpdatedTime"] == "2026-03-10T12:00:00+01:00"
    assert after["2021-01-05T05:00:00+01:00"]["lastUpdatedTime"] == "2020-01-01T00:00:00+01:00"


@pytest.mark.parametrize("kind", sorted(ElhubStandin.kinds))
def test_every_fault_spoils_something(asked: Asked, kind: str) -> None:
    right = asked.rows(**JANUARY)
    amount = ":0.1" if kind == "slow" else ""
    asked.standin.faults = parse_faults(f"{kind}@1{amount}", ElhubStandin.kinds, ElhubStandin.day_kinds)
    try:
        answer = asked.get(**JANUARY)
        rows = records(json.loads(answer.text)) if answer.status_code == 200 else []
    except (requests.RequestException, ValueError):
        rows = []
    assert (rows == right) == (kind == "slow")
    assert asked.rows(**JANUARY) == right


def test_a_fault_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match="othermonth@3"):
        parse_faults("nonsense@1", ElhubStandin.kinds, ElhubStandin.day_kinds)


def test_what_was_asked_is_kept(asked: Asked) -> None:
    asked.rows(**JANUARY)
    asked.get("/price-areas/NO7")
    assert [(request.number, request.status) for request in asked.standin.requests] == [(1, 200), (2, 404)]
    assert asked.standin.requests[0].given["startDate"] == "2021-01-01T00:00:00+01:00"
    assert date.fromisoformat("2026-03-10") == asked.standin.requests[0].at.date()
