"""The database calls of a function, done with pymongo: canonical EJSON in, canonical EJSON out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC
from itertools import islice
from typing import Any

import pymongo
from bson import json_util
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, PyMongoError

from ...store.schema import Document

EJSON = json_util.CANONICAL_JSON_OPTIONS.with_options(tz_aware=True, tzinfo=UTC)
REFUSED_STAGES = ("$indexStats", "$currentOp")
UPDATES = ("updateOne", "updateMany")


class CallRefused(Exception):
    """A call that the platform does not offer, or that must never be made."""


class DatabaseBridge:
    """Does the calls that the runtime sends; may be used by several threads at once.

    most: documents a query may give. Raises PyMongoError, CallRefused, or TypeError and ValueError for wrong arguments.
    """

    def __init__(self, database: Database[Document], most: int) -> None:
        self._database = database
        self._most = most
        self._methods: dict[str, Callable[[Collection[Document], Mapping[str, Any]], Any]] = {
            "find": self._find,
            "findOne": self._find_one,
            "aggregate": self._aggregate,
            "count": lambda collection, request: collection.count_documents(request["query"]),
            "distinct": lambda collection, request: collection.distinct(request["field"], request["query"]),
            "insertOne": _insert_one,
            "insertMany": _insert_many,
            "updateOne": _update,
            "updateMany": _update,
            "deleteOne": _delete,
            "deleteMany": _delete,
            "bulkWrite": _bulk_write,
        }

    def call(self, packed: Mapping[str, Any]) -> Any:
        """Do one call `{method, database, collection, …}`, all in canonical EJSON; the answer likewise."""
        request = _unpacked(packed)
        collection = self._collection(request["database"], request["collection"])
        self._refuse_update(collection, request)
        return _packed(self._methods[request["method"]](collection, request))

    def _collection(self, database: str, name: str) -> Collection[Document]:
        if database == self._database.name:
            return self._database[name]
        return self._database.client[database][name]

    def _refuse_update(self, collection: Collection[Document], request: Mapping[str, Any]) -> None:
        """An update from a function adds a reserved field to documents: never in a time-series collection."""
        operations = request.get("operations", ())
        updates = any(name.startswith(("update", "replace")) for operation in operations for name in operation)
        if not updates and request["method"] not in UPDATES:
            return
        collections = collection.database.list_collections(filter={"name": collection.name})
        if any(entry["type"] == "timeseries" for entry in collections):
            raise CallRefused(f"{collection.name} is a time-series collection: a function must never update it")

    def _find(self, collection: Collection[Document], request: Mapping[str, Any]) -> list[Document]:
        cursor = collection.find(request["query"], request["projection"] or None)
        if "sort" in request:
            cursor = cursor.sort(list(request["sort"].items()))
        cursor = cursor.skip(int(request.get("skip", 0))).limit(int(request.get("limit", 0)))
        return self._limited(cursor)

    def _find_one(self, collection: Collection[Document], request: Mapping[str, Any]) -> list[Document]:
        return list(collection.find(request["query"], request["projection"] or None).limit(1))

    def _aggregate(self, collection: Collection[Document], request: Mapping[str, Any]) -> list[Document]:
        pipeline = request["pipeline"]
        for stage in pipeline:
            if refused := [name for name in stage if name in REFUSED_STAGES]:
                raise CallRefused(f"aggregate: a function has no stage {refused[0]}")
        if "skip" in request:
            pipeline = [*pipeline, {"$skip": int(request["skip"])}]
        with collection.aggregate(pipeline) as cursor:
            return self._limited(cursor)

    def _limited(self, cursor: Any) -> list[Document]:
        documents = list(islice(cursor, self._most + 1))
        if len(documents) > self._most:
            raise CallRefused(f"a query gives at most {self._most:,} documents to a function: ask for less at a time")
        return documents


def _insert_one(collection: Collection[Document], request: Mapping[str, Any]) -> Document:
    return {"insertedId": collection.insert_one(request["document"]).inserted_id}


def _insert_many(collection: Collection[Document], request: Mapping[str, Any]) -> Document:
    ordered = bool(request["options"].get("ordered", True))
    return {"insertedIds": collection.insert_many(request["documents"], ordered=ordered).inserted_ids}


def _update(collection: Collection[Document], request: Mapping[str, Any]) -> Document:
    options = request["options"]
    update = collection.update_one if request["method"] == "updateOne" else collection.update_many
    result = update(
        request["query"],
        request["update"],
        upsert=bool(options.get("upsert", False)),
        array_filters=options.get("arrayFilters"),
    )
    counts = {"matchedCount": result.matched_count, "modifiedCount": result.modified_count}
    return counts if result.upserted_id is None else counts | {"upsertedId": result.upserted_id}


def _delete(collection: Collection[Document], request: Mapping[str, Any]) -> Document:
    delete = collection.delete_one if request["method"] == "deleteOne" else collection.delete_many
    return {"deletedCount": delete(request["query"]).deleted_count}


def _bulk_write(collection: Collection[Document], request: Mapping[str, Any]) -> None:
    options = request["options"]
    collection.bulk_write(
        [_operation(written) for written in request["operations"]],
        ordered=bool(options.get("ordered", True)),
        bypass_document_validation=options.get("bypassDocumentValidation"),
    )


def _operation(written: Mapping[str, Any]) -> Any:
    [(name, parts)] = written.items()
    upsert = bool(parts.get("upsert", False))
    if name == "insertOne":
        return pymongo.InsertOne(parts["document"])
    if name == "updateOne":
        return pymongo.UpdateOne(parts["filter"], parts["update"], upsert=upsert)
    if name == "updateMany":
        return pymongo.UpdateMany(parts["filter"], parts["update"], upsert=upsert)
    if name == "replaceOne":
        return pymongo.ReplaceOne(parts["filter"], parts["replacement"], upsert=upsert)
    return (pymongo.DeleteOne if name == "deleteOne" else pymongo.DeleteMany)(parts["filter"])


def error_text(error: Exception) -> str:
    """The text a function sees: the server's own, so that `E11000` stands in it; a code is not documented."""
    if isinstance(error, BulkWriteError):
        details = error.details or {}
        texts = [
            failure.get("errmsg", "") for failure in details.get("writeErrors") or details.get("writeConcernErrors", [])
        ]
        return f"{len(texts)} of the writes failed: {texts[0]}" if texts else str(error)
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return str(error).partition(", full error:")[0] if isinstance(error, PyMongoError) else str(error)


def _unpacked(packed: Any) -> Any:
    """Canonical EJSON → Python, through the well-kept reader of pymongo's bson."""
    return json_util.loads(json.dumps(packed), json_options=EJSON)


def _packed(answer: Any) -> Any:
    """Python → canonical EJSON, as plain JSON types."""
    return json.loads(json_util.dumps(answer, json_options=EJSON))
