"""Readings deleted on purpose, from both sides at once: by hand in one side they would be restored from the other.

A note says first what is to go. Whatever stops the work, the next command that writes finds it and finishes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ..model import words
from ..model.clock import Clock
from ..model.errors import StoreError
from ..model.localtime import local_day, midnight
from ..model.readings import Series, instant, milliseconds, series_from
from .claims import counted
from .lease import lease_name
from .ledger import Ledger
from .schema import CARDS, END, FILES, FORGOTTEN, VERIFICATIONS, Document, Pair, own_series
from .writer import PairWriter


def forget(pair: Pair, series: Series, before: date | None, zone: ZoneInfo, clock: Clock) -> int:
    """Delete the readings of a series, or those of the local days before one; returns how many the record had.

    With them goes what the ledger, its daily totals and the notes on files know of them. Raises StoreError when some
    are still there afterwards.
    """
    until = instant(midnight(before, zone)) if before else END
    note = {"source": pair.source, "series": series.subdocument(), "before": until}
    key = {"_id": lease_name(pair.mirror, series)}
    pair.record.database[FORGOTTEN].replace_one(key, key | note, upsert=True)
    return _finish(pair, series, until, zone, clock)


def finish_forgetting(pair: Pair, zone: ZoneInfo, clock: Clock, tell: Callable[[str], None]) -> None:
    """What an earlier command began to forget and could not finish."""
    for note in pair.record.database[FORGOTTEN].find({"source": pair.source}):
        if series := series_from(note["series"]):
            count = _finish(pair, series, note["before"], zone, clock)
            tell(f"finished forgetting {series.label}: {words.counted(count, 'reading')}")


def _finish(pair: Pair, series: Series, until: datetime, zone: ZoneInfo, clock: Clock) -> int:
    database = pair.record.database
    readings: Document = series.query() | {"ts": {"$lt": until}, "seconds": {"$type": "number"}}
    count = pair.record.delete_many(readings).deleted_count
    PairWriter(pair, clock).rewrite_mirror(series)
    before = None if until == END else local_day(milliseconds(until), zone)
    ledger = Ledger(database)
    ledger.forget(series, before)
    shared = [claim for claim in ledger.claims(pair.source, zone) if series.key in claim.series]
    for claim, left in zip(shared, counted(pair, shared), strict=True):
        ledger.recount(series, claim.of, left)
    database[FILES].delete_many({"source": pair.source, "held": {"$elemMatch": {"0": series.key}}})
    database[VERIFICATIONS].delete_one({"_id": pair.source})
    database[CARDS].delete_many({"_id.series": series.key})
    _refuse_left(pair, series, readings)
    database[FORGOTTEN].delete_one({"_id": lease_name(pair.mirror, series)})
    return count


def _refuse_left(pair: Pair, series: Series, readings: Document) -> None:
    ids = {each["_id"] for each in pair.mirror.find(series.query()) if each["ts"] < readings["ts"]["$lt"]}
    foreign = {each["_id"] for each in pair.mirror.find(series.query() | {"seconds": {"$not": {"$type": "number"}}})}
    if left := pair.record.count_documents(readings) + len(ids - foreign):
        raise StoreError(
            f"{words.counted(left, 'reading')} of {series.label} still there: is something else writing them? "
            "Run the same again"
        )


def chosen(pair: Pair, words: str) -> list[Series]:
    """Stored series whose names hold all these words: id (of a meter also its last four digits), flow, group."""
    asked = set(words.replace("…", "").split())
    found = []
    for series in own_series(pair.source, pair.record, pair.mirror):
        names = {series.source, series.id, series.shown_id.lstrip("…"), series.flow, series.group}
        if asked and asked <= names:
            found.append(series)
    return found
