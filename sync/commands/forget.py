"""`forget`: readings deleted on purpose."""

from __future__ import annotations

import sys
from datetime import date

import click

from ..model.clock import SystemClock
from ..model.errors import UsageError
from ..model.words import counted
from ..settings import load
from ..sources import SOURCES, zone_of
from ..store.connection import open_store
from ..store.forget import chosen, forget
from ..store.schema import ensure_pair, pair
from .common import clean_up, day_option, echo_json, json_option


@click.command("forget")
@click.option("--source", type=click.Choice(sorted(SOURCES)), default="linky", show_default=True)
@click.option("--series", "words", required=True, metavar="WORDS", help="Id (or a meter's last digits), flow, group.")
@day_option("--before", "Only the days before this one.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def forget_command(source: str, words: str, before: date | None, yes: bool, as_json: bool) -> None:
    """Delete readings for good, from both collections, with what the ledger knows of them. Asks first.

    Deleted by hand in one collection they would be restored from the other. A backfill may load them again.

    \b
    Examples:
      python -m sync forget --series 0844
      python -m sync forget --series "0844 production" --before 2025-01-01
      python -m sync forget --source elhub --series "NO3 consumption" --yes
    """
    settings, clock = load(), SystemClock()
    if not yes and not sys.stdin.isatty():
        raise UsageError("forgetting cannot be undone and there is no terminal to ask on: add --yes")
    with open_store(settings) as database:
        clean_up(database, settings)
        own = pair(database, source, settings.collections)
        series = chosen(own, words)
        if not series:
            raise UsageError(f"no stored series of {source} is named {words!r}: python -m sync status --all lists them")
        if not yes:
            listed = "\n".join(f"  {each.label}" for each in series)
            days = f"the days before {before}" if before else "all days"
            click.confirm(f"Delete {days} of\n{listed}\nfor good?", abort=True, err=True)
        ensure_pair(own)
        counts = {each.label: forget(own, each, before, zone_of(source), clock) for each in series}
    if as_json:
        echo_json({"forgotten": [{"series": label, "readings": count} for label, count in counts.items()]})
        return
    for label, count in counts.items():
        click.echo(f"{label}: {counted(count, 'reading')} forgotten, none is left in either collection")
