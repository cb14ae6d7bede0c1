"""A backfill: plan → ask → verified readings → store → ledger, oldest first, resumable anywhere.

The oldest window comes first: it is the next to fall off the history an API keeps, and a time-series collection filled
oldest to newest has an order of magnitude fewer buckets. Of a bulk source the next answer is fetched and read while the
present one is written, so a stop costs at most two repeated calls, else one.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from ..http.budget import Turn, is_loopback
from ..http.transport import Answer, Transport
from ..model.clock import Clock
from ..model.errors import (
    BudgetSpent,
    CallLimit,
    FatalSourceError,
    GatewayTrouble,
    HistoryFloor,
    NoReadings,
    RateLimited,
    RetriableError,
    SyncError,
    UnknownAnswer,
    WindowRefused,
)
from ..model.localtime import days, midnight
from ..model.privacy import masked
from ..model.private import private_file, private_folder, private_home
from ..model.readings import Series, instant
from ..model.window import DONE, EMPTY, FAILED, PARTIAL, Entry, Window
from ..sources.source import AnswerRefused, Dataset, NotJson, Parsed, Source, UnknownShape
from ..store.claims import Claim, broken
from ..store.forget import finish_forgetting
from ..store.lease import Lease, held
from ..store.writer import Written
from .plan import Wish, due_windows, swept_windows
from .progress import Progress, ahead
from .report import Loader, Outcome

FAILURES_IN_A_ROW = 3
LEASE_SECONDS = 600  # longer than one window with all its retries
PATIENCE = 24 * 3600  # s; another loader of the same dataset is waited for
CLOCK_TOLERANCE = timedelta(hours=12)
KEPT_REJECTS = 20
KEPT_LETTERS = 4_000_000  # of an answer that was refused
PASSING = (AnswerRefused, NoReadings, WindowRefused, RetriableError)


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer, read; or why there is none. calls: attempts it took, 0 for a window that is in the record already."""

    window: Window
    parsed: Parsed | None = None
    error: Exception | None = None
    calls: int = 0

    @property
    def ends_run(self) -> bool:
        """Whether nothing more is to be asked after this: a limit, a budget, a refusal of everything."""
        passes = isinstance(self.error, PASSING) and not isinstance(self.error, RateLimited)
        return self.error is not None and not passes


@dataclass(frozen=True, slots=True)
class Plan:
    """Windows still to be asked, oldest first, and how many are finished."""

    windows: list[Window]
    done: int


def backfill(jobs: Sequence[Backfill], loader: Loader, progress: Progress, wait: bool = False) -> Outcome:
    """Run every job; with `wait`, stay and go on when calls are allowed again. All share one transport.

    What merely stops a run is in `outcome.stopped`; fatal answers are raised. Either way all before it is stored.
    """
    outcome = loader.outcome
    _restore(jobs, loader, progress)
    plans = [job.planned() for job in jobs]
    progress.start(sum(len(plan.windows) for plan in plans), sum(plan.done for plan in plans))
    try:
        while not _run(jobs, outcome, loader.clock, progress, wait):
            outcome.stopped = ""
    finally:
        outcome.calls = jobs[0].transport.calls if jobs else 0
    outcome.remaining = sum(len(job.planned().windows) for job in jobs)
    return outcome


def _restore(jobs: Sequence[Backfill], loader: Loader, progress: Progress) -> None:
    """What the ledger says, the record lacks and the mirror has needs no call."""
    for job in jobs[:1]:
        finish_forgetting(loader.pair, job.source.zone, loader.clock, progress.note)
    if gone := [claim for job in jobs for claim in job.broken()]:
        count = loader.restore(gone)
        left = sum(len(job.broken(again=True)) for job in jobs)
        progress.note(
            f"{loader.pair.record.name} lacks readings of {len(gone)} windows that were loaded: {count:,} copied back "
            f"from {loader.pair.mirror.name}, {left} windows are asked for again"
        )


def _run(jobs: Sequence[Backfill], outcome: Outcome, clock: Clock, progress: Progress, wait: bool) -> bool:
    """One pass over the jobs; False when it is to be repeated after a wait."""
    try:
        for job in jobs:
            job.run()
        for job in [job for job in jobs if job.refused]:  # once more, above the floor that another dataset learned
            job.run()
            for window, why in job.refused:
                progress.note(f"{job.label}: nothing for {window}: {why}")
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


@dataclass(slots=True)
class Backfill:
    """Loads one dataset. `kept` is the folder for answers that were refused. Raises what stops a run.

    refused: windows that a dataset beside the readings was refused for lying before its floor.
    """

    source: Source
    dataset: Dataset
    wish: Wish
    transport: Transport
    loader: Loader
    progress: Progress
    kept: Path
    failures: int = field(default=0, init=False)
    swept: list[Window] | None = field(default=None, init=False)
    refused: list[tuple[Window, HistoryFloor]] = field(default_factory=list, init=False)
    _probed: set[Window] = field(default_factory=set, init=False)
    _broken: list[Claim] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.source.totals_of = self.loader.ledger.totals

    @property
    def key(self) -> Series:
        """The name under which ledger and lease keep this dataset."""
        return self.source.key(self.dataset)

    @property
    def label(self) -> str:
        """For people: `linky …0844 consumption`, or the source's own word."""
        series = self.dataset.series
        return (
            series.label + (f" {self.dataset.name}" if self.dataset.is_beside else "") if series else self.dataset.name
        )

    def planned(self) -> Plan:
        """What a run that begins at this moment would ask for; the sweep is chosen once."""
        now, wish = self.loader.clock.now(), self._wish()
        gone = {claim.of for claim in self.broken()}
        entries = [
            replace(entry, state=FAILED) if entry.window in gone else entry
            for entry in self.loader.ledger.entries(self.key, self.dataset.kind)
        ]
        windows = due_windows(self.source, self.dataset, entries, wish, now)
        if self.swept is None:
            looked = swept_windows(self.source, self.dataset, entries, wish, now) if wish.sweep else []
            self.swept = [window for _, window in looked]
        windows = sorted({*windows, *self.swept}, key=lambda window: window.start)
        return Plan(windows, 0 if self.dataset.is_beside else sum(entry.state == DONE for entry in entries))

    def broken(self, again: bool = False) -> list[Claim]:
        """Windows of which the record no longer has what the ledger says: these are asked for again. Counted once."""
        if self._broken is None or again:
            claims = self.loader.ledger.claims(self.source.name, self.source.zone, self.key)
            self._broken = [] if self.dataset.is_beside else broken(self.loader.pair, claims)
        return self._broken

    def _wish(self) -> Wish:
        """Without the days before the floor of the history, as far as it was learned."""
        floor = self.loader.ledger.floor(self.key)
        if floor is None:
            return self.wish
        wanted = self.wish.wanted
        return replace(self.wish, wanted=Window(min(max(wanted.start, floor[0]), wanted.end), wanted.end))

    def run(self) -> None:
        """Ask for everything planned. Another loader of the same dataset is waited for, then only the rest is asked."""
        self.refused = []
        lease = Lease(self.loader.pair.record.database, f"load {self.key.key}", LEASE_SECONDS, self.loader.clock)
        if not lease.try_acquire():
            self.progress.note(f"another loader is at work on {self.key.label}: waiting for it")
        with held(lease, PATIENCE):
            windows = self.planned().windows
            while windows:
                windows = self._load(windows, lease)

    def _load(self, windows: list[Window], lease: Lease) -> list[Window]:
        """Ask for windows one by one; what is left of them when the floor of the history was met and found."""
        in_turn = (
            ahead(self._fetch, windows, lambda fetched: fetched.ends_run)
            if self.source.is_bulk
            else map(self._fetch, windows)
        )
        for place, fetched in enumerate(in_turn):
            lease.keep()
            if isinstance(fetched.error, HistoryFloor) and not self.dataset.is_beside:
                return self._above_floor(windows[place:], fetched.error)
            self._take(fetched)
            self.progress.advance(f"{self.label} {fetched.window}")
        return []

    # --- of a bulk source in the thread that is one step ahead -----------------------------------------------------

    def _fetch(self, window: Window) -> Fetched:
        """One call and its reading; every failure that can be expected becomes part of the result."""
        if window in self._probed:
            return Fetched(window)
        before, clock = self.transport.calls, self.loader.clock
        url, query = self.source.question(self.dataset, window)
        turn = Turn(self.dataset.name, self.dataset.spacing) if self.source.is_bulk else None
        parsed, text = None, ""
        error: Exception | None = None

        def judged(answer: Answer) -> Exception | None:
            """What is wrong with an answer; one that is no JSON is asked for again, like one that did not come."""
            nonlocal parsed, text
            if refused := self.source.explain(answer, clock.now()):
                return refused
            refuse_wrong_clock(answer, clock.now(), self.source)
            text = answer.text
            try:
                parsed = self.source.parse(self.dataset, window, text, clock.now())
            except NotJson as broken:
                return broken
            return None

        try:
            self.transport.get(url, query, self.source.headers(self.dataset), judged, turn)
        except UnknownShape as shape:
            error = UnknownAnswer(
                f"an answer of unknown shape for {window} ({shape}); its text {self._keep(window, text)}: "
                "the API may have changed, look for a newer version of this tool",
                200,
            )
        except AnswerRefused as refused:
            error = AnswerRefused(f"the answer was refused: {refused} [its text {self._keep(window, text)}]")
        except SyncError as trouble:
            error = trouble
        return Fetched(window, parsed, error, self.transport.calls - before)

    def _keep(self, window: Window, text: str) -> str:
        """Save a refused answer for whoever looks into it, without a PRM or token; says where, or why not.

        Of a huge one the beginning, which must not end inside a PRM.
        """
        if len(text) > KEPT_LETTERS:
            text = text[:KEPT_LETTERS].rstrip("0123456789")
        name = f"{self.source.name}_{self.dataset.name.replace(' ', '_')}_{window.start}_{window.end}.txt.gz"
        try:
            private_home(self.kept.parent)
            kept = private_file(private_folder(self.kept) / name)
            kept.write_bytes(gzip.compress(masked(text).encode(), mtime=0))
        except OSError as error:
            return f"could not be kept ({error.strerror})"
        return f"is kept in {self.kept / name}"

    # --- in the thread that writes ---------------------------------------------------------------------------------

    def _take(self, fetched: Fetched, mirror: bool = True) -> None:
        """Store one answer and enter it in the ledger, or enter why there is none. Raises what ends the run."""
        error = fetched.error
        if fetched.parsed:
            self._store(fetched, fetched.parsed, mirror)
            self.failures = 0
        elif isinstance(error, NoReadings):
            every_day = tuple(days(fetched.window.start, fetched.window.end))
            self._enter(fetched, EMPTY, str(error), every_day)
            self.failures = 0
        elif isinstance(error, HistoryFloor):
            self.refused.append((fetched.window, error))
        elif isinstance(error, FatalSourceError):
            self._enter(fetched, FAILED, str(error))
            raise error
        elif error and fetched.ends_run:
            raise error
        elif error:
            self._failed(fetched, error, ends_run=not mirror)
        else:
            self._fill_mirror(fetched.window)

    def _store(self, fetched: Fetched, parsed: Parsed, mirror: bool) -> None:
        place = f"{self.label} {fetched.window}"
        written = self.loader.store(parsed, place, mirror)
        self.loader.ledger.keep_totals(self.key, parsed.totals, "api", self.loader.clock.now())
        if parsed.short:
            self.loader.outcome.short.append(f"{place}: {parsed.short}")
        reason = "; ".join(filter(None, (parsed.short, *parsed.notes.values())))
        refused = len(written.rejected)
        self._enter(fetched, _state(parsed, written), reason, parsed.short_days or (), refused)

    def _failed(self, fetched: Fetched, error: Exception, ends_run: bool) -> None:
        """Enter a failure; raise it when it ends the run: a search for the floor cannot go on without its answer."""
        self._enter(fetched, FAILED, str(error))
        self.progress.note(f"{self.label} {fetched.window} failed: {error}")
        self.failures += not self.dataset.is_beside
        if ends_run or self.failures >= FAILURES_IN_A_ROW:
            until = datetime.combine(self.loader.clock.now().date() + timedelta(days=1), time(), UTC)
            message = f"{self.failures} windows in a row failed, the last with: {error}"
            raise GatewayTrouble(message, getattr(error, "status", 200), until) from error

    def _enter(
        self, fetched: Fetched, state: str, reason: str, short_days: tuple[date, ...] = (), refused: int = 0
    ) -> None:
        parsed = fetched.parsed
        own = {batch.series.key for batch in parsed.batches} if parsed else set()
        entry = Entry(
            fetched.window,
            state,
            self.loader.clock.now(),
            readings=parsed.readings - refused if parsed else 0,
            wh=parsed.wh if parsed else 0,
            calls=fetched.calls,
            status="200" if parsed else str(getattr(fetched.error, "status", 200)),
            reason=reason,
            short_days=short_days,
            rejects=parsed.rejects[:KEPT_REJECTS] if parsed else (),
            series=tuple(sorted(own - {self.key.key})),
        )
        self.loader.ledger.record(self.key, self.dataset.kind, entry)
        self.loader.outcome.windows += not self.dataset.is_beside
        asked = fetched.window
        self._broken = [claim for claim in self.broken() if claim.of.start < asked.start or asked.end < claim.of.end]
        if self.swept and asked in self.swept:
            self.swept.remove(asked)

    # --- the floor of the history ----------------------------------------------------------------------------------

    def _above_floor(self, windows: list[Window], refused: HistoryFloor) -> list[Window]:
        """The windows that the API serves, after learning where it begins to."""
        self._raise_floor(windows[0], refused)
        floor, whole = self.source.first_served_day(windows, 0, self._is_served)
        self.loader.ledger.raise_floor(self.key, floor, refused.code, self.loader.clock.now())
        self.progress.note(f"{self.label}: nothing before {floor}: {refused}")
        edge = Window(floor, windows[whole - 1].end)
        return [edge, *windows[whole:]] if edge.length else windows[whole:]

    def _is_served(self, window: Window) -> bool:
        """Ask for a window: its readings go into the record, the mirror gets them when their turn comes."""
        fetched = self._fetch(window)
        if isinstance(fetched.error, HistoryFloor):
            self._raise_floor(window, fetched.error)
            return False
        self._take(fetched, mirror=False)
        self._probed.add(window)
        return True

    def _raise_floor(self, window: Window, refused: HistoryFloor) -> None:
        """A refused window proves that its first day lies below the floor."""
        after = window.start + timedelta(days=1)
        self.loader.ledger.raise_floor(self.key, after, refused.code, self.loader.clock.now())

    def _fill_mirror(self, window: Window) -> None:
        zone = self.source.zone
        first, last = instant(midnight(window.start, zone)), instant(midnight(window.end, zone) - 1)
        self.loader.writer.fill_mirror(self.key, first, last)


def _state(parsed: Parsed, written: Written) -> str:
    """Of a source that counts by days the days alone decide."""
    short = parsed.short or parsed.rejects or written.rejected if parsed.short_days is None else parsed.short_days
    if not short and parsed.readings:
        return DONE
    return PARTIAL if parsed.readings else EMPTY


def refuse_wrong_clock(answer: Answer, now: datetime, source: Source) -> None:
    """A clock that is days off would ask for the wrong days, and date what it learns wrongly. Raises FatalSourceError.

    A server of our own may live in another year.
    """
    theirs = answer.date
    if theirs and abs(theirs - now) > CLOCK_TOLERANCE and not is_loopback(source.base):
        raise FatalSourceError(
            f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC, the server of {source.name} "
            f"{theirs:%Y-%m-%d %H:%M} UTC: set the clock and run again",
            answer.status,
        )
