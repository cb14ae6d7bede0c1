"""`trigger deploy`: the tree into the Atlas project, by the App Services Admin API."""

from __future__ import annotations

from pathlib import Path

import click

from ..model.clock import SystemClock
from ..model.errors import UsageError
from ..settings import load
from ..triggers.check.check import problems_of
from ..triggers.check.tree import read_tree
from ..triggers.deploy.account import atlas_account
from ..triggers.deploy.admin_api import AdminApi
from ..triggers.deploy.changes import Change
from ..triggers.deploy.deploy import Plan, plan, token_secret
from ..triggers.values import given_by
from .common import echo_json, json_option
from .trigger import folder_option

TOLD_ANYWAY = ("secret", "data source")
"""Kinds that are told even where nothing is to be done: what cannot be compared, and where the readings go."""


@click.command("deploy")
@folder_option
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing.")
@click.option("--replace", is_flag=True, help="Overwrite what has the names of the tree and seems somebody else's.")
@click.option("--secrets", "again", is_flag=True, help="Set secrets that are there already, too: they cannot be read.")
@json_option
def deploy_command(folder: Path, dry_run: bool, replace: bool, again: bool, as_json: bool) -> None:
    """Bring the functions, triggers, Values and secrets of the tree into an Atlas project; run it as often as you like.

    What is missing is created, what differs is updated, everything else in the project's triggers app is left alone,
    and nothing is ever deleted. Functions of the same names with quite another source are not overwritten without
    --replace. Meters and tokens come from the settings of this project.

    \b
    Needed in the environment or .env: ATLAS_PUBLIC_KEY, ATLAS_PRIVATE_KEY (an API key with the role Project Owner),
    ATLAS_PROJECT_ID. ATLAS_CLUSTER names the cluster where the app has no link to one, or several.

    \b
    Examples:
      python -m sync trigger deploy --dry-run
      python -m sync trigger deploy
      python -m sync trigger deploy --secrets     after LINKY_TOKEN was renewed
    """
    settings = load()
    account = atlas_account()
    _checked(folder)
    tree = read_tree(folder)
    given = given_by(settings, token_secret(tree), SystemClock().now())
    for warning in given.warnings:
        click.echo(warning, err=True)
    with AdminApi(account) as api:
        planned = plan(api, account, tree, given, again=again, replace=replace)
        if not as_json:
            click.echo(f"triggers app {planned.app.label}:")
            for change in planned.changes if dry_run else planned.kept:
                if change.perform or change.kind in TOLD_ANYWAY:
                    _tell(change)
        made = None if dry_run else _made(planned, quiet=as_json)
    if as_json:
        echo_json(planned.as_json(made))
    else:
        click.echo(_summary(planned, made))


def _checked(folder: Path) -> None:
    """Raises UsageError with every problem of the tree: what fails each morning is not deployed."""
    if problems := problems_of(folder):
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise UsageError(f"{folder.name} is not deployed, as Atlas would refuse it or fail on it:\n{listed}")


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
