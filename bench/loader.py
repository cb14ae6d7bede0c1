"""The loader on the two real years: import rate, time above the spacing, memory; beside the plain way of writing.

Every figure is the median of three runs of the real command in a process of its own, against one server, in one run.
"""

from __future__ import annotations

import statistics
from typing import Any

from bson import ObjectId

from bench.kit import FILE, RUNS, Bench, bench, medians, need_export, proof, row
from sync.model.readings import ReadingBatch, Series
from sync.sources.linky.files import read_exports
from sync.sources.linky.points import curve_from_points
from sync.standin.linky import LinkyStandin
from sync.standin.r63 import read_r63
from sync.store.schema import ensure_pair
from sync.store.sizes import compare_pair, settle
from sync.store.writer import PairWriter

TWO_YEARS = ("--since", "2023-03-13", "--until", "2025-03-13")


def run() -> dict[str, Any]:
    """Measure everything; needs the real export."""
    need_export()
    with bench() as own:
        return _measure(own)


def _measure(own: Bench) -> dict[str, Any]:
    export = next(iter(read_exports(FILE)))
    batch = curve_from_points(Series("linky", export.prm, export.flow), export.points).batch
    readings, both = len(batch), own.pair("linky")

    def empty() -> None:
        own.empty()
        ensure_pair(both)

    imports = []
    for _ in range(RUNS):
        own.empty()
        imports.append(own.run("import", str(FILE)))
    seconds = statistics.median(took.seconds for took in imports)
    plain, ours = medians(lambda: _plain(own, batch), lambda: _ours(own, batch), before=empty)
    settle(own.database)
    sizes = compare_pair(both)
    own.empty()
    with LinkyStandin(meters=read_r63(FILE), ban_after=None) as standin:
        given = {"LINKY_API_URL": standin.url, "LINKY_TOKEN": standin.token, "LINKY_PRM": ""}
        backfill = own.run("backfill", *TWO_YEARS, **given)
        calls = len(standin.requests)
    rows = [
        row("import, whole command, stored twice and verified", readings / seconds, "readings/s"),
        row("the same against the plain way, start and proof included", plain / seconds, "times", 0.25),
        row("writing both collections and verifying", readings / ours, "readings/s"),
        row("plain way: insert_many of dicts, one then the other", readings / plain, "readings/s"),
        row(f"backfill of {calls} calls, longer than calls × spacing", 100 * (backfill.seconds / calls - 1), "%", -3.0),
        row("peak memory of the import", max(took.peak_mb for took in imports), "MB", -250.0),
        row("peak memory of the backfill", backfill.peak_mb, "MB", -250.0),
        row("time series, pages that hold readings", sizes.timeseries.storage_bytes / readings, "bytes/reading"),
        row("data saved by the time series", sizes.reduction_pct["data"], "%", 97.0),
    ]
    return own.result(readings, rows)


def _ours(own: Bench, batch: ReadingBatch) -> None:
    PairWriter(own.pair("linky")).write(batch)
    proof(own.pair("linky"))


def _plain(own: Bench, batch: ReadingBatch) -> None:
    documents = [batch.document(index, ObjectId()) for index in range(len(batch))]
    own.database.consumption.insert_many(documents)
    own.database.consumptionTS.insert_many(documents)
