"""The connection: its options, and what every failure of a real server tells the user."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import pytest
from pymongo import MongoClient, ReadPreference
from pymongo.database import Database

from sync.model.errors import StoreError, StoreUnavailable, UsageError
from sync.model.notice import warn_once
from sync.store.connection import connect, explain, open_store, refuse_old, server_version
from sync.store.embedded.mongod import SET_NAME
from sync.store.embedded.server import Embedded
from tests.servers import SMALL_CACHE, GuardedServer, TcpMongod, direct, free_port, run_sync
from tests.store.places import Where, fails

PRM = "21121707640844"


# --- what a connection is like ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        "retryWrites=true&w=1",
        "w=0&journal=false;wTimeoutMS=1",
        "W=0&Journal=true",
        "readPreference=secondaryPreferred",
        "readPreference=nearest&readPreferenceTags=dc:one&readPreferenceTags=&maxStalenessSeconds=90",
        "readPreferenceTags=dc:one",
        "maxStalenessSeconds=90",
        "readConcernLevel=local",
        "readPreference=nonsense&wTimeoutMS=-1&fsync=true",
    ],
)
def test_what_a_uri_says_of_reads_and_writes_changes_neither(
    mongo_uri: str, options: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with connect(f"{mongo_uri}&{options}") as client:
        assert client.options.retry_writes is False
        assert client.write_concern.document == {"w": "majority", "j": True}
        assert client.read_concern.level == "majority"
        assert client.read_preference == ReadPreference.PRIMARY
        assert client.codec_options.tz_aware
    assert capsys.readouterr().err == ""


def test_an_option_that_the_driver_does_not_know_is_said_once(
    mongo_uri: str, capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    warn_once.cache_clear()
    for _ in range(2):
        connect(f"{mongo_uri}&maxPoolSise=3").close()
    said = capsys.readouterr().err
    assert said.startswith("warning: MONGODB_URI for ")
    assert "maxpoolsize" in said
    assert said.count("\n") == 1
    assert not [each for each in recwarn.list if each.category is UserWarning]  # others come from what ended before


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


def test_no_server_at_the_address(unanswered: Unanswered) -> None:
    ended = unanswered.command
    assert (ended.returncode, ended.stdout) == (1, "")
    place = f"bob@127.0.0.1:{unanswered.nobody}"
    assert ended.stderr.startswith(f"error: no MongoDB answers at {place} (Connection refused): start it")
    assert ended.stderr.count("\n") == 1
    assert "s3cret" not in ended.stderr


@pytest.mark.parametrize(("server", "words"), [("nobody", "Connection refused"), ("silent", "timed out")])
def test_no_answer_is_waited_for_longer_than_five_seconds(unanswered: Unanswered, server: str, words: str) -> None:
    error = unanswered.errors[server, ""]
    assert type(error) is StoreUnavailable
    assert re.fullmatch(rf"no MongoDB answers at 127\.0\.0\.1:\d+ \({words}\): .*", str(error))
    waited = re.search(r"Timeout: ([\d.]+)s", str(error.__cause__))
    assert waited
    assert float(waited[1]) <= 5


def test_an_atlas_cluster_that_cannot_be_reached_points_to_the_address_list() -> None:
    """The same failure of a real client; only the place is given as that of an Atlas cluster."""
    with MongoClient[Any]("127.0.0.1", free_port(), serverSelectionTimeoutMS=10) as client:
        error = fails(client.admin.command, "ping")
    said = explain(error, "bob@cluster0.abcde.mongodb.net")
    assert isinstance(said, StoreUnavailable)
    assert "IP access list" in str(said)
    assert "paused" in str(said)


# --- a server that is not what MONGODB_URI says ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TcpMongod]:
    """It speaks TLS only, with a certificate that nobody signed but itself (`server.pem` beside its log)."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate, both = (folder / name for name in ("key.pem", "certificate.pem", "server.pem"))
    ask = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=here",
    ]
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*ask, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    both.write_text(key.read_text() + certificate.read_text())
    options = ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(both)]
    server = TcpMongod.spawn(folder / "db", folder / "log", replica_set="", options=options, cache_gb=SMALL_CACHE)
    server.wait_until_listening()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def set_of_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TcpMongod]:
    """A replica set `rs0` of one member."""
    folder = tmp_path_factory.mktemp("set_of_one")
    server = TcpMongod.spawn(folder / "db", folder / "log", cache_gb=SMALL_CACHE)
    server.wait_until_listening()
    with direct(server.port) as client:
        member = {"_id": 0, "host": f"127.0.0.1:{server.port}"}
        client.admin.command("replSetInitiate", {"_id": SET_NAME, "members": [member]})
    yield server
    server.kill()


@pytest.fixture(scope="module")
def no_set_yet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TcpMongod]:
    """It waits for the replica set that it is to be part of."""
    folder = tmp_path_factory.mktemp("no_set_yet")
    server = TcpMongod.spawn(folder / "db", folder / "log", cache_gb=SMALL_CACHE)
    server.wait_until_listening()
    yield server
    server.kill()


class Silent(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing of the requests that it does not understand."""


@pytest.fixture(scope="module")
def no_mongodb() -> Iterator[int]:
    """The port of a web server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


NOT_AS_SAID = [
    ("plain", "replicaSet=rs1", UsageError, "is not a member of a replica set of the name in MONGODB_URI: correct"),
    ("plain", "replicaSet=rs1&directConnection=true", UsageError, "is not a member of a replica set of the name"),
    ("guarded", "replicaSet=rs0", UsageError, "is not a member of a replica set of the name .*or take it out"),
    ("waiting", "", StoreError, r"a replica set that does not exist yet: run rs\.initiate\(\)"),
    (
        "waiting",
        "directConnection=true",
        StoreError,
        r"a replica set that does not exist yet: run rs\.initiate\(\)",
    ),
    ("plain", "tls=true", UsageError, "does not speak TLS, and MONGODB_URI asks for it: take tls"),
    ("plain", "ssl=true&tlsInsecure=true", UsageError, "does not speak TLS"),
    ("web", "tls=true", UsageError, "does not speak TLS"),
    ("tls", "", StoreUnavailable, "closes the connection .*: if it speaks TLS only, add tls=true to MONGODB_URI"),
    (
        "tls",
        "tls=true",
        StoreUnavailable,
        "a certificate that this machine trusts: check the address and tlsCAFile",
    ),
    ("web", "", StoreUnavailable, r"what answers at 127\.0\.0\.1:\d+ is no MongoDB"),
]


class Unanswered(NamedTuple):
    """What came of all that is answered by nobody, or not as it is asked. nobody: a port; errors: by server and options
    of the URI."""

    nobody: int
    command: subprocess.CompletedProcess[str]
    errors: dict[tuple[str, str], BaseException]


@pytest.fixture(scope="module")
def unanswered(
    set_of_one: TcpMongod,
    guarded_server: GuardedServer,
    tls_server: TcpMongod,
    no_set_yet: TcpMongod,
    no_mongodb: int,
) -> Unanswered:
    """All at once, as most take the five seconds that an answer is waited for."""
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(len(NOT_AS_SAID) + 3) as pool:
        ports = {
            "plain": set_of_one.port,
            "guarded": guarded_server.server.port,
            "tls": tls_server.port,
            "waiting": no_set_yet.port,
            "web": no_mongodb,
            "nobody": free_port(),
            "silent": silent.getsockname()[1],
        }
        env = {"MONGODB_URI": f"mongodb://bob:s3cret@127.0.0.1:{ports['nobody']}/"}
        asked = [("nobody", ""), ("silent", ""), *((server, options) for server, options, *_ in NOT_AS_SAID)]
        command = pool.submit(run_sync, "verify", env=env)
        errors = {
            (server, options): pool.submit(error_of, f"mongodb://127.0.0.1:{ports[server]}/?{options}")
            for server, options in asked
        }
    return Unanswered(ports["nobody"], command.result(), {about: error.result() for about, error in errors.items()})


def error_of(uri: str) -> BaseException:
    """With which it cannot be connected to."""
    with pytest.raises((StoreError, UsageError)) as caught:
        connect(uri)
    return caught.value


@pytest.mark.parametrize(("server", "options", "kind", "told"), NOT_AS_SAID)
def test_a_server_that_is_not_what_the_uri_says(
    server: str, options: str, kind: type[StoreError], told: str, unanswered: Unanswered
) -> None:
    error = unanswered.errors[server, options]
    assert type(error) is kind
    assert re.search(told, str(error))
    assert "start it" not in str(error)


def test_the_remedies_for_tls_and_replica_sets_work(mongo_uri: str, tls_server: TcpMongod) -> None:
    trusted = f"tls=true&tlsCAFile={tls_server.log.with_name('certificate.pem')}"
    connect(f"mongodb://127.0.0.1:{tls_server.port}/?{trusted}").close()
    with connect(mongo_uri.partition("?")[0]) as client:
        client.own.kept.insert_one({})
        client.drop_database("own")


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
    told = r"the user of reader@\S+ may not do insert in the database electricity: give it the role readWrite"
    with pytest.raises(StoreError, match=told) as caught, open_store(where) as database:
        database.kept.insert_one({"series": {"id": PRM}})
    assert PRM not in str(caught.value)
    with open_store(where) as database:
        assert database.kept.count_documents({}) == 0


def test_a_user_of_another_database(guarded_server: GuardedServer, home: Path) -> None:
    elsewhere = Where(guarded_server.uri("writer"), home, "other")
    told = "may not do find in the database other"
    with pytest.raises(StoreError, match=told) as caught, open_store(elsewhere) as database:
        database.kept.find_one({"series.id": PRM})
    assert PRM not in str(caught.value)
    with open_store(Where(guarded_server.uri("writer"), home)) as database:
        database.kept.insert_one({})
        database.kept.drop()


@pytest.mark.parametrize(
    ("user", "command", "told"),
    [
        (
            "writer",
            {"dropDatabase": 1},
            "may not do dropDatabase in the database electricity: give it the role dbAdmin,",
        ),
        ("writer", {"validate": "kept"}, "may not do validate in the database electricity: give it the role dbAdmin,"),
        ("reader", {"create": "kept"}, "may not do create in the database electricity: give it the role readWrite on"),
        ("writer", {"fsync": 1}, "no role in one database holds that right; it takes an administrator"),
        ("", {"find": "kept"}, r"127\.0\.0\.1:\d+ asks for a user name and a password: put them into MONGODB_URI"),
    ],
)
def test_a_right_that_lacks_is_named_with_the_role_that_holds_it(
    user: str, command: dict[str, Any], told: str, guarded_server: GuardedServer, home: Path
) -> None:
    uri = guarded_server.uri(user) if user else f"mongodb://127.0.0.1:{guarded_server.server.port}/"
    with pytest.raises(StoreError, match=told), open_store(Where(uri, home)) as database:
        (database.client.admin if "fsync" in command else database).command(command)
