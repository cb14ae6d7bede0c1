"""London's bulk load against every other way of doing it: `python -m bench london`.

One run, one machine, one server, the same generated files and the same documents; each way in a process of its own,
into an empty database, the ways taking turns. Medians.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymongo.database import Database

from bench.loader import NAME, ROOT, RUNS, SHARED, row
from bench.ways import WAYS
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.connection import connect, server_version
from sync.store.embedded.mongod import Mongod
from sync.store.schema import pair
from sync.store.sizes import compare_pair, settle

HOUSEHOLDS, DAYS = 100, 209  # about a million readings
REAL = ("MAC000002_raw_2012-2014.csv.gz", "halfhourly_2013_70_households.csv.gz")
RAW = tuple(name for name in WAYS if name.startswith("raw"))
"""The ways whose documents are encoded beforehand: the best of them is the ceiling."""


def run() -> dict[str, Any]:
    """Measure all ways, and what the real households take."""
    return with_server(_measure)


def with_server(measure: Callable[[Database[Any], Mongod, Path], dict[str, Any]]) -> dict[str, Any]:
    """What is measured in an empty database of a server of its own, with a folder for files."""
    with tempfile.TemporaryDirectory() as folder:
        server = Mongod.spawn(Path(folder) / "db", Path(folder) / "mongod.log")
        try:
            server.wait_until_primary()
            with connect(server.uri) as client:
                return measure(client[NAME], server, Path(folder))
        finally:
            server.stop()


def _measure(database: Database[Any], server: Mongod, folder: Path) -> dict[str, Any]:
    files = generated(folder / "files", HOUSEHOLDS, rows_per_file=10**9)
    ways = _ways(database, server, files)
    ours = ways["ours"]
    ceiling = max((ways[name] for name in RAW), key=lambda way: way["rate"])
    rows = [
        row(
            "pairs of readings stored, against the plain way",
            ours["rate"] / ways["plain"]["rate"],
            "times",
            "≥ 2.2",
            2.2,
        ),
        row(f"against the ceiling ({ceiling['way']})", ours["rate"] / ceiling["rate"], "times", "≥ 0.85", 0.85),
        row(
            "first progress, share of the whole load", ours["first_progress"] / ours["seconds"], "times", "≤ 0.2", -0.2
        ),
        *_real(database, server, folder),
    ]
    version = ".".join(map(str, server_version(database)))
    return {
        "readings": ways["ours"]["rows"],
        "server": f"MongoDB {version}",
        "runs": RUNS,
        "rows": rows,
        "ways": list(ways.values()),
        "tables": {"london-ways": _ways_table(ways)},
    }


def generated(out: Path, households: int, rows_per_file: int = 1_000_000) -> Path:
    """A folder of generated files."""
    command = ["generate", "lcl", "--households", str(households), "--days", str(DAYS), "--out", str(out)]
    _sync(out.parent, *command, "--rows-per-file", str(rows_per_file))
    return out


def _sync(folder: Path, *arguments: str, uri: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sync", *arguments]
    return subprocess.run(
        command, cwd=folder, env=variables(folder, uri), stdout=subprocess.PIPE, text=True, check=True
    )


def variables(folder: Path, uri: str) -> dict[str, str]:
    """The surroundings of a command."""
    own = {"MONGODB_URI": uri, "MONGODB_DATABASE": NAME, "XDG_STATE_HOME": str(folder / "state")}
    return {**os.environ, **own, "PYTHONPATH": str(ROOT)}


def _ways(database: Database[Any], server: Mongod, files: Path) -> dict[str, dict[str, Any]]:
    """Each way with its medians; rate: readings/s, each of them in both collections."""
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for _ in range(RUNS):
        for way in WAYS:
            runs[way].append(run_way(database, server, way, files))
    return {way: _median(way, each) for way, each in runs.items()}


def run_way(database: Database[Any], server: Mongod, way: str, files: Path) -> dict[str, Any]:
    """One way, in a process of its own, into an empty database: what it took."""
    database.client.drop_database(database.name)
    settle(database)
    command = [sys.executable, "-m", "bench.ways", way, str(files), server.uri, database.name]
    before = cpu_of(server.pid)
    told = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(told) | {"server_cpu": cpu_of(server.pid) - before}
    return found | (stored(database) if way != "duckdb" else {})


def _median(way: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    names = {name for each in runs for name in each}
    found = {name: statistics.median(each[name] for each in runs) for name in sorted(names)}
    return {"way": way, "rate": found["rows"] / found["seconds"] if found["rows"] else 0.0} | found


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stored(database: Database[Any]) -> dict[str, float]:
    """What the readings take on disk."""
    settle(database)
    sizes = compare_pair(pair(database, "lcl", DEFAULT_COLLECTIONS))
    return {
        "bytes_a_reading": sizes.timeseries.total_bytes / sizes.readings,
        "regular_bytes_a_reading": sizes.regular.total_bytes / sizes.readings,
        "buckets": float(sizes.timeseries.buckets or 0),
    }


def _real(database: Database[Any], server: Mongod, folder: Path) -> list[dict[str, Any]]:
    """Bytes a reading of the real households, where they lie beside the project."""
    files = [SHARED / "lcl" / name for name in REAL]
    if not all(file.exists() for file in files):
        return []
    database.client.drop_database(database.name)
    _sync(folder, "import", "--source", "lcl", *map(str, files), uri=server.uri)
    found = stored(database)
    what = "time series with its index, real households"
    return [
        row(what, found["bytes_a_reading"], "bytes/reading", "≤ 2.5", -2.5),
        row("the same in the regular form", found["regular_bytes_a_reading"], "bytes/reading"),
    ]


def _ways_table(ways: dict[str, dict[str, Any]]) -> list[str]:
    """Markdown."""
    lines = [
        "| way | readings/s, each stored twice | CPU s, client | CPU s, server | peak memory | time series | buckets |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    for each in ways.values():
        stored = f"{each['bytes_a_reading']:.2f} B/reading | {each['buckets']:,.0f}" if each["rows"] else " | "
        rate = f"{each['rate']:,.0f}" if each["rows"] else f"({each['file_rows'] / each['seconds']:,.0f}, to Parquet)"
        lines.append(
            f"| {each['way']} | {rate} | {each['cpu']:.1f} | {each['server_cpu']:.1f} | {each['peak_mb']:,.0f} MB "
            f"| {stored} |"
        )
    return lines
