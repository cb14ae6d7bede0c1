"""WEATHER_PLACE: as people write it, its weather alone asked for and stored under its name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from pymongo.database import Database

from sync.model.errors import FileRefused
from sync.model.readings import Series
from sync.model.window import Window
from sync.settings import load
from sync.sources import SOURCES
from sync.sources.source import AnswerRefused
from sync.sources.weather.api import Weather
from sync.sources.weather.communes import COMMUNES
from sync.sources.weather.places import PLACES, place_of
from sync.standin.weather import WeatherStandin
from sync.store.schema import own_series
from tests.clock import FakeClock
from tests.open_loads import OpenLoad
from tests.own_settings import reader, refused
from tests.waiting import PATIENCE

NOW = datetime(2026, 3, 10, 11, tzinfo=UTC)
PARIS = COMMUNES["Paris"]


@pytest.mark.parametrize(
    ("text", "area", "where"),
    [
        ("48.85, 2.35", "48.85,2.35", (48.85, 2.35)),
        ("48.856613,2.352222", "48.86,2.35", (48.86, 2.35)),
        ("-21.1 ; 55.53", "-21.10,55.53", (-21.1, 55.53)),
        ("Paris", "Paris", PARIS),
        ("  saint etienne ", "Saint-Étienne", COMMUNES["Saint-Étienne"]),
        ("LE HAVRE", "Le Havre", COMMUNES["Le Havre"]),
        ("Asnières sur Seine", "Asnières-sur-Seine", COMMUNES["Asnières-sur-Seine"]),
    ],
)
def test_a_place_is_read_as_people_write_it(text: str, area: str, where: tuple[float, float]) -> None:
    place = place_of(text)
    assert (place.area, place.latitude, place.longitude) == (area, *where)
    assert place.series == Series("weather", area, "weather", "era5")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Pariss", "did you mean Paris?"),
        ("Trifouillis-les-Oies", "none of the 60 largest communes"),
        ("48,85, 2,35", "write 'latitude, longitude'"),
        ("91, 2", "north to 90"),
        ("48, 181", "east to 180"),
        ("48.85", "write 'latitude, longitude'"),
    ],
)
def test_what_is_no_place_is_one_line_of_the_settings(text: str, words: str, tmp_path: Path) -> None:
    message = refused(reader(tmp_path), WEATHER_PLACE=text)
    assert len(message.splitlines()) == 2
    assert message.splitlines()[1].startswith("  WEATHER_PLACE: ")
    assert words in message


def test_the_list_is_of_sixty_places_in_france() -> None:
    assert len(COMMUNES) == 60
    assert all(41 < latitude < 52 and -5.5 < longitude < 9 for latitude, longitude in COMMUNES.values())


def test_without_one_it_is_the_price_areas_as_before(tmp_path: Path) -> None:
    assert SOURCES["weather"].connect(load(tmp_path, {})).datasets == Weather.datasets
    assert len(Weather.datasets) == len(PLACES)


def test_the_place_alone_is_asked_for_and_stored(database: Database[Any], tmp_path: Path) -> None:
    """From the setting to the documents, on a server that answers as the archive does."""
    clock = FakeClock(NOW)
    with WeatherStandin(now=clock.now) as standin:
        settings = load(tmp_path, {"WEATHER_PLACE": "45.188, 5.725", "OPENMETEO_API_URL": standin.url})
        source = SOURCES["weather"].connect(settings)
        (dataset,) = source.datasets
        run = OpenLoad(database, source, clock, tmp_path, (dataset,))
        run.run("2025-01-01", "2025-01-08")
        asked = standin.requests[0].given
    assert (asked["latitude"], asked["longitude"]) == ("45.19", "5.72")
    assert own_series("weather", run.pair.record) == [settings.weather_place.series]  # type: ignore[union-attr]
    stored = run.pair.record.count_documents({"temperature_c": {"$type": "number"}})
    assert stored == run.pair.mirror.count_documents({}) == 7 * 24


def test_another_place_that_answers_is_refused() -> None:
    source = Weather("https://archive.example", place_of("Lyon"))
    with WeatherStandin(now=lambda: NOW) as standin:
        window = Window(date(2025, 1, 1), date(2025, 1, 2))
        query = source.question(source.datasets[0], window)[1] | {"latitude": "59.91", "longitude": "10.75"}
        text = requests.get(f"{standin.url}/archive", params=query, timeout=PATIENCE).text
    with pytest.raises(AnswerRefused, match="asked was Lyon"):
        source.parse(source.datasets[0], window, text, NOW)


FILE = (
    "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation\n"
    "45.75,4.85,170.0,0,GMT,GMT\n\ntime,temperature_2m (°C)\n2025-01-01T00:00,3.5\n2025-01-01T01:00,3.1\n"
)


def test_a_file_of_the_place_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "open-meteo-45.75N4.85E170m.csv"
    path.write_text(FILE, encoding="utf-8")
    entry = SOURCES["weather"]
    files = entry.open_files([path], load(tmp_path, {"WEATHER_PLACE": "Lyon"}))
    batches = [batch for part in files.parts() for batch in part.batches]
    assert [(batch.series.id, len(batch)) for batch in batches] == [("Lyon", 2)]
    with pytest.raises(FileRefused, match=r"none of the cities .* not WEATHER_PLACE"):
        list(entry.open_files([path], load(tmp_path, {})).parts())
