"""`backfill`: history over an API."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

import click

from ..http.budget import Budget, is_loopback
from ..http.transport import Transport
from ..load.backfill import Backfill, backfill, days_of_budget
from ..load.calls import budget_of
from ..load.plan import Wish, wanted_period
from ..load.progress import Bar
from ..load.report import Loader, Outcome
from ..model.clock import SystemClock
from ..model.errors import FatalSourceError, UsageError
from ..model.readings import Series
from ..model.words import counted
from ..settings import Settings, load
from ..sources import SOURCES, with_api
from ..store.connection import open_store
from ..store.schema import ensure_pair, first_load
from .analyse import analyse_new
from .common import Options, clean_up, day_option, echo_json, exit_code, json_option, loader_of, report
from .tempo import fetch_where_wanted

SWEEP = "Open sources: also read again the N windows looked at longest ago."
LONGEST_FIRST_LOAD = 600  # s


@click.command("backfill")
@click.option("--source", default="linky", show_default=True, help=f"What to load: {', '.join(with_api())}.")
@day_option("--since", "First day (default: two years ago; all there is of an open source).")
@day_option("--until", "Day after the last one (default: today).")
@click.option("--max-calls", type=click.IntRange(min=1), help="Stop after this many calls.")
@click.option("--wait", is_flag=True, help="Stay when the day's calls are used up and go on the next day.")
@click.option("--dry-run", is_flag=True, help="Print the plan, make no call.")
@click.option("--again", is_flag=True, help="Ask for finished days too: a correction, a late day.")
@click.option("--sweep", type=click.IntRange(min=0), default=0, metavar="N", help=SWEEP)
@json_option
def backfill_command(
    source: str,
    since: date | None,
    until: date | None,
    max_calls: int | None,
    wait: bool,
    dry_run: bool,
    again: bool,
    sweep: int,
    as_json: bool,
) -> None:
    """Load history from the API into both collections, oldest first. Stop it at any time: it goes on where it was.

    \b
    Examples:
      python -m sync backfill                     the last two years, today's share of calls
      python -m sync backfill --wait              leave it alone until everything is there
      python -m sync backfill --dry-run           the plan only
      python -m sync backfill --since 2026-01-01 --max-calls 5
      python -m sync backfill --since 2026-03-01 --until 2026-03-08 --again
      python -m sync backfill --source elhub      Norway by price area and group, no key needed
    """
    if source not in with_api():
        raise UsageError(f"source {source!r} cannot be loaded; known: {', '.join(sorted(with_api()))}")
    options = Options(since, until, max_calls, wait, again, sweep)
    raise SystemExit(run_backfill(load(), source, options, dry_run=dry_run, as_json=as_json))


def run_backfill(settings: Settings, name: str, options: Options, dry_run: bool = False, as_json: bool = False) -> int:
    """The whole command; returns its exit code."""
    started, clock, progress = time.monotonic(), SystemClock(), Bar("call")
    source = SOURCES[name].connect(settings)
    if options.sweep and not source.is_bulk:
        raise UsageError("--sweep is for the open sources: a meter's finished days do not change (--again asks anyway)")
    now = clock.now()
    notes = [f"warning: {warning}" for warning in source.refuse_unusable(now)]
    today = now.astimezone(source.zone).date()
    wanted, cuts = wanted_period(source.datasets, options.since, options.until, today, is_loopback(source.base))
    for note in notes + cuts:
        progress.note(note)
    budget = budget_of(source, settings, clock)
    transport = Transport(budget, clock, settings.sync_contact, options.max_calls, progress.note)
    wish = Wish(wanted, today, now if options.again else None, options.sweep)
    with open_store(settings) as database:
        loader = loader_of(database, settings, name)
        kept = settings.sync_home / "answers"
        jobs = [Backfill(source, dataset, wish, transport, loader, progress, kept) for dataset in source.datasets]
        plan = plan_text(jobs, budget)
        if dry_run:
            return _show_plan(plan, jobs, as_json)
        clean_up(database, settings)
        progress.note(plan)
        outcome = _load_and_prove(jobs, loader, options.wait, progress, _planned_seconds(jobs, budget))
        if name == "linky":
            fetch_where_wanted(settings, database, progress.note)
        outcome.seconds = time.monotonic() - started
        if as_json:
            echo_json(outcome.as_json())
        else:
            report(outcome, loader.pair, "window")
        analyse_new(loader.pair, outcome)
    return exit_code(outcome)


def plan_text(jobs: Sequence[Backfill], budget: Budget) -> str:
    """`105 calls (105 load curve), at least 105 s, 5 days at 25 a day, 0 made today; done so far 0`."""
    plans = [job.planned() for job in jobs]
    calls: Counter[str] = Counter()
    for job, plan in sorted(zip(jobs, plans, strict=True), key=lambda each: each[0].dataset.is_beside):
        calls[job.dataset.name] += len(plan.windows)
    named = ", ".join(f"{count} {name}" for name, count in calls.items())
    text = f"{counted(calls.total(), 'call')} ({named})"
    usage = budget.usage()
    if usage.limit is not None:
        days = days_of_budget(calls.total(), usage.limit, usage.left)
        text += f", at least {_planned_seconds(jobs, budget):.0f} s"
        text += f", {counted(days, 'day')} at {usage.limit} a day, {usage.calls} made today"
    return f"{text}; done so far {sum(plan.done for plan in plans)}"


def _planned_seconds(jobs: Sequence[Backfill], budget: Budget) -> float:
    """The least time that the pauses between the planned calls take, s."""
    if budget.limit is None:
        return 0.0
    return sum(len(job.planned().windows) * max(budget.spacing, job.dataset.spacing) for job in jobs)


def _show_plan(plan: str, jobs: Sequence[Backfill], as_json: bool) -> int:
    if as_json:
        planned = sum(len(job.planned().windows) for job in jobs)
        echo_json(Outcome().as_json() | {"dry_run": True, "planned_calls": planned})
    else:
        click.echo(plan)
    return 0


@contextmanager
def _prepared(loader: Loader, jobs: Sequence[Backfill], progress: Bar, seconds: float) -> Iterator[None]:
    """The pair is there, with the faster key for a load of minutes only: into a longer one others may write."""
    if seconds <= LONGEST_FIRST_LOAD and jobs[0].source.is_bulk:
        with first_load(loader.pair):
            yield
        return
    ensure_pair(loader.pair)
    if gone := loader.forget_generated(_series(jobs)):
        progress.note(f"removed the generated household ({counted(gone, 'reading')}): real readings come in")
    yield


def _load_and_prove(jobs: Sequence[Backfill], loader: Loader, wait: bool, progress: Bar, seconds: float) -> Outcome:
    """Whatever ends the run, the collections are compared before it is told. seconds: how long it takes at least."""
    try:
        try:
            with _prepared(loader, jobs, progress, seconds):
                backfill(jobs, loader, progress, wait)
        except FatalSourceError as fatal:
            loader.prove(_series(jobs))
            same = "both collections are identical" if loader.outcome.identical else "run python -m sync repair"
            fatal.args = (f"{fatal} [stored before: {counted(loader.outcome.written.new, 'reading')}; {same}]",)
            raise
        loader.prove(_series(jobs))
    finally:
        progress.close()
    return loader.outcome


def _series(jobs: Sequence[Backfill]) -> list[Series]:
    """Those that datasets name: of meters."""
    return list(dict.fromkeys(job.dataset.series for job in jobs if job.dataset.series))
