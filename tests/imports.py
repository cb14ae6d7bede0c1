"""Files of Linky meters into a pair of a real database, as the command does it, without its process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pymongo.database import Database

from sync.load.files import FileReport, import_files
from sync.load.progress import Silence
from sync.load.report import Loader, Outcome
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.linky.files import open_files
from sync.store.ledger import Ledger
from sync.store.schema import pair
from sync.store.writer import PairWriter
from tests.clock import FakeClock

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)


def import_linky(
    database: Database[Any], paths: Sequence[Path], prm: str = "", flow: str = ""
) -> tuple[Outcome, list[FileReport]]:
    """One `import` of paths; what it adds up, and a report for each series."""
    own, clock = pair(database, "linky", DEFAULT_COLLECTIONS), FakeClock(NOW)
    loader = Loader(own, Ledger(database), PairWriter(own, clock), clock)
    files = open_files(paths, prm=prm, flow=flow)
    reports = import_files(files, loader, Silence())
    loader.prove(files.series)
    return loader.outcome, reports
