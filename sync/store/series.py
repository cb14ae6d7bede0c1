"""Which series a collection holds, without reading every document."""

from __future__ import annotations

from typing import Any

from bson import MaxKey
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from .schema import KEY_NAME, SERIES_FIELDS, Document

BAD_VALUE = 2  # the index named in a hint is not there


def series_of(collection: Collection[Document]) -> list[Document]:
    """The distinct series sub-documents of a collection, as far as their fields are SERIES_FIELDS.

    A regular one is asked along its unique key, a step for each series; the server itself groups a time-series one by
    its buckets when asked for the whole metaField (measured on 600,000 readings: 20 ms and 6 ms; 500 ms and 200 ms for
    a $group by sub-fields).
    """
    if "timeseries" in collection.options():
        entries = [entry["_id"] or {} for entry in collection.aggregate([{"$group": {"_id": "$series"}}])]
    else:
        try:
            entries = _along_the_key(collection)
        except OperationFailure as error:
            if error.code != BAD_VALUE:
                raise
            fields = {name: f"$series.{name}" for name in SERIES_FIELDS}
            entries = [entry["_id"] for entry in collection.aggregate([{"$group": {"_id": fields}}])]
    named = [{name: entry[name] for name in SERIES_FIELDS if entry.get(name) is not None} for entry in entries]
    return list({identity(entry): entry for entry in named}.values())


def identity(entry: Document) -> tuple[str, ...]:
    """What tells series apart, in the order in which they are listed."""
    return tuple(str(entry.get(name)) for name in SERIES_FIELDS)


def _along_the_key(collection: Collection[Document]) -> list[Document]:
    found: list[Document] = []
    after: list[tuple[str, Any]] = []
    while True:
        cursor = collection.find({}, return_key=True).hint(KEY_NAME).limit(1)
        key = next(cursor.min(after) if after else cursor, None)
        if key is None:
            return found
        del key["ts"]
        found.append({name.removeprefix("series."): entry for name, entry in key.items()})
        after = [*key.items(), ("ts", MaxKey())]
