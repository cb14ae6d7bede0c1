"""What every bench stands on: a server of its own, commands in processes of their own, medians, rows of a result."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo.database import Database

from sync.settings import DEFAULT_COLLECTIONS
from sync.store.connection import connect, server_version
from sync.store.embedded.mongod import Mongod
from sync.store.schema import Pair, pair
from sync.store.sizes import settle
from sync.store.verify import verify_pair

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data"))
FILE = SHARED / "linky/r63_load_curve_2023-03-13_2025-03-13_naive_paris.csv.gz"
RUNS = 3
NAME = "bench"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Took:
    """What a command took: seconds, CPU seconds of its own and of the server, peak memory (MB)."""

    seconds: float
    cpu: float
    server_cpu: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Bench:
    """A database of a server that nobody else uses, and a folder for files."""

    database: Database[Any]
    server: Mongod
    folder: Path

    def pair(self, source: str) -> Pair:
        return pair(self.database, source, DEFAULT_COLLECTIONS)

    def empty(self) -> None:
        self.database.client.drop_database(self.database.name)
        settle(self.database)

    def variables(self, tree: Path = ROOT, **environ: str) -> dict[str, str]:
        """The surroundings of a command."""
        own = {"MONGODB_URI": self.server.uri, "MONGODB_DATABASE": NAME, "XDG_STATE_HOME": str(self.folder / "state")}
        return {**os.environ, **own, "PYTHONPATH": str(tree), **environ}

    def run(self, *arguments: str, tree: Path = ROOT, **environ: str) -> Took:
        """`python -m sync ARGUMENTS` of a tree, in a process of its own."""
        command = [sys.executable, "-m", "sync", *arguments]
        before, started = self.server_cpu(), time.monotonic()
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, cwd=self.folder, env=self.variables(tree, **environ), **quiet)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            sys.exit(f"{' '.join(command[1:])} failed in {tree}")
        cpu = usage.ru_utime + usage.ru_stime
        return Took(time.monotonic() - started, cpu, self.server_cpu() - before, usage.ru_maxrss / 1024)

    def server_cpu(self) -> float:
        """CPU seconds of the server so far."""
        fields = Path(f"/proc/{self.server.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def result(self, readings: int, rows: list[Row], **more: Any) -> dict[str, Any]:
        """What a bench returns."""
        version = ".".join(map(str, server_version(self.database)))
        return {"readings": readings, "server": f"MongoDB {version}", "rows": rows, **more}


@contextmanager
def bench() -> Iterator[Bench]:
    """An empty one, gone at the end."""
    with tempfile.TemporaryDirectory() as folder:
        server = Mongod.spawn(Path(folder) / "db", Path(folder) / "mongod.log")
        try:
            server.wait_until_primary()
            with connect(server.uri) as client:
                yield Bench(client[NAME], server, Path(folder))
        finally:
            server.stop()


@contextmanager
def elhub() -> Iterator[str]:
    """The address of the stand-in of Elhub in a process of its own, which keeps its answers."""
    command = [sys.executable, "-m", "sync", "standin", "elhub", "--json"]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield str(json.loads(process.stdout.readline())["url"]) if process.stdout else ""
    finally:
        process.terminate()
        process.wait()


def need_export() -> None:
    """Ends the process without the real export."""
    if not FILE.exists():
        sys.exit(f"the bench needs the real export, {FILE.name}: set SHARED_DATA to the folder that holds linky/")


def medians(*ways: Callable[[], object], before: Callable[[], None] = lambda: None, runs: int = RUNS) -> list[float]:
    """Median seconds of each way, `before` not counted; they take turns, so that a slow minute hits all of them."""
    times: list[list[float]] = [[] for _ in ways]
    for _ in range(runs):
        for own, way in zip(times, ways, strict=True):
            before()
            started = time.monotonic()
            way()
            own.append(time.monotonic() - started)
    return [statistics.median(own) for own in times]


def proof(own: Pair) -> None:
    """Ends the process when the two collections are not identical."""
    if not verify_pair(own).identical:
        sys.exit("not identical")


def row(what: str, figure: float, unit: str, limit: float | None = None) -> Row:
    """`limit`: at least that; negative or 0: at most its amount."""
    row: Row = {"what": what, "figure": round(figure, 3), "unit": unit}
    if limit is None:
        return row
    if limit > 0:
        return row | {"bar": f"≥ {limit:g}", "met": figure >= limit}
    return row | {"bar": f"≤ {-limit:g}", "met": figure <= -limit}
