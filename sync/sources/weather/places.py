"""The city that stands for each price area, the user's own place, and the units weather comes in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from ...model.readings import Series

GROUP = "era5"


@dataclass(frozen=True, slots=True)
class Place:
    """A city of a price area, or the user's own place, which is its own area; degrees north and east."""

    area: str
    city: str
    latitude: float
    longitude: float

    def is_near(self, latitude: float, longitude: float) -> bool:
        """Whether a cell can be the one that this place lies in or beside: cells are of a quarter of a degree."""
        return abs(latitude - self.latitude) <= NEAR and abs(longitude - self.longitude) <= NEAR

    @property
    def series(self) -> Series:
        """Its weather, as it is stored."""
        return Series("weather", self.area, "weather", GROUP)


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


DEGREES = re.compile(r"([+-]?\d{1,2}(?:\.\d+)?)\s*[,;]\s*([+-]?\d{1,3}(?:\.\d+)?)", re.ASCII)
FORM = "'latitude, longitude' in degrees such as 48.85, 2.35"


def place_of(text: str) -> Place:
    """A place as the user writes it: degrees north and east, or one of the communes. To two decimals, a kilometre: no
    weather is finer, and an address is nobody's business. Raises ValueError."""
    if found := DEGREES.fullmatch(text):
        latitude, longitude = (round(float(part), 2) for part in found.groups())
        if not (abs(latitude) <= 90 and abs(longitude) <= 180):
            raise ValueError(f"must be {FORM}: north to 90, east to 180")
        return Place(f"{latitude:.2f},{longitude:.2f}", "your place", latitude, longitude)
    from .communes import COMMUNES  # noqa: PLC0415 - few name one

    known = {_plain(name): name for name in COMMUNES}
    if (name := known.get(_plain(text))) is None:
        near = get_close_matches(_plain(text), known, 1)
        meant = f" (did you mean {known[near[0]]}?)" if near else ""
        raise ValueError(f"is none of the {len(COMMUNES)} largest communes{meant}: write {FORM}")
    return Place(name, name, *COMMUNES[name])


def _plain(name: str) -> str:
    """Without accents, hyphens, capitals: `saint etienne`."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return " ".join(re.split(r"[\s'-]+", letters.lower().strip()))


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
