"""London's bulk load as the data grows, the whole command with its proof: `python -m bench growth`.

Millions of readings as `BENCH_LONDON` says (1,5,20,50; fifty take 6 GB of disk), each into an empty database.
"""

from __future__ import annotations

import os
import shutil
import statistics
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pymongo.collection import Collection

from bench.kit import RUNS, Bench, Row, bench, medians, proof, row
from bench.london import HOUSEHOLDS, generated, run_way, stored
from sync.store.schema import Pair

GROWTH = tuple(int(number) for number in os.environ.get("BENCH_LONDON", "1,5,20,50").split(","))  # millions of readings
PUBLISHED = 167_932_474  # rows of the whole set
STATUS = {1: 2.0, 20: 10.0}  # s
CEILING = "raw, two into the record"


def run() -> dict[str, Any]:
    """Measure each size once."""
    with bench() as own:
        growth = [_grown(own, millions) for millions in GROWTH]
        both = own.pair("lcl")
        proven, read = medians(lambda: proof(both), lambda: _read_both(both), runs=1)
        files = generated(own, HOUSEHOLDS, rows_per_file=10**9)
        raw = [run_way(own, CEILING, files) for _ in range(RUNS)]
        ceiling = statistics.median(found["rows"] / found["seconds"] for found in raw)
        rows = [
            *_growth_rows(growth, ceiling),
            row("proof, documents of each side", growth[-1]["readings"] / proven, "documents/s"),
            row("proof against merely reading both sides", read / proven, "times", 0.5),
            row("status against merely reading both sides", growth[-1]["status"] / read, "times", -0.25),
        ]
        return own.result(growth[-1]["readings"], rows, growth=growth, tables={"london-growth": _growth_table(growth)})


def _grown(own: Bench, millions: int) -> dict[str, Any]:
    """The whole command, proof included, on so many million readings; rate: readings/s of the whole command."""
    files = generated(own, HOUSEHOLDS * millions)
    own.empty()
    took = own.run("import", "--source", "lcl", str(files))
    shutil.rmtree(files)
    status = own.run("status", "--source", "lcl").seconds
    readings = own.pair("lcl").record.estimated_document_count()
    found = {"millions": millions, "readings": readings, "rate": readings / took.seconds, "seconds": took.seconds}
    found |= {"status": status}
    return found | {"peak_mb": took.peak_mb, "server_cpu": took.server_cpu, **stored(own)}


def _read_both(both: Pair) -> None:
    """What a driver takes to read both at once, unordered, and do nothing with the bytes."""
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(_read, (both.record, both.mirror)))


def _read(side: Collection[Any]) -> None:
    for _ in side.find_raw_batches({}):
        pass


def _growth_rows(growth: list[dict[str, Any]], ceiling: float) -> list[Row]:
    rates = {found["millions"]: found["rate"] for found in growth}
    rows = [
        row(f"{millions} million, whole command, proof included", rates[millions], "readings/s") for millions in rates
    ]
    rows += [
        row(f"status of {found['millions']} million", found["status"], "s", -STATUS.get(found["millions"], 60.0))
        for found in growth
    ]
    if 1 in rates and 20 in rates:
        rows.append(row("20 million against 1 million", rates[20] / rates[1], "times", 0.85))
    most = max(rates)
    whole = PUBLISHED / rates[most] / 60
    what = f"whole command with its proof against the ceiling ({CEILING}, {ceiling:,.0f} readings/s)"
    return [
        *rows,
        row(f"the whole published set at the rate of {most} million", whole, "min"),
        row(what, rates[most] / ceiling, "times", 0.5),
        row("peak memory", max(found["peak_mb"] for found in growth), "MB", -700.0),
    ]


def _growth_table(growth: list[dict[str, Any]]) -> list[str]:
    """Markdown."""
    lines = [
        "| readings | readings/s, proof included | peak memory | CPU s, server | time series | regular | buckets |",
        "| --: | --: | --: | --: | --: | --: | --: |",
    ]
    for found in growth:
        lines.append(
            f"| {found['readings']:,} | {found['rate']:,.0f} | {found['peak_mb']:,.0f} MB | {found['server_cpu']:,.0f} "
            f"| {found['bytes_a_reading']:.2f} B/reading | {found['regular_bytes_a_reading']:.1f} B/reading "
            f"| {found['buckets']:,.0f} |"
        )
    return lines
