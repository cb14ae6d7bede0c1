"""A replica set with a member that lags behind: whatever the URI prefers, every number comes from the primary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from sync.model.errors import StoreUnavailable, UsageError
from sync.store.connection import connect, open_store
from tests.servers import ReplicaSet, direct, run_sync
from tests.shell import export_file
from tests.store.places import Where
from tests.waiting import until

pytestmark = pytest.mark.soak  # sets of three nodes

LATE = "readPreference=secondary&readPreferenceTags=role:late"
WRONG = f"{LATE}&readConcernLevel=local&w=1&journal=false&wTimeoutMS=1&retryWrites=true&maxStalenessSeconds=90"
READINGS = 3 * 48


@pytest.fixture
def lagging(replica_set: ReplicaSet) -> ReplicaSet:
    """One of the secondaries has the tag role:late and applies nothing any more; it answers as before."""
    late = replica_set.secondaries()[0]
    number = replica_set.nodes.index(late)
    with direct(replica_set.primary().port) as client:
        config = client.admin.command("replSetGetConfig")["config"]
        config["members"][number]["tags"] = {"role": "late"}
        config["version"] += 1
        client.admin.command("replSetReconfig", config)
    with direct(late.port) as client:
        until(lambda: "tags" in client.admin.command("hello"))
        client.admin.command("fsync", lock=True)
    return replica_set


@pytest.mark.parametrize("options", ["readPreference=secondaryPreferred&readPreferenceTags=role:late", WRONG])
def test_every_number_comes_from_the_primary(lagging: ReplicaSet, tmp_path: Path, options: str) -> None:
    with MongoClient(f"{lagging.uri}&{LATE}", serverSelectionTimeoutMS=5000) as client:
        assert client.electricity.consumption.count_documents({}) == 0  # the late member is found and read
    env = {"MONGODB_URI": f"{lagging.uri}&{options}", "SYNC_HOME": str(tmp_path)}
    export = str(export_file(tmp_path))
    assert json.loads(run_sync("import", export, "--json", env=env).stdout)["readings_new"] == READINGS
    again = json.loads(run_sync("import", export, "--json", env=env).stdout)
    assert (again["readings_unchanged"], again["identical"]) == (READINGS, True)
    (pair,) = json.loads(run_sync("verify", "--json", env=env).stdout)["pairs"]
    assert (pair["regular_count"], pair["timeseries_count"]) == (READINGS, READINGS)
    (compared,) = json.loads(run_sync("compare", "--json", env=env).stdout)["pairs"]
    assert (compared["readings"], compared["series"]) == (READINGS, 1)
    ((series,),) = [each["series"] for each in json.loads(run_sync("status", "--json", env=env).stdout)["sources"]]
    assert series["readings"] == READINGS
    with MongoClient(f"{lagging.uri}&{LATE}", serverSelectionTimeoutMS=5000) as client:
        assert client.electricity.consumption.count_documents({}) == 0


def test_a_direct_connection_to_a_secondary(replica_set: ReplicaSet, tmp_path: Path) -> None:
    alone = f"mongodb://127.0.0.1:{replica_set.secondaries()[0].port}/"
    told = f"is not the primary of its replica set.*or name the primary, 127.0.0.1:{replica_set.primary().port}"
    with pytest.raises(UsageError, match=told):
        connect(f"{alone}?directConnection=true")
    for remedy in (alone, f"mongodb://127.0.0.1:{replica_set.primary().port}/?directConnection=true"):
        with connect(remedy) as client:
            client.own.kept.insert_one({})


def test_a_set_without_a_primary(replica_set: ReplicaSet, tmp_path: Path) -> None:
    """Also for reads, of which the driver speaks in other words than of writes."""
    left, *others = replica_set.secondaries()
    alone = f"mongodb://127.0.0.1:{left.port}/?directConnection=true"
    for node in (*others, replica_set.primary()):
        replica_set.kill(node)
    with direct(left.port) as client:
        until(lambda: "primary" not in client.admin.command("hello"))
    with pytest.raises(StoreUnavailable, match="has no primary at the moment: run again when its election is over"):
        connect(alone)
    with pytest.raises(StoreUnavailable, match="has no primary at the moment") as caught:
        connect(f"{replica_set.uri}&{LATE}", patience=1)
    assert isinstance(caught.value.__cause__, PyMongoError)
    assert "match selector" in str(caught.value.__cause__)
    with pytest.raises(StoreUnavailable), open_store(Where(alone, tmp_path)):
        pass
