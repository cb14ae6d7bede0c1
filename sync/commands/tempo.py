"""`tempo`: the colours of Tempo days, for the contracts on the Cost page."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Any

import click
from pymongo.database import Database

from ..http.budget import Budget, is_loopback
from ..http.transport import Transport
from ..load.tempo import Fetched, fetch_colours
from ..model.clock import SystemClock
from ..model.errors import SyncError, UsageError
from ..model.localtime import PARIS
from ..model.window import Window
from ..model.words import counted
from ..settings import Settings, load
from ..sources.tempo import api
from ..store.connection import open_store
from ..store.schema import Document, dated, own_series, pair
from ..tariffs.model import TEMPO
from .common import day_option, echo_json, json_option

DEFAULT_DAYS = 730
LACKING = 3  # exit code: done in part


@click.command("tempo")
@day_option("--since", "First day (default: that of the oldest stored reading of Linky, else two years ago).")
@json_option
def tempo_command(since: date | None, as_json: bool) -> None:
    """Fetch the colours of Tempo days up to today from api-couleur-tempo.fr, one call for each season that lacks one.

    They price the Tempo contracts that name no calendar file of their own. `backfill` does the same at its end where
    TARIFFS has such a contract. A day of which no colour is published has none: it is never guessed.

    \b
    Examples:
      python -m sync tempo
      python -m sync tempo --since 2023-09-01 --json
    """
    settings = load()
    with open_store(settings) as database:
        fetched = _fetch(settings, database, since, lambda text: click.echo(text, err=True))
    if as_json:
        echo_json(_as_json(fetched))
    else:
        click.echo(_told(fetched))
    raise SystemExit(LACKING if fetched.missing else 0)


def fetch_where_wanted(settings: Settings, database: Database[Document], tell: Any) -> None:
    """At the end of a load: where a Tempo contract has no calendar of its own. No failure ends the load."""
    if not any(tariff.kind == TEMPO and tariff.calendar is None for tariff in settings.tariffs):
        return
    try:
        tell(_told(_fetch(settings, database, None, tell)))
    except SyncError as error:
        tell(f"Tempo colours were not fetched: {error}; try again with python -m sync tempo")


def _fetch(settings: Settings, database: Database[Document], since: date | None, tell: Any) -> Fetched:
    clock, base = SystemClock(), settings.tempo_api_url
    today = clock.now().astimezone(PARIS).date()
    first = max(api.FIRST, since or _first_day(settings, database) or today - timedelta(days=DEFAULT_DAYS))
    if first > today:
        raise UsageError(f"--since {first} lies after today, {today}: no colour is final before its day")
    own = is_loopback(base)
    budget = Budget(base, None if own else api.CALLS_PER_DAY, 0.0 if own else api.SPACING, clock)
    transport = Transport(budget, clock, settings.sync_contact, tell=tell)
    return fetch_colours(database, base, Window(first, today + timedelta(days=1)), transport, clock)


def _first_day(settings: Settings, database: Database[Document]) -> date | None:
    """The Tempo day in which the oldest reading of Linky may lie: the hours before 06:00 are of the day before."""
    record = pair(database, "linky", settings.collections).record
    found = [
        each["ts"].replace(tzinfo=UTC).astimezone(PARIS).date()
        for series in own_series("linky", record)
        for each in record.find(dated(series.query()), {"ts": 1}).sort("ts", 1).limit(1)
    ]
    return min(found) - timedelta(days=1) if found else None


def _told(fetched: Fetched) -> str:
    """`Tempo colours: 731 new; 2023-03-12 to 2025-03-12: 600 blue, 87 white, 44 red; 3 calls`."""
    last = fetched.window.end - timedelta(days=1)
    counts = ", ".join(f"{count} {colour}" for colour, count in fetched.counts.items())
    text = f"Tempo colours: {fetched.new} new; {fetched.window.start} to {last}: {counts}"
    if fetched.corrected:
        text += f"; corrected: {', '.join(map(str, fetched.corrected))}"
    if fetched.missing:
        text += f"; without a colour: {counted(len(fetched.missing), 'day')}, the first {fetched.missing[0]}"
    return f"{text}; {counted(fetched.calls, 'call')}"


def _as_json(fetched: Fetched) -> dict[str, Any]:
    return {
        "first": str(fetched.window.start),
        "last": str(fetched.window.end - timedelta(days=1)),
        "new": fetched.new,
        "corrected": [str(day) for day in fetched.corrected],
        "missing": [str(day) for day in fetched.missing],
        "calls": fetched.calls,
        **fetched.counts,
    }
