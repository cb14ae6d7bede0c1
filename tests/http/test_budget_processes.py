"""Several processes of one machine share one count, whatever happens to them."""

from __future__ import annotations

import itertools
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.http.budget import Budget
from sync.model.errors import BudgetSpent
from tests.clock import FakeClock
from tests.waiting import PATIENCE

URL = "https://conso.boris.sh/api"
ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}


def stored(folder: Path) -> list[tuple[str, str, int]]:
    """What lies on disk, seen by another connection."""
    with sqlite3.connect(folder / "budget.sqlite3") as database:
        rows = database.execute("SELECT host, day, calls FROM hosts ORDER BY host").fetchall()
    database.close()
    return rows


WORKER = """
import fcntl, math, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sync.http.budget import Budget
from sync.model.errors import BudgetSpent

class SharedClock:
    '''Microseconds in a file: one time for all processes, moved by whoever sleeps.'''
    def __init__(self, path):
        self.path = path
    def moved(self, microseconds):
        with self.path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            moment = int(file.read() or 0) + microseconds
            file.seek(0)
            file.write(str(moment))
            return moment
    def now(self):
        self.last = self.moved(0)
        return datetime(2026, 7, 17, 12, tzinfo=UTC) + timedelta(microseconds=self.last)
    def sleep(self, seconds):
        self.moved(math.ceil(seconds * 1_000_000))

folder, limit, spacing = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
clock = SharedClock(folder / "clock")
budget = Budget("https://conso.boris.sh/api", limit, spacing, clock, folder)
print("ready", flush=True)
sys.stdin.readline()
try:
    while True:
        budget.take()
        print("call", clock.last, flush=True)
except BudgetSpent:
    pass
"""


def together(folder: Path, processes: int, limit: int, spacing: float) -> list[list[int]]:
    """Moments (µs) of the calls of several processes that begin at once and go on until the budget is spent."""
    (folder / "clock").touch()
    command = [sys.executable, "-c", WORKER, str(folder), str(limit), str(spacing)]
    pipe = subprocess.PIPE
    running = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, env=ENVIRONMENT)
        for _ in range(processes)
    ]
    try:
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        outputs = [process.communicate(timeout=PATIENCE)[0] for process in running]
        assert [process.returncode for process in running] == [0] * processes
    finally:
        for process in running:
            process.kill()
            process.wait()
    return [[int(line.split()[1]) for line in output.splitlines()] for output in outputs]


def test_processes_together_never_pass_the_limit(tmp_path: Path) -> None:
    calls = together(tmp_path, processes=4, limit=60, spacing=0.0)
    assert sum(map(len, calls)) == 60
    assert stored(tmp_path) == [("conso.boris.sh", "2026-07-17", 60)]


def test_processes_together_keep_the_distance(tmp_path: Path) -> None:
    calls = together(tmp_path, processes=3, limit=40, spacing=1.0)
    starts = sorted(moment for moments in calls for moment in moments)
    assert len(starts) == 40
    assert min(b - a for a, b in itertools.pairwise(starts)) >= 1_000_000 - 1


def test_a_killed_process_leaves_the_count_usable(tmp_path: Path) -> None:
    (tmp_path / "clock").touch()
    script = WORKER.replace("budget.take()", "budget.take(); __import__('os')._exit(9)")
    command = [sys.executable, "-c", script, str(tmp_path), "5", "0"]
    for _ in range(3):
        ended = subprocess.run(
            command, input="go\n", text=True, cwd=ROOT, env=ENVIRONMENT, check=False, timeout=PATIENCE
        )
        assert ended.returncode == 9
    assert stored(tmp_path)[0][2] == 3
    one = Budget(URL, 5, 0.0, FakeClock(datetime(2026, 7, 17, 13, tzinfo=UTC)), tmp_path)
    one.take()
    one.take()
    with pytest.raises(BudgetSpent):
        one.take()
