"""`compare`: what the time-series form saves."""

from __future__ import annotations

import click

from ..settings import load
from ..store.connection import open_store, server_version
from ..store.schema import refuse_mismatch
from ..store.sizes import Comparison, compare_pair, settle
from .common import echo_json, json_option, pairs, size, source_option


@click.command("compare")
@source_option
@json_option
def compare_command(source: str | None, as_json: bool) -> None:
    """Compare what the same readings take in the regular and in the time-series collection.

    \b
    Examples:
      python -m sync compare
      python -m sync compare --json
    """
    settings = load()
    with open_store(settings) as database:
        settle(database)
        found = [compare_pair(each) for each in pairs(database, settings, source) if refuse_mismatch(each)]
        version = ".".join(str(part) for part in server_version(database))
    if as_json:
        echo_json({"pairs": [each.as_json() for each in found], "server_version": version})
    else:
        tell(found, version)


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
            (
                "storage and indexes",
                regular.storage_bytes + regular.index_bytes,
                timeseries.storage_bytes + timeseries.index_bytes,
                saved["total"],
            ),
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
