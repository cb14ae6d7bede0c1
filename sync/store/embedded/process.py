"""What can be seen of a process that another one may have started."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path


def command_line(pid: int) -> list[str]:
    """Arguments of a process; empty when it is gone or only waits to be reaped."""
    if pid <= 0:
        return []
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            return []
    shown = subprocess.run(  # noqa: S603
        ["ps", "-ww", "-o", "command=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    command = shown.stdout.strip()
    found = re.search(r"--dbpath (.+) --port (\d+) ", command)
    return [command, *found.groups()] if found else []


def is_ending(pid: int) -> bool:
    """Whether a mongod has given up its memory, its arguments with it, but its threads not yet all files and ports."""
    process = Path(f"/proc/{pid}")
    try:
        name, _, rest = (process / "stat").read_text().partition("(")[2].rpartition(")")
        over = rest.split()[0] in "ZX" and len(list((process / "task").iterdir())) <= 1
    except OSError:
        return False
    return name == "mongod" and not over and not any(command_line(pid))
