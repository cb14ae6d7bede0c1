"""Runs of linkyDaily that are cut off, meet another writer, or have nothing to do."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from sync.model.localtime import PARIS, day_seconds, midnight
from sync.model.window import Window
from sync.standin.linky import LinkyStandin
from sync.store.lease import LEASES, Lease, held
from sync.store.verify import repair_pair, verify_pair
from sync.triggers.run.harness import Execution, run_function
from sync.triggers.run.web import Reply, Request, send
from sync.triggers.tree import DEFAULT_FOLDER
from tests.atlas.functions_runs import AFTERNOON, Atlas, atlas
from tests.atlas.mornings_season import DAY, STEP, Readings, days_between, readings_of
from tests.clock import FakeClock
from tests.loads import Load
from tests.processes import environment
from tests.shell import Shell

pytestmark = pytest.mark.soak  # many servers, processes or mornings

FIRST = date(2025, 3, 26)  # the clocks change four days later


def of_days(around: Atlas, first: date, end: date) -> Readings:
    curve = around.standin.meters[around.prm].flows["consumption"]
    return {start: known for day in days_between(first, end) for start, known in readings_of(curve, day).items()}


def assert_holds(around: Atlas, first: date, end: date) -> None:
    around.assert_identical()
    assert around.stored() == of_days(around, first, end)
    assert around.pair.mirror.count_documents({}) == len(around.stored())


@pytest.mark.soak
def test_a_run_that_is_cut_off_at_any_operation_is_healed_by_the_next(database: Database[Any]) -> None:
    states = set()
    with atlas(database, FIRST) as around:
        assert around.run().error is None
        for operations in count(1):
            today = FIRST + operations * DAY
            around.go_to(today)
            cut = around.run(operations=operations)
            record, mirror = (side.count_documents({}) for side in (around.pair.record, around.pair.mirror))
            states.add((len(cut.calls), record > len(of_days(around, FIRST - 7 * DAY, today - DAY)), record == mirror))
            around.go_to(today, AFTERNOON)
            assert around.run().error is None
            assert around.pair.record.count_documents({}) == around.pair.mirror.count_documents({})
            if cut.error is None:
                break
            assert f"more than {operations} asynchronous operations" in cut.error
        assert_holds(around, FIRST - 7 * DAY, today)
    # Before the call; after it with nothing stored; between the two writes; after both.
    assert states == {(0, False, True), (1, False, True), (1, True, False), (1, True, True)}


def test_the_loader_stores_the_same_days_while_a_call_is_under_way(database: Database[Any], tmp_path: Path) -> None:
    with atlas(database, FIRST) as around:
        wanted = Window(FIRST - 3 * DAY, FIRST)
        load = Load(database, around.standin, FakeClock(around.moment), tmp_path, wanted, limit=None)

        def overtaken(request: Request) -> Reply:
            reply = send(request)
            assert load.run().identical
            return reply

        execution = around.run(http=overtaken)
        assert (execution.error, execution.result["new"], execution.result["changed"]) == (None, 4 * 48, 0)
        assert_holds(around, FIRST - 7 * DAY, FIRST)


WRITER = """
exports = async function writer({ owner, ...question }) {
  const written = await context.functions.execute("storeReadings", { owner, ...question });
  const { service, database } = question;
  await context.functions.execute("holdLeases", { service, database, names: written.held, owner });
  return written;
};
"""


@pytest.fixture(scope="module")
def writers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with a function that stores and gives back what it holds, as dailyRun does."""
    folder = Path(shutil.copytree(DEFAULT_FOLDER, tmp_path_factory.mktemp("writers") / "app"))
    (folder / "functions" / "writer.js").write_text(WRITER)
    return folder


def test_an_answer_without_readings_beside_one_with_some(database: Database[Any], writers: Path) -> None:
    """Of a series that is stored already: it is left as it is, and the other is stored."""
    with atlas(database, FIRST) as around:
        series = around.series.subdocument()
        edges = [midnight(FIRST - DAY), midnight(FIRST)]
        names = {"service": "mongodb-atlas", "database": database.name, "record": "consumption"}
        known = of_days(around, FIRST - DAY, FIRST)
        readings = [{"ts": start, "wh": wh, "seconds": seconds} for start, (wh, seconds) in known.items()]

        def write(owner: str, *batches: tuple[str, list[Any]]) -> Any:
            asked = [
                {"key": flow, "series": series | {"flow": flow}, "edges": edges, "readings": given}
                for flow, given in batches
            ]
            question = names | {"mirror": "consumptionTS", "owner": owner, "batches": asked}
            execution = run_function(
                writers, "writer", database=database, values={}, secrets={}, arguments=[question], skip_waits=True
            )
            assert execution.error is None, execution.error
            return [(each["new"], each["mirror"]) for each in execution.result["batches"]]

        assert write("one", ("consumption", readings)) == [(48, "same")]
        assert write("two", ("consumption", []), ("production", readings)) == [(0, "same"), (48, "same")]
        for collection in ("consumption", "consumptionTS"):
            assert database[collection].count_documents({}) == 96


def test_writers_of_the_same_readings_at_once_double_nothing(database: Database[Any], writers: Path) -> None:
    with atlas(database, FIRST) as around:
        ranges = [(0, 4), (0, 7), (3, 7), (2, 5)]

        def write(first: int, end: int) -> Execution:
            days = days_between(FIRST - (7 - first) * DAY, FIRST - (7 - end) * DAY)
            readings = [
                {"ts": start, "wh": wh, "seconds": seconds}
                for start, (wh, seconds) in of_days(around, days[0], days[-1] + DAY).items()
            ]
            series = {"key": around.series.key, "series": around.series.subdocument()}
            edges = [midnight(day) for day in [*days, days[-1] + DAY]]
            names = {"service": "mongodb-atlas", "database": database.name, "record": "consumption"}
            batches = [series | {"edges": edges, "readings": readings}]
            question = names | {"mirror": "consumptionTS", "owner": f"{first} {end}", "batches": batches}
            # Waits are real here: the writers wait for each other.
            return run_function(writers, "writer", database=database, values={}, secrets={}, arguments=[question])

        with ThreadPoolExecutor(len(ranges)) as pool:
            executions = list(pool.map(write, *zip(*ranges, strict=True)))
        assert [each.error for each in executions] == [None] * len(ranges)
        stored = [each.result["batches"][0] for each in executions]
        assert sum(each["new"] for each in stored) == 7 * 48
        assert sum(each["filled"] for each in stored) == around.pair.mirror.count_documents({})
        assert around.run().calls == []  # whatever a writer left to the others is completed now
        assert_holds(around, FIRST - 7 * DAY, FIRST)


def test_a_mirror_that_another_writer_has_is_completed_by_the_next_run(database: Database[Any]) -> None:
    with atlas(database, FIRST) as around:
        lease = Lease(database, f"mirror {around.pair.mirror.name} {around.series.key}")
        with held(lease, 0):
            execution = around.run()
        assert (execution.error, execution.result["new"]) == (None, 7 * 48)
        assert around.pair.mirror.count_documents({}) == 0
        assert around.runs()[-1]["series"][0]["mirror"] == "busy"
        around.go_to(FIRST, AFTERNOON)
        execution = around.run()
        assert (execution.calls, execution.result["healed"]) == ([], 7 * 48)
        assert_holds(around, FIRST - 7 * DAY, FIRST)


def test_what_the_mirror_holds_beside_the_record_is_seen_and_left_to_repair(database: Database[Any]) -> None:
    with atlas(database, FIRST) as around:
        around.run()
        double = around.pair.record.find_one({}, sort=[("ts", -1)]) or {}
        around.pair.mirror.insert_one(double | {"_id": ObjectId()})
        around.go_to(FIRST + DAY)
        around.run()
        assert around.pair.mirror.count_documents({}) == 7 * 48 + 1
        assert database[LEASES].count_documents({"stale": True}) == 1
        repair_pair(around.pair, verify_pair(around.pair))
        assert database[LEASES].count_documents({"stale": True}) == 0
        assert_holds(around, FIRST - 7 * DAY, FIRST + DAY)


@pytest.mark.parametrize("lacking", [0, 2])
def test_the_command_makes_no_call_for_days_that_are_stored(
    mongo_uri: str, database: Database[Any], tmp_path: Path, lacking: int, one_day: None
) -> None:
    today = datetime.now(PARIS).date()
    loaded = ("--since", str(today - 9 * DAY), "--until", str(today - lacking * DAY))
    with LinkyStandin() as standin:
        shell = Shell(environment(standin, mongo_uri, database.name, tmp_path), tmp_path, standin)
        assert shell("backfill", *loaded)[0] == 0
        before = len(standin.requests)
        readings = sum(day_seconds(day) for day in days_between(today - lacking * DAY, today)) // STEP
        for calls in (int(lacking > 0), 0):
            told = shell.json("trigger", "run", "linkyDaily")
            assert (told["error"], len(told["calls"]), told["result"]["calls"]) == (None, calls, calls)
            assert told["result"]["new"] == calls * readings
        assert len(standin.requests) == before + int(lacking > 0)
        assert shell.json("verify")["identical"]
