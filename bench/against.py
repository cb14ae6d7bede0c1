"""The whole commands of this tree against those of an older commit, side by side: `python -m bench against [COMMIT]`.

Both trees work for the same inputs on one server, each command in a process of its own into an empty database; they
take turns, so that a slow minute of the machine hits both. A figure is the ratio of the medians: above 1, this tree is
the faster one.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo.database import Database

from bench.loader import FILE, NAME, ROOT, row
from bench.london import cpu_of, generated, settle, with_server
from sync.store.connection import server_version
from sync.store.embedded.mongod import Mongod

BEFORE = os.environ.get("BENCH_AGAINST", "f056b37")
"""The commit before the rebuilding of the folders."""
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
LEAST = 0.95
UNTIL = "2021-07-01"  # of Elhub's rows: half a year
HOUSEHOLDS = {"london, 1 million readings": 100, "growth, 5 million readings": 500}


@dataclass(frozen=True)
class Work:
    """A command that both trees can run. environ: its variables; runs: how often each tree runs it."""

    name: str
    command: list[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    runs: int = RUNS


@dataclass
class Times:
    """Of one tree: seconds, and CPU seconds of the command and of the server, a run each."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)

    def add(self, seconds: float, cpu: float, server: float) -> None:
        self.seconds.append(seconds)
        self.cpu.append(cpu)
        self.server.append(server)


def run() -> dict[str, Any]:
    """Measure everything; needs git and the history of the project."""
    if not FILE.exists():
        sys.exit(f"the bench needs the real export, {FILE.name}: set SHARED_DATA to the folder that holds linky/")
    return with_server(_measure)


def _measure(database: Database[Any], server: Mongod, folder: Path) -> dict[str, Any]:
    with checkout(BEFORE) as before, _elhub(ROOT) as url:
        rows: list[dict[str, Any]] = [_startup(before)]
        for work in _works(folder, url):
            print(f"  {work.name} …", file=sys.stderr, flush=True)
            ours, theirs = Times(), Times()
            for turn in range(work.runs):
                trees = [(ROOT, ours), (before, theirs)]
                for tree, times in trees if turn % 2 else reversed(trees):
                    times.add(*_timed(work, tree, database, server, folder))
            rows += _compared(work.name, ours, theirs)
    version = ".".join(map(str, server_version(database)))
    return {"readings": 0, "server": f"MongoDB {version}", "runs": RUNS, "before": BEFORE, "rows": rows}


def _works(folder: Path, url: str) -> Iterator[Work]:
    yield Work("loader, two years of Linky", ["import", str(FILE)])
    yield Work("elhub, half a year", ["backfill", "--source", "elhub", "--until", UNTIL], {"ELHUB_API_URL": url})
    for name, households in HOUSEHOLDS.items():
        files = generated(folder / f"files-{households}", households)
        yield Work(name, ["import", "--source", "lcl", str(files)], runs=max(1, RUNS * 100 // households))


@contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """The files of a commit in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        yield Path(folder)


@contextmanager
def _elhub(tree: Path) -> Iterator[str]:
    """The stand-in that both trees ask, which has its answers ready from the second question on."""
    command = [sys.executable, "-m", "sync", "standin", "elhub", "--json"]
    variables = {**os.environ, "PYTHONPATH": str(tree)}
    process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield str(json.loads(process.stdout.readline())["url"]) if process.stdout else ""
    finally:
        process.terminate()
        process.wait()


def _timed(work: Work, tree: Path, database: Database[Any], server: Mongod, folder: Path) -> tuple[float, float, float]:
    """One run of the command of a tree: seconds, its CPU seconds, those of the server."""
    database.client.drop_database(database.name)
    settle(database)
    own = {"MONGODB_URI": server.uri, "MONGODB_DATABASE": NAME, "XDG_STATE_HOME": str(folder / "state")}
    variables = {**os.environ, **own, "PYTHONPATH": str(tree), **work.environ}
    before, started = cpu_of(server.pid), time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "sync", *work.command],
        cwd=folder,
        env=variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{work.name} failed in {'this tree' if tree == ROOT else 'the older one'}")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, cpu_of(server.pid) - before


def _compared(name: str, ours: Times, theirs: Times) -> list[dict[str, Any]]:
    def ratio(part: str) -> float:
        return statistics.median(getattr(theirs, part)) / statistics.median(getattr(ours, part))

    return [
        row(f"{name}: speed of the whole command", ratio("seconds"), "times", f"≥ {LEAST}", LEAST),
        row(f"{name}: CPU of the command, before against now", ratio("cpu"), "times"),
        row(f"{name}: CPU of the server, before against now", ratio("server"), "times"),
    ]


def _startup(before: Path) -> dict[str, Any]:
    """CPU of `--help`, this tree against the older one."""
    ours, theirs = (statistics.median(_help_cpu(tree) for _ in range(RUNS)) for tree in (ROOT, before))
    return row(f"CPU of --help ({ours:.2f} s, before {theirs:.2f} s)", theirs / ours, "times", "≥ 5", 5.0)


def _help_cpu(tree: Path) -> float:
    process = subprocess.Popen(
        [sys.executable, "-m", "sync", "--help"], cwd=tree, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_utime + usage.ru_stime
