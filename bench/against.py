"""The whole commands of this tree against those of an older commit, side by side: `python -m bench against`.

Both trees work for the same inputs on one server, each command in a process of its own into an empty database; they
take turns, so that a slow minute of the machine hits both. A figure is the ratio of the medians: above 1, this tree is
the faster one.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import kit
from bench.kit import FILE, ROOT, Bench, Row, row
from bench.london import generated

BEFORE = os.environ.get("BENCH_AGAINST", "f056b37")
"""The commit before the rebuilding of the folders."""
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
UNTIL = "2021-07-01"  # of Elhub's rows: half a year
HOUSEHOLDS = {"london, 1 million readings": 100, "growth, 5 million readings": 500}


@dataclass(frozen=True)
class Work:
    """A command that both trees can run. environ: its variables; runs: how often each tree runs it."""

    name: str
    command: list[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    runs: int = RUNS


def run() -> dict[str, Any]:
    """Measure everything; needs git and the history of the project."""
    kit.need_export()
    with kit.bench() as own, checkout(BEFORE) as before, kit.elhub() as url:
        help_cpu = _compared(own, before, Work("", ["--help"]))["cpu"]
        rows = [row("CPU of --help, before against now", help_cpu, "times", 5.0)]
        for work in _works(own, url):
            print(f"  {work.name} …", file=sys.stderr, flush=True)
            ratios = _compared(own, before, work)
            rows += _rows(work.name, ratios)
        return own.result(0, rows, runs=RUNS, before=BEFORE)


def _works(own: Bench, url: str) -> Iterator[Work]:
    yield Work("loader, two years of Linky", ["import", str(FILE)])
    yield Work("elhub, half a year", ["backfill", "--source", "elhub", "--until", UNTIL], {"ELHUB_API_URL": url})
    for name, households in HOUSEHOLDS.items():
        files = generated(own, households)
        yield Work(name, ["import", "--source", "lcl", str(files)], runs=max(1, RUNS * 100 // households))


@contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """The files of a commit in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        yield Path(folder)


def _compared(own: Bench, before: Path, work: Work) -> dict[str, float]:
    """Seconds and CPU seconds of the older tree by those of this one."""
    runs: dict[Path, list[kit.Took]] = {ROOT: [], before: []}
    for turn in range(work.runs):
        for tree in (ROOT, before) if turn % 2 else (before, ROOT):
            own.empty()
            runs[tree].append(own.run(*work.command, tree=tree, **work.environ))
    found = {}
    for part in ("seconds", "cpu", "server_cpu"):
        theirs, ours = (statistics.median(getattr(took, part) for took in runs[tree]) for tree in (before, ROOT))
        found[part] = theirs / ours if ours else 0.0
    return found


def _rows(name: str, ratios: Mapping[str, float]) -> list[Row]:
    return [
        row(f"{name}: speed of the whole command", ratios["seconds"], "times", 0.95),
        row(f"{name}: CPU of the command, before against now", ratios["cpu"], "times"),
        row(f"{name}: CPU of the server, before against now", ratios["server_cpu"], "times"),
    ]
