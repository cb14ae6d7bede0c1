"""elhubDaily and energidataDaily: mornings after a backfill by the loader, with what goes wrong in them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymongo.database import Database

from sync.model.localtime import day_seconds, midnight
from sync.model.window import Window
from sync.sources import zone_of
from sync.sources.source import Dataset
from sync.standin.elhub_hours import GeneratedHours
from sync.store.verify import repair_pair, verify_pair
from sync.triggers.run.harness import Execution
from tests.atlas.functions_runs import TOKEN_SECRET, atlas, days_from
from tests.atlas.open_functions import EVENING, GROUPS, OpenAtlas, open_atlas

pytestmark = pytest.mark.soak  # whole commands and functions of the open sources; test_every_source has short ones

DAY = timedelta(days=1)
FIRST = date(2026, 3, 24)  # the clocks change five days later


def succeeded(around: OpenAtlas) -> dict[str, Any]:
    """One run without an error; its summary."""
    execution = around.run()
    assert execution.error is None, execution.error
    assert execution.operations == execution.result["operations"] == around.runs()[-1]["operations"]
    assert execution.unfinished == 0
    assert execution.logged <= 25
    result: dict[str, Any] = execution.result
    return result


def assert_whole(around: OpenAtlas, flow: str, day: date, series: int) -> None:
    found = around.hours_of(flow, day)
    assert set(found.values()) == {day_seconds(day, around.of.zone)}, (flow, day, found)
    assert len(found) == series


def asked_of(around: OpenAtlas, dataset: Dataset) -> list[tuple[str, str]]:
    """The windows of all calls for a dataset, in the words of the records of the runs."""
    runs = around.database["sync_runs"].find().sort([("at", 1), ("_id", 1)])
    entries = [entry for run in runs for entry in run["series"]]
    return [tuple(entry["asked"]) for entry in entries if entry["series"] == dataset.name and "asked" in entry]


def test_nights_of_elhub(database: Database[Any], tmp_path: Path) -> None:
    with open_atlas(database, "elhub", FIRST) as around:
        around.load(tmp_path, FIRST - 10 * DAY, FIRST)
        around.assert_identical()
        loaded = len(around.standin.requests)
        off = {FIRST + 3 * DAY, FIRST + 4 * DAY}  # nothing runs for two days
        for day in days_from(FIRST + DAY, 10):
            if day in off:
                continue
            around.go_to(day)
            if day == FIRST + 6 * DAY:
                around.spoil("500@1-9")
                execution = around.run()
                assert execution.error is not None
                assert execution.error.startswith("elhubDaily: 2 of 2 datasets failed: elhub production: the next run")
                assert around.states() == ["failed", "waiting", "failed", "waiting"]
                around.spoil("")
                continue
            done = succeeded(around)
            assert (done["calls"], done["waiting"]) == (4, 0)
            assert around.states() == ["done"] * 4
            for flow in ("production", "consumption"):
                assert_whole(around, flow, day - DAY, 5)
        # Of what is 17 days old the time of its update has changed: the record has it, the mirror waits.
        assert {each["changed"] > 0 for each in calls_of(around)} == {True, False}
        repair_pair(around.pair, verify_pair(around.pair))
        around.assert_identical()
        for flow in ("production", "consumption"):
            for day in days_from(FIRST - 10 * DAY, 20):
                assert_whole(around, flow, day, 5)
            assert around.energies(flow, FIRST - 10 * DAY) == published(flow, FIRST - 10 * DAY, FIRST + 10 * DAY)
        check_questions(around, loaded)
        # Every older day of the trailing window had its turn, in weeks.
        older = [asked for asked in asked_of(around, around.of.datasets[0]) if asked[1] < str(FIRST - DAY)]
        assert len(older) >= 4


def published(flow: str, first: date, end: date) -> dict[tuple[str, str, int], int]:
    """What the stand-in has of local days [first, end), rounded as the API rounds: (area, group, ms) → Wh."""
    low, high = (midnight(day, zone_of("elhub")) for day in (first, end))
    return {
        (hours.area, hours.group, start): round(float(str(np.float32(kwh))) * 1000)
        for hours in GeneratedHours(groups=GROUPS).hours(flow, low, high)
        for start, kwh in zip(hours.start.tolist(), hours.kwh.tolist(), strict=True)
    }


def calls_of(around: OpenAtlas) -> list[dict[str, Any]]:
    """The entries of all calls that were answered, in the records of the runs."""
    entries = [entry for run in around.database["sync_runs"].find() for entry in run["series"]]
    return [entry for entry in entries if "new" in entry]


def check_questions(around: OpenAtlas, since: int) -> None:
    """What is asked is, to the letter, what the loader would ask of the same days."""
    sources = {dataset.name: dataset for dataset in around.of.datasets}
    entries = [entry for run in around.database["sync_runs"].find().sort("at", 1) for entry in run["series"]]
    asked = {(entry["series"], *entry["asked"]) for entry in entries if "asked" in entry}
    wanted = []
    for name, first, end in asked:
        url, query = around.of.question(sources[name], Window(date.fromisoformat(first), date.fromisoformat(end)))
        wanted.append((url, sorted(query.items())))
    host = around.standin.url.removesuffix(around.standin.base) if around.standin.base else around.standin.url
    for request in around.standin.requests[since:]:
        assert (host + request.path, sorted(request.given.items())) in wanted


@pytest.mark.soak
def test_days_of_energidata(database: Database[Any], tmp_path: Path) -> None:
    with open_atlas(database, "energidata", FIRST) as around:
        around.spoil("minute@*1")  # as the real one: a call too many is refused
        around.load(tmp_path, FIRST - 14 * DAY, FIRST)
        repair_pair(around.pair, verify_pair(around.pair))
        loaded = len(around.standin.requests)
        for day in days_from(FIRST + DAY, 6):
            if day == FIRST + 4 * DAY:
                continue
            around.go_to(day)
            done = succeeded(around)
            assert done["calls"] == 2
            assert around.states()[0] == "done"
            for wanted in (day, day + DAY):
                assert_whole(around, "price", wanted, 6)
            assert_whole(around, "production", day - 12 * DAY, 2 * 12)
        for day in days_from(FIRST - 14 * DAY, 20):
            assert_whole(around, "price", day, 6)
        assert {request.status for request in around.standin.requests[loaded:]} == {200}
        around.assert_identical()
        check_questions(around, loaded)


def test_the_second_run_of_a_day_makes_no_call(database: Database[Any]) -> None:
    for source, calls in (("elhub", 4), ("energidata", 2)):
        with open_atlas(database, source, FIRST) as around:
            assert succeeded(around)["calls"] == calls
            before = len(around.standin.requests)
            around.moment += timedelta(minutes=20)
            done = succeeded(around)
            assert (done["calls"], done["new"], len(around.standin.requests)) == (0, 0, before)
            assert set(around.states()) <= {"complete", "resting"}
            around.assert_identical()


def test_a_correction_replaces_and_waits_for_repair(database: Database[Any]) -> None:
    with open_atlas(database, "elhub", FIRST) as around:
        succeeded(around)
        before = {each["_id"]: each for each in around.pair.record.find()}
        around.spoil(f"correct@{FIRST - 2 * DAY}:10,outdated@{FIRST - DAY}:10")
        around.go_to(FIRST + DAY)
        done = succeeded(around)
        assert done["changed"] == 2 * 5 * 24
        changed = [each for each in around.pair.record.find() if before.get(each["_id"], each) != each]
        assert len(changed) == done["changed"]
        assert {each["ts"].astimezone(around.of.zone).date() for each in changed} == {FIRST - 2 * DAY}
        assert all(list(each) == list(before[each["_id"]]) for each in changed)
        assert not verify_pair(around.pair).identical
        repair_pair(around.pair, verify_pair(around.pair))
        around.assert_identical()
        around.spoil("")  # what comes now was updated before what is stored
        around.go_to(FIRST + 2 * DAY)
        assert succeeded(around)["changed"] == 0
        around.assert_identical()


def test_two_runs_at_once(database: Database[Any]) -> None:
    with open_atlas(database, "energidata", FIRST) as around:
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(lambda _: around.run(), range(2))
        assert (first.error, second.error) == (None, None)
        assert len(around.standin.requests) == 2
        notes = [run.get("note") for run in database["sync_runs"].find()]
        assert notes.count("another run is under way, this one leaves the work to it") == 1
        around.assert_identical()


@pytest.mark.parametrize(
    ("source", "fault", "words"),
    [
        ("elhub", "othermonth@1", "records are outside"),
        ("elhub", "400@1", "refuses these days (HTTP 400"),
        ("energidata", "hundred@1", "the answer is cut off"),
        ("energidata", "429@1:3000", "asks for a pause until"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_is_refused(
    database: Database[Any], source: str, fault: str, words: str
) -> None:
    """Nothing of it is stored, the other dataset is; the run after it makes it good."""
    with open_atlas(database, source, FIRST) as around:
        around.spoil(fault)
        execution = around.run()
        assert execution.error is not None
        assert execution.error.startswith(f"{source}Daily: 1 of 2 datasets failed: {source} ")
        assert words in execution.error
        assert "\n" not in execution.error
        assert around.states().count("failed") == 1
        assert len(around.pair.record.distinct("series.flow")) == 1
        around.spoil("")
        around.moment += timedelta(hours=1)
        assert succeeded(around)["new"] > 0
        assert len(around.pair.record.distinct("series.flow")) == 2
        around.assert_identical()


def test_a_short_answer_is_stored_and_asked_again_later(database: Database[Any]) -> None:
    """Tomorrow's prices come late one day: the evening's run asks once more."""
    with open_atlas(database, "energidata", FIRST) as around:
        around.moment = datetime(2026, 3, 24, 11, 23, tzinfo=UTC)
        succeeded(around)
        price = around.runs()[-1]["series"][0]
        assert (price["state"], price["error"]) == ("partial", "the last days are not published yet")
        around.moment += timedelta(hours=1)
        assert succeeded(around)["calls"] == 0
        assert around.states()[0] == "resting"
        around.go_to(FIRST, EVENING)
        assert succeeded(around)["new"] == 6 * 96
        assert_whole(around, "price", FIRST + DAY, 6)


def test_a_day_published_in_part_is_asked_again_in_the_evening(database: Database[Any]) -> None:
    """Of DK1 the prices of tomorrow are whole, of the other areas half of them have come."""
    with open_atlas(database, "energidata", FIRST) as around:
        around.spoil("inpart@1:12")
        succeeded(around)
        price = around.runs()[-1]["series"][0]
        assert price["state"] == "partial"
        assert "lacks 48 intervals of 15 min" in price["error"]
        around.spoil("")
        around.go_to(FIRST, EVENING)
        assert succeeded(around)["new"] == 5 * 48
        assert_whole(around, "price", FIRST + DAY, 6)


def test_a_run_that_is_cut_off_is_healed_by_the_next(database: Database[Any]) -> None:
    first = date(2022, 3, 24)  # whose hours the stand-in has not updated since
    with open_atlas(database, "elhub", first) as around:
        succeeded(around)
        states = set()
        for day, operations in enumerate((10, *range(19, 26), 34), 1):
            around.go_to(first + day * DAY)
            cut = around.run(operations=operations)
            assert cut.error is not None
            counts = [side.count_documents({}) for side in (around.pair.record, around.pair.mirror)]
            states.add(counts[0] == counts[1])
            around.moment += timedelta(minutes=10)  # the turn of the run that was cut off has ended
            succeeded(around)
            around.assert_identical()
        assert states == {True, False}


def test_the_limits_of_the_platform_are_far_away(database: Database[Any]) -> None:
    """A long outage: at most two calls a dataset, and operations to spare."""
    with open_atlas(database, "elhub", FIRST) as around:
        succeeded(around)
        around.go_to(FIRST + 60 * DAY)
        done = succeeded(around)
        assert done["calls"] == 4
        assert done["operations"] < 250
        windows = asked_of(around, around.of.datasets[0])[-2:]
        assert [date.fromisoformat(end) - date.fromisoformat(first) for first, end in windows] == [28 * DAY, 28 * DAY]
        assert all(one[1] == other[0] for one, other in pairwise(windows))
        around.assert_identical()


def test_collections_that_were_never_created(database: Database[Any]) -> None:
    with open_atlas(database, "elhub", FIRST) as around:
        for name in ("elhub", "elhubTS", "sync_schema"):
            database.drop_collection(name)
        execution = around.run()
        assert execution.error is not None
        assert "run python -m sync backfill --source elhub once" in execution.error
        assert around.standin.requests == []
        assert "elhub" not in database.list_collection_names()


def test_freshness_tells_of_what_is_in_use_only(database: Database[Any]) -> None:
    with atlas(database, FIRST) as linky, open_atlas(database, "elhub", FIRST) as around:
        assert linky.run().error is None
        linky.values["freshnessHours"] = "9999"
        linky.secrets[TOKEN_SECRET] = linky.standin.token_for(linky.prm, expires=linky.moment + 100 * DAY)

        def watched() -> Execution:
            linky.moment = around.moment
            return linky.run("watchFreshness")

        assert watched().result["series"] == 1  # never ran here
        succeeded(around)
        around.moment += timedelta(hours=21)
        assert watched().result["series"] == 1 + 10
        around.moment += timedelta(days=4)
        (problem,) = watched().logs
        since = "has nothing since 2026-03-24 00:00 (Oslo)"
        assert problem.startswith(f"watchFreshness: elhub NO1 production {since}, elhub NO2 production {since}, ")
        assert problem.endswith(
            "7 more are as old: look at the log of elhubDaily, then run python -m sync backfill --source elhub"
        )
        database["sync_leases"].update_many({"_id": {"$regex": "^mirror elhubTS"}}, {"$set": {"stale": True}})
        problem = watched().logs[1].removeprefix("watchFreshness: ")
        assert problem == "elhubTS lacks corrected values of 10 series: run python -m sync repair --source elhub"
        around.moment += timedelta(days=40)
        assert watched().result["series"] == 1  # given up
