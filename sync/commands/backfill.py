"""`backfill`: history over the API."""

from __future__ import annotations

import time
from datetime import date

import click

from ..http.budget import Budget, budget_limit, is_loopback
from ..http.transport import Transport
from ..load.backfill import backfill, days_of_budget
from ..load.loader import Loader
from ..load.outcome import Outcome
from ..load.period import wanted_period
from ..load.progress import Bar
from ..load.series_backfill import Job, SeriesBackfill
from ..model.clock import SystemClock
from ..model.errors import FatalSourceError, UsageError
from ..model.readings import Series
from ..settings import Settings, load
from ..sources import with_api
from ..sources.linky.client import LinkyClient
from ..sources.linky.token import TokenRefused, read_token
from ..store.connection import open_store
from ..store.schema import ensure_pair
from .common import Options, day_option, echo_json, json_option, linky_loader, today_in_paris
from .open_source import run_open_backfill
from .report import exit_code, report

SWEEP = "Open sources: also read again the N windows looked at longest ago."


@click.command("backfill")
@click.option(
    "--source",
    default="linky",
    show_default=True,
    help=f"What to load: {', '.join(with_api())}.",
)
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
    options = Options(since, until, max_calls, wait, again, sweep)
    if source != "linky":
        raise SystemExit(run_open_backfill(load(), source, options, dry_run, as_json))
    if sweep:
        raise UsageError("--sweep is for the open sources: a meter's finished days do not change (--again asks anyway)")
    code = run_backfill(load(), options, dry_run=dry_run, as_json=as_json)
    raise SystemExit(code)


def run_backfill(settings: Settings, options: Options, dry_run: bool = False, as_json: bool = False) -> int:
    """The whole command; returns its exit code."""
    started = time.monotonic()
    progress = Bar("call")
    clock = SystemClock()
    _refuse_unusable(settings, clock, progress)
    url = settings.linky_api_url
    now = clock.now()
    again = now if options.again else None
    wanted, notes = wanted_period(options.since, options.until, today_in_paris(now), is_loopback(url))
    for note in notes:
        progress.note(note)
    limit = budget_limit(url, settings.sync_calls_per_day, "SYNC_CALLS_PER_DAY" in settings.given)
    budget = Budget(url, limit, settings.sync_request_spacing, clock)
    transport = Transport(budget, clock, settings.sync_contact, options.max_calls)
    with open_store(settings) as database:
        loader = linky_loader(database, settings)
        jobs = []
        for meter in settings.meters:
            client = LinkyClient(transport, url, meter, clock, settings.sync_home / "answers")
            for flow in meter.flows:
                series = Series("linky", meter.prm, flow)
                job = Job(client, series, wanted, today_in_paris(now), settings.linky_max_power_w, again)
                jobs.append(SeriesBackfill(job, loader, clock, progress))
        plan = plan_text(jobs, budget)
        if dry_run:
            return _show_plan(plan, jobs, as_json)
        progress.note(plan)
        ensure_pair(loader.pair)
        if gone := loader.forget_generated([job.job.series for job in jobs]):
            progress.note(f"removed the generated household ({gone:,} readings): real readings come in")
        outcome = _load_and_prove(jobs, loader, options.wait, progress)
        outcome.seconds = time.monotonic() - started
        if as_json:
            echo_json(outcome.as_json())
        else:
            report(outcome, loader.pair, "windows")
    return exit_code(outcome)


def plan_text(jobs: list[SeriesBackfill], budget: Budget) -> str:
    """`105 calls, 5 days at 25 a day; done so far 0`."""
    plans = [job.planned() for job in jobs]
    curves, totals = sum(len(plan.curve) for plan in plans), sum(len(plan.totals) for plan in plans)
    usage = budget.usage()
    calls = curves + totals
    text = f"{calls} calls ({curves} load curve, {totals} daily totals)"
    if usage.limit is not None:
        days = days_of_budget(calls, usage.limit, usage.left)
        text += f", {days} {'day' if days == 1 else 'days'} at {usage.limit} a day, {usage.calls} made today"
    return text + f"; done so far {sum(plan.done for plan in plans)}"


def _show_plan(plan: str, jobs: list[SeriesBackfill], as_json: bool) -> int:
    planned = sum(job.planned().calls for job in jobs)
    if as_json:
        echo_json(Outcome(identical=False).as_json() | {"dry_run": True, "planned_calls": planned})
    else:
        click.echo(plan)
    return 0


def _load_and_prove(jobs: list[SeriesBackfill], loader: Loader, wait: bool, progress: Bar) -> Outcome:
    """Whatever ends the run, the collections are compared before it is told."""
    try:
        try:
            backfill(jobs, loader, loader.clock, progress, wait)
        except FatalSourceError as fatal:
            loader.prove(job.job.series for job in jobs)
            same = "both collections are identical" if loader.outcome.identical else "run python -m sync repair"
            stored = f"{loader.outcome.written.new:,} readings were stored before; {same}"
            fatal.args = (f"{fatal} [{stored}]",)
            raise
        loader.prove(job.job.series for job in jobs)
    finally:
        progress.close()
    return loader.outcome


def _refuse_unusable(settings: Settings, clock: SystemClock, progress: Bar) -> None:
    if not settings.meters:
        raise UsageError(
            "LINKY_TOKEN is not set: get a token at https://conso.boris.sh and put it into .env, "
            "or try the tool without one: make run"
        )
    for meter in settings.meters:
        if not meter.token:
            raise UsageError(f"no token for meter …{meter.prm[-4:]}: set LINKY_TOKEN (https://conso.boris.sh)")
        token = read_token(meter.token)
        try:
            token.refuse_expired(clock.now())
        except TokenRefused as error:
            raise UsageError(str(error)) from None
        if warning := token.warning(clock.now()):
            progress.note(f"warning: {warning}")
