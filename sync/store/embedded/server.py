"""The embedded MongoDB: one server per SYNC_HOME, shared by all commands that run at once, ended by the last of them.

Every user holds a shared lock on `users.lock`, which the system takes back from a process however it ends. Starting,
stopping and the state file happen under an exclusive lock on `start.lock`. A server that was left behind by a killed
command is found by the state file or by mongod's own lock file, and used by the next command. One that was killed is
counted anew when it starts again, before anybody reads from it.
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

import pymongo
from pymongo.errors import PyMongoError

from ...model.errors import StoreUnavailable, SyncError, UsageError
from ...model.private import private_file, private_home
from .address import socket_of
from .counts import Position, make_true, position
from .mongod import Mongod
from .mongod_log import DISK_FULL

if sys.platform != "win32":
    import fcntl
ANSWER_SECONDS = 2  # a server that hangs is stopped all the same


@dataclass(frozen=True, slots=True)
class State:
    """What `mongod.json` holds. `pid` 0: no server was left running.

    address: the path of the socket; a mere port for a server of an older version of ours.
    unborn: no server was ready in this folder yet, so that nothing is stored in it.
    unclean: one was killed, and what it holds is not counted anew yet.
    since: place in the oplog of the last stop in good order.
    """

    pid: int = 0
    address: str = ""
    pinned: bool = False
    unborn: bool = False
    unclean: bool = False
    since: Position | None = None


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
        self._files = self.home / "db"
        self._log = self.home / "mongod.log"
        self._user: IO[bytes] | None = None

    def join(self) -> str:
        """Become a user: start the server unless it runs. Returns its URI; raises UsageError, StoreUnavailable."""
        with self._alone():
            uri = self._ensure().uri
            self._user = self._open("users.lock")
            fcntl.flock(self._user, fcntl.LOCK_SH)
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
        with self._alone():
            self._write(replace(self._state(), pinned=False))
            if self._running() is None:
                return Stopped.NOT_RUNNING
            if self._is_in_use():
                return Stopped.IN_USE
            self._stop()
            return Stopped.STOPPED

    def server(self) -> Mongod | None:
        """The process that serves this folder now, if there is one."""
        server = self._running()
        return server if server and not _is_older(server) else None

    def why_it_ended(self) -> str:
        """The reason with its remedy, as far as the log tells; empty when it does not."""
        return self._mongod("", 0).why_it_ended()

    # --- under the exclusive lock ----------------------------------------------------------------------------------

    def _ensure(self) -> Mongod:
        """A server that takes writes and whose counts are true."""
        self._end_older()
        server = self._ready() or self._start()
        state = self._state()
        if state.unclean:
            try:
                with server.client() as client:
                    make_true(client, state.since)
            except BaseException as error:
                if not self._is_in_use():
                    self._stop()
                if isinstance(error, PyMongoError):
                    raise StoreUnavailable("the embedded MongoDB has ended while it was checked: run again") from error
                raise
            self._write(replace(state, unclean=False))
        return server

    def _end_older(self) -> None:
        """A server of an older version of ours listens on a port, which is open to every user of the machine."""
        server = self._running()
        if server is None or not _is_older(server):
            return
        if self._is_in_use():
            raise StoreUnavailable(
                f"commands of an older version use the embedded MongoDB in {self.home} over port {server.address}: "
                "let them end, or end them, then run again"
            )
        sys.stderr.write(
            f"the embedded MongoDB of an older version ended: it listened on port {server.address}, open to every user "
            "of this machine; from now on there is a socket (python -m sync db uri)\n"
        )
        self._stop()

    def _ready(self) -> Mongod | None:
        """The server that runs already, once it takes writes."""
        server = self._running()
        if server is None:
            return None
        try:
            server.wait_until_primary()
        except StoreUnavailable:
            if server.is_running():
                raise
            return None  # it was about to end when we found it
        state = self._state()
        if server.pid != state.pid or state.unborn:
            self._write(replace(state, pid=server.pid, unborn=False))
        return server

    def _running(self) -> Mongod | None:
        return next((server for server in self._noted() if server.is_running()), None)

    def _noted(self) -> list[Mongod]:
        """The processes it may be. The second is the one when a command was killed just after it had started it."""
        state = self._state()
        return [self._mongod(state.address, pid) for pid in (state.pid, self._lock_file_pid())]

    def _start(self) -> Mongod:
        for ending in self._noted():
            ending.wait_until_ended()  # a server that was killed a moment ago still holds the files
        unborn = self._make_way()
        unclean = not unborn and (self._state().unclean or not self._was_stopped_in_order())
        try:
            address = str(socket_of(self._files))
            state = replace(self._state(), pid=0, address=address, unborn=unborn, unclean=unclean)
            self._write(state)
            server = Mongod.spawn(self._files, self._log, address=address)
        except OSError as error:
            raise self._refused(error) from error
        try:
            self._write(replace(state, pid=server.pid))
            server.wait_until_primary()
            self._write(replace(state, pid=server.pid, unborn=False))
        except BaseException:
            server.stop()
            raise
        return server

    def _make_way(self) -> bool:
        """Whether no server was ever ready in this folder.

        What one left that was ended while it made its first files is removed: no server starts on that, and nothing
        can be stored there.
        """
        if self._state().unborn:
            shutil.rmtree(self._files, ignore_errors=True)
        return not (self._files.exists() and any(self._files.iterdir()))

    def _stop(self) -> None:
        """Stop it. What is written from here on may need to be counted anew if the next server is killed."""
        state, server = self._state(), self._running()
        since = state.since
        if server:
            if not state.unclean:
                with suppress(PyMongoError), pymongo.timeout(ANSWER_SECONDS), server.client() as client:
                    since = position(client)
            server.stop()
        with suppress(SyncError):  # a full disk: the next command finds the process gone, which is as good
            self._write(replace(state, pid=0, since=since if self._was_stopped_in_order() else state.since))

    def _was_stopped_in_order(self) -> bool:
        """Whether the last server emptied its lock, which it does when all is on the disk."""
        try:
            return (self._files / "mongod.lock").stat().st_size == 0
        except OSError:
            return True

    def _is_in_use(self) -> bool:
        with self._open("users.lock") as user:
            return not _is_last(user)

    # --- files -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if sys.platform == "win32":
            raise UsageError("there is no embedded MongoDB on Windows: set MONGODB_URI to a server")
        try:
            private_home(self.home)
        except OSError as error:
            raise self._refused(error) from error
        with self._open("start.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _open(self, name: str) -> IO[bytes]:
        try:
            return private_file(self.home / name).open("ab")
        except OSError as error:
            raise self._refused(error) from error

    def _mongod(self, address: str, pid: int) -> Mongod:
        return Mongod(self._files, self._log, address, pid)

    def _state(self) -> State:
        try:
            noted = json.loads(self._state_file.read_text())
            if "port" in noted:  # of an older version
                noted["address"] = str(noted.pop("port"))
            return State(**noted)
        except (OSError, ValueError, TypeError):  # none yet, or not ours
            return State()

    def _write(self, state: State) -> None:
        fresh = self._state_file.with_suffix(".new")
        try:
            private_file(fresh).write_text(json.dumps(asdict(state)))
            fresh.replace(self._state_file)
        except OSError as error:
            raise self._refused(error) from error

    def _lock_file_pid(self) -> int:
        try:
            return int((self._files / "mongod.lock").read_text())
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


def _is_older(server: Mongod) -> bool:
    return server.address.isdigit()


def _is_last(user: IO[bytes]) -> bool:
    """Whether no other user holds the lock. A shared lock of ours is lost by the question; it is asked on leaving."""
    try:
        fcntl.flock(user, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
