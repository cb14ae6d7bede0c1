"""Readings of many series for tests of large loads: invented, the same for the same arguments."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import bson
import numpy as np
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.collection import Collection

from sync.model.readings import ReadingBatch, Series, energy_batch
from sync.store.schema import Pair

START = int(datetime(2012, 1, 1, tzinfo=UTC).timestamp()) * 1000  # the years of the London data
HALF = 1800
RAW: CodecOptions[Any] = CodecOptions(document_class=RawBSONDocument)
ID = slice(9, 21)  # where the bytes of `_id` lie


def household(number: int, count: int, first: int = 0) -> ReadingBatch:
    """Half-hours of one household, from `first` half-hours after the start of 2012 on."""
    chance = np.random.default_rng(number)
    wh = chance.gamma(1.2, 180, first + count).astype(np.int64)[first:]
    start = START + np.arange(first, first + count, dtype=np.int64) * HALF * 1000
    return energy_batch(Series("lcl", f"MAC{number:06d}", "consumption"), start, wh, np.full(count, HALF))


def area(number: int, count: int, first: int = 0) -> ReadingBatch:
    """Hours of a group of an area: four BSON types, absent fields, flags."""
    rate, few, many, some = (np.random.default_rng([number, each]).random(first + count)[first:] for each in range(4))
    hours = np.arange(first, first + count, dtype=np.int64)
    columns = {
        "wh": hours * 2**33 + number,
        "seconds": np.full(count, 3600, np.int32),
        "updated": (START + hours * 1000).astype("datetime64[ms]"),
        "meters": hours.astype(np.int32),
        "eur_mwh": np.round(rate * 90 - 20, 2),
    }
    absent = {"meters": few < 0.2, "eur_mwh": many < 0.5}
    flags = {index: "negative" if index % 2 else "rounded" for index in np.flatnonzero(some < 0.01).tolist()}
    series = Series("elhub", f"NO{number}", "consumption", "household")
    return ReadingBatch(series, START + hours * 3600 * 1000, columns, flags, absent)


def stored(side: Collection[Any]) -> list[bytes]:
    """The bytes of all documents without their `_id`, by series and time."""
    key = [("series", 1), ("ts", 1)]
    found = side.with_options(codec_options=RAW).find().sort(key).allow_disk_use(True)
    return [bytes(document.raw[: ID.start]) + bytes(document.raw[ID.stop :]) for document in found]


def documents(side: Collection[Any]) -> dict[Any, dict[str, Any]]:
    """The documents of a side by `_id`, none of which comes twice."""
    found = list(side.find())
    by_id = {document["_id"]: document for document in found}
    assert len(by_id) == len(found)
    return by_id


def assert_same_sides(pair: Pair) -> None:
    """Both sides hold the same documents; asked of the server alone, not of our own `verify`."""
    assert documents(pair.mirror) == documents(pair.record)


def expected(batches: list[ReadingBatch]) -> list[bytes]:
    """What `stored` gives for these batches, spelled by `ReadingBatch.document` and the driver."""
    found = {}
    for batch in batches:
        for index, start in enumerate(batch.start.tolist()):
            raw = bson.encode(batch.document(index, bson.ObjectId()))
            found[batch.series.flow, batch.series.group, batch.series.id, batch.series.source, start] = raw
    return [found[key][: ID.start] + found[key][ID.stop :] for key in sorted(found)]
