"""The city that stands for each price area, and the units weather comes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A city of a price area; degrees north and east."""

    area: str
    city: str
    latitude: float
    longitude: float

    def is_near(self, latitude: float, longitude: float) -> bool:
        """Whether a cell can be the one that this place lies in or beside: cells are of a quarter of a degree."""
        return abs(latitude - self.latitude) <= NEAR and abs(longitude - self.longitude) <= NEAR


NEAR = 0.5  # degrees

PLACES = (
    Place("NO1", "Oslo", 59.9127, 10.7461),
    Place("NO2", "Kristiansand", 58.1467, 7.9956),
    Place("NO3", "Trondheim", 63.4305, 10.3951),
    Place("NO4", "Tromsø", 69.6489, 18.9551),
    Place("NO5", "Bergen", 60.3930, 5.3242),
    Place("DK1", "Aarhus", 56.16, 10.20),
    Place("DK2", "København", 55.68, 12.57),
)


@dataclass(frozen=True, slots=True)
class Variable:
    """One measure. name: Open-Meteo's; field: ours, with the unit; low, high: beyond them a value is implausible."""

    name: str
    field: str
    unit: str
    low: float
    high: float


VARIABLES = (
    Variable("temperature_2m", "temperature_c", "°C", -60, 50),
    Variable("precipitation", "precipitation_mm", "mm", 0, 150),
    Variable("wind_speed_10m", "wind_ms", "m/s", 0, 60),
    Variable("wind_gusts_10m", "gust_ms", "m/s", 0, 100),
    Variable("wind_direction_10m", "wind_from_deg", "°", 0, 360),
)

DIVISORS: Mapping[str, Mapping[str, float]] = {
    "m/s": {"m/s": 1, "ms": 1, "km/h": 3.6, "kmh": 3.6, "mp/h": 1 / 0.44704, "mph": 1 / 0.44704, "kn": 3.6 / 1.852},
    "°C": {"°C": 1, "C": 1},
    "mm": {"mm": 1},
    "°": {"°": 1, "deg": 1},
}
"""Our unit → the spellings of units → what a value in that unit is divided by."""
