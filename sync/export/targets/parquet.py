"""`FILE.parquet`: zstd, dictionaries for texts, `start_utc` as a timestamp of ms in UTC."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from ...model.columns import INTEGER, NUMBER, VALUES, Block, Sums
from .. import texts
from .files import FileTarget

GROUP = 200_000  # rows of a row group, of which two are in memory: one is gathered, one compressed
TEXT = pa.dictionary(pa.int32(), pa.string())
TYPES = {INTEGER: pa.int64(), NUMBER: pa.float64()}
RISING = {"start_utc": "DELTA_BINARY_PACKED", "start_local": "DELTA_BYTE_ARRAY"}  # a third of the file, as fast
INSTANT = pa.timestamp("ms", tz="UTC")


class Export(FileTarget):
    """A row a reading. A row group is compressed while the next one is gathered."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.scratch = self.part.parent
        self._compressor = ThreadPoolExecutor(1, "parquet")
        self._compressing: Future[None] | None = None

    def begin(self) -> None:
        """The schema."""
        kinds = dict.fromkeys(self.columns, TEXT)
        kinds |= {"start_utc": INSTANT, "start_local": pa.string(), "seconds": pa.int32()}
        kinds |= {name: TYPES.get(VALUES[name].kind, INSTANT) for name in self.fields}
        self._schema = pa.schema(kinds)
        self._file = os.fdopen(self.stream(), "wb")
        whole = [name for name in self.columns if kinds[name] == TEXT]
        options: dict[str, Any] = {"compression": "zstd", "write_statistics": [*whole, "start_utc"]}
        options["use_dictionary"] = [name for name in self.columns if name not in RISING]
        options["column_encoding"] = RISING
        self._writer = pyarrow.parquet.ParquetWriter(self._file, self._schema, **options)
        self._waiting: list[Any] = []

    def write(self, block: Block) -> None:
        """A block; some of them are a row group."""
        own, count = block.series, len(block)
        columns = [_same(text, count) for text in (own.source, own.id, own.flow, own.group)]
        columns.append(pa.array(block.start, pa.int64()).view(INSTANT))
        letters = np.ascontiguousarray(texts.local(block.start, block.zone))
        ends = np.arange(0, letters.size + 1, letters.shape[1], dtype=np.int32)
        columns.append(pa.StringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(letters)))
        columns.append(pa.array(block.seconds.astype(np.int32)))
        for name, values in block.values.items():
            column = pa.array(values, mask=block.absent.get(name))
            columns.append(column if VALUES[name].kind in TYPES else column.view(INSTANT))
        flags = [block.flags.get(index) for index in range(count)] if block.flags else None
        columns.append(pa.array(flags, pa.string()).dictionary_encode() if flags else pa.nulls(count, TEXT))
        self._waiting.append(pa.record_batch(columns, schema=self._schema))
        if sum(map(len, self._waiting)) >= GROUP:
            self._write()

    def _write(self) -> None:
        self._written()
        batches, self._waiting = self._waiting, []
        self._compressing = self._compressor.submit(self._compress, batches)

    def _compress(self, batches: Sequence[Any]) -> None:
        if batches:
            table = pa.Table.from_batches(batches, self._schema).unify_dictionaries()
            self._writer.write_table(table, GROUP * 2)

    def _written(self) -> None:
        if self._compressing:
            self._compressing.result()

    def end(self) -> None:
        """The last row group, and what names them all."""
        self._write()
        self._written()
        self._writer.close()
        self._file.close()

    def close(self) -> None:
        """After what is being compressed."""
        self._compressor.shutdown()
        super().close()

    def sums(self) -> Sums:
        """Without the columns that name a reading: these would take most of the time."""
        there = Sums()
        with self.part.open("rb") as raw, pyarrow.parquet.ParquetFile(raw) as file:
            for batch in file.iter_batches(GROUP, columns=["start_utc", "seconds", *self.fields]):
                values = {}
                for name in self.fields:
                    column = batch[name] if VALUES[name].kind in TYPES else batch[name].cast(pa.int64())
                    values[name] = (column.fill_null(0).to_numpy(), np.asarray(column.is_valid()))
                start = batch["start_utc"].cast(pa.int64()).to_numpy()
                there.take(start, batch["seconds"].to_numpy().astype(np.int64), values)
        return there


def _same(text: str, count: int) -> Any:
    """One text for all rows, None where there is none."""
    if not text:
        return pa.nulls(count, TEXT)
    return pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([text]))
