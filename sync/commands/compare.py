"""`compare`: what the time-series form saves."""

from __future__ import annotations

import click
from pymongo.database import Database

from ..settings import Settings, load
from ..store.connection import open_store, server_version
from ..store.schema import Document
from ..store.sizes import Comparison, compare_pair, settle
from .common import echo_json, json_option, pairs, size, source_option, stored_pairs
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
        found, version = compared(database, settings, source)
        labs = run_labs(pairs(database, settings, source), settings) if lab else []
    if as_json:
        answer = {"pairs": [each.as_json() for each in found], "server_version": version}
        echo_json(answer | ({"lab": labs} if lab else {}))
        return
    tell(found, version)
    for result in labs:
        tell_lab(result)


def compared(database: Database[Document], settings: Settings, source: str | None) -> tuple[list[Comparison], str]:
    """Both forms of what is stored, and the server's version."""
    settle(database)
    found = [compare_pair(each) for each in stored_pairs(database, settings, source)]
    return found, ".".join(str(part) for part in server_version(database))


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
