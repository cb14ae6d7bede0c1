"""London's bulk load against every other way of doing it: `python -m bench london`.

One run, one machine, one server, the same generated files and the same documents; each way in a process of its own,
into an empty database, the ways taking turns. Medians.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.kit import ROOT, RUNS, SHARED, Bench, Row, bench, row
from bench.ways import WAYS
from sync.store.sizes import compare_pair, settle

HOUSEHOLDS, DAYS = 100, 209  # about a million readings
REAL = ("MAC000002_raw_2012-2014.csv.gz", "halfhourly_2013_70_households.csv.gz")
RAW = tuple(name for name in WAYS if name.startswith("raw"))
"""The ways whose documents are encoded beforehand: the best of them is the ceiling."""


def run() -> dict[str, Any]:
    """Measure all ways, and what the real households take."""
    with bench() as own:
        ways = _ways(own, generated(own, HOUSEHOLDS, rows_per_file=10**9))
        ours = ways["ours"]
        ceiling = max((ways[name] for name in RAW), key=lambda way: way["rate"])
        first = ours["first_progress"] / ours["seconds"]
        rows = [
            row("pairs of readings stored, against the plain way", ours["rate"] / ways["plain"]["rate"], "times", 2.2),
            row(f"against the ceiling ({ceiling['way']})", ours["rate"] / ceiling["rate"], "times", 0.85),
            row("first progress, share of the whole load", first, "times", -0.2),
            *_real(own),
        ]
        tables = {"london-ways": _ways_table(ways)}
        return own.result(ours["rows"], rows, ways=list(ways.values()), tables=tables)


def generated(own: Bench, households: int, rows_per_file: int = 1_000_000) -> Path:
    """A folder of generated files."""
    out = own.folder / f"files-{households}-{rows_per_file}"
    size = ("--households", str(households), "--days", str(DAYS), "--rows-per-file", str(rows_per_file))
    own.run("generate", "lcl", *size, "--out", str(out))
    return out


def _ways(own: Bench, files: Path) -> dict[str, dict[str, Any]]:
    """Each way with its medians; rate: readings/s, each of them in both collections."""
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for _ in range(RUNS):
        for way in WAYS:
            runs[way].append(run_way(own, way, files))
    return {way: _median(way, found) for way, found in runs.items()}


def run_way(own: Bench, way: str, files: Path) -> dict[str, Any]:
    """One way, in a process of its own, into an empty database: what it took."""
    own.empty()
    command = [sys.executable, "-m", "bench.ways", way, str(files), own.server.uri, own.database.name]
    before = own.server_cpu()
    told = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(told) | {"server_cpu": own.server_cpu() - before}
    return found | (stored(own) if way != "duckdb" else {})


def _median(way: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    found = {name: statistics.median(took[name] for took in runs) for name in sorted(runs[0])}
    return {"way": way, "rate": found["rows"] / found["seconds"] if found["rows"] else 0.0} | found


def stored(own: Bench) -> dict[str, float]:
    """What the readings take on disk."""
    settle(own.database)
    sizes = compare_pair(own.pair("lcl"))
    return {
        "bytes_a_reading": sizes.timeseries.total_bytes / sizes.readings,
        "regular_bytes_a_reading": sizes.regular.total_bytes / sizes.readings,
        "buckets": float(sizes.timeseries.buckets or 0),
    }


def _real(own: Bench) -> list[Row]:
    """Bytes a reading of the real households, where they lie beside the project."""
    files = [SHARED / "lcl" / name for name in REAL]
    if not all(file.exists() for file in files):
        return []
    own.empty()
    own.run("import", "--source", "lcl", *map(str, files))
    found = stored(own)
    return [
        row("time series with its index, real households", found["bytes_a_reading"], "bytes/reading", -2.5),
        row("the same in the regular form", found["regular_bytes_a_reading"], "bytes/reading"),
    ]


def _ways_table(ways: dict[str, dict[str, Any]]) -> list[str]:
    """Markdown."""
    lines = [
        "| way | readings/s, each stored twice | CPU s, client | CPU s, server | peak memory | time series | buckets |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    for way in ways.values():
        stored = f"{way['bytes_a_reading']:.2f} B/reading | {way['buckets']:,.0f}" if way["rows"] else " | "
        rate = f"{way['rate']:,.0f}" if way["rows"] else f"({way['file_rows'] / way['seconds']:,.0f}, to Parquet)"
        lines.append(
            f"| {way['way']} | {rate} | {way['cpu']:.1f} | {way['server_cpu']:.1f} | {way['peak_mb']:,.0f} MB "
            f"| {stored} |"
        )
    return lines
