"""The command line as a process whose largest memory is known."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers import PROJECT_ROOT
from tests.waiting import PATIENCE

# The peak of this program alone: what the system tells of a child holds that of the process that started it.
PROGRAM = """
import atexit, pathlib, sys
place = pathlib.Path(sys.argv.pop(1))
status = pathlib.Path("/proc/self/status")
atexit.register(lambda: place.write_text(status.read_text().partition("VmHWM:")[2].split()[0]))
from sync.http import transport
if sys.argv.pop(1) == "now":
    transport.Transport.__init__.__kwdefaults__["pauses"] = (0.0, 0.0)
from sync.__main__ import run
run()
"""


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str
    megabytes: float


def run_measured(arguments: Sequence[str], environ: Mapping[str, str], folder: Path, waits: bool = True) -> Ended:
    """`python -m sync …`, and how much memory it held at most. waits: whether it pauses before it asks again."""
    place = folder / "peak"
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(place), "wait" if waits else "now", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT), **environ},
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    out, err = (text.decode("utf-8", "replace") for text in (ended.stdout, ended.stderr))
    return Ended(ended.returncode, out, err, int(place.read_text()) / 1024)
