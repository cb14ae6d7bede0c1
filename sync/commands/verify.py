"""`verify` and `repair`: both collections, document by document."""

from __future__ import annotations

import click

from ..model.clock import SystemClock
from ..settings import load
from ..sources import zone_of
from ..store.connection import open_store
from ..store.schema import Pair, ensure_pair, refuse_mismatch
from ..store.verify import DIFFERENCES, PairReport, keep_verification, repair_pair, verify_pair
from ..store.writer import PairWriter
from .common import clean_up, echo_json, json_option, pairs, source_option

SHOWN_DAYS = 10


@click.command("verify")
@source_option
@json_option
def verify_command(source: str | None, as_json: bool) -> None:
    """Compare every document of both collections in both directions: identical, or which days differ.

    Exits with 0 when identical, else with 1.

    \b
    Examples:
      python -m sync verify
      python -m sync verify --json
    """
    settings = load()
    with open_store(settings) as database:
        found = [
            verify_pair(each, zone_of(each.source))
            for each in pairs(database, settings, source)
            if refuse_mismatch(each)
        ]
        keep_verification(found, SystemClock().now())
        _tell(found, as_json)
    raise SystemExit(0 if all(report.identical for report in found) else 1)


@click.command("repair")
@source_option
@click.option("--rewrite", is_flag=True, help="Write every mirror anew, oldest first, even if it is identical.")
@json_option
def repair_command(source: str | None, rewrite: bool, as_json: bool) -> None:
    """Make the time-series collection match the regular one, which is the record; then compare again.

    \b
    Examples:
      python -m sync repair
      python -m sync repair --rewrite        fewest buckets after loading out of order
    """
    settings = load()
    clock = SystemClock()
    with open_store(settings) as database:
        clean_up(database, settings)
        found = []
        for each in pairs(database, settings, source):
            if refuse_mismatch(each):
                found.append(_repair(each, rewrite, clock))
        keep_verification(found, clock.now())
        _tell(found, as_json)
    raise SystemExit(0 if all(report.identical for report in found) else 1)


def _repair(pair: Pair, rewrite: bool, clock: SystemClock) -> PairReport:
    ensure_pair(pair)
    report = verify_pair(pair, zone_of(pair.source))
    if rewrite:
        writer = PairWriter(pair, clock)
        for each in report.series:
            if each.series:
                writer.rewrite_mirror(each.series)
    else:
        repair_pair(pair, report, clock)
    return verify_pair(pair, zone_of(pair.source))


def _tell(found: list[PairReport], as_json: bool) -> None:
    if as_json:
        identical = all(report.identical for report in found)
        echo_json({"identical": identical, "pairs": [report.as_json() for report in found]})
        return
    if not found:
        click.echo("nothing is stored yet: run python -m sync backfill, or make run")
    for report in found:
        names = f"{report.pair.record.name} and {report.pair.mirror.name}"
        counts = report.as_json()
        if report.identical:
            click.echo(f"{names}: identical, {counts['regular_count']:,} documents each")
            continue
        differing = ", ".join(f"{counts[name]:,} {name}" for name in DIFFERENCES if counts[name])
        click.echo(f"{names}: DIFFERENT ({counts['regular_count']:,} and {counts['timeseries_count']:,}): {differing}")
        for each in report.series:
            if not each.identical:
                days = [day.isoformat() for day in sorted(each.days)]
                more = f" and {len(days) - SHOWN_DAYS} more days" if len(days) > SHOWN_DAYS else ""
                label = each.series.label if each.series else "documents without a series"
                click.echo(f"  {label}: {', '.join(days[:SHOWN_DAYS])}{more}")
        click.echo("  mend it with: python -m sync repair")
