"""The tree: a good one has no problems, and each thing a push would refuse is told with its file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sync.model.errors import UsageError
from sync.sources import SOURCES
from sync.triggers.check.files import Problem
from sync.triggers.check.tree import problems_of, read_tree
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
    change(tree / "environments/production.json", lambda it: it["values"].update(place="here"))
    (tree / "functions/formatDate.js").write_text("exports = () => context.environment.values.place;\n")
    assert problems_of(tree) == []
    assert read_tree(tree).functions["utils/add"].flags["private"] is False


Change = Callable[[Any], Any]
SOURCE = "data_sources/mongodb-atlas/config.json"
CHANGES: list[tuple[str, Change, int, str]] = [
    ("root_config.json", lambda it: it.update(name="x" * 33), 2, "33 characters, Atlas takes 32"),
    ("root_config.json", lambda it: it.pop("name"), 1, "name is missing"),
    ("root_config.json", lambda it: it.update(config_version=20180301), 3, "must be 20210101"),
    ("root_config.json", lambda it: it.update(location="FR"), 4, "location must be 'US-VA'"),
    ("root_config.json", lambda it: it.update(provider_region="aws-eu-west-3"), 5, "provider_region must be"),
    ("root_config.json", lambda it: it.update(deployment_model="local"), 6, "must be 'GLOBAL' or 'LOCAL', not 'local'"),
    ("root_config.json", lambda it: it.update(environment="prod"), 7, "must be '', 'development'"),
    (SOURCE, lambda it: it.update(name="Cluster0"), 2, "data_sources/Cluster0/"),
    (SOURCE, lambda it: it.update(type="datalake"), 3, "must be 'mongodb-atlas'"),
    (SOURCE, lambda it: it["config"].update(clusterName=""), 5, "clusterName must not be empty"),
    (SOURCE, lambda it: it["config"].update(readPreference="any"), 6, "config.readPreference must be"),
    (SOURCE, lambda it: it["config"].update(cluster="x"), 8, "config.cluster is no field"),
    (SOURCE, lambda it: it.update(config=[]), 4, "config must be an object"),
    ("environments/qa.json", lambda it: it.pop("values"), 1, "values is missing"),
    ("environments/qa.json", lambda it: it.update(place="x"), 3, "place is no field"),
    ("environments/qa.json", lambda it: it["values"].update({"a b": 1}), 3, "unaccented"),
    ("functions/config.json", lambda it: it.pop(), 1, "formatDate.js: has no entry in functions/config.json"),
    ("functions/config.json", lambda it: it.append({"name": "gone"}), 15, "there is no functions/gone.js"),
    ("functions/config.json", lambda it: it.append({"name": "daily"}), 3, "stands there twice"),
    ("functions/config.json", lambda it: it[1].update(private="yes"), 10, "private must be true or false"),
    ("functions/config.json", lambda it: it[1].update(run_as_sytem=True), 13, "formatDate: run_as_sytem is no field"),
    ("functions/config.json", lambda it: it.append({}), 1, "name is missing"),
    ("functions/config.json", lambda it: it.append("daily"), 1, "must hold a list of objects"),
    ("values/linkyPrm.json", lambda it: it.update(name="linkyPRM"), 2, "must stand in values/linkyPRM.json"),
    ("values/linkyPrm.json", lambda it: it.pop("value"), 2, "has no value"),
    ("values/linkyPrm.json", lambda it: it.update(value=36000), 3, 'write numbers as text, "36000"'),
    ("values/linkyPrm.json", lambda it: it.update(value=None), 3, "text, a list or an object"),
    ("values/linkyPrm.json", lambda it: it.update(value=""), 3, 'is empty, which Atlas may refuse: write "auto"'),
    ("values/linkyPrm.json", lambda it: it.update(from_secret="no"), 4, "from_secret must be true or false"),
    ("values/linkyPrm.json", lambda it: it.update(fromSecret=True), 5, "fromSecret is no field"),
    ("values/linkyPrm.json", lambda it: it.update(value=token(PRM)), 3, "holds a token: keep it in a secret"),
    ("values/linkyToken.json", lambda it: it.update(value="my secret"), 3, "is the name of a secret"),
    ("values/linkyToken.json", lambda it: it.update(value=["a"]), 3, "is the name of a secret"),
    ("values/mongodbService.json", lambda it: it.update(value="Cluster0"), 1, "names the data source 'Cluster0'"),
    ("values/mongodbService.json", lambda it: it.update(value={"a": 1}), 1, "names the data source"),
    ("triggers/daily.json", lambda it: it.update(name="weekly"), 2, "must stand in triggers/weekly.json"),
    ("triggers/daily.json", lambda it: it.update(type="AUTHENTICATION"), 3, "must be 'SCHEDULED'"),
    ("triggers/daily.json", lambda it: it["config"].update(schedule="0 6 */2 * *"), 5, "day of month"),
    ("triggers/daily.json", lambda it: it["config"].pop("schedule"), 1, "config.schedule is missing"),
    ("triggers/daily.json", lambda it: it["config"].update(skip_catchup_event=True), 7, "plural, inside config"),
    ("triggers/daily.json", lambda it: it.update(skip_catchup_event=True), 16, "plural, inside config"),
    ("triggers/daily.json", lambda it: it.update(skip_catchup_events=True), 6, "belongs inside config"),
    ("triggers/daily.json", lambda it: it["config"].update(skip_catchup_events=0), 6, "true or false"),
    ("triggers/daily.json", lambda it: it.update(disabled=None), 8, "disabled must be true or false"),
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
    ("values/linkyPrm.json", "[]", 1, "must hold one JSON object"),
    ("values/linkyPrm.json", '{"name": "linkyPrm", "value": "a",\n"value": "b"}', 1, "'value' stands there twice"),
    ("values/linkyPrm.json", '{"name": "linkyPrm", "value": {"a": NaN}}', 1, "NaN is not JSON"),
    ("values/linkyPrm.json", "[" * 100_000, 1, "nested too deeply"),
    ("values/linkyPrm.json", "\ufeff{}", 1, "is not JSON"),
    ("functions/config.json", "{}", 1, "must hold a list"),
    ("functions/stitch.json", "{}", 1, "a name Atlas keeps"),
    ("stitch.json", "{}", 1, "a name Atlas keeps"),
    ("app_config.json", "{}", 1, "a name Atlas keeps"),
    ("values/root_config.json", '{"name": "root_config", "value": "a"}', 1, "a name Atlas keeps"),
    ("triggers/config.json", "{}", 1, "a name Atlas keeps"),
    ("config.json", "{}", 1, "a name Atlas keeps"),
    ("realm_config.json", "{}", 1, "stands beside root_config.json"),
    ("environments/staging.json", '{"values": {}}', 1, "is no environment"),
    ("environments/notes.txt", "x", 1, "is not a JSON file"),
    ("trigger/daily.json", "{}", 1, "is no folder of the tree"),
    ("functions/notes.md", "x", 1, "is not read by a push"),
    ("functions/utils/config.json", "{}", 1, "a name Atlas keeps"),
    ("functions/daily.test.js", "exports = () => 1;", 1, "unaccented"),
    ("functions/more.js", "exports = () => 1;", 1, "has no entry in functions/config.json"),
    ("values/linky-more/x.json", "{}", 1, "is not a JSON file"),
    ("data_sources/other/readme", "x", 1, "must be a folder with a config.json"),
    (
        "functions/formatDate.js",
        "\nexports = () => context.values.get('linkyPRM');",
        2,
        "there is no values/linkyPRM.json",
    ),
    ("functions/formatDate.js", "exports = () => context.functions.execute('fmt');", 1, "there is no functions/fmt.js"),
    ("functions/formatDate.js", "exports = () => context.services.get('C0');", 1, "no data_sources/C0/config.json"),
    (
        "functions/formatDate.js",
        "exports = () => context.environment.values.x;",
        1,
        "which no file of environments/ has",
    ),
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
        ("root_config.json", "the file that makes the folder an app"),
        ("functions/config.json", "is missing: the manifest"),
        ("data_sources/mongodb-atlas/config.json", "must be a folder with a config.json"),
        ("values/linkyApiUrl.json", "there is no values/linkyApiUrl.json"),
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


def test_an_older_export_is_read_too(tree: Path) -> None:
    (tree / "root_config.json").rename(tree / "realm_config.json")
    assert problems_of(tree) == []


def test_problems_come_in_order_and_once(tree: Path) -> None:
    (tree / "triggers/daily.json").write_text("{}")
    (tree / "functions/daily.js").write_text("exports = () => [context.values.get('x'), context.values.get('x')];\n")
    problems = problems_of(tree)
    assert problems == sorted(set(problems))
    assert len([each for each in problems if each.path == "functions/daily.js"]) == 1
    assert str(problems[0]).startswith("functions/daily.js:1: asks for the value 'x'")


def test_an_empty_folder(tmp_path: Path) -> None:
    assert {each.path for each in problems_of(tmp_path)} == {
        "root_config.json",
        "data_sources",
        "functions/config.json",
    }
    with pytest.raises(UsageError, match="there is no folder nowhere"):
        problems_of(tmp_path / "nowhere")


def test_the_tree_of_this_project() -> None:
    assert problems_of(DEFAULT_FOLDER) == []


def test_the_values_of_this_project_are_all_asked_for_and_have_the_defaults_of_the_settings() -> None:
    """A setting that is not given leaves a Value as the tree has it, so both must say the same."""
    tree = read_tree(DEFAULT_FOLDER)
    asked = {each.name for function in tree.functions.values() for each in function.references if each.kind == "value"}
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
