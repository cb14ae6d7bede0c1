"""Large loads of the same readings at once: nothing lost, nothing doubled."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo import MongoClient

from sync.settings import DEFAULT_COLLECTIONS
from sync.store.connection import connect
from sync.store.schema import KEY_NAME, pair
from sync.store.verify import verify_pair
from tests.bulk_loader import batches
from tests.loading import READINGS, SERIES, finish, start
from tests.many import assert_same_sides, expected, stored

pytestmark = pytest.mark.soak


def check(client: MongoClient[Any], name: str) -> None:
    """Asked of the server alone, then of our own `verify`."""
    own = pair(client[name], "lcl", DEFAULT_COLLECTIONS)
    assert stored(own.record) == expected(batches(SERIES, READINGS))
    assert_same_sides(own)
    assert verify_pair(own).identical
    assert own.record.index_information()[KEY_NAME]["unique"]


def test_two_loaders_at_once(mongo_uri: str) -> None:
    name = "two_bulk_loaders"
    with connect(mongo_uri) as client:
        client.drop_database(name)
        processes = [start(mongo_uri, name, how) for how in ("first", "many", "first")]
        results = [finish(process) for process in processes]
        assert [code for code, _ in results] == [0, 0, 0], results
        check(client, name)
        client.drop_database(name)
