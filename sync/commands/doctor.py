"""`doctor`: everything outside this tool that may be wrong, each with its remedy."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from ..model.clock import SystemClock
from ..model.words import counted
from .common import echo_json, json_option


@click.command("doctor")
@click.option("--no-call", is_flag=True, help="Do not ask the gateway.")
@json_option
def doctor_command(no_call: bool, as_json: bool) -> None:
    """Look at settings, token, gateway, clock, MongoDB and what it holds, the Atlas functions, the page.

    A line for each thing, errors first, with what to do. Nothing is written, but for the one call to the gateway: it
    counts in the day's budget as any other (--no-call leaves it out). Exit code 1 with an error, else 0.

    \b
    Examples:
      python -m sync doctor
      python -m sync doctor --no-call --json
    """
    from ..doctor.examine import examine  # noqa: PLC0415

    found, faults = examine(Path.cwd(), os.environ, SystemClock(), call=not no_call)
    counts = Counter(finding.level for finding in found)
    if as_json:
        findings = [asdict(finding) for finding in found]
        echo_json({"errors": counts["error"], "warnings": counts["warning"], "findings": findings})
    else:
        for finding in found:
            click.echo(f"{finding.level:<8} {finding.subject}: {finding.said}")
            if finding.remedy:
                click.echo(f"         → {finding.remedy}")
        problems = f"{counted(counts['error'], 'error')}, {counted(counts['warning'], 'warning')}"
        click.echo(f"{problems}, {counts['ok']} ok")
    for fault in faults:
        raise fault
    raise SystemExit(1 if counts["error"] else 0)
