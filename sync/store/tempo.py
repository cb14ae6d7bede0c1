"""The colours of Tempo days as they are stored: a document a day, `{_id: "2025-01-15", colour: "red", at}`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.database import Database

from .ledger import readable

TEMPO_DAYS = "tempo_days"


def stored_colours(database: Database[Any]) -> dict[date, str]:
    """Tempo day → colour, by day. What cannot be read is named and counts as not there."""
    return dict(sorted(readable(database[TEMPO_DAYS], {}, _day)))


def store_colours(database: Database[Any], colours: Mapping[date, str], now: datetime) -> None:
    """Write the colours of days; one that is stored with another is replaced."""
    writes = [
        UpdateOne({"_id": day.isoformat()}, {"$set": {"colour": colour, "at": now}}, upsert=True)
        for day, colour in sorted(colours.items())
    ]
    if writes:
        database[TEMPO_DAYS].bulk_write(writes, ordered=False)


def _day(found: dict[str, Any]) -> tuple[date, str]:
    colour = found["colour"]
    if not isinstance(colour, str):
        raise TypeError("colour")
    return date.fromisoformat(found["_id"]), colour
