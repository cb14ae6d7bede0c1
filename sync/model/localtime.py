"""Local days and wall-clock labels of a zone, in UTC milliseconds. A local day has 23, 24 or 25 hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

PARIS = ZoneInfo("Europe/Paris")


@lru_cache(maxsize=4096)
def midnight(day: date, zone: ZoneInfo = PARIS) -> int:
    """First instant of a local day, ms since the epoch."""
    return int(datetime.combine(day, time(), zone).timestamp()) * 1000


def day_seconds(day: date, zone: ZoneInfo = PARIS) -> int:
    """Length of a local day: 82,800, 86,400 or 90,000 s in Europe."""
    return (midnight(day + timedelta(days=1), zone) - midnight(day, zone)) // 1000


def local_day(instant_ms: int, zone: ZoneInfo = PARIS) -> date:
    """The local day in which an instant lies."""
    return datetime.fromtimestamp(instant_ms // 1000, zone).date()


def days(first: date, end: date) -> Iterator[date]:
    """Every day of `[first, end)`."""
    for offset in range((end - first).days):
        yield first + timedelta(days=offset)


def wall_clock_instants(label: datetime, zone: ZoneInfo = PARIS) -> tuple[int, ...]:
    """The instants (ms) a naive wall-clock label can mean: none in the spring gap, two in the autumn hour, else one."""
    found = []
    for fold in (0, 1):
        aware = label.replace(tzinfo=zone, fold=fold)
        utc = aware.astimezone(UTC)
        # A label inside the spring gap names no instant: it does not survive the way to UTC and back.
        if utc.astimezone(zone).replace(tzinfo=None) == label.replace(fold=0):
            moment = int(utc.timestamp()) * 1000
            if moment not in found:
                found.append(moment)
    return tuple(found)


def offsets(instants_ms: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """How far the clock of a zone is ahead of UTC at each instant, ms."""
    if not len(instants_ms):
        return np.zeros(0, np.int64)
    years = [datetime.fromtimestamp(int(edge) // 1000, UTC).year for edge in (instants_ms.min(), instants_ms.max())]
    changes = [change for year in range(years[0], years[1] + 1) for change in _changes(year, zone)]
    edges, ahead = (np.array(column, dtype=np.int64) for column in zip(*changes, strict=True))
    found: NDArray[np.int64] = ahead[np.searchsorted(edges, instants_ms, side="right") - 1]
    return found


@lru_cache(maxsize=512)
def _changes(year: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    """(instant, offset from then on) of a UTC year, ms: its beginning, and each change to the minute."""

    def offset(minute: int) -> int:
        there = datetime.fromtimestamp(minute * 60, UTC).astimezone(zone).utcoffset()
        return round(there.total_seconds() * 1000) if there is not None else 0

    first, end = (int(datetime(each, 1, 1, tzinfo=UTC).timestamp()) // 60 for each in (year, year + 1))
    found = [(first * 60_000, offset(first))]
    for low in range(first, end, 1440):
        if offset(high := min(low + 1440, end)) != offset(low):
            begin, low_offset = low, offset(low)
            while high - begin > 1:
                middle = (begin + high) // 2
                begin, high = (middle, high) if offset(middle) == low_offset else (begin, middle)
            found.append((high * 60_000, offset(high)))
    return found
