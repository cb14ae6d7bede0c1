"""What the errors of a server that refuses or goes away mean, and which of them pass by themselves."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pymongo
import pytest
from bson.errors import BSONError
from pymongo import MongoClient, WriteConcern
from pymongo.database import Database
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from sync.model.errors import StoreError, StoreUnavailable, SyncError
from sync.store.connection import connect, explain, explained, is_passing, open_store
from sync.store.embedded.server import Embedded
from tests.servers import ReplicaSet, TcpMongod, direct
from tests.store.places import Where, fails
from tests.waiting import until

pytestmark = pytest.mark.soak  # many servers, processes or mornings

PRM = "21121707640844"


ATLAS_QUOTA = "you are over your space quota, using 514 MB of 512 MB"


ATLAS_SYNTAX = "is not allowed or the syntax is incorrect, see the Atlas documentation for more information"
ATLAS_COLLECTIONS = "cannot create a new collection -- already using 500 collections of 500"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (ATLAS_QUOTA, 8000, r"is full \(you are over your space quota, .*\): delete .* or take a larger cluster"),
        ("bad auth : authentication failed", 8000, "refused the user name or the password"),
        (
            "user is not allowed to do action [insert] on [x.y]",
            8000,
            "may not do insert in the database x: .* readWrite on",
        ),
        (
            "user is not allowed to do action [dropDatabase] on [x.]",
            8000,
            "may not do dropDatabase .* the role dbAdmin",
        ),
        ("user is not allowed to do action [fsync] on [admin.]", 8000, "no role in one database holds that right"),
        (f"$out {ATLAS_SYNTAX}", 8000, r"does not take this request \(\$out is not allowed .*\): .* a dedicated one"),
        ("fsync is not allowed in this atlas tier", 8000, r"does not take this request \(fsync is not allowed"),
        ("CMD_NOT_ALLOWED: collMod", 8000, r"does not take this request \(CMD_NOT_ALLOWED: collMod\)"),
        (ATLAS_COLLECTIONS, 8000, "has no room for another collection .*: drop some"),
        ("something else", 8000, r"refused a request \(\w+ 8000\): something else"),
        ("disk space required exceeds the available", 14031, "the disk of here is full: make room there"),
    ],
)
def test_what_only_atlas_or_a_full_server_answers(words: str, code: int, told: str) -> None:
    """Cannot be provoked on a server of our own: the errors are put together as the driver does it."""
    answer = {"ok": 0, "errmsg": words, "code": code}
    for error in (
        OperationFailure(words, code, answer),
        BulkWriteError({"writeErrors": [{"index": 0, "code": code, "errmsg": words}], "writeConcernErrors": []}),
    ):
        said = explain(error, "here")
        assert type(said) is StoreError
        with pytest.raises(StoreError, match=told):
            raise said
        assert "[insert]" in words or "the role readWrite on" not in str(said)
        assert not is_passing(error)


def test_members_of_a_set_under_names_that_are_not_reached() -> None:
    """The driver's own words for servers in a container; there is none here."""
    words = "Could not reach any servers in [('db1', 27017)]. Replica set is configured with internal hostnames or IPs?"
    said = explain(ServerSelectionTimeoutError(f"{words}, Timeout: 5s, Topology Description: <>"), "here")
    assert "by addresses that this machine does not reach: run this where they are reached, or name the" in str(said)


def test_the_end_of_the_embedded_server_is_told_at_once(home: Path) -> None:
    def use() -> None:
        with open_store(Where("", home)) as database:
            database.kept.insert_one({})
            server = Embedded(home).server()
            assert server
            server.kill()
            with pymongo.timeout(0.5):  # in the place of five seconds
                error = fails(database.kept.insert_one, {})
            assert not is_passing(error)  # nobody starts it while we wait
            raise error

    with pytest.raises(StoreUnavailable, match="the embedded MongoDB has ended: it was ended from outside: run again"):
        use()
    with open_store(Where("", home)) as database:
        assert database.kept.count_documents({}) == 1


def test_a_connection_lost_in_the_middle_of_a_request(tmp_path: Path) -> None:
    server = TcpMongod.spawn(tmp_path / "db", tmp_path / "log")
    server.wait_until_primary()
    with direct(server.port, retryReads=False) as client, direct(server.port) as observer:
        client.own.kept.insert_one({})
        found: list[PyMongoError] = []
        slow = {"$where": "sleep(60000) || true"}
        thread = threading.Thread(target=lambda: found.append(fails(client.own.kept.find_one, slow)))
        thread.start()
        running: list[dict[str, Any]] = [{"$currentOp": {}}, {"$match": {"ns": "own.kept", "active": True}}]
        until(lambda: list(observer.admin.aggregate(running)))
        server.kill()
        thread.join()
    assert isinstance(found[0], AutoReconnect)
    assert is_passing(found[0])
    said = explain(found[0], "here")
    assert isinstance(said, StoreUnavailable)
    assert str(said) == "the connection to here was lost: run again, what was stored stays"


def test_elections_and_slow_majorities_pass(replica_set: ReplicaSet) -> None:
    first = replica_set.primary()
    secondaries = replica_set.secondaries()
    with direct(first.port, retryWrites=False) as client:
        client.own.get_collection("kept", write_concern=WriteConcern(w="majority")).insert_one({})
        quick = client.own.get_collection("kept", write_concern=WriteConcern(w="majority", wtimeout=100))
        for node in secondaries:  # they go on to vote, so that the primary stays one, however long this takes
            with direct(node.port) as other:
                other.admin.command("fsync", lock=True)
        slow = [fails(quick.insert_one, {}), fails(quick.insert_many, [{}, {}])]
        for node in secondaries:
            with direct(node.port) as other:
                other.admin.command("fsyncUnlock")
    for error in slow:
        assert is_passing(error)
        assert "a majority of here did not confirm in time" in str(explain(error, "here"))

    primary = replica_set.primary()
    with direct(primary.port, retryWrites=False) as client:
        client.admin.command("replSetStepDown", 60, force=True)
        error = fails(client.own.kept.insert_one, {})
        assert is_passing(error)
        assert isinstance(explain(error, "here"), StoreUnavailable)

    replica_set.kill(replica_set.primary())
    replica_set.kill(replica_set.primary())
    with MongoClient[Any](replica_set.uri, serverSelectionTimeoutMS=100) as client:

        def without_a_primary() -> PyMongoError | None:
            error = fails(client.own.kept.insert_one, {})
            return error if "No primary" in str(error).partition(", Timeout:")[0] else None

        error = until(without_a_primary)
    assert is_passing(error)
    assert "here has no primary at the moment" in str(explain(error, "here"))


def test_a_killed_node_takes_part_again(replica_set: ReplicaSet) -> None:
    with connect(replica_set.uri) as client:
        client.own.kept.insert_one({"_id": 1})
        killed = replica_set.primary()
        replica_set.kill(killed)
        assert replica_set.primary().port != killed.port
        fresh = replica_set.restart(killed)
        assert fresh.is_running()
        assert fresh.port == killed.port
        assert {node.port for node in replica_set.nodes} >= {fresh.port}
        assert client.own.kept.find_one() == {"_id": 1}


def test_an_unknown_refusal_keeps_the_servers_words_and_hides_the_meter(database: Database[Any]) -> None:
    told = r"here refused a request \(OperationFailure 59\): no such command: 'nonsense'"
    with pytest.raises(StoreError, match=told), explained("here"):
        database.command("nonsense")
    database.kept.create_index("series.id", unique=True)
    for write in (database.kept.insert_one, lambda document: database.kept.insert_many([document])):
        database.kept.delete_many({})
        database.kept.insert_one({"series": {"id": PRM}})
        error = explain(fails(write, {"series": {"id": PRM}}), "here")
        assert "…0844" in str(error)
        assert PRM not in str(error)
        assert "11000" in str(error)


def test_duplicates_beside_an_unconfirmed_write_are_looked_at_again() -> None:
    """Both at once depends on the moment, so the answer is put together as the driver does it."""
    duplicate = {"index": 0, "code": 11000, "errmsg": "E11000 duplicate key error"}
    unconfirmed = {"code": 64, "errmsg": "waiting for replication timed out"}
    refused = {"index": 1, "code": 121, "errmsg": "Document failed validation"}
    assert is_passing(BulkWriteError({"writeErrors": [duplicate], "writeConcernErrors": [unconfirmed]}))
    assert not is_passing(BulkWriteError({"writeErrors": [duplicate], "writeConcernErrors": []}))
    assert not is_passing(BulkWriteError({"writeErrors": [duplicate, refused], "writeConcernErrors": [unconfirmed]}))


def test_our_own_faults_stay_what_they_are(mongo_uri: str) -> None:
    client = connect(mongo_uri)
    too_large = {"text": "x" * 17 * 2**20}
    with pytest.raises((BSONError, PyMongoError)) as caught, explained("here"):
        client.own.kept.insert_one(too_large)
    assert not isinstance(caught.value, SyncError)
    answer = {"ok": 0, "errmsg": "object to insert too large", "code": 10334}
    with pytest.raises(OperationFailure, match="too large"), explained("here"):
        raise OperationFailure("object to insert too large", 10334, answer)
    client.close()
    with pytest.raises(InvalidOperation), explained("here"):
        client.own.kept.find_one()


def test_a_server_that_has_just_come_back_is_no_wrong_setting() -> None:
    """The words of the driver (pymongo, client session) while it has not heard yet what the server can do."""
    starting = ConfigurationError("Sessions are not supported by this MongoDB deployment")
    assert is_passing(starting)
    assert isinstance(explain(starting, "here"), StoreUnavailable)
    assert not is_passing(ConfigurationError("Unknown option"))
