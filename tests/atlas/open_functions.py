"""Runs of elhubDaily and energidataDaily in the harness, on days that tests choose, against the stand-ins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from pymongo.database import Database

from sync.model.localtime import midnight
from sync.model.readings import milliseconds
from sync.sources.source import Source
from sync.standin.elhub import ElhubStandin
from sync.standin.elhub_hours import GeneratedHours
from sync.standin.energidata import EnergidataStandin
from sync.standin.faults import parse_faults
from sync.store.schema import ensure_pair
from tests.atlas.functions_runs import Runs
from tests.clock import FakeClock
from tests.open_loads import OpenLoad

NIGHT, NOON, EVENING = time(21, 37), time(12, 23), time(17, 47)
TIMES = {"elhub": NIGHT, "energidata": NOON}
GROUPS = frozenset({"hydro", "household"})  # one of each flow is enough


@dataclass
class OpenAtlas(Runs):
    """Those of elhubDaily or energidataDaily."""

    @property
    def of(self) -> Source:
        return import_module(f"sync.sources.{self.source}.api").connect(self.standin.url, None)  # type: ignore[no-any-return]

    def go_to(self, day: date, at: time | None = None) -> None:
        self.moment = datetime.combine(day, at or TIMES[self.source], UTC)

    def load(self, folder: Path, since: date, until: date) -> None:
        """A backfill by the loader, at this moment."""
        clock = FakeClock(self.moment)
        datasets = tuple(each for each in self.of.datasets if each.name != "Elspotprices")
        OpenLoad(self.database, self.of, clock, folder, datasets).run(since.isoformat(), until.isoformat())

    def spoil(self, faults: str) -> None:
        """What goes wrong from the next request on, in the words of the stand-in; "" for nothing."""
        kinds = type(self.standin)
        self.standin.faults = parse_faults(faults, kinds.kinds, kinds.day_kinds)

    def states(self) -> list[str]:
        """What became of each call of the newest run."""
        return [entry["state"] for entry in self.runs()[-1]["series"]]

    def hours_of(self, flow: str, day: date) -> dict[str, int]:
        """Seconds stored of a local day, by `area group`."""
        local = {"$dateToString": {"format": "%Y-%m-%d", "date": "$ts", "timezone": str(self.of.zone)}}
        match = {"series.flow": flow, "$expr": {"$eq": [local, day.isoformat()]}}
        near = {"$gte": datetime.combine(day, time(), UTC) - timedelta(days=1)}
        stages = [{"$match": match | {"ts": near}}, {"$group": {"_id": "$series", "seconds": {"$sum": "$seconds"}}}]
        return {
            f"{each['_id']['id']} {each['_id']['group']}": each["seconds"]
            for each in self.pair.record.aggregate(stages)
        }

    def energies(self, flow: str, since: date) -> dict[tuple[str, str, int], int]:
        """(area, group, start in ms) → Wh of the record, from a local day on."""
        low = datetime.fromtimestamp(midnight(since, self.of.zone) / 1000, UTC)
        found = self.pair.record.find({"series.flow": flow, "ts": {"$gte": low}})
        return {
            (each["series"]["id"], each["series"]["group"], milliseconds(each["ts"])): int(each["wh"]) for each in found
        }


@contextmanager
def open_atlas(database: Database[Any], source: str, first: date) -> Iterator[OpenAtlas]:
    """An `OpenAtlas` with both collections, at the time of the trigger of a day."""
    around = OpenAtlas(database, datetime.combine(first, TIMES[source], UTC), source)

    def now() -> datetime:
        return around.moment

    elhub = source == "elhub"
    around.standin = ElhubStandin(GeneratedHours(groups=GROUPS), now=now) if elhub else EnergidataStandin(now=now)
    with around.standin:
        ensure_pair(around.pair)
        yield around
