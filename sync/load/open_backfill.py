"""The load of one dataset of an open source: plan → fetch → verified readings → store → ledger. Resumable anywhere.

The next answer is fetched and read while the present one is written, so a stop costs at most two repeated calls.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from ..http.budget import Turn, is_loopback
from ..http.transport import Answer, Transport
from ..model.clock import Clock
from ..model.errors import (
    FatalSourceError,
    GatewayTrouble,
    NoReadings,
    RateLimited,
    RetriableError,
    SyncError,
    WindowRefused,
)
from ..model.readings import ReadingBatch, Series
from ..model.window import DONE, EMPTY, FAILED, PARTIAL, Entry, Window
from ..sources.source import AnswerRefused, Dataset, OpenSource, Parsed
from ..store.lease import Lease, held
from ..store.ledger import CURVE
from ..store.writer import PairWriter, Written
from .loader import Loader
from .open_plan import Wish, due_windows, swept_windows
from .outcome import Progress
from .prefetch import ahead

FAILURES_IN_A_ROW = 3
LEASE_SECONDS = 600  # longer than one window with all its retries
PATIENCE = 24 * 3600  # s; another loader of the same dataset is waited for
CLOCK_TOLERANCE = timedelta(hours=12)
KEPT_REJECTS = 20


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer, read; or why there is none. `calls`: attempts it took; `text`: only of an answer that was refused."""

    window: Window
    parsed: Parsed | None
    error: Exception | None
    calls: int
    text: str = ""

    @property
    def ends_run(self) -> bool:
        """Whether nothing more is to be asked after this: a limit, a budget, a refusal of everything."""
        passes = isinstance(self.error, PASSING) and not isinstance(self.error, RateLimited)
        return self.error is not None and not passes


PASSING = (AnswerRefused, NoReadings, WindowRefused, RetriableError)


@dataclass(frozen=True, slots=True)
class OpenPlan:
    """Windows still to be asked, oldest first, and how many are finished."""

    windows: list[Window]
    done: int

    @property
    def calls(self) -> int:
        return len(self.windows)


@dataclass(slots=True)
class OpenBackfill:
    """Loads one dataset. `kept` is the folder for answers that were refused. Raises what stops a run."""

    source: OpenSource
    dataset: Dataset
    wish: Wish
    transport: Transport
    loader: Loader
    clock: Clock
    progress: Progress
    kept: Path
    failures: int = field(default=0, init=False)
    swept: list[Window] | None = field(default=None, init=False)

    @property
    def calls(self) -> int:
        """Attempts of this run so far, those of all that share the transport."""
        return self.transport.calls

    @property
    def key(self) -> Series:
        """The name under which the ledger keeps this dataset."""
        return dataset_key(self.source.name, self.dataset)

    def planned(self) -> OpenPlan:
        """What a run that begins at this moment would ask for; the sweep is chosen once."""
        entries = self.loader.ledger.entries(self.key, CURVE)
        now = self.clock.now()
        windows = due_windows(self.source, self.dataset, entries, self.wish, now)
        if self.swept is None:
            found = swept_windows(self.source, self.dataset, entries, self.wish, now) if self.wish.sweep else []
            self.swept = [window for _, window in found]
        windows = sorted({*windows, *self.swept}, key=lambda window: window.start)
        return OpenPlan(windows, self.loader.ledger.counts(self.key)[DONE])

    def run(self) -> None:
        """Ask for everything planned. Another loader of the same dataset is waited for, then only the rest is asked."""
        lease = Lease(self.loader.pair.record.database, f"load {self.key.key}", LEASE_SECONDS, self.clock)
        if not lease.try_acquire():
            self.progress.note(f"another loader is at work on {self.key.label}: waiting for it")
        with held(lease, PATIENCE):
            for fetched in ahead(self._fetch, self.planned().windows, lambda fetched: fetched.ends_run):
                lease.keep()
                self._take(fetched)
                self.progress.advance(f"{self.dataset.flow} {fetched.window}")

    @property
    def _turn(self) -> Turn:
        return Turn(self.dataset.name, self.dataset.spacing)

    # --- in the thread that is one step ahead ----------------------------------------------------------------------

    def _fetch(self, window: Window) -> Fetched:
        """One call and its reading; every failure that can be expected becomes part of the result."""
        before = self.transport.calls
        url, query = self.source.question(self.dataset, window)
        text = ""
        try:
            answer = self.transport.get(
                url, query, {}, lambda answer: self.source.explain(answer, self.clock.now()), self._turn
            )
            refuse_wrong_clock(answer, self.clock.now(), self.source)
            text = answer.text
            parsed = self.source.parse(self.dataset, window, text, self.clock.now())
        except (SyncError, AnswerRefused) as error:
            return Fetched(window, None, error, self.transport.calls - before, text)
        return Fetched(window, parsed, None, self.transport.calls - before)

    # --- in the thread that writes ---------------------------------------------------------------------------------

    def _take(self, fetched: Fetched) -> None:
        """Store one answer and enter it in the ledger, or enter why there is none. Raises what ends the run."""
        error = fetched.error
        if fetched.parsed:
            self._store(fetched, fetched.parsed)
            self.failures = 0
        elif isinstance(error, NoReadings):
            self._enter(fetched, EMPTY, reason=str(error))
            self.failures = 0
        elif isinstance(error, FatalSourceError):
            self._enter(fetched, FAILED, reason=str(error))
            raise error
        elif error and fetched.ends_run:
            raise error
        elif error:
            self._failed(fetched, error)

    def _store(self, fetched: Fetched, parsed: Parsed) -> None:
        written = store_parsed(self.loader, parsed, f"{self.dataset.name} {fetched.window}")
        reason = "; ".join(filter(None, (parsed.short, *parsed.notes.values())))
        state = EMPTY if not parsed.batches else PARTIAL if parsed.short or parsed.rejects or written.rejected else DONE
        if parsed.short:
            self.loader.outcome.short.append(f"{self.dataset.name} {fetched.window}: {parsed.short}")
        self._enter(fetched, state, parsed, reason)

    def _failed(self, fetched: Fetched, error: Exception) -> None:
        reason = str(error)
        if isinstance(error, AnswerRefused):
            reason = f"the answer was refused: {reason} [its text {self._keep(fetched)}]"
        self._enter(fetched, FAILED, reason=reason)
        self.progress.note(f"{self.dataset.name} {fetched.window} failed: {reason}")
        self.failures += 1
        if self.failures >= FAILURES_IN_A_ROW:
            until = datetime.combine(self.clock.now().date() + timedelta(days=1), time(), UTC)
            message = f"{self.failures} windows in a row failed, the last with: {reason}"
            raise GatewayTrouble(message, getattr(error, "status", 200), until) from error

    def _enter(self, fetched: Fetched, state: str, parsed: Parsed | None = None, reason: str = "") -> None:
        batches = parsed.batches if parsed else ()
        status = "200" if parsed else str(getattr(fetched.error, "status", 200))
        entry = Entry(
            fetched.window,
            state,
            self.clock.now(),
            readings=sum(map(len, batches)),
            wh=sum(int(batch.wh.sum()) for batch in batches if "wh" in batch.columns),
            calls=fetched.calls,
            status=status,
            reason=reason,
            rejects=parsed.rejects[:KEPT_REJECTS] if parsed else (),
        )
        self.loader.ledger.record(self.key, CURVE, entry)
        self.loader.outcome.windows += 1
        if self.swept and fetched.window in self.swept:
            self.swept.remove(fetched.window)

    def _keep(self, fetched: Fetched) -> str:
        """Save a refused answer for whoever looks into it; says where, or why not."""
        window = fetched.window
        path = self.kept / f"{self.source.name}_{self.dataset.name}_{window.start}_{window.end}.txt.gz"
        try:
            self.kept.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(fetched.text.encode(), mtime=0))
        except OSError as error:
            return f"could not be kept ({error.strerror})"
        return f"is kept in {path}"


def dataset_key(source: str, dataset: Dataset) -> Series:
    """A dataset in the ledger: its answers hold many series."""
    return Series(source, "*", dataset.name)


def store_parsed(loader: Loader, parsed: Parsed, place: str) -> Written:
    """Write one verified answer, or a part of a file, into both collections and count what became of it."""
    written = write_batches(loader.writer, parsed.batches)
    overlapping = [f"{place}: overlaps a stored reading of another length: {start}" for start in written.rejected]
    loader.outcome.written += written
    loader.outcome.flagged += sum(len(batch.flags) for batch in parsed.batches)
    loader.add_rejects([*(f"{place}: {reject}" for reject in parsed.rejects), *overlapping])
    return written


def write_batches(writer: PairWriter, batches: Sequence[ReadingBatch]) -> Written:
    """Batches of one window, of many series, into both collections: at once where the writer can."""
    at_once: Callable[[Sequence[ReadingBatch]], Written] | None = getattr(writer, "write_many", None)
    if at_once is not None:
        return at_once(batches)
    return sum((writer.write(batch) for batch in batches), Written())


def refuse_wrong_clock(answer: Answer, now: datetime, source: OpenSource) -> None:
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
