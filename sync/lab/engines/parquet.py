"""Parquet, zstd: a row group each 50,000 readings, whose least and most of each column find a reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from ...model.columns import NUMBER, VALUES, Block
from ...store.schema import Document
from ..questions import Question
from . import Room, columns_of
from .answers import by_columns

ERRORS = (OSError, pa.ArrowException)
TEXT = pa.dictionary(pa.int32(), pa.string())


def table_of(room: Room, blocks: Sequence[Block]) -> Any:
    """Readings as columns of Arrow, the series by its name."""
    own = columns_of(room, blocks)
    keys = pa.array([series.key for series in room.numbers])
    table = {
        "series": pa.DictionaryArray.from_arrays(own.number - 1, keys),
        "start": pa.array(own.start).view(pa.timestamp("ms")),
        "seconds": pa.array(own.seconds),
    }
    for name, column in own.values.items():
        table[name] = pa.array(column, mask=own.absent[name])
    flags = pa.array([own.flags.get(index) for index in range(len(own.start))], pa.string())
    return pa.table(table | {"flag": flags.dictionary_encode()}, schema=schema_of(room))


def schema_of(room: Room) -> Any:
    """The columns and their types."""
    values = {name: pa.float64() if VALUES[name].kind == NUMBER else pa.int64() for name in room.choice.fields}
    return pa.schema({"series": TEXT, "start": pa.timestamp("ms"), "seconds": pa.int32(), **values, "flag": TEXT})


def answer(table: Any, question: Question) -> list[Document]:
    """From the columns `start` and the measure of a table."""
    column = table[question.measure].combine_chunks()
    start = table["start"].combine_chunks().cast(pa.int64()).to_numpy()
    return by_columns(question, start, column.fill_null(0).to_numpy(), np.asarray(column.is_valid()))


class Stored:
    """A row a reading."""

    version = str(pa.__version__)

    def __init__(self, room: Room, _: str) -> None:
        self._room = room
        self._path = room.folder / "readings.parquet"
        schema = schema_of(room)
        options: dict[str, Any] = {
            "use_dictionary": [name for name in schema.names if name != "start"],
            "compression": "zstd",
        }
        options |= {"column_encoding": {"start": "DELTA_BINARY_PACKED"}}  # a fifth of plain instants
        self._writer = pyarrow.parquet.ParquetWriter(self._path, schema, **options)

    def prepare(self, blocks: Sequence[Block]) -> Any:
        """A row group."""
        return table_of(self._room, blocks)

    def write(self, prepared: Any) -> None:
        """As one."""
        self._writer.write_table(prepared, len(prepared))

    def finish(self) -> None:
        """What stands at the end of the file names the row groups."""
        self._writer.close()

    def size(self) -> tuple[int, int]:
        """The file."""
        return self._path.stat().st_size, 0

    def ask(self, question: Question) -> list[Document]:
        """Reads the row groups that can hold the answer."""
        wanted: list[Any] = [("series", "==", question.series.key)]
        for sign, edge in ((">=", question.first), ("<", question.end)):
            if edge is not None:
                wanted.append(("start", sign, pa.scalar(edge, pa.timestamp("ms"))))
        names = ["start", question.measure]
        return answer(pyarrow.parquet.read_table(self._path, columns=names, filters=wanted), question)

    def close(self) -> None:
        """The file goes with its folder."""
        self._writer.close()
