"""The real two years added up by hand: plain loops over the readings of the file, the Paris clock by rule alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from tests import paris, r63

HOUR = 3600


class Local(NamedTuple):
    """A reading: start (s since the epoch, UTC), local day, local seconds of the day, Wh, length (s), average W."""

    at: int
    day: date
    second: int
    wh: int
    seconds: int
    watts: float


@lru_cache(maxsize=1)
def readings(folder: Path) -> tuple[Local, ...]:
    """Every reading of the real export."""
    found = []
    for each in r63.expected(folder):
        at = round(each.ts.timestamp())
        wall = datetime.fromisoformat(paris.wall(at))
        second = wall.hour * HOUR + wall.minute * 60
        found.append(Local(at, wall.date(), second, each.wh, each.seconds, each.wh * 3600 / each.seconds))
    return tuple(found)


def between(all_readings: Iterable[Local], first: date, end: date) -> list[Local]:
    """Those of the local days [first, end)."""
    return [each for each in all_readings if first <= each.day < end]


def by_day(some: Iterable[Local]) -> dict[date, tuple[int, int]]:
    """Local day → (Wh, covered seconds)."""
    found: dict[date, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for each in some:
        wh, seconds = found[each.day]
        found[each.day] = (wh + each.wh, seconds + each.seconds)
    return dict(found)


def length(day: date) -> int:
    """Seconds of a local day."""
    return paris.midnight(day + timedelta(days=1)) - paris.midnight(day)


def total(some: Iterable[Local]) -> int:
    """Wh."""
    return sum(each.wh for each in some)


def not_exceeded(samples: Sequence[tuple[float, int]], share: float) -> float:
    """The least W such that (W, s) samples at or below it last at least this share of the whole time."""
    whole = sum(seconds for _, seconds in samples)
    lasted = 0
    for watts, seconds in sorted(samples):
        lasted += seconds
        if lasted >= share * whole:
            return watts
    raise AssertionError("no samples")


def base_load(some: Iterable[Local]) -> float:
    """What a tenth of all the time stays below."""
    return not_exceeded([(each.watts, each.seconds) for each in some], 0.1)


def peak(some: Iterable[Local]) -> Local:
    """The strongest reading; the first of equals."""
    return max(some, key=lambda each: (each.watts, -each.at))


def half_hours(some: Iterable[Local], at_weekend: bool) -> dict[int, list[tuple[float, int]]]:
    """Half-hour of the local day (0 … 47) → (W, 1800) samples; a reading of an hour counts in both of its halves."""
    found: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for each in some:
        for half in range(each.seconds // 1800):
            wall = datetime.fromisoformat(paris.wall(each.at + half * 1800))
            if (wall.weekday() >= 5) == at_weekend:
                found[wall.hour * 2 + wall.minute // 30].append((each.watts, 1800))
    return found
