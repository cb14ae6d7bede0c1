"""`compare`: what the time-series form saves."""

from __future__ import annotations

import click

from ..settings import load
from ..store.connection import open_store, server_version
from ..store.schema import refuse_mismatch
from ..store.sizes import Comparison, compare_pair, settle
from .common import echo_json, json_option, pairs, size, source_option
from .lab import run_labs, tell_lab


@click.command("compare")
@source_option
@click.option(
    "--lab", is_flag=True, help="Also rebuild the readings in every form, in scratch collections, and measure each."
)
@json_option
def compare_command(source: str | None, lab: bool, as_json: bool) -> None:
    """Compare what the same readings take in the regular and in the time-series collection.

    --lab copies the readings (at most 500,000) into 14 scratch collections: granularity seconds, minutes, hours; oldest
    or newest first; with and without an index. It measures sizes, load rate and five typical questions, and removes
    the copies. Two years of one meter take about half a minute. The result stays for the page.

    \b
    Examples:
      python -m sync compare
      python -m sync compare --json
      python -m sync compare --lab           granularity, order and index on your own readings
    """
    settings = load()
    with open_store(settings) as database:
        settle(database)
        chosen = pairs(database, settings, source)
        found = [compare_pair(each) for each in chosen if refuse_mismatch(each)]
        version = ".".join(str(part) for part in server_version(database))
        labs = run_labs(chosen, settings) if lab else []
    if as_json:
        answer = {"pairs": [each.as_json() for each in found], "server_version": version}
        echo_json(answer | ({"lab": [each.as_json() for each in labs]} if lab else {}))
        return
    tell(found, version)
    for result in labs:
        tell_lab(result)


def tell(found: list[Comparison], version: str) -> None:
    """The comparison as a table."""
    stored = [each for each in found if each.readings]
    if not stored:
        click.echo("nothing is stored yet: run python -m sync backfill, or make run")
    for each in stored:
        click.echo(f"{each.source}: {each.readings:,} readings of {each.series} series, MongoDB {version}")
        click.echo(f"  {'':<22}{'regular':>12}{'time series':>14}{'saved':>9}")
        saved = each.reduction_pct
        regular, timeseries = each.regular, each.timeseries
        rows = (
            ("data (BSON)", regular.data_bytes, timeseries.data_bytes, saved["data"]),
            ("storage on disk", regular.storage_bytes, timeseries.storage_bytes, saved["storage"]),
            ("indexes", regular.index_bytes, timeseries.index_bytes, None),
            ("storage and indexes", regular.total_bytes, timeseries.total_bytes, saved["total"]),
        )
        for name, before, after, percent in rows:
            share = "" if percent is None else f"{percent:.1f} %"
            click.echo(f"  {name:<22}{size(before):>12}{size(after):>14}{share:>9}")
        if each.readings and timeseries.buckets:
            per_bucket = each.readings / timeseries.buckets
            click.echo(
                f"  {timeseries.buckets:,} buckets of {per_bucket:,.0f} readings; "
                f"{timeseries.storage_bytes / each.readings:.2f} bytes a reading on disk "
                f"against {regular.storage_bytes / each.readings:.1f}"
            )
