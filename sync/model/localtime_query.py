"""Local time inside aggregations, as plain arithmetic: `$dateTrunc` with a zone looks each reading up (5 times slower).

Within a period the offset of a zone changes at a few known instants; between them local time is UTC and a constant.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DAY_MS = 86_400_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STEP = timedelta(days=1)


def offset_changes(zone: ZoneInfo, start: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """(instant, ms that local time is ahead of UTC before it) of each change in `(start, end)`, UTC, oldest first."""
    found = []
    while start < end:
        following = min(start + STEP, end)
        if _offset(start, zone) != _offset(following, zone):
            low, high = start, following
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if _offset(middle, zone) == _offset(start, zone) else (low, middle)
            found.append((high.replace(microsecond=0), _offset(start, zone)))
        start = following
    return found


def local_ms(zone: ZoneInfo, start: datetime, end: datetime) -> dict[str, Any]:
    """An expression: `$ts` as the wall clock of a zone shows it, ms since 1970-01-01 00:00 on that clock.

    Right for every `ts` in `[start, end)`. An hour shown twice has the same values twice.
    """
    last = _offset(end - timedelta(seconds=1), zone)
    branches = [{"case": {"$lt": ["$ts", at]}, "then": ahead} for at, ahead in offset_changes(zone, start, end)]
    ahead = {"$switch": {"branches": branches, "default": last}} if branches else last
    return {"$add": [{"$subtract": ["$ts", EPOCH]}, ahead]}


def _offset(moment: datetime, zone: ZoneInfo) -> int:
    ahead = moment.astimezone(zone).utcoffset() or timedelta()
    return round(ahead.total_seconds() * 1000)
