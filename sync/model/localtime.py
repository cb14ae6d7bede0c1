"""Local days and wall-clock labels of a zone, in UTC milliseconds. A local day has 23, 24 or 25 hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

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
