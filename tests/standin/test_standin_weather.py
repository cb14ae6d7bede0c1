"""The stand-in for the weather archive has the habits of the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from sync.standin.weather import WeatherStandin
from tests.waiting import PATIENCE

NOW = datetime(2026, 1, 10, 11, tzinfo=UTC)
OSLO = {"latitude": "59.9127", "longitude": "10.7461", "start_date": "2025-07-01", "end_date": "2025-07-01"}
WIND = OSLO | {"hourly": "wind_speed_10m"}
Get = Callable[..., requests.Response]


@pytest.fixture
def get() -> Iterator[Get]:
    session = requests.Session()
    session.trust_env = False
    with WeatherStandin(now=lambda: NOW) as server:
        yield lambda given, path="archive": session.get(f"{server.url}/{path}", params=given, timeout=PATIENCE)


def test_kmh_unless_ms_is_said(get: Get) -> None:
    plain, ms = get(WIND).json(), get(WIND | {"wind_speed_unit": "ms"}).json()
    assert (plain["hourly_units"]["wind_speed_10m"], ms["hourly_units"]["wind_speed_10m"]) == ("km/h", "m/s")
    expected = [each * 3.6 for each in ms["hourly"]["wind_speed_10m"]]
    assert plain["hourly"]["wind_speed_10m"] == pytest.approx(expected)


def test_a_named_zone_has_one_offset_for_all(get: Get) -> None:
    """Asked in winter for July: an hour beside the wall clock of Oslo, and 24 hours even on the nights of change."""
    utc, oslo = get(WIND).json(), get(WIND | {"timezone": "Europe/Oslo"}).json()
    assert (utc["utc_offset_seconds"], oslo["utc_offset_seconds"]) == (0, 3600)
    assert utc["hourly"]["time"] == oslo["hourly"]["time"]
    assert utc["hourly"]["wind_speed_10m"][:23] == oslo["hourly"]["wind_speed_10m"][1:]
    night = OSLO | {"hourly": "precipitation", "start_date": "2025-03-30", "end_date": "2025-03-30"}
    assert len(get(night | {"timezone": "Europe/Oslo"}).json()["hourly"]["time"]) == 24


def test_the_place_is_snapped_to_its_cell(get: Get) -> None:
    answer = get(OSLO).json()
    assert (answer["latitude"], answer["longitude"]) == (60.0, 10.75)


def test_the_last_days_are_null(get: Get) -> None:
    given = WIND | {"start_date": "2026-01-04", "end_date": "2026-01-09"}
    column = get(given).json()["hourly"]["wind_speed_10m"]
    known = [each is not None for each in column]
    assert known == sorted(known, reverse=True)
    assert sum(known) == 24 + 11


def test_unknown_parameters_are_ignored_and_both_paths_answer(get: Get) -> None:
    expected = get(WIND).json()
    assert get(WIND | {"windspeed_unit": "ms", "wind_unit": "ms"}).json() == expected
    assert get(WIND, "era5").json() == expected
    assert get(WIND, "forecast").status_code == 404


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"latitude": None}, "Parameter 'latitude' must be set"),
        ({"latitude": "95"}, "Latitude must be in range"),
        ({"start_date": None}, "Parameter 'start_date' must be set"),
        ({"start_date": "1.7.2025"}, "Invalid date format"),
        ({"start_date": "1930-01-01"}, "out of allowed range from 1940-01-01 to 2026-01-10"),
        ({"end_date": "2026-05-01"}, "out of allowed range"),
        ({"end_date": "2025-06-01"}, "End-date must be larger"),
        ({"hourly": "windspeed"}, "invalid String value windspeed"),
        ({"wind_speed_unit": "bft"}, "WindspeedUnit"),
        ({"timezone": "Oslo"}, "Invalid timezone"),
    ],
)
def test_errors_come_with_their_reason(get: Get, change: dict[str, Any], reason: str) -> None:
    response = get({name: text for name, text in (WIND | change).items() if text is not None})
    assert response.status_code == 400
    assert response.json()["error"] is True
    assert reason in response.json()["reason"]
