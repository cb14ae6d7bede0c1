"""Databases to look at: the real two years, and small invented ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pymongo.database import Database

from sync.load.files import import_files
from sync.load.progress import Silence
from sync.load.report import Loader
from sync.model.readings import Series, energy_batch
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.linky.files import open_files
from sync.store.ledger import Ledger
from sync.store.schema import ensure_pair, pair
from sync.store.writer import PairWriter
from tests.clock import FakeClock

TODAY = datetime(2025, 3, 13, 9, 0, tzinfo=UTC)
"""The morning after the last day of the real export."""
HALF_HOUR = 1800
ONE, TWO = "99999999999991", "99999999999982"


def loader_of(database: Database[Any], now: datetime = TODAY) -> Loader:
    """The product's own loader of Linky readings, both collections made."""
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    clock = FakeClock(now)
    ensure_pair(own)
    return Loader(own, Ledger(database), PairWriter(own, clock), clock)


def load_file(database: Database[Any], path: Path) -> None:
    """Import an export and verify it, as `python -m sync import` does."""
    loader = loader_of(database)
    files = open_files([path])
    import_files(files, loader, Silence())
    loader.prove(files.series)


def load_readings(
    database: Database[Any], start: datetime, wh: Sequence[int | None], prm: str = ONE, flow: str = "consumption"
) -> Series:
    """Half-hours from `start` (aware) on; None = a missing one. Written as the product writes them, and verified."""
    series = Series("linky", prm, flow)
    first = int(start.timestamp() * 1000)
    there = [(first + place * HALF_HOUR * 1000, energy) for place, energy in enumerate(wh) if energy is not None]
    loader = loader_of(database)
    batch = energy_batch(
        series,
        start=np.array([instant for instant, _ in there], dtype=np.int64),
        wh=np.array([energy for _, energy in there], dtype=np.int64),
        seconds=np.full(len(there), HALF_HOUR, dtype=np.int64),
    )
    loader.writer.write(batch)
    loader.prove([series])
    return series
