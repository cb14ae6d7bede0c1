"""`trigger`: the Atlas functions of `atlas_functions/`, listed, run here, checked, deployed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from bson import json_util

from ..model.clock import SystemClock
from ..model.errors import SyncError
from ..model.localtime import PARIS
from ..model.privacy import scrub
from ..settings import load
from ..store.connection import open_store
from ..triggers.tree import DEFAULT_FOLDER
from .common import clean_up, echo_json, json_option
from .install import install_command
from .probe import probe_command

if TYPE_CHECKING:
    from ..triggers.deploy.deploy import Change, Plan
    from ..triggers.run.harness import Execution

NEXT_TIMES = 2
TOLD_ANYWAY = ("secret", "data source", "app")
"""Kinds told even where nothing is to be done: what cannot be compared, where the readings go, what is left empty."""
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
Command = TypeVar("Command", bound=Callable[..., Any])


def folder_option(command: Command) -> Command:
    """`--folder` for another tree than the project's own."""
    kind = click.Path(exists=True, file_okay=False, path_type=Path)
    text = "The tree that a push reads (default: atlas_functions of this project)."
    return click.option("--folder", type=kind, default=DEFAULT_FOLDER, show_default=False, help=text)(command)


@click.group("trigger")
def trigger() -> None:
    """The Atlas functions: list them with their schedules, run one here, check the tree, deploy it, probe the platform.

    \b
    Examples:
      python -m sync trigger list
      python -m sync trigger check
    """


trigger.add_command(probe_command)
trigger.add_command(install_command)


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
    from ..triggers.check.tree import read_tree  # noqa: PLC0415 - pydantic is for whoever looks at the tree

    tree, now = read_tree(folder), SystemClock().now()
    functions = sorted(tree.functions)
    triggers = [trigger.described(now, NEXT_TIMES) for trigger in tree.triggers.values()]
    if as_json:
        echo_json({"functions": functions, "triggers": triggers})
        return
    click.echo(f"functions: {', '.join(functions) or 'none'}")
    for trigger in triggers:
        off = " (disabled)" if trigger["disabled"] else ""
        click.echo(f"{trigger['name']}{off}: runs {trigger['function']} {trigger['words']} ({trigger['schedule']})")
        for moment in trigger["next"]:
            utc = datetime.fromisoformat(moment["utc"])
            click.echo(f"  next: {utc:%a %Y-%m-%d %H:%M} UTC = {utc.astimezone(PARIS):%H:%M} in Paris")


@trigger.command("check")
@folder_option
@json_option
def check_command(folder: Path, as_json: bool) -> None:
    """Refuse what a push would refuse: syntax and configuration.

    What it may refuse, drop, or take and then fail on every morning is told as a doubt, and is no error.

    \b
    Examples:
      python -m sync trigger check
      python -m sync trigger check --json
    """
    from ..triggers.check.tree import problems_of  # noqa: PLC0415

    problems = problems_of(folder)
    if as_json:
        echo_json({"problems": [asdict(problem) for problem in problems]})
    else:
        for problem in problems:
            click.echo(f"{folder.name}/{problem}")
    wrong = len([problem for problem in problems if not problem.in_doubt])
    if wrong:
        raise SyncError(f"{wrong} problem{'s' * (wrong > 1)} in {folder.name}")
    if not as_json:
        click.echo(f"{folder.name}: nothing that Atlas would refuse")


@trigger.command("run")
@click.argument("name")
@folder_option
@click.option("--as-reported", type=FILE, default=None, help="Behave as this report of `trigger probe` says.")
@json_option
def run_command(name: str, folder: Path, as_reported: Path | None, as_json: bool) -> None:
    """Run a function once, here: the same file, against the configured MongoDB and API, as Atlas would.

    With cron or a systemd timer this is the daily job of whoever has no Atlas. Its calls count in the same budget as
    those of the backfill. Log lines go to standard error, the result to standard output.

    \b
    Examples:
      python -m sync trigger run linkyDaily
      python -m sync trigger run linkyDaily --json
      python -m sync trigger run linkyDaily --as-reported linky-probe.json
    """
    from ..triggers.run.harness import run_function  # noqa: PLC0415
    from ..triggers.run.http import PoliteHttp  # noqa: PLC0415
    from ..triggers.values import refuse_without_token, service_of, values_and_secrets  # noqa: PLC0415

    settings = load()
    reported = _as_reported(as_reported)
    refuse_without_token(folder, name, settings)
    clock = SystemClock()
    values, secrets = values_and_secrets(folder, settings, clock.now())
    with open_store(settings) as database:
        clean_up(database, settings)
        execution = run_function(
            folder,
            name,
            database=database,
            values=values,
            secrets=secrets,
            service=service_of(folder),
            http=PoliteHttp(settings, clock),
            reported=reported,
        )
    _tell_execution(name, execution, as_json)


@trigger.command("bundle")
@click.argument("names", nargs=-1, metavar="[NAME]…")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the files.")
@folder_option
@json_option
def bundle_command(names: tuple[str, ...], out: Path, folder: Path, as_json: bool) -> None:
    """Write one self-contained file a function, for pasting into the web console: by default those that triggers run.

    \b
    Examples:
      python -m sync trigger bundle --out bundles
      python -m sync trigger bundle linkyDaily watchFreshness --out bundles
    """
    from ..triggers.bundle import bundles  # noqa: PLC0415

    texts = bundles(folder, names)
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (out / f"{name}.js").write_text(text, encoding="utf-8")
    if as_json:
        echo_json({"files": [{"name": f"{name}.js", "bytes": len(text.encode())} for name, text in texts.items()]})
        return
    for name, text in texts.items():
        click.echo(f"{out / name}.js  ({len(text.encode()) / 1000:.0f} kB)")


@trigger.command("deploy")
@folder_option
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing.")
@click.option("--tree", "as_tree", is_flag=True, help="Every function by itself, in the place of one file a trigger.")
@click.option("--replace", is_flag=True, help="Overwrite what has our names and seems somebody else's.")
@click.option("--secrets", "again", is_flag=True, help="Set secrets that are there already, too: they cannot be read.")
@json_option
def deploy_command(folder: Path, dry_run: bool, as_tree: bool, replace: bool, again: bool, as_json: bool) -> None:
    """Bring functions, triggers and the secret into an Atlas project; run it as often as you like.

    One function a trigger (see bundle), and Values only where they differ from what the functions take anyway. What is
    missing is created, what differs is updated, what an earlier deployment left is removed; everything else in the
    project's triggers app is left alone. Functions of the same names with quite another source are not overwritten
    without --replace. Meters and tokens come from the settings of this project.

    \b
    Needed in the environment or .env: ATLAS_PUBLIC_KEY, ATLAS_PRIVATE_KEY (an API key with the role Project Owner),
    ATLAS_PROJECT_ID, and ATLAS_CLUSTER where the project has several clusters.

    \b
    Examples:
      python -m sync trigger deploy --dry-run
      python -m sync trigger deploy
      python -m sync trigger deploy --secrets     after LINKY_TOKEN was renewed
    """
    from ..triggers.bundle import bundles  # noqa: PLC0415
    from ..triggers.check.tree import read_tree  # noqa: PLC0415
    from ..triggers.deploy.account import atlas_account  # noqa: PLC0415
    from ..triggers.deploy.admin_api import AdminApi  # noqa: PLC0415
    from ..triggers.deploy.deploy import plan, token_secret  # noqa: PLC0415
    from ..triggers.values import given_by  # noqa: PLC0415

    settings = load()
    account = atlas_account()
    tree = read_tree(folder)
    given = given_by(settings, token_secret(tree), SystemClock().now())
    for warning in given.warnings:
        click.echo(warning, err=True)
    bundled = None if as_tree else bundles(folder)
    with AdminApi(account) as api:
        planned = plan(api, account, tree, given, bundled=bundled, again=again, replace=replace)
        _carry_out(planned, dry_run=dry_run, as_json=as_json)


@trigger.command("undeploy")
@folder_option
@click.option("--dry-run", is_flag=True, help="Print what would be removed and change nothing.")
@json_option
def undeploy_command(folder: Path, dry_run: bool, as_json: bool) -> None:
    """Remove from an Atlas project what `trigger deploy` made there, and nothing else. Readings stay where they are.

    \b
    Examples:
      python -m sync trigger undeploy --dry-run
      python -m sync trigger undeploy
    """
    from ..triggers.check.tree import read_tree  # noqa: PLC0415
    from ..triggers.deploy.account import atlas_account  # noqa: PLC0415
    from ..triggers.deploy.admin_api import AdminApi  # noqa: PLC0415
    from ..triggers.deploy.undeploy import undeploy_plan  # noqa: PLC0415

    account = atlas_account()
    with AdminApi(account) as api:
        _carry_out(undeploy_plan(api, account, read_tree(folder)), dry_run=dry_run, as_json=as_json)


def _carry_out(planned: Plan, *, dry_run: bool, as_json: bool) -> None:
    """Show the plan whole, then make its changes."""
    if not as_json:
        click.echo(f"triggers app {planned.app.label}:")
        for change in planned.changes:
            if change.perform or change.kind in TOLD_ANYWAY or change.detail.startswith("needed by"):
                _tell(change)
        if planned.needed and not dry_run:
            click.echo("making these changes:")
    made = None if dry_run else _made(planned, quiet=as_json)
    if as_json:
        echo_json(planned.as_json(made))
    else:
        click.echo(_summary(planned, made))


def _tell_execution(name: str, execution: Execution, as_json: bool) -> None:
    """The log on standard error, the result on standard output. Raises SyncError for a function that threw."""
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
        raise SyncError(error if error.startswith(f"{name}: ") else f"{name}: {error}")


def _as_reported(path: Path | None) -> dict[str, str]:
    """What of a report the harness plays; what it cannot play is said."""
    from ..triggers.facts import reported  # noqa: PLC0415

    played, others = reported(path) if path else ({}, [])
    if others:
        click.echo(f"not played here: {'; '.join(others)}", err=True)
    return played


def _made(planned: Plan, *, quiet: bool) -> list[Change]:
    """Make the changes; each is told as soon as it is made."""
    made = []
    for change in planned.apply():
        made.append(change)
        if not quiet:
            _tell(change)
    return made


def _tell(change: Change) -> None:
    detail = f"  ({change.detail})" if change.detail else ""
    click.echo(f"  {change.action:<6} {change.kind:<11} {change.name}{detail}")


def _summary(planned: Plan, made: list[Change] | None) -> str:
    needed, kept = len(planned.needed), len(planned.changes) - len(planned.needed)
    if made is None:
        return f"{needed} to change, {kept} as they should be; nothing was changed (--dry-run)"
    return f"{len(made)} changed, {kept} were as they should be"


def _shown(result: Any) -> Any:
    """A result without whole PRMs and tokens in its texts."""
    if isinstance(result, str):
        return scrub(result)
    if isinstance(result, list):
        return [_shown(part) for part in result]
    if isinstance(result, dict):
        return {scrub(name): _shown(part) for name, part in result.items()}
    return result
