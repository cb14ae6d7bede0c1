"""The real two-year export as an independent reading: own clock rule, own arithmetic, nothing of the product's."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from tests import paris

FILE = "linky/r63_load_curve_2023-03-13_2025-03-13_naive_paris.csv.gz"
PRM = "0" * 14
SECONDS = {"PT30M": 1800, "PT60M": 3600}


class Expected(NamedTuple):
    """One reading: UTC start, energy, length."""

    ts: datetime
    wh: int
    seconds: int


@lru_cache(maxsize=1)
def expected(folder: Path) -> tuple[Expected, ...]:
    """All readings of the file, oldest first."""
    with gzip.open(folder / FILE, "rt", encoding="utf-8-sig", newline="") as lines:
        found = list(csv.DictReader(lines, delimiter=";"))
    ends = paris.in_order(row["Horodate"] for row in found)
    return tuple(
        Expected(datetime.fromtimestamp(end - length, UTC), int(row["Valeur"]) * length // 3600, length)
        for end, row in zip(ends, found, strict=True)
        for length in (SECONDS[row["Pas"]],)
    )
