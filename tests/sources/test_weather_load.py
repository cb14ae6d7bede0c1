"""The weather archive over HTTP into a real MongoDB: the real year of five cities, and each trap of the API."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.model.window import DONE, FAILED, PARTIAL
from sync.sources.weather.api import Weather
from sync.standin.faults import parse_faults
from sync.standin.weather import WeatherStandin
from sync.standin.weather_hours import FileWeather
from sync.store.verify import verify_pair
from tests.clock import FakeClock
from tests.open_loads import OpenLoad, counts

NOW = datetime(2022, 3, 1, 11, tzinfo=UTC)
OSLO = Weather.datasets[0]
DAYS = ("2021-03-27", "2021-03-30")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def standin(clock: FakeClock) -> Iterator[WeatherStandin]:
    with WeatherStandin(now=clock.now) as server:
        yield server


@pytest.fixture
def load(database: Database[Any], standin: WeatherStandin, clock: FakeClock, tmp_path: Path) -> OpenLoad:
    return OpenLoad(database, Weather(standin.url), clock, tmp_path, (OSLO,))


def spoil(standin: WeatherStandin, faults: str) -> None:
    standin.faults = parse_faults(faults, WeatherStandin.kinds, WeatherStandin.day_kinds)


def test_a_real_year_of_oslo(database: Database[Any], shared_data: Path, clock: FakeClock, tmp_path: Path) -> None:
    """One call; 8,760 hours in UTC, both nights of change whole, the wind in m/s."""
    text = gzip.decompress((shared_data / "elhub" / "weather_era5_NO1_Oslo_2021.csv.gz").read_bytes()).decode()
    told = tmp_path / "NO1.csv"
    told.write_text(re.sub(r"(wind_speed_10m|wind_gusts_10m)", r"\1 (km/h)", text, count=2))
    with WeatherStandin(FileWeather(told), now=clock.now) as server:
        load = OpenLoad(database, Weather(server.url), clock, tmp_path, (OSLO,))
        outcome = load.run("2021-01-01", "2022-01-01")
    assert (outcome.calls, outcome.written.new, outcome.identical, outcome.rejected) == (1, 8760, True, 0)
    found = {f"{each['ts']:%Y-%m-%dT%H:%MZ}": each for each in load.pair.mirror.find()}
    rows = list(csv.DictReader(text.splitlines()))
    assert len(found) == len(rows)
    for row in rows:
        document = found[row["time_utc"]]
        assert document["temperature_c"] == float(row["temperature_2m"])
        assert document["wind_ms"] == float(row["wind_speed_10m"]) / 3.6
        assert document["wind_from_deg"] == float(row["wind_direction_10m"])
    (entry,) = load.entries(OSLO)
    assert entry.state == DONE
    assert "asked 59.9127,10.7461, answered 60.0,10.75" in entry.reason


def test_seven_areas(database: Database[Any], standin: WeatherStandin, clock: FakeClock, tmp_path: Path) -> None:
    load = OpenLoad(database, Weather(standin.url), clock, tmp_path)
    outcome = load.run("2021-12-30", "2022-01-02")
    assert (outcome.calls, outcome.identical) == (14, True)
    assert counts(load.pair) == (7 * 72,) * 3
    assert load.pair.record.distinct("series.id") == ["DK1", "DK2", "NO1", "NO2", "NO3", "NO4", "NO5"]
    document = load.pair.record.find_one({"series.id": "DK1"})
    assert document is not None
    assert list(document) == [
        "_id",
        "ts",
        "series",
        "temperature_c",
        "precipitation_mm",
        "wind_ms",
        "gust_ms",
        "wind_from_deg",
        "seconds",
    ]


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ("kmh@1", "wind_speed_10m is in 'km/h', asked was m/s"),
        ("zone@1", "with an offset of '3600' s for all of it"),
        ("elsewhere@1", "asked was Oslo"),
        ("renamed@1", "no unit of wind_speed_10m"),
        ("short@1", "48 hours came, 2021-03-27 … 2021-03-29 has 72"),
        ("otheryear@1", "hour 1 of"),
        ("400@1", "HTTP 400: .*out of allowed range"),
    ],
)
def test_a_trap_is_seen_and_the_next_run_heals(load: OpenLoad, standin: WeatherStandin, faults: str, said: str) -> None:
    spoil(standin, faults)
    assert load.run(*DAYS).written.new == 0
    (entry,) = load.entries(OSLO)
    assert entry.state == FAILED
    assert re.search(said, entry.reason), entry.reason
    assert load.pair.record.count_documents({}) == 0
    outcome = load.run(*DAYS)
    assert (outcome.written.new, outcome.identical, outcome.remaining) == (72, True, 0)


def test_missing_is_missing(load: OpenLoad, standin: WeatherStandin, clock: FakeClock) -> None:
    spoil(standin, "null@1:5,calm@1:8,nan@1:1")
    load.run(*DAYS)
    (entry,) = load.entries(OSLO)
    assert (entry.state, load.pair.record.count_documents({})) == (PARTIAL, 67)
    assert load.pair.mirror.count_documents({"wind_ms": {"$exists": False}}) == 3
    clock.advance(hours=1)
    outcome = load.run(*DAYS, again=True)
    assert (outcome.written.new, outcome.written.changed, outcome.identical) == (5, 3, True)
    assert verify_pair(load.pair).identical


def test_a_variable_that_is_missing_is_told_and_asked_again(
    load: OpenLoad, standin: WeatherStandin, clock: FakeClock
) -> None:
    """Of a year long past, too: its hours are there, with the other measures."""
    spoil(standin, "calm@1:8")
    outcome = load.run(*DAYS)
    (entry,) = load.entries(OSLO)
    assert (entry.state, entry.readings, outcome.written.new) == (PARTIAL, 72, 72)
    assert "8 hours without wind_ms, gust_ms, wind_from_deg (first 2021-03-27 00:00Z)" in entry.reason
    assert outcome.short == [f"era5 NO1 2021-03-27 … 2021-03-29: {entry.reason.partition(';')[0]}"]
    clock.advance(hours=1)
    assert load.run(*DAYS).calls == 0
    clock.advance(hours=6)
    outcome = load.run(*DAYS)
    assert (outcome.calls, outcome.written.changed, outcome.identical) == (1, 8, True)
    assert load.pair.mirror.count_documents({"wind_ms": {"$exists": True}}) == 72
    clock.advance(days=60)
    assert (load.entries(OSLO)[0].state, load.run(*DAYS).calls) == (DONE, 0)


def test_the_last_days_come_later(load: OpenLoad, clock: FakeClock) -> None:
    """Nulls at the end are no failure; the run of another day reads them again."""
    load.run("2022-02-20", "2022-03-01")
    before = load.pair.record.count_documents({})
    assert before == 4 * 24 + 11
    assert load.entries(OSLO)[0].state == DONE
    clock.advance(days=6)
    outcome = load.run("2022-02-20", "2022-03-01")
    assert (before + outcome.written.new, outcome.identical) == (9 * 24, True)


def test_a_limit_told_in_words(load: OpenLoad, standin: WeatherStandin, clock: FakeClock) -> None:
    spoil(standin, "minutely@1")
    assert load.run(*DAYS).written.new == 72
    assert [request.status for request in standin.requests] == [429, 200]
    assert sum(clock.sleeps) >= 60


def test_other_requests_of_the_address_take_seconds(load: OpenLoad, standin: WeatherStandin, clock: FakeClock) -> None:
    """Its queue empties by itself; whoever waits hears why and how long."""
    spoil(standin, "concurrent@1-2")
    assert load.run(*DAYS).written.new == 72
    assert [request.status for request in standin.requests] == [429, 429, 200]
    assert 5 <= sum(clock.sleeps) < 50
    told = [line for line in load.notes.lines if "asking again in" in line]
    assert len(told) == 2
    assert re.fullmatch(r"Open-Meteo is at work on other requests of this address .+: asking again in [5-7] s", told[0])


def test_a_queue_that_stays_full(load: OpenLoad, standin: WeatherStandin, clock: FakeClock) -> None:
    spoil(standin, "concurrent@*1")
    outcome = load.run(*DAYS)
    assert (outcome.calls, outcome.written.new, load.entries(OSLO)[0].state) == (3, 0, FAILED)
    spoil(standin, "")
    assert load.run(*DAYS).written.new == 72
