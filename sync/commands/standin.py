"""`python -m sync standin SOURCE`: a local server that answers like an API."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from importlib import import_module
from pathlib import Path

import click

from ..model.errors import UsageError
from ..model.signals import kept
from ..sources import SOURCES
from ..standin.curve import Meter, household_meters
from ..standin.faults import kinds_text, parse_faults
from ..standin.linky import BAN_AFTER, LinkyStandin
from ..standin.r63 import read_r63
from ..standin.server import OpenStandin, Options, Request, Standin, clock_set_to

TEMPO = "tempo"  # a calendar, and no entry of SOURCES
DAY = click.DateTime(formats=["%Y-%m-%d"])

EPILOG = f"""
\b
{kinds_text()}

\b
Examples:
  python -m sync standin linky
  python -m sync standin linky --port 8065 --today 2025-03-13 --seed 7
  python -m sync standin linky --data r63.csv.gz --ban-after 0
  python -m sync standin linky --faults "429@5,500@7-9,late@2024-06-01..2024-06-03:2"
  python -m sync standin elhub

\b
The stand-ins of open sources take --port, --data, --faults, --today and --seed; a fault that does not exist
makes them tell the ones they have.
"""


@click.command(epilog=EPILOG)
@click.argument("source")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="P", help="Port on 127.0.0.1 (0: a free one)."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Serve an Enedis R63 export, or the bulk file of an open source; .csv or .gz.",
)
@click.option("--faults", default="", metavar="KIND@WHICH,…", help="What shall go wrong: see below.")
@click.option("--meters", type=click.IntRange(1, 1000), default=1, metavar="N", help="How many generated meters (1).")
@click.option(
    "--seed", type=click.IntRange(0, 2**31), default=0, metavar="N", help="Another number, another household."
)
@click.option(
    "--today", type=DAY, metavar="D", help="The day it is for the stand-in; its newest points are a day older."
)
@click.option("--activation", type=DAY, metavar="D", help="Refuse what begins before this day, the meter's activation.")
@click.option(
    "--ban-after",
    type=click.IntRange(min=0),
    default=BAN_AFTER,
    metavar="N",
    help="Requests in a UTC day that bring no ban yet (100, as the gateway); 0 is no ban at all.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the lines for a shell.")
def standin(
    *,
    source: str,
    port: int,
    data: Path | None,
    faults: str,
    meters: int,
    seed: int,
    today: datetime | None,
    activation: datetime | None,
    ban_after: int,
    as_json: bool,
) -> None:
    """Serve SOURCE (linky, or an open source) on this machine, as the real API would answer.

    Without --data the meter is that of a generated household: nothing of it was measured. The server prints the
    settings that point the other commands to it, then one line per request on standard error, until Ctrl-C.
    `curl http://127.0.0.1:PORT/` tells what it serves.
    """
    kind = _standin_of(source)
    if kind is not LinkyStandin and (meters > 1 or activation):
        raise UsageError("--meters and --activation are for the stand-in of linky")
    options = Options(
        now=clock_set_to(today.date()) if today else None,
        faults=parse_faults(faults, kind.kinds, kind.day_kinds),
        port=port,
        log=_log,
    )
    served: Standin
    if issubclass(kind, OpenStandin):
        served = kind.of(data, seed, **options)
    else:
        since = activation.date() if activation else None
        homes = _meters(data, meters, seed)
        served = LinkyStandin(meters=homes, activation=since, ban_after=ban_after or None, **options)
    with kept() as signals, served:
        told = _settings(served) if isinstance(served, LinkyStandin) else _open_settings(source, served)
        click.echo(json.dumps(told[0]) if as_json else "\n".join(told[1]))
        sys.stdout.flush()
        signals.get()


def served_sources() -> list[str]:
    """Names of the sources that have a stand-in."""
    return [entry.name for entry in SOURCES.values() if entry.standin] + [TEMPO]


def _standin_of(source: str) -> type[Standin]:
    """The class in the stand-in's module that is named after the source."""
    if source not in served_sources():
        raise UsageError(f"there is no stand-in for '{source}'; known: {', '.join(served_sources())}")
    module = "sync.standin.tempo" if source == TEMPO else SOURCES[source].standin
    found: type[Standin] = getattr(import_module(module), f"{source.capitalize()}Standin")
    return found


def _meters(data: Path | None, count: int, seed: int) -> dict[str, Meter]:
    if data is None:
        return household_meters(count, seed)
    if count > 1 or seed:
        raise UsageError("--data serves the one meter of the file: leave out --meters and --seed")
    return read_r63(data)


def _settings(served: LinkyStandin) -> tuple[dict[str, str], list[str]]:
    """What points the other commands to it: for machines, and as lines for a shell."""
    prm = next(iter(served.meters))
    first, today = str(served.first), str(served.today)
    answer = {"url": served.url, "token": served.token, "prm": prm, "today": today, "first": first}
    return answer, [
        f"# Linky stand-in, {_served(served)}; it is {today} here. Paste into another terminal:",
        f"export LINKY_API_URL={served.url}",
        f"export LINKY_TOKEN={served.token}",
        f"export LINKY_PRM={prm}",
        f"python -m sync backfill --since {first} --until {today}",
    ]


def _open_settings(source: str, served: Standin) -> tuple[dict[str, str], list[str]]:
    today = f"{served.now():%Y-%m-%d}"
    setting, command = "TEMPO_API_URL", "tempo"
    if source != TEMPO:
        setting, command = SOURCES[source].setting, f"backfill --source {source}"
    return {"url": served.url, "today": today}, [
        f"# {source} stand-in, nothing here comes from the real one; it is {today} here:",
        f"export {setting}={served.url}",
        f"python -m sync {command}",
    ]


def _served(served: LinkyStandin) -> str:
    if any(meter.last_day for meter in served.meters.values()):
        return "readings from a file"
    homes = len(served.meters)
    return "a generated household" if homes == 1 else f"{homes} generated households (the token opens all)"


def _log(request: Request) -> None:
    """A line per request on standard error."""
    outcome = request.status or "reset"
    line = f"{request.at:%Y-%m-%d %H:%M:%S} UTC #{request.number} {request.method[:8]} {request.shown} {outcome}"
    click.echo(line, err=True)
