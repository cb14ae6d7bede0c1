"""Runs of the project's own functions in the harness, on days that tests choose, against the stand-ins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from pymongo.database import Database

from sync.model.readings import Series
from sync.settings import DEFAULT_COLLECTIONS
from sync.standin.curve import household_meters
from sync.standin.linky import LinkyStandin
from sync.store.schema import Pair, ensure_pair, pair
from sync.store.verify import verify_pair
from sync.triggers.run.harness import Execution, Limits, run_function
from sync.triggers.tree import DEFAULT_FOLDER

TOKEN_SECRET = "linkyTokenSecret"
MORNING, AFTERNOON = time(6, 43), time(12, 53)


@dataclass
class Runs:
    """A database, a stand-in and a clock around the functions; `moment` is aware UTC and moves only by hand.

    Who makes one sets `standin`: it answers by `moment`, too.
    """

    database: Database[Any]
    moment: datetime
    source: str = "linky"
    values: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    folder: Path = DEFAULT_FOLDER
    without_own_values: bool = False
    standin: Any = field(init=False)

    @property
    def pair(self) -> Pair:
        return pair(self.database, self.source, DEFAULT_COLLECTIONS)

    @property
    def own_values(self) -> dict[str, Any]:
        return {f"{self.source}ApiUrl": self.standin.url, "mongodbDatabase": self.database.name}

    def run(self, name: str = "", **options: Any) -> Execution:
        """Run the source's function, or another one, at this moment; waits of the function take no time."""
        limits = Limits(operations=options.pop("operations", 1000))
        return run_function(
            self.folder,
            name or f"{self.source}Daily",
            database=self.database,
            values=({} if self.without_own_values else self.own_values) | self.values | options.pop("values", {}),
            secrets=self.secrets,
            now=self.moment,
            skip_waits=True,
            limits=limits,
            **options,
        )

    def runs(self) -> list[dict[str, Any]]:
        """The records of the source's runs in the order they were written: simulated runs may share a moment."""
        return list(self.database["sync_runs"].find({"function": f"{self.source}Daily"}).sort("$natural", 1))

    def assert_identical(self) -> None:
        """Both collections hold the same documents, each once."""
        report = verify_pair(self.pair)
        assert report.identical, report.as_json()


@dataclass
class Atlas(Runs):
    """Those of linkyDaily, with the meters of the stand-in."""

    meters: int = 1

    def __post_init__(self) -> None:
        self.standin: LinkyStandin = LinkyStandin(meters=household_meters(self.meters), now=lambda: self.moment)
        self.secrets = {TOKEN_SECRET: self.standin.token} | self.secrets

    @property
    def own_values(self) -> dict[str, Any]:
        return super().own_values | {"linkyPrm": self.prm}

    @property
    def prm(self) -> str:
        return next(iter(self.standin.meters))

    @property
    def series(self) -> Series:
        return Series("linky", self.prm, "consumption")

    def go_to(self, day: date, at: time = MORNING) -> None:
        self.moment = datetime.combine(day, at, UTC)

    def stored(self) -> dict[datetime, tuple[int, int]]:
        """Start (UTC) → (Wh, seconds) of the record."""
        return {found["ts"]: (found["wh"], found["seconds"]) for found in self.pair.record.find(self.series.query())}


@contextmanager
def atlas(database: Database[Any], first: date, **options: Any) -> Iterator[Atlas]:
    """An `Atlas` with both collections, on the morning of a day."""
    around = Atlas(database, datetime.combine(first, MORNING, UTC), **options)
    try:
        ensure_pair(around.pair)
        yield around
    finally:
        around.standin.close()


def days_from(first: date, count: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]
