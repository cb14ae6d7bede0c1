"""Energy of readings by local day and part of the day.

The parts of a day lie between the minutes at which any tariff may change its price. A reading that lies in several
parts is shared out in proportion to time: the meter says no more than its sum.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from .model import DAY, Tariff

Energy = int | Fraction
"""Wh, exact."""
DayParts = Mapping[date, Mapping[int, Energy]]
"""Local day → first minute of a part → Wh. A day or part without readings is absent."""

MINUTE = 60


def parts_of_day(tariffs: Iterable[Tariff]) -> tuple[int, ...]:
    """First minutes of the parts of a day, sorted, beginning with 0."""
    return tuple(sorted(frozenset({0}).union(*(tariff.edges for tariff in tariffs))))


def part_at(parts: tuple[int, ...], minute: int) -> int:
    """First minute of the part in which a minute of the day lies."""
    return parts[bisect_right(parts, minute) - 1]


def shares(start: int, seconds: int, parts: tuple[int, ...], zone: ZoneInfo) -> Iterator[tuple[date, int, int]]:
    """(local day, first minute of the part, seconds) of an interval that begins at `start` (s since the epoch).

    By the wall clock: an hour that is shown twice belongs to the same part twice, a skipped one to none.
    """
    end = start + seconds
    while start < end:
        local = datetime.fromtimestamp(start, zone)
        minute = local.hour * 60 + local.minute
        part = part_at(parts, minute)
        following = next((edge for edge in parts if edge > part), DAY)
        until = start + (following - minute) * MINUTE - local.second
        if _offset(min(until, end) - 1, zone) != local.utcoffset():
            until = _change(start, min(until, end), zone)
        until = min(until, end)
        yield local.date(), part, until - start
        start = until


def add_reading(
    found: defaultdict[date, defaultdict[int, Energy]],
    reading: tuple[int, int, int],
    parts: tuple[int, ...],
    zone: ZoneInfo,
) -> bool:
    """Add a reading (start in s since the epoch, seconds, Wh) to the parts in which it lies; True if it was shared."""
    start, seconds, wh = reading
    places: defaultdict[tuple[date, int], int] = defaultdict(int)
    for day, part, share in shares(start, seconds, parts, zone):
        places[day, part] += share
    for (day, part), share in places.items():
        found[day][part] += wh if share == seconds else Fraction(wh * share, seconds)
    return len(places) > 1


def _offset(instant: int, zone: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(instant, zone).utcoffset()


def _change(start: int, end: int, zone: ZoneInfo) -> int:
    """The first instant in (start, end) with another offset than `start` has, found by halving."""
    before = datetime.fromtimestamp(start, UTC).astimezone(zone).utcoffset()
    while end - start > 1:
        middle = (start + end) // 2
        if _offset(middle, zone) == before:
            start = middle
        else:
            end = middle
    return end
