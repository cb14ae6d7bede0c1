"""What a load did: the one path from readings to the store, added up, proven and told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..model.clock import Clock
from ..model.readings import ReadingBatch, Series, is_generated, series_from
from ..sources.source import Parsed
from ..store.ledger import Ledger
from ..store.schema import Pair, ensure_pair, series_of
from ..store.sizes import settle
from ..store.verify import PairReport, keep_verification, repair_pair, verify_pair
from ..store.writer import PairWriter, Written
from .coverage import compare_days, in_words

SHOWN_REJECTS = 1000


@dataclass(slots=True)
class Outcome:
    """The sums of one `backfill` or `import`. `short`: answers with less than was asked for, in words."""

    windows: int = 0
    calls: int = 0
    written: Written = field(default_factory=Written)
    rejected: int = 0
    missing: int = 0
    repeated: int = 0
    flagged: int = 0
    seconds: float = 0.0
    identical: bool = False
    remaining: int = 0
    rejects: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    stopped: str = ""

    def as_json(self) -> dict[str, Any]:
        """The object of `backfill --json` and `import --json`."""
        return {
            "windows": self.windows,
            "calls": self.calls,
            "readings_new": self.written.new,
            "readings_changed": self.written.changed,
            "readings_unchanged": self.written.unchanged,
            "rejected": self.rejected,
            "flagged": self.flagged,
            "seconds": round(self.seconds, 3),
            "identical": self.identical,
        }


@dataclass(slots=True)
class Loader:
    """Stores readings of one source and adds up what became of them in `outcome`."""

    pair: Pair
    ledger: Ledger
    writer: PairWriter
    clock: Clock
    outcome: Outcome = field(default_factory=Outcome)

    def store(self, parsed: Parsed, place: str, mirror: bool = True) -> Written:
        """Write readings; `place` (a file, a window) precedes their rejects. Without `mirror` only into the record."""
        written = write_batches(self.writer, parsed.batches, mirror)
        self.outcome.written += written
        self.outcome.missing += parsed.missing
        self.outcome.repeated += parsed.repeated
        self.outcome.flagged += sum(len(batch.flags) for batch in parsed.batches)
        self.add_rejects(f"{place}, {reject}" for reject in parsed.rejects)
        self.add_rejects(f"{place}: overlaps a stored reading of another length: {start}" for start in written.rejected)
        return written

    def add_rejects(self, lines: Iterable[str]) -> None:
        """Count refused points or lines; the first thousand are kept for the list at the end."""
        for line in lines:
            self.outcome.rejected += 1
            if len(self.outcome.rejects) < SHOWN_REJECTS:
                self.outcome.rejects.append(line)

    def prove(self, touched: Iterable[Series]) -> PairReport:
        """Compare both collections, heal a mirror that is short, compare again; and the days with their totals."""
        report = verify_pair(self.pair)
        if not report.identical:
            repair_pair(self.pair, report, self.clock)
            report = verify_pair(self.pair)
        keep_verification([report], self.clock.now())
        settle(self.pair.record.database)  # pages written now, whole, take less room than one by one at a shutdown
        self.outcome.identical = report.identical
        self.outcome.differences = [
            f"{series.label} {difference}"
            for series in touched
            for difference in in_words(compare_days(self.pair, series, self.ledger.totals(series)))
        ]
        return report

    def forget_generated(self, incoming: Iterable[Series]) -> int:
        """Remove a generated household before the first real reading comes in; returns how many readings went.

        Invented readings beside real ones would falsify every sum, and they can be generated again at any time.
        """
        if all(is_generated(series) for series in incoming):
            return 0
        stored = {series_from(entry) for side in (self.pair.record, self.pair.mirror) for entry in series_of(side)}
        generated = {series for series in stored if series and is_generated(series)}
        for series in generated:
            self.ledger.forget(series)
        count = sum(self.pair.record.count_documents(series.query()) for series in generated)
        if generated and generated == stored:
            # Dropped, not deleted: the unique key would have to step over every deleted reading at each insert
            # (measured: 100 s instead of 1 s for two years).
            self.pair.mirror.drop()
            self.pair.record.drop()
            ensure_pair(self.pair)
            return count
        for series in generated:
            self.pair.mirror.delete_many(series.query())
            self.pair.record.delete_many(series.query())
        return count


def write_batches(writer: PairWriter, batches: Sequence[ReadingBatch], mirror: bool = True) -> Written:
    """Batches of one window into both collections: those of many series at once."""
    if mirror and len(batches) > 1:
        return writer.write_many(batches)
    return sum((writer.write(batch, mirror=mirror) for batch in batches), Written())
