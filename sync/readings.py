"""Readings: energy over half-open UTC intervals `[start, start + seconds)`, as typed columns of one series.

`document()` is the only Python spelling of the stored document; `atlas_functions/` has the only JavaScript one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from bson import ObjectId
from numpy.typing import NDArray

Instants = NDArray[np.int64]
"""Milliseconds since 1970-01-01T00:00Z."""

PERSONAL_SOURCES = frozenset({"linky"})
"""Sources whose series id is personal data (a PRM): only its last four digits are ever shown."""

GENERATED_PREFIX = "9" * 12

LONGEST_INTERVAL = 3600
INT32_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Series:
    """What names a series, and nothing that varies: becomes the metaField."""

    source: str
    id: str
    flow: str

    def subdocument(self) -> dict[str, str]:
        """The `series` field of a stored document, in its fixed field order."""
        return {"source": self.source, "id": self.id, "flow": self.flow}

    def query(self) -> dict[str, str]:
        """Filter on sub-fields: a time-series collection reorders metaField keys, so the whole never matches."""
        return {f"series.{name}": value for name, value in self.subdocument().items()}

    @property
    def shown_id(self) -> str:
        return mask(self.id) if self.source in PERSONAL_SOURCES else self.id

    @property
    def label(self) -> str:
        """For people: `linky …0844 consumption`."""
        return f"{self.source} {self.shown_id} {self.flow}"

    @property
    def key(self) -> str:
        """A stable name for ledger and leases that does not hold a whole PRM: `linky:…0844~1a2b3c4d:consumption`."""
        shown = self.shown_id
        if self.source in PERSONAL_SOURCES:
            shown = f"{shown}~{hashlib.sha256(self.id.encode()).hexdigest()[:8]}"
        return f"{self.source}:{shown}:{self.flow}"


def series_from(stored: Mapping[str, Any]) -> Series | None:
    """The series of a stored `series` sub-document; None when a field is absent or not text."""
    source, identity, flow = (stored.get(name) for name in ("source", "id", "flow"))
    if isinstance(source, str) and isinstance(identity, str) and isinstance(flow, str):
        return Series(source, identity, flow)
    return None


def is_generated(series: Series) -> bool:
    """Whether a series is invented by the stand-in: its PRM begins with twelve nines, as no meter's does."""
    return series.source == "linky" and series.id.startswith(GENERATED_PREFIX)


def mask(prm: str) -> str:
    """`21121707640844` → `…0844`."""
    return f"…{prm[-4:]}"


@dataclass(frozen=True, slots=True)
class ReadingBatch:
    """Readings of one series, oldest first, no instant twice, no two overlapping (checked on construction).

    start: int64[n], ms since the epoch, UTC, start of the interval; wh: int64[n] within Int32;
    seconds: int64[n], 1…3600; flags: index → text, only for unusual readings.
    Raises ValueError when a column breaks these rules: that is a bug of the source that built it.
    """

    series: Series
    start: Instants
    wh: NDArray[np.int64]
    seconds: NDArray[np.int64]
    flags: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not len(self.start) == len(self.wh) == len(self.seconds):
            raise ValueError("columns of different length")
        if len(self.start) == 0:
            return
        if self.seconds.min() < 1 or self.seconds.max() > LONGEST_INTERVAL:
            raise ValueError("interval length outside 1…3600 s")
        if abs(self.wh).max() > INT32_MAX:
            raise ValueError("energy outside Int32")
        if (self.start[1:] < self.end[:-1]).any():
            raise ValueError("readings out of order or overlapping")

    def __len__(self) -> int:
        return len(self.start)

    @property
    def end(self) -> Instants:
        """End of each interval, ms since the epoch, UTC."""
        return self.start + self.seconds * 1000

    def slice(self, first: int, last: int) -> ReadingBatch:
        """The readings `first` … `last - 1`."""
        flags = {i - first: text for i, text in self.flags.items() if first <= i < last}
        part = slice(first, last)
        return ReadingBatch(self.series, self.start[part], self.wh[part], self.seconds[part], flags)

    def document(self, index: int, _id: ObjectId) -> dict[str, Any]:
        """The stored document of one reading."""
        start, wh, seconds = int(self.start[index]), int(self.wh[index]), int(self.seconds[index])
        return document(_id, instant(start), self.series.subdocument(), wh, seconds, self.flags.get(index))


def clashing(start: Instants, end: Instants) -> NDArray[np.bool_]:
    """Which of the intervals (sorted by start, ms) share time with another one."""
    clash = np.zeros(len(start), dtype=bool)
    reach = np.maximum.accumulate(end)
    clash[1:] = start[1:] < reach[:-1]
    following = np.searchsorted(start, end, side="left")  # the first interval that begins at or after this one's end
    return clash | (following - np.arange(len(start)) > 1)


def document(
    _id: ObjectId, ts: datetime, series: Mapping[str, str], wh: int, seconds: int, flag: str | None = None
) -> dict[str, Any]:
    """The stored document: fixed field order, Python ints become Int32, an absent flag is an absent field."""
    stored = {"_id": _id, "ts": ts, "series": series, "wh": wh, "seconds": seconds}
    if flag:
        stored["flag"] = flag
    return stored


def instant(milliseconds: int) -> datetime:
    """Milliseconds since the epoch → aware UTC datetime."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def milliseconds(moment: datetime) -> int:
    """Aware datetime → milliseconds since the epoch."""
    return round(moment.timestamp() * 1000)
