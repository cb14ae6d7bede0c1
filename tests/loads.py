"""A backfill in this process against a stand-in and a real server, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from sync.model.readings import Series
from sync.model.window import Window
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.linky.api import Linky
from sync.sources.linky.meter import Meter
from sync.standin.linky import LinkyStandin
from sync.store.ledger import Ledger
from sync.store.schema import Pair, ensure_pair, pair
from sync.store.writer import PairWriter


@dataclass
class Notes:
    """A `Progress` that remembers."""

    lines: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    def start(self, total: int, done: int) -> None:
        self.lines.append(f"start {total} {done}")

    def advance(self, text: str, steps: int = 1) -> None:
        self.steps += [text] * bool(steps)

    def note(self, text: str) -> None:
        self.lines.append(text)


@dataclass
class Load:
    """Everything around one backfill; `run` may be called again and again. tokens: PRM → token, by default right ones
    for all; outcome: of the last run, also of one that was ended by an error."""

    database: Database[Any]
    standin: LinkyStandin
    clock: Clock
    folder: Path
    wanted: Window
    limit: int | None = 25
    flows: tuple[str, ...] = ("consumption",)
    notes: Notes = field(default_factory=Notes)
    tokens: Mapping[str, str] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def pair(self) -> Pair:
        return pair(self.database, "linky", DEFAULT_COLLECTIONS)

    def series(self, flow: str = "consumption", prm: str | None = None) -> Series:
        return Series("linky", prm or next(iter(self.standin.meters)), flow)

    def run(self, wait: bool = False, max_calls: int | None = None, again: bool = False) -> Outcome:
        """One run of the command's work, proof included."""
        ensure_pair(self.pair)
        budget = Budget(self.standin.url, self.limit, 1.0, self.clock, self.folder / "state")
        transport = Transport(budget, self.clock, max_calls=max_calls, tell=self.notes.note)
        loader = Loader(self.pair, Ledger(self.database), PairWriter(self.pair, self.clock), self.clock)
        tokens = self.tokens or dict.fromkeys(self.standin.meters, self.standin.token)
        linky = Linky(self.standin.url, [Meter(prm, token, self.flows) for prm, token in tokens.items()])
        wish = Wish(self.wanted, self.standin.today, self.clock.now() if again else None)
        kept, self.outcome = self.folder / "answers", loader.outcome
        jobs = [Backfill(linky, dataset, wish, transport, loader, self.notes, kept) for dataset in linky.datasets]
        try:
            return backfill(jobs, loader, self.notes, wait)
        finally:
            loader.prove(dict.fromkeys(dataset.series for dataset in linky.datasets if dataset.series))

    def routes(self) -> dict[str, int]:
        """Requests the stand-in saw, by type."""
        found: dict[str, int] = {}
        for request in self.standin.requests:
            found[request.route] = found.get(request.route, 0) + 1
        return found


Make = Callable[..., Load]
"""See the fixture `make`."""


def stored(database: Database[Any], name: str = "consumption") -> list[tuple[Any, ...]]:
    """(ts, wh, seconds) of every document of a collection, oldest first."""
    return [(found["ts"], found["wh"], found["seconds"]) for found in database[name].find().sort("ts", 1)]


def documents(database: Database[Any], name: str) -> dict[Any, dict[str, Any]]:
    """Whole documents by `_id`; the test that calls it has seen that no `_id` comes twice."""
    found = list(database[name].find())
    by_id = {document["_id"]: document for document in found}
    assert len(by_id) == len(found)
    return by_id


def week(first: str, last: str) -> Window:
    """Days `[first, last)`."""
    return Window(date.fromisoformat(first), date.fromisoformat(last))
