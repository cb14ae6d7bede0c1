"""Homes of embedded servers, none of which outlives its test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.store.embedded.server import Embedded
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
