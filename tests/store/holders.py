"""Processes that use the embedded server of a folder, as commands do, and what a test puts into it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from sync.store.embedded.server import Embedded
from tests.servers import PROJECT_ROOT
from tests.waiting import PATIENCE

SCRIPT = """
import sys
from pathlib import Path
from sync.store.embedded.server import running
try:
    with running(Path(sys.argv[1])) as uri:
        print(uri, flush=True)
        sys.stdin.readline()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


class Holder:
    """One user of the server of `home`, in a session of its own."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(home)],
            cwd=PROJECT_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def uri(self) -> str:
        """Waits until it uses the server."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def leave(self) -> int:
        """Let it end in good order; returns its exit code."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(PATIENCE)

    def interrupt(self) -> None:
        """Ctrl-C in its terminal: the signal goes to all that was started from there."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(PATIENCE)

    def kill(self) -> None:
        """With -9: it can do nothing any more."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def end(self) -> None:
        """Whatever became of it, nothing of it stays."""
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


def put(uri: str, number: int) -> None:
    """Store a document, confirmed by a majority."""
    with MongoClient[dict[str, Any]](uri, w="majority") as client:
        client.own.kept.insert_one({"_id": number})


def kept(uri: str) -> list[int]:
    """The numbers that `put` stored."""
    with MongoClient[dict[str, Any]](uri) as client:
        return sorted(found["_id"] for found in client.own.kept.find())


def pid_of(home: Path) -> int:
    """The process id of the server of a folder."""
    server = Embedded(home).server()
    assert server
    return server.pid
