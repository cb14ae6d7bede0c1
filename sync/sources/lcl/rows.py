"""Bytes of a CSV → columns of rows, each with what it is: a reading, missing, off the grid, or refused and why.

Read in blocks by PyArrow, so that memory stays flat; every row keeps its line number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...model.bounded import Lines
from ...model.errors import FileRefused, UsageError

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv
except ImportError:  # an extra: the household's own collections work without it
    pa = None

BLOCK = 4 * 2**20  # bytes of text, about 80,000 rows
LONGEST_HEADER = 500
LABEL = len("2012-10-12 00:30:00.0000000")
HALF_HOUR = 1_800_000  # ms
NEAR = 0.001  # Wh; published artefacts (6.5279999 kWh) lie nearer to an integer
LARGEST = 1_000_000  # Wh in half an hour

HOUSEHOLD, MOMENT, ENERGY = ("LCLid",), ("DateTime", "tstp"), ("KWH/hh (per half hour)", "energy(kWh/hh)")

NEEDED = {*HOUSEHOLD, *MOMENT, *ENERGY}
TIME = r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,9})?$"
NULL = "Null"
NUMBER = r"^-?\d{1,9}(\.\d{1,12})?$"

READING, MISSING, OFF_GRID, REFUSED = range(4)
REASONS = {
    1: "no household",
    2: "not a time of the form 2012-10-12 00:30:00.0000000",
    3: "not a number of kWh",
    4: "a negative value",
    5: "finer than the meter's 1 Wh",
    6: "more than a household can use",
    7: "not the number of columns of the header",
    8: "the file ends inside this line",
}


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


def blocks(stream: Lines, name: str) -> Iterator[tuple[Rows, list[tuple[int, int]]]]:
    """The rows of a CSV, block by block, each with the (line, reason) of lines that are no rows at all.

    Raises FileRefused for a header that is not known, and behind the rows of a file that ends inside a line; UsageError
    without PyArrow.
    """
    if pa is None:
        raise UsageError("the London bulk import needs PyArrow: pip install '.[bulk]'")
    columns = _columns(stream.readline(LONGEST_HEADER), name)
    broken: list[int] = []
    after = 1  # the line before the next row
    waiting: Rows | None = None
    for batch in _batches(stream, columns, broken, name):
        inside = sorted(broken)
        lines = _line_numbers(len(batch), after, inside)
        after = int(lines[-1])
        told = [(line, 7) for line in inside if line < after]
        broken[:] = [line for line in inside if line > after]  # read ahead: told with their own block
        if waiting is not None:
            yield waiting, []
        waiting = _rows(batch, lines)
        if told:
            yield waiting, told
            waiting = None
    told = [(line, 7) for line in broken]
    if waiting is not None and not stream.is_whole and not (told and told[-1][0] > after):
        waiting.kind[-1], waiting.reason[-1] = REFUSED, 8
    if waiting is not None or told:
        yield waiting if waiting is not None else _no_rows(), told
    if not stream.is_whole:
        raise FileRefused(f"{name}: ends inside line {max([after, *(line for line, _ in told)])}: download it again")


def _columns(header: bytes, name: str) -> list[str]:
    """The columns of a header, without the space behind the last one."""
    text = header.decode("utf-8-sig", "replace").strip("\r\n")
    columns = [column.strip() for column in text.split(",")]
    needed = [HOUSEHOLD, MOMENT, ENERGY]
    lacking = [names[0] for names in needed if sum(column in names for column in columns) != 1]
    if lacking or not header.endswith(b"\n"):
        raise FileRefused(
            f"{name}: the first line is no header of the London readings (it lacks {', '.join(lacking) or 'its end'}): "
            "known are LCLid,stdorToU,DateTime,KWH/hh (per half hour), or the Kaggle form LCLid,tstp,energy(kWh/hh)"
        )
    return columns


def _batches(stream: Lines, columns: list[str], broken: list[int], name: str) -> Iterator[Any]:
    def note(row: Any) -> str:
        broken.append(int(row.number) + 1)
        return "skip"

    texts = dict.fromkeys(columns, pa.string()) | {HOUSEHOLD[0]: pa.dictionary(pa.int32(), pa.string())}
    try:
        yield from csv.open_csv(
            stream,
            read_options=csv.ReadOptions(column_names=columns, block_size=BLOCK, use_threads=False),
            parse_options=csv.ParseOptions(invalid_row_handler=note, ignore_empty_lines=False, quote_char=False),
            convert_options=csv.ConvertOptions(
                column_types=texts, include_columns=[each for each in columns if each in NEEDED], check_utf8=False
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV file" not in str(error):
            raise FileRefused(f"{name}: is not a CSV of readings ({error})") from None


def _line_numbers(count: int, after: int, broken: list[int]) -> NDArray[np.int64]:
    """Lines of the next `count` rows, which begin behind the line `after` and are not among the broken ones."""
    lines = np.arange(after + 1, after + 1 + count + len(broken), dtype=np.int64)
    return lines[~np.isin(lines, broken)][:count]


def _rows(batch: Any, lines: NDArray[np.int64]) -> Rows:
    named = {column: batch.column(batch.schema.get_field_index(column)) for column in batch.schema.names}
    moments = next(named[column] for column in MOMENT if column in named)
    energies = next(named[column] for column in ENERGY if column in named)
    identity = named[HOUSEHOLD[0]]
    households = [text.strip() for text in identity.dictionary.to_pylist()]
    household = _values(identity.indices).astype(np.int32)
    label, fraction, is_time = _labels(moments)
    wh, is_missing, wrong = _energies(energies)
    kind = np.full(len(lines), READING, dtype=np.uint8)
    reason = wrong.copy()
    kind[(label % HALF_HOUR != 0) | fraction] = OFF_GRID
    kind[is_missing] = MISSING
    reason[is_missing] = 0
    reason[~is_time] = 2
    reason[np.isin(household, [place for place, text in enumerate(households) if not text])] = 1
    kind[reason != 0] = REFUSED
    return Rows(households, household, label, wh, kind, reason, lines)


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
    trimmed = pc.ascii_trim_whitespace(texts)
    is_time = _truths(pc.match_substring_regex(trimmed, TIME))
    whole = pc.binary_replace_slice(trimmed, 19, 99, "")
    read = pc.strptime(whole, format="%Y-%m-%d %H:%M:%S", unit="ms", error_is_null=True)
    label = _values(read.fill_null(0).cast(pa.int64()))
    fraction = _truths(pc.match_substring_regex(trimmed, r"\.0*[1-9]"))
    return label, fraction, is_time & _truths(read.is_valid())


def _energies(texts: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.uint8]]:
    """Wh, whether the value is missing (`Null` and nothing else), and the reason why it is no reading, 0 for none."""
    trimmed = pc.ascii_trim_whitespace(texts)
    is_missing = _truths(pc.starts_with(trimmed, NULL)) & (_values(pc.binary_length(trimmed)) == len(NULL))
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
