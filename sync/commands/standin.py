"""`python -m sync standin SOURCE`: a local server that answers like an API."""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime
from importlib import import_module
from pathlib import Path

import click

from ..model.errors import UsageError
from ..model.readings import mask
from ..model.signals import kept
from ..sources import SOURCES
from ..standin.curve import Meter, household_meters
from ..standin.days import clock_set_to
from ..standin.faults import kinds_text, parse_faults
from ..standin.linky import BAN_AFTER, LinkyRequest, LinkyStandin
from ..standin.r63 import read_r63
from ..standin.server import Request, Standin

DAY = click.DateTime(formats=["%Y-%m-%d"])
ODD = re.compile(r"[^\w:.,+*/@-]")
DATE_TEXT = re.compile(r"\d{4}-\d\d-\d\d")

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
    now = clock_set_to(today.date()) if today else None
    if source not in served_sources():
        raise UsageError(f"there is no stand-in for '{source}'; known: {', '.join(served_sources())}")
    if source != "linky":
        if meters > 1 or activation:
            raise UsageError("--meters and --activation are for the stand-in of linky")
        serve = import_module(SOURCES[source].standin).serve
        with kept() as signals, serve(data, seed, now, faults, port=port, log=_log_open) as open_source:
            click.echo(_open_settings(source, open_source, as_json))
            sys.stdout.flush()
            signals.get()
        return
    served = LinkyStandin(
        meters=_meters(data, meters, seed),
        now=now,
        faults=parse_faults(faults),
        port=port,
        activation=activation.date() if activation else None,
        ban_after=ban_after or None,
        log=_log,
    )
    with kept() as signals, served:
        click.echo(_settings(served, as_json))
        sys.stdout.flush()
        signals.get()


def served_sources() -> list[str]:
    """Names of the sources that have a stand-in."""
    return [entry.name for entry in SOURCES.values() if entry.standin]


def _meters(data: Path | None, count: int, seed: int) -> dict[str, Meter]:
    if data is None:
        return household_meters(count, seed)
    if count > 1 or seed:
        raise UsageError("--data serves the one meter of the file: leave out --meters and --seed")
    return read_r63(data)


def _settings(served: LinkyStandin, as_json: bool) -> str:
    prm = next(iter(served.meters))
    first, today = served.first, served.today
    if as_json:
        answer = {"url": served.url, "token": served.token, "prm": prm, "today": str(today), "first": str(first)}
        return json.dumps(answer)
    lines = [
        f"# Linky stand-in, {_served(served)}; it is {today} here. Paste into another terminal:",
        f"export LINKY_API_URL={served.url}",
        f"export LINKY_TOKEN={served.token}",
        f"export LINKY_PRM={prm}",
        f"python -m sync backfill --since {first} --until {today}",
    ]
    return "\n".join(lines)


def _served(served: LinkyStandin) -> str:
    if any(meter.last_day for meter in served.meters.values()):
        return "readings from a file"
    homes = len(served.meters)
    return "a generated household" if homes == 1 else f"{homes} generated households (the token opens all)"


def _log(record: LinkyRequest) -> None:
    start, end = (_shown_date(text) for text in (record.start, record.end))
    prm = mask(record.prm) if record.prm else "-"
    outcome = record.status or "reset"
    route = re.sub(r"[^\w-]", "?", record.route)[:40]
    click.echo(
        f"{record.at:%Y-%m-%d %H:%M:%S} UTC #{record.number} {record.method} {route} {prm} {start}..{end} {outcome}",
        err=True,
    )


def _shown_date(text: str | None) -> str:
    return text if text and DATE_TEXT.fullmatch(text) else "?"


def _open_settings(source: str, standin: Standin, as_json: bool) -> str:
    """What points the other commands to a stand-in."""
    if as_json:
        return json.dumps({"url": standin.url, "today": f"{standin.now():%Y-%m-%d}"})
    return "\n".join(
        [
            f"# {source} stand-in, nothing here comes from the real one; it is {standin.now():%Y-%m-%d} here:",
            f"export {SOURCES[source].setting}={standin.url}",
            f"python -m sync backfill --source {source}",
        ]
    )


def _log_open(request: Request) -> None:
    """A line per request on standard error; letters that a terminal could take for more are replaced."""
    asked = " ".join(f"{name}={text}" for name, text in request.given.items())
    shown = ODD.sub("?", f"{request.path} {asked}".replace(" ", ","))[:200]
    outcome = request.status or "reset"
    line = f"{request.at:%Y-%m-%d %H:%M:%S} UTC #{request.number} {request.method[:8]} {shown} {outcome}"
    click.echo(line, err=True)
