"""What the way out costs: readings/s into each kind of target against what the target's own tool makes of ready rows.

Twenty million generated half-hours in the record; Parquet and the memory on all of them, tables and topics on a part.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from confluent_kafka import Producer

from bench import kit
from bench.kit import Bench, Row, medians, row
from sync.export.read import Choice, blocks
from sync.export.run import export
from sync.export.stored import blocks_as_stored
from sync.export.targets import Target, target_of
from sync.export.targets.jsonl import objects
from sync.export.targets.kafka_address import PRODUCER, keys
from sync.load.progress import Silence
from sync.model.readings import ReadingBatch, Series, energy_batch
from sync.sources import SOURCES, zone_of
from sync.store.bson_columns import Encoded, encode_block, insert
from sync.store.schema import Pair, ensure_pair, own_series
from sync.store.writer import IDS
from tests.export_servers import Broker, Postgres

READINGS = int(os.environ.get("BENCH_READINGS", "20000000"))
EACH = 40_000  # readings of a household
PART = 25  # households: a million readings
START, HALF = 1_325_376_000_000, 1800
PIECE = 1 << 20


def run() -> dict[str, Any]:
    """Measure everything; needs PostgreSQL of the system and no network."""
    with kit.bench() as own:
        pair = own.pair("lcl")
        ensure_pair(pair)
        for number in range(READINGS // EACH):
            _store(pair, number)
        whole, part = _choice(pair), _choice(pair, PART)
        rows = [*_files(own, whole), *_table(own, part), *_topic(own, part)]
        return own.result(READINGS, rows)


def _store(pair: Pair, number: int) -> None:
    chance = np.random.default_rng(number)
    start = START + np.arange(EACH, dtype=np.int64) * HALF * 1000
    series = Series("lcl", f"MAC{number:06}", "consumption")
    batch: ReadingBatch = energy_batch(
        series, start, chance.gamma(1.2, 180, EACH).astype(np.int64), np.full(EACH, HALF)
    )
    block = encode_block(batch, IDS.take(EACH))
    assert block is not None
    insert(pair.record, [Encoded(block)])


def _choice(pair: Pair, households: int | None = None) -> Choice:
    return Choice(pair, own_series("lcl", pair.record)[:households], SOURCES["lcl"].fields, zone_of("lcl"))


def _target(address: str) -> Target:
    return target_of(address).connect(address)


def _files(own: Bench, choice: Choice) -> list[Row]:
    """Reading by key and as it lies, and Parquet with its proof, each way."""
    count = len(choice.series) * EACH
    path = own.folder / "a.parquet"
    by_key, as_it_lies, parquet = medians(
        lambda: sum(map(len, blocks(choice))),
        lambda: sum(map(len, blocks_as_stored(choice, own.folder, lambda _: None))),
        lambda: export(choice, _target(str(path)), Silence()),
        runs=3 if count <= 2_000_000 else 1,
    )
    found = _cpu(own, lambda: export(replace(choice, first=0), _target(str(path)), Silence()), count)
    sent = _cpu(own, lambda: export(choice, _target(str(path)), Silence()), count)
    peaks = [_peak(own, name) for name in ("b.parquet", "b.csv")]
    return [
        row("reading the record by key, series by series", count / by_key, "readings/s"),
        row("reading it as it lies on the disk, put in order", count / as_it_lies, "readings/s"),
        row("Parquet, read back and summed", count / parquet, "readings/s", 1_000_000),
        row("of which CPU of MongoDB, a reading", sent[0], "µs"),
        row("and our own", sent[1], "µs"),
        row("CPU of the same by key, MongoDB", found[0], "µs"),
        row("and our own by key", found[1], "µs"),
        row("CPU by key against as it lies", sum(found) / sum(sent), "times", 1.3),
        row("Parquet, bytes a reading", path.stat().st_size / count, "bytes"),
        row(f"peak memory, {count / 1e6:g} million, Parquet", peaks[0], "MB", -300.0),
        row(f"peak memory, {count / 1e6:g} million, CSV", peaks[1], "MB", -300.0),
    ]


def _cpu(own: Bench, way: Callable[[], object], count: int) -> tuple[float, float]:
    """CPU of the server and our own, µs a reading."""
    server, ours = own.server_cpu(), time.process_time()
    way()
    return 1e6 * (own.server_cpu() - server) / count, 1e6 * (time.process_time() - ours) / count


def _peak(own: Bench, name: str) -> float:
    """Peak memory of a command, MB: its own, not that of the process that started it, which `wait4` would count."""
    command = [sys.executable, "-m", "sync", "export", "--source", "lcl", "--to", name]
    process = subprocess.Popen(command, cwd=own.folder, env=own.variables(), stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = max(peak, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
        time.sleep(0.05)
    if process.returncode:
        sys.exit(f"export to {name} failed")
    return peak / 1024


def _table(own: Bench, choice: Choice) -> list[Row]:
    """Against COPY of a ready file into the same table with the same key."""
    count, ready = len(choice.series) * EACH, own.folder / "ready.csv"
    export(choice, _target(str(ready)), Silence())
    server = Postgres()
    try:
        export(choice, _target(server.url), Silence())
        ours, copied = medians(
            lambda: export(choice, _target(server.url), Silence()),
            lambda: _copy(server.url, ready),
            before=lambda: _emptied(server),
        )
    finally:
        server.stop()
    return [
        row("PostgreSQL, counted and summed", count / ours, "readings/s"),
        row("the same against COPY of a ready file", copied / ours, "times", 0.8),
    ]


def _emptied(server: Postgres) -> None:
    server("TRUNCATE readings")


def _copy(url: str, path: Path) -> None:
    with psycopg.connect(url) as base, path.open("rb") as file:
        columns = '"source", id, flow, "group", start_utc, start_local, seconds, wh, flag'
        statement = f'COPY readings ({columns}) FROM STDIN (FORMAT csv, HEADER, FORCE_NOT_NULL ("group"))'
        with base.cursor().copy(statement.encode()) as copy:
            while piece := file.read(PIECE):
                copy.write(piece)


def _topic(own: Bench, choice: Choice) -> list[Row]:
    """Against the client's own producer with ready messages."""
    count = len(choice.series) * EACH
    ready = [pair for block in blocks(choice) for pair in zip(keys(block), objects(block), strict=True)]
    broker = Broker(own.folder)
    try:
        ours, plain = medians(lambda: _sent(choice, f"kafka://{broker.address}/ours"), lambda: _produced(broker, ready))
        [proven] = medians(lambda: export(choice, _target(f"kafka://{broker.address}/proven"), Silence()), runs=1)
    finally:
        broker.stop()
    return [
        row("Kafka, sent and confirmed", count / ours, "readings/s"),
        row("the same against the client's producer with ready messages", plain / ours, "times", 0.7),
        row("Kafka, read back and summed", count / proven, "readings/s"),
    ]


def _sent(choice: Choice, address: str) -> None:
    target = _target(address)
    target.open(choice)
    for block in blocks(choice):
        target.write(block)
    target.flush()
    target.close()


def _produced(broker: Broker, ready: list[tuple[str, str]]) -> None:
    producer = Producer({"bootstrap.servers": broker.address} | PRODUCER)
    for key, value in ready:
        while True:
            try:
                producer.produce("plain", value, key, headers=[("export", b"x" * 16)])
                break
            except BufferError:
                producer.poll(1)
    producer.flush()
