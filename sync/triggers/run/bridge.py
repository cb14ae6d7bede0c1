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
from ..facts import ASSUMED

EJSON = json_util.CANONICAL_JSON_OPTIONS.with_options(tz_aware=True, tzinfo=UTC)
REFUSED_STAGES = ("$indexStats", "$currentOp")
UPDATES = ("updateMany", "bulkWrite")
BY_METHOD = {"insertMany": "timeseries_insert", "deleteMany": "timeseries_delete"}
BY_STAGE = {"timeseries_told": "$collStats", "union_with": "$unionWith"}
REFUSED = "refused"
TRACE = "_id__baas_transaction"
Method = Callable[[Collection[Document], Mapping[str, Any]], Any]


class CallRefused(Exception):
    """A call that the platform does not offer, or that must never be made."""


class DatabaseBridge:
    """Does the calls that the runtime sends; may be used by several threads at once.

    most: documents a query may give; facts: how the platform behaves where nobody knows (facts.py).
    Raises PyMongoError, CallRefused, or TypeError and ValueError for wrong arguments.
    """

    def __init__(self, database: Database[Document], most: int, facts: Mapping[str, str] = ASSUMED) -> None:
        self._database = database
        self._most = most
        self._facts = facts
        self._methods: dict[str, Method] = METHODS | {"find": self._find, "aggregate": self._aggregate}

    def call(self, packed: Mapping[str, Any]) -> Any:
        """Do one call `{method, database, collection, options, …}`, all in canonical EJSON; the answer likewise."""
        request = json_util.loads(json.dumps(packed), json_options=EJSON)
        collection = self._database.client.get_database(request["database"])[request["collection"]]
        if request["method"] in UPDATES and _is_timeseries(collection):
            # An update from a function adds a reserved field to documents.
            raise CallRefused(f"{collection.name} is a time-series collection: a function must never update it")
        self._refuse_as_reported(collection, request["method"])
        if self._facts["update_trace"] == "left":
            _leave_trace(collection, request)
        answer = self._methods[request["method"]](collection, request)
        return json.loads(json_util.dumps(answer, json_options=EJSON))

    def _refuse_as_reported(self, collection: Collection[Document], method: str) -> None:
        fact = BY_METHOD.get(method, "")
        if self._facts.get(fact) == REFUSED and _is_timeseries(collection):
            raise CallRefused(f"{method} is not supported for the time-series collection {collection.name}")

    def _find(self, collection: Collection[Document], request: Mapping[str, Any]) -> list[Document]:
        cursor = collection.find(request["query"], request["projection"] or None).limit(int(request.get("limit", 0)))
        order = [(field, int(way)) for field, way in request.get("sort", {}).items()]
        return self._limited(cursor.sort(order) if order else cursor)

    def _aggregate(self, collection: Collection[Document], request: Mapping[str, Any]) -> list[Document]:
        stages = [name for stage in request["pipeline"] for name in stage]
        refused_stages = [*REFUSED_STAGES, *(name for fact, name in BY_STAGE.items() if self._facts[fact] == REFUSED)]
        if "$unionWith" in stages and self._facts["timeseries_told_joined"] == REFUSED:
            refused_stages.append("$collStats")
        if refused := [name for name in stages if name in refused_stages]:
            raise CallRefused(f"aggregate: a function has no stage {refused[0]}")
        with collection.aggregate(request["pipeline"]) as cursor:
            return self._limited(cursor)

    def _limited(self, cursor: Any) -> list[Document]:
        documents = list(islice(cursor, self._most + 1))
        if len(documents) > self._most:
            raise CallRefused(f"a query gives at most {self._most:,} documents to a function: ask for less at a time")
        return documents


def _leave_trace(collection: Collection[Document], request: Mapping[str, Any]) -> None:
    """As if an update left its reserved field: in the documents that it is about to change, and in a replacement."""
    written = [parts for operation in request.get("operations", ()) for parts in operation.values()]
    queries = [request["query"]] if "update" in request else [parts["filter"] for parts in written]
    for query in queries:
        collection.update_many(query, {"$set": {TRACE: "left"}})
    for parts in written:
        if "replacement" in parts:
            parts["replacement"][TRACE] = "left"


def _is_timeseries(collection: Collection[Document]) -> bool:
    collections = collection.database.list_collections(filter={"name": collection.name})
    return any(entry["type"] == "timeseries" for entry in collections)


def _insert_one(collection: Collection[Document], request: Mapping[str, Any]) -> Document:
    return {"insertedId": collection.insert_one(request["document"]).inserted_id}


def _insert_many(collection: Collection[Document], request: Mapping[str, Any]) -> Document:
    return {"insertedIds": collection.insert_many(request["documents"], **request["options"]).inserted_ids}


def _update_many(collection: Collection[Document], request: Mapping[str, Any]) -> Document:
    result = collection.update_many(request["query"], request["update"])
    return {"matchedCount": result.matched_count, "modifiedCount": result.modified_count}


def _bulk_write(collection: Collection[Document], request: Mapping[str, Any]) -> None:
    collection.bulk_write([_operation(written) for written in request["operations"]], **request["options"])


def _operation(written: Mapping[str, Any]) -> Any:
    [(name, parts)] = written.items()
    upsert = bool(parts.get("upsert", False))
    if name == "updateOne":
        return pymongo.UpdateOne(parts["filter"], parts["update"], upsert=upsert)
    return pymongo.ReplaceOne(parts["filter"], parts["replacement"], upsert=upsert)


METHODS: dict[str, Method] = {
    "findOne": lambda collection, request: collection.find_one(request["query"], request["projection"] or None),
    "insertOne": _insert_one,
    "insertMany": _insert_many,
    "updateMany": _update_many,
    "deleteMany": lambda collection, request: {"deletedCount": collection.delete_many(request["query"]).deleted_count},
    "bulkWrite": _bulk_write,
}


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
