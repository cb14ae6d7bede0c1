"""A backfill of an open source in this process, against a stand-in and a real server, with a clock that tests move."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pymongo.database import Database

from sync.http.budget import Budget
from sync.http.transport import Transport
from sync.load.backfill import Backfill, backfill
from sync.load.plan import Wish
from sync.load.report import Loader, Outcome
from sync.model.clock import Clock
from sync.model.window import CURVE, Entry, Window
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.source import Dataset, Source
from sync.store.ledger import Ledger
from sync.store.schema import Pair, ensure_pair, pair
from sync.store.writer import PairWriter
from tests.loads import Notes


@dataclass
class OpenLoad:
    """Everything around one load; `run` may be called again and again."""

    database: Database[Any]
    source: Source
    clock: Clock
    folder: Path
    datasets: tuple[Dataset, ...] = ()
    notes: Notes = field(default_factory=Notes)

    @property
    def pair(self) -> Pair:
        return pair(self.database, self.source.name, DEFAULT_COLLECTIONS)

    def run(
        self,
        since: str,
        until: str,
        max_calls: int | None = None,
        again: bool = False,
        sweep: int = 0,
        wait: bool = False,
    ) -> Outcome:
        """One run of the command's work, proof included."""
        ensure_pair(self.pair)
        budget = Budget(self.source.base, None, self.source.spacing, self.clock, self.folder / "state")
        transport = Transport(budget, self.clock, max_calls=max_calls, tell=self.notes.note)
        loader = Loader(self.pair, Ledger(self.database), PairWriter(self.pair, self.clock), self.clock)
        today = self.clock.now().astimezone(self.source.zone).date()
        wanted = Window(date.fromisoformat(since), date.fromisoformat(until))
        wish = Wish(wanted, today, self.clock.now() if again else None, sweep)
        kept = self.folder / "answers"
        jobs = [
            Backfill(self.source, dataset, wish, transport, loader, self.notes, kept)
            for dataset in self.datasets or self.source.datasets
        ]
        try:
            return backfill(jobs, loader, self.notes, wait)
        finally:
            loader.prove(())

    def entries(self, dataset: Dataset) -> list[Entry]:
        """The ledger of one dataset, oldest window first."""
        found = Ledger(self.database).entries(self.source.key(dataset), CURVE)
        return sorted(found, key=lambda entry: entry.window.start)


def counts(own: Pair) -> tuple[int, int, int]:
    """Documents of the record and of the mirror, and how many different (series, ts) the mirror has."""
    key = {"_id": {"series": "$series", "ts": "$ts"}}
    different = next(own.mirror.aggregate([{"$group": key}, {"$count": "n"}], allowDiskUse=True), {"n": 0})
    return own.record.count_documents({}), own.mirror.count_documents({}), int(different["n"])
