"""The loader as a process of its own, for tests that kill it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sync.standin.linky import LinkyStandin
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parent.parent


def environment(standin: LinkyStandin, uri: str, database: str, folder: Path) -> dict[str, str]:
    """Variables that point the command line to a stand-in and a server, with no pause between calls."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MONGODB_URI": uri,
        "MONGODB_DATABASE": database,
        "LINKY_API_URL": standin.url,
        "LINKY_TOKEN": standin.token,
        "LINKY_PRM": next(iter(standin.meters)),
        "SYNC_REQUEST_SPACING": "0",
        "SYNC_HOME": str(folder / "home"),
        "XDG_STATE_HOME": str(folder / "state"),
    }


def start(environ: Mapping[str, str], folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """`python -m sync …` in a folder of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "sync", *arguments],
        cwd=folder,
        env={**environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err
