"""Documents in our collections that are not ours, of every shape that people leave there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bson import DatetimeMS, Timestamp

from sync.model.readings import Series

AT = datetime(2012, 3, 1, tzinfo=UTC)


def strays(series: Series, at: datetime = AT) -> dict[str, dict[str, Any]]:
    """Beside a series, from a time on where it has no reading, a second apart. Those without `ts`, or with another type
    of it, can only be in a regular collection."""
    found = _at_once(series, at)
    for number, stray in enumerate(found.values()):
        if isinstance(stray.get("ts"), datetime):
            stray["ts"] += timedelta(seconds=number)
    return found


def _at_once(series: Series, at: datetime) -> dict[str, dict[str, Any]]:
    ours, source = series.subdocument(), series.source
    return {
        "nothing of ours": {"test": 1},
        "no series": {"ts": at, "wh": 1, "seconds": 1800},
        "an empty series": {"ts": at, "series": {}, "wh": 1, "seconds": 1800},
        "a text": {"ts": at, "series": "abc", "wh": 1, "seconds": 1800},
        "a list": {"ts": at, "series": ["a", {"b": 1}], "wh": 1, "seconds": 1800},
        "a number": {"ts": at, "series": 7, "wh": 1, "seconds": 1800},
        "half a series": {"ts": at, "series": {"id": series.id, "source": source}, "wh": 1, "seconds": 1800},
        "one more key": {"ts": at, "series": ours | {"zone": "x"}, "wh": 1, "seconds": 1800},
        "another source": {"ts": at, "series": ours | {"source": "gas"}, "wh": 1, "seconds": 1800},
        "ours without energy": {"ts": at, "series": ours, "seconds": 1800},
        "ours without a length": {"ts": at, "series": ours, "wh": 1},
        "ours with a text": {"ts": at, "series": ours, "wh": "12", "seconds": 1800},
        "ours with another id": {"_id": "own", "ts": at, "series": ours, "wh": 1, "seconds": 1800},
        "ours with a temperature": {"ts": at, "series": ours, "temperature": 3.5},
        "ours far away": {"ts": DatetimeMS(400_000_000_000_000), "series": ours, "temperature": 3.5},
        "ours without ts": {"series": ours, "wh": 1, "seconds": 1800},
        "ours with a text for ts": {"ts": "2012-03-01", "series": ours, "wh": 1, "seconds": 1800},
        "ours with a timestamp for ts": {"ts": Timestamp(1, 1), "series": ours, "wh": 1, "seconds": 1800},
        "the public script's": {"date": "2024-01-01T00:30:00+01:00", "value": 512, "prm": "x"},
    }


def may_be_mirrored(stray: dict[str, Any]) -> bool:
    return isinstance(stray.get("ts"), datetime | DatetimeMS)
