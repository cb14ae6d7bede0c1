"""`run`: everything at once, what `make run` does."""

from __future__ import annotations

import importlib
import sys

import click

from ..model.errors import UsageError
from ..model.readings import is_generated
from ..settings import Settings, load
from ..sources.linky.meter import Meter
from ..standin.household import HOUSEHOLD_PRM
from ..standin.linky import LinkyStandin
from ..store.connection import open_store
from ..store.schema import own_series
from .backfill import run_backfill
from .common import PARTLY, Options, pairs
from .compare import measure, tell


@click.command("run")
def run_command() -> None:
    """Load two years into both collections and compare them: from the gateway with LINKY_TOKEN, else a demonstration.

    \b
    Example:
      python -m sync run
    """
    settings = load()
    if settings.meters:
        click.echo("LINKY_TOKEN is set: loading from the gateway")
        code = run_backfill(settings, "linky", Options())
    elif own := _own_readings(settings):
        click.echo(
            f"LINKY_TOKEN is not set, and readings of {own} are stored: no household is generated beside them. For "
            "newer readings: python -m sync import FILE…, or set LINKY_TOKEN (https://conso.boris.sh)"
        )
        code = 0
    else:
        click.echo(
            "LINKY_TOKEN is not set: this uses a GENERATED household, served over HTTP by the project's own stand-in"
        )
        code = _demonstrate(settings)
    with open_store(settings) as database:
        tell(measure(database, pairs(database, settings, None)), settings)
    if code == PARTLY:
        click.echo("the rest needs more calls than a day allows: run the same command again tomorrow")
    _show(settings)
    raise SystemExit(code)


def _own_readings(settings: Settings) -> str:
    """A series that a real meter has measured; empty without one."""
    with open_store(settings) as database:
        [linky] = pairs(database, settings, "linky")
        measured = [series.label for series in own_series("linky", linky.record) if not is_generated(series)]
    return next(iter(measured), "")


def _show(settings: Settings) -> None:
    """The page, until Ctrl-C, for a person at a terminal; else only how to open it."""
    if not sys.stdout.isatty():
        click.echo("to look at it: python -m dash_app")
        return
    click.echo("the page, until Ctrl-C; later: python -m dash_app")
    try:
        importlib.import_module("dash_app.command").serve(settings)
    except UsageError as error:  # what was asked for is done; the port may be taken
        click.echo(f"the page is not shown: {error}", err=True)


def _demonstrate(settings: Settings) -> int:
    """The same code as for the gateway; only the address, the meter and the pause between calls differ."""
    with LinkyStandin(ban_after=None) as standin:
        meter = Meter(HOUSEHOLD_PRM, standin.token, ("consumption",))
        changes = {
            "linky_api_url": standin.url,
            "meters": (meter,),
            "sync_request_spacing": 0.0,
            "given": settings.given | {"SYNC_REQUEST_SPACING"},
        }
        return run_backfill(settings.model_copy(update=changes), "linky", Options())
