"""The weather a stand-in serves: generated for any hour, the same every time, or taken from files."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..model.readings import Instants
from ..sources.weather.files import open_files
from ..sources.weather.places import PLACES, VARIABLES
from .hours import HOUR, noise

LEVELS = {
    "temperature_2m": (-12.0, 35.0),
    "precipitation": (0.0, 1.2),
    "wind_speed_10m": (0.3, 11.0),
    "wind_gusts_10m": (1.0, 22.0),
    "wind_direction_10m": (0.0, 359.0),
}
DRY_OFTEN = 0.7  # share of dry hours


@dataclass(frozen=True, slots=True)
class GeneratedWeather:
    """Weather as if; nothing of it was measured."""

    seed: int = 0

    def measure(self, name: str, latitude: float, longitude: float, start: Instants) -> NDArray[np.float64]:
        """Values of a variable at each of the hours (ms, UTC) for a place. Wind in m/s."""
        low, high = LEVELS[name]
        code = self.seed * 100 + list(LEVELS).index(name) + round(latitude * 8 + longitude * 4)
        chance = noise(start, code)
        if name == "temperature_2m":
            season = np.cos(2 * np.pi * (start / HOUR / 8766 - 0.05))
            chance = 0.5 - 0.35 * season + 0.15 * (chance - 0.5)
        if name == "precipitation":
            chance = np.where(noise(start, code + 7) < DRY_OFTEN, 0.0, chance)
        return np.round(low + (high - low) * chance, 1)


class FileWeather:
    """The hours of weather files (`sync/sources/weather/files.py`), by price area."""

    def __init__(self, *paths: Path) -> None:
        self._hours: defaultdict[tuple[str, str], dict[int, float]] = defaultdict(dict)
        for parsed in open_files(paths).parts():
            for batch in parsed.batches:
                for variable in VARIABLES:
                    there = ~batch.absent.get(variable.field, np.zeros(len(batch), dtype=bool))
                    values = (column[there].tolist() for column in (batch.start, batch.columns[variable.field]))
                    self._hours[batch.series.id, variable.name].update(zip(*values, strict=True))
        self.last = max(moment for hours in self._hours.values() for moment in hours)

    def measure(self, name: str, latitude: float, longitude: float, start: Instants) -> NDArray[np.float64]:
        """Of the area whose city is near; NaN where there is none."""
        area = next((place.area for place in PLACES if place.is_near(latitude, longitude)), "")
        hours = self._hours.get((area, name), {})
        return np.array([hours.get(moment, math.nan) for moment in start.tolist()], dtype=np.float64)
