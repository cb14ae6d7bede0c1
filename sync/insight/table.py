"""The features of many series as one Parquet file: a row a series and local day, written column by column.

Of a thousand homes as of one only some thousands of rows are in memory. The file gets its name when it is whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from ..model.errors import SyncError
from ..model.unfinished import Unfinished
from .around import Around
from .features import COLUMNS, TARGET, columns_of, unit_of
from .grid import Grid, Real, day_wh, grid_of
from .read import Wanted, extent
from .read import columns_of as readings_of

GROUP = 50_000  # rows of a row group: 18 MB
TEXT = pa.dictionary(pa.int32(), pa.string())
NAMES = ("source", "series", "day")
TARGET_IS = "energy of the day itself, which is to be forecast and is no feature; null: not known"
FIRST_DAY = date(1970, 1, 1)


class FeatureFile:
    """Takes one series after the other. lead: what each row knows ends `lead` days before its day.

    Raises UsageError and SyncError where the file cannot be written, or another run writes it.
    """

    def __init__(self, file: Unfinished, around: Around, lead: int, since: date | None) -> None:
        self._file = file
        self._around = around
        self._lead = lead
        self._since = since
        self._waiting: list[Any] = []
        self._schema = schema_of(lead)
        try:
            file.claim()
        except BlockingIOError:
            raise SyncError(f"another run is writing {file.shown}: wait for its end") from None
        self._stream = os.fdopen(file.stream(), "wb")
        options = {"compression": "zstd", "use_dictionary": ["source", "series"], "write_statistics": list(NAMES)}
        self._writer = pyarrow.parquet.ParquetWriter(self._stream, self._schema, **options)
        self.rows = 0

    def add(self, wanted: Wanted) -> None:
        """The rows of a series; of one without readings there are none."""
        days = extent(wanted.pair, wanted.series, wanted.zone)
        if days is None:
            return
        readings = readings_of(wanted.pair, wanted.series, *days, wanted.zone)
        grid = grid_of(readings.start, readings.wh, readings.seconds, wanted.zone)
        batch = self._batch(wanted, grid)
        self._waiting.append(batch)
        self.rows += len(batch)
        if sum(map(len, self._waiting)) >= GROUP:
            self._write()

    def finish(self) -> None:
        """Count what lies on the disk, then give it its name."""
        self._write()
        self._writer.close()
        self._stream.close()
        self._file.sync()
        with pyarrow.parquet.ParquetFile(self._file.part) as found:
            if found.metadata.num_rows != self.rows:
                raise SyncError(f"{self._file.shown} was not written as it was read: nothing is kept of it")
        self._file.keep()

    def _batch(self, wanted: Wanted, grid: Grid) -> Any:
        """Every local day from the first reading to the last, and the days after that can be forecast from these."""
        first, end = grid.first, grid.end + timedelta(days=self._lead)
        wide = grid.between(first, end)
        temperature = self._around.temperature(wanted.series, first, end, wanted.zone)
        bands = self._around.bands(wanted.series, first, end, wanted.zone)
        found = columns_of(wide.wh[None], first, wanted.zone, temperature=temperature, bands=bands, lead=self._lead)
        values = [each[0] for each in found.values()] + [day_wh(wide)]
        start = max(0, (self._since - first).days) if self._since else 0
        count = max(0, len(wide) - start)
        number = (first - FIRST_DAY).days + np.arange(len(wide), dtype=np.int32)[start:]
        names = [_same(text, count) for text in (wanted.series.source, wanted.address)]
        columns = [*names, pa.array(number).view(pa.date32()), *(_known(each[start:]) for each in values)]
        return pa.record_batch(columns, schema=self._schema)

    def _write(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting, self._schema).unify_dictionaries()
            self._writer.write_table(table, GROUP * 2)
            self._waiting = []


def schema_of(lead: int) -> Any:
    """Each column with its unit and what it is; `lead` stands in the metadata of the whole."""
    fields = [pa.field(name, TEXT) for name in NAMES[:2]] + [pa.field("day", pa.date32())]
    for name, text in (*COLUMNS.items(), (TARGET, TARGET_IS)):
        fields.append(pa.field(name, pa.float64(), metadata={"unit": unit_of(name), "description": text}))
    return pa.schema(fields, metadata={"lead": str(lead)})


def write_features(
    file: Unfinished, wanted: Iterable[Wanted], around: Around, lead: int, since: date | None
) -> dict[str, Any]:
    """What was written; nothing for no series, and what is cut off leaves no file."""
    table, count = None, 0
    try:
        for each in wanted:
            table = table or FeatureFile(file, around, lead, since)
            table.add(each)
            count += 1
        if table:
            table.finish()
    finally:
        file.close()
    shown, rows = (file.shown, table.rows) if table else (None, 0)
    return {"file": shown, "series": count, "rows": rows, "lead": lead, "columns": [*NAMES, *COLUMNS, TARGET]}


def _known(values: Real) -> Any:
    """What is not known is null."""
    return pa.array(values, mask=~np.isfinite(values))


def _same(text: str, count: int) -> Any:
    return pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([text]))
