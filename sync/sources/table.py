"""Readings of many series as one table: cut into batches, and looked through for what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.readings import Instants, ReadingBatch, Series
from .answers import iso

SHOWN = 3  # series named in a message


@dataclass(frozen=True, slots=True)
class Table:
    """Readings in any order. series: their names by code; code: int64[n]; start: ms since the epoch, UTC; stored and
    absent as in `ReadingBatch`; flags by row."""

    series: Sequence[Series]
    code: NDArray[np.int64]
    start: Instants
    stored: Mapping[str, NDArray[Any]]
    absent: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    flags: Mapping[int, str] = field(default_factory=dict)

    def rows(self, kept: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
        """The rows that are kept, by series in the order of their keys, oldest first."""
        rows = np.flatnonzero(kept)
        order = rows[np.lexsort((self.start[rows], self.code[rows]))]
        edges = np.searchsorted(self.code[order], np.arange(len(self.series) + 1))
        codes = sorted(range(len(self.series)), key=lambda code: self.series[code].key)
        return [order[edges[code] : edges[code + 1]] for code in codes if edges[code] < edges[code + 1]]

    def batches(self, kept: NDArray[np.bool_]) -> tuple[ReadingBatch, ...]:
        """One batch a series of the rows that are kept, oldest first; none of them may share series and start."""
        return tuple(self._batch(own) for own in self.rows(kept))

    def _batch(self, own: NDArray[np.int64]) -> ReadingBatch:
        stored = {name: column[own] for name, column in self.stored.items()}
        absent = {name: mask[own] for name, mask in self.absent.items() if mask[own].any()}
        flags = {place: self.flags[row] for place, row in enumerate(own.tolist()) if row in self.flags}
        return ReadingBatch(self.series[self.code[own[0]]], self.start[own], stored, flags, absent)

    def repeated(self) -> NDArray[np.bool_]:
        """Which rows have the series and the start of another one."""
        order = np.lexsort((self.start, self.code))
        same = (np.diff(self.code[order]) == 0) & (np.diff(self.start[order]) == 0)
        found = np.zeros(len(order), dtype=bool)
        found[order[1:][same]] = True
        found[order[:-1][same]] = True
        return found


def by_name(names: Sequence[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """(different names in the order of their coming, the code of each)."""
    codes: dict[Any, int] = {}
    found = np.array([codes.setdefault(name, len(codes)) for name in names], dtype=np.int64)
    return list(codes), found


def holes(table: Table, low: int, end: int, step: int, begins_freely: bool = True) -> tuple[list[str], list[str]]:
    """(unexplained, explained): which series lack intervals of `[low, end)` (ms), `step` ms each, in words.

    A series that begins within explains itself: series come into being at any time. Rows at or after `end` are no hole
    and no proof: what is published early is welcome.
    """
    expected = max(0, (end - low) // step)
    lacking: list[tuple[str, bool]] = []
    for code, series in enumerate(table.series):
        place = (table.start[table.code == code] - low) // step
        present = np.zeros(expected, dtype=bool)
        present[place[(place >= 0) & (place < expected)]] = True
        if present.all():
            continue
        first = int(np.argmax(present)) if present.any() else expected
        since = first if begins_freely else 0
        missing = np.flatnonzero(~present[since:]) + since
        at = int(missing[0]) if len(missing) else 0
        count = len(missing) or first
        name = f"{series.id} {series.group}"
        unit = "hours" if step == 3_600_000 else f"intervals of {step // 60_000} min"
        lacking.append((f"{name} lacks {count:,} {unit} (first {iso(low + at * step)})", bool(len(missing))))
    unexplained = [text for text, is_hole in lacking if is_hole]
    explained = [text for text, is_hole in lacking if not is_hole]
    return _few(unexplained), _few(explained)


def _few(texts: list[str]) -> list[str]:
    more = len(texts) - SHOWN
    return texts if more <= 0 else [*texts[:SHOWN], f"{more} more series lack some"]
