"""The tree: a good one has no problems, and each thing a push would refuse is told with its file and line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sync.model.errors import UsageError
from sync.sources import SOURCES
from sync.triggers.check.tree import Problem, problems_of, read_tree
from sync.triggers.tree import DEFAULT_FOLDER
from sync.triggers.values import AUTO, NO_METER
from tests.deploy.trees import DAILY, PLAIN_VALUES, PRM, change, settings_of, token, trigger, write


def test_a_good_tree(tree: Path) -> None:
    assert problems_of(tree) == []
    read = read_tree(tree)
    assert read.root["name"] == "linky"
    assert list(read.data_sources) == ["mongodb-atlas"]
    assert read.data_sources["mongodb-atlas"]["clusterName"] == "Cluster0"
    assert {name: value.value for name, value in read.values.items()} == {
        **PLAIN_VALUES,
        "linkyToken": "linkyTokenSecret",
    }
    assert [value.name for value in read.values.values() if value.from_secret] == ["linkyToken"]
    assert read.functions["daily"].source == DAILY
    assert read.functions["daily"].flags == {"private": True, "run_as_system": True, "disable_arg_logs": True}
    assert (read.triggers["daily"].schedule, read.triggers["daily"].function) == ("23 6 * * *", "daily")


def test_the_documented_short_form_of_a_trigger(tree: Path) -> None:
    change(tree / "triggers/daily.json", lambda it: it.pop("event_processors"))
    change(tree / "triggers/daily.json", lambda it: it.update(function_name="formatDate"))
    assert read_tree(tree).triggers["daily"].function == "formatDate"


def test_what_a_tree_may_hold_besides(tree: Path) -> None:
    (tree / "README.md").write_text("# how")
    (tree / ".mdb").mkdir()
    write(tree / "functions/package.json", {"dependencies": {}})
    write(tree / "auth/providers.json", {})
    write(tree / "data_sources/mongodb-atlas/electricity/consumption/rules.json", {"roles": []})
    (tree / "functions/utils").mkdir()
    (tree / "functions/utils/add.js").write_text("exports = (a, b) => a + b;\n")
    change(tree / "functions/config.json", lambda it: it.append({"name": "utils/add"}))
    assert problems_of(tree) == []
    assert read_tree(tree).functions["utils/add"].flags["private"] is False


Change = Callable[[Any], Any]
SOURCE = "data_sources/mongodb-atlas/config.json"
CHANGES: list[tuple[str, Change, int, str]] = [
    ("root_config.json", lambda it: it.update(name="x" * 33), 2, "should match pattern"),
    ("root_config.json", lambda it: it.pop("name"), 1, "name: Field required"),
    ("root_config.json", lambda it: it.update(config_version=20180301), 3, "config_version: Input should be 20210101"),
    ("root_config.json", lambda it: it.update(location="FR"), 4, "location: Input should be 'US-VA'"),
    ("root_config.json", lambda it: it.update(provider_region="aws-eu-west-3"), 5, "provider_region: Input should be"),
    ("root_config.json", lambda it: it.update(deployment_model="local"), 6, "Input should be 'GLOBAL' or 'LOCAL'"),
    ("root_config.json", lambda it: it.update(environment="prod"), 7, "Input should be '', 'development'"),
    (SOURCE, lambda it: it.update(name="Cluster0"), 2, "data_sources/Cluster0/"),
    (SOURCE, lambda it: it.update(type="datalake"), 3, "Input should be 'mongodb-atlas'"),
    (SOURCE, lambda it: it["config"].update(clusterName=""), 5, "String should have at least 1 character"),
    (SOURCE, lambda it: it["config"].update(readPreference="any"), 6, "config.readPreference: Input should be"),
    (SOURCE, lambda it: it["config"].update(cluster="x"), 8, "config.cluster: Extra inputs"),
    (SOURCE, lambda it: it.update(config=[]), 4, "config: Input should be"),
    ("functions/config.json", lambda it: it.pop(), 1, "formatDate.js: has no entry in functions/config.json"),
    ("functions/config.json", lambda it: it.append({"name": "gone"}), 15, "there is no functions/gone.js"),
    ("functions/config.json", lambda it: it.append({"name": "daily"}), 3, "stands there twice"),
    ("functions/config.json", lambda it: it[1].update(private="yes"), 10, "private: Input should be a valid boolean"),
    ("functions/config.json", lambda it: it[1].update(run_as_sytem=True), 13, "formatDate: run_as_sytem: Extra inputs"),
    ("functions/config.json", lambda it: it.append({}), 1, "name: Field required"),
    ("functions/config.json", lambda it: it.append("daily"), 1, "Input should be a valid dictionary"),
    ("values/linkyPrm.json", lambda it: it.update(name="linkyPRM"), 2, "must stand in values/linkyPRM.json"),
    ("values/linkyPrm.json", lambda it: it.pop("value"), 1, "value: Field required"),
    ("values/linkyPrm.json", lambda it: it.update(value=36000), 3, 'write numbers as text, "36000"'),
    ("values/linkyPrm.json", lambda it: it.update(value=None), 3, "text, a list or an object"),
    ("values/linkyPrm.json", lambda it: it.update(value=""), 3, 'is empty, which Atlas may refuse: write "auto"'),
    ("values/linkyPrm.json", lambda it: it.update(from_secret="no"), 4, "from_secret: Input should be a valid boolean"),
    ("values/linkyPrm.json", lambda it: it.update(fromSecret=True), 5, "fromSecret: Extra inputs"),
    ("values/linkyPrm.json", lambda it: it.update(value=token(PRM)), 3, "holds a token: keep it in a secret"),
    ("values/linkyToken.json", lambda it: it.update(value="my secret"), 3, "is the name of a secret"),
    ("values/linkyToken.json", lambda it: it.update(value=["a"]), 3, "is the name of a secret"),
    ("values/mongodbService.json", lambda it: it.update(value="Cluster0"), 1, "names the data source 'Cluster0'"),
    ("values/mongodbService.json", lambda it: it.update(value={"a": 1}), 1, "names the data source"),
    ("triggers/daily.json", lambda it: it.update(name="weekly"), 2, "must stand in triggers/weekly.json"),
    ("triggers/daily.json", lambda it: it.update(type="AUTHENTICATION"), 3, "Input should be 'SCHEDULED'"),
    ("triggers/daily.json", lambda it: it["config"].update(schedule="0 6 */2 * *"), 5, "day of month"),
    ("triggers/daily.json", lambda it: it["config"].pop("schedule"), 1, "config.schedule: Field required"),
    ("triggers/daily.json", lambda it: it["config"].update(skip_catchup_event=True), 7, "catchup_event: Extra"),
    ("triggers/daily.json", lambda it: it.update(skip_catchup_event=True), 16, "skip_catchup_event: Extra inputs"),
    ("triggers/daily.json", lambda it: it.update(skip_catchup_events=True), 6, "skip_catchup_events: Extra inputs"),
    ("triggers/daily.json", lambda it: it["config"].update(skip_catchup_events=0), 6, "valid boolean"),
    ("triggers/daily.json", lambda it: it.update(disabled=None), 8, "disabled: Input should be a valid boolean"),
    ("triggers/daily.json", lambda it: it.update(function_name="formatDate"), 12, "must name one function"),
    ("triggers/daily.json", lambda it: it.pop("event_processors"), 1, "must name one function"),
    ("triggers/daily.json", lambda it: it.update(event_processors=trigger("", "", "gone")["event_processors"]), 12,
     "functions/ has daily, formatDate"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "how", "line", "words"), CHANGES, ids=[f"{row[0]}-{row[3]}" for row in CHANGES])
def test_a_changed_file(tree: Path, path: str, how: Change, line: int, words: str) -> None:
    change(tree / path, how)
    problems = problems_of(tree)
    hits = [problem for problem in problems if words in f"{problem.path}: {problem.message}"]
    assert hits, problems
    assert hits[0].line == line, hits
    with pytest.raises(UsageError, match="cannot be deployed") as error:
        read_tree(tree)
    assert str(hits[0]) in str(error.value)
    assert PRM not in str(error.value)
    assert "eyJ" not in str(error.value)


TEXTS = [
    ("values/linkyPrm.json", '{"name": "linkyPrm",\n "value": "a",\n "from_secret": false,}', 3, "is not JSON"),
    ("values/linkyPrm.json", "", 1, "is not JSON"),
    ("values/linkyPrm.json", "[]", 1, "Input should be a valid dictionary"),
    ("values/linkyPrm.json", '{"name": "linkyPrm", "value": {"a": NaN}}', 1, "is not JSON"),
    ("values/linkyPrm.json", "[" * 100_000, 1, "recursion limit"),
    ("values/linkyPrm.json", "\ufeff{}", 1, "is not JSON"),
    ("functions/config.json", "{}", 1, "must hold a list"),
    ("functions/more.js", "exports = () => 1;", 1, "has no entry in functions/config.json"),
    (
        "functions/formatDate.js",
        "\nexports = () => context.values.get('linkyPRM');",
        2,
        "there is no values/linkyPRM.json",
    ),
    ("functions/formatDate.js", "exports = () => context.functions.execute('fmt');", 1, "there is no functions/fmt.js"),
    ("functions/formatDate.js", "exports = () => context.services.get('C0');", 1, "no data_sources/C0/config.json"),
]


@pytest.mark.parametrize(("path", "text", "line", "words"), TEXTS, ids=[f"{row[0]}-{row[3]}" for row in TEXTS])
def test_a_file_with_another_text(tree: Path, path: str, text: str, line: int, words: str) -> None:
    (tree / path).parent.mkdir(exist_ok=True)
    (tree / path).write_text(text, encoding="utf-8")
    hits = [problem for problem in problems_of(tree) if words in problem.message]
    assert hits, problems_of(tree)
    assert hits[0].line == line
    assert path.startswith(hits[0].path)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("root_config.json", "is missing"),
        ("functions/config.json", "is missing"),
        ("data_sources/mongodb-atlas/config.json", "has no data source"),
        ("functions/daily.js", "functions/ has formatDate"),
        ("functions/formatDate.js", "there is no functions/formatDate.js"),
    ],
)
def test_a_missing_file(tree: Path, path: str, words: str) -> None:
    (tree / path).unlink()
    assert any(words in problem.message for problem in problems_of(tree)), problems_of(tree)


def test_a_file_that_is_not_text(tree: Path) -> None:
    (tree / "functions/daily.js").write_bytes(b"exports = () => '\xe9';")
    assert Problem("functions/daily.js", 1, "is not UTF-8 text") in problems_of(tree)


def test_problems_come_in_order_and_once(tree: Path) -> None:
    (tree / "triggers/daily.json").write_text("{}")
    (tree / "functions/daily.js").write_text("exports = () => [context.values.get('x'), context.values.get('x')];\n")
    problems = problems_of(tree)
    assert problems == sorted(set(problems))
    assert len([each for each in problems if each.path == "functions/daily.js"]) == 1
    assert str(problems[0]).startswith("functions/daily.js:1: asks for 'x'")


def test_an_empty_folder(tmp_path: Path) -> None:
    assert {each.path for each in problems_of(tmp_path)} == {
        "root_config.json",
        "data_sources",
        "functions/config.json",
    }
    with pytest.raises(UsageError, match="there is no folder nowhere"):
        problems_of(tmp_path / "nowhere")


KINDS = re.compile(
    r"README\.md|root_config\.json|data_sources/\w[\w-]*/config\.json|functions/(config\.json|\w+\.js)|"
    r"environments/(no-environment|development|testing|qa|production)\.json|(triggers|values)/\w+\.json"
)
PLAIN = ("triggers", "values")
RESERVED = ("stitch", "config", "root_config", "realm_config", "app_config")


def test_every_file_of_this_project_is_one_that_a_push_reads() -> None:
    paths = [path for path in DEFAULT_FOLDER.rglob("*") if path.is_file() and not path.name.startswith(".")]
    names = {path.relative_to(DEFAULT_FOLDER).as_posix(): path for path in paths}
    assert [name for name in names if not KINDS.fullmatch(name)] == []
    assert [
        name for name, path in names.items() if path.parent.name in ("triggers", "values") and path.stem in RESERVED
    ] == []
    for path in (DEFAULT_FOLDER / "environments").iterdir():
        assert json.loads(path.read_text()).keys() == {"values"}


def test_the_tree_of_this_project() -> None:
    assert problems_of(DEFAULT_FOLDER) == []


ASKED = re.compile(r'\b(?:textOf|required|numberOf|readToken)\("(\w+)"|"(?=mongodb)(\w+)"')


def test_the_values_of_this_project_are_all_asked_for_and_have_the_defaults_of_the_settings() -> None:
    """A setting that is not given leaves a Value as the tree has it, so both must say the same."""
    tree = read_tree(DEFAULT_FOLDER)
    sources = "".join(function.source for function in tree.functions.values())
    asked = {name for found in ASKED.findall(sources) for name in found if name}
    # dailySettings puts these together from the name of the source.
    together = {
        f"{entry.name}{end}"
        for entry in SOURCES.values()
        if entry.daily
        for end in ("Collection", "CollectionTS", "ApiUrl")
    }
    assert asked | together == set(tree.values)
    settings = settings_of()
    assert {name: tree.values[name].value for name in ("linkyApiUrl", "linkyMaxPowerW", "mongodbDatabase")} == {
        "linkyApiUrl": settings.linky_api_url,
        "linkyMaxPowerW": str(settings.linky_max_power_w),
        "mongodbDatabase": settings.mongodb_database,
    }
    pair = (tree.values["linkyCollection"].value, tree.values["linkyCollectionTS"].value)
    assert pair == settings.collections["linky"]
    assert {name: tree.values[name].value for name in NO_METER} == NO_METER
    assert tree.values["linkyCallsPerDay"].value == AUTO
    assert all(value.value for value in tree.values.values())
