"""The stand-ins of the open sources for `python -m sync standin`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from ..sources import SOURCES
from ..standin.days import Now, clock_set_to
from ..standin.elhub import ElhubStandin
from ..standin.elhub_hours import ZONE, FileHours, GeneratedHours
from ..standin.energidata import EnergidataStandin
from ..standin.energidata_rows import FileRows, GeneratedRows
from ..standin.faults import parse_faults
from ..standin.server import Request, Standin
from ..standin.weather import WeatherStandin
from ..standin.weather_hours import FileWeather, GeneratedWeather

ODD = re.compile(r"[^\w:.,+*/@-]")


def elhub(data: Path | None, now: Now | None, faults: str, port: int, seed: int) -> ElhubStandin:
    """Generated hours, or those of a file with a clock that was set to the second day after its last hour."""
    parsed = parse_faults(faults, ElhubStandin.kinds, ElhubStandin.day_kinds)
    if data is None:
        return ElhubStandin(GeneratedHours(seed), now=now, faults=parsed, port=port, log=log)
    hours = FileHours(data)
    last = datetime.fromtimestamp(hours.last / 1000, UTC).astimezone(ZONE).date()
    return ElhubStandin(hours, now=now or clock_set_to(last + timedelta(days=2)), faults=parsed, port=port, log=log)


def energidata(data: Path | None, now: Now | None, faults: str, port: int, seed: int) -> EnergidataStandin:
    """Generated rows, or the prices of a file with a clock that was set to the day after its last price."""
    parsed = parse_faults(faults, EnergidataStandin.kinds, EnergidataStandin.day_kinds)
    if data is None:
        return EnergidataStandin(GeneratedRows(seed), now=now, faults=parsed, port=port, log=log)
    rows = FileRows(data)
    return EnergidataStandin(rows, now=now or _day_after(rows.last, 1), faults=parsed, port=port, log=log)


def weather(data: Path | None, now: Now | None, faults: str, port: int, seed: int) -> WeatherStandin:
    """Generated weather, or that of a file with a clock that was set to a week after its last hour."""
    parsed = parse_faults(faults, WeatherStandin.kinds, WeatherStandin.day_kinds)
    if data is None:
        return WeatherStandin(GeneratedWeather(seed), now=now, faults=parsed, port=port, log=log)
    hours = FileWeather(data)
    return WeatherStandin(hours, now=now or _day_after(hours.last, 7), faults=parsed, port=port, log=log)


def _day_after(last: int, days: int) -> Now:
    return clock_set_to(datetime.fromtimestamp(last / 1000, UTC).date() + timedelta(days=days))


OPEN_STANDINS: Mapping[str, Callable[[Path | None, Now | None, str, int, int], Standin]] = {
    "elhub": elhub,
    "energidata": energidata,
    "weather": weather,
}
"""Source → stand-in from --data, --today (as a clock), --faults, --port and --seed."""


def open_settings(source: str, standin: Standin, as_json: bool) -> str:
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


def log(request: Request) -> None:
    """A line per request on standard error; letters that a terminal could take for more are replaced."""
    asked = " ".join(f"{name}={text}" for name, text in request.given.items())
    shown = ODD.sub("?", f"{request.path} {asked}".replace(" ", ","))[:200]
    outcome = request.status or "reset"
    line = f"{request.at:%Y-%m-%d %H:%M:%S} UTC #{request.number} {request.method[:8]} {shown} {outcome}"
    click.echo(line, err=True)
