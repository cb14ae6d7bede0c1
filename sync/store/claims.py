"""What the ledger and the imported files say the record has, against what it has: they are no proof, as readings may
have been deleted since, by hand, by a rule of the cluster, by a partial restore.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..model.readings import Series
from .schema import Document, Pair, own_series

AT_ONCE = 2  # counts


@dataclass(frozen=True, slots=True)
class Claim:
    """So many readings of series (by `Series.key`) that start in `[first, end)` (UTC) are stored, says `of`: a window
    or a file."""

    of: Any
    series: tuple[str, ...]
    first: datetime
    end: datetime
    readings: int


def counted(pair: Pair, claims: Sequence[Claim]) -> list[int]:
    """What the record has of each, counted along the key (measured: 1 µs a reading)."""
    if not claims:
        return []
    stored = {series.key: series for series in own_series(pair.source, pair.record)}

    def count(claim: Claim) -> int:
        return sum(_count(pair, stored[key], claim) for key in claim.series if key in stored)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(count, claims))


def broken(pair: Pair, claims: Iterable[Claim]) -> list[Claim]:
    """Those that the record does not keep."""
    claims = [claim for claim in claims if claim.readings]
    return [claim for claim, count in zip(claims, counted(pair, claims), strict=True) if count < claim.readings]


def named(pair: Pair, claims: Sequence[Claim]) -> list[Series]:
    """The series of claims, as far as one of the sides still has them."""
    keys = {key for claim in claims for key in claim.series}
    return [series for series in own_series(pair.source, pair.record, pair.mirror) if series.key in keys]


def _count(pair: Pair, series: Series, claim: Claim) -> int:
    query: Document = series.query() | {"ts": {"$gte": claim.first, "$lt": claim.end}}
    concern = {"level": "majority"}
    return int(pair.record.database.command("count", pair.record.name, query=query, readConcern=concern)["n"])
