"""Readings of many series as one table: read from a CSV, cut into batches, and looked through for what is missing."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..model.errors import FileRefused, SyncError
from ..model.privacy import scrub
from ..model.readings import Instants, ReadingBatch, Series
from .answers import iso, shown
from .files import File, Files, Part, column_of, text_of
from .source import AnswerRefused, Parsed

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 3  # series named in a message
MOST_SERIES = 2000  # in one answer or file; all of Norway and Denmark has a hundred
ROWS = 20_000  # of a CSV read at a time
MOST_REJECTS = 50_000  # lines of a file that are told one by one
MOST_ROWS = 2_500_000  # of a CSV that is sorted in memory; all of Norway has 265,000 a year
SPAN = 31 * 86_400_000  # ms; readings of a file handed out at a time: all series of a month

Opened = TypeVar("Opened")
Demand = tuple[NDArray[np.bool_], str, "pd.Series[str] | None"]
"""The rows that do not meet it, in words what they are instead, and the column to show of them."""


@dataclass(frozen=True, slots=True)
class Table:
    """Readings in any order. series: their names by code; code: int64[n]; start: ms since the epoch, UTC; stored and
    absent as in `ReadingBatch`; flags by row."""

    series: Sequence[Series]
    code: NDArray[np.integer[Any]]
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

    def place(self, row: int) -> str:
        """A row for people: `NO1 hydro 2024-10-27 00:00Z`."""
        series = self.series[self.code[row]]
        return f"{series.id} {series.group} {iso(int(self.start[row]))}"

    def refused(self, values: Sequence[Any], known: NDArray[np.float64], what: str) -> tuple[str, ...]:
        """A line for each value that is neither a number (known, else NaN) nor null, which is merely missing."""
        rows = [row for row in np.flatnonzero(np.isnan(known)).tolist() if values[row] is not None]
        return tuple(f"{self.place(row)}: {what}: {shown(values[row])}" for row in rows)

    def refuse_repeated(self, key: str) -> None:
        """Raises AnswerRefused when rows share series and start. key: the names of these in the answer."""
        order = np.lexsort((self.start, self.code))
        same = (np.diff(self.code[order]) == 0) & (np.diff(self.start[order]) == 0)
        if rows := sorted({*order[1:][same].tolist(), *order[:-1][same].tolist()}):
            first = self.place(rows[0])
            raise AnswerRefused(f"{len(rows):,} records share {key} with another one, the first is {first}")

    def parsed(
        self,
        kept: NDArray[np.bool_],
        rejects: Sequence[str],
        absent: Sequence[str],
        explained: Sequence[str],
        unit: str = "records",
    ) -> Parsed:
        """The rows that are kept as an answer. absent: what is missing without a reason; explained: with one."""
        short = [*absent, f"{len(rejects):,} {unit} refused"] if rejects else absent
        notes = {"explained": "; ".join(explained)} if explained else {}
        return Parsed(self.batches(kept), tuple(rejects), "; ".join(short), notes=notes)


def by_month(
    table: Table, kept: NDArray[np.bool_], lines: NDArray[Any], rejects: Sequence[str], short: str, **others: int
) -> Iterator[Part]:
    """The readings of a file, oldest first. lines: of each row; all else comes with the first part."""
    start = table.start
    first, last = (int(start.min()), int(start.max())) if len(start) else (0, 0)
    for low in range(first, last + 1, SPAN):
        part = kept & (start >= low) & (start < low + SPAN)
        if part.any() or low == first:
            own = [lines[rows] for rows in table.rows(part)]
            yield Part.counted(table.batches(part), own, rejects, short, **others)
            rejects, short, others = [], "", {}


class Codes(dict[Any, int]):
    """Names → their codes, in the order of their coming."""

    def of(self, names: Iterable[Any], refusal: type[SyncError] = FileRefused) -> NDArray[np.int32]:
        """The code of each. Raises `refusal` for more names than any source has."""
        found = np.array([self.setdefault(name, len(self)) for name in names], dtype=np.int32)
        if len(self) > MOST_SERIES:
            raise refusal(f"more than {MOST_SERIES:,} series, which no file and no answer has")
        return found


def by_name(names: Sequence[Any]) -> tuple[list[Any], NDArray[np.int32]]:
    """(different names in the order of their coming, the code of each). Raises AnswerRefused for what is no text."""
    codes = Codes()
    try:
        found = codes.of(names, AnswerRefused)
    except TypeError:
        raise AnswerRefused("a name of a series is not a text") from None
    return list(codes), found


def holes(table: Table, low: int, end: int, step: int) -> tuple[list[str], list[str]]:
    """(unexplained, explained): what is missing of series × intervals of `[low, end)` (ms), `step` ms each, in words.

    A series that begins within explains itself: series come into being at any time. All else is unexplained, so that
    the window is not taken for complete: intervals that no series has, a hole, a series that stops (whether it ended or
    was cut off, the next window will tell). Rows at or after `end` are no hole and no proof: published early, welcome.
    """
    expected = max(0, (end - low) // step)
    place = (table.start - low) // step
    inside = (place >= 0) & (place < expected)
    present = np.zeros((len(table.series), expected), dtype=bool)
    present[table.code[inside], place[inside]] = True
    common = np.asarray(~present.any(axis=0), dtype=np.bool_)
    unit = "hour" if step == 3_600_000 else f"interval of {step // 60_000} min"

    def counted(gone: NDArray[np.bool_]) -> str:
        count, first = int(gone.sum()), iso(low + int(np.argmax(gone)) * step)
        name = unit if count == 1 else unit.replace("hour", "hours").replace("interval", "intervals")
        return f"{count:,} {name} (first {first}) of {expected:,}"

    lacking: dict[bool, list[str]] = {True: [], False: []}
    for series, own in zip(table.series, present, strict=True):
        gone = ~own & ~common
        if gone.any():
            first = int(np.argmax(own)) if own.any() else expected
            lacking[bool(gone[first:].any())].append(f"{series.id} {series.group} lacks {counted(gone)}")
    unexplained = [f"no series has {counted(common)}"] if common.any() else []
    return unexplained + _few(lacking[True]), _few(lacking[False])


def _few(texts: list[str]) -> list[str]:
    more = len(texts) - SHOWN
    return texts if more <= 0 else [*texts[:SHOWN], f"{more} more series lack some"]


@dataclass(frozen=True, slots=True)
class Csv:
    """A CSV by its header. columns: our name → its name of each column we know."""

    path: Path
    separator: str
    header: Sequence[str]
    columns: Mapping[str, str]

    @classmethod
    def opened(cls, path: Path, names: Mapping[str, Sequence[str]]) -> Csv:
        """Look at the header. names: our name → the spellings of a column. Raises FileRefused for what is no text."""
        with text_of(path) as stream:
            line = stream.readline()
        separator = ";" if ";" in line else ","
        header = next(csv.reader([line], delimiter=separator), [])
        columns = {ours: name for ours, spellings in names.items() if (name := column_of(header, spellings))}
        return cls(path, separator, header, columns)

    def refuse_without(self, absent: Sequence[str], what: str) -> None:
        """Raises FileRefused when columns are absent."""
        if absent:
            raise FileRefused(
                f"{self.name} is not {what}: its header has no {', '.join(absent)} "
                f"(it has {scrub(', '.join(self.header))[:200] or 'nothing'})"
            )

    @property
    def name(self) -> str:
        return scrub(self.path.name)

    def tables(self) -> Iterator[pd.DataFrame]:
        """The rows, some at a time, as text under our names, absent cells empty. Raises FileRefused for too many."""
        ours = {theirs: name for name, theirs in self.columns.items()}
        options: dict[str, Any] = {"dtype": str, "keep_default_na": False, "skipinitialspace": True}
        import pandas as pd  # noqa: PLC0415 - a third of a second that no answer needs

        rows = 0
        with text_of(self.path) as stream:
            for table in pd.read_csv(stream, sep=self.separator, usecols=list(ours), chunksize=ROWS, **options):
                if (rows := rows + len(table)) > MOST_ROWS:
                    raise FileRefused(f"{self.name}: more than {MOST_ROWS:,} rows: split it, by years for example")
                yield table.rename(columns=ours).fillna("")


def files_of(
    paths: Sequence[Path], opened: Callable[[Path], Opened], parts: Callable[[Opened], Iterator[Part]]
) -> Files:
    """`files.Files`: `opened` looks at each header now, `parts` reads what it found when its turn comes."""
    return Files([File(scrub(path.name), path, partial(parts, opened(path)), path.stat().st_size) for path in paths])


def refuse_rows(
    name: str, lines: Sequence[int] | NDArray[np.integer[Any]], demands: Iterable[Demand], rejects: list[str]
) -> NDArray[np.bool_]:
    """Which rows meet all demands; `rejects` gets a line for each other one with the first that it does not meet.

    Raises FileRefused when these are too many to be a few bad rows.
    """
    kept = np.ones(len(lines), dtype=bool)
    for wrong, what, column in demands:
        rows = np.flatnonzero(wrong & kept)
        if len(rejects) + len(rows) > MOST_REJECTS:
            raise FileRefused(f"{name}: more than {MOST_REJECTS:,} of its rows cannot be taken, one of them: {what}")
        for row in rows.tolist():
            text = "" if column is None else f": {column.iloc[row][:40]!r}"
            rejects.append(f"{name}, line {lines[row]}: {what}{text}")
        kept &= ~wrong
    return kept


def joined(parts: list[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """The columns of all parts as one; the parts are used up."""
    return {name: np.concatenate([part.pop(name) for part in parts]) for name in list(parts[0])}
