"""A generated household: what a meter of a French home with electric heating and a solar roof would have recorded.

Everything is a function of (seed, local day): the same day has the same values in every run and on every machine,
whatever was asked before. Nothing of it was measured; the usage points of `household_prm` say so by their numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from random import Random

from ..model.localtime import PARIS, day_seconds, midnight

HOUSEHOLD_PRM = "99999999999999"
"""Usage point of the first generated meter: the number Enedis' own examples use for a meter that does not exist."""

STEP_SECONDS = 1800
CONTRACT_W = 9000
LATITUDE = math.radians(47.2)
LONGITUDE_HOURS = 2.35 / 15  # the sun at 2.35° E is this much ahead of UTC
PANELS_W = 3000


def household_prm(index: int) -> str:
    """Usage point of the generated meter `index` (0, 1, …): 99999999999999, 99999999999998 and so on."""
    return str(int(HOUSEHOLD_PRM) - index)


@dataclass(frozen=True, slots=True)
class HouseholdDay:
    """One Paris local day: average W per half-hour, even integers, in order of time (46, 48 or 50 of each)."""

    consumption: tuple[int, ...]
    production: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Weather:
    mean: float  # °C
    swing: float  # °C between the mean and the afternoon
    cloud: float  # 0 clear … 1 overcast


class Household:
    """A home of about 100 m². Consumption is what the grid delivers, production what the roof has left over."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def day(self, day: date) -> HouseholdDay:
        """The half-hours of a Paris local day, about 0.2 ms."""
        chance = Random(f"{self.seed}:{day.isoformat()}")
        weather = self._weather(day)
        away = self._away(day)
        load = _Load(chance, day, weather, away)
        first = midnight(day)
        ordinary = day_seconds(day) == 86_400
        bought, sold = [], []
        for index in range(day_seconds(day) // STEP_SECONDS):
            start = first // 1000 + index * STEP_SECONDS
            hour = index / 2 if ordinary else _wall_hour(start)
            power = min(load.at(hour), CONTRACT_W - 100)
            sun = _sun(start, day, weather, chance)
            # Clouds and appliances come and go within a half-hour: a part of the sun is always sold, and bought again.
            used = 0.9 * min(power, sun)
            bought.append(2 * round((power - used) / 2))
            sold.append(2 * round((sun - used) / 2))
        return HouseholdDay(tuple(bought), tuple(sold))

    def _weather(self, day: date) -> _Weather:
        season = math.cos(2 * math.pi * (day.timetuple().tm_yday - 20) / 365.25)
        front = self._drift("front", day, 4)
        cloud = 0.5 + 0.15 * season + 0.75 * self._drift("cloud", day, 2)
        cloud = min(max(cloud, 0.0), 1.0)
        mean = 12.3 - 8.0 * season + 9.0 * front + 2.0 * (self._uniform("day", day.toordinal()) - 0.5)
        return _Weather(mean, 2.0 + 4.0 * (1 - cloud), cloud)

    def _away(self, day: date) -> bool:
        """Holidays run from Saturday to Friday, mostly in August and at Christmas."""
        week = (day.toordinal() + 1) // 7
        likely = 0.02
        if (7, 20) <= (day.month, day.day) <= (8, 25):
            likely = 0.35
        elif (day.month, day.day) >= (12, 22) or (day.month, day.day) <= (1, 2):
            likely = 0.3
        elif day.month in {2, 4}:
            likely = 0.1
        return self._uniform("away", week) < likely

    def _drift(self, name: str, day: date, every: int) -> float:
        """A slow change between -0.5 and 0.5, with a fresh value every so many days."""
        number, part = divmod(day.toordinal(), every)
        before, after = self._uniform(name, number), self._uniform(name, number + 1)
        return before + (after - before) * part / every - 0.5

    def _uniform(self, name: str, number: int) -> float:
        return _uniform(f"{self.seed}:{name}:{number}")


@lru_cache(maxsize=65_536)
def _uniform(text: str) -> float:
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest(), "big") / 2**48


class _Load:
    """What the home draws in one day, as a function of the wall-clock hour."""

    def __init__(self, chance: Random, day: date, weather: _Weather, away: bool) -> None:
        self.chance = chance
        self.weather = weather
        self.away = away
        weekend = day.weekday() >= 5
        dark = max(0.0, math.cos(2 * math.pi * (day.timetuple().tm_yday + 10) / 365.25))
        wake = (9.0 if weekend else 7.1) + chance.random() - 0.5
        # Peaks of the day: hour of the top, width in hours, W at the top.
        self.peaks = [
            (wake, 0.7, 700 + 300 * chance.random()),
            (12.6, 0.6, (1000 if weekend else 250) * (0.6 + 0.8 * chance.random())),
            (19.6 + chance.random() - 0.5, 1.5, 900 + 350 * dark + 500 * chance.random()),
            (15.5, 2.5, (350 if weekend else 80) * chance.random()),
        ]
        self.washing = 9.5 + 8 * chance.random() if chance.random() < (0.6 if weekend else 0.25) else None
        cold = max(0.0, 15 - weather.mean) / 15
        self.tank_hours = 1.6 + 1.0 * cold + 1.2 * chance.random()

    def at(self, hour: float) -> float:
        """W of the half-hour that begins at this wall-clock hour."""
        fridge = 75 if self.chance.random() < 0.45 else 15
        if self.away:
            return 70 + fridge + self._heating(hour, 11.0)
        active = sum(top * math.exp(-(((hour + 0.25 - middle) / width) ** 2) / 2) for middle, width, top in self.peaks)
        if self.washing is not None and 0 <= hour - self.washing < 1.5:
            active += 900
        active *= 0.7 + 0.6 * self.chance.random()
        comfort = 19.0 if 6 <= hour < 22.5 else 17.0
        tank = 2200 * min(max(self.tank_hours - (hour - 0.5), 0.0), 0.5) * 2 if hour >= 0.5 else 0.0
        return 130 + fridge + active + tank + self._heating(hour, comfort)

    def _heating(self, hour: float, comfort: float) -> float:
        outside = self.weather.mean + self.weather.swing * math.cos(2 * math.pi * (hour - 15) / 24)
        # People, sun and appliances give the first three degrees.
        need = max(0.0, comfort - 3 - outside) * 125
        return min(need * (0.85 + 0.3 * self.chance.random()), 5500)


def _sun(start: int, day: date, weather: _Weather, chance: Random) -> float:
    """W of the roof in the half-hour that begins at `start` (s since the epoch)."""
    turn = ((start % 86_400) / 3600 + 0.25 + LONGITUDE_HOURS - 12) * math.pi / 12
    tilt = -math.radians(23.44) * math.cos(2 * math.pi * (day.timetuple().tm_yday + 10) / 365.25)
    height = math.sin(LATITUDE) * math.sin(tilt) + math.cos(LATITUDE) * math.cos(tilt) * math.cos(turn)
    if height <= 0:
        return 0.0
    passing = 1 - weather.cloud * 0.5 * chance.random()
    return PANELS_W * 0.85 * float(height**1.2) * (1 - 0.8 * weather.cloud**2) * passing


def _wall_hour(start: int) -> float:
    wall = datetime.fromtimestamp(start, PARIS)
    return wall.hour + wall.minute / 60


def labels(day: date) -> list[str]:
    """End labels of the half-hours of a local day, as a meter writes them: Paris wall clock without offset.

    `2024-05-01 00:30:00` … `2024-05-02 00:00:00`; the doubled October hour gives 02:00 … 02:30 twice.
    """
    if day_seconds(day) == 86_400:
        return [f"{day} {time}" for time in _HALF_HOURS] + [f"{day + timedelta(days=1)} 00:00:00"]
    first = midnight(day) // 1000
    ends = range(first + STEP_SECONDS, first + day_seconds(day) + 1, STEP_SECONDS)
    return [f"{datetime.fromtimestamp(end, UTC).astimezone(PARIS):%Y-%m-%d %H:%M:%S}" for end in ends]


_HALF_HOURS = [f"{index // 2:02d}:{index % 2 * 30:02d}:00" for index in range(1, 48)]
