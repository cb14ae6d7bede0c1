"""A generated household: what a meter of a French home with electric heating and a solar roof would have recorded.

Everything is a function of (seed, local day): the same day has the same values in every run and on every machine,
whatever was asked before. Nothing of it was measured; the usage points of `household_prm` say so by their numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from random import Random

from ..model.localtime import PARIS, day_seconds, midnight

HOUSEHOLD_PRM = "99999999999999"
"""Usage point of the first generated meter: the number Enedis' own examples use for a meter that does not exist."""

STEP_SECONDS = 1800
CONTRACT_W = 9000
LATITUDE = math.radians(47.2)
LONGITUDE_HOURS = 2.35 / 15  # the sun at 2.35° E is this much ahead of UTC
PANELS_W = 2550


def household_prm(index: int) -> str:
    """Usage point of the generated meter `index` (0, 1, …): 99999999999999, 99999999999998 and so on."""
    return str(int(HOUSEHOLD_PRM) - index)


@dataclass(frozen=True, slots=True)
class HouseholdDay:
    """One Paris local day: average W per half-hour, even integers, in order of time (46, 48 or 50 of each)."""

    consumption: tuple[int, ...]
    production: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Household:
    """A home of about 100 m². Consumption is what the grid delivers, production what the roof has left over."""

    seed: int = 0

    def day(self, day: date) -> HouseholdDay:
        """The half-hours of a Paris local day, about 0.2 ms."""
        front = Random(f"{self.seed}:{day.toordinal() // 4}").random() - 0.5  # °C and clouds stay for some days
        chance = Random(f"{self.seed}:{day}")
        year = 2 * math.pi * day.timetuple().tm_yday / 365.25
        mean = 12.3 - 8 * math.cos(year - 0.35) + 9 * front + 2 * chance.random()
        cloud = chance.random()
        wake, dinner = chance.gauss(9 if day.weekday() >= 5 else 7.1, 0.3), chance.gauss(19.6, 0.3)
        bought, sold = [], []
        for hour, clear in _sky(day):
            # People, sun and appliances give the first three degrees.
            outside = mean + (6 - 4 * cloud) * math.cos(2 * math.pi * (hour - 15) / 24)
            heating = max(0.0, (16 if 6 <= hour < 22.5 else 14) - outside) * 125
            active = 850 * _top(hour - wake, 0.7) + 600 * _top(hour - 12.6, 0.6) + 1300 * _top(hour - dinner, 1.5)
            tank = 2200 if 0.5 <= hour < 2.5 else 0
            fridge = 75 if chance.random() < 0.45 else 15
            load = 130 + fridge + tank + (0.7 + 0.6 * chance.random()) * (active + heating)
            power, sun = min(load, CONTRACT_W - 100), clear * (1 - cloud * (0.6 + 0.3 * chance.random()))
            # Clouds and appliances come and go within a half-hour: a part of the sun is always sold, and bought again.
            used = 0.9 * min(power, sun)
            bought.append(2 * round((power - used) / 2))
            sold.append(2 * round((sun - used) / 2))
        return HouseholdDay(tuple(bought), tuple(sold))


def _top(hours: float, width: float) -> float:
    return math.exp(-((hours / width) ** 2) / 2)


@lru_cache(maxsize=2048)
def _sky(day: date) -> list[tuple[float, float]]:
    """Of each half-hour the wall-clock hour of its start, and W of the roof under a clear sky."""
    tilt = -math.radians(23.44) * math.cos(2 * math.pi * (day.timetuple().tm_yday + 10) / 365.25)
    found = []
    for start in range(midnight(day) // 1000, midnight(day) // 1000 + day_seconds(day), STEP_SECONDS):
        wall = datetime.fromtimestamp(start, PARIS)
        turn = ((start % 86_400) / 3600 + 0.25 + LONGITUDE_HOURS - 12) * math.pi / 12
        height = math.sin(LATITUDE) * math.sin(tilt) + math.cos(LATITUDE) * math.cos(tilt) * math.cos(turn)
        found.append((wall.hour + wall.minute / 60, PANELS_W * float(max(0.0, height) ** 1.2)))
    return found


@lru_cache(maxsize=2048)
def labels(day: date) -> list[str]:
    """End labels of the half-hours of a local day, as a meter writes them: Paris wall clock without offset.

    `2024-05-01 00:30:00` … `2024-05-02 00:00:00`; the doubled October hour gives 02:00 … 02:30 twice.
    """
    first = midnight(day) // 1000
    ends = range(first + STEP_SECONDS, first + day_seconds(day) + 1, STEP_SECONDS)
    return [f"{datetime.fromtimestamp(end, UTC).astimezone(PARIS):%Y-%m-%d %H:%M:%S}" for end in ends]
