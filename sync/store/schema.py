"""Names, options and indexes of the collections: two per source, and our own bookkeeping beside them.

The regular collection is the record, with a unique key; the time-series collection is its mirror.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, OperationFailure

from ..model.errors import CollectionMismatch
from ..model.readings import Series
from . import unique

Document = dict[str, Any]

SERIES_FIELDS = ("source", "id", "flow", "group")
WITHOUT_GROUP = frozenset({"linky", "lcl"})
WITHHOLDING = frozenset({"lcl"})
"""Sources that never correct a reading: another value for a stored one is a contradiction, and neither is kept."""
KEY_NAME = "series_ts"
TIMESERIES = {"timeField": "ts", "metaField": "series", "granularity": "hours"}

WINDOWS = "sync_windows"
TOTALS = "sync_daily_totals"
LEASES = "sync_leases"
FLOORS = "sync_floors"
VERIFICATIONS = "sync_verifications"
SCHEMA = "sync_schema"
CONTRADICTIONS = "sync_contradictions"
CONTRADICTIONS_KEY = [("source", ASCENDING), ("series.id", ASCENDING), ("ts", ASCENDING)]

REMEDY = "rename or drop it, or choose other names with COLLECTIONS in settings.py"

NAMESPACE_EXISTS = 48


@dataclass(frozen=True, slots=True)
class Pair:
    """The two collections of a source."""

    source: str
    record: Collection[Document]
    mirror: Collection[Document]


def series_fields(source: str) -> tuple[str, ...]:
    """The sub-fields of `series` that the documents of a source have."""
    return SERIES_FIELDS[:3] if source in WITHOUT_GROUP else SERIES_FIELDS


def key_of(source: str) -> list[tuple[str, int]]:
    """The unique key of the record of a source, and the one index of its mirror."""
    return [*((f"series.{name}", ASCENDING) for name in series_fields(source)), ("ts", ASCENDING)]


def pair(database: Database[Document], source: str, names: Mapping[str, tuple[str, str]]) -> Pair:
    """The pair of a source, whether or not its collections exist yet."""
    regular, timeseries = names[source]
    return Pair(source, database[regular], database[timeseries])


def lease_name(pair: Pair, series: Series) -> str:
    """The name of the lease of a series' mirror."""
    return f"mirror {pair.mirror.name} {series.key}"


def ensure_pair(pair: Pair, loading: bool = False) -> None:
    """Create what is missing; refuse what exists with the wrong type or options. Two processes may do it at once.

    loading: see `unique.first_load`.
    """
    database = pair.record.database
    refuse_mismatch(pair)
    _create(database, pair.record.name)
    unique.ensure_key(pair, loading)
    _create(database, pair.mirror.name, timeseries=TIMESERIES)
    refuse_mismatch(pair)
    pair.mirror.create_indexes([IndexModel(key_of(pair.source), name=KEY_NAME)])
    _drop_automatic_index(pair.mirror)
    if pair.source in WITHHOLDING:
        database[CONTRADICTIONS].create_indexes([IndexModel(CONTRADICTIONS_KEY)])
    # Atlas functions cannot ask the server for a collection's type; an insert into a missing one makes a regular one.
    known = {"kind": "timeseries", "record": pair.record.name}
    database[SCHEMA].update_one({"_id": pair.mirror.name}, {"$set": known}, upsert=True)


def exists(pair: Pair) -> bool:
    """Whether both collections are there; raises CollectionMismatch if one of them is not what we need."""
    return len(refuse_mismatch(pair)) == 2


def refuse_mismatch(pair: Pair) -> set[str]:
    """Names of the two collections that exist. Raises CollectionMismatch for a wrong type or wrong options."""
    names = [pair.record.name, pair.mirror.name]
    found = {entry["name"]: entry for entry in pair.record.database.list_collections(filter={"name": {"$in": names}})}
    record, mirror = found.get(pair.record.name), found.get(pair.mirror.name)
    if record and record["type"] != "collection":
        raise CollectionMismatch(f"{pair.record.name!r} is a {record['type']}, not a regular collection: {REMEDY}")
    if mirror:
        if mirror["type"] != "timeseries":
            raise CollectionMismatch(f"{pair.mirror.name!r} is not a time-series collection: {REMEDY}")
        options = mirror["options"]["timeseries"]
        wrong = [
            f"{name} is {options.get(name)!r}" for name, wanted in TIMESERIES.items() if options.get(name) != wanted
        ]
        if wrong:
            wanted = ", ".join(f"{name} {text!r}" for name, text in TIMESERIES.items())
            raise CollectionMismatch(f"{pair.mirror.name!r}: {', '.join(wrong)}; needed: {wanted}: {REMEDY}")
    return set(found)


def _create(database: Database[Document], name: str, **options: Any) -> None:
    try:
        database.create_collection(name, **options)
    except CollectionInvalid:
        return
    except OperationFailure as error:
        if error.code != NAMESPACE_EXISTS:
            raise


def _drop_automatic_index(mirror: Collection[Document]) -> None:
    """Servers from 6.3 make {series: 1, ts: 1} by themselves; it serves no query of ours, as those name sub-fields."""
    for name, index in mirror.index_information().items():
        if index["key"] == [("series", 1), ("ts", 1)]:
            try:
                mirror.drop_index(name)
            except OperationFailure:  # dropped by another process, or not ours to drop: it only costs its bytes
                continue
