"""The one path from points to the store, shared by `backfill` and `import`: write both collections, count, prove."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..model.clock import Clock
from ..model.readings import Series, is_generated, series_from
from ..sources.linky.points import Curve
from ..store.ledger import Ledger
from ..store.schema import Pair, ensure_pair
from ..store.sizes import settle
from ..store.verify import PairReport, keep_verification, repair_pair, series_of, verify_pair
from ..store.writer import PairWriter, Written
from .coverage import compare_days, in_words
from .outcome import Outcome

SHOWN_REJECTS = 1000


@dataclass(slots=True)
class Loader:
    """Stores curves of one source and adds up what became of them in `outcome`."""

    pair: Pair
    ledger: Ledger
    writer: PairWriter
    clock: Clock
    outcome: Outcome = field(default_factory=Outcome)

    def store(self, curve: Curve, place: str, mirror: bool = True) -> Written:
        """Write a curve; `place` (a file, a window) precedes its rejects. Without `mirror` only into the record."""
        written = self.writer.write(curve.batch, mirror=mirror)
        overlapping = [f"{place}: overlaps a stored reading of another length: {start}" for start in written.rejected]
        self.outcome.written += written
        self.outcome.missing += curve.missing
        self.outcome.repeated += curve.repeated
        self.outcome.flagged += len(curve.batch.flags)
        self.add_rejects([f"{place}, {reject}" for reject in curve.rejects] + overlapping)
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
