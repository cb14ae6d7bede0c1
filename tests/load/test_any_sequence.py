"""Any sequence of steps by people, by the tool and by kills: what a side or the API still has is in both at the end."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from pymongo.database import Database

from sync.model.readings import ReadingBatch, energy_batch
from sync.standin.faults import parse_faults
from sync.store.schema import ensure_pair
from sync.store.verify import repair_pair, verify_pair
from sync.store.writer import PairWriter
from tests.atlas.functions_runs import Atlas
from tests.clock import FakeClock
from tests.loads import Load, week
from tests.processes import environment, finish, start
from tests.soak import short_and_long

TODAY = date(2026, 10, 29)
WANTED = week("2026-10-01", "2026-10-29")
OLD = datetime(2026, 6, 1, tzinfo=UTC)
"""From here on lie readings that no load asks for: only the two collections have them."""
DAYS = st.integers(0, 27)
SIDES = st.sampled_from(["consumption", "consumptionTS"])
Starts = dict[datetime, int]


class Cluster(RuleBasedStateMachine):
    """One meter in a database that everybody touches. lost: old readings that people deleted from both sides."""

    given: tuple[Database[Any], str, Path]

    def __init__(self) -> None:
        super().__init__()
        self.base, self.uri, self.folder = self.given
        self.database = self.base.client[f"test_{uuid.uuid4().hex[:12]}"]
        self.around = Atlas(self.database, datetime(2026, 10, 29, 9, tzinfo=UTC))
        self.around.standin.ban_after = None  # all of its days are one
        clock = FakeClock(self.around.moment)
        self.load = Load(self.database, self.around.standin, clock, self.folder / self.database.name, WANTED, None)
        self.made = 0
        self.strays: dict[str, set[Any]] = {"consumption": set(), "consumptionTS": set()}
        ensure_pair(self.load.pair)
        PairWriter(self.load.pair).write(self.old(0, 96))

    def old(self, first: int, count: int) -> ReadingBatch:
        at = int(OLD.timestamp()) * 1000 + 1_800_000 * np.arange(first, first + count, dtype=np.int64)
        return energy_batch(self.load.series(), at, np.arange(first, first + count) % 700, np.full(count, 1800))

    # --- what people do -----------------------------------------------------------------------------------------------

    @rule(side=SIDES, day=DAYS, days=st.integers(1, 9))
    def delete_days(self, side: str, day: int, days: int) -> None:
        """In a time-series collection a server before 7.0 deletes whole series only: the others are put back."""
        span = self.span(day, days)
        if side == "consumption":
            self.database[side].delete_many({"ts": span})
            return
        kept = [each for each in self.database[side].find(self.load.series().query()) if not self.within(each, span)]
        self.database[side].delete_many(self.load.series().query())
        if kept:
            self.database[side].insert_many(kept)

    @rule(side=SIDES)
    def delete_all_of_the_series(self, side: str) -> None:
        self.database[side].delete_many(self.load.series().query())
        self.forget_strays(side, "ours")

    @rule(side=SIDES)
    def drop(self, side: str) -> None:
        self.database[side].drop()
        self.strays[side].clear()

    @rule(side=SIDES, kind=st.sampled_from(["other", "ours"]))
    def stray(self, side: str, kind: str) -> None:
        ensure_pair(self.load.pair)
        self.made += 1
        moment = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=self.made)
        series = self.load.series().subdocument() if kind == "ours" else {"kind": "other", "n": self.made}
        name = f"{kind} {uuid.uuid4().hex}"
        self.database[side].insert_one({"_id": name, "ts": moment, "series": series, "note": "x"})
        self.strays[side].add(name)

    # --- what the tool does -------------------------------------------------------------------------------------------

    @rule(first=st.integers(0, 200), count=st.integers(1, 60))
    def import_a_part(self, first: int, count: int) -> None:
        with Kept(self):
            ensure_pair(self.load.pair)
            PairWriter(self.load.pair).write(self.old(first, count), corrects=False)

    @rule()
    def backfill(self) -> None:
        with Kept(self):
            assert self.load.run().identical

    @rule(day=DAYS, percent=st.integers(1, 50))
    def correct_a_day(self, day: int, percent: int) -> None:
        self.around.standin.faults = parse_faults(f"correct@{WANTED.start + timedelta(days=day)}:{percent}")
        with Kept(self):
            assert self.load.run(again=True).identical

    @rule()
    def run_a_function(self) -> None:
        ensure_pair(self.load.pair)  # a function cannot make a time-series collection
        with Kept(self):
            self.around.run()

    @rule()
    def repair(self) -> None:
        with Kept(self):
            ensure_pair(self.load.pair)
            repair_pair(self.load.pair, verify_pair(self.load.pair))

    @rule(command=st.sampled_from(["backfill", "repair", "verify"]), after=st.floats(0.3, 2.0))
    def kill(self, command: str, after: float) -> None:
        """At a moment that no step of ours chooses."""
        environ = environment(self.around.standin, self.uri, self.database.name, self.folder)
        dates = ("--since", str(WANTED.start), "--until", str(WANTED.end)) if command == "backfill" else ()
        with Kept(self):
            process = start(environ, self.folder, command, *dates)
            ended = time.monotonic() + after
            while process.poll() is None and time.monotonic() < ended:
                time.sleep(0.01)
            process.kill()
            assert "Traceback" not in finish(process)[2]

    def teardown(self) -> None:
        """Ends with `repair` and `backfill`."""
        alive = self.both()
        ensure_pair(self.load.pair)
        repair_pair(self.load.pair, verify_pair(self.load.pair))
        assert self.load.run().identical
        record, mirror = (self.readings(side) for side in ("consumption", "consumptionTS"))
        assert record == mirror
        assert record.keys() == alive.keys() | self.of_the_api().keys()
        assert {at: record[at] for at in self.of_the_api()} == self.of_the_api()
        for side, names in self.strays.items():
            assert {each["_id"] for each in self.database[side].find({"note": "x"}, {"_id": 1})} == names
        self.around.standin.close()
        self.base.client.drop_database(self.database.name)

    # --- what is there ------------------------------------------------------------------------------------------------

    def of_the_api(self) -> Starts:
        """What a load into an empty database finds."""
        fresh = self.base.client[f"{self.database.name}_fresh"]
        folder = self.folder / fresh.name
        load = Load(fresh, self.around.standin, self.load.clock, folder, WANTED, None)
        load.run()
        found = {each["ts"]: each["wh"] for each in fresh.consumption.find()}
        self.base.client.drop_database(fresh.name)
        return found

    def readings(self, side: str) -> Starts:
        query = self.load.series().query() | {"seconds": {"$gt": 0}}
        found = list(self.database[side].find(query))
        starts = {each["ts"]: each["wh"] for each in found}
        assert len(starts) == len(found) or side == "consumptionTS"
        return starts

    def both(self) -> Starts:
        return self.readings("consumptionTS") | self.readings("consumption")

    def forget_strays(self, side: str, kind: str) -> None:
        self.strays[side] = {name for name in self.strays[side] if not name.startswith(kind)}

    @staticmethod
    def span(day: int, days: int) -> dict[str, datetime]:
        first = datetime(2026, 9, 30, 22, tzinfo=UTC) + timedelta(days=day)
        return {"$gte": first, "$lt": first + timedelta(days=days)}

    @staticmethod
    def within(document: dict[str, Any], span: dict[str, datetime]) -> bool:
        return bool(span["$gte"] <= document["ts"] < span["$lt"])


class Kept:
    """Around a step of the tool: no reading that any side had is gone afterwards."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def __enter__(self) -> None:
        self.before = self.cluster.both().keys()

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            gone = self.before - self.cluster.both().keys()
            assert not gone, f"{len(gone)} readings are gone"


@short_and_long("steps", 12, 200)
def test_any_sequence_of_steps_loses_nothing(
    database: Database[Any], mongo_uri: str, tmp_path: Path, steps: int
) -> None:
    own = type("Own", (Cluster,), {"given": (database, mongo_uri, tmp_path)})
    run_state_machine_as_test(
        own,
        settings=settings(
            max_examples=1,
            stateful_step_count=steps,
            deadline=None,
            derandomize=steps < 100,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
