"""What the sizes are: summed over shards, of every server's shape, and whether they are final."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from sync.model.errors import StoreError
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.compatibility import compatibility_in
from sync.store.connection import can, compatibility, connect, open_store
from sync.store.embedded.mongod import Mongod
from sync.store.schema import ensure_pair, pair
from sync.store.sizes import Size, compare_pair, is_settled, settle, size_in, size_of
from tests.servers import SMALL_CACHE, GuardedServer, run_sync
from tests.shell import export_file
from tests.store.places import Where

# --- replies of servers that cannot be run here ----------------------------------------------------------------------
#
# Put together from MongoDB's documentation ($collStats, "time series" in its manual) and, for one namespace without
# `system.buckets`, from the notes of version 9.0: nothing of them was recorded on such a server.

REGULAR = {
    "ns": "e.consumption",
    "size": 4000,
    "count": 40,
    "storageSize": 900,
    "freeStorageSize": 100,
    "totalIndexSize": 70,
}
BUCKETS = {"bucketsNs": "e.system.buckets.consumptionTS", "bucketCount": 3, "avgBucketSize": 200, "numBucketInserts": 3}
OF_7 = {"size": 600, "storageSize": 500, "freeStorageSize": 50, "totalIndexSize": 40, "timeseries": BUCKETS}
OF_8 = OF_7 | {"timeseries": BUCKETS | {"numBucketsReopened": 2, "numBucketsFrozen": 0}, "numOrphanDocs": 0}
OF_9 = OF_7 | {"ns": "e.consumptionTS", "timeseries": {"bucketCount": 3, "avgBucketSize": 200}}


@pytest.mark.parametrize(
    ("shards", "size"),
    [
        ([REGULAR], Size(4000, 800, 100, 70, None)),
        ([OF_7], Size(600, 450, 50, 40, 3)),
        ([OF_8], Size(600, 450, 50, 40, 3)),
        ([OF_9], Size(600, 450, 50, 40, 3)),
        ([OF_8, OF_8], Size(1200, 900, 100, 80, 6)),
        ([REGULAR, REGULAR, REGULAR], Size(12000, 2400, 300, 210, None)),
        ([OF_8, {"size": 0, "storageSize": 4096, "timeseries": {}}], Size(600, 4546, 50, 40, 3)),
        ([{"size": 10, "storageSize": 20, "timeseries": {"bucketCount": 0}}], Size(10, 20, 0, 0, 0)),
    ],
)
def test_sizes_are_summed_over_the_shards(shards: list[dict[str, Any]], size: Size) -> None:
    replies = [{"shard": f"rs{n}", "host": f"h{n}", "storageStats": stats} for n, stats in enumerate(shards)]
    assert size_in(replies) == size


@pytest.mark.parametrize(
    ("reply", "version"),
    [
        ({"version": "6.0"}, (6, 0)),
        ({"version": "8.0"}, (8, 0)),
        ({"version": "7.0", "targetVersion": "8.0", "previousVersion": "7.0"}, (7, 0)),
        ({"version": "7.0", "targetVersion": "7.0", "previousVersion": "8.0"}, (7, 0)),
        ({"version": "9.0"}, (9, 0)),
    ],
)
def test_the_compatibility_of_a_reply(reply: dict[str, str], version: tuple[int, ...]) -> None:
    assert compatibility_in({"featureCompatibilityVersion": reply, "ok": 1.0}) == version


# --- on real servers --------------------------------------------------------------------------------------------------


def test_a_server_that_keeps_to_an_older_version_does_not_pack(tmp_path: Path) -> None:
    server = Mongod.spawn(tmp_path / "db", tmp_path / "log", cache_gb=SMALL_CACHE)
    try:
        server.wait_until_primary()
        with connect(server.uri) as client:
            assert compatibility(client.own) == (6, 0)
            assert can(client.own, "packed_buckets")
            client.admin.command("setFeatureCompatibilityVersion", "5.0")
            assert compatibility(client.own) == (5, 0)
            assert not can(client.own, "packed_buckets")
            assert not can(client.own, "unique_later")
            own = pair(client.electricity, "linky", DEFAULT_COLLECTIONS)
            ensure_pair(own)
            for side in (own.record, own.mirror):
                side.insert_one({"ts": datetime(2026, 1, 1, tzinfo=UTC), "series": {"source": "linky"}, "wh": 1})
        told = run_sync("compare", env={"MONGODB_URI": server.uri})
        assert told.returncode == 0, told.stderr
        assert "this server does not pack the columns of its buckets" in told.stdout
    finally:
        server.kill()


def test_without_the_right_to_ask_the_version_of_the_program_counts(guarded_server: GuardedServer, home: Path) -> None:
    with open_store(Where(guarded_server.uri("writer"), home)) as database:
        assert compatibility(database) == (6, 0)


def test_a_collection_that_is_not_there_is_no_zero(database: Database[Any]) -> None:
    with pytest.raises(StoreError, match="the collection nothing does not exist: python -m sync repair makes it"):
        size_of(database.nothing)


def test_sizes_are_final_after_a_checkpoint_that_is_newer_than_the_last_insert(database: Database[Any]) -> None:
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    ensure_pair(own)
    assert is_settled(own)  # nothing is written
    own.record.insert_one({"_id": "someone's", "ts": datetime(2026, 1, 1, tzinfo=UTC), "series": {}})
    assert is_settled(own)  # tells no time
    own.record.insert_one({"_id": ObjectId.from_datetime(datetime.now(UTC) + timedelta(hours=1))})
    assert not is_settled(own)
    own.record.delete_many({})
    own.record.insert_one({})
    assert settle(database)
    assert is_settled(own)


def test_sizes_that_nobody_may_make_final_are_not_printed_as_final(
    guarded_server: GuardedServer, tmp_path: Path, home: Path
) -> None:
    """As on Atlas: no right to ask for a checkpoint, nor for when the last one was."""
    env = {"MONGODB_URI": guarded_server.uri("writer")}
    assert run_sync("import", str(export_file(tmp_path)), env=env).returncode == 0
    told = run_sync("compare", env=env)
    assert told.returncode == 0, told.stderr
    told = told.stdout
    assert "not final: the server writes its pages once a minute; run compare again then" in told
    assert told.count("not yet") == 2  # what is saved on disk
    assert "bytes a reading on disk" not in told
    with open_store(Where(guarded_server.uri("writer"), home)) as database:
        own = pair(database, "linky", DEFAULT_COLLECTIONS)
        assert not settle(database)
        assert not compare_pair(own).settled
        kept = list(own.record.find())
        own.record.delete_many({})
        past = datetime.now(UTC) - timedelta(minutes=3)
        own.record.insert_many([document | {"_id": _earlier(document["_id"], past)} for document in kept])
        assert compare_pair(own).settled
        database.drop_collection(own.record)
        database.drop_collection(own.mirror)


def _earlier(name: ObjectId, at: datetime) -> ObjectId:
    return ObjectId(ObjectId.from_datetime(at).binary[:4] + name.binary[4:])
