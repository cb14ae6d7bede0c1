"""`export`: the stored readings into files, tables and topics."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import date
from zoneinfo import ZoneInfo

import click

from ..export.follow import Follower
from ..export.read import Choice
from ..export.run import Report, export
from ..export.steps import STEPS
from ..export.targets import Target, target_of
from ..load.progress import Bar
from ..model.clock import SystemClock
from ..model.errors import UsageError
from ..model.localtime import midnight
from ..model.readings import Series
from ..model.words import counted
from ..settings import Settings, load
from ..sources import SOURCES, zone_of
from ..store.connection import open_store
from ..store.forget import chosen
from ..store.schema import Pair, exists, own_series, pair
from .common import PARTLY, day_option, echo_json, json_option, nothing_stored


@click.command("export")
@click.option("--source", type=click.Choice(sorted(SOURCES)), default="linky", show_default=True)
@click.option(
    "--series", "words", default="", metavar="WORDS", help="Only these: id (or its last digits), flow, group."
)
@day_option("--since", "First day (default: all there is).")
@day_option("--until", "Day after the last one (default: all there is).")
@click.option("--step", type=click.Choice(STEPS), default=STEPS[0], show_default=True, help="Added up by local time.")
@click.option("--zone", default="", metavar="NAME", help="Of local times and steps (default: the source's own).")
@click.option("--to", "address", required=True, metavar="TARGET", help="A file or an address, see below.")
@click.option("--follow", is_flag=True, help="Go on with what comes in or is corrected, until Ctrl-C.")
@json_option
def export_command(
    source: str,
    words: str,
    since: date | None,
    until: date | None,
    step: str,
    zone: str,
    address: str,
    follow: bool,
    as_json: bool,
) -> None:
    """Write the stored readings to a file, a table or a topic, then count and sum them there.

    TARGET: FILE.csv, .csv.gz, .jsonl, .parquet, .xlsx or .lp (InfluxDB), postgresql://USER@HOST/DATABASE,
    kafka://HOST:PORT/TOPIC. The columns are the same everywhere, see docs/export.md. Safe to repeat; a file gets its
    name when it is whole and proven. CSV, JSON lines and Parquet come back with import.

    \b
    Examples:
      python -m sync export --to readings.csv
      python -m sync export --step day --since 2026-01-01 --to days.csv.gz
      python -m sync export --series consumption --to backup.jsonl --json
    """
    settings, entry = load(), target_of(address)
    if follow and (not entry.is_keyed or step != STEPS[0]):
        raise UsageError(
            "--follow is for readings into a table or a topic: a file is written as a whole, a step changes"
        )
    own_zone = zone_named(zone) if zone else zone_of(source)
    target = entry.connect(address)
    with open_store(settings) as database:
        own = pair(database, source, settings.collections)
        choice = Choice(own, series_named(own, words, settings), SOURCES[source].fields, own_zone, step=step)
        choice.first, choice.end = (midnight(day, own_zone) if day else None for day in (since, until))
        follower = Follower(choice, target, words, SystemClock(), said) if follow else None
        code = _export(choice, target, as_json) if not follower or follower.begin() else 0
        if follower:
            follower.run()
    raise SystemExit(code)


def said(text: str) -> None:
    """A line of progress."""
    click.echo(f"{SystemClock().now():%Y-%m-%d %H:%M:%S} UTC {text}", err=True)


def _export(choice: Choice, target: Target, as_json: bool) -> int:
    """The whole of it; returns the exit code."""
    started = time.monotonic()
    with closing(Bar(" readings")) as bar:
        bar.start(choice.pair.record.estimated_document_count(), 0)
        report = export(choice, target, bar)
    tell(report, choice, time.monotonic() - started, as_json)
    return PARTLY if report.left_out else 0


def zone_named(name: str) -> ZoneInfo:
    """Raises UsageError for a zone that nobody knows."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise UsageError(f"there is no zone {name[:40]!r}: Europe/Paris is one, and UTC") from None


def series_named(own: Pair, words: str, settings: Settings) -> list[Series]:
    """The stored series that words name, all without words. Raises UsageError where there is none."""
    if not exists(own) or not (known := own_series(own.source, own.record)):
        raise UsageError(nothing_stored(settings, own.source))
    found = chosen(own, words) if words else known
    if not found:
        raise UsageError(f"no stored series of {own.source} is named {words!r}: python -m sync status lists them")
    return found


def tell(report: Report, choice: Choice, took: float, as_json: bool) -> None:
    """What is there now."""
    if report.left_out:
        click.echo(
            f"left out: {counted(report.left_out, 'document')} of {choice.pair.record.name} that are not of the form "
            f"of {choice.pair.source}, one of them has the _id {report.example}",
            err=True,
        )
    if as_json:
        echo_json(report.as_json() | {"seconds": round(took, 3)})
        return
    what = counted(report.sums.readings, "reading" if choice.step == STEPS[0] else choice.step)
    energy = report.sums.columns.get("wh", (0, 0))
    sums = f", {energy[1] / 1000:,.3f} kWh" if energy[0] else ""
    click.echo(f"{report.target}: {what} of {report.series:,} series{sums}, counted and summed there, {took:.1f} s")
