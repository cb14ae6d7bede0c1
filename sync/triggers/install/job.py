"""What is to be run every day, from where, and when."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...model.errors import UsageError
from ...settings import dotenv_file, load
from ..check.tree import read_tree
from ..tree import DEFAULT_FOLDER

NAME = "linky-atlas"
LAST_MINUTE = 58
"""Of an hour in which a run may begin: at full hours everybody's jobs ask the gateway."""
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Job:
    """One function. command: the program and its arguments; folder: where the settings stand; environment: what it
    needs beside them; times: (hour, minute) in UTC, each day; spread: minutes by which a run may be late, so that not
    everybody asks in the same second and nobody at a full hour."""

    function: str
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    times: tuple[tuple[int, int], ...]

    @property
    def spread(self) -> int:
        return max(0, min(LAST_MINUTE - minute for _, minute in self.times))


def job_of(function: str, folder: Path, environ: Mapping[str, str]) -> Job:
    """The job as its triggers in Atlas would run it. folder: with `.env` or `settings.py`, whose settings it takes.

    Raises UsageError for a function without a daily trigger.
    """
    schedules = [found.schedule for found in read_tree(DEFAULT_FOLDER).triggers.values() if found.function == function]
    times = {time for schedule in schedules for time in _daily(schedule)}
    if not times:
        raise UsageError(f"no trigger runs {function!r}: python -m sync trigger list shows those that run")
    environment = {}
    if "XDG_STATE_HOME" in environ:  # where the calls of the day are counted: not a second count
        environment["XDG_STATE_HOME"] = environ["XDG_STATE_HOME"]
    installed = any(Path(sysconfig.get_path(name)).resolve() == ROOT for name in ("purelib", "platlib"))
    if not installed and folder.resolve() != ROOT:
        environment["PYTHONPATH"] = str(ROOT)
    command = (sys.executable, "-m", "sync", "trigger", "run", function)
    return Job(function, command, folder, environment, tuple(sorted(times)))


def only_in_this_shell(folder: Path, environ: Mapping[str, str]) -> list[str]:
    """Names of settings that the files of the folder do not give: a timer knows nothing of them."""
    here = load(folder, environ).given
    try:
        there = load(folder, {}).given
    except UsageError:  # what is left is wrong by itself
        there = frozenset(dotenv_file(folder / ".env"))
    return sorted(here - there)


def _daily(schedule: str) -> list[tuple[int, int]]:
    """Hours and minutes of a cron expression that names both, of every day."""
    minute, hours, *others = schedule.split(" ")
    if not all(map(str.isdigit, (minute, *hours.split(",")))) or others != ["*", "*", "*"]:
        raise UsageError(f"the schedule {schedule!r} names no times of every day: write the timer by hand")
    return [(int(hour), int(minute)) for hour in hours.split(",")]
