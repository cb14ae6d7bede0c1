"""Small markets and areas, written as the product writes them, and the real files through the product's importers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from pymongo.database import Database

from sync.model.readings import ReadingBatch, Series
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources import SOURCES
from sync.store.schema import ensure_pair, pair
from sync.store.writer import PairWriter

HOUR, QUARTER = 3600, 900


def write(database: Database[Any], source: str, batches: Sequence[ReadingBatch]) -> None:
    """Into both collections."""
    own = pair(database, source, DEFAULT_COLLECTIONS)
    ensure_pair(own)
    PairWriter(own).write_many(batches)


def load_files(database: Database[Any], source: str, paths: Sequence[Path]) -> None:
    """A source's own files, as `python -m sync import` reads them."""
    for parsed in SOURCES[source].open_files(paths, None).parts():
        write(database, source, parsed.batches)


def prices(
    area: str, start: datetime, eur: Sequence[float | None], seconds: int = HOUR, source: str = "energidata"
) -> ReadingBatch:
    """Day-ahead prices from `start` (aware) on; None: a missing one."""
    at, there = _there(start, eur, seconds)
    columns = {"eur_mwh": np.array(there, dtype=np.float64), "seconds": np.full(len(at), seconds, dtype=np.int32)}
    return ReadingBatch(Series(source, area, "price", "day-ahead"), at, columns)


def energy(
    source: str, area: str, group: str, start: datetime, wh: Sequence[int | None], flow: str = "production"
) -> ReadingBatch:
    """Hours of energy from `start` (aware) on; None: a missing one."""
    at, there = _there(start, wh, HOUR)
    columns = {"wh": np.array(there, dtype=np.int64), "seconds": np.full(len(at), HOUR, dtype=np.int32)}
    return ReadingBatch(Series(source, area, flow, group), at, columns)


def weather(area: str, start: datetime, temperature: Sequence[float | None]) -> ReadingBatch:
    """Hours of temperature from `start` (aware) on; None: a missing one."""
    at, there = _there(start, temperature, HOUR)
    columns = {"temperature_c": np.array(there, dtype=np.float64), "seconds": np.full(len(at), HOUR, dtype=np.int32)}
    return ReadingBatch(Series("weather", area, "weather", "era5"), at, columns)


def _there(start: datetime, numbers: Sequence[float | None], seconds: int) -> tuple[np.ndarray[Any, Any], list[float]]:
    first = int(start.timestamp()) * 1000
    there = [(first + place * seconds * 1000, each) for place, each in enumerate(numbers) if each is not None]
    return np.array([at for at, _ in there], dtype=np.int64), [each for _, each in there]
