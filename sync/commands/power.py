"""`power`: each day's greatest power, for the question whether the subscribed one is right."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from pathlib import Path

import click

from ..http.transport import Transport
from ..load.calls import budget_of
from ..load.power import FetchedPowers, Gateway, fetch_powers
from ..model.clock import SystemClock
from ..model.errors import FatalSourceError, FileRefused, HistoryFloor, UsageError
from ..model.localtime import PARIS
from ..model.readings import Series
from ..model.words import counted
from ..settings import Settings, load
from ..sources import SOURCES
from ..sources.linky.meter import Meter
from ..sources.linky.power import FLOW, read_power_file
from ..store.connection import open_store
from ..store.ledger import Ledger
from ..store.schema import dated, pair
from .common import day_option, echo_json, json_option

DEFAULT_DAYS = 730
IN_PART = 3  # exit code


@click.command("power")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]…")
@day_option("--since", "First day (default: that of the meter's oldest stored reading, else two years ago).")
@json_option
def power_command(files: tuple[Path, ...], since: date | None, as_json: bool) -> None:
    """Store each day's greatest power (Enedis: puissance maximale quotidienne), of FILEs or of the gateway.

    Without files the gateway is asked: one call for each year that is not stored yet, out of the same budget of calls
    as `backfill`, which does not ask for them. Files: « Puissance maximale quotidienne » of Enedis (CSV), or an answer
    of the gateway (JSON).

    \b
    Examples:
      python -m sync power
      python -m sync power Enedis_Conso_Pmax.csv
      python -m sync power --since 2025-01-01 --json
    """
    settings = load()
    with open_store(settings) as database:
        ledger = Ledger(database)
        if files:
            results = [_of_file(path, ledger) for path in files]
        else:
            firsts = {meter.prm: _first_day(settings, database, meter) for meter in settings.meters}
            results = _of_gateway(settings, ledger, since, firsts)
    if as_json:
        echo_json({"series": [_as_json(each) for each in results]})
    else:
        for each in results:
            click.echo(_told(each))
    raise SystemExit(IN_PART if any(each.rejects for each in results) else 0)


def _of_file(path: Path, ledger: Ledger) -> FetchedPowers:
    prm, found = read_power_file(path)
    if not found.va:
        raise FileRefused(f"{path.name} has no value for any day: nothing was stored of it")
    fetched = FetchedPowers(Series("linky", prm, FLOW))
    before = ledger.powers(fetched.series)
    ledger.keep_powers(fetched.series, found.va, "file", SystemClock().now())
    fetched.new, fetched.days = len(found.va.keys() - before.keys()), len(found.va.keys() | before.keys())
    fetched.rejects = tuple(f"{path.name}, {reject}" for reject in found.rejects)
    return fetched


def _of_gateway(
    settings: Settings, ledger: Ledger, since: date | None, firsts: dict[str, date | None]
) -> list[FetchedPowers]:
    clock, source = SystemClock(), SOURCES["linky"].connect(settings)
    for line in source.refuse_unusable(clock.now()):
        click.echo(f"warning: {line}", err=True)
    today = clock.now().astimezone(PARIS).date()
    transport = Transport(
        budget_of(source, settings, clock), clock, settings.sync_contact, tell=lambda text: click.echo(text, err=True)
    )
    meters = [meter for meter in settings.meters if FLOW in meter.flows]
    if not meters:
        raise UsageError("no meter of the settings consumes (LINKY_FLOWS): only consumption has a subscribed power")
    found = []
    for meter in meters:
        first = since or firsts[meter.prm] or today - timedelta(days=DEFAULT_DAYS)
        try:
            found.append(fetch_powers(ledger, meter, (first, today), Gateway(source.base, transport, clock)))
        except HistoryFloor as floor:
            raise FatalSourceError(f"{floor}: nothing is served from {first} on, give a later --since") from None
    return found


def _first_day(settings: Settings, database: object, meter: Meter) -> date | None:
    """The local day of its oldest stored reading."""
    series = Series("linky", meter.prm, FLOW)
    record = pair(database, "linky", settings.collections).record  # type: ignore[arg-type]
    found = next(record.find(dated(series.query()), {"ts": 1}).sort("ts", 1).limit(1), None)
    return found["ts"].replace(tzinfo=UTC).astimezone(PARIS).date() if found else None


def _told(fetched: FetchedPowers) -> str:
    text = f"{fetched.series.label}: greatest power of {counted(fetched.days, 'day')}, {fetched.new} new"
    if fetched.calls:
        text += f", {counted(fetched.calls, 'call')}"
    return text + (f"; refused: {'; '.join(fetched.rejects[:3])}" if fetched.rejects else "")


def _as_json(fetched: FetchedPowers) -> dict[str, object]:
    return {
        "series": fetched.series.label,
        "days": fetched.days,
        "new": fetched.new,
        "calls": fetched.calls,
        "rejects": list(fetched.rejects),
    }
