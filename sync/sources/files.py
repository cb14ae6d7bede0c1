"""The contract of files; and what those of open sources have in common: plain or gzipped text, columns by name."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..model.errors import FileRefused
from ..model.readings import Instants, ReadingBatch, Series

if TYPE_CHECKING:
    import pandas as pd  # a quarter of a second, which every source without such files would pay

UNREAD = np.iinfo(np.int64).min
"""In place of a time that cannot be read."""
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)


@dataclass(slots=True)
class Counts:
    """Rows of files. rows = readings + missing + off_grid + repeated + conflicting + refused, always.

    conflicting: of several values for one time; while a file is parsed these are among the readings.
    """

    rows: int = 0
    readings: int = 0
    missing: int = 0
    off_grid: int = 0
    repeated: int = 0
    conflicting: int = 0
    refused: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Counts)))


@dataclass(slots=True)
class Part:
    """Some rows of a file. rejects: the lines that were refused, in words, with their place; short: what is missing.

    lines: for each batch the line of each reading, int64[n], or its place in words where several files are read as one.
    """

    batches: Sequence[ReadingBatch]
    lines: Sequence[NDArray[Any]]
    counts: Counts = field(default_factory=Counts)
    rejects: Sequence[str] = ()
    short: str = ""

    @classmethod
    def counted(
        cls,
        batches: Sequence[ReadingBatch],
        lines: Sequence[NDArray[Any]],
        rejects: Sequence[str] = (),
        short: str = "",
        **others: int,
    ) -> Part:
        """A part of which every row is a reading, a reject or one of `others` (fields of `Counts`)."""
        counts = Counts(readings=sum(map(len, batches)), refused=len(rejects), **others)
        counts.rows = sum(getattr(counts, each.name) for each in fields(Counts))
        return cls(batches, lines, counts, tuple(rejects), short)


@dataclass(frozen=True, slots=True)
class File:
    """A file of readings, or one in an archive. parts: reads it, oldest first wherever the file allows it; raises
    FileRefused behind what could be read of one that is cut off. key: names its content for the ledger, empty for one
    that is read each time; size: bytes, as far as known."""

    name: str
    path: Path
    parts: Callable[[], Iterator[Part]]
    size: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class SideTable:
    """Documents beside the readings, for a collection of their own; `words` for people."""

    collection: str
    documents: Sequence[Mapping[str, Any]]
    words: str


@dataclass(frozen=True, slots=True)
class Files:
    """What `open_files` of a source's `files.py` finds in paths.

    It looks at the header of every file first and raises FileRefused (errors.py), so that a wrong file leaves the store
    as it was. notes, rejects: what is said before a reading is stored. totals: local day → Wh of each series. series:
    those of meters; their days that a file covers whole need no call any more, in windows of `longest` days.
    """

    files: Sequence[File]
    notes: Sequence[str] = ()
    rejects: Sequence[str] = ()
    tables: Sequence[SideTable] = ()
    totals: Mapping[Series, Mapping[date, int]] = field(default_factory=dict)
    series: Sequence[Series] = ()
    longest: int = 0
    count: int = 0

    def parts(self) -> Iterator[Part]:
        """Of all files, in their order."""
        for file in self.files:
            yield from file.parts()


@contextmanager
def text_of(path: Path) -> Iterator[io.TextIOWrapper]:
    """The text of a file. Raises FileRefused for what cannot be opened, is no UTF-8, or which pandas finds broken."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            stream = gzip.GzipFile(fileobj=raw) if packed else raw
            with io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
                yield text
    except (OSError, EOFError, zlib.error, ValueError, csv.Error) as error:  # a ParserError is a ValueError
        what = f"{path.name} cannot be read as UTF-8 text or is broken ({type(error).__name__})"
        raise FileRefused(f"{what}: {str(error).strip()[:200]}") from None


def column_of(header: Sequence[str], names: Iterable[str]) -> str | None:
    """The spelling in the header of the first of the names that it has."""
    spelled = {name.strip().strip("\ufeff").lower(): name for name in header}
    return next((spelled[name.lower()] for name in names if name.lower() in spelled), None)


def cell(text: str, divisor: float = 1.0) -> Any:
    """A number by its divisor, None for an empty cell, the text itself for anything else."""
    stripped = text.strip()
    return float(stripped) / divisor if NUMBER.fullmatch(stripped) else stripped or None


def instants(texts: pd.Series[str], form: re.Pattern[str], offset_seconds: int = 0) -> Instants:
    """ms since the epoch of naive UTC texts, or of a fixed offset; UNREAD where there is no such time."""
    codes, unique = texts.factorize()
    found = np.full(len(unique), UNREAD, dtype=np.int64)
    for place, text in enumerate(unique):
        if form.fullmatch(stripped := text.strip()):
            try:
                moment = datetime.fromisoformat(stripped.removesuffix("Z")).replace(tzinfo=UTC)
            except ValueError:
                continue
            found[place] = round(moment.timestamp() - offset_seconds) * 1000
    rows: Instants = found[codes]
    return rows
