"""CSV.gz: nothing to find a reading with; every question reads the whole file."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from ...model.columns import Block
from ...store.schema import Document
from ..questions import Question
from . import Room
from .parquet import ERRORS, answer, schema_of, table_of

__all__ = ["ERRORS", "Stored"]


class Stored:
    """A line a reading."""

    version = ""

    def __init__(self, room: Room, _: str) -> None:
        self._room = room
        self._path = room.folder / "readings.csv.gz"
        self._file = gzip.GzipFile(self._path, "wb", compresslevel=6)
        self._kinds = {field.name: field.type for field in schema_of(room)} | {"series": pa.string()}
        self._file.write((",".join(self._kinds) + "\n").encode())

    def prepare(self, blocks: Sequence[Block]) -> Any:
        """Lines."""
        text = pa.BufferOutputStream()
        pyarrow.csv.write_csv(
            table_of(self._room, blocks).cast(pa.schema({**self._kinds, "flag": pa.string()})),
            text,
            pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed"),
        )
        return text.getvalue()

    def write(self, prepared: Any) -> None:
        """Packed."""
        self._file.write(prepared)

    def finish(self) -> None:
        """To its last byte."""
        self._file.close()

    def size(self) -> tuple[int, int]:
        """The file."""
        return self._path.stat().st_size, 0

    def ask(self, question: Question) -> list[Document]:
        """Reads the whole file."""
        names = ["series", "start", question.measure]
        options = pyarrow.csv.ConvertOptions(
            include_columns=names, column_types={name: self._kinds[name] for name in names}
        )
        found = pyarrow.csv.read_csv(self._path, convert_options=options)
        compare = pyarrow.compute
        wanted = compare.field("series") == question.series.key
        for keep, edge in ((compare.greater_equal, question.first), (compare.less, question.end)):
            if edge is not None:
                wanted &= keep(compare.field("start"), pa.scalar(edge, pa.timestamp("ms")))
        return answer(found.filter(wanted), question)

    def close(self) -> None:
        """The file goes with its folder."""
        self._file.close()
