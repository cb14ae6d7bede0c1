"""The platform's limits: operations, time, memory, documents; and a clock that jumps over waits."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.triggers.run.harness import Limits
from sync.triggers.run.web import NoReply, Reply, Request, RequestFailed
from tests.triggers.trees import error_of, result_of, run_body, run_source

NOW = datetime(2026, 10, 25, 5, 0, tzinfo=UTC)


def test_operations_are_counted_over_nested_functions(tmp_path: Path, database: Database[Any]) -> None:
    inner = """exports = async (name) => {
      const readings = context.services.get("mongodb-atlas").db(name).collection("readings");
      await readings.find().toArray(); await readings.findOne(); };"""
    body = """await collection.insertOne({a: 1});
    await context.functions.execute("inner", context.values.get("mongodbDatabase"));
    await context.http.get({url: "https://api.test/x"});"""
    execution = run_body(tmp_path, body, database, functions={"inner": inner}, http=lambda _: Reply(200))
    assert execution.error is None
    assert execution.operations == 5
    assert execution.unfinished == 0


def test_the_operation_too_many_ends_the_execution(tmp_path: Path, database: Database[Any]) -> None:
    body = "try { for (;;) await collection.findOne({}); } catch (error) { return 'caught'; }"
    execution = run_body(tmp_path, body, database, limits=Limits(operations=10))
    assert execution.error == "more than 10 asynchronous operations in one execution"


def test_the_limits_are_those_of_the_platform() -> None:
    limits = Limits()
    assert (limits.seconds, limits.operations, limits.documents) == (300, 1000, 50_000)
    assert (limits.log_lines, limits.log_bytes, limits.memory_mb) == (25, 512, 350)


@pytest.mark.parametrize(
    "body", ["await new Promise((done) => setTimeout(done, 400000));", "await new Promise(() => 0);"]
)
def test_time_is_limited_on_the_executions_own_clock(tmp_path: Path, body: str) -> None:
    execution = run_body(tmp_path, body, skip_waits=True)
    assert execution.error == "execution time limit of 300 s exceeded"
    assert execution.seconds >= 300


def test_a_function_that_never_yields_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.triggers.run.process.GRACE", 0.1)
    execution = run_body(tmp_path, "for (;;) { }", limits=Limits(seconds=0.5))
    assert execution.error == "execution time limit of 0.5 s exceeded"


def test_memory_is_limited(tmp_path: Path) -> None:
    body = "const kept = []; for (;;) kept.push(new Array(100000).fill(kept.length + 0.5));"
    assert error_of(tmp_path, body, limits=Limits(memory_mb=40)).startswith("out of memory")


def test_a_query_gives_so_many_documents(tmp_path: Path, database: Database[Any]) -> None:
    database["readings"].insert_many([{"n": n} for n in range(11)])
    few = Limits(documents=10)
    assert len(result_of(tmp_path, "return collection.find().limit(10).toArray();", database, limits=few)) == 10
    for query in ("find()", "aggregate([{$match: {}}])"):
        assert "at most 10 documents" in error_of(
            tmp_path, f"return collection.{query}.toArray();", database, limits=few
        )


def test_waits_are_skipped_but_counted(tmp_path: Path) -> None:
    body = """const began = Date.now(); const order = [];
    const wait = (ms) => new Promise((done) => setTimeout(done, ms));
    await Promise.all([wait(60000).then(() => order.push(60)), wait(30000).then(() => order.push(30))]);
    await wait(5000);
    return {order, passed: Math.floor((Date.now() - began) / 1000), now: new Date()};"""
    execution = run_body(tmp_path, body, now=NOW, skip_waits=True)
    assert execution.error is None
    assert (execution.result["order"], execution.result["passed"]) == ([30, 60], 65)
    assert 65 <= (execution.result["now"] - NOW).total_seconds() < 95
    assert 65 <= execution.seconds < 95


def test_no_wait_is_skipped_while_a_call_is_under_way(tmp_path: Path, database: Database[Any]) -> None:
    body = """const guard = new Promise((done) => setTimeout(done, 10000, "guard"));
    return Promise.race([guard, collection.aggregate([{$match: {}}]).toArray().then(() => "answer")]);"""
    assert result_of(tmp_path, body, database, skip_waits=True) == "answer"


RACE = """const guard = (ms) => new Promise((done) => setTimeout(done, ms, "guard"));
const asked = context.http.get({url: "https://api.test/x"}).then(() => "answer", () => "error");
return Promise.race([guard(10000), asked]);"""


def test_a_request_that_is_never_answered(tmp_path: Path) -> None:
    def silent(request: Request) -> Reply:
        raise NoReply

    execution = run_body(tmp_path, RACE, skip_waits=True, http=silent)
    assert (execution.result, execution.unfinished) == ("guard", 1)
    assert execution.seconds >= 10


@pytest.mark.parametrize(("seconds", "first"), [(9.0, "answer"), (11.0, "guard")])
def test_a_slow_answer_takes_its_time_on_the_executions_clock(tmp_path: Path, seconds: float, first: str) -> None:
    execution = run_body(tmp_path, RACE, skip_waits=True, http=lambda _: Reply(200, seconds=seconds))
    assert execution.result == first
    assert execution.seconds >= min(seconds, 10)


def test_a_failed_request(tmp_path: Path) -> None:
    def broken(request: Request) -> Reply:
        raise RequestFailed("no answer")

    execution = run_body(tmp_path, RACE, http=broken)
    assert execution.result == "error"
    assert execution.calls == [("GET", "https://api.test/x", 0)]


def test_two_files_keep_their_names_apart(tmp_path: Path) -> None:
    other = "const shared = 2; exports = () => shared;"
    source = "const shared = 1; exports = async () => [shared, await context.functions.execute('other'), shared];"
    assert run_source(tmp_path, source, functions={"other": other}).result == [1, 2, 1]
