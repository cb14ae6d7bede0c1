"""What a server can do: its feature compatibility version decides that, not the version of its program.

A server that was upgraded keeps to the older version's ways until `setFeatureCompatibilityVersion` is given there.
"""

from __future__ import annotations

from typing import Any

from pymongo.database import Database
from pymongo.errors import OperationFailure

FEATURES = {
    "packed_buckets": (5, 2),  # the columns of a bucket are compressed
    "unique_later": (6, 0),  # an existing index can be made unique
    "reopened_buckets": (6, 3),  # a bucket takes readings again after a restart
    "delete_by_time": (7, 0),  # a time-series collection takes deletes by more than the metaField
}
"""What depends on the version → the first that has it. Those from 6.3 on are written from MongoDB's documentation."""


def can(database: Database[Any], feature: str) -> bool:
    """Whether this server does it now. feature: a key of `FEATURES`."""
    return compatibility(database) >= FEATURES[feature]


def compatibility(database: Database[Any]) -> tuple[int, ...]:
    """`(6, 0)`: the feature compatibility version, while it is being changed the lower of both.

    Where a user may not ask for it (Atlas), and through mongos, which has none, that of the program stands in for it:
    Atlas raises both together.
    """
    admin = database.client.admin
    try:
        answer = admin.command({"getParameter": 1, "featureCompatibilityVersion": 1})
        return compatibility_in(answer)
    except (OperationFailure, KeyError, ValueError):
        return tuple(database.client.server_info()["versionArray"][:2])


def compatibility_in(answer: dict[str, Any]) -> tuple[int, ...]:
    """The version in a reply to getParameter; `version` is the one in force during a change, too."""
    return tuple(int(part) for part in answer["featureCompatibilityVersion"]["version"].split("."))
