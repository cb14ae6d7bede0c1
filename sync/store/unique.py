"""The unique key of a record, and the faster one it has during its first load.

A unique key costs as much as all the rest of an insert: 5 of 9.5 µs, against 1.5 for the same key without the promise
(measured on MongoDB 6.0.5). So a record that is still empty gets its key without the promise, and at the end of the
load the server checks the key in one go and promises from then on (0.3 µs a reading). In between the leases keep two
loaders off the same series, and every batch is compared with what is stored, along the key.

The kind of the key is itself the note that a load is not finished: `ensure_pair` of the next command, of a second
loader too, sees it and makes the key unique, whatever became of the load.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from ..model.errors import CollectionMismatch
from ..model.readings import series_from
from . import schema

CONVERTS = [6, 0, 0]  # the first server that can make an existing index unique
CANNOT_CONVERT = 359
CONFLICTS = {27, 85, 86}  # no such index; an index of that name with other options
TRIES = 5
BEGINNING = datetime.min.replace(tzinfo=UTC)


@contextmanager
def first_load(pair: schema.Pair) -> Iterator[None]:
    """Like `ensure_pair`, for the length of a large load: into an empty record it goes with the faster key.

    In whatever way the block ends, the key is unique afterwards; after a kill that is done by the next command.
    """
    schema.ensure_pair(pair, loading=True)
    try:
        yield
    except BaseException:
        with suppress(PyMongoError):  # what ended the block is the news, the next command finds the key as it is
            schema.ensure_pair(pair)
        raise
    schema.ensure_pair(pair)


def is_unique(pair: schema.Pair) -> bool:
    """Whether the record has its key with the promise; without a key it has none."""
    return bool(pair.record.index_information().get(schema.KEY_NAME, {}).get("unique"))


def ensure_key(pair: schema.Pair, loading: bool) -> None:
    """The record has its key, and a unique one unless `loading` leaves or makes it otherwise.

    Raises CollectionMismatch when a record that we did not load holds readings twice.
    """
    for left in range(TRIES, 0, -1):
        try:
            _ensure_key(pair, loading)
            return
        except OperationFailure as error:  # another process made it, of the other kind, since we looked
            if error.code not in CONFLICTS or left == 1:
                raise


def _ensure_key(pair: schema.Pair, loading: bool) -> None:
    record = pair.record
    index = record.index_information().get(schema.KEY_NAME)
    if loading and _may_load(pair, index):
        if index and index.get("unique"):
            record.drop_index(schema.KEY_NAME)
        record.create_indexes([IndexModel(schema.key_of(pair.source), name=schema.KEY_NAME)])
    elif index and not index.get("unique"):
        _make_unique(pair)
    else:
        try:
            record.create_indexes([IndexModel(schema.key_of(pair.source), name=schema.KEY_NAME, unique=True)])
        except DuplicateKeyError:
            raise CollectionMismatch(
                f"{record.name!r} holds readings twice, so it cannot get its unique key: {schema.REMEDY}"
            ) from None


def _may_load(pair: schema.Pair, index: Any) -> bool:
    if index and not index.get("unique"):
        return not index.get("prepareUnique")  # a load that was killed goes on as it began, unless it was at its end
    if pair.record.database.client.server_info()["versionArray"] < CONVERTS:
        return False
    return pair.record.find_one({}, {"_id": 1}) is None


def _make_unique(pair: schema.Pair) -> None:
    database, name = pair.record.database, pair.record.name
    database.command("collMod", name, index={"name": schema.KEY_NAME, "prepareUnique": True})  # no further copies
    while True:
        try:
            database.command("collMod", name, index={"name": schema.KEY_NAME, "unique": True})
            return
        except OperationFailure as error:
            if error.code != CANNOT_CONVERT or not error.details:
                raise
            _remove_copies(pair, [violation["ids"] for violation in error.details["violations"]])


def _remove_copies(pair: schema.Pair, violations: Iterable[list[Any]]) -> None:
    """Of readings with the same key keep the newest: what would be there had the later writer seen the earlier one.

    They come about when a writer that knows nothing of the load stores the same reading at the same moment.
    """
    for ids in violations:
        copies = list(pair.record.find({"_id": {"$in": ids}}))
        copies.sort(key=lambda copy: (copy.get("updated", BEGINNING), copy["_id"].generation_time))
        if series := series_from(copies[-1]["series"]):
            mark = {"_id": schema.lease_name(pair, series)}
            pair.record.database[schema.LEASES].update_one(mark, {"$set": {"stale": True}}, upsert=True)
        pair.record.delete_many({"_id": {"$in": [copy["_id"] for copy in copies[:-1]]}})
