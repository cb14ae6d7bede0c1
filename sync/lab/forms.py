"""The forms the lab compares, and their scratch collections: beside the user's own, under names of our own alone.

The same readings go into every form: the record is copied once, all other forms are filled from that copy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.database import Database

from ..model.errors import UsageError
from ..model.readings import Series, series_from
from ..store.bson_columns import RAW
from ..store.schema import KEY, TIMESERIES, Document, Pair, ensure_key, series_of

PREFIX = "lab_scratch_"
MARKER = PREFIX + "checkpoint"
LEAN, SERIES = ("packed", "clustered"), "series"
"""Leaner ordinary forms, measured beside other engines (`engines.mongodb`), and what names their series' numbers."""
LEASE, LEASE_SECONDS = "lab", 120
GRANULARITIES = ("seconds", "minutes", "hours")  # the first is the server's default
ORDERS = {"oldest": ASCENDING, "newest": DESCENDING}
BATCH = 10_000  # documents in one insert
CAP = 500_000  # readings; more would keep a small server busy for long and say nothing new

Share = list[tuple[Series, int]]
"""Series that take part, each with the number of its readings, counted from its newest one."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to store the readings.

    granularity: of a time-series collection, empty for a regular one; order: `oldest` or `newest` reading first, within
    each series; index: whether it carries the compound index {series, ts}.
    """

    granularity: str = ""
    order: str = "oldest"
    index: bool = True

    @property
    def is_timeseries(self) -> bool:
        return bool(self.granularity)

    @property
    def name(self) -> str:
        """`hours_oldest_index`, `regular_oldest_plain`."""
        return f"{self.granularity or 'regular'}_{self.order}_{'index' if self.index else 'plain'}"


RECORD = Form()
"""As this tool keeps the record; also what every other form is copied from, so that all hold the same readings."""
MIRROR = Form(TIMESERIES["granularity"])
"""As this tool keeps the mirror."""
TRAP = Form(GRANULARITIES[0])
"""What a time-series collection is when nobody chooses a granularity."""
FORMS = (
    RECORD,
    Form(index=False),
    *(Form(granularity, order, index) for granularity, order, index in product(GRANULARITIES, ORDERS, (True, False))),
)


def scratch(database: Database[Document], form: Form) -> Collection[Document]:
    """The scratch collection of a form, whether or not it exists."""
    return database[PREFIX + form.name]


def create(database: Database[Document], form: Form) -> Collection[Document]:
    """Make the empty scratch collection of a form; the key of the record's is made unique by `copy_record`."""
    name = PREFIX + form.name
    if not form.is_timeseries:
        made = database.create_collection(name)
        if form.index:
            ensure_key(_own_pair(database), loading=True)
        return made
    made = database.create_collection(name, timeseries=TIMESERIES | {"granularity": form.granularity})
    made.drop_indexes()  # servers from 6.3 make one by themselves
    if form.index:
        made.create_indexes([IndexModel(KEY)])
    return made


def _own_pair(database: Database[Document]) -> Pair:
    """The scratch of both forms that we keep."""
    return Pair(PREFIX, scratch(database, RECORD), scratch(database, MIRROR))


def scratch_names(database: Database[Document]) -> list[str]:
    """The scratch collections that exist."""
    lean = [f"{PREFIX}{name}{end}" for name in LEAN for end in ("", f"_{SERIES}")]
    names = [MARKER, *(PREFIX + form.name for form in FORMS), *lean]
    return sorted(database.list_collection_names(filter={"name": {"$in": names}}))


def remove_scratch(database: Database[Document]) -> list[str]:
    """Drop every scratch collection there is, also those of a lab that was killed. Nothing else is touched."""
    names = scratch_names(database)
    for name in names:
        database.drop_collection(name)
    return names


def clashes(collections: Mapping[str, tuple[str, str]]) -> list[str]:
    """The user's own collections (source → names) that bear names of the lab's."""
    return sorted(name for names in collections.values() for name in names if name.startswith(PREFIX))


def refuse_clash(collections: Mapping[str, tuple[str, str]]) -> None:
    """Raises UsageError when there are any."""
    if taken := clashes(collections):
        raise UsageError(
            f"COLLECTIONS: {', '.join(taken)}: names that begin with {PREFIX} belong to the lab, which drops them: "
            "choose other names in settings.py"
        )


# --- filling them -----------------------------------------------------------------------------------------------------


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
    """Fill the scratch of the record's own form. Returns readings, and the seconds that inserting took.

    Its key becomes unique after the readings, as in a first load: one that is unique before them takes 2.4 times as
    much (measured on two half-hourly years with 6.0.5), and the lab would contradict the sizes of the record itself.
    """
    inserted = _insert(create(record.database, RECORD), _shared(record, share), meanwhile)
    ensure_key(_own_pair(record.database), loading=False)
    return inserted


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
