"""The historical load of one series: plan windows → fetch → store → ledger.

The oldest window comes first: it is the next to fall off the history the API keeps, and a time-series collection filled
oldest to newest has an order of magnitude fewer buckets.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from ..model.clock import Clock
from ..model.errors import FatalSourceError, GatewayTrouble, HistoryFloor, NoReadings, RateLimited, RetriableError
from ..model.localtime import days, midnight
from ..model.readings import Series, instant
from ..model.window import DONE, EMPTY, FAILED, PARTIAL, Entry, Window
from ..sources.linky.client import CURVE_DAYS, TOTALS_DAYS, LinkyClient
from ..sources.linky.points import Curve, curve_from_points
from ..store.lease import Lease, held
from ..store.ledger import CURVE, DAILY
from .coverage import short_days
from .history_limit import first_served_day
from .loader import Loader
from .outcome import Progress
from .plan import plan_windows

FAILURES_IN_A_ROW = 3
LEASE_SECONDS = 600  # longer than one window with all its retries
PATIENCE = 24 * 3600  # s; another loader of the same series is waited for


@dataclass(frozen=True, slots=True)
class Job:
    """One series to load: whom to ask, the days wanted and today (Paris). `again`: what was asked
    before that moment (UTC) counts as not asked."""

    client: LinkyClient
    series: Series
    wanted: Window
    today: date
    max_power: int
    again: datetime | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """Windows still to be asked, oldest first, and how many are finished."""

    curve: list[Window]
    totals: list[Window]
    done: int

    @property
    def calls(self) -> int:
        return len(self.curve) + len(self.totals)


@dataclass(slots=True)
class SeriesBackfill:
    """Loads one series. Raises what stops a run (budget, ban, trouble); everything before that is stored."""

    job: Job
    loader: Loader
    clock: Clock
    progress: Progress
    failures: int = 0
    probed: set[Window] = field(default_factory=set)

    @property
    def calls(self) -> int:
        """Attempts of this run so far, those of all that share the transport."""
        return self.job.client.transport.calls

    def planned(self) -> Planned:
        """What a run that begins at this moment would ask for."""
        return Planned(
            self._planned(CURVE, CURVE_DAYS),
            self._planned(DAILY, TOTALS_DAYS),
            self.loader.ledger.counts(self.job.series)[DONE],
        )

    def run(self) -> None:
        """Ask for everything planned. Another loader of the same series is waited for, then only the rest is asked."""
        lease = Lease(self.loader.pair.record.database, f"load {self.job.series.key}", LEASE_SECONDS, self.clock)
        if not lease.try_acquire():
            self.progress.note(f"another loader is at work on {self.job.series.label}: waiting for it")
        with held(lease, PATIENCE):
            # Totals first: they judge a doubled hour with a hole. What was refused is asked above the curve's floor.
            refused = self._totals(first=True)
            self._curves(lease)
            if refused:
                self._totals(first=False)

    def _planned(self, kind: str, longest: int) -> list[Window]:
        wanted = self.job.wanted
        ledger = self.loader.ledger
        if floor := ledger.floor(self.job.series):
            wanted = Window(min(max(wanted.start, floor[0]), wanted.end), wanted.end)
        entries = ledger.entries(self.job.series, kind)
        if self.job.again:
            entries = [entry for entry in entries if entry.at >= self.job.again]
        return plan_windows(
            entries,
            wanted,
            today=self.job.today,
            now=self.clock.now(),
            longest=longest,
        )

    # --- the load curve --------------------------------------------------------------------------------------------

    def _curves(self, lease: Lease) -> None:
        windows = self._planned(CURVE, CURVE_DAYS)
        while windows:
            lease.keep()
            window = windows[0]
            try:
                if window in self.probed:
                    self._fill_mirror(window)
                else:
                    self._load(window)
            except HistoryFloor as refused:
                windows = self._above_floor(windows, refused)
                continue
            windows = windows[1:]
            self.progress.advance(str(window))

    def _load(self, window: Window, mirror: bool = True) -> None:
        """One call, stored and entered in the ledger. Raises HistoryFloor and whatever ends the run."""
        calls = self.job.client.transport.calls
        try:
            points = self.job.client.curve(self.job.series.flow, window.start, window.end)
        except NoReadings as nothing:
            self._enter(CURVE, _nothing(window, nothing), calls)
        except RateLimited:
            raise
        except (FatalSourceError, RetriableError) as error:
            self._failed(CURVE, window, calls, error, ends_run=not mirror)
            return
        else:
            curve = curve_from_points(
                self.job.series,
                points,
                max_power=self.job.max_power,
                totals=self.loader.ledger.totals(self.job.series, window),
                window=(midnight(window.start), midnight(window.end)),
            )
            self.loader.store(curve, str(window), mirror)
            self._enter(CURVE, _curve_entry(window, curve), calls)
        self.loader.outcome.windows += 1
        self.failures = 0

    def _above_floor(self, windows: list[Window], refused: HistoryFloor) -> list[Window]:
        """The windows that the API serves, after learning where it begins to."""
        self._raise_floor(windows[0], refused)
        floor, whole = first_served_day(windows, 0, self._is_served)
        self.loader.ledger.raise_floor(self.job.series, floor, refused.code, self.clock.now())
        self.progress.note(f"{self.job.series.label}: nothing before {floor}: {refused}")
        edge = Window(floor, windows[whole - 1].end)
        return [edge, *windows[whole:]] if edge.length else windows[whole:]

    def _is_served(self, window: Window) -> bool:
        """Ask for a window: its readings go into the record, the mirror gets them when their turn comes."""
        try:
            self._load(window, mirror=False)
        except HistoryFloor as refused:
            self._raise_floor(window, refused)
            return False
        self.probed.add(window)
        return True

    def _raise_floor(self, window: Window, refused: HistoryFloor) -> None:
        """A refused window proves that its first day lies below the floor."""
        after = window.start + timedelta(days=1)
        self.loader.ledger.raise_floor(self.job.series, after, refused.code, self.clock.now())

    def _fill_mirror(self, window: Window) -> None:
        first, last = instant(midnight(window.start)), instant(midnight(window.end) - 1)
        self.loader.writer.fill_mirror(self.job.series, first, last)

    # --- daily totals ----------------------------------------------------------------------------------------------

    def _totals(self, first: bool) -> bool:
        """Ask for daily totals; True if a range was refused and is to be asked again above the floor of the curve."""
        refused = False
        for window in self._planned(DAILY, TOTALS_DAYS):
            try:
                self._load_totals(window)
            except HistoryFloor as floor:
                refused = True
                if not first:
                    self.progress.note(f"{self.job.series.label}: no daily totals for {window}: {floor}")
            self.progress.advance(f"daily totals {window}")
        return refused

    def _load_totals(self, window: Window) -> None:
        calls = self.job.client.transport.calls
        series = self.job.series
        try:
            totals = self.job.client.totals(series.flow, window.start, window.end)
        except NoReadings as nothing:
            self._enter(DAILY, _nothing(window, nothing), calls)
        except RateLimited:
            raise
        except (FatalSourceError, RetriableError) as error:
            self._failed(DAILY, window, calls, error)
        else:
            self.loader.ledger.keep_totals(series, totals.wh, "api", self.clock.now())
            self.loader.add_rejects(f"daily totals {window}, {reject}" for reject in totals.rejects)
            short = tuple(day for day in days(window.start, window.end) if day not in totals.wh)
            entry = Entry(window, _state(short, len(totals.wh)), status="200", short_days=short)
            self._enter(DAILY, replace(entry, readings=len(totals.wh), wh=sum(totals.wh.values())), calls)

    # --- the ledger ------------------------------------------------------------------------------------------------

    def _failed(
        self, kind: str, window: Window, calls: int, error: FatalSourceError | RetriableError, ends_run: bool = False
    ) -> None:
        """Enter a failure; raise it when it ends the run. A broken endpoint for totals does not stop the curve.

        `ends_run`: a search for the floor cannot go on without its answer.
        """
        self._enter(kind, Entry(window, FAILED, status=str(error.status), reason=str(error)), calls)
        if isinstance(error, FatalSourceError):
            raise error
        self.progress.note(f"{self.job.series.label} {window} failed: {error}")
        if kind == CURVE:
            self.failures += 1
        if ends_run or self.failures >= FAILURES_IN_A_ROW:
            until = datetime.combine(self.clock.now().date() + timedelta(days=1), time(), UTC)
            message = f"{self.failures} windows in a row failed, the last with: {error}"
            raise GatewayTrouble(message, error.status, until) from error

    def _enter(self, kind: str, entry: Entry, calls_before: int) -> None:
        made = self.job.client.transport.calls - calls_before
        self.loader.ledger.record(self.job.series, kind, replace(entry, at=self.clock.now(), calls=made))


def _state(short: tuple[date, ...], readings: int) -> str:
    if not short:
        return DONE
    return PARTIAL if readings else EMPTY


def _nothing(window: Window, nothing: NoReadings) -> Entry:
    every_day = tuple(days(window.start, window.end))
    return Entry(window, EMPTY, status=str(nothing.status), reason=str(nothing), short_days=every_day)


def _curve_entry(window: Window, curve: Curve) -> Entry:
    short = short_days(curve.batch, window)
    return Entry(
        window,
        _state(short, len(curve.batch)),
        readings=len(curve.batch),
        wh=int(curve.batch.wh.sum()),
        status="200",
        reason=f"{len(curve.rejects)} points refused" if curve.rejects else "",
        short_days=short,
        rejects=tuple(str(reject) for reject in curve.rejects[:20]),
    )
