"""The same readings into every form: the record is copied once, all other forms are filled from that copy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from ..model.readings import Series, series_from
from ..store.bson_columns import RAW
from ..store.schema import Document
from ..store.verify import series_of
from .forms import ORDERS, RECORD, Form, create, scratch

BATCH = 10_000  # documents in one insert
CAP = 500_000  # readings; more would keep a small server busy for long and say nothing new

Share = list[tuple[Series, int]]
"""Series that take part, each with the number of its readings, counted from its newest one."""


def share_of(record: Collection[Document], cap: int) -> Share:
    """Whole series in the order of their keys while the cap allows, then the newest readings of the next."""
    share: Share = []
    left = cap
    named = [series for entry in series_of(record) if (series := series_from(entry))]
    for series in sorted(named, key=lambda series: series.key):
        if left <= 0:
            break
        count = min(left, record.count_documents(series.query()))
        share.append((series, count))
        left -= count
    return share


def copy_record(record: Collection[Document], share: Share, meanwhile: Callable[[], None]) -> tuple[int, float]:
    """Fill the scratch of the record's own form. Returns readings, and the seconds that inserting took."""
    return _insert(create(record.database, RECORD), _shared(record, share), meanwhile)


def fill(database: Database[Document], form: Form, share: Share, meanwhile: Callable[[], None]) -> tuple[int, float]:
    """Fill the scratch of another form from the copy of the record; `meanwhile` is called before each batch."""
    return _insert(create(database, form), _copied(database, form, share), meanwhile)


def _shared(record: Collection[Document], share: Share) -> Iterator[RawBSONDocument]:
    raw: Collection[Any] = record.with_options(codec_options=RAW)
    for series, count in share:
        query: Document = series.query()
        earlier = record.count_documents(query) - count
        if earlier > 0:
            first = next(record.find(query, {"ts": 1}).sort("ts", ASCENDING).skip(earlier).limit(1))
            query = query | {"ts": {"$gte": first["ts"]}}
        yield from raw.find(query).sort("ts", ASCENDING)


def _copied(database: Database[Document], form: Form, share: Share) -> Iterator[RawBSONDocument]:
    """One series after the other, as a loader writes them: the unique key of the copy serves either order."""
    raw: Collection[Any] = scratch(database, RECORD).with_options(codec_options=RAW)
    for series, _ in share:
        yield from raw.find(series.query()).sort("ts", ORDERS[form.order])


def _insert(
    made: Collection[Document], documents: Iterator[RawBSONDocument], meanwhile: Callable[[], None]
) -> tuple[int, float]:
    """Batches as the loader writes them. Only the inserts are timed, not the reading of what they hold."""
    into: Collection[Any] = made.with_options(codec_options=RAW)
    count, seconds = 0, 0.0
    while part := list(islice(documents, BATCH)):
        meanwhile()
        began = time.perf_counter()
        into.insert_many(part, ordered=False)
        seconds += time.perf_counter() - began
        count += len(part)
    return count, seconds
