"""The large load as a process of its own."""

from __future__ import annotations

import subprocess
import sys

from tests.processes import ROOT
from tests.waiting import PATIENCE

SERIES, READINGS, CALLS = 6, 3000, 5


def start(uri: str, database: str, how: str, series: int = SERIES, readings: int = READINGS) -> subprocess.Popen[str]:
    """`python -m tests.bulk_loader …` in a session of its own, as a terminal would start it."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bulk_loader", uri, database, str(series), str(readings), str(CALLS), how],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and standard error."""
    _, err = process.communicate(timeout=PATIENCE)
    return process.returncode, err
