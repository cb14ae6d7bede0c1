"""Which file and line brought each reading: tells a copy in a later file from a reading that was stored before, and
names the other line of a contradiction.

Kept a household and file at a time, in `sync_origins`, as packed differences: lines and half hours mostly rise by one,
so a household's three years take a few hundred bytes.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from pymongo import ASCENDING
from pymongo.database import Database

from ..model.readings import Instants
from ..store.schema import Document

ORIGINS = "sync_origins"
FAST = 1  # level of compression


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a stored reading came from. before: its run found it stored, by an attempt that was ended."""

    file: str
    name: str
    line: int
    before: bool


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Readings that one call stored. first, last: the outermost starts, ms; the rest packed."""

    first: int
    last: int
    starts: bytes
    lines: bytes
    before: bytes


class Origins:
    """Those of all files that were read, and of the one that is being read."""

    def __init__(self, database: Database[Document]) -> None:
        self._kept = database[ORIGINS]
        self._kept.create_index([("household", ASCENDING)])
        self._file = self._name = ""
        self._current: defaultdict[str, list[_Chunk]] = defaultdict(list)

    def begin(self, file: str, name: str) -> None:
        """The next file: its key in the ledger, and its name for people."""
        self._file, self._name = file, name
        self._current.clear()

    def add(self, household: str, starts: Instants, lines: NDArray[np.int64], before: NDArray[np.bool_]) -> None:
        """Readings of the present file that are stored."""
        if len(starts):
            ends = int(starts.min()), int(starts.max())
            self._current[household].append(_Chunk(*ends, _packed(starts), _packed(lines), _packed(before)))

    def keep(self, whole: bool) -> None:
        """Nothing more comes of the present file, which was read to its end or not."""
        self._kept.delete_many({"file": self._file})
        named = {"file": self._file, "name": self._name, "whole": whole}
        entries = [
            {**named, "household": household, "chunks": [asdict(each) for each in chunks]}
            for household, chunks in self._current.items()
        ]
        if entries:
            self._kept.insert_many(entries, ordered=False)

    def brought(self, household: str, starts: Instants) -> NDArray[np.bool_]:
        """Which of the readings the present file, or one that was stored whole, has brought already."""
        found = np.zeros(len(starts), dtype=bool)
        if len(starts):
            ends = int(starts.min()), int(starts.max())
            for _, _, chunk in self._near(household, *ends, {"whole": True}):
                found |= np.isin(starts, _unpacked(chunk.starts))
        return found

    def of(self, household: str, start: int) -> Origin | None:
        """Where one reading came from, if that is known."""
        for file, name, chunk in self._near(household, start, start, {}):
            places = np.flatnonzero(_unpacked(chunk.starts) == start)
            if len(places):
                place = int(places[0])
                return Origin(file, name, int(_unpacked(chunk.lines)[place]), bool(_unpacked(chunk.before)[place]))
        return None

    def _near(self, household: str, first: int, last: int, of: Document) -> Iterator[tuple[str, str, _Chunk]]:
        for chunk in self._current.get(household, ()):
            if chunk.first <= last and first <= chunk.last:
                yield self._file, self._name, chunk
        for entry in self._kept.find({"household": household, "file": {"$ne": self._file}, **of}):
            for fields in entry["chunks"]:
                chunk = _Chunk(**fields)
                if chunk.first <= last and first <= chunk.last:
                    yield entry["file"], entry["name"], chunk


def _packed(numbers: NDArray[np.int64] | NDArray[np.bool_]) -> bytes:
    return zlib.compress(np.diff(numbers.astype("<i8"), prepend=0).tobytes(), FAST)


def _unpacked(packed: bytes) -> NDArray[np.int64]:
    return np.cumsum(np.frombuffer(zlib.decompress(packed), "<i8"))
