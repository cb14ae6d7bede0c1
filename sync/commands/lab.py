"""`compare --lab`: how the lab is run, and its table for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

import click

from ..lab.elsewhere import Elsewhere
from ..lab.engines import ENGINES, OURS
from ..lab.experiment import FEW, Lab, expected_seconds, in_words
from ..lab.experiment import PATIENCE as CHECKPOINT
from ..lab.forms import CAP, refuse_clash
from ..load.progress import Bar
from ..model.clock import SystemClock
from ..model.errors import UsageError
from ..model.words import counted
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
MARKS = {"best": "b", "trap": "t", "ours": "o", "record": "o"}
LEGEND = (
    "o: ours; b: fewest bytes on disk of the forms with the index on {series, ts}, without which a",
    "question reads every series; t: what the server does by default, a trap; first: inserted first;",
    "saved: against the regular form with its key; on disk: storage and indexes; fill: of a bucket",
)
HEAD = ("data", "saved", "storage", "indexes", "on disk", "saved", "buckets", "fill", "readings/s")
WIDTHS = (8, 8, 8, 8, 8, 8, 9, 6, 11)


def run_labs(pairs: Iterable[Pair], settings: Settings, address: str | None = None) -> list[dict[str, Any]]:
    """The lab on every pair that holds readings, progress on standard error. address: of PostgreSQL, None for a lab
    without other engines. Raises UsageError for one that is none."""
    if address and not address.startswith(("postgresql://", "postgres://")):
        raise UsageError("--postgresql takes postgresql://USER@HOST/DATABASE")
    refuse_clash(settings.collections)
    found, whole = [], [pair for pair in pairs if len(refuse_mismatch(pair)) == 2]
    _announce(whole, address is not None)
    for pair in whole:
        with closing(Bar(" steps")) as bar:
            elsewhere = None if address is None else Elsewhere(address)
            found.append(Lab(pair, zone_of(pair.source), SystemClock(), bar, elsewhere).run())
    return [result for result in found if result]


def _announce(pairs: Sequence[Pair], has_engines: bool) -> None:
    """How long all of it takes, before anything is begun."""
    readings = {pair.source: min(CAP, pair.record.estimated_document_count()) for pair in pairs}
    lasts = in_words(sum(expected_seconds(count, has_engines) for count in readings.values()))
    named = ", ".join(f"{source} {count:,}" for source, count in readings.items() if count)
    if named:
        click.echo(
            f"the lab takes {lasts} on a server nearby (readings: {named}), and up to {CHECKPOINT} s more for each "
            "where the server makes no checkpoint when it is asked to (Atlas)",
            err=True,
        )


def tell_lab(result: Mapping[str, Any]) -> None:
    """Two tables: what each form takes, and how long both forms we keep need for five questions."""
    click.echo(
        f"lab, {result['source']}: {counted(result['readings'], 'reading')} of {result['series']} series in each form, "
        f"MongoDB {result['server_version']}"
    )
    if result["readings"] < FEW:
        click.echo(f"  fewer than {FEW} readings: these figures mean little")
    if not result["settled"]:
        click.echo("  no checkpoint came in time: sizes on disk are smaller here than they will be")
    click.echo(_columns("", ("form", "first", ""), HEAD))
    for row in result["rows"]:
        click.echo(_line(row))
    for line in LEGEND:
        click.echo(f"   {line}")
    click.echo(f"  {'median (middle half of the runs), ms':<32}{'regular':>22}{'time series':>22}")
    for query in result["queries"]:
        times = (
            "{median_ms:.2f} ({low_ms:.2f}–{high_ms:.2f})".format(**query[kind]) for kind in ("regular", "timeseries")
        )
        both = "".join(f"{each:>22}" for each in times)
        click.echo(f"    {QUESTIONS[query['name']]:<24}{both}   over {counted(query['readings'], 'reading')}")
    if "engines" in result:
        _tell_engines(result)


# --- the same readings elsewhere --------------------------------------------------------------------------------------


LACKS = {"key": "no unique key", "update": "no update", "server": "no server", "field": "ts is no field"}
NAMES = {"record": "MongoDB, documents", "ours": "MongoDB, time series"}
WHY = {
    "library": "pip install 'linky-atlas[engines]' brings its {words}",
    "unnamed": "name a server with --postgresql postgresql://USER@HOST/DATABASE",
    "extension": "its extension is not installed in that database",
    "refused": "{words}",
}
SHORT = {"day": "day", "month": "month", "year": "year", "maximum": "max", "last": "last"}


def _tell_engines(result: Mapping[str, Any]) -> None:
    """A row an engine, MongoDB's two forms first; then what was left out."""
    words = {entry.name: entry.words for entry in ENGINES}
    heads = "".join(f"{SHORT[query['name']]:>8}" for query in result["queries"])
    click.echo("  the same readings elsewhere, every answer equal; medians in ms")
    click.echo(f"    {'':<34}{'B/reading':>10}{'readings/s':>12}{heads}")
    own = [(NAMES[mark], row, lacks) for mark, lacks in OURS.items() for row in result["rows"] if mark in row["marks"]]
    others = [(words[row["engine"]], row, row["lacks"]) for row in result["engines"]["rows"]]
    for name, row, lacks in own + others:
        each = row["total_bytes"] / result["readings"]
        times = "".join(f"{row['queries'][query['name']]['median_ms']:>8.2f}" for query in result["queries"])
        click.echo(f"    {name:<34}{each:>10.2f}{row['readings_per_second'] or 0:>12,}{times}")
        if lacks:
            click.echo(f"      gives up: {', '.join(LACKS[each] for each in lacks)}")
    for each in result["engines"]["left_out"]:
        click.echo(f"    {words[each['engine']]} is left out: {WHY[each['why']].format(words=each['words'])}")


def _columns(marks: str, form: Sequence[str], figures: Sequence[str]) -> str:
    """A line of the table, 99 characters at most."""
    named = "".join(f"{part:<{width}}" for part, width in zip(form, (8, 7, 6), strict=True))
    return f"{marks:<3}{named}" + "".join(f"{each:>{width}}" for each, width in zip(figures, WIDTHS, strict=True))


def _line(row: Mapping[str, Any]) -> str:
    buckets, fill = row["buckets"], row["readings_per_bucket"]
    figures = (
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
    form = row["granularity"] or "regular", row["order"], "index" if row["index"] else ""
    return _columns("".join(sorted({MARKS[mark] for mark in row["marks"]})), form, figures)
