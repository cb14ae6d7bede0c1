"""Counts and sizes that the server keeps beside the data, made true again after it was killed.

They are written with a checkpoint, the data with the journal: after a kill they lack what the journal brought back, and
`estimated_document_count`, `collStats` and `$collStats` answer by them. `validate` counts and corrects them
(https://www.mongodb.com/docs/v6.0/reference/command/validate/). It reads the whole collection, so only those are taken
that were written to since the last stop in good order, as the oplog tells; all where it does not reach back that far.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from bson import Timestamp
from pymongo import MongoClient

from ...model.errors import StoreUnavailable

Client = MongoClient[dict[str, Any]]
Position = tuple[int, int]
"""A place in the oplog: seconds, number."""

SERVERS_OWN = ("admin", "config", "local")
LONG = 16 * 10**6  # bytes of 500,000 readings, which take some seconds


def position(client: Client) -> Position:
    """The newest place in the oplog."""
    return _end(client, -1)


def make_true(client: Client, since: Position | None) -> None:
    """Validate what was written to after `since` (None: everything). Raises StoreUnavailable for damaged files."""
    unsure = list(_unsure(client, _written(client, since)))
    size = sum(client[database].command("collStats", name)["storageSize"] for database, name in unsure)
    if size > LONG:
        sys.stderr.write(
            f"the embedded MongoDB was not stopped in good order: {len(unsure)} collections ({size / 1e6:,.0f} MB) are "
            "counted anew\n"
        )
    for database, name in unsure:
        if not client[database].command("validate", name)["valid"]:
            raise StoreUnavailable(
                f"the files of {database}.{name} are damaged: move the folder of the database away and load again"
            )


def _written(client: Client, since: Position | None) -> set[str] | None:
    """The collections (`database.name`) written to after `since`; None when nobody knows."""
    oplog = client.local["oplog.rs"]
    if since is None or not _end(client, 1) <= tuple(since) <= _end(
        client, -1
    ):  # the last: files put in from elsewhere
        return None
    later = {"ts": {"$gt": Timestamp(*since)}}
    names = set(oplog.distinct("ns", later))
    for entry in oplog.find(later | {"op": "c"}, {"o.to": 1, "o.applyOps.ns": 1}):  # renamed; in a transaction
        names |= {entry["o"].get("to")} | {part["ns"] for part in entry["o"].get("applyOps", ())}
    return names


def _end(client: Client, order: int) -> Position:
    """The oldest place in the oplog (1), or the newest (-1)."""
    [entry] = client.local["oplog.rs"].find({}, {"ts": 1}).sort("$natural", order).limit(1)
    return entry["ts"].time, entry["ts"].inc


def _unsure(client: Client, written: set[str] | None) -> Iterator[tuple[str, str]]:
    for database in client.list_database_names():
        if database in SERVERS_OWN:
            continue
        kinds = {entry["name"]: entry["type"] for entry in client[database].list_collections()}
        for name, kind in kinds.items():
            elsewhere = kind == "view" or f"system.buckets.{name}" in kinds  # from 9.0 a time series has one namespace
            if not elsewhere and (written is None or f"{database}.{name}" in written):
                yield database, name
