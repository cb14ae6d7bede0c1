"""No room for the embedded server: said in one message, and all that was confirmed is there afterwards."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sync.model.errors import StoreUnavailable
from sync.store.connection import open_store
from sync.store.embedded.server import Embedded
from tests.store.places import Where

pytestmark = pytest.mark.soak  # kills, again and again


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """A disk of this size at `folder`, where this machine lets us mount one (root, or sudo without a password)."""
    folder.mkdir(parents=True)
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    options = f"size={megabytes}m,mode=700,uid={os.geteuid()}"
    mount = [*prefix, "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run([*prefix, "umount", "--lazy", str(folder)], check=True)


class Filling:
    """Inserts one megabyte after the other; `confirmed` counts the documents."""

    def __init__(self, home: Path) -> None:
        self.where = Where("", home)
        self.confirmed = 0

    def run(self, prepare: Callable[[], None] = lambda: None) -> None:
        with open_store(self.where) as database:
            prepare()
            for _ in range(200):
                database.filled.insert_many([{"noise": os.urandom(1000)} for _ in range(1000)])
                self.confirmed += 1000

    def stored(self) -> int:
        with open_store(self.where) as database:
            return database.filled.count_documents({})


def test_a_file_size_limit(home: Path) -> None:
    def limit() -> None:
        server = Embedded(home).server()
        assert server
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (5_000_000, 5_000_000))

    filling = Filling(home)
    with pytest.raises(StoreUnavailable, match="the embedded MongoDB has ended: a file-size limit is reached"):
        filling.run(limit)
    assert filling.stored() >= filling.confirmed > 0


def test_a_full_disk(tmp_path: Path) -> None:
    """On a small disk of its own; where none can be mounted, the last words of a server on one stand in."""
    home = tmp_path / "disk"
    with small_disk(home, 104) as mounted:
        if not mounted:
            words = """{"s":"E","msg":"WiredTiger error","attr":{"message":{"error_str":"No space left on device"}}}"""
            (home / "mongod.log").write_text(words)
            assert "the disk is full: make room" in Embedded(home).why_it_ended()
            return
        ballast = home / "ballast"
        ballast.write_bytes(bytes(84_000_000))
        filling = Filling(home)
        with pytest.raises(StoreUnavailable, match="the embedded MongoDB has ended: the disk is full: make room"):
            filling.run()
        with pytest.raises(StoreUnavailable, match="the disk is full: make room"):
            filling.stored()
        ballast.unlink()
        assert filling.stored() >= filling.confirmed > 0
