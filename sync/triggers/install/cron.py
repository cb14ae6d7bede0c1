"""Lines of the user's crontab, between two marks: the others stay as they are, byte for byte."""

from __future__ import annotations

import hashlib
import platform
import re
import shlex
import shutil
import subprocess
from datetime import UTC, datetime

from ...model.errors import UsageError
from .job import NAME, Job

BEGIN = f"# {NAME} {{}}: begin (trigger install cron)"
END = f"# {NAME} {{}}: end"
WINTER, SUMMER = (1, 15), (7, 15)


def block(job: Job, year: int) -> str:
    """The lines. cron knows no delay, so the minute is this machine's own; and it reads the local clock, so the hour is
    the later one of winter and summer: never before the data are there."""
    offset = int(hashlib.sha256(f"{platform.node()} {job.folder}".encode()).hexdigest(), 16) % (job.spread + 1)
    words = [f"{name}={shlex.quote(text)}" for name, text in job.environment.items()]
    words += [shlex.quote(word) for word in job.command]
    command = f"cd {shlex.quote(str(job.folder))} && {' '.join(words)} >/dev/null"
    escaped = command.replace("%", r"\%")  # cron ends a command at a bare %
    lines = []
    for hour, minute in job.times:
        local = [datetime(year, *day, hour, minute + offset, tzinfo=UTC).astimezone() for day in (WINTER, SUMMER)]
        latest = max(local, key=lambda moment: (moment.hour, moment.minute))
        lines.append(f"{latest.minute} {latest.hour} * * * {escaped}\n")
    return f"{BEGIN.format(job.function)}\n{''.join(lines)}{END.format(job.function)}\n"


def with_block(crontab: str, text: str, function: str) -> str:
    """A crontab with the block in it, in place of an earlier one. Raises UsageError where it would run twice."""
    begin, end = BEGIN.format(function), END.format(function)
    ours = re.compile(rf"^{re.escape(begin)}\n.*?^{re.escape(end)}\n?", re.MULTILINE | re.DOTALL)
    rest = ours.sub("", crontab)
    for line in rest.splitlines():
        is_active = not line.lstrip().startswith("#") and re.search(rf"trigger run {re.escape(function)}\b", line)
        if is_active or line in (begin, end):
            raise UsageError(f"the crontab has a line of its own for {function}: take it out first (crontab -e)")
    if ours.search(crontab):
        return ours.sub(lambda _: text, crontab, count=1)
    gap = "" if not crontab or crontab.endswith("\n") else "\n"
    return f"{crontab}{gap}{text}"


def read() -> str:
    """The user's crontab; empty where there is none. Raises UsageError without cron."""
    done = _crontab("-l", "")
    if done.returncode and "no crontab" not in done.stderr:
        raise UsageError(f"the crontab cannot be read: {done.stderr.strip()[:200]}")
    return "" if done.returncode else done.stdout


def write(crontab: str) -> None:
    """Replace it."""
    done = _crontab("-", crontab)
    if done.returncode:
        raise UsageError(f"the crontab was not accepted: {done.stderr.strip()[:200]}")


def next_steps(job: Job) -> list[str]:
    """How to look at it, and how to undo it."""
    return [
        "it runs from now on; what fails is mailed by cron, and python -m sync doctor tells it",
        f"to undo it: crontab -e, and take out the lines from {BEGIN.format(job.function)!r} to its end",
    ]


def _crontab(argument: str, text: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("crontab")
    if program is None:
        raise UsageError("there is no crontab on this machine: python -m sync trigger install systemd, or --dry-run")
    return subprocess.run([program, argument], input=text, capture_output=True, encoding="utf-8", check=False)  # noqa: S603
