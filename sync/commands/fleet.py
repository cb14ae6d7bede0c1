"""`fleet`: sum many series for the page that compares them."""

from __future__ import annotations

import time
from dataclasses import asdict

import click

from ..fleet.build import Fleet, Report
from ..fleet.names import SOURCES
from ..load.progress import Bar
from ..model.clock import SystemClock
from ..model.words import counted
from ..settings import load
from ..store.connection import open_store
from ..store.schema import exists
from .common import PARTLY, clean_up, echo_json, json_option, pairs


@click.command("fleet")
@click.option("--source", type=click.Choice(SOURCES), default=None, help="Only this source (default: all with meters).")
@click.option("--all", "everything", is_flag=True, help="Sum all months anew, also those in which nothing is new.")
@json_option
def fleet_command(source: str | None, everything: bool, as_json: bool) -> None:
    """Sum many meters by household, day and half-hour, for the Fleet page.

    The server does it month by month from the time-series collection; the readings stay where they are. Stop it
    whenever you like, the same command goes on. Run it again when more was loaded: it sums the months that got new
    readings, or everything where that is a matter of seconds. Among more than five million readings, those that were
    corrected and not added need --all.

    \b
    Examples:
      python -m sync fleet
      python -m sync fleet --source lcl --all
      python -m sync fleet --json
    """
    settings = load()
    found: list[tuple[Report, float]] = []
    with open_store(settings) as database:
        clean_up(database, settings)
        for pair in pairs(database, settings, source):
            if pair.source not in SOURCES or not exists(pair):
                continue
            started, bar = time.monotonic(), Bar("month")
            try:
                report = Fleet(pair, SystemClock()).build(bar, everything)
            finally:
                bar.close()
            found.append((report, time.monotonic() - started))
            if not as_json:
                _tell(*found[-1])
    if as_json:
        echo_json({"sources": [asdict(report) | {"seconds": round(took, 3)} for report, took in found]})
    elif not found:
        click.echo("no readings of meters are stored yet: python -m sync backfill, or import")
    if any(report.lacking for report, _ in found):
        raise SystemExit(PARTLY)


def _tell(report: Report, took: float) -> None:
    what = f"{counted(report.months, 'month')} summed in {took:.1f} s" if report.months else "up to date"
    click.echo(f"{report.source}: {what}; {counted(report.readings, 'reading')} of {report.series:,} series")
    if report.lacking:
        click.echo(
            f"{report.source}: {report.lacking:,} readings of the record are not in the time series: "
            "run python -m sync repair, then python -m sync fleet"
        )
