"""A hundred meters in one run: its operations and its time by the harness's own count, and what becomes of the rest."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.triggers.run.harness import Execution, run_function
from sync.triggers.run.web import Reply, Request, send
from sync.triggers.tree import DEFAULT_FOLDER
from tests.atlas.functions_meters import asked, configure, full_days, many
from tests.atlas.functions_runs import AFTERNOON, Atlas, days_from

DAY = date(2026, 11, 17)
MOST_OPERATIONS, MOST_SECONDS = 800, 240
METERS = 100


def run(around: Atlas, **options: Any) -> Execution:
    """One run that ends well; its own count of operations is that of the harness."""
    execution = around.run(**options)
    assert execution.error is None, execution.error
    assert execution.result["operations"] == around.runs()[-1]["operations"] == execution.operations
    assert execution.logged == len(execution.logs) <= 25
    return execution


def slowly(request: Request) -> Reply:
    """A gateway that takes 20 s for each answer, by the clock of the execution."""
    return replace(send(request), seconds=20)


def states(around: Atlas) -> dict[str, int]:
    """How many series the last run left in each state."""
    found: dict[str, int] = {}
    for entry in around.runs()[-1]["series"]:
        found[entry["state"]] = found.get(entry["state"], 0) + 1
    return found


@pytest.mark.soak
def test_a_hundred_meters_in_one_run(database: Database[Any]) -> None:
    """The first run, which loads a week, an ordinary morning, and a run that has nothing to do."""
    with many(database, DAY, METERS) as around:
        first = run(around)
        assert first.operations < MOST_OPERATIONS
        assert 99 <= first.seconds < MOST_SECONDS  # a second between the starts of two calls
        assert (states(around), len(around.standin.requests)) == ({"done": METERS}, METERS)
        around.go_to(DAY + timedelta(days=1))
        ordinary = run(around)
        assert ordinary.operations < MOST_OPERATIONS
        assert ordinary.seconds < MOST_SECONDS
        assert set(asked(around, METERS)) == {(DAY.isoformat(), prm) for prm in around.standin.meters}
        assert full_days(around, DAY) == METERS
        around.go_to(DAY + timedelta(days=1), AFTERNOON)
        idle = run(around)
        assert len(around.standin.requests) == 2 * METERS
        assert idle.operations < 50
        around.assert_identical()


@pytest.mark.soak
def test_a_hundred_meters_at_a_gateway_that_answers_every_second_try(database: Database[Any]) -> None:
    """Every call that is made twice costs an operation more; the limits hold all the same."""
    with many(database, DAY, METERS) as around:

        def tripping(request: Request) -> Reply:
            trips = not seen.get(request.url)
            seen[request.url] = True
            return replace(send(request), status=500, body=b"{}") if trips else send(request)

        seen: dict[str, bool] = {}
        execution = run(around, http=tripping)
        assert execution.operations < MOST_OPERATIONS
        # No call begins after 240 s; the one under way may take its three tries.
        assert execution.seconds < 270
        waiting = states(around).get("waiting", 0)
        assert states(around) == {"done": METERS - waiting, "waiting": waiting}
        assert 0 < waiting < METERS
        around.go_to(DAY, AFTERNOON)
        done = {prm for _, prm in asked(around)}
        before = len(around.standin.requests)
        run(around)
        assert {prm for _, prm in asked(around, before)} == set(around.standin.meters) - done
        around.assert_identical()


@pytest.mark.soak
def test_what_the_operations_do_not_suffice_for_the_next_run_takes(database: Database[Any], tmp_path: Path) -> None:
    """Where fewer are left than the run needs: a limit of 200 in the place of 800."""
    series = 2 * 25
    with many(database, DAY, 25, ("consumption", "production")) as around:
        around.folder = shutil.copytree(DEFAULT_FOLDER, tmp_path / "app")
        daily = around.folder / "functions" / "dailyRun.js"
        source = daily.read_text(encoding="utf-8")
        limited = source.replace("const MOST_OPERATIONS = 800;", "const MOST_OPERATIONS = 200;")
        assert limited != source
        daily.write_text(limited, encoding="utf-8")
        first = run(around)
        assert first.operations <= 200
        made = len(around.standin.requests)
        assert 10 < made < series
        assert states(around) == {"done": made, "waiting": series - made}
        words = f"{series - made} calls wait for the next run, which begins with the oldest days: the operations of"
        assert any(line.startswith(words) for line in first.logs), first.logs
        assert around.runs()[-1]["note"].startswith(words)
        around.folder = DEFAULT_FOLDER
        around.go_to(DAY, AFTERNOON)
        run(around)
        served = [(each.route, each.prm) for each in around.standin.requests]
        assert len(set(served)) == len(served) == series
        assert full_days(around, DAY - timedelta(days=1)) == series
        around.assert_identical()


def test_the_oldest_days_go_first(database: Database[Any]) -> None:
    """Half of the meters end three days ago, a quarter two: with a slow gateway it takes runs to reach the newest."""
    with many(database, DAY, 40) as around:
        prms = list(around.standin.meters)
        for day, part in zip(days_from(DAY, 3), (prms, prms[:20], prms[:10]), strict=True):
            around.go_to(day)
            configure(around, part)
            run(around)
        configure(around, prms)
        around.go_to(DAY + timedelta(days=3))
        before = len(around.standin.requests)
        runs = 0
        while not runs or "waiting" in states(around):
            execution = run(around, http=slowly)
            assert execution.seconds < 270
            around.moment += timedelta(minutes=10)
            runs += 1
        starts = [start for start, _ in asked(around, before)]
        assert runs == 4  # twelve calls of 20 s are begun in 240 s
        assert starts == sorted(starts)
        assert starts == [(DAY + timedelta(days=after)).isoformat() for after in (0,) * 20 + (1,) * 10 + (2,) * 10]
        assert {prm for _, prm in asked(around, before)} == set(prms)
        assert full_days(around, DAY + timedelta(days=2)) == len(prms)
        around.assert_identical()


@pytest.mark.soak
def test_more_meters_than_calls_a_day(database: Database[Any]) -> None:
    """What a user with a hundred meters gets: ten of them come a day later, in turn, and the function says so."""
    with many(database, DAY, METERS) as around:
        around.values["linkyCallsPerDay"] = "90"
        late: set[str] = set()
        for number, day in enumerate(days_from(DAY, 4)):
            around.go_to(day)
            before = len(around.standin.requests)
            execution = run(around)
            today = asked(around, before)
            assert len(today) == 90
            assert [start for start, _ in today] == sorted(start for start, _ in today)
            assert late <= {prm for _, prm in today[:10]}  # who waited yesterday goes first
            waiting = set(around.standin.meters) - {prm for _, prm in today}
            assert not waiting & late
            assert len(waiting) == 10
            late = waiting
            words = (
                "10 calls wait for the next run, which begins with the oldest days: the 90 calls of this UTC day are "
            )
            assert f"{words}used up: with 100 series each comes up to 1 days later, in turn" in execution.logs
            assert execution.result["waiting"] == 10
            assert full_days(around, day - timedelta(days=2)) == (METERS if number else 90)
        around.go_to(day, AFTERNOON)
        execution = run(around)
        assert len(around.standin.requests) == 4 * 90
        assert "the 90 calls of this UTC day are used up" in around.runs()[-1]["note"]
        watched = around.run("watchFreshness")
        assert watched.error is None, watched.error
        around.assert_identical()


def test_calls_that_are_too_few_for_ever(database: Database[Any]) -> None:
    with many(database, DAY, 8) as around:
        around.values["linkyCallsPerDay"] = "1"
        execution = run(around)
        assert len(around.standin.requests) == 1
        words = "too few for 8 series, raise the Value linkyCallsPerDay or take meters out"
        assert any(words in line for line in execution.logs), execution.logs


@pytest.mark.parametrize(
    ("url", "calls"),
    [("https://gateway.example/api", 90), ("http://127.0.0.1:1/api", None), ("http://localhost", None)],
)
def test_on_a_real_host_ninety_calls_are_the_most(database: Database[Any], url: str, calls: int | None) -> None:
    values = {"linkyApiUrl": url}

    def settings() -> Any:
        given: dict[str, Any] = {"values": values, "secrets": {}, "arguments": ["linky"]}
        return run_function(DEFAULT_FOLDER, "dailySettings", database=database, **given).result

    assert settings()["callsPerDay"] == calls
    values["linkyCallsPerDay"] = "91"
    assert "the Value linkyCallsPerDay must be a whole number from 1 to 90" in settings()["problems"]
