"""The contract of files; and what those of open sources have in common: plain or gzipped text, columns by name."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ..model.bounded import DAMAGE, LARGEST_TEXT, Allowance, Lines, opened, refuse_packing
from ..model.errors import FileRefused
from ..model.privacy import scrub
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


class Heard(Protocol):
    """Hears how far the reading is, of a source that reads all files before the first is stored."""

    def start(self, total: int, done: int) -> None: ...

    def advance(self, text: str, steps: int = 1) -> None: ...


class Unheard:
    """Hears nothing."""

    def start(self, total: int, done: int) -> None:
        """Nothing to show."""

    def advance(self, text: str, steps: int = 1) -> None:
        """Nothing to show."""


@dataclass(frozen=True, slots=True)
class Files:
    """What `open_files` of a source's `files.py` finds in paths.

    It looks at the header of every file first and raises FileRefused (errors.py), so that a wrong file leaves the store
    as it was. notes, rejects: what is said before a reading is stored; failed: files beside them that cannot be read,
    with the reason. totals: local day → Wh of each series. series:
    those of meters; their days that a file covers whole need no call any more, in windows of `longest` days.
    """

    files: Sequence[File]
    notes: Sequence[str] = ()
    rejects: Sequence[str] = ()
    tables: Sequence[SideTable] = ()
    failed: Sequence[tuple[str, str]] = ()
    totals: Mapping[Series, Mapping[date, int]] = field(default_factory=dict)
    series: Sequence[Series] = ()
    longest: int = 0
    count: int = 0

    def parts(self) -> Iterator[Part]:
        """Of all files, in their order."""
        for file in self.files:
            yield from file.parts()


@contextmanager
def text_of(path: Path, most: int = LARGEST_TEXT) -> Iterator[io.TextIOBase]:
    """The text of a file. Raises FileRefused for what cannot be opened, is no UTF-8, has more than `most` bytes or such
    lines as no table has (`Lines`), or which pandas finds broken."""
    name = scrub(path.name)
    try:
        with opened(path) as raw:
            lines = cast(BinaryIO, Lines(name, raw, most))
            yield io.TextIOWrapper(lines, encoding="utf-8-sig", newline="")
    except (*DAMAGE, csv.Error) as error:  # a ParserError is a ValueError
        what = f"{name} cannot be read as UTF-8 text or is broken ({type(error).__name__})"
        raise FileRefused(f"{what}: {scrub(str(error)).strip()[:200]}") from None


# --- workbooks -------------------------------------------------------------------------------------------------------

LARGEST_BOOK = 24_000_000  # bytes unpacked; a year of half hours has 2 million
MOST_TAGS = 2_000_000  # in all its parts
MOST_PARTS = 500
WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")  # text in which a DOCTYPE, which may repeat itself, would hide


def workbook(name: str, packed: zipfile.ZipFile) -> Any:
    """An .xlsx, to be read row by row. Raises FileRefused for one that is larger than any of readings, or damaged.

    openpyxl unpacks a part in one go, whatever it says of its size: so it is given what was unpacked here.
    """
    import openpyxl  # noqa: PLC0415 - a tenth of a second that no other form needs

    allowance, tags = Allowance(LARGEST_BOOK, _too_large_book), 0
    whole = io.BytesIO()
    try:
        if len(packed.infolist()) > MOST_PARTS:
            raise _too_large_book(name)
        with zipfile.ZipFile(whole, "w") as unpacked:
            for part in packed.infolist():
                refuse_packing(name, part)
                with packed.open(part) as stream:
                    content = allowance.whole(name, stream)
                tags += content.count(b"<")
                if tags > MOST_TAGS or b"<!DOCTYPE" in content or content[:2] in WIDE:
                    raise _too_large_book(name)
                unpacked.writestr(part.filename, content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl's remarks on styles are nothing for the user
            return openpyxl.load_workbook(whole, read_only=True, data_only=True)
    except FileRefused:
        raise
    except Exception as error:  # a damaged workbook raises whatever its XML parser, zlib or openpyxl happen to
        raise FileRefused(f"{name} is damaged or cut off ({scrub(str(error))[:60] or type(error).__name__})") from error


def _too_large_book(name: str) -> FileRefused:
    return FileRefused(f"{name} is no workbook of readings: it unpacks to more, or to other things, than any of these")


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
