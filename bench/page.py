"""The page: first chart, every interaction, every server query, twenty readers; on two years and on a hundred meters.

The real server in a process of its own, started anew for each run, so that no answer is kept from the one before; a
real Chromium of a reader who was never there. Medians.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser
from pymongo import MongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from bench import meters, readers
from bench.clicks import Waits, at_once, bare_chart, chromium, opened, visit
from bench.kit import FILE, NAME, Bench, Row, bench, medians, need_export, row
from dash_app.kit.locale import LANGUAGES, catalog_of
from dash_app.kit.reader import Reader
from dash_app.kit.view import View, period_of
from dash_app.shell.pages import PAGES
from sync.settings import load

RUNS = 5
QUERY_RUNS = 7
TWO_YEARS = 35_088  # half-hours
READERS = 20
CROWD = 200
SHOWN = 15  # slowest questions and interactions kept in the result
LIMITS = {"first": 4.0, "click": 1.5, "query": 4.0}
"""On two years: times a bare page with one chart, opened in the same run; of a query, times a plain reading of them."""
WIDER = 1.5  # times that on a hundred meters
NOT_QUESTIONS = {"hello", "ping", "endSessions", "getMore"}


def run() -> dict[str, Any]:
    """Measure everything; needs the real export and Chromium."""
    need_export()
    with bench() as own, chromium() as browser:
        own.run("import", str(FILE))
        readings = own.database.consumption.estimated_document_count()
        rows = _rows("two years", own, browser, 1.0)
        with page(own) as url:
            errors, seconds = at_once(browser, url, READERS)
        rows.append(row(f"{READERS} readers at once: errors", errors, "", 0.0))
        rows.append(row(f"{READERS} readers at once: the last one's first chart", seconds, "s"))
        rows += _by_http(own)
        rows.append(_texts())
        own.empty()
        many = meters.fill(own)
        rows += _rows(f"{meters.METERS} meters", own, browser, WIDER)
        return own.result(readings + many, rows)


def _texts() -> Row:
    """What the first reader waits for, all languages together."""

    def read() -> None:
        catalog_of.cache_clear()
        for language in LANGUAGES:
            catalog_of(language)

    return row(f"texts of {len(LANGUAGES)} languages, read when first asked for", 1000 * medians(read)[0], "ms")


def _rows(what: str, own: Bench, browser: Browser, wider: float) -> list[Row]:
    """The first chart, the slowest and the middle interaction, the slowest query."""
    waits, bare = Waits(), []
    for _ in range(RUNS):
        with page(own) as url:
            context, shown = opened(browser)
            visit(shown, url, waits)
            context.close()
        bare.append(bare_chart(browser))
    clicks = {name: statistics.median(times) for name, times in waits.clicks.items()}
    slowest = max(clicks, key=clicks.__getitem__)
    queries = query_times(own.server.uri, own.folder)
    worst = max(queries, key=queries.__getitem__)
    # To read the documents of two years of half-hours from the record and do nothing with them.
    record = own.database.consumption
    [plain] = medians(lambda: list(record.find_raw_batches({}, limit=TWO_YEARS)), runs=QUERY_RUNS)
    chart, plain = statistics.median(bare), 1000 * plain
    first, click, query = (limit * (1 if name == "query" else wider) for name, limit in LIMITS.items())
    waited = statistics.median(waits.first)
    found = [
        row(f"{what}: first chart after opening", waited, "ms"),
        row("the same against a bare page with one chart", waited / chart, "times", -first),
        row(f"{what}: slowest interaction, {slowest}", clicks[slowest], "ms"),
        row("the same against a bare page with one chart", clicks[slowest] / chart, "times", -click),
        row(f"{what}: median over {len(clicks)} interactions", statistics.median(clicks.values()), "ms"),
        row(f"{what}: slowest of {len(queries)} server queries, {worst}", queries[worst], "ms"),
        row("the same against reading two years", queries[worst] / plain, "times", -query),
    ]
    found[2]["slowest"] = _slowest(clicks)
    found[5]["slowest"] = _slowest(queries)
    return found


def _by_http(own: Bench) -> list[Row]:
    """Readers without browsers: what the server alone takes."""
    with page(own) as url:
        whole, again = readers.first_load(url)
        found = [
            row("first load, on the wire", whole / 1e6, "MB", -1.2),
            row("reload of consumption, on the wire", again / 1e3, "kB", -60.0),
        ]
        for many in (READERS, CROWD):
            slowest, rate, errors = readers.at_once(url, many)
            found += [
                row(
                    f"{many} readers by HTTP: load curve, 95th percentile",
                    slowest,
                    "s",
                    -1.0 if many == READERS else None,
                ),
                row(f"{many} readers by HTTP: errors", errors, "", 0.0),
                row(f"{many} readers by HTTP: requests", rate, "/s"),
            ]
        return found


def _slowest(times: dict[str, float]) -> dict[str, float]:
    return {name: round(times[name], 1) for name in sorted(times, key=times.__getitem__, reverse=True)[:SHOWN]}


class _Watch(CommandListener):
    """Milliseconds of each question to the server, in order; what a cursor fetches later counts to its question."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float]] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Nothing to do yet."""

    def succeeded(self, event: CommandSucceededEvent) -> None:
        milliseconds = event.duration_micros / 1000
        if event.command_name == "getMore" and self.asked:
            name, before = self.asked[-1]
            self.asked[-1] = (name, before + milliseconds)
        elif event.command_name not in NOT_QUESTIONS:
            self.asked.append((event.command_name, milliseconds))

    def failed(self, event: CommandFailedEvent) -> None:
        """A question that fails is a failed bench."""
        raise RuntimeError(str(event.failure))


def query_times(uri: str, folder: Path) -> dict[str, float]:
    """Median ms of every question that the cards of every page ask, over 30 days and over everything."""
    watch = _Watch()
    settings = load(folder, environ={"SYNC_HOME": str(folder)})
    times: defaultdict[str, list[float]] = defaultdict(list)
    client: MongoClient[dict[str, Any]] = MongoClient(uri, tz_aware=True, event_listeners=[watch])
    with client:
        newest = _morning_after(Reader(client[NAME], settings))
        for _ in range(QUERY_RUNS):
            reader = Reader(client[NAME], settings, now=lambda: newest)
            for view in _views(reader):
                for each in (block for one in PAGES for block in one.blocks):
                    asking = Reader(client[NAME], settings, now=lambda: newest)  # keeps nothing yet
                    series = asking.series_at(view)
                    if series is not None:
                        asking.extent(series)
                    watch.asked.clear()
                    each.frame(asking, view)
                    for place, (name, milliseconds) in enumerate(watch.asked, 1):
                        times[f"{each.name} {view.period} {place} {name}"].append(milliseconds)
    return {name: statistics.median(found) for name, found in times.items()}


def _morning_after(reader: Reader) -> datetime:
    end = reader.extent(reader.series()[0]).end
    return datetime(end.year, end.month, end.day, 9, tzinfo=UTC) if end else datetime.now(UTC)


def _views(reader: Reader) -> list[View]:
    series = reader.series()[0]
    found = []
    for name in ("30d", "all"):
        start, end = period_of(name, reader.extent(series), reader.now().date() + timedelta(days=1))
        found.append(replace(View(), series=series.key, period=name, start=start, end=end))
    return found


@contextmanager
def page(own: Bench) -> Iterator[str]:
    """`python -m dash_app` on a free port, in a process of its own; its address."""
    command = [sys.executable, "-m", "dash_app", "--port", "0"]
    process = subprocess.Popen(command, cwd=own.folder, env=own.variables(), stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("http"):
            sys.exit("python -m dash_app did not start")
        yield line.split("/  ")[0]
    finally:
        process.terminate()
        process.wait(30)
