"""Files that `export` has written, read back: CSV, JSON lines and Parquet, plain or gzipped, told apart by content.

Rows come in any order and of any series; each is held to the columns (`model/columns.py`) and to the fields of its
source, so that a restored document is the one that was exported.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
import orjson
from numpy.typing import NDArray

from ..model.bounded import DAMAGE, Lines, opened
from ..model.columns import FIRST, NUMBER, TIME, VALUES, Mask
from ..model.errors import FileRefused
from ..model.privacy import scrub
from ..model.readings import INT32_MAX, LONGEST_INTERVAL, PRM_DIGITS, Instants, Series, clashing, in_stored_order
from .files import NUMBER as NUMBER_FORM
from .files import UNREAD, File, Files, Part
from .table import Demand, Table, refuse_rows

if TYPE_CHECKING:
    import pandas as pd

    from . import SourceEntry

ROWS = 50_000  # at a time
EXACT = 2**53  # up to here a double tells all whole numbers apart
SERIES = ("source", "id", "flow", "group")
HEADER = ",".join(FIRST)
LONGEST = 7  # days of the windows in which the ledger enters complete days of a meter
NEEDS_ARROW = "needs pyarrow: pip install 'linky-atlas[bulk]'"


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a file. code: the number of each one's series in `series`; start: ms, UNREAD where there is none;
    seconds, values: NaN where there is none; wrong: what is there and is none; lines: from 1 on."""

    series: Sequence[Series]
    code: NDArray[np.int64]
    start: Instants
    seconds: NDArray[np.float64]
    values: Mapping[str, NDArray[Any]]
    absent: Mapping[str, Mask]
    wrong: Mask
    flags: Mapping[int, str]
    lines: NDArray[np.int64]


def is_exported(path: Path) -> bool:
    """Whether a file begins as `export` writes it."""
    return path.is_file() and _kind(path) != ""


def open_exported(entry: SourceEntry, paths: Sequence[Path]) -> Files:
    """`files.Files` of a source. Raises FileRefused for one of readings of another source, or of hours, days, months
    in which readings were added up."""
    series: dict[Series, None] = {}
    for path in paths:
        for rows in read_rows(path):
            series |= dict.fromkeys(rows.series)
            _refuse_others(entry, path, rows)
            if not entry.is_personal:  # which meters these are is said beforehand; else the first rows tell enough
                break
    files = [File(scrub(path.name), path, partial(_parts, entry, path), path.stat().st_size) for path in paths]
    return Files(files, series=list(series), longest=LONGEST) if entry.is_personal else Files(files)


def _refuse_others(entry: SourceEntry, path: Path, rows: Rows) -> None:
    name = scrub(path.name)
    others = {series.source for series in rows.series} - {entry.name}
    if others:
        raise FileRefused(f"{name} holds readings of {scrub(min(others))[:20]}, not of {entry.name}")
    if (rows.seconds > LONGEST_INTERVAL).any():
        raise FileRefused(
            f"{name} holds steps of more than an hour, in which readings were added up: import an export of "
            "readings (--step reading)"
        )


def _parts(entry: SourceEntry, path: Path) -> Iterator[Part]:
    name = scrub(path.name)
    for rows in read_rows(path):
        _refuse_others(entry, path, rows)
        rejects: list[str] = []
        kept = refuse_rows(name, rows.lines, _demands(entry, rows), rejects)
        table = _table(entry, rows)
        kept &= ~_clashing(table, kept, rows, name, rejects)
        lines = [rows.lines[own] for own in table.rows(kept)]
        yield Part.counted(table.batches(kept), lines, rejects)


def _demands(entry: SourceEntry, rows: Rows) -> Iterator[Demand]:
    named = np.array([_is_series(entry, series) for series in rows.series], dtype=bool)
    yield ~named[rows.code], "not a series of this source", None
    yield (rows.start == UNREAD) | (rows.start % 1000 != 0), "start_utc is no instant in whole seconds", None
    whole = (rows.seconds >= 1) & (rows.seconds <= LONGEST_INTERVAL) & (rows.seconds % 1 == 0)
    yield ~whole, f"seconds is no number from 1 to {LONGEST_INTERVAL}", None
    yield rows.wrong, "a value is no number", None
    empty = np.ones(len(rows.start), dtype=bool)
    for column, values in rows.values.items():
        there = ~rows.absent[column]
        empty &= ~there
        if column not in entry.fields:
            yield there, f"{entry.name} has no {column}", None
        elif entry.fields[column] == "int32":
            yield there & (np.abs(values) > INT32_MAX), f"{column} is too large", None
    yield empty, "no value", None
    flagged = np.zeros(len(rows.start), dtype=bool)
    flagged[[index for index, text in rows.flags.items() if not text.isprintable()]] = True
    yield flagged, "flag is no text of one line", None


def _is_series(entry: SourceEntry, series: Series) -> bool:
    is_meter = re.fullmatch(rf"\d{{{PRM_DIGITS}}}", series.id, re.ASCII)
    texts = (series.id, series.flow, series.group)
    return all(map(str.isprintable, texts)) and bool(
        series.id and series.flow and (is_meter or not entry.is_personal) and (entry.has_groups or not series.group)
    )


def _table(entry: SourceEntry, rows: Rows) -> Table:
    stored: dict[str, NDArray[Any]] = {"seconds": np.nan_to_num(rows.seconds).astype(np.int32)}
    absent: dict[str, Mask] = {}
    for name, kind in entry.fields.items():
        if name in rows.values and not rows.absent[name].all():
            absent[name] = rows.absent[name]
            known = np.where(absent[name] | rows.wrong, 0, rows.values[name])
            stored[name] = known.astype(np.int64).astype(kind) if kind != "float64" else known
    return Table(rows.series, rows.code, rows.start, in_stored_order(stored), absent, rows.flags)


def _clashing(table: Table, kept: Mask, rows: Rows, name: str, rejects: list[str]) -> Mask:
    """Rows that share time with another one of their series."""
    wrong = np.zeros(len(kept), dtype=bool)
    for own in table.rows(kept):
        start = rows.start[own]
        wrong[own[clashing(start, start + rows.seconds[own].astype(np.int64) * 1000)]] = True
    refuse_rows(name, rows.lines, [(wrong, "shares time with another row of its series", None)], rejects)
    return wrong


# --- files → rows ----------------------------------------------------------------------------------------------------


def read_rows(path: Path) -> Iterator[Rows]:
    """The rows of a file as they stand. Raises FileRefused behind what could be read of one that is cut off."""
    kind = _kind(path)
    line = 1 if kind == "json" else 2
    for frame in {"csv": _of_csv, "json": _of_json, "parquet": _of_parquet}[kind](path):
        yield rows_of(frame, line)
        line += len(frame)


def _kind(path: Path) -> str:
    """csv, json, parquet, or nothing."""
    try:
        with opened(path) as raw:
            if raw.read(4) == b"PAR1":
                return "parquet"
            raw.seek(0)
            first = Lines(path.name, raw).read(len(HEADER)).decode(errors="replace")
    except (*DAMAGE, FileRefused):
        return ""
    return "csv" if first == HEADER else "json" if first.startswith('{"source":"') else ""


@contextmanager
def lines_of(path: Path) -> Iterator[tuple[Lines, io.TextIOWrapper]]:
    """A text by its lines, unpacked. Raises FileRefused for what is damaged, whoever finds it so."""
    name = scrub(path.name)
    try:
        with opened(path) as raw:
            lines = Lines(name, raw)
            yield lines, io.TextIOWrapper(cast(BinaryIO, lines), encoding="utf-8", newline="\n")
    except FileRefused:
        raise
    except DAMAGE as error:
        raise FileRefused(f"{name} is cut off or damaged: {scrub(str(error)).strip()[:200]}") from None


def _cut_off(path: Path) -> FileRefused:
    return FileRefused(f"{scrub(path.name)} ends in the middle of a line: it is cut off, take a whole one")


def _of_csv(path: Path) -> Iterator[pd.DataFrame]:
    import pandas as pd  # noqa: PLC0415 - a third of a second that no other command needs

    with lines_of(path) as (lines, stream):
        options: dict[str, Any] = {"dtype": str, "keep_default_na": False, "chunksize": ROWS}
        for frame in pd.read_csv(stream, **options):
            yield frame if lines.is_whole or len(frame) == ROWS else frame[:-1]
        if not lines.is_whole:
            raise _cut_off(path)


def _of_json(path: Path) -> Iterator[pd.DataFrame]:
    with lines_of(path) as (_, stream):
        while some := list(islice(stream, ROWS)):
            whole = [line for line in some if line.endswith("\n")]
            yield _frame([_json_object(line) for line in whole])
            if len(whole) < len(some):
                raise _cut_off(path)


def _frame(objects: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    names = dict.fromkeys(chain(FIRST, *objects))
    absent = {"group": "", "flag": ""}
    return pd.DataFrame({name: [row.get(name, absent.get(name)) for row in objects] for name in names}, dtype=object)


def _json_object(line: str) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


def _of_parquet(path: Path) -> Iterator[pd.DataFrame]:
    try:
        import pyarrow  # noqa: PLC0415
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError:
        raise FileRefused(f"{scrub(path.name)} {NEEDS_ARROW}") from None
    try:
        with opened(path) as raw, pyarrow.parquet.ParquetFile(raw) as file:
            for batch in file.iter_batches(ROWS):
                frame = batch.to_pandas()
                yield frame.astype(dict.fromkeys(frame.select_dtypes("category"), object))
    except (pyarrow.ArrowException, OSError, KeyError) as error:
        raise FileRefused(f"{scrub(path.name)} is cut off or damaged: {scrub(str(error))[:100]}") from None


def rows_of(frame: pd.DataFrame, line: int) -> Rows:
    """A table under the names of the columns, texts or numbers; the first row stands in `line`."""
    absent = [name for name in FIRST if name not in frame]
    texts = frame.reindex(columns=SERIES).fillna("").astype(str)
    names = texts.drop_duplicates()
    code = texts.groupby(list(SERIES), sort=False).ngroup().to_numpy().astype(np.int64)
    series = [Series(*map(str, own)) for own in names.itertuples(index=False)]
    wrong = np.full(len(frame), bool(absent))
    values, lacking = {}, {}
    for name in [name for name in frame if name in VALUES]:
        values[name], lacking[name], unread = _value(frame[name], VALUES[name].kind)
        wrong |= unread
    known = [name for name in frame if name not in VALUES and name not in FIRST and name != "flag"]
    wrong |= bool(known)
    marks = frame["flag"].fillna("").astype(str).to_numpy(object) if "flag" in frame else np.zeros(0, object)
    flags = {index: marks[index] for index in np.flatnonzero(marks != "").tolist()}
    seconds = _value(frame["seconds"], NUMBER)[0] if "seconds" in frame else np.zeros(len(frame))
    lines = np.arange(line, line + len(frame), dtype=np.int64)
    return Rows(series, code, _moments(frame["start_utc"]), seconds, values, lacking, wrong, flags, lines)


def _moments(column: pd.Series[Any]) -> Instants:
    import pandas as pd  # noqa: PLC0415

    if not pd.api.types.is_datetime64_any_dtype(column):
        column = pd.to_datetime(column, format="ISO8601", utc=True, errors="coerce")
    found: Instants = column.to_numpy("datetime64[ms]").astype(np.int64)
    return found


def _value(column: pd.Series[Any], kind: str) -> tuple[NDArray[Any], Mask, Mask]:
    """Numbers (ms of a TIME), which of them are absent, and which are something else."""
    absent = (column.isna() | (column == "")).to_numpy(bool)
    if kind == TIME:
        found = _moments(column.mask(absent))
        return np.where(found == UNREAD, 0, found), absent, (found == UNREAD) & ~absent
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "if":
        numbers = np.where(absent, 0.0, column.to_numpy(np.float64))
    else:
        numbers = np.zeros(len(column), np.float64)
        numbers[~absent] = [_number(each) for each in column.to_numpy(object)[~absent]]
    wrong = ~np.isfinite(numbers)
    if kind != NUMBER:
        wrong |= (numbers % 1 != 0) | (np.abs(numbers) > EXACT)
    return numbers, absent, wrong & ~absent


def _number(value: Any) -> float:
    """NaN for what is none."""
    if isinstance(value, str):
        return float(value) if NUMBER_FORM.fullmatch(value) else np.nan
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else np.nan
