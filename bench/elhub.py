"""Norway 2021–2024 from the stand-in into both collections and verified: rows/s end to end, memory, and where it goes.

The stand-in runs as a process of its own and has every answer ready beforehand, so that what is measured is ours.
Every figure is the median of three runs of the real command, or of the step alone, against one server, in one run.
"""

from __future__ import annotations

import statistics
import sys
from datetime import UTC, date, datetime
from typing import Any

import requests

from bench import kit
from bench.kit import RUNS, Bench, Row, medians, proof, row
from sync.load.report import write_batches
from sync.model.window import Window
from sync.sources.elhub.api import Elhub
from sync.sources.source import Dataset
from sync.store.schema import ensure_pair
from sync.store.sizes import compare_pair, settle
from sync.store.writer import PairWriter

UNTIL = date(2025, 1, 1)
ROWS = 1_749_553
STEPS = 6  # windows of each dataset that the single steps are measured on

Answers = list[tuple[Dataset, Window, str]]


def run() -> dict[str, Any]:
    """Measure everything; needs no file and no network."""
    with kit.bench() as own, kit.elhub() as url:
        answers, runs = _prepared(Elhub(url)), []
        for _ in range(RUNS):
            own.empty()
            runs.append(own.run("backfill", "--source", "elhub", "--until", str(UNTIL), ELHUB_API_URL=url))
        both = own.pair("elhub")
        if both.record.count_documents({}) != ROWS or both.mirror.count_documents({}) != ROWS:
            sys.exit("not every row came")
        [verified] = medians(lambda: proof(both))
        settle(own.database)
        sizes = compare_pair(both)
        rate = ROWS / statistics.median(took.seconds for took in runs)
        writing, *steps = _steps(own, Elhub(url), answers)
        rows = [
            row("backfill, whole command, stored twice and verified", rate, "rows/s"),
            row("the same against writing both collections alone", rate / writing["figure"], "times", 0.8),
            row("peak memory of the backfill", max(took.peak_mb for took in runs), "MB", -400.0),
            *steps,
            writing,
            row("the proof alone", ROWS / verified, "rows/s"),
            row("time series, pages that hold readings", sizes.timeseries.storage_bytes / ROWS, "bytes/reading"),
            row("data saved by the time series", sizes.reduction_pct["data"], "%"),
            row("storage and indexes saved by the time series", sizes.reduction_pct["total"], "%"),
        ]
        return own.result(ROWS, rows)


def _prepared(source: Elhub) -> Answers:
    """Ask for everything once, so that the stand-in keeps its answers; some of them are returned."""
    kept: Answers = []
    for dataset in source.datasets:
        for number, window in enumerate(source.windows(dataset, Window(dataset.first, UNTIL))):
            url, query = source.question(dataset, window)
            answer = requests.get(url, query, timeout=60)
            answer.raise_for_status()
            if number < STEPS:
                kept.append((dataset, window, answer.text))
    return kept


def _steps(own: Bench, source: Elhub, answers: Answers) -> list[Row]:
    """Each step by itself on some windows; in a run, fetching and reading go on beside the writing."""
    now, both = datetime.now(UTC), own.pair("elhub")
    read = [source.parse(dataset, window, text, now) for dataset, window, text in answers]
    count = sum(len(batch) for parsed in read for batch in parsed.batches)

    def empty() -> None:
        own.empty()
        ensure_pair(both)

    [write] = medians(
        lambda: [write_batches(PairWriter(both), parsed.batches) for parsed in read],
        before=empty,
    )
    fetch, parse = medians(
        lambda: [requests.get(*source.question(d, w), timeout=60).text for d, w, _ in answers],
        lambda: [source.parse(dataset, window, text, now) for dataset, window, text in answers],
    )
    return [
        row("writing both collections alone", count / write, "rows/s"),
        row("fetching alone (HTTP, gzip)", count / fetch, "rows/s"),
        row("reading and verifying answers alone", count / parse, "rows/s"),
    ]
