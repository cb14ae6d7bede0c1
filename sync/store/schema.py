"""Names, options and indexes of the collections: two per source, and our own bookkeeping beside them.

The regular collection is the record, with a unique key; the time-series collection is its mirror.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, DuplicateKeyError, OperationFailure, PyMongoError

from ..model.errors import CollectionMismatch
from ..model.readings import Series, is_reading, series_from
from . import lease
from .compatibility import can
from .migration import OLD_KEY_NAME, bring_over, is_old

Document = dict[str, Any]

KEY = [("series", ASCENDING), ("ts", ASCENDING)]
"""The unique key of a record, and the one index of a mirror: servers from 6.3 make it there by themselves."""
KEY_NAME = "series_1_ts_1"  # the name that a server gives it
TIMESERIES = {"timeField": "ts", "metaField": "series", "granularity": "hours"}

WINDOWS = "sync_windows"
TOTALS = "sync_daily_totals"
POWERS = "sync_daily_powers"
LEASES = lease.LEASES
FLOORS = "sync_floors"
FILES = "sync_files"
VERIFICATIONS = "sync_verifications"
SCHEMA = "sync_schema"
FORGOTTEN = "sync_forgotten"
"""Series of which readings are being forgotten on purpose: nothing of these is brought back meanwhile."""
CARDS = "insight_cards"
"""What an analysis says of each series, a document a statement."""
KEPT = "sync_kept"
"""Documents that are not ours, while the mirror of the series they stand under is written anew."""

MEASURED: Document = {name: {"$type": "number"} for name in ("wh", "seconds")}
"""What a reading of energy has, and what is not ours may lack."""
NO_VALUES = ("_id", "ts", "series", "seconds")
"""Fields that every reading has beside what was measured."""

FIELDS = ("source", "id", "flow", "group")
"""Of `series`."""

REMEDY = "rename or drop it, or choose other names with COLLECTIONS in settings.py"

NAMESPACE_EXISTS, CANNOT_CONVERT = 48, 359
CONFLICTS = {27, 85, 86}  # no such index; an index of that name with other options
TRIES = 5
BEGINNING, END = datetime.min.replace(tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
OF_A_KEY = {
    "sparse",
    "partialFilterExpression",
    "collation",
    "expireAfterSeconds",
    "hidden",
}  # options it must not have
HOURS_SPAN = 2_592_000  # s: of the granularity "hours"; newer servers tell it beside


@dataclass(frozen=True, slots=True)
class Pair:
    """The two collections of a source."""

    source: str
    record: Collection[Document]
    mirror: Collection[Document]


def pair(database: Database[Document], source: str, names: Mapping[str, tuple[str, str]]) -> Pair:
    """The pair of a source, whether or not its collections exist yet."""
    regular, timeseries = names[source]
    return Pair(source, database[regular], database[timeseries])


def ensure_pair(pair: Pair, loading: bool = False) -> None:
    """Create what is missing; refuse what exists with the wrong type or options. Two processes may do it at once.

    loading: see `first_load`.
    """
    database = pair.record.database
    _refuse_type(pair)
    _create(database, pair.record.name)
    _ensure_present_form(pair)
    ensure_key(pair, loading)
    _create(database, pair.mirror.name, timeseries=TIMESERIES)
    _refuse_type(pair)
    pair.mirror.create_indexes([IndexModel(KEY)])
    # Atlas functions cannot ask the server for a collection's type; an insert into a missing one makes a regular one.
    known = {"kind": "timeseries", "record": pair.record.name}
    database[SCHEMA].update_one({"_id": pair.mirror.name}, {"$set": known}, upsert=True)


def exists(pair: Pair) -> bool:
    """Whether both collections are there; raises CollectionMismatch if one of them is not what we need."""
    return len(refuse_mismatch(pair)) == 2


def refuse_mismatch(pair: Pair) -> set[str]:
    """Names of the two collections that exist. Raises CollectionMismatch for a wrong type or wrong options, and for
    what an earlier version of this tool has written: only commands that write bring it over."""
    found = _refuse_type(pair)
    if pair.record.name in found and is_old(pair.record):
        source = "" if pair.source == "linky" else f" --source {pair.source}"
        raise CollectionMismatch(
            f"{pair.record.name!r} was written by an earlier version of this tool: bring it over with "
            f"python -m sync repair{source}"
        )
    return found


def _refuse_type(pair: Pair) -> set[str]:
    """Everything about a collection that exists which could change or remove readings, or show them otherwise than they
    are stored, is refused by name."""
    names = [pair.record.name, pair.mirror.name]
    found = {entry["name"]: entry for entry in pair.record.database.list_collections(filter={"name": {"$in": names}})}
    record, mirror = found.get(pair.record.name), found.get(pair.mirror.name)
    if record:
        if record["type"] != "collection":
            raise CollectionMismatch(f"{pair.record.name!r} is a {record['type']}, not a regular collection: {REMEDY}")
        _refuse_options(pair.record.name, record["options"])
        _refuse_indexes(pair.record)
    if mirror:
        if mirror["type"] != "timeseries":
            raise CollectionMismatch(f"{pair.mirror.name!r} is not a time-series collection: {REMEDY}")
        options = dict(mirror["options"])
        own = options.pop("timeseries")
        wrong = [f"{name} is {own.get(name)!r}" for name, wanted in TIMESERIES.items() if own.get(name) != wanted]
        if own.get("bucketMaxSpanSeconds", HOURS_SPAN) != HOURS_SPAN:
            wrong.append(f"bucketMaxSpanSeconds is {own['bucketMaxSpanSeconds']}")
        if wrong:
            wanted = ", ".join(f"{name} {text!r}" for name, text in TIMESERIES.items())
            raise CollectionMismatch(f"{pair.mirror.name!r}: {', '.join(wrong)}; needed: {wanted}: {REMEDY}")
        _refuse_options(pair.mirror.name, options)
        _refuse_indexes(pair.mirror)
    return set(found)


def _refuse_options(name: str, options: Mapping[str, Any]) -> None:
    if options:
        shown = ", ".join(f"{option} {str(setting)[:60]}" for option, setting in sorted(options.items()))
        raise CollectionMismatch(f"{name!r} was made with {shown}; it must have no such option: {REMEDY}")


def _refuse_indexes(side: Collection[Document]) -> None:
    """Those that remove documents or refuse them, and our key in another form. Others cost room, which is counted."""
    for name, index in side.index_information().items():
        is_ours = name in (KEY_NAME, OLD_KEY_NAME)
        found = sorted(index.keys() & (OF_A_KEY if is_ours else {"unique", "expireAfterSeconds"}))
        if not is_ours and [(field, way) for field, way in index["key"]] == KEY:
            found.append("our key under another name")
        if found:
            raise CollectionMismatch(
                f"{side.name!r} has the index {name!r} ({', '.join(found)}), which may remove or refuse readings: drop "
                f"that index (db.{side.name}.dropIndex({name!r}))"
            )


def _create(database: Database[Document], name: str, **options: Any) -> None:
    try:
        database.create_collection(name, **options)
    except CollectionInvalid:
        return
    except OperationFailure as error:
        if error.code != NAMESPACE_EXISTS:
            raise


def _ensure_present_form(pair: Pair) -> None:
    """Whatever version has written it."""
    try:
        bring_over(pair.record, pair.mirror, KEY)
    except DuplicateKeyError as error:
        raise _no_key(pair, error) from None


def _no_key(pair: Pair, error: DuplicateKeyError) -> CollectionMismatch:
    """The record cannot get its unique key: it holds documents that are not ours, or a reading twice."""
    record, twice = pair.record.name, (error.details or {}).get("keyValue", {}).get("series")
    series = series_from(twice)
    if series and series.source == pair.source:
        return CollectionMismatch(f"{record!r} holds readings twice, so it cannot get its unique key: {REMEDY}")
    query = {"series": twice} if twice else {"series": None}
    return CollectionMismatch(
        f"{record!r} holds {pair.record.count_documents(query):,} documents that are not ours (an older script's?) and "
        f"stand in the way of its unique key: move them into another collection (db.{record}.renameCollection('old')), "
        "or choose other names with COLLECTIONS in settings.py"
    )


def dated(query: Document) -> Document:
    """Of a record: only documents with a date for `ts`. Not for a mirror, where every document has one, and servers up
    to 6.0 find nothing by a bound before 1970-02 or after 2105."""
    return query | {"ts": {"$gte": BEGINNING, "$lte": END} | query.get("ts", {})}


def readings_of(series: Series) -> Document:
    """Filter of a record for the readings of a series, see `is_reading`; not for a time-series collection."""
    other_value = {"$expr": {"$gt": [{"$size": {"$objectToArray": "$$ROOT"}}, len(NO_VALUES)]}}
    values = [{"wh": {"$type": "number"}}, {"wh": {"$exists": False}} | other_value]
    return dated(series.query()) | {"_id": {"$type": "objectId"}, "seconds": {"$type": "number"}, "$or": values}


# --- which series a collection holds, without reading every document --------------------------------------------------


def series_of(collection: Collection[Document]) -> list[Document]:
    """The distinct values of `series` of a collection as they are stored, `{}` for none, by `identity`.

    One step along the index for each series, on either side (measured on 600,000 readings of 300: 7 ms and 12 ms).
    """
    found = collection.aggregate([{"$group": {"_id": "$series"}}])
    return sorted((entry.get("_id") or {} for entry in found), key=identity)


def own_series(source: str, *sides: Collection[Document]) -> list[Series]:
    """The series of a source that sides hold, by their keys; what is not ours is not among them."""
    found = {series for side in sides for entry in series_of(side) if (series := ours(entry, source))}
    return sorted(found, key=lambda series: series.key)


def ours(entry: Any, source: str) -> Series | None:
    """The series of a stored value, if it is one of this source, spelled as we spell it."""
    series = series_from(entry)
    is_exact = series and series.source == source and list(entry.items()) == list(series.subdocument().items())
    return series if is_exact else None


def identity(entry: Any) -> tuple[str, ...]:
    """What tells stored values of `series` apart, in the order in which they are listed: not the order of their keys,
    which a time-series collection changes."""
    if not isinstance(entry, dict):
        return (repr(entry),)
    others = sorted(entry.keys() - set(FIELDS))
    return (*(str(entry.get(name)) for name in FIELDS), *(f"{name} {entry[name]!r}" for name in others))


# --- the unique key ---------------------------------------------------------------------------------------------------
#
# It costs as much as all the rest of an insert: 5 of 9.5 µs, against 1.5 for the same key without the promise (measured
# on MongoDB 6.0.5). So a record that is still empty gets its key without the promise, and at the end of the load the
# server checks the key in one go and promises from then on (0.3 µs a reading). In between the leases keep two loaders
# off the same series, and every batch is compared with what is stored, along the key.
#
# The kind of the key is itself the note that a load is not finished: `ensure_pair` of the next command, of a second
# loader too, sees it and makes the key unique, whatever became of the load.


@contextmanager
def first_load(pair: Pair) -> Iterator[None]:
    """Like `ensure_pair`, for the length of a large load: into an empty record it goes with the faster key.

    In whatever way the block ends, the key is unique afterwards; after a kill that is done by the next command.
    """
    ensure_pair(pair, loading=True)
    try:
        yield
    except BaseException:
        with suppress(PyMongoError):  # what ended the block is the news, the next command finds the key as it is
            ensure_pair(pair)
        raise
    ensure_pair(pair)


def ensure_key(pair: Pair, loading: bool) -> None:
    """The record has its key, and a unique one unless `loading` leaves or makes it otherwise.

    Raises CollectionMismatch when a record that we did not load holds readings twice.
    """
    for left in range(TRIES, 0, -1):
        try:
            _ensure_key_once(pair, loading)
            return
        except OperationFailure as error:  # another process made it, of the other kind, since we looked
            if error.code not in CONFLICTS or left == 1:
                raise


def _ensure_key_once(pair: Pair, loading: bool) -> None:
    record = pair.record
    index = record.index_information().get(KEY_NAME)
    if loading and _may_load(pair, index):
        if index and index.get("unique"):
            record.drop_index(KEY_NAME)
        record.create_indexes([IndexModel(KEY)])
    elif index and not index.get("unique"):
        _make_unique(pair)
    else:
        try:
            record.create_indexes([IndexModel(KEY, unique=True)])
        except DuplicateKeyError as error:
            raise _no_key(pair, error) from None


def _may_load(pair: Pair, index: Any) -> bool:
    if index and not index.get("unique"):
        return not index.get("prepareUnique")  # a load that was killed goes on as it began, unless it was at its end
    if not can(pair.record.database, "unique_later"):
        return False
    return pair.record.find_one({}, {"_id": 1}) is None and _may_convert(pair.record)


def _may_convert(record: Collection[Document]) -> bool:
    """Whether this user may make the key unique at the end: the role readWrite does not hold that right. A change of
    nothing asks for it."""
    try:
        record.database.command("collMod", record.name)
    except OperationFailure:
        return False
    return True


def _make_unique(pair: Pair) -> None:
    database, name = pair.record.database, pair.record.name
    database.command("collMod", name, index={"name": KEY_NAME, "prepareUnique": True})  # no further copies
    while True:
        try:
            database.command("collMod", name, index={"name": KEY_NAME, "unique": True})
            return
        except OperationFailure as error:
            if error.code != CANNOT_CONVERT or not error.details:
                raise
            if not _remove_copies(pair, [violation["ids"] for violation in error.details["violations"]]):
                raise CollectionMismatch(
                    f"{name!r} holds documents that are not ours and stand in the way of its unique key: {REMEDY}"
                ) from None


def newness(document: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """Of two copies of a reading the greater one is what would be there had the later writer seen the earlier one."""
    return document.get("updated", BEGINNING), document["_id"].generation_time


def _remove_copies(pair: Pair, violations: Iterable[list[Any]]) -> int:
    """Of readings with the same key keep the newest; returns how many were removed.

    They come about when a writer that knows nothing of the load stores the same reading at the same moment.
    """
    removed = 0
    for ids in violations:
        copies = list(pair.record.find({"_id": {"$in": ids}}))
        if not all(is_reading(copy, pair.source) for copy in copies):
            continue
        copies.sort(key=newness)
        if series := series_from(copies[-1]["series"]):
            mark = {"_id": lease.lease_name(pair.mirror, series)}
            pair.record.database[LEASES].update_one(mark, {"$set": {"stale": True}}, upsert=True)
        removed += pair.record.delete_many({"_id": {"$in": [copy["_id"] for copy in copies[:-1]]}}).deleted_count
    return removed
