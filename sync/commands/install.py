"""`trigger install`: the daily run without Atlas, by systemd or cron."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..settings import load
from ..triggers.tree import DEFAULT_FOLDER

if TYPE_CHECKING:
    from ..triggers.install.job import Job


@click.command("install")
@click.argument("scheduler", type=click.Choice(["systemd", "cron"]))
@click.option("--function", default="linkyDaily", show_default=True, help="The function to run every day.")
@click.option("--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
def install_command(scheduler: str, function: str, dry_run: bool) -> None:
    """Write what runs a function every day on this machine, without Atlas: a timer of systemd, or lines of the crontab.

    For the user who types it and the folder in which it is typed: the settings are read there (.env, settings.py). The
    times are those of the triggers in Atlas, a few minutes apart from everybody else's. What is not ours is never
    overwritten; a second time changes nothing.

    \b
    Examples:
      python -m sync trigger install systemd --dry-run
      python -m sync trigger install cron --dry-run
    """
    from ..triggers.install.job import job_of, only_in_this_shell  # noqa: PLC0415
    from ..triggers.values import refuse_without_token  # noqa: PLC0415

    folder = Path.cwd()
    refuse_without_token(DEFAULT_FOLDER, function, load())
    job = job_of(function, folder, os.environ)
    if alone := only_in_this_shell(folder, os.environ):
        click.echo(
            f"warning: {', '.join(alone)} set in this shell only: {scheduler} needs it in {folder}/.env", err=True
        )
    for line in _systemd(job, dry_run) if scheduler == "systemd" else _cron(job, dry_run):
        click.echo(line)


def _systemd(job: Job, dry_run: bool) -> list[str]:
    from ..triggers.install.systemd import next_steps, put, unit_files  # noqa: PLC0415

    files = unit_files(job, os.environ)
    if dry_run:
        told = [f"# {path}\n{text}" for path, text in files.items()]
    else:
        told = [f"wrote {path}" for path in put(files)] or ["nothing to do: both files are there as they should be"]
    return [*told, *next_steps(job, files)]


def _cron(job: Job, dry_run: bool) -> list[str]:
    from ..triggers.install import cron  # noqa: PLC0415

    text = cron.block(job, datetime.now(UTC).year)
    if dry_run:
        return [text.rstrip(), *cron.next_steps(job)]
    before = cron.read()
    after = cron.with_block(before, text, job.function)
    if before == after:
        return ["nothing to do: the crontab has these lines", *cron.next_steps(job)]
    cron.write(after)
    return ["the crontab has these lines now:", text.rstrip(), *cron.next_steps(job)]
