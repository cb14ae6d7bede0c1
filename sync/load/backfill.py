"""A backfill run over all series: the plan, the budget's end, waiting for the next day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ..model.clock import Clock
from ..model.errors import BudgetSpent, CallLimit, GatewayTrouble, RateLimited
from .loader import Loader
from .outcome import Outcome, Progress


class Planned(Protocol):
    """What a job would ask for: calls to make, windows that are finished."""

    @property
    def calls(self) -> int: ...

    @property
    def done(self) -> int: ...


class Job(Protocol):
    """What a backfill runs: the series of a meter, the dataset of a source. All jobs of a run share one transport."""

    @property
    def calls(self) -> int: ...

    def planned(self) -> Planned: ...

    def run(self) -> None: ...


def backfill(jobs: Sequence[Job], loader: Loader, clock: Clock, progress: Progress, wait: bool = False) -> Outcome:
    """Run every job; with `wait`, stay and go on when calls are allowed again.

    What merely stops a run is in `outcome.stopped`; fatal answers are raised. Either way all before it is stored.
    """
    outcome = loader.outcome
    planned = [job.planned() for job in jobs]
    progress.start(sum(plan.calls for plan in planned), sum(plan.done for plan in planned))
    try:
        while not _run(jobs, outcome, clock, progress, wait):
            outcome.stopped = ""
    finally:
        outcome.calls = jobs[0].calls if jobs else 0
    outcome.remaining = sum(job.planned().calls for job in jobs)
    return outcome


def _run(jobs: Sequence[Job], outcome: Outcome, clock: Clock, progress: Progress, wait: bool) -> bool:
    """One pass over the jobs; False when it is to be repeated after a wait."""
    try:
        for job in jobs:
            job.run()
    except (BudgetSpent, RateLimited, GatewayTrouble) as stop:
        outcome.stopped = str(stop)
        if wait:
            _wait_until(stop.until, str(stop), clock, progress)
            return False
    except CallLimit as stop:
        outcome.stopped = str(stop)
    return True


def _wait_until(until: datetime, why: str, clock: Clock, progress: Progress) -> None:
    seconds = (until - clock.now()).total_seconds() + 60  # a minute past it, for clocks that differ
    progress.note(f"{why}; waiting until {until:%Y-%m-%d %H:%M} UTC ({seconds / 3600:.1f} h); Ctrl-C loses nothing")
    clock.sleep(max(1.0, seconds))


def days_of_budget(calls: int, per_day: int | None, left_today: float) -> int:
    """How many UTC days a plan takes, today included."""
    if per_day is None or calls <= left_today:
        return 1
    return 1 + math.ceil((calls - left_today) / per_day)
