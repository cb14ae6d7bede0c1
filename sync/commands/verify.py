"""`verify` and `repair`: both collections, document by document."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import click

from ..model.clock import SystemClock
from ..settings import load
from ..sources import zone_of
from ..store.connection import open_store
from ..store.schema import Pair, ensure_pair
from ..store.verify import DIFFERENCES, PairReport, keep_verification, repair_pair, verify_pair
from ..store.writer import PairWriter
from .common import echo_json, json_option, source_option, stored_pairs

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
    _compare(source, as_json, lambda pair: verify_pair(pair, zone_of(pair.source)))


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
    _compare(source, as_json, lambda pair: _repair(pair, rewrite, SystemClock()))


def _compare(source: str | None, as_json: bool, report_of: Callable[[Pair], PairReport]) -> NoReturn:
    """A report of each pair, kept and told. Exits with 0 when all are identical, else with 1."""
    settings = load()
    with open_store(settings) as database:
        found = [report_of(pair) for pair in stored_pairs(database, settings, source)]
        keep_verification(found, SystemClock().now())
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
