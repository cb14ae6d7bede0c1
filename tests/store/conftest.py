"""Homes of embedded servers, none of which outlives its test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sync.store.embedded import Embedded
from tests.store.holders import Holder


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """SYNC_HOME of this test."""
    folder = tmp_path / "home"
    yield folder
    if server := Embedded(folder).server():
        server.kill()


@pytest.fixture
def hold(home: Path) -> Iterator[Callable[[], Holder]]:
    """`hold()` starts a process that uses the server of `home`; none outlives the test."""
    holders: list[Holder] = []

    def start() -> Holder:
        holders.append(Holder(home))
        return holders[-1]

    yield start
    for holder in holders:
        holder.end()


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
