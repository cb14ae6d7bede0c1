"""One execution: values and secrets, services, arguments, other functions, what is thrown, what is logged."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.model.errors import UsageError
from sync.triggers.run.harness import run_function
from sync.triggers.tree import FromSecret
from tests.triggers.trees import NOWHERE, result_of, run_body, run_source, write_tree

NOW = datetime(2026, 3, 29, 5, 7, tzinfo=UTC)


def test_values_come_from_the_tree_the_caller_and_secrets(tmp_path: Path) -> None:
    source = """exports = () => ["plain", "over", "linked", "unlinked", "missing", "list", "mine"].map(
      (name) => context.values.get(name) === undefined ? "undefined" : context.values.get(name));"""
    values = {"plain": "a", "over": "b", "linked": ("theSecret",), "unlinked": ("nowhere",), "list": [1, {"a": "b"}]}
    tree = write_tree(tmp_path, {"main": source}, values)
    execution = run_function(
        tree,
        "main",
        database=NOWHERE,
        values={"over": "c", "mine": FromSecret("theSecret")},
        secrets={"theSecret": "hush"},
    )
    assert execution.result == ["a", "c", "hush", "undefined", "undefined", [1, {"a": "b"}], "hush"]


def test_a_secret_is_at_most_500_characters(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="501 characters"):
        run_body(tmp_path, "return 1;", secrets={"s": "x" * 501})


def test_the_service_has_one_name(tmp_path: Path) -> None:
    source = "exports = () => [typeof context.services.get('Cluster0'), typeof context.services.get('mongodb-atlas')];"
    assert run_source(tmp_path, source, service="Cluster0").result == ["object", "undefined"]


def test_arguments_are_passed(tmp_path: Path) -> None:
    assert result_of(tmp_path, "return given;") == []
    assert result_of(tmp_path, "return given;", arguments=[7, {"when": NOW}]) == [7, {"when": NOW}]


def test_functions_call_each_other(tmp_path: Path) -> None:
    functions = {
        "utils/add": "let calls = 0; exports = async (a, b) => { calls += 1; return {sum: a + b, calls}; };",
        "dates": "exports = (day) => [day, new Date(day.getTime() + 86400000), BSON.Int32(3), undefined];",
        "failing": "exports = () => { throw new Error('deep'); };",
        "cursed": "exports = 5;",
    }
    source = """exports = async function () {
      const sums = [];
      for (const pair of [[1, 2], [3, 4]]) sums.push(await context.functions.execute("utils/add", ...pair));
      const dates = await context.functions.execute("dates", new Date(0));
      const errors = [];
      for (const name of ["failing", "cursed", "nowhere"]) {
        try { await context.functions.execute(name); } catch (error) { errors.push(error.message); }
      }
      return {sums, errors, types: dates.map((each) => typeof each), dated: dates[1] instanceof Date};
    };"""
    execution = run_source(tmp_path, source, functions=functions)
    assert execution.result == {
        "sums": [{"sum": 3, "calls": 1}, {"sum": 7, "calls": 1}],
        "errors": ["deep", "function cursed assigns no function to exports", "function not found: 'nowhere'"],
        "types": ["object", "object", "number", "object"],
        "dated": True,
    }
    assert execution.operations == 6


def test_an_unknown_function_is_the_users_mistake(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, {"one": "exports = () => 1;", "two": "exports = () => 2;"})
    with pytest.raises(UsageError, match="'three'; there are: one, two"):
        run_function(tree, "three", database=NOWHERE, values={}, secrets={})


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("exports = () => { throw new Error('said'); };", "said"),
        ("exports = () => { throw 'bare'; };", "bare"),
        ("exports = () => {\n  return nowhere.x; };", "ReferenceError: nowhere is not defined (main.js:2)"),
        ("exports = () => null.x;", "TypeError: Cannot read properties of null (reading 'x') (main.js:1)"),
        ("const fs = require('fs'); exports = () => 1;", "ReferenceError: require is not defined (main.js:1)"),
        ("exports = () => {", "SyntaxError: Unexpected end of input"),
        ("import x from 'y'; exports = () => 1;", "SyntaxError: Cannot use import statement"),
        ("const x = 1;", "function main assigns no function to exports"),
        (
            "exports = async () => { (async () => { throw new Error('dropped'); })(); await new Promise(() => 0); };",
            "dropped",
        ),
        (
            "exports = () => { setTimeout(() => { throw new Error('later'); }, 1); return new Promise(() => 0); };",
            "later",
        ),
    ],
)
def test_what_is_thrown_is_told(tmp_path: Path, source: str, error: str) -> None:
    execution = run_source(tmp_path, source)
    assert execution.error is not None
    assert error in execution.error
    assert execution.result is None


def test_log_lines(tmp_path: Path) -> None:
    body = """console.log("text", {n: 1, when: new Date(0)}, [undefined], undefined, new Error("x"));
    console.error("é".repeat(300)); for (let n = 0; n < 30; n += 1) console.log(n);"""
    execution = run_body(tmp_path, body)
    assert execution.logs[0] == (
        'text {"n":{"$numberLong":"1"},"when":{"$date":{"$numberLong":"0"}}} [null] undefined Error: x'
    )
    assert execution.logs[1] == "é" * 256
    assert len(execution.logs) == 25
    assert execution.logs[-1] == '{"$numberLong":"22"}'
    assert execution.logged == 32
