"""`compare`: what the time-series form saves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click
from pymongo.database import Database

from ..model.errors import UsageError
from ..model.words import counted
from ..settings import Settings, load
from ..store.connection import can, open_store, server_version
from ..store.schema import Document, Pair, refuse_mismatch
from ..store.sizes import Comparison, compare_pair, settle
from .common import echo_json, json_option, nothing_stored, pairs, size, source_option
from .lab import run_labs, tell_lab

DATA = "data (BSON)"
NOT_YET = "not yet"


@click.command("compare")
@source_option
@click.option(
    "--lab", is_flag=True, help="Also rebuild the readings in every form, in scratch collections, and measure each."
)
@click.option("--engines", is_flag=True, help="With --lab: the same readings in other engines, too.")
@click.option(
    "--postgresql", "address", default="", metavar="ADDRESS", help="With --engines: postgresql://USER@HOST/DATABASE."
)
@json_option
def compare_command(source: str | None, lab: bool, engines: bool, address: str, as_json: bool) -> None:
    """Compare what the same readings take in the regular and in the time-series collection.

    --lab copies the readings (at most 500,000) into 14 scratch collections: granularity seconds, minutes, hours; oldest
    or newest first; with and without an index. It measures sizes, load rate and five typical questions, and removes
    the copies. Two years of one meter take about half a minute. The result stays for the page.

    --engines puts them elsewhere, too: two leaner forms of MongoDB, PostgreSQL (a server that is there, in schemas
    lab_scratch_… of its own), SQLite, DuckDB, Parquet, CSV.gz. What is not there is left out, and said.

    \b
    Examples:
      python -m sync compare
      python -m sync compare --json
      python -m sync compare --lab           granularity, order and index on your own readings
      python -m sync compare --lab --engines --postgresql postgresql://me@localhost/energy
    """
    if (engines and not lab) or (address and not engines):
        raise UsageError("--engines is a part of the lab, and --postgresql of these: compare --lab --engines")
    settings = load()
    with open_store(settings) as database:
        chosen = pairs(database, settings, source)
        measured = measure(database, chosen)
        labs = run_labs(chosen, settings, address if engines else None) if lab else []
    if as_json:
        echo_json(measured.as_json() | ({"lab": labs} if lab else {}))
        return
    tell(measured, settings)
    for result in labs:
        tell_lab(result)


@dataclass(frozen=True, slots=True)
class Measured:
    """The pairs that exist; version: of the server's program; packed: whether it compresses the buckets' columns."""

    found: list[Comparison]
    version: str
    packed: bool

    def as_json(self) -> dict[str, Any]:
        """The object of `compare --json`."""
        pairs = [each.as_json() for each in self.found]
        return {"pairs": pairs, "server_version": self.version, "buckets_packed": self.packed}


def measure(database: Database[Document], chosen: list[Pair]) -> Measured:
    """Measure the pairs, after a checkpoint where we may ask for one."""
    settled = settle(database)
    found = [compare_pair(each, settled) for each in chosen if refuse_mismatch(each)]
    version = ".".join(str(part) for part in server_version(database))
    return Measured(found, version, can(database, "packed_buckets"))


def tell(measured: Measured, settings: Settings) -> None:
    """The comparison as a table."""
    stored = [each for each in measured.found if each.readings]
    if not stored:
        click.echo(nothing_stored(settings))
    for each in stored:
        click.echo(
            f"{each.source}: {counted(each.readings, 'reading')} of {each.series} series, MongoDB {measured.version}"
        )
        click.echo(f"  {'':<22}{'regular':>12}{'time series':>14}{'saved':>9}")
        saved = each.reduction_pct
        regular, timeseries = each.regular, each.timeseries
        rows = (
            (DATA, regular.data_bytes, timeseries.data_bytes, saved["data"]),
            ("storage on disk", regular.storage_bytes, timeseries.storage_bytes, saved["storage"]),
            ("indexes", regular.index_bytes, timeseries.index_bytes, None),
            ("storage and indexes", regular.total_bytes, timeseries.total_bytes, saved["total"]),
        )
        for name, before, after, percent in rows:
            share = "" if percent is None else f"{percent:.1f} %" if each.settled or name == DATA else NOT_YET
            click.echo(f"  {name:<22}{size(before):>12}{size(after):>14}{share:>9}")
        _tell_buckets(each)
        if not each.settled:
            click.echo(
                "  the sizes on disk are older than the last write, so they are not final: the server writes its pages "
                "once a minute; run compare again then"
            )
    if stored and not measured.packed:
        click.echo(
            "this server does not pack the columns of its buckets: MongoDB does from 5.2 on, once "
            "setFeatureCompatibilityVersion was given there; the time-series form then saves far more"
        )


def _tell_buckets(each: Comparison) -> None:
    buckets = each.timeseries.buckets
    if not buckets:
        return
    on_disk = f"; {each.timeseries.storage_bytes / each.readings:.2f} bytes a reading on disk against "
    on_disk += f"{each.regular.storage_bytes / each.readings:.1f}"
    fill = counted(round(each.readings / buckets), "reading")
    click.echo(f"  {counted(buckets, 'bucket')} of {fill}{on_disk if each.settled else ''}")
