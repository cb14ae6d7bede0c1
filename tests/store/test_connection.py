"""The connection: its options, and what every failure of a real server tells the user."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import pytest
from bson.errors import BSONError
from pymongo import MongoClient, WriteConcern
from pymongo.database import Database
from pymongo.errors import AutoReconnect, BulkWriteError, InvalidOperation, OperationFailure, PyMongoError

from sync.errors import StoreError, StoreUnavailable, SyncError, UsageError
from sync.store.connection import connect, explain, explained, is_passing, open_store, refuse_old, server_version
from sync.store.embedded import Embedded
from sync.store.mongod import Mongod, free_port
from tests.servers import GuardedServer, ReplicaSet, direct, run_sync
from tests.store.places import Where

PRM = "21121707640844"
GENEROUS = 15  # s; five are promised, the machine may be busy


# --- what a connection is like ---------------------------------------------------------------------------------------


def test_options_that_the_writer_relies_on_win_over_those_of_the_uri(mongo_uri: str) -> None:
    with connect(f"{mongo_uri}&retryWrites=true&w=1") as client:
        assert client.options.retry_writes is False
        assert client.write_concern.document == {"w": "majority"}
        assert client.read_concern.level == "majority"
        assert client.codec_options.tz_aware


def test_instants_come_back_in_utc(database: Database[Any]) -> None:
    moment = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    database.kept.insert_one({"ts": moment})
    assert database.kept.find()[0]["ts"] == moment


def test_the_version_of_the_server(database: Database[Any]) -> None:
    assert server_version(database)[0] >= 5


def test_a_server_without_usable_time_series_is_refused() -> None:
    """None that old is at hand; the comparison is all there is to it."""
    with pytest.raises(StoreError, match=r"here is MongoDB 4\.4\.29; time-series collections need 5\.0\.5 or newer"):
        refuse_old((4, 4, 29), "here")
    refuse_old((5, 0, 5), "here")


def test_the_store_of_an_empty_uri_is_the_embedded_one(home: Path) -> None:
    with open_store(Where("", home)) as database:
        database.kept.insert_one({})
        assert database.name == "electricity"
        assert Embedded(home).server()
    assert Embedded(home).server() is None


def test_the_store_of_a_uri_starts_no_server(mongo_uri: str, home: Path) -> None:
    with open_store(Where(mongo_uri, home, "of_a_uri")) as database:
        assert database.list_collection_names() == []
    assert not home.exists()


# --- no server, or a wrong address -----------------------------------------------------------------------------------


def test_no_server_at_the_address() -> None:
    port = free_port()
    started = time.monotonic()
    ended = run_sync("verify", env={"MONGODB_URI": f"mongodb://bob:s3cret@127.0.0.1:{port}/"})
    assert time.monotonic() - started < GENEROUS
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"error: no MongoDB answers at bob@127.0.0.1:{port} (Connection refused): start it")
    assert ended.stderr.count("\n") == 1
    assert "s3cret" not in ended.stderr


def test_a_server_that_takes_the_connection_and_says_nothing() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"no MongoDB answers at 127\.0\.0\.1:\d+ \(timed out\)"):
            connect(f"mongodb://127.0.0.1:{silent.getsockname()[1]}/")
        assert time.monotonic() - started < GENEROUS


def test_an_atlas_cluster_that_cannot_be_reached_points_to_the_address_list() -> None:
    """The same failure of a real client; only the place is given as that of an Atlas cluster."""
    with MongoClient[Any]("127.0.0.1", free_port(), serverSelectionTimeoutMS=10) as client:
        error = fails(client.admin.command, "ping")
    said = explain(error, "bob@cluster0.abcde.mongodb.net")
    assert isinstance(said, StoreUnavailable)
    assert "IP access list" in str(said)
    assert "paused" in str(said)


@pytest.fixture
def no_such_name(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A name server on this machine that knows no name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            while True:
                try:
                    query, sender = server.recvfrom(4096)
                except OSError:
                    return
                response = dns.message.make_response(dns.message.from_wire(query))
                response.set_rcode(dns.rcode.NXDOMAIN)
                server.sendto(response.to_wire(), sender)

        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.getsockname()[1]
        monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
        threading.Thread(target=answer, daemon=True).start()
        yield


def test_an_atlas_name_that_does_not_exist(no_such_name: None) -> None:
    with pytest.raises(StoreUnavailable, match=r"bob@cluster0\.abcde\.mongodb\.net cannot be found: check the name"):
        connect("mongodb+srv://bob:s3cret@cluster0.abcde.mongodb.net/?retryWrites=true&w=majority")


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://",
        "mongodb://bob:s3/cret@host/",
        "mongodb://bob:12?s3cret@host/",
        "mongodb://bob:s3@cret@host/",
        "mongodb://bob:s3:cret@host/",
        "mongodb://bob:s3%cret@host/",
        "mongodb://bob:s3cret@host:99999/",
        "mongodb://a,b/?directConnection=true",
        "mongodb://bob:s3cret@host/?tls=true&tlsCAFile=/not/there",
        "mongodb+srv://bob:s3cret@cluster0.abcde.mongodb.net:27017/",
    ],
)
def test_a_uri_that_is_none_is_said_without_any_part_of_its_password(uri: str, home: Path) -> None:
    with pytest.raises(UsageError, match="MONGODB_URI") as caught:
        connect(uri)
    for part in ("s3", "cret", "12"):
        assert part not in str(caught.value)
    with pytest.raises(UsageError, match="MONGODB_URI"), open_store(Where(uri, home)):
        pass


# --- who may do what -------------------------------------------------------------------------------------------------


def test_a_wrong_password(guarded_server: GuardedServer) -> None:
    uri = guarded_server.uri("reader", "wr0ng-s3cret")
    ended = run_sync("verify", env={"MONGODB_URI": uri})
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "error: reader@127.0.0.1:" in ended.stderr
    assert "refused the user name or the password: check MONGODB_URI" in ended.stderr
    assert "s3cret" not in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_read_only_user(guarded_server: GuardedServer, home: Path) -> None:
    where = Where(guarded_server.uri("reader"), home)
    with pytest.raises(StoreError, match="the user of reader@.* in the database electricity: give it the role readWri"):
        with open_store(where) as database:
            database.kept.insert_one({"series": {"id": PRM}})
    with open_store(where) as database:
        assert database.kept.count_documents({}) == 0


def test_a_user_of_another_database(guarded_server: GuardedServer, home: Path) -> None:
    with pytest.raises(StoreError, match="may not do this in the database other"):
        with open_store(Where(guarded_server.uri("writer"), home, "other")) as database:
            database.kept.find_one({"series.id": PRM})
    with open_store(Where(guarded_server.uri("writer"), home)) as database:
        database.kept.insert_one({})
        database.kept.drop()


ATLAS_QUOTA = "you are over your space quota, using 514 MB of 512 MB"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (ATLAS_QUOTA, 8000, r"is full \(you are over your space quota, .*\): delete .* or take a larger cluster"),
        ("bad auth : authentication failed", 8000, "refused the user name or the password"),
        ("user is not allowed to do action [insert] on [x.y]", 8000, "role readWrite"),
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
        assert not is_passing(error)


# --- a server that goes away -----------------------------------------------------------------------------------------


def test_the_end_of_the_embedded_server_is_told_at_once(home: Path) -> None:
    with pytest.raises(StoreUnavailable, match="the embedded MongoDB has ended: it was ended from outside: run again"):
        with open_store(Where("", home)) as database:
            database.kept.insert_one({})
            server = Embedded(home).server()
            assert server
            server.kill()
            error = fails(database.with_options(write_concern=WriteConcern("majority")).kept.insert_one, {})
            assert not is_passing(error)  # nobody starts it while we wait
            raise error
    with open_store(Where("", home)) as database:
        assert database.kept.count_documents({}) == 1


def test_a_connection_lost_in_the_middle_of_a_request(tmp_path: Path) -> None:
    server = Mongod.spawn(tmp_path / "db", tmp_path / "log")
    server.wait_until_primary()
    with direct(server.port, retryReads=False) as client, direct(server.port) as observer:
        client.own.kept.insert_one({})
        found: list[PyMongoError] = []
        slow = {"$where": "sleep(60000) || true"}
        thread = threading.Thread(target=lambda: found.append(fails(client.own.kept.find_one, slow)))
        thread.start()
        deadline = time.monotonic() + 60
        running = [{"$currentOp": {}}, {"$match": {"ns": "own.kept", "active": True}}]
        while not list(observer.admin.aggregate(running)):
            assert time.monotonic() < deadline
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
        quick = client.own.get_collection("kept", write_concern=WriteConcern(w="majority", wtimeout=100))
        quick.insert_one({})
        for node in secondaries:
            os.kill(node.pid, signal.SIGSTOP)
        slow = [fails(quick.insert_one, {}), fails(quick.insert_many, [{}, {}])]
        for node in secondaries:
            os.kill(node.pid, signal.SIGCONT)
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
        deadline = time.monotonic() + 60
        while True:
            error = fails(client.own.kept.insert_one, {})
            if "No primary" in str(error).partition(", Timeout:")[0]:
                break
            assert time.monotonic() < deadline
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


# --- the rest --------------------------------------------------------------------------------------------------------


def test_an_unknown_refusal_keeps_the_servers_words_and_hides_the_meter(database: Database[Any]) -> None:
    with (
        pytest.raises(StoreError, match=r"here refused a request \(OperationFailure 59\): no such command: 'nonsense'"),
        explained("here"),
    ):
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
