"""Events put into real homes, to count which of them the tests of the insight notice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sync.insight.grid import SLOTS, Real
from sync.insight.unusual import A_YEAR, OFTEN, RATES, TESTS, alarms, day_base, messages, worth_telling

Inject = Callable[[Real, int, np.random.Generator], None]
"""Changes one home, [days, 48] Wh, from a day on."""
NOTICED = 21  # days in which a message counts for an event


def base(watts: float) -> Inject:
    """Something that runs from now on."""

    def inject(wh: Real, day: int, _: np.random.Generator) -> None:
        wh[day:] += watts / 2

    return inject


def away(wh: Real, day: int, random: np.random.Generator) -> None:
    """Five days of nothing but the base."""
    quiet = day_base(wh[None, day - 7 : day])[0]
    wh[day : day + 5] = np.where(
        np.isfinite(wh[day : day + 5]), np.nanmedian(quiet) * random.uniform(0.9, 1.1, (5, SLOTS)), np.nan
    )


def stuck(wh: Real, day: int, random: np.random.Generator) -> None:
    """A value that stays for twelve hours."""
    line, start = wh.reshape(-1), day * SLOTS + int(random.integers(24))
    while not line[start] > 0:
        start += 1
    line[start : start + 24] = line[start]


def lump(wh: Real, day: int, random: np.random.Generator) -> None:
    """Twelve hours missing, and then their energy at once."""
    line, start = wh.reshape(-1), day * SLOTS + int(random.integers(24))
    line[start + 24] = np.nansum(line[start : start + 25])
    line[start : start + 24] = np.nan


def car(wh: Real, day: int, _: np.random.Generator) -> None:
    """Three nights a week of four hours at 3.7 kW."""
    for night in range(day, min(day + 42, len(wh))):
        if (night - day) % 7 in (0, 2, 4):
            wh[night, 2:10] += 1850


def left_on(watts: float, hours: int) -> Inject:
    """Something that runs for some hours, whenever that begins."""

    def inject(wh: Real, day: int, random: np.random.Generator) -> None:
        line, start = wh.reshape(-1), day * SLOTS + int(random.integers(SLOTS))
        line[start : start + 2 * hours] += watts / 2

    return inject


def clock(wh: Real, day: int, random: np.random.Generator) -> None:
    """An hour early or late, from now on."""
    line = wh.reshape(-1)
    line[day * SLOTS :] = np.roll(line[day * SLOTS :], int(random.choice([-2, 2])))


EVENTS: dict[str, Inject] = {
    "base +50 W": base(50),
    "base +100 W": base(100),
    "base +200 W": base(200),
    "away 5 d": away,
    "stuck 12 h": stuck,
    "lump": lump,
    "car": car,
    "left on 1 kW 10 h": left_on(1000, 10),
    "left on 0.3 kW 48 h": left_on(300, 48),
    "clock 1 h": clock,
}


def injected(wh: Real, inject: Inject, seed: int) -> tuple[Real, list[int]]:
    """A copy of the homes with one event each, and on which day."""
    random, changed, days = np.random.default_rng(seed), wh.copy(), []
    for home in changed:
        day = int(random.integers(90, wh.shape[1] - NOTICED - 5))
        inject(home, day, random)
        days.append(day)
    return changed, days


TEST_OF = {
    "base +100 W": ("base", 90.0),
    "away 5 d": ("away", 85.0),
    "stuck 12 h": ("stuck", 95.0),
    "lump": ("lump", 80.0),
    "car": ("night", 95.0),
    "left on 1 kW 10 h": ("held", 60.0),
    "clock 1 h": ("clock", 65.0),
}
"""Event → the test made for it, and how many of a hundred it must notice."""


def recall(wh: Real, event: str, seed: int = 5) -> float:
    """Of a hundred events how many their own test notices, at the score that homes pass twice a year by themselves."""
    changed, days = injected(wh, EVENTS[event], seed)
    test = TEST_OF[event][0]
    told = alarms(worth_telling(test, TESTS[test](changed)), _often(test))
    return float(100 * np.mean([_is_noticed(found, day) for found, day in zip(told, days, strict=True)]))


def recall_of_messages(wh: Real, event: str, a_year: float, seed: int = 5) -> float:
    """The same of all tests together with a budget of messages."""
    changed, days = injected(wh, EVENTS[event], seed)
    told = [[message.day for message in messages(home, a_year)] for home in changed]
    return float(100 * np.mean([_is_noticed(found, day) for found, day in zip(told, days, strict=True)]))


def false_alarms(wh: Real, test: str) -> float:
    """A year and home, where nothing was put in."""
    told = alarms(worth_telling(test, TESTS[test](wh)), _often(test))
    return sum(map(len, told)) / len(wh) * 365 / wh.shape[1]


def _often(test: str) -> float:
    return RATES[test][A_YEAR.index(OFTEN)]


def _is_noticed(told: list[int], day: int) -> bool:
    return any(day <= found < day + NOTICED for found in told)
