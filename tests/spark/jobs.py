"""The Spark job as a process, what it runs beneath it, and where that listens."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyspark

from sync.generate.lcl import Expected, generate
from sync.store.embedded.mongod import command_line
from tests.servers import PROJECT_ROOT
from tests.waiting import PATIENCE, until

CLUSTER = "local-cluster[2,1,1024]"
EXECUTOR = "CoarseGrainedExecutorBackend"
QUICK = ("--conf", "spark.executor.extraJavaOptions=-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
LISTENING = "0A"
LOOPBACKS = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


class Jobs:
    """`python -m sync.spark` against one database, in a folder of its own; `seen` is all it printed.

    The package lies where only the driver finds it, and a home of Spark's in the folder takes what executors write.
    """

    def __init__(self, folder: Path, uri: str, database: str) -> None:
        self.folder = folder / "job"
        self.home = self.folder / "spark"
        self.home.mkdir(parents=True)
        (self.folder / "sync").symlink_to(PROJECT_ROOT / "sync")
        for name in ("bin", "jars", "python"):
            (self.home / name).symlink_to(Path(pyspark.__file__).parent / name)
        self.environ = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"} | {
            "MONGODB_URI": uri,
            "MONGODB_DATABASE": database,
            "SYNC_HOME": str(self.folder / "home"),
            "SPARK_HOME": str(self.home),
        }
        self.seen: list[str] = []
        self._started: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Jobs:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._started:
            process.kill()  # Spark ends with it
            process.wait()

    def start(self, *arguments: str, module: str = "sync.spark", **environ: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env=self.environ | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def finish(self, process: subprocess.Popen[str]) -> tuple[int, str, str]:
        """Exit code, standard output and standard error."""
        out, err = process.communicate(timeout=PATIENCE)
        self.seen += [out, err]
        assert "Traceback" not in err, err
        return process.returncode, out, err

    def __call__(self, *arguments: str, module: str = "sync.spark", **environ: str) -> tuple[int, str, str]:
        return self.finish(self.start(*arguments, module=module, **environ))

    def written(self) -> str:
        """Everything that Spark wrote: its log, the executors' folders, the event log."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".zip"]
        return "\n".join(path.read_text(errors="replace") for path in files)


def london(folder: Path, households: int = 10, days: int = 125, rows_per_file: int = 5000) -> Expected:
    """Generated files in a folder."""
    return generate(folder, households, days, rows_per_file=rows_per_file)


def zipped(folder: Path) -> Path:
    """The same as a ZIP beside it."""
    return Path(shutil.make_archive(str(folder), "zip", folder))


def beneath(pid: int) -> list[int]:
    """Process ids of all that a process has begun, and they in turn."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, task.read_text().split()):
                found += [child, *beneath(child)]
    return found


def named(pids: list[int], word: str) -> list[int]:
    """Those whose command line has a word."""
    return [pid for pid in pids if any(word in part for part in command_line(pid))]


def is_gone(pid: int) -> bool:
    """Whether a process has ended."""
    return not command_line(pid)


def wait_for(condition: Callable[[], Any], process: subprocess.Popen[str] | None = None) -> Any:
    """What the condition gives when it holds. Fails when the process has ended before."""

    def found_by_a_living_one() -> Any:
        found = condition()
        assert found or process is None or process.poll() is None, process.communicate()
        return found

    return until(found_by_a_living_one)


def kill(pid: int) -> None:
    """As a power cut would."""
    os.kill(pid, signal.SIGKILL)


def listening(pids: list[int]) -> list[str]:
    """The addresses, in hexadecimal as the kernel tells them, on which processes listen."""
    inodes: Mapping[str, str] = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
        inodes = {**inodes, **{row[9]: row[1].partition(":")[0] for row in rows if row[3] == LISTENING}}
    found = []
    for pid in pids:
        with suppress(OSError):
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    name = str(descriptor.readlink())
                    if name.startswith("socket:[") and name[8:-1] in inodes:
                        found.append(inodes[name[8:-1]])
    return found
