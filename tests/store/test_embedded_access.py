"""Who can reach the embedded server and read its files: the user alone, wherever SYNC_HOME lies."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from sync.model.errors import StoreUnavailable
from sync.store.connection import open_store
from sync.store.embedded.mongod import SET_NAME, find_binary
from sync.store.embedded.server import Embedded, Stopped, running
from tests.servers import free_port, run_sync
from tests.store.holders import kept, put
from tests.store.places import Where
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.soak  # many servers, processes or mornings

NOBODY = 65534
STRANGER = """
import json, os, socket, sys
asked = json.load(sys.stdin)
os.setgroups([]), os.setgid({nobody}), os.setuid({nobody})
def enter(path):
    try:
        if path.endswith(".sock"):
            with socket.socket(socket.AF_UNIX) as stranger:
                stranger.connect(path)
        else:
            open(path).close()
    except OSError as error:
        return type(error).__name__
    return "entered"
print(json.dumps([enter(path) for path in asked]))
"""


def as_stranger(paths: list[Path]) -> set[str]:
    """What another user of the machine meets who opens or calls each of these."""
    asked = json.dumps([str(path) for path in paths])
    script = STRANGER.format(nobody=NOBODY)
    shown = subprocess.run([sys.executable, "-c", script], input=asked, capture_output=True, text=True, check=True)
    return set(json.loads(shown.stdout))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def ports_of(pid: int) -> set[str]:
    """The TCP ports on which a process listens, as the system tells."""
    sockets = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            sockets.add(str(entry.readlink()))
    table = "".join(Path(f"/proc/{pid}/net/{name}").read_text() for name in ("tcp", "tcp6"))
    rows = [line.split() for line in table.splitlines()]
    return {row[1] for row in rows if f"socket:[{row[9]}]" in sockets and row[3] == "0A"}


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A SYNC_HOME on the way to which nothing is closed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        yield home
        if server := Embedded(home).server():
            server.kill()


def test_it_listens_on_a_socket_alone_and_offers_no_compression(home: Path) -> None:
    with running(home) as uri:
        server = Embedded(home).server()
        assert server
        assert ports_of(server.pid) == set()
        address = Path(server.address)
        assert address == home / "db" / "mongod.sock"
        assert mode(address) == 0o600
        with MongoClient[Any](uri, compressors="zlib") as client:
            assert "compression" not in client.admin.command("hello", compression=["zlib", "snappy", "zstd"])
    assert not address.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("was_open", [False, True])
def test_another_user_enters_nothing(open_home: Path, was_open: bool) -> None:
    """Not even where the folders are opened while the server runs: each file and the socket are closed themselves."""
    with running(open_home) as uri:
        put(uri, 1)
        files = [path for path in open_home.rglob("*") if not path.is_dir()]
        assert len(files) > 10
        assert any(path.suffix == ".sock" for path in files)
        if was_open:
            for folder in (open_home, *(path for path in open_home.rglob("*") if path.is_dir())):
                folder.chmod(0o755)
        assert as_stranger(files) == {"PermissionError"}
        assert kept(uri) == [1]


def test_an_existing_home_that_was_wider_is_narrowed(home: Path) -> None:
    with running(home) as uri:
        put(uri, 1)
    for path in (home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    with running(home) as uri:
        assert kept(uri) == [1]
        top = [home, *home.iterdir(), *(home / "db").iterdir()]
        assert {str(path): oct(mode(path)) for path in top if mode(path) & 0o077} == {}


@pytest.mark.parametrize(
    ("name", "runtime"),
    [("h" * 90, "given"), ("of Zoé: 50 %, @home+", "not given"), ("h" * 90, "somebody else's")],
)
def test_a_home_whose_path_no_socket_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, runtime: str
) -> None:
    with tempfile.TemporaryDirectory() as short:
        monkeypatch.setenv("TMPDIR", short)
        monkeypatch.setattr(tempfile, "tempdir", None)
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        own = Path(short) / f"linky-atlas-{os.getuid()}"
        if runtime != "not given":
            own = Path(short) / "run" / own.name
            own.parent.mkdir()
            monkeypatch.setenv("XDG_RUNTIME_DIR", str(own.parent))
        if runtime == "somebody else's":
            own.mkdir(mode=0o777)
            own.chmod(0o777)
            own = Path(short) / own.name
        home = tmp_path / name
        with running(home) as uri:
            put(uri, 1)
            server = Embedded(home).server()
            assert server
            socket = Path(server.address)
            assert socket.parent == own
            assert (mode(own), mode(socket)) == (0o700, 0o600)
            monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # as in another session of the same user
            with running(home) as same:
                assert same == uri
        monkeypatch.delenv("XDG_RUNTIME_DIR")
        with running(home) as uri:  # now elsewhere
            put(uri, 2)
            assert kept(uri) == [1, 2]


def test_nowhere_to_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("XDG_RUNTIME_DIR", "TMPDIR"):
        monkeypatch.setenv(place, str(tmp_path / ("t" * 100)))
    monkeypatch.setattr("sync.store.embedded.address.LONGEST", 10)
    with pytest.raises(StoreUnavailable, match=r"no folder for the socket .* XDG_RUNTIME_DIR: .* another SYNC_HOME"):
        Embedded(tmp_path / "home").join()


def test_a_home_that_has_moved(home: Path, tmp_path: Path) -> None:
    with running(home) as uri:
        put(uri, 1)
    home.rename(tmp_path / "moved")
    with running(tmp_path / "moved") as uri:
        put(uri, 2)
        assert kept(uri) == [1, 2]
    with open_store(Where("", tmp_path / "moved")) as database:  # with majority reads and writes
        database.client.own.kept.insert_one({"_id": 3})
        assert database.client.own.kept.count_documents({}) == 3


# --- a home of before the socket -------------------------------------------------------------------------------------


class Older:
    """A server as versions before the socket started it, noted down as they did."""

    def __init__(self, home: Path, *, pinned: bool = False) -> None:
        (home / "db").mkdir(parents=True)
        self.port = free_port()
        arguments = ["--dbpath", str(home / "db"), "--port", str(self.port), "--bind_ip", "127.0.0.1", "--nounixsocket"]
        arguments += ["--quiet", "--replSet", SET_NAME, "--oplogSize", "128"]
        with (home / "mongod.log").open("ab") as log:
            self.process = subprocess.Popen([find_binary(), *arguments], stdout=log, stderr=log)
        self.client = MongoClient[Any]("127.0.0.1", self.port, directConnection=True)
        member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
        self.client.admin.command("replSetInitiate", {"_id": SET_NAME, "members": [member]})
        until(lambda: self.client.admin.command("hello")["isWritablePrimary"])
        put(f"mongodb://127.0.0.1:{self.port}/?directConnection=true", 1)
        state = {"pid": self.process.pid, "port": self.port, "pinned": pinned, "unborn": False}
        (home / "mongod.json").write_text(json.dumps(state))

    def end(self, number: signal.Signals) -> None:
        self.client.close()
        self.process.send_signal(number)
        self.process.wait(PATIENCE)


@pytest.fixture
def older(home: Path) -> Iterator[Older]:
    server = Older(home)
    yield server
    server.end(signal.SIGKILL)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_files_of_an_older_version_are_taken_over(home: Path, older: Older, how: signal.Signals) -> None:
    older.end(how)
    with running(home) as uri:
        put(uri, 2)
        assert kept(uri) == [1, 2]
        server = Embedded(home).server()
        assert server
        assert ports_of(server.pid) == set()


def test_a_server_of_an_older_version_that_nobody_uses_makes_way(
    home: Path, older: Older, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Embedded(home).server() is None  # none that can be used
    with running(home) as uri:
        assert older.process.wait(PATIENCE) == 0
        put(uri, 2)
        assert kept(uri) == [1, 2]
    assert f"it listened on port {older.port}, open to every user" in capsys.readouterr().err


def test_a_server_of_an_older_version_in_use_is_left_to_its_users(
    home: Path, older: Older, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNC_HOME", str(home))
    with (home / "users.lock").open("ab") as user:
        fcntl.flock(user, fcntl.LOCK_SH)
        ended = run_sync("status")
        assert ended.returncode == 1
        assert (
            f"an older version use the embedded MongoDB in {home} over port {older.port}: let them end" in ended.stderr
        )
        assert older.client.own.kept.count_documents({}) == 1
    assert run_sync("db", "stop").stdout == "the embedded MongoDB has stopped\n"
    assert older.process.wait(PATIENCE) == 0
    assert Embedded(home).unpin() is Stopped.NOT_RUNNING
