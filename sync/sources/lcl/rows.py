"""Bytes of a CSV → columns of rows, each with what it is: a reading, missing, off the grid, or refused and why.

Three forms: as published (`2012-10-12 00:30:00.0000000`, in its sample `12/10/2012 00:30:00`), as Kaggle has it, and
wide, a line a day, where `hh_0` is the label 00:00 of that day. Read in blocks by PyArrow, so that memory stays flat;
every row keeps its line number.
"""

from __future__ import annotations

import csv as text_csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...model.bounded import Lines
from ...model.errors import FileRefused, UsageError
from ..files import UNREAD

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv
except ImportError:  # an extra: the household's own collections work without it
    pa = None

BLOCK = 4 * 2**20  # bytes of text, about 80,000 rows
LONGEST_HEADER = 1000
LABEL = len("2012-10-12 00:30:00.0000000")
HALF_HOUR = 1_800_000  # ms
NEAR = 0.001  # Wh; published artefacts (6.5279999 kWh) lie nearer to an integer
LARGEST = 1_000_000  # Wh in half an hour

HOUSEHOLD, MOMENT, ENERGY = ("LCLid",), ("DateTime", "tstp"), ("KWH/hh (per half hour)", "energy(kWh/hh)")
DAY, CELLS = "day", tuple(f"hh_{number}" for number in range(48))
HOUSEHOLD_HEADER = {"LCLid", "stdorToU", "Acorn", "Acorn_grouped"}

NEEDED = {*HOUSEHOLD, *MOMENT, *ENERGY, DAY, *CELLS}
TIME = r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,9})?$"
CLOCK = "%Y-%m-%d %H:%M:%S"
SAMPLE = r"^(\d{2})/(\d{2})/(\d{4}) "
NULL = "Null"
NOTHING = ("", NULL, "NaN", "nan")
"""A cell of the wide form without a value; elsewhere it is `Null` alone."""
NUMBER = r"^-?\d{1,9}(\.\d{1,12})?$"

READING, MISSING, OFF_GRID, REFUSED = range(4)
REASONS = {
    1: "no household",
    2: "not a time of the form 2012-10-12 00:30:00.0000000 or 12/10/2012 00:30:00",
    3: "not a number of kWh",
    4: "a negative value",
    5: "finer than the meter's 1 Wh",
    6: "more than a household can use",
    7: "not the number of columns of the header",
    8: "the file ends inside this line",
    9: "not a day of the form 2012-10-12",
}
Told = list[tuple[int, int]]
"""Lines with the reason why they are refused whole."""


class OtherTable(FileRefused):
    """A table of something else that is whole in itself. brief: what it is; remedy: for who asked for it by name."""

    def __init__(self, brief: str, remedy: str) -> None:
        super().__init__(f"{brief}{remedy}")
        self.brief = brief


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one block, in their order.

    household: index into `households`; label: ms since the epoch, UTC, end of the interval; wh: int64; kind: READING,
    MISSING, OFF_GRID or REFUSED; reason: key of REASONS for refused ones; line: line number in the file, from 1.
    """

    households: list[str]
    household: NDArray[np.int32]
    label: NDArray[np.int64]
    wh: NDArray[np.int64]
    kind: NDArray[np.uint8]
    reason: NDArray[np.uint8]
    line: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.household)


def blocks(stream: Lines, name: str) -> Iterator[tuple[Rows, Told]]:
    """The rows of a CSV, block by block, each with the (line, reason) of lines that are no rows at all.

    Raises FileRefused for a header that is not known, and behind the rows of a file that ends inside a line; UsageError
    without PyArrow.
    """
    if pa is None:
        raise UsageError("the London bulk import needs PyArrow: pip install '.[bulk]'")
    columns = columns_of(stream, name)
    read = _days if DAY in columns else _rows
    after = 1  # the line before the next row
    waiting: tuple[Rows, Told] | None = None
    for batch, broken in _batches(stream, columns, name):
        lines = np.arange(after + 1, after + 1 + len(batch) + len(broken), dtype=np.int64)
        told = [(after + number, 7) for number in broken]
        after = int(lines[-1])
        if waiting is not None:
            yield waiting
        rows, refused = (
            read(batch, lines[~np.isin(lines, [line for line, _ in told])]) if len(batch) else (_no_rows(), [])
        )
        waiting = rows, told + refused
    last, told = waiting or (_no_rows(), [])
    if len(last) and not stream.is_whole and (after, 7) not in told:
        last.kind[-1], last.reason[-1] = REFUSED, 8
    if len(last) or told:
        yield last, told
    if not stream.is_whole:
        raise FileRefused(f"{name}: ends inside line {max([after, *(line for line, _ in told)])}: download it again")


def columns_of(stream: Lines, name: str) -> list[str]:
    """The columns of readings in a header, without the space behind the last one. Raises FileRefused for any other."""
    columns, is_whole = header_of(stream)
    if set(columns) >= {*HOUSEHOLD, DAY, *CELLS} and len(set(columns)) == len(columns) and is_whole:
        return columns
    needed = [HOUSEHOLD, MOMENT, ENERGY]
    lacking = [names[0] for names in needed if sum(column in names for column in columns) != 1]
    if not lacking and is_whole:
        return columns
    if {*HOUSEHOLD, DAY} <= set(columns) and not set(CELLS) & set(columns):
        raise OtherTable(f"{name}: holds daily sums, no half-hours", ": give halfhourly_dataset or hhblock_dataset")
    brief = f"{name}: the first line is no header of the London readings"
    remedy = (
        f" (it lacks {', '.join(lacking) or 'its end'}): known are LCLid,stdorToU,DateTime,KWH/hh (per half hour), "
        "or the Kaggle forms LCLid,tstp,energy(kWh/hh) and LCLid,day,hh_0,…,hh_47"
    )
    if HOUSEHOLD[0] in columns or not is_whole:  # cut off, or of a form that is not known yet
        raise FileRefused(brief + remedy)
    raise OtherTable(brief, remedy)


def header_of(stream: Lines) -> tuple[list[str], bool]:
    """The cells of the first line, and whether it ends."""
    header = stream.readline(LONGEST_HEADER)
    text = header.decode("utf-8-sig", "replace").strip("\r\n")
    columns = [column.strip() for column in next(text_csv.reader(text.splitlines()[:1], skipinitialspace=True), [])]
    return columns, header.endswith(b"\n")


def _batches(stream: Lines, columns: list[str], name: str) -> Iterator[tuple[Any, list[int]]]:
    """Some rows as a record batch, and the numbers, from 1 in what they were read from, of lines that are none.

    PyArrow gets bytes and no stream: it would read ahead of us in a thread of its own, and a process that ends while
    that thread is in our `read` is aborted.
    """
    broken: list[int] = []

    def note(row: Any) -> str:
        broken.append(int(row.number))
        return "skip"

    texts = dict.fromkeys(columns, pa.string())
    texts |= dict.fromkeys((HOUSEHOLD[0], DAY), pa.dictionary(pa.int32(), pa.string()))
    parse = csv.ParseOptions(invalid_row_handler=note, ignore_empty_lines=False)
    convert = csv.ConvertOptions(
        column_types=texts, include_columns=[each for each in columns if each in NEEDED], check_utf8=False
    )
    for text in _whole_lines(stream):
        options = csv.ReadOptions(column_names=columns, block_size=len(text) + 1, use_threads=False)
        broken.clear()
        try:
            table = csv.read_csv(pa.BufferReader(text), options, parse, convert)
        except pa.ArrowInvalid as error:
            raise FileRefused(f"{name}: is not a CSV of readings ({error})") from None
        batches = table.combine_chunks().to_batches()
        yield (batches[0] if batches else table), list(broken)


def _whole_lines(stream: Lines) -> Iterator[bytes]:
    """The rest of a file in pieces that end where a line ends; behind the last piece a line that does not end."""
    piece = rest = b""
    while data := stream.read(BLOCK):
        whole, newline, rest = (rest + data).rpartition(b"\n")
        if newline:
            if piece:
                yield piece
            piece = whole + newline
    if piece or rest:
        yield piece + rest


def _rows(batch: Any, lines: NDArray[np.int64]) -> tuple[Rows, Told]:
    named = _named(batch)
    moments = next(named[column] for column in MOMENT if column in named)
    energies = next(named[column] for column in ENERGY if column in named)
    households, household = _texts(named[HOUSEHOLD[0]])
    label, fraction, is_time = _labels(moments)
    wh, is_missing, wrong = _energies(energies, (NULL,))
    kind = np.full(len(lines), READING, dtype=np.uint8)
    reason = wrong.copy()
    kind[(label % HALF_HOUR != 0) | fraction] = OFF_GRID
    kind[is_missing] = MISSING
    reason[is_missing] = 0
    reason[~is_time] = 2
    reason[_nameless(households, household)] = 1
    kind[reason != 0] = REFUSED
    return Rows(households, household, label, wh, kind, reason, lines), []


def _days(batch: Any, lines: NDArray[np.int64]) -> tuple[Rows, Told]:
    """Of lines of a whole day: 48 rows each, in the order of their labels."""
    named = _named(batch)
    households, household = _texts(named[HOUSEHOLD[0]])
    days, day = _texts(named[DAY])
    begin = np.array([_midnight(text) for text in days], dtype=np.int64)[day] if days else np.empty(0, np.int64)
    wh, is_missing, wrong = _energies(pa.concat_arrays([named[cell] for cell in CELLS]), NOTHING)
    reason = np.where(begin == UNREAD, 9, np.where(_nameless(households, household), 1, 0))
    told = [(int(lines[place]), int(reason[place])) for place in np.flatnonzero(reason).tolist()]
    kept = np.flatnonzero(reason == 0)
    cells = (np.arange(len(CELLS)) * len(lines) + kept[:, None]).ravel()  # they came column by column
    label = (begin[kept, None] + np.arange(len(CELLS)) * HALF_HOUR).ravel()
    kind = np.select([wrong != 0, is_missing], [REFUSED, MISSING], READING).astype(np.uint8)
    owner = np.repeat(household[kept], len(CELLS))
    return Rows(
        households, owner, label, wh[cells], kind[cells], wrong[cells], np.repeat(lines[kept], len(CELLS))
    ), told


def _named(batch: Any) -> dict[str, Any]:
    return {column: batch.column(place) for place, column in enumerate(batch.schema.names)}


def _texts(column: Any) -> tuple[list[str], NDArray[np.int32]]:
    """The different texts of a column, and which of them each row has."""
    return [text.strip() for text in column.dictionary.to_pylist()], _values(column.indices).astype(np.int32)


def _nameless(households: Sequence[str], household: NDArray[np.int32]) -> NDArray[np.bool_]:
    return np.isin(household, [place for place, text in enumerate(households) if not text])


def _midnight(text: str) -> int:
    """ms since the epoch, UTC; UNREAD for what is no day."""
    try:
        found = re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII)
        return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000) if found else UNREAD
    except ValueError:
        return UNREAD


def _no_rows() -> Rows:
    none = np.array([], dtype=np.int64)
    return Rows([], none.astype(np.int32), none, none, none.astype(np.uint8), none.astype(np.uint8), none)


def _labels(texts: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Labels in ms UTC, whether there is a part of a second, and whether the text is a time at all."""
    is_published = (_values(pc.binary_length(texts)) == LABEL).all()
    if is_published and not pc.any(pc.match_substring(texts, "T")).as_py():
        try:  # of this length the cast refuses all else, in a fifth of the time
            nanoseconds = _values(texts.cast(pa.timestamp("ns")).cast(pa.int64()))
            return nanoseconds // 1_000_000, nanoseconds % 1_000_000_000 != 0, np.ones(len(texts), dtype=bool)
        except pa.ArrowInvalid:
            pass
    trimmed = pc.replace_substring_regex(pc.ascii_trim_whitespace(texts), SAMPLE, r"\3-\2-\1 ")
    is_time = _truths(pc.match_substring_regex(trimmed, TIME))
    whole = pc.binary_replace_slice(trimmed, 19, 99, "")
    read = pc.strptime(whole, format=CLOCK, unit="s", error_is_null=True)
    is_real = pc.equal(pc.strftime(read, format=CLOCK), whole)  # 30 February was read as a day of March
    label = _values(read.fill_null(0).cast(pa.int64())) * 1000
    fraction = _truths(pc.match_substring_regex(trimmed, r"\.0*[1-9]"))
    return label, fraction, is_time & _truths(is_real.fill_null(False))


def _energies(texts: Any, nothing: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.uint8]]:
    """Wh, whether the value is missing (one of `nothing`), and the reason why it is no reading, 0 for none."""
    trimmed = pc.ascii_trim_whitespace(texts)
    is_missing = _truths(pc.is_in(trimmed, pa.array(nothing)))
    found = pc.match_substring_regex(trimmed, NUMBER)
    is_number = _truths(found)
    numbers = pc.if_else(found, trimmed, pa.nulls(len(trimmed), pa.string())).cast(pa.float64())
    kwh = np.where(is_number, np.frombuffer(numbers.buffers()[1], "<f8", len(numbers), numbers.offset * 8), 0.0)
    exact = kwh * 1000
    wh = np.rint(exact)
    wrong = np.zeros(len(wh), dtype=np.uint8)
    wrong[np.abs(exact - wh) > NEAR] = 5
    wrong[wh > LARGEST] = 6
    wrong[exact < 0] = 4
    wrong[~is_number] = 3
    wrong[is_missing] = 0
    return np.where(wrong == 0, wh, 0).astype(np.int64), is_missing, wrong


def _values(numbers: Any) -> NDArray[Any]:
    """The numbers of an array without nulls, not to be written to.

    `to_numpy` would load pandas first, and so would a value of Python among the arguments of a function: half a second.
    """
    return np.from_dlpack(numbers)


def _truths(truths: Any) -> NDArray[np.bool_]:
    return _values(truths.cast(pa.uint8())).view(np.bool_)
