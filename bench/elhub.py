"""Norway 2021–2024 from the stand-in into both collections and verified: rows/s end to end, memory, and where it goes.

The stand-in runs as a process of its own and has every answer ready beforehand, so that what is measured is ours.
Every figure is the median of three runs of the real command, or of the step alone, against one server, in one run.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import requests
from pymongo.database import Database

from bench.loader import NAME, ROOT, RUNS, row, timed_command
from sync.load.report import write_batches
from sync.model.window import Window
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.elhub.api import Elhub
from sync.sources.source import Dataset, Parsed
from sync.store.connection import connect, server_version
from sync.store.embedded.mongod import Mongod
from sync.store.schema import Pair, ensure_pair, pair
from sync.store.sizes import Comparison, compare_pair, settle
from sync.store.verify import verify_pair
from sync.store.writer import PairWriter

UNTIL = date(2025, 1, 1)
ROWS = 1_749_553
WRITING = "writing both collections alone"
STEPS = 6  # windows of each dataset that the single steps are measured on

Answers = list[tuple[Dataset, Window, str]]


def run() -> dict[str, Any]:
    """Measure everything; needs no file and no network."""
    with tempfile.TemporaryDirectory() as folder:
        server = Mongod.spawn(Path(folder) / "db", Path(folder) / "mongod.log")
        standin = _standin()
        try:
            server.wait_until_primary()
            url = _url(standin)
            answers = _prepared(Elhub(url))
            with connect(server.uri) as client:
                return _measure(client[NAME], server.uri, Path(folder), url, answers)
        finally:
            standin.terminate()
            standin.wait()
            server.stop()


def _standin() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sync", "standin", "elhub", "--json"]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def _url(standin: subprocess.Popen[str]) -> str:
    if standin.stdout is None:
        sys.exit("the stand-in did not start")
    return str(json.loads(standin.stdout.readline())["url"])


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


def _measure(database: Database[Any], uri: str, folder: Path, url: str, answers: Answers) -> dict[str, Any]:
    command = ["backfill", "--source", "elhub", "--until", str(UNTIL)]
    runs = [timed_command(database, uri, folder, command, ELHUB_API_URL=url) for _ in range(RUNS)]
    own = pair(database, "elhub", DEFAULT_COLLECTIONS)
    if own.record.count_documents({}) != ROWS or own.mirror.count_documents({}) != ROWS:
        sys.exit("not every row came")
    seconds = statistics.median(seconds for seconds, _ in runs)
    memory = max(kilobytes for _, kilobytes in runs)
    verified = _median(lambda: _verified(own))
    settle(database)
    sizes = compare_pair(own)
    steps = _steps(database, url, answers)
    rows = [
        row("backfill, whole command, stored twice and verified", ROWS / seconds, "rows/s"),
        row(f"the same against {WRITING}", ROWS / seconds / steps[WRITING], "times", "≥ 0.8", 0.8),
        row("peak memory of the backfill", memory / 1024, "MB", "< 400", -400.0),
        *(row(what, rate, "rows/s") for what, rate in steps.items()),
        row("the proof alone", ROWS / verified, "rows/s"),
        *_stored(sizes),
    ]
    version = ".".join(map(str, server_version(database)))
    return {"readings": ROWS, "server": f"MongoDB {version}", "runs": RUNS, "rows": rows}


def _steps(database: Database[Any], url: str, answers: Answers) -> dict[str, float]:
    """Each step by itself on some windows, in rows/s; in a run, fetching and reading go on beside the writing."""
    source = Elhub(url)
    now = datetime.now(UTC)
    read = [source.parse(dataset, window, text, now) for dataset, window, text in answers]
    count = sum(len(batch) for parsed in read for batch in parsed.batches)
    fetch = _median(lambda: [requests.get(*source.question(d, w), timeout=60).text for d, w, _ in answers])
    parse = _median(lambda: [source.parse(dataset, window, text, now) for dataset, window, text in answers])
    write = statistics.median(_written(database, read) for _ in range(RUNS))
    return {
        "fetching alone (HTTP, gzip)": count / fetch,
        "reading and verifying answers alone": count / parse,
        WRITING: count / write,
    }


def _written(database: Database[Any], read: list[Parsed]) -> float:
    """Seconds to store some windows into an empty pair."""
    database.client.drop_database(database.name)
    own = pair(database, "elhub", DEFAULT_COLLECTIONS)
    ensure_pair(own)
    writer = PairWriter(own)
    started = time.monotonic()
    for parsed in read:
        write_batches(writer, parsed.batches)
    return time.monotonic() - started


def _verified(own: Pair) -> None:
    if not verify_pair(own).identical:
        sys.exit("not identical")


def _median(step: Callable[[], Any]) -> float:
    """Median seconds of a step."""
    times = []
    for _ in range(RUNS):
        started = time.monotonic()
        step()
        times.append(time.monotonic() - started)
    return statistics.median(times)


def _stored(sizes: Comparison) -> list[dict[str, Any]]:
    return [
        row("time series, pages that hold readings", sizes.timeseries.storage_bytes / ROWS, "bytes/reading"),
        row("data saved by the time series", sizes.reduction_pct["data"], "%"),
        row("storage and indexes saved by the time series", sizes.reduction_pct["total"], "%"),
    ]
