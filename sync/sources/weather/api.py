"""Weather of the price areas, or of the user's own place alone: ERA5 through the Open-Meteo archive (https://open-meteo.com/en/docs/historical-weather-api).

A series of its own, for joins. GMT and m/s are asked for always and looked for in the answer: a named zone gives one
fixed offset for the whole answer, today's, and the wind comes in km/h when nothing is said.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from ...http.transport import Answer
from ...model.errors import RateLimited, RetriableError
from ...model.window import Window
from .. import zone_of
from ..answers import OpenSource, Service
from ..source import Dataset, Parsed
from .answer import read_weather
from .places import PLACES, VARIABLES, Place

SOURCE = "weather"
MODEL = "era5"
FIRST = date(2015, 1, 1)  # ERA5 goes back to 1940; this covers all energy here, with some winters before it
REREAD = 10  # days; ERA5 comes about five days late
REVISIT = 100_000  # days, all of them: ERA5 has no holes, so what an answer lacks is a fault that passes
SPACING = 1.0  # s; 600 calls a minute are free, but a year counts as some 26 of them

SERVICE = Service("Open-Meteo", "OPENMETEO_API_URL", timedelta(minutes=1))
LIMITED = {"hourly": timedelta(hours=1), "daily": timedelta(days=1)}


def _dataset(place: Place) -> Dataset:
    return Dataset(f"{MODEL} {place.area}", "weather", FIRST, reread=REREAD, call_months=12, revisit=REVISIT)


class Weather(OpenSource):
    """A dataset a price area, at its course city; of a user who names a place that one alone."""

    name = SOURCE
    zone = zone_of(SOURCE)
    spacing = SPACING
    service = SERVICE
    datasets: tuple[Dataset, ...] = tuple(map(_dataset, PLACES))

    def __init__(self, base: str, home: Place | None = None) -> None:
        super().__init__(base)
        places = (home,) if home else PLACES
        self.datasets = tuple(map(_dataset, places))
        self.places = {dataset.name: place for dataset, place in zip(self.datasets, places, strict=True)}

    def question(self, dataset: Dataset, window: Window) -> tuple[str, dict[str, str]]:
        """UTC days, both ends included; the unit of the wind and the zone spelled out."""
        place = self.places[dataset.name]
        return f"{self.base}/archive", {
            "latitude": str(place.latitude),
            "longitude": str(place.longitude),
            "start_date": str(window.start),
            "end_date": str(window.end - timedelta(days=1)),
            "hourly": ",".join(variable.name for variable in VARIABLES),
            "models": MODEL,
            "wind_speed_unit": "ms",
            "temperature_unit": "celsius",
            "precipitation_unit": "mm",
            "timezone": "GMT",
        }

    def parse(self, dataset: Dataset, window: Window, text: str, now: datetime) -> Parsed:
        """Verify an answer and make readings of it. Raises AnswerRefused."""
        return read_weather(text, self.places[dataset.name], window, now)

    def explain(self, answer: Answer, now: datetime) -> Exception | None:
        """What an answer that is no 200 means; None for a 200. A spent hour or day is told in words alone, and so is
        that other requests of this address are at work, which takes seconds."""
        if answer.status == 429 and "concurrent requests" in answer.text.lower():
            return RetriableError("Open-Meteo is at work on other requests of this address (HTTP 429)", 429)
        error = super().explain(answer, now)
        spent = re.search(r"(hourly|daily) api request limit", answer.text.lower())
        if isinstance(error, RateLimited) and spent and "retry-after" not in answer.headers:
            until = now + LIMITED[spent[1]]
            if spent[1] == "daily":
                until = until.replace(hour=0, minute=0, second=0, microsecond=0)
            return RateLimited(f"Open-Meteo's {spent[1]} limit is spent until {until:%Y-%m-%d %H:%M} UTC", 429, until)
        return error


def connect(base: str, settings: object) -> Weather:
    """The source at an address."""
    return Weather(base, getattr(settings, "weather_place", None))
