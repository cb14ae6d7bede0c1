"""The embedded MongoDB: one server per SYNC_HOME, shared by all commands that run at once, ended by the last of them.

Every user holds a shared lock on `users.lock`, which the system takes back from a process however it ends. Starting,
stopping and the state file happen under an exclusive lock on `start.lock`. A server that was left behind by a killed
command is found by the state file or by mongod's own lock file, and used by the next command.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path
from typing import IO

from ...model.errors import StoreUnavailable, SyncError, UsageError
from .mongod import Mongod, free_port
from .mongod_log import DISK_FULL

if sys.platform != "win32":
    import fcntl

START_TRIES = 3  # another program may take the port between the look and the start


@dataclass(frozen=True, slots=True)
class State:
    """What `mongod.json` holds. `pid` 0: no server was left running; `port` is then the one to take again.

    unborn: no server was ready in this folder yet, so that nothing is stored in it.
    """

    pid: int = 0
    port: int = 0
    pinned: bool = False
    unborn: bool = False


class Stopped(Enum):
    """What became of the wish to stop the server."""

    STOPPED = "stopped"
    IN_USE = "in use"
    NOT_RUNNING = "not running"


class Embedded:
    """The server of one folder. `join()` and `leave()` frame its use; `pin()` lets it outlive the commands."""

    def __init__(self, home: Path) -> None:
        self.home = home.absolute()
        self._state_file = self.home / "mongod.json"
        self._user: IO[bytes] | None = None

    def join(self) -> str:
        """Become a user: start the server unless it runs. Returns its URI; raises UsageError, StoreUnavailable."""
        with self._alone():
            user = self._open("users.lock")
            fcntl.flock(user, fcntl.LOCK_SH)
            try:
                uri = self._ensure().uri
            except BaseException:
                user.close()
                raise
            self._user = user
            return uri

    def leave(self) -> None:
        """Stop being a user; the last one stops the server unless it is pinned."""
        user, self._user = self._user, None
        if user is None:
            return
        with user, self._alone():
            if not self._state().pinned and _is_last(user):
                self._stop()

    def pin(self) -> str:
        """Start the server unless it runs, and let it run until `unpin()`. Returns its URI."""
        with self._alone():
            server = self._ensure()
            self._write(replace(self._state(), pinned=True))
            return server.uri

    def unpin(self) -> Stopped:
        """Take back `pin()` and stop the server, unless commands still use it: then the last of them does."""
        if not self._state_file.exists():
            return Stopped.NOT_RUNNING
        with self._alone(), self._open("users.lock") as user:
            self._write(replace(self._state(), pinned=False))
            if self.server() is None:
                return Stopped.NOT_RUNNING
            if not _is_last(user):
                return Stopped.IN_USE
            self._stop()
            return Stopped.STOPPED

    def server(self) -> Mongod | None:
        """The process that serves this folder now, if there is one."""
        return next((server for server in self._noted() if server.is_running()), None)

    def why_it_ended(self) -> str:
        """The reason with its remedy, as far as the log tells; empty when it does not."""
        return self._mongod(0, 0).why_it_ended()

    # --- under the exclusive lock ----------------------------------------------------------------------------------

    def _ensure(self) -> Mongod:
        server = self.server()
        if server is None:
            return self._start()
        try:
            server.wait_until_primary()
        except StoreUnavailable:
            if server.is_running():
                raise
            return self._start()  # it was about to end when we found it
        state = self._state()
        if server.pid != state.pid or state.unborn:
            self._write(replace(state, pid=server.pid, unborn=False))
        return server

    def _noted(self) -> list[Mongod]:
        """The processes it may be. The second is the one when a command was killed just after it had started it."""
        state = self._state()
        return [self._mongod(state.port, pid) for pid in (state.pid, self._lock_file_pid())]

    def _start(self) -> Mongod:
        for ending in self._noted():
            ending.wait_until_ended()  # a server that was killed a moment ago still holds the files
        unborn = self._make_way()
        for tries_left in reversed(range(START_TRIES)):
            state = replace(self._state(), pid=0, port=free_port(self._state().port), unborn=unborn)
            self._write(state)
            server = self._spawn(state.port)
            try:
                self._write(replace(state, pid=server.pid))
                server.wait_until_primary()
                self._write(replace(state, pid=server.pid, unborn=False))
                return server
            except BaseException as error:
                server.stop()
                port_was_taken = isinstance(error, StoreUnavailable) and free_port(state.port) != state.port
                if not (port_was_taken and tries_left):
                    raise
        raise AssertionError("unreachable: the last try returns or raises")

    def _make_way(self) -> bool:
        """Whether no server was ever ready in this folder.

        What one left that was ended while it made its first files is removed: no server starts on that, and nothing
        can be stored there.
        """
        files = self.home / "db"
        if self._state().unborn:
            shutil.rmtree(files, ignore_errors=True)
        return not files.exists()

    def _spawn(self, port: int) -> Mongod:
        try:
            return Mongod.spawn(self.home / "db", self.home / "mongod.log", port=port)
        except OSError as error:
            raise self._refused(error) from error

    def _stop(self) -> None:
        server = self.server()
        if server:
            server.stop()
        with suppress(SyncError):  # a full disk: the next command finds the process gone, which is as good
            self._write(replace(self._state(), pid=0))

    # --- files -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if sys.platform == "win32":
            raise UsageError("there is no embedded MongoDB on Windows: set MONGODB_URI to a server")
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._refused(error) from error
        with self._open("start.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _open(self, name: str) -> IO[bytes]:
        try:
            return (self.home / name).open("ab")
        except OSError as error:
            raise self._refused(error) from error

    def _mongod(self, port: int, pid: int) -> Mongod:
        return Mongod(self.home / "db", self.home / "mongod.log", port, pid)

    def _state(self) -> State:
        try:
            return State(**json.loads(self._state_file.read_text()))
        except (OSError, ValueError, TypeError):  # none yet, or not ours
            return State()

    def _write(self, state: State) -> None:
        fresh = self._state_file.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(asdict(state)))
            fresh.replace(self._state_file)
        except OSError as error:
            raise self._refused(error) from error

    def _lock_file_pid(self) -> int:
        try:
            return int((self.home / "db" / "mongod.lock").read_text())
        except (OSError, ValueError):
            return 0

    def _refused(self, error: OSError) -> SyncError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return StoreUnavailable(f"the embedded MongoDB in {self.home}: {DISK_FULL}")
        return UsageError(
            f"SYNC_HOME {self.home} cannot be used for the embedded MongoDB ({os.strerror(error.errno or 0)}): "
            "give a folder that you may write to, or set MONGODB_URI to a server"
        )


@contextmanager
def running(home: Path) -> Iterator[str]:
    """The URI of the embedded server of `home`, for the length of a `with` block."""
    embedded = Embedded(home)
    uri = embedded.join()
    try:
        yield uri
    finally:
        embedded.leave()


def _is_last(user: IO[bytes]) -> bool:
    """Whether no other user holds the lock. A shared lock of ours is lost by the question; it is asked on leaving."""
    try:
        fcntl.flock(user, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
