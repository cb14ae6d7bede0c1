"""What a load did: the one path from readings to the store, added up, proven and told; and the days whose readings do
not add up to their daily totals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ..model.clock import Clock
from ..model.errors import StoreError
from ..model.localtime import day_seconds, days, midnight
from ..model.readings import ReadingBatch, Series, instant, is_generated
from ..model.resolution import COARSE, fits
from ..model.window import runs
from ..model.words import counted
from ..sources.source import Parsed
from ..store.claims import Claim, named
from ..store.ledger import Ledger
from ..store.schema import VERIFICATIONS, Document, Pair, ensure_pair, own_series, series_of
from ..store.sizes import settle
from ..store.verify import PairReport, keep_verification, repair_pair, untold, verify_pair
from ..store.writer import PairWriter, Written

SHOWN_REJECTS = 1000


@dataclass(slots=True)
class Outcome:
    """The sums of one `backfill` or `import`. `short`: answers with less than was asked for, in words; `compared`:
    readings of the record, counted one by one; `restored`: those that only the mirror had and the record got back;
    `foreign`: what is not ours, in words; `alone`: days of which only the totals are known; `not_loaded`: of what
    nothing more was asked → why, and what to do."""

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
    alone: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    stopped: str = ""
    compared: int = 0
    restored: int = 0
    foreign: list[str] = field(default_factory=list)
    not_loaded: dict[str, str] = field(default_factory=dict)

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


def flagged(batch: ReadingBatch) -> int:
    """Readings with something unusual about them; that its form is a coarse one is not."""
    return sum(not flag.startswith(COARSE) for flag in batch.flags.values())


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
        self.outcome.flagged += sum(map(flagged, parsed.batches))
        self.add_rejects(f"{place}, {reject}" for reject in parsed.rejects)
        self.add_rejects(f"{place}: overlaps a stored reading of another length: {start}" for start in written.rejected)
        return written

    def add_rejects(self, lines: Iterable[str]) -> None:
        """Count refused points or lines; the first thousand are kept for the list at the end."""
        for line in lines:
            self.outcome.rejected += 1
            if len(self.outcome.rejects) < SHOWN_REJECTS:
                self.outcome.rejects.append(line)

    def prove(self, touched: Iterable[Series], tell: Callable[[int], None] = untold) -> PairReport:
        """Compare both collections, heal a mirror that is short, compare again; and the days with their totals.

        tell: hears how many documents more were compared.
        """
        report = verify_pair(self.pair, tell=tell)
        if not report.identical:
            self.outcome.restored += repair_pair(self.pair, report, self.clock)
            report = verify_pair(self.pair)
        keep_verification([report], self.clock.now())
        self.outcome.foreign = [str(foreign) for foreign in report.foreign]
        if report.count < self.outcome.written.new:
            raise StoreError(
                f"of {counted(self.outcome.written.new, 'reading')} stored in {self.pair.record.name!r} only "
                f"{report.count:,} are there now: something else deletes them (a TTL index, another program)"
            )
        settle(self.pair.record.database)  # pages written now, whole, take less room than one by one at a shutdown
        self.outcome.identical, self.outcome.compared = report.identical, report.count
        for series in touched:
            found = compare_days(self.pair, series, self.ledger.totals(series))
            self.outcome.differences += [f"{series.label} {line}" for line in in_words(found)]
            self.outcome.alone += [f"{series.label} {line}" for line in totals_alone(found)]
        return report

    def restore(self, claims: Sequence[Claim]) -> int:
        """Bring back from the mirror what claims say and the record lacks; returns how many readings that were."""
        count = sum(self.writer.restore(series) for series in named(self.pair, claims))
        self.outcome.restored += count
        return count

    def forget_generated(self, incoming: Iterable[Series]) -> int:
        """Remove a generated household before the first real reading comes in; returns how many readings went.

        Invented readings beside real ones would falsify every sum, and they can be generated again at any time.
        """
        if all(is_generated(series) for series in incoming):
            return 0
        sides = self.pair.record, self.pair.mirror
        generated = [series for series in own_series(self.pair.source, *sides) if is_generated(series)]
        for series in generated:
            self.ledger.forget(series)
        self.pair.record.database[VERIFICATIONS].delete_one({"_id": self.pair.source})
        count = sum(self.pair.record.count_documents(series.query()) for series in generated)
        if generated and all(len(series_of(side)) <= len(generated) for side in sides):
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


# --- daily totals beside the readings of their days -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DayDifference:
    """A local day whose readings do not add up to its daily total. `covered` and `expected` in seconds."""

    day: date
    wh: int
    total: int
    covered: int
    expected: int

    def __str__(self) -> str:
        text = f"{self.day}: readings {self.wh:,} Wh, daily total {self.total:,} Wh ({self.wh - self.total:+,} Wh)"
        hours = self.covered / 3600, self.expected / 3600
        return text + (f", {hours[0]:g} of {hours[1]:g} hours covered" if self.covered < self.expected else "")


def compare_days(pair: Pair, series: Series, totals: Mapping[date, int]) -> list[DayDifference]:
    """Days on which the stored readings and the daily totals differ, oldest first: by more than the last digit of
    either. Never smoothed over. Of a day without any reading `covered` is 0: there is nothing that could differ."""
    if not totals:
        return []
    first, last = min(totals), max(totals)
    sums = {found["_id"]: found for found in pair.record.aggregate(_day_stages(series, first, last))}
    differences = []
    for day, total in sorted(totals.items()):
        found: Document = sums.get(day.isoformat(), {"wh": 0, "seconds": 0, "slack": 0})
        if not found["seconds"] or not fits(total, found["wh"], found["slack"]):
            differences.append(DayDifference(day, found["wh"], total, found["seconds"], day_seconds(day)))
    return differences


def in_words(differences: Sequence[DayDifference]) -> list[str]:
    """A line for each day whose readings do not add up."""
    return [str(difference) for difference in differences if difference.covered]


def totals_alone(differences: Sequence[DayDifference]) -> list[str]:
    """The stretches of days of which the daily totals are known, and no reading."""
    bare = {difference.day: difference.total for difference in differences if not difference.covered}
    lines = []
    for window in runs(bare, longest=10_000):
        total = sum(bare[day] for day in days(window.start, window.end))
        lines.append(f"{window}: {total / 1000:,.1f} kWh ({counted(window.length, 'day')})")
    return lines


WH = {"$cond": [{"$isNumber": "$wh"}, {"$toLong": "$wh"}, 0]}
SLACK = {  # Wh by which a reading of a coarse form may be off; Enedis' own ones carry no such word
    "$cond": [
        {"$regexMatch": {"input": {"$ifNull": ["$flag", ""]}, "regex": COARSE}},
        {
            "$convert": {
                "input": {"$arrayElemAt": [{"$split": ["$flag", COARSE]}, -1]},
                "to": "int",
                "onError": 0,
            }
        },
        0,
    ]
}


def _day_stages(series: Series, first: date, last: date) -> list[Document]:
    period = {"$gte": instant(midnight(first)), "$lt": instant(midnight(last + timedelta(days=1)))}
    local = {"$dateToString": {"date": "$ts", "format": "%Y-%m-%d", "timezone": "Europe/Paris"}}
    sums = {"wh": {"$sum": WH}, "seconds": {"$sum": "$seconds"}, "slack": {"$sum": SLACK}}
    return [{"$match": series.query() | {"ts": period}}, {"$group": {"_id": local} | sums}]
