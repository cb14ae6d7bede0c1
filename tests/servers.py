"""Real servers for tests: three mongods as one replica set, one with users, and the command line as a process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from sync.store.embedded.mongod import Mongod, command_line
from tests.waiting import PATIENCE, until

PROJECT_ROOT = Path(__file__).resolve().parent.parent
SMALL_CACHE = 0.25
PORTS = iter(range(11_000 + os.getpid() % 20 * 1_000, 32_768))
_TAKEN: list[socket.socket] = []


def run_sync(
    *arguments: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    input: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """`python -m sync …` in `cwd`, by default an empty folder of its own; `env` comes on top of our own variables."""
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            [sys.executable, "-m", "sync", *arguments],
            cwd=cwd or folder,
            env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT), **(env or {})},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            input=input,
            check=False,
        )


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens, nor will while this process lives: it lies below those that the
    system gives to connections, and other processes of tests see by a name of the system that it is taken."""
    for port in PORTS:
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0port {port} of a test")
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            name.close()
            continue
        _TAKEN.append(name)
        return port
    raise AssertionError("no port is free")


class TcpMongod(Mongod):
    """A mongod as users have them, on a port."""

    def __init__(self, dbpath: Path, log: Path, address: str, pid: int) -> None:
        super().__init__(dbpath, log, address, pid)
        self.port = int(address.rpartition(":")[2])

    @classmethod
    def spawn(cls, dbpath: Path, log: Path, *, port: int = 0, **options: Any) -> TcpMongod:
        dbpath.mkdir(parents=True, exist_ok=True)
        server = super().spawn(dbpath, log, address=f"127.0.0.1:{port or free_port()}", **options)
        assert isinstance(server, TcpMongod)
        return server

    @staticmethod
    def _listening(address: str) -> list[str]:
        host, _, port = address.rpartition(":")
        return ["--bind_ip", host, "--port", port, "--nounixsocket"]

    def is_running(self) -> bool:
        return {str(self.dbpath), str(self.port)} <= set(command_line(self.pid))

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def direct(port: int, **options: Any) -> MongoClient[dict[str, Any]]:
    """A client of one server, whatever its part in a replica set."""
    return MongoClient("127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=5000, **options)


class ReplicaSet:
    """Three mongods that elect a primary within two seconds of the loss of the last one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.nodes = [self._spawn(number, free_port()) for number in range(3)]
        try:
            self._initiate()
        except BaseException:
            self.stop()
            raise

    @property
    def uri(self) -> str:
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"mongodb://{hosts}/?replicaSet=rs0"

    def primary(self) -> TcpMongod:
        """The node that takes writes; waits for an election."""
        return until(lambda: next((node for node in self.nodes if _hello(node).get("isWritablePrimary")), None))

    def secondaries(self) -> list[TcpMongod]:
        """The living nodes that follow the primary."""
        return [node for node in self.nodes if _hello(node).get("secondary")]

    def kill(self, node: TcpMongod) -> None:
        """As a power cut would."""
        node.kill()

    def restart(self, node: TcpMongod) -> TcpMongod:
        """Start a killed node again on its files and its port; returns once it is part of the set."""
        number = self.nodes.index(node)
        fresh = self.nodes[number] = self._spawn(number, node.port)
        self._wait_until_part([fresh])
        return fresh

    def stop(self) -> None:
        for node in self.nodes:
            node.kill()

    def _spawn(self, number: int, port: int) -> TcpMongod:
        folder, log = self._folder / f"db{number}", self._folder / f"log{number}"
        return TcpMongod.spawn(folder, log, port=port, cache_gb=SMALL_CACHE)

    def _initiate(self) -> None:
        for node in self.nodes:
            node.wait_until_listening()
        members = [{"_id": number, "host": f"127.0.0.1:{node.port}"} for number, node in enumerate(self.nodes)]
        settings = {"electionTimeoutMillis": 2000, "heartbeatIntervalMillis": 500}
        with direct(self.nodes[0].port) as client:
            client.admin.command("replSetInitiate", {"_id": "rs0", "members": members, "settings": settings})
        self.primary()
        self._wait_until_part(self.nodes)

    def _wait_until_part(self, nodes: list[TcpMongod]) -> None:
        until(lambda: all(_takes_part(node) for node in nodes))


class GuardedServer:
    """A standalone server that asks for a password: `admin` may do all, `writer` and `reader` what their names say."""

    PASSWORDS = {"admin": "adm1n-s3cret", "writer": "wr1ter-s3cret", "reader": "re@der/s3cret"}  # noqa: RUF012
    DATABASE = "electricity"

    def __init__(self, folder: Path) -> None:
        self.server = TcpMongod.spawn(
            folder / "db", folder / "log", replica_set="", cache_gb=SMALL_CACHE, options=["--auth"]
        )
        self.server.wait_until_listening()
        self._create_user("admin", [{"role": "root", "db": "admin"}])
        self._create_user("writer", [{"role": "readWrite", "db": self.DATABASE}])
        self._create_user("reader", [{"role": "read", "db": self.DATABASE}])

    def uri(self, user: str, password: str | None = None) -> str:
        """URI of a user, with the right password unless another is given."""
        secret = quote_plus(self.PASSWORDS[user] if password is None else password)
        return f"mongodb://{user}:{secret}@127.0.0.1:{self.server.port}/?authSource=admin"

    def _create_user(self, name: str, roles: list[dict[str, str]]) -> None:
        # The first one may be created without a password, from this machine.
        uri = self.uri("admin") if name != "admin" else f"mongodb://127.0.0.1:{self.server.port}"
        with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=5000) as client:
            client.admin.command("createUser", name, pwd=self.PASSWORDS[name], roles=roles)


def _takes_part(node: TcpMongod) -> bool:
    hello = _hello(node)
    return bool(hello.get("secondary") or hello.get("isWritablePrimary"))


def _hello(node: TcpMongod) -> dict[str, Any]:
    """What a node says of itself; nothing when it is dead or not ready."""
    if not node.is_running():
        return {}
    try:
        with direct(node.port) as client:
            return client.admin.command("hello")
    except PyMongoError:
        return {}
