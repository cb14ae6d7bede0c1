"""How many files of the package one batch goes through on its way into both collections: a reader's way is as long."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from pymongo.database import Database

from sync.settings import DEFAULT_COLLECTIONS
from sync.store.schema import ensure_pair, pair
from sync.store.writer import PairWriter
from tests.many import household
from tests.servers import PROJECT_ROOT

MOST = 5
ENTERED = {"model/readings.py", "store/bson_columns.py", "store/lease.py", "store/retry.py", "store/writer.py"}


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`entered(work)` → the files under sync/ whose functions were called meanwhile, by any thread."""
    root = PROJECT_ROOT / "sync"

    def run(work: Any) -> set[str]:
        files: set[str] = set()

        def note(frame: FrameType, event: str, _argument: Any) -> None:
            if event == "call" and frame.f_code.co_filename.startswith(str(root)):
                files.add(str(Path(frame.f_code.co_filename).relative_to(root)))

        threading.setprofile(note)
        sys.setprofile(note)
        try:
            work()
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
        return files

    return run


def test_a_batch_enters_five_files(database: Database[Any], entered: Any) -> None:
    own = pair(database, "lcl", DEFAULT_COLLECTIONS)
    ensure_pair(own)
    writer = PairWriter(own)
    batch = household(1, 336)
    files = entered(lambda: writer.write_many([batch]))
    assert files == ENTERED
    assert len(files) <= MOST
    again = entered(lambda: writer.write_many([batch]))
    assert again == ENTERED | {"store/comparison.py"}
    assert own.mirror.count_documents({}) == 336
