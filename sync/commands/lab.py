"""`compare --lab`: how the lab is run, and its table for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any

import click

from ..lab.experiment import FEW, Lab
from ..lab.forms import refuse_clash
from ..load.progress import Bar
from ..model.clock import SystemClock
from ..settings import Settings
from ..sources import zone_of
from ..store.schema import Pair, refuse_mismatch
from .common import size

QUESTIONS = {
    "day": "one day",
    "month": "a month by day",
    "year": "a year by hour of day",
    "maximum": "the maximum",
    "last": "the last reading",
}
MARKS = {"best": "best", "trap": "the default: a trap", "ours": "ours", "record": "ours"}


def run_labs(pairs: Iterable[Pair], settings: Settings) -> list[dict[str, Any]]:
    """The lab on every pair that holds readings, progress on standard error."""
    refuse_clash(settings.collections)
    found = []
    for pair in pairs:
        if len(refuse_mismatch(pair)) < 2:
            continue
        with closing(Bar(" steps")) as bar:
            found.append(Lab(pair, zone_of(pair.source), SystemClock(), bar).run())
    return [result for result in found if result]


def tell_lab(result: Mapping[str, Any]) -> None:
    """Two tables: what each form takes, and how long both forms we keep need for five questions."""
    click.echo(
        f"lab, {result['source']}: {result['readings']:,} readings of {result['series']} series in each form, "
        f"MongoDB {result['server_version']}"
    )
    if result["readings"] < FEW:
        click.echo(f"  fewer than {FEW} readings: these figures mean little")
    if not result["settled"]:
        click.echo("  no checkpoint came in time: sizes on disk are smaller here than they will be")
    head = ("data", "saved", "storage", "indexes", "on disk", "saved", "buckets", "fill", "readings/s")
    click.echo(f"  {'form':<30}" + "".join(f"{each:>11}" for each in head))
    for row in result["rows"]:
        click.echo(_line(row))
    click.echo("  saved: against the regular form with its key; on disk: storage and indexes; index: on {series, ts}")
    click.echo("  best: fewest bytes on disk of the forms with the index, without which a question reads every series")
    click.echo(f"  {'median (middle half of the runs), ms':<32}{'regular':>22}{'time series':>22}")
    for query in result["queries"]:
        times = (
            "{median_ms:.2f} ({low_ms:.2f}–{high_ms:.2f})".format(**query[kind]) for kind in ("regular", "timeseries")
        )
        both = "".join(f"{each:>22}" for each in times)
        click.echo(f"    {QUESTIONS[query['name']]:<24}{both}   over {query['readings']:,} readings")


def _line(row: Mapping[str, Any]) -> str:
    name = f"{row['granularity'] or 'regular'}, {row['order']} first{', index' if row['index'] else ''}"
    buckets, fill = row["buckets"], row["readings_per_bucket"]
    columns = (
        size(row["data_bytes"]),
        f"{row['reduction_pct']['data']:.1f} %",
        size(row["storage_bytes"]),
        size(row["index_bytes"]),
        size(row["total_bytes"]),
        f"{row['reduction_pct']['total']:.1f} %",
        "" if buckets is None else f"{buckets:,}",
        "" if fill is None else f"{fill:,.0f}",
        f"{row['readings_per_second'] or 0:,}",
    )
    line = f"  {name:<30}" + "".join(f"{each:>11}" for each in columns)
    said = [MARKS[mark] for mark in row["marks"]]
    return f"{line}  ← {', '.join(said)}" if said else line
