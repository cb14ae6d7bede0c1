"""One way to bring London files into a database, in a process of its own: `python -m bench.ways WAY FOLDER URI NAME`.

Prints one line of JSON: rows, seconds, CPU seconds and peak memory (MB) of the process and its children. All ways store
the same documents, and end with the same keys: unique over the record, the same fields over the mirror. What a way
prepares before its clock starts stands in its own text; what only it needs is imported by itself alone, for its memory.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from bson import ObjectId
from pymongo import IndexModel

from sync.load.files import import_files
from sync.load.report import Loader
from sync.model.clock import SystemClock
from sync.model.readings import ReadingBatch
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.lcl.files import open_files
from sync.store.bson_columns import Encoded, encode_rows, insert
from sync.store.connection import connect
from sync.store.ledger import Ledger
from sync.store.schema import KEY, KEY_NAME, Pair, ensure_pair, first_load, pair
from sync.store.writer import ObjectIds, PairWriter

PLAIN = 10_000  # documents given to insert_many
RAW = 20_000  # documents in a pre-encoded batch

Chunk = list[Encoded]


@dataclass
class Quiet:
    """A progress nobody looks at. `first`: when the first rows were told (monotonic s)."""

    first: float | None = field(default=None)

    def start(self, size: int, done: int) -> None: ...

    def note(self, text: str) -> None: ...

    def advance(self, text: str, steps: int = 1) -> None:  # noqa: ARG002 - as Progress has it
        self.first = self.first or time.monotonic()


def ours(own: Pair, folder: Path) -> Callable[[], Any]:
    """The import as the command does it, without its proof."""
    clock = SystemClock()
    loader = Loader(own, Ledger(own.record.database), PairWriter(own, clock), clock)

    def load() -> dict[str, float]:
        started, progress = time.monotonic(), Quiet()
        import_files(open_files([folder]), loader, progress)
        return {"first_progress": (progress.first or time.monotonic()) - started}

    return load


def plain(own: Pair, folder: Path) -> Callable[[], Any]:
    """The same reading of the files, then `insert_many` of dicts into one collection and then into the other."""
    ensure_pair(own)

    def load() -> None:
        readings = (batch.document(at, ObjectId()) for batch in _batches(folder) for at in range(len(batch)))
        while documents := list(islice(readings, PLAIN)):
            own.record.insert_many(documents, ordered=False)
            own.mirror.insert_many(documents, ordered=False)

    return load


def pymongoarrow(own: Pair, folder: Path) -> Callable[[], Any]:
    """The same reading of the files, then PyMongoArrow's `write` of a table into one collection and then the other."""
    warnings.filterwarnings("ignore", message="pyarrow.lib", category=RuntimeWarning)  # of its build; it works
    import pyarrow as pa
    from pymongoarrow.api import write

    ensure_pair(own)

    def load() -> None:
        ids = ObjectIds()
        for batches in _gathered(_batches(folder)):
            table = pa.concat_tables([_table(batch, ids) for batch in batches])
            write(own.record, table)
            write(own.mirror, table)

    return load


def out(own: Pair, folder: Path) -> Callable[[], Any]:
    """Documents encoded beforehand into the mirror; the server copies them with `$out`; the keys are made at the end.

    `$out` into a time series needs MongoDB 7.0.3, out of one does not.
    """
    chunks = _encoded(folder)
    ensure_pair(own)

    def load() -> None:
        for chunk in chunks:
            insert(own.mirror, chunk)
        own.mirror.aggregate([{"$out": own.record.name}])
        _unique(own)

    return load


def raw_four(own: Pair, folder: Path) -> Callable[[], Any]:
    """Documents encoded beforehand: two threads for each side, by series, the unique key built at the end."""
    chunks = _encoded(folder)
    half = len(chunks) // 2
    ensure_pair(own)
    own.record.drop_index(KEY_NAME)

    def load() -> None:
        with ThreadPoolExecutor(2) as threads:
            for done in [threads.submit(_both, own, part, part) for part in (chunks[:half], chunks[half:])]:
                done.result()
        _unique(own)

    return load


def raw_two_into_the_record(own: Pair, folder: Path) -> Callable[[], Any]:
    """Documents encoded beforehand: two threads for the record, its key made unique at the end, one for the mirror."""
    chunks = _encoded(folder)

    def load() -> None:
        with first_load(own), ThreadPoolExecutor(1) as thread:
            second = thread.submit(_fill, own.record, chunks[1::2])
            _both(own, chunks[::2], chunks)
            second.result()

    return load


def duckdb_parquet(own: Pair, folder: Path) -> Callable[[], Any]:  # noqa: ARG001 - no database
    """The same files into a Parquet file with DuckDB: what reading and keeping them costs without a database."""
    import duckdb

    def load() -> dict[str, float]:
        with tempfile.TemporaryDirectory() as there, duckdb.connect() as database:
            copied = database.execute(
                f"""COPY (SELECT LCLid, "DateTime" - INTERVAL 30 MINUTE AS ts, round(kwh * 1000)::INT AS wh FROM (
                  SELECT LCLid, "DateTime", TRY_CAST(trim(columns('KWH.*')) AS DOUBLE) AS kwh
                  FROM read_csv('{folder}/*.csv', header = true, types = {{'DateTime': 'TIMESTAMP'}}))
                WHERE kwh IS NOT NULL AND epoch_ms("DateTime") % 1800000 = 0)
                TO '{there}/readings.parquet' (FORMAT parquet)"""
            ).fetchone()
            return {"file_rows": float(copied[0]) if copied else 0.0}

    return load


WAYS: dict[str, Callable[[Pair, Path], Callable[[], Any]]] = {
    "ours": ours,
    "plain": plain,
    "pymongoarrow": pymongoarrow,
    "out": out,
    "raw, two threads a side": raw_four,
    "raw, two into the record": raw_two_into_the_record,
    "duckdb": duckdb_parquet,
}


def _batches(folder: Path) -> Iterator[ReadingBatch]:
    for file in open_files([folder]).files:
        for part in file.parts():
            yield from part.batches


def _gathered(batches: Iterator[ReadingBatch]) -> Iterator[list[ReadingBatch]]:
    """Households together, up to about as many readings as a raw batch has."""
    waiting: list[ReadingBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) >= RAW:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _encoded(folder: Path) -> list[Chunk]:
    """Every reading encoded, in batches in the order of the files."""
    ids = ObjectIds()
    rows = (Encoded(row) for batch in _batches(folder) for row in encode_rows(batch, ids.take(len(batch))))
    return list(iter(lambda: list(islice(rows, RAW)), []))


def _table(batch: ReadingBatch, ids: ObjectIds) -> Any:
    """A batch as an Arrow table with the fields of a document."""
    import pyarrow as pa
    from pymongoarrow.types import ObjectIdType

    count = len(batch)
    stored = pa.FixedSizeBinaryArray.from_buffers(pa.binary(12), count, [None, pa.py_buffer(ids.take(count).tobytes())])
    series = [pa.array([text] * count) for text in batch.series.subdocument().values()]
    columns = {
        "_id": pa.ExtensionArray.from_storage(ObjectIdType(), stored),
        "ts": pa.array(batch.start, pa.timestamp("ms", "UTC")),
        "series": pa.StructArray.from_arrays(series, names=list(batch.series.subdocument())),
        **{name: pa.array(column) for name, column in batch.columns.items()},
    }
    return pa.table(columns)


def _both(own: Pair, first: list[Chunk], second: list[Chunk]) -> None:
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(_fill, own.record, first), threads.submit(_fill, own.mirror, second)]:
            done.result()


def _fill(side: Any, chunks: list[Chunk]) -> None:
    for chunk in chunks:
        insert(side, chunk)


def _unique(own: Pair) -> None:
    own.record.create_indexes([IndexModel(KEY, unique=True)])


def _check(own: Pair) -> int:
    """Rows of both sides, which must be the same many."""
    rows = own.record.count_documents({})
    if own.mirror.count_documents({}) != rows:
        sys.exit("not the same readings on both sides")
    if rows and not own.record.index_information()[KEY_NAME].get("unique"):
        sys.exit("the record has no unique key")
    return rows


def main(way: str, folder: str, uri: str, name: str) -> None:
    """Run one way and tell what it took."""
    with connect(uri) as client:
        own = pair(client[name], "lcl", DEFAULT_COLLECTIONS)
        load = WAYS[way](own, Path(folder))
        cpu, started = time.process_time(), time.monotonic()
        told = load() or {}
        seconds, cpu = time.monotonic() - started, time.process_time() - cpu
        rows = _check(own)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    children = used[1].ru_utime + used[1].ru_stime
    peak = sum(own.ru_maxrss for own in used) / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu": cpu + children, "peak_mb": peak} | told))


if __name__ == "__main__":
    main(*sys.argv[1:])
