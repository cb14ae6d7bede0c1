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
    ADDRESS,
    DATASET,
    FLOW,
    METER,
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
from ..model.window import DONE, EMPTY, FAILED, PARTIAL, Entry, Window, first_true
from ..model.words import counted
from ..sources.source import AnswerRefused, Dataset, NotJson, Parsed, Source, UnknownShape
from ..store.claims import Claim, broken
from ..store.forget import finish_forgetting
from ..store.lease import Lease, held
from ..store.writer import Written
from .limits import Limits
from .plan import Wish, due_windows, swept_windows
from .progress import Progress, ahead
from .report import Loader, Outcome

FAILURES_IN_A_ROW = 3
LEASE_SECONDS = 600  # longer than one window with all its retries
PATIENCE = 24 * 3600  # s; another loader of the same dataset is waited for
CLOCK_TOLERANCE = timedelta(hours=12)
KEPT_REJECTS = 20
KEPT_LETTERS = 4_000_000  # of an answer that was refused
LOOKED_AT = 2  # windows that two more calls can say something about
PASSING = (AnswerRefused, NoReadings, WindowRefused, RetriableError)


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer, read; or why there is none. calls: attempts it took, 0 for a window that is in the record already."""

    window: Window
    parsed: Parsed | None = None
    error: Exception | None = None
    calls: int = 0

    @property
    def has_nothing(self) -> bool:
        """Whether there is not one point in the window, as far as the source knows now."""
        parsed = self.parsed
        return isinstance(self.error, NoReadings) or (
            parsed is not None and not (parsed.readings or parsed.missing or parsed.rejects)
        )

    @property
    def ends_run(self) -> bool:
        """Whether nothing more is to be asked after this: a limit, a budget, a refusal of everything."""
        passes = isinstance(self.error, PASSING) and not isinstance(self.error, RateLimited)
        return self.error is not None and not passes


class Replanned(Exception):
    """Other windows are to be asked for than those of the plan."""


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
    ended = Ended(sorted(jobs, key=lambda job: job.failed_last()), outcome, progress)
    plans = [job.planned() for job in jobs]
    progress.start(sum(len(plan.windows) for plan in plans), sum(plan.done for plan in plans))
    try:
        while not _run(ended, loader.clock, wait):
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
            f"{loader.pair.record.name} lacks readings of {counted(len(gone), 'loaded window')}: {count:,} copied back "
            f"from {loader.pair.mirror.name}, {counted(left, 'window')} asked for again"
        )


@dataclass(slots=True)
class Ended:
    """The jobs of a run, those that failed the last time at the end; and what is not asked any more, with the reason:
    of one kind of call, of a meter or its flow. Only what reaches the address ends the whole run.

    silent: windows in a row that failed, whatever the dataset.
    """

    jobs: Sequence[Backfill]
    outcome: Outcome
    progress: Progress
    reasons: list[tuple[Backfill, FatalSourceError | GatewayTrouble]] = field(default_factory=list)
    silent: int = 0

    def run(self) -> GatewayTrouble | None:
        """One pass over the jobs: what of it is to be tried again later. Raises what ends the run."""
        for job in [job for job, why in self.reasons if isinstance(why, GatewayTrouble)]:
            del self.outcome.not_loaded[job.label]
        self.reasons = [(job, why) for job, why in self.reasons if isinstance(why, FatalSourceError)]
        self.silent = 0
        for job in self.jobs:
            self._run(job)
        for job in [job for job in self.jobs if job.refused]:  # once more, above a floor learned by another dataset
            self._run(job)
            for window, why in job.refused:
                self.progress.note(f"{job.label}: nothing for {window}: {why}")
        troubles = [why for _, why in self.reasons if isinstance(why, GatewayTrouble)]
        return troubles[-1] if troubles else None

    def _run(self, job: Backfill) -> None:
        if self._reaches(job):
            return
        job.silent = self.silent
        try:
            job.run()
        except (FatalSourceError, GatewayTrouble) as error:
            self._end(job, error)
        self.silent = job.silent

    def _reaches(self, job: Backfill) -> bool:
        return any(reaches(why.reach, of.dataset, job.dataset) for of, why in self.reasons)

    def _end(self, job: Backfill, error: FatalSourceError | GatewayTrouble) -> None:
        """Raises an error that leaves no readings to ask for."""
        self.reasons.append((job, error))
        self.outcome.not_loaded[job.label] = str(error)
        is_fatal = isinstance(error, FatalSourceError) and all(map(self._is_dead, self.jobs))
        if error.reach == ADDRESS or is_fatal:
            raise error
        self.progress.note(f"{job.label} is left out: {error}")

    def _is_dead(self, job: Backfill) -> bool:
        fatal = [(of.dataset, why) for of, why in self.reasons if isinstance(why, FatalSourceError)]
        return job.dataset.is_beside or any(reaches(why.reach, of, job.dataset) for of, why in fatal)


def reaches(reach: str, of: Dataset, other: Dataset) -> bool:
    """Whether what was said about a call for one dataset is true of another."""
    if reach in (FLOW, METER) and of.series and other.series:
        return of.series.id == other.series.id and (reach == METER or of.flow == other.flow)
    return reach == ADDRESS or of == other


def _run(ended: Ended, clock: Clock, wait: bool) -> bool:
    """One pass over the jobs; False when it is to be repeated after a wait."""
    outcome, progress = ended.outcome, ended.progress
    try:
        if trouble := ended.run():
            raise trouble
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

    refused: windows that a dataset beside the readings was refused for lying before its floor. failures: windows in a
    row that failed; silent: the same of whatever dataset, since the other side last answered.
    """

    source: Source
    dataset: Dataset
    wish: Wish
    transport: Transport
    loader: Loader
    progress: Progress
    kept: Path
    failures: int = field(default=0, init=False)
    silent: int = field(default=0, init=False)
    limits: Limits = field(init=False)
    swept: list[Window] | None = field(default=None, init=False)
    refused: list[tuple[Window, HistoryFloor]] = field(default_factory=list, init=False)
    _probed: dict[Window, bool] = field(default_factory=dict, init=False)
    _broken: list[Claim] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.source.totals_of = self.loader.ledger.totals
        self.limits = Limits(self.loader.ledger, self.source, self.dataset)

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
        now = self.loader.clock.now()
        dataset, wish = self.limits.allowed(self._wish(), now)
        gone = {claim.of for claim in self.broken()}
        entries = [
            replace(entry, state=FAILED) if entry.window in gone else entry
            for entry in self.loader.ledger.entries(self.key, self.dataset.kind)
        ]
        windows = self.limits.looks(due_windows(self.source, dataset, entries, wish, now), wish, now)
        if self.swept is None:
            looked = swept_windows(self.source, dataset, entries, wish, now) if wish.sweep else []
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
        if (floor := self.loader.ledger.floor(self.key)) is None:
            return self.wish
        wanted = self.wish.wanted
        return replace(self.wish, wanted=Window(min(max(wanted.start, floor[0]), wanted.end), wanted.end))

    def failed_last(self) -> bool:
        """Whether the last call for a meter's readings failed: the others are asked first then."""
        if self.source.is_bulk or self.dataset.is_beside:
            return False
        entries = self.loader.ledger.entries(self.key, self.dataset.kind)
        return bool(entries) and max(entries, key=lambda entry: entry.at).state == FAILED

    def run(self) -> None:
        """Ask for everything planned. Another loader of the same dataset is waited for, then only the rest is asked."""
        self.refused = []
        self._probed.clear()
        lease = Lease(self.loader.pair.record.database, f"load {self.key.key}", LEASE_SECONDS, self.loader.clock)
        if not lease.try_acquire():
            self.progress.note(f"another loader is at work on {self.key.label}: waiting for it")
        with held(lease, PATIENCE):
            windows = self.planned().windows
            while windows:
                try:
                    windows = self._load(windows, lease)
                except Replanned:
                    windows = self._plan_again()
        if off := self.limits.off():
            self.loader.outcome.not_loaded[self.label] = off.why

    def _load(self, windows: list[Window], lease: Lease) -> list[Window]:
        """Ask for windows one by one; what is left of them when an edge of what is served was met and found.

        Raises Replanned when other windows are to be asked for.
        """
        in_turn = (
            ahead(self._fetch, windows, lambda fetched: fetched.ends_run)
            if self.source.is_bulk
            else map(self._fetch, windows)
        )
        for place, fetched in enumerate(in_turn):
            lease.keep()
            if isinstance(fetched.error, HistoryFloor) and not self.dataset.is_beside:
                return self._above_floor(windows[place:], fetched.error)
            self._adapt(fetched)
            self._take(fetched)
            self.progress.advance(f"{self.label} {fetched.window}")
            if fetched.has_nothing and (left := self._without_nothing(windows[place:], fetched)) is not None:
                return left
        if off := self.limits.off():
            self.limits.switched(off.why, self.loader.clock.now())
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
            refused = self.source.explain(answer, clock.now())
            if refused is None or (isinstance(refused, FatalSourceError) and refused.days):
                refuse_wrong_clock(answer, clock.now(), self.source)  # it may be what asks for the wrong days
            if refused:
                return refused
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
                DATASET,
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
        if fetched.parsed or isinstance(error, NoReadings):
            self.failures = self.silent = 0
            self.limits.prove()
        if fetched.parsed:
            self._store(fetched, fetched.parsed, mirror)
            if fetched.parsed.readings and self.limits.off():
                self.progress.note(f"{self.label}: it comes again, what was empty before is asked for once more")
                self.limits.switched("", self.loader.clock.now())
                raise Replanned
        elif isinstance(error, NoReadings):
            every_day = tuple(days(fetched.window.start, fetched.window.end))
            self._enter(fetched, FAILED if error.remedy else EMPTY, str(error), every_day)
            if error.remedy:
                self.loader.outcome.not_loaded[self.label] = f"{fetched.window}: {error.remedy}"
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
        self.failures += 1
        self.silent += 1
        is_address = self.silent > self.failures  # another dataset failed before this one, with no answer in between
        if ends_run or is_address or self.failures >= FAILURES_IN_A_ROW:
            until = datetime.combine(self.loader.clock.now().date() + timedelta(days=1), time(), UTC)
            message = f"{self.silent} windows in a row failed, the last with: {error}"
            reach = ADDRESS if is_address else DATASET
            raise GatewayTrouble(message, getattr(error, "status", 200), until, reach) from error

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
        self._adapt(fetched)
        if fetched.parsed:
            self._probed[window] = not fetched.has_nothing
        self._take(fetched, mirror=False)
        self._probed.setdefault(window, False)
        return True

    def _raise_floor(self, window: Window, refused: HistoryFloor) -> None:
        """A refused window proves that its first day lies below the floor."""
        after = window.start + timedelta(days=1)
        self.loader.ledger.raise_floor(self.key, after, refused.code, self.loader.clock.now())

    # --- what is not served so, or not at all ----------------------------------------------------------------------

    def _adapt(self, fetched: Fetched) -> None:
        """Raises Replanned where shorter or older days may be served in place of refused ones."""
        error = fetched.error
        if not isinstance(error, FatalSourceError) or not error.days:
            return
        now = self.loader.clock.now()
        if adapted := self.limits.adapt(fetched.window, error, self.wish.today, now):
            self.progress.note(f"{self.label} {fetched.window}: {adapted}: {error}")
            raise Replanned

    def _plan_again(self) -> list[Window]:
        """The windows that are due now; what was asked beforehand is among them no more, the mirror gets it here."""
        for window in sorted(self._probed, key=lambda window: window.start):
            self._fill_mirror(window)
        self._probed.clear()
        return self.planned().windows

    def _without_nothing(self, windows: list[Window], fetched: Fetched) -> list[Window] | None:
        """What is left to ask for when there is nothing in the first of some windows; None where they stay as they are.

        The newest and the one in the middle tell whether anything comes at all. Where no reading lies before, the first
        window with readings is looked for by halving, as a curve begins with its collection.
        """
        asked, rest = windows[0], windows[1:]
        if len(rest) < LOOKED_AT or not self.source.absence(self.dataset, has_totals=True):
            return None
        if self.wish.again and self._has_stored({}):
            return None  # whoever asks again on purpose gets every window asked
        places = (len(rest) - 1, (len(rest) - 1) // 2)
        served = next((place for place in places if self._has_readings(rest[place])), None)
        if served is None:
            return self._without_readings(windows, fetched)
        if self._has_stored({"$lt": self._instant(asked.start)}):
            return None
        first = first_true(-1, served, lambda place: self._has_readings(rest[place]))
        self._enter_as_before(windows[: first + 1], rest[first].start)
        return rest[first:]

    def _without_readings(self, windows: list[Window], fetched: Fetched) -> list[Window] | None:
        """What is left to ask for when nothing comes of the newest window, nor of one before it: nothing where there
        is not a reading any more, or where the windows lie before all readings."""
        start, end = self._instant(windows[0].start), self._instant(windows[-1].end)
        if self._has_stored({"$gte": start}):
            if self._has_stored({"$lt": end}):
                return None  # holes among readings
            self._enter_as_before(windows, windows[-1].end)
            return []
        has_totals = bool(self.loader.ledger.totals(self.key, Window(windows[0].start, windows[-1].end)))
        remedy = fetched.error.remedy if isinstance(fetched.error, NoReadings) else ""
        why = remedy or self.source.absence(self.dataset, has_totals)
        self.limits.switched(why, self.loader.clock.now())
        self.progress.note(f"{self.label}: {why}")
        return []

    def _has_readings(self, window: Window) -> bool:
        return self._probed[window] if window in self._probed else self._is_served(window) and self._probed[window]

    def _has_stored(self, when: dict[str, datetime]) -> bool:
        query = self.key.query() | ({"ts": when} if when else {})
        return self.loader.pair.record.find_one(query) is not None

    def _instant(self, day: date) -> datetime:
        return instant(midnight(day, self.source.zone))

    def _enter_as_before(self, windows: list[Window], begin: date) -> None:
        """Windows before the first one with readings are empty, most of them without a call."""
        now, why = self.loader.clock.now(), f"nothing before {begin} in the windows that were asked"
        entries = [
            Entry(window, EMPTY, now, reason=why, short_days=tuple(days(window.start, window.end)))
            for window in windows
        ]
        self.loader.ledger.record(self.key, self.dataset.kind, *entries)
        self.loader.outcome.not_loaded.pop(self.label, None)
        self.progress.note(
            f"{self.label}: {why}, taken as empty from {windows[0].start} on "
            f"(to ask all the same: --again --since {windows[0].start} --until {begin})"
        )
        self.progress.advance(f"{self.label} {windows[-1]}", len(windows) - 1)

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
