"""A pair as earlier versions kept it, brought over: `series` had its keys in the order source, id, flow, group, and the
indexes of both collections stood on these sub-fields.

Safe to repeat, and to do by two processes at once: each step changes only what is still of the old form. The old key of
the record goes last: while it is there, it keeps every reading single, and says that something is left to do.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from pymongo import IndexModel
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from ..model.errors import StoreError
from ..model.words import counted

OLD_KEY_NAME = "series_ts"
OLD_ORDERS = (["source", "id", "flow"], ["source", "id", "flow", "group"])
WITHHELD, ORIGINS, FILES = "sync_contradictions", "sync_origins", "sync_files"
INDEX_NOT_FOUND, OTHER_OPTIONS = 27, {85, 86}

Documents = Collection[dict[str, Any]]
Key = list[tuple[str, int]]


def is_old(record: Documents) -> bool:
    """Whether an earlier version has written a record, or was the last to do so."""
    return OLD_KEY_NAME in record.index_information()


def bring_over(record: Documents, mirror: Documents, key: Key) -> None:
    """Give a pair its present form, `_id` and all else unchanged; says on standard error what was done.

    key: of the record, as kept from now on; without its promise where the old one is without. Nothing is to be done to
    the documents of the mirror: a time-series collection has always had the keys of `series` in alphabetical order.
    Raises DuplicateKeyError when the record holds a reading in both forms.
    """
    old_index = record.index_information().get(OLD_KEY_NAME)
    changed = series = 0
    while spellings := [spelling for spelling in _spellings(record) if list(spelling) in OLD_ORDERS]:
        before = changed
        for spelling in spellings:
            changed += _respell(record, spelling)
        if changed == before:
            raise StoreError(f"{record.name!r} holds readings of an earlier version that cannot be brought over")
        series = max(series, len(spellings))
    _forget_withheld(record)
    if old_index:
        _make(record, key, bool(old_index.get("unique")))
        _drop_old(mirror)
        _drop_old(record)
    if changed:
        _say(f"{record.name}: {counted(changed, 'reading')} of {series:,} series brought over from an earlier version")


def _spellings(record: Documents) -> list[Mapping[str, Any]]:
    found = record.aggregate([{"$group": {"_id": "$series"}}])
    return [entry["_id"] for entry in found if isinstance(entry["_id"], dict)]


def _respell(record: Documents, old: Mapping[str, Any]) -> int:
    """Readings of one series that got the keys of `series` in alphabetical order. Found by the old key or the new."""
    whole = {f"series.{name}": part for name, part in old.items()} | {"series": old}
    return record.update_many(whole, {"$set": {"series": dict(sorted(old.items()))}}).modified_count


def _make(record: Documents, key: Key, unique: bool) -> None:
    try:
        record.create_indexes([IndexModel(key, unique=unique)])
    except OperationFailure as error:  # it is there, of the other kind: `ensure_pair` goes on from there
        if error.code not in OTHER_OPTIONS:
            raise


def _drop_old(side: Documents) -> None:
    try:
        side.drop_index(OLD_KEY_NAME)
    except OperationFailure as error:  # another process was quicker, or the mirror was never made
        if error.code != INDEX_NOT_FOUND:
            raise


def _forget_withheld(record: Documents) -> None:
    """Half-hours with two values were in neither collection: their files are to be read again, as the first value
    counts now. The files are forgotten first, so that a repeat after a stop knows of it."""
    database = record.database
    left = database.list_collection_names(filter={"name": {"$in": [ORIGINS, WITHHELD]}})
    for source in database[WITHHELD].distinct("source") if left else ():
        count = database[WITHHELD].count_documents({"source": source})
        database[FILES].delete_many({"source": source})
        _say(
            f"{source}: {count:,} half-hours had two values and were withheld; from now on the first one stays: "
            f"import the files again (python -m sync import --source {source} FILE…)"
        )
    for name in sorted(left, reverse=True):  # the withheld ones last: they are the note that something is left to do
        database.drop_collection(name)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
