"""London's bulk load as the data grows, the whole command with its proof: `python -m bench growth`.

Millions of readings as `BENCH_LONDON` says (1,5,20,50; fifty take 6 GB of disk), each into an empty database.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database

from bench.loader import RUNS, row
from bench.london import HOUSEHOLDS, cpu_of, generated, run_way, settle, stored, variables, with_server
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.connection import server_version
from sync.store.embedded.mongod import Mongod
from sync.store.schema import Pair, pair
from sync.store.verify import verify_pair

GROWTH = tuple(int(each) for each in os.environ.get("BENCH_LONDON", "1,5,20,50").split(","))  # millions of readings
PUBLISHED = 167_932_474  # rows of the whole set
CEILING = "raw, two into the record"
SAMPLE = 0.2  # s between two looks at the memory


def run() -> dict[str, Any]:
    """Measure each size once."""
    return with_server(_measure)


def _measure(database: Database[Any], server: Mongod, folder: Path) -> dict[str, Any]:
    growth = [_grown(database, server, folder, millions) for millions in GROWTH]
    own = pair(database, "lcl", DEFAULT_COLLECTIONS)
    proof, reading = _proof_rate(own), _reading_rate(own)
    ceiling = _ceiling(database, server, folder)
    return {
        "readings": growth[-1]["readings"],
        "server": f"MongoDB {'.'.join(map(str, server_version(database)))}",
        "rows": [
            *_growth_rows(growth, ceiling),
            row("proof, documents of each side", proof, "documents/s"),
            row("proof against merely reading both sides", proof / reading, "times", "≥ 0.5", 0.5),
        ],
        "growth": growth,
        "tables": {"london-growth": _growth_table(growth)},
    }


def _grown(database: Database[Any], server: Mongod, folder: Path, millions: int) -> dict[str, Any]:
    """The whole command, proof included, on so many million readings; rate: readings/s of the whole command."""
    files = generated(folder / f"files-{millions}", HOUSEHOLDS * millions)
    database.client.drop_database(database.name)
    settle(database)
    seconds, peak, server_cpu = _watched(files, server, folder)
    files_bytes = sum(each.stat().st_size for each in files.iterdir())
    shutil.rmtree(files)
    own = pair(database, "lcl", DEFAULT_COLLECTIONS)
    readings = own.record.estimated_document_count()
    found = {"millions": millions, "readings": readings, "rate": readings / seconds, "seconds": seconds}
    return found | {"peak_mb": peak, "server_cpu": server_cpu, "file_bytes": files_bytes, **stored(database)}


def _watched(files: Path, server: Mongod, folder: Path) -> tuple[float, float, float]:
    """Seconds of the import command, its peak memory with all its processes (MB), CPU seconds of the server."""
    command = [sys.executable, "-m", "sync", "import", "--source", "lcl", str(files)]
    before, started, peak = cpu_of(server.pid), time.monotonic(), 0.0
    process = subprocess.Popen(
        command, cwd=folder, env=variables(folder, server.uri), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while process.poll() is None:
        peak = max(peak, _memory(process.pid))
        with suppress(subprocess.TimeoutExpired):
            process.wait(SAMPLE)
    if process.returncode:
        sys.exit("the import failed")
    return time.monotonic() - started, peak, cpu_of(server.pid) - before


def _memory(pid: int) -> float:
    """Resident memory of a process and all below it, MB; 0 for one that has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    kilobytes = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return kilobytes / 1024 + sum(_memory(int(each)) for each in below)


def _proof_rate(own: Pair) -> float:
    """Documents/s of each side that the comparison gets through."""
    started = time.monotonic()
    report = verify_pair(own)
    if not report.identical:
        sys.exit("not identical")
    return own.record.estimated_document_count() / (time.monotonic() - started)


def _reading_rate(own: Pair) -> float:
    """Documents/s of each side when a driver reads both at once, unordered, and does nothing with the bytes."""
    count, started = own.record.estimated_document_count(), time.monotonic()
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(_read, side) for side in (own.record, own.mirror)]:
            done.result()
    return count / (time.monotonic() - started)


def _read(side: Collection[Any]) -> None:
    for _ in side.find_raw_batches({}):
        pass


def _ceiling(database: Database[Any], server: Mongod, folder: Path) -> float:
    """Readings/s of the raw way that was the fastest of all in `bench london`, without start, reading and proof."""
    files = generated(folder / "files-ceiling", HOUSEHOLDS, rows_per_file=10**9)
    rates = []
    for _ in range(RUNS):
        found = run_way(database, server, CEILING, files)
        rates.append(found["rows"] / found["seconds"])
    return statistics.median(rates)


def _growth_rows(growth: list[dict[str, Any]], ceiling: float) -> list[dict[str, Any]]:
    rates = {each["millions"]: each["rate"] for each in growth}
    rows = [
        row(f"{each['millions']} million, whole command, proof included", each["rate"], "readings/s") for each in growth
    ]
    if 1 in rates and 20 in rates:
        rows.append(row("20 million against 1 million", rates[20] / rates[1], "times", "≥ 0.85", 0.85))
    most = max(rates)
    whole = PUBLISHED / rates[most] / 60
    rows.append(row(f"the whole published set at the rate of {most} million", whole, "min"))
    what = f"whole command with its proof against the ceiling ({CEILING}, {ceiling:,.0f} readings/s)"
    rows.append(row(what, rates[most] / ceiling, "times", "≥ 0.5", 0.5))
    peak = max(each["peak_mb"] for each in growth)
    rows.append(row("peak memory, all processes of the command", peak, "MB", "< 700", -700.0))
    return rows


def _growth_table(growth: list[dict[str, Any]]) -> list[str]:
    """Markdown."""
    lines = [
        "| readings | readings/s, proof included | peak memory | CPU s, server | time series | regular | buckets |",
        "| --: | --: | --: | --: | --: | --: | --: |",
    ]
    for each in growth:
        lines.append(
            f"| {each['readings']:,} | {each['rate']:,.0f} | {each['peak_mb']:,.0f} MB | {each['server_cpu']:,.0f} "
            f"| {each['bytes_a_reading']:.2f} B/reading | {each['regular_bytes_a_reading']:.1f} B/reading "
            f"| {each['buckets']:,.0f} |"
        )
    return lines
