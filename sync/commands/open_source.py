"""`backfill` and `import` for the open sources: no key, no meter, one transport for all datasets."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from pathlib import Path

import click
from pymongo.database import Database

from ..http.budget import Budget, is_loopback
from ..http.transport import Transport
from ..load.backfill import backfill, days_of_budget
from ..load.loader import Loader
from ..load.open_backfill import OpenBackfill, store_parsed
from ..load.open_plan import Wish, open_period
from ..load.outcome import Outcome
from ..load.progress import Bar
from ..model.clock import Clock, SystemClock
from ..model.errors import FatalSourceError, UsageError
from ..settings import Settings
from ..sources import SOURCES, with_api
from ..sources.source import OpenSource, ReadFiles
from ..store.connection import open_store
from ..store.ledger import Ledger
from ..store.schema import Document, Pair, ensure_pair, pair
from ..store.unique import first_load
from ..store.writer import PairWriter
from .common import Options, echo_json
from .report import exit_code, report

LONGEST_FIRST_LOAD = 600  # s
CALLS_PER_DAY = 1000  # per host: far above any plan, so that only a run gone wrong meets it


def source_of(settings: Settings, name: str) -> OpenSource:
    """A source with its address from the settings. Raises UsageError for one that is not known."""
    if name not in SOURCES or not SOURCES[name].has_api:
        raise UsageError(f"source {name!r} cannot be loaded; known: {', '.join(sorted(with_api()))}")
    return SOURCES[name].connect(settings)


def budget_of(source: OpenSource, settings: Settings, clock: Clock) -> Budget:
    """The calls to the host of a source. A server of our own is neither limited nor spaced, unless that is set."""
    if is_loopback(source.base):
        given = "SYNC_REQUEST_SPACING" in settings.given
        return Budget(source.base, None, settings.sync_request_spacing if given else 0.0, clock)
    spacing = max(source.spacing, settings.sync_request_spacing)
    return Budget(source.base, CALLS_PER_DAY, spacing, clock)


def today_of(source: OpenSource, now: datetime) -> date:
    """The local day of a source."""
    return now.astimezone(source.zone).date()


def open_loader(database: Database[Document], settings: Settings, name: str) -> Loader:
    """The loader of a source's readings."""
    own = pair(database, name, settings.collections)
    clock = SystemClock()
    return Loader(own, Ledger(database), PairWriter(own, clock), clock)


def run_open_backfill(settings: Settings, name: str, options: Options, dry_run: bool, as_json: bool) -> int:
    """The whole command; returns its exit code."""
    started = time.monotonic()
    progress = Bar("call")
    clock = SystemClock()
    source = source_of(settings, name)
    now = clock.now()
    wanted, notes = open_period(source.datasets, options.since, options.until, today_of(source, now))
    for note in notes:
        progress.note(note)
    budget = budget_of(source, settings, clock)
    transport = Transport(budget, clock, settings.sync_contact, options.max_calls)
    wish = Wish(wanted, today_of(source, now), now if options.again else None, options.sweep)
    with open_store(settings) as database:
        loader = open_loader(database, settings, name)
        kept = settings.sync_home / "answers"
        jobs = [
            OpenBackfill(source, dataset, wish, transport, loader, clock, progress, kept) for dataset in source.datasets
        ]
        plan = plan_text(jobs, budget)
        if dry_run:
            if as_json:
                planned = sum(job.planned().calls for job in jobs)
                echo_json(Outcome().as_json() | {"dry_run": True, "planned_calls": planned})
            else:
                click.echo(plan)
            return 0
        progress.note(plan)
        outcome = _load_and_prove(jobs, loader, options.wait, progress, planned_seconds(jobs, budget))
        outcome.seconds = time.monotonic() - started
        if as_json:
            echo_json(outcome.as_json())
        else:
            report(outcome, loader.pair, "windows")
    return exit_code(outcome)


def plan_text(jobs: Sequence[OpenBackfill], budget: Budget) -> str:
    """`96 calls (48 production, 48 consumption), at least 96 s; done so far 0`."""
    plans = [job.planned() for job in jobs]
    calls = sum(plan.calls for plan in plans)
    each = ", ".join(f"{plan.calls} {job.dataset.name}" for plan, job in zip(plans, jobs, strict=True))
    text = f"{calls} calls ({each})"
    usage = budget.usage()
    if usage.limit is not None:
        text += f", at least {planned_seconds(jobs, budget):.0f} s"
        if (days := days_of_budget(calls, usage.limit, usage.left)) > 1:
            text += f", {days} days at {usage.limit} a day"
    return f"{text}; done so far {sum(plan.done for plan in plans)}"


def planned_seconds(jobs: Sequence[OpenBackfill], budget: Budget) -> float:
    """The least time that the pauses between the planned calls take, s."""
    if budget.usage().limit is None:
        return 0.0
    return sum(job.planned().calls * max(budget.spacing, job.dataset.spacing) for job in jobs)


@contextmanager
def _prepared(pair: Pair, seconds: float) -> Iterator[None]:
    """The pair is there, with the faster key for a load of minutes only: into a longer one others may write."""
    if seconds > LONGEST_FIRST_LOAD:
        ensure_pair(pair)
        yield
    else:
        with first_load(pair):
            yield


def _load_and_prove(jobs: Sequence[OpenBackfill], loader: Loader, wait: bool, progress: Bar, seconds: float) -> Outcome:
    """Whatever ends the run, the collections are compared before it is told. seconds: how long it takes at least."""
    try:
        try:
            with _prepared(loader.pair, seconds):
                backfill(jobs, loader, loader.clock, progress, wait)
        except FatalSourceError as fatal:
            loader.prove(())
            same = "both collections are identical" if loader.outcome.identical else "run python -m sync repair"
            fatal.args = (f"{fatal} [{loader.outcome.written.new:,} readings were stored before; {same}]",)
            raise
        loader.prove(())
    finally:
        progress.close()
    return loader.outcome


def run_open_import(settings: Settings, name: str, files: Sequence[Path], as_json: bool) -> int:
    """Bulk files of a source through the same writing and proof; returns the exit code."""
    started = time.monotonic()
    read_files = files_of(name)
    progress = Bar("part")
    parts = read_files(files)
    with open_store(settings) as database:
        loader = open_loader(database, settings, name)
        progress.start(0, 0)
        try:
            with ExitStack() as load:
                for number, parsed in enumerate(parts):
                    if number == 0:
                        load.enter_context(first_load(loader.pair))  # nothing is made for files that are refused
                    store_parsed(loader, parsed, "file")
                    if parsed.short:
                        loader.outcome.short.append(parsed.short)
                    progress.advance(f"{loader.outcome.written.new:,} new")
            ensure_pair(loader.pair)
            loader.prove(())
        finally:
            progress.close()
        outcome = loader.outcome
        outcome.windows = len(files)
        outcome.seconds = time.monotonic() - started
        if as_json:
            echo_json(outcome.as_json())
        else:
            report(outcome, loader.pair, "files")
    return exit_code(outcome)


def files_of(name: str) -> ReadFiles:
    """`read_files` of the module for a source's files. Raises UsageError for a source that has none."""
    if name not in SOURCES:
        raise UsageError(f"source {name!r} cannot be imported; known: {', '.join(sorted(SOURCES))}")
    if not SOURCES[name].has_files:
        raise UsageError(f"there are no files of {name} to import: python -m sync backfill --source {name}")
    return SOURCES[name].read_files
