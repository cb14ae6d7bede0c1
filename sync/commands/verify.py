"""`verify` and `repair`: both collections, document by document."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import click

from ..model.clock import SystemClock
from ..model.words import counted
from ..settings import Settings, load
from ..sources import zone_of
from ..store.claims import broken
from ..store.connection import open_store
from ..store.forget import finish_forgetting
from ..store.ledger import Ledger
from ..store.schema import Pair, ensure_pair, refuse_mismatch
from ..store.verify import DIFFERENCES, PairReport, keep_verification, known_readings, repair_pair, verify_pair
from ..store.writer import PairWriter
from .common import came_back, clean_up, echo_json, json_option, nothing_stored, pairs, proving, source_option

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
    _compare(source, as_json, _verified)


@click.command("repair")
@source_option
@click.option("--rewrite", is_flag=True, help="Write every mirror anew, oldest first, even if it is identical.")
@json_option
def repair_command(source: str | None, rewrite: bool, as_json: bool) -> None:
    """Make both collections equal, then compare again: readings that only the time-series collection has come back into
    the regular one, which is the record; the time series then gets what it lacks, or is written anew where it differs.

    \b
    Examples:
      python -m sync repair
      python -m sync repair --rewrite        fewest buckets after loading out of order
    """
    _compare(source, as_json, lambda pair: _repair(pair, rewrite, SystemClock()), writes=True)


def _compare(
    source: str | None, as_json: bool, report_of: Callable[[Pair], PairReport], writes: bool = False
) -> NoReturn:
    """A report of each pair, kept and told. Exits with 0 when all are identical, else with 1."""
    settings = load()
    with open_store(settings) as database:
        if writes:
            clean_up(database, settings)
        known = [each for each in pairs(database, settings, source) if refuse_mismatch(each) or known_readings(each)]
        found = [report_of(each) for each in known]
        keep_verification(found, SystemClock().now())
        _tell(found, settings, as_json)
        for report in found if not as_json else ():
            _tell_broken(report.pair)
    raise SystemExit(0 if all(report.identical for report in found) else 1)


def _tell_broken(pair: Pair) -> None:
    """What was loaded and neither collection has any more: the remedy is another load."""
    gone = broken(pair, Ledger(pair.record.database).claims(pair.source, zone_of(pair.source)))
    if gone:
        source = "" if pair.source == "linky" else f" --source {pair.source}"
        days = f"{min(claim.of.start for claim in gone)} … {max(claim.of.end for claim in gone)}"
        click.echo(
            f"  {pair.record.name} lacks readings of {counted(len(gone), 'window')} once loaded ({days}): "
            f"python -m sync backfill{source} takes them from {pair.mirror.name} where it can, asks for the rest"
        )


def _verified(pair: Pair) -> PairReport:
    with proving(pair) as tell:
        return verify_pair(pair, zone_of(pair.source), tell)


def _repair(pair: Pair, rewrite: bool, clock: SystemClock) -> PairReport:
    ensure_pair(pair)
    finish_forgetting(pair, zone_of(pair.source), clock, lambda text: click.echo(text, err=True))
    report = _verified(pair)
    with proving(pair) as tell:
        if rewrite:
            writer = PairWriter(pair, clock)
            for each in report.series:
                writer.rewrite_mirror(each.series)
                tell(each.record_count)
        else:
            back = repair_pair(pair, report, clock, tell)
    if not rewrite and back:
        click.echo(came_back(back, pair), err=True)
    return _verified(pair)


def _tell(found: list[PairReport], settings: Settings, as_json: bool) -> None:
    if as_json:
        identical = all(report.identical for report in found)
        echo_json({"identical": identical, "pairs": [report.as_json() for report in found]})
        return
    if not found:
        click.echo(nothing_stored(settings))
    for report in found:
        names = f"{report.pair.record.name} and {report.pair.mirror.name}"
        counts = report.as_json()
        for foreign in report.foreign:
            click.echo(str(foreign))
        if report.identical:
            click.echo(f"{names}: identical, {counted(counts['regular_count'], 'document')} each")
            continue
        if report.lost:
            click.echo(f"{names}: EMPTY, nothing is proven; stored before: {counted(report.lost, 'reading')}")
            continue
        differing = ", ".join(f"{counts[name]:,} {name}" for name in DIFFERENCES if counts[name])
        click.echo(f"{names}: DIFFERENT ({counts['regular_count']:,} and {counts['timeseries_count']:,}): {differing}")
        for each in report.series:
            if not each.identical:
                days = [day.isoformat() for day in sorted(each.days)]
                more = f" and {counted(len(days) - SHOWN_DAYS, 'more day')}" if len(days) > SHOWN_DAYS else ""
                click.echo(f"  {each.series.label}: {', '.join(days[:SHOWN_DAYS])}{more}")
        click.echo("  mend it with: python -m sync repair (it loses nothing that only one of them has)")
