"""`trigger`: the Atlas functions of `atlas_functions/`, listed, run here, checked, deployed."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from bson import json_util

from ..model.clock import SystemClock
from ..model.errors import SyncError
from ..model.localtime import PARIS
from ..model.privacy import scrub
from ..settings import load
from ..store.connection import open_store
from ..triggers.tree import DEFAULT_FOLDER
from .common import echo_json, json_option

NEXT_TIMES = 2
DEPLOY = ("sync.commands.trigger_deploy", "deploy_command")
Command = TypeVar("Command", bound=Callable[..., Any])


class FunctionFailed(SyncError):
    """The function threw: its text, in one line."""


class ProblemsFound(SyncError):
    """The tree has problems, which have been told."""


class Triggers(click.Group):
    """`deploy` is imported when it is called: it alone needs the Admin API."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [*super().list_commands(context), "deploy"]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name != "deploy":
            return super().get_command(context, name)
        command = getattr(importlib.import_module(DEPLOY[0]), DEPLOY[1])
        return command if isinstance(command, click.Command) else None


def folder_option(command: Command) -> Command:
    """`--folder` for another tree than the project's own."""
    kind = click.Path(exists=True, file_okay=False, path_type=Path)
    text = "The tree that a push reads (default: atlas_functions of this project)."
    return click.option("--folder", type=kind, default=DEFAULT_FOLDER, show_default=False, help=text)(command)


@click.group("trigger", cls=Triggers)
def trigger() -> None:
    """The Atlas functions: list them with their schedules, run one here, check the tree, deploy it.

    \b
    Examples:
      python -m sync trigger list
      python -m sync trigger check
    """


@trigger.command("list")
@folder_option
@json_option
def list_command(folder: Path, as_json: bool) -> None:
    """Show the functions and the triggers, each schedule in words and with its next times, in UTC and in Paris.

    \b
    Examples:
      python -m sync trigger list
      python -m sync trigger list --json
    """
    from ..triggers.listing import listing  # noqa: PLC0415 - the syntax tree is only needed here and for check

    found = listing(folder, SystemClock().now(), NEXT_TIMES)
    if as_json:
        echo_json(found)
        return
    click.echo(f"functions: {', '.join(found['functions']) or 'none'}")
    for each in found["triggers"]:
        off = " (disabled)" if each["disabled"] else ""
        click.echo(f"{each['name']}{off}: runs {each['function']} {each['words']} ({each['schedule']})")
        for moment in each["next"]:
            utc = datetime.fromisoformat(moment["utc"])
            click.echo(f"  next: {utc:%a %Y-%m-%d %H:%M} UTC = {utc.astimezone(PARIS):%H:%M} in Paris")


@trigger.command("check")
@folder_option
@json_option
def check_command(folder: Path, as_json: bool) -> None:
    """Refuse what Atlas would refuse, or take and then fail on every morning: syntax, APIs, configuration.

    \b
    Examples:
      python -m sync trigger check
      python -m sync trigger check --json
    """
    from ..triggers.check.check import problems_of  # noqa: PLC0415

    problems = problems_of(folder)
    if as_json:
        listed = [{"path": each.path, "line": each.line, "message": each.message} for each in problems]
        echo_json({"problems": listed})
    else:
        for each in problems:
            click.echo(f"{folder.name}/{each.path}:{each.line}: {each.message}")
    if problems:
        raise ProblemsFound(f"{len(problems)} problem{'s' * (len(problems) > 1)} in {folder.name}")
    if not as_json:
        click.echo(f"{folder.name}: nothing that Atlas would refuse")


@trigger.command("run")
@click.argument("name")
@folder_option
@json_option
def run_command(name: str, folder: Path, as_json: bool) -> None:
    """Run a function once, here: the same file, against the configured MongoDB and API, as Atlas would.

    With cron or a systemd timer this is the daily job of whoever has no Atlas. Its calls count in the same budget as
    those of the backfill. Log lines go to standard error, the result to standard output.

    \b
    Examples:
      python -m sync trigger run linkyDaily
      python -m sync trigger run linkyDaily --json
    """
    from ..triggers.local import service_of, values_and_secrets  # noqa: PLC0415
    from ..triggers.run.harness import run_function  # noqa: PLC0415
    from ..triggers.run.http import PoliteHttp  # noqa: PLC0415

    settings = load()
    clock = SystemClock()
    values, secrets = values_and_secrets(folder, settings, clock.now())
    with open_store(settings) as database:
        execution = run_function(
            folder,
            name,
            database=database,
            values=values,
            secrets=secrets,
            service=service_of(folder),
            http=PoliteHttp(settings, clock),
        )
    for line in execution.logs:
        click.echo(scrub(line), err=True)
    result = _shown(json.loads(json_util.dumps(execution.result, json_options=json_util.RELAXED_JSON_OPTIONS)))
    error = None if execution.error is None else " ".join(scrub(execution.error).split())
    if as_json:
        calls = [{"method": method, "url": url, "status": status} for method, url, status in execution.calls]
        seconds = round(execution.seconds, 3)
        echo_json(
            {"result": result, "operations": execution.operations, "calls": calls, "seconds": seconds, "error": error}
        )
    elif error is None and result is not None:
        click.echo(json.dumps(result, ensure_ascii=False))
    if error is not None:
        raise FunctionFailed(error if error.startswith(f"{name}: ") else f"{name}: {error}")


def _shown(result: Any) -> Any:
    """A result without whole PRMs and tokens in its texts."""
    if isinstance(result, str):
        return scrub(result)
    if isinstance(result, list):
        return [_shown(each) for each in result]
    if isinstance(result, dict):
        return {scrub(name): _shown(each) for name, each in result.items()}
    return result
