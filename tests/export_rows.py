"""Readings of every source for tests of exports: all types, absent fields, flags, both changes of the clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import bson
import numpy as np
from pymongo.database import Database

from sync.export.read import Choice
from sync.model.readings import ReadingBatch, Series, energy_batch
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources import SOURCES, zone_of
from sync.store.schema import Pair, ensure_pair, own_series, pair
from sync.store.writer import PairWriter

Run = Callable[..., tuple[int, str, str]]
"""See the fixture `run`."""

PRM = "99999999999998"
SPRING = int(datetime(2024, 3, 30, 23, tzinfo=UTC).timestamp()) * 1000  # midnight in Paris, the night of 23 hours
AUTUMN = int(datetime(2024, 10, 26, 22, tzinfo=UTC).timestamp()) * 1000
HALF, HOUR = 1800, 3600


def starts(first: int, count: int, seconds: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return first + np.arange(count, dtype=np.int64) * seconds * 1000


def linky() -> list[ReadingBatch]:
    """Two flows over both changes of the clock, zeros, flags, a hole."""
    start = np.concatenate((starts(SPRING, 100, HALF), starts(AUTUMN, 104, HALF)))
    wh = np.arange(len(start)) * 7 % 50
    flags = {3: "iv:2 ec:11", 5: "res:5", 150: "clock"}
    kept = np.delete(np.arange(len(start)), [10, 11])
    both = [energy_batch(Series("linky", PRM, "consumption"), start, wh, np.full(len(start), HALF), flags)]
    own = start[kept], wh[kept] * 3, np.full(len(kept), HALF)
    return [*both, energy_batch(Series("linky", PRM, "production"), *own)]


def lcl(count: int = 60, households: int = 3) -> list[ReadingBatch]:
    wh = np.arange(count) * 3 % 400
    return [
        energy_batch(
            Series("lcl", f"MAC{number:06}", "consumption"), starts(SPRING, count, HALF), wh + number, wh * 0 + HALF
        )
        for number in range(households)
    ]


def elhub() -> list[ReadingBatch]:
    start = starts(AUTUMN, 80, HOUR)
    hours = np.arange(len(start), dtype=np.int64)
    columns = {
        "wh": hours * 2**33 - 5,
        "seconds": np.full(len(start), HOUR, np.int32),
        "updated": (AUTUMN + hours * 86_400_123).astype("datetime64[ms]"),
        "meters": hours.astype(np.int32),
    }
    absent = {"updated": hours % 3 == 0, "meters": hours % 5 == 0}
    series = [Series("elhub", "NO1", "production", group) for group in ("hydro", "other, small", 'a "b"')]
    return [ReadingBatch(each, start, columns, {0: "negative"}, absent) for each in series]


def energidata() -> list[ReadingBatch]:
    start = starts(AUTUMN, 90, HOUR)
    eur = np.round(np.sin(np.arange(90)) * 100, 2)
    eur[[4, 5]] = [-0.0, 86.789_999_999_999_99]
    columns = {"eur_mwh": eur, "dkk_mwh": eur * 7.46, "seconds": np.full(90, HOUR, np.int32)}
    prices = ReadingBatch(
        Series("energidata", "DK1", "price", "day-ahead"), start, columns, {1: "price"}, {"dkk_mwh": eur < -50}
    )
    energy = {"wh": (np.arange(90, dtype=np.int64) * 10**10), "seconds": np.full(90, HOUR, np.int32)}
    return [prices, ReadingBatch(Series("energidata", "DK1", "production", "wind"), start, energy)]


def weather() -> list[ReadingBatch]:
    start, count = starts(SPRING, 50, HOUR), 50
    chance = np.random.default_rng(1)
    names = SOURCES["weather"].fields
    columns: dict[str, Any] = {name: np.round(chance.normal(size=count) * 9, 1) for name in names}
    columns["seconds"] = np.full(count, HOUR, np.int32)
    absent = {name: chance.random(count) < 0.2 for name in names}
    absent["temperature_c"][:] = False
    return [ReadingBatch(Series("weather", "NO1", "weather", "era5"), start, columns, {}, absent)]


OF_SOURCE = {"linky": linky, "lcl": lcl, "elhub": elhub, "energidata": energidata, "weather": weather}


def stored_pair(database: Database[Any], source: str, batches: Sequence[ReadingBatch] | None = None) -> Pair:
    """A pair that holds batches, by default the ones above."""
    own = pair(database, source, DEFAULT_COLLECTIONS)
    ensure_pair(own)
    PairWriter(own).write_many(batches or OF_SOURCE[source]())
    return own


def whole(own: Pair, step: str = "reading", zone: str = "", **bounds: Any) -> Choice:
    """All readings of a pair as a choice."""
    where = ZoneInfo(zone) if zone else zone_of(own.source)
    fields = SOURCES[own.source].fields
    return Choice(own, own_series(own.source, own.record), fields, where, step=step, **bounds)


def without_ids(own: Pair) -> list[bytes]:
    """The documents of the record without their `_id`, byte for byte, by series and time."""
    found = own.record.find({}, {"_id": 0}).sort([("series", 1), ("ts", 1)])
    return [bson.encode(document) for document in found]
