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
from sync.triggers.values import BY_SETTING, DEFAULTS, SERVICES
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
    ("root_config.json", lambda it: it.update(deployment_model="local"), 6, "Input should be 'GLOBAL' or 'LOCAL'"),
    ("root_config.json", lambda it: it.update(environment="prod"), 7, "Input should be '', 'development'"),
    (SOURCE, lambda it: it.update(name="Cluster0"), 2, "data_sources/Cluster0/"),
    (SOURCE, lambda it: it.update(type=7), 3, "type: Input should be"),
    (SOURCE, lambda it: it["config"].update(clusterName=""), 5, "String should have at least 1 character"),
    (SOURCE, lambda it: it["config"].update(readPreference="any"), 6, "config.readPreference: Input should be"),
    (SOURCE, lambda it: it.update(config=[]), 4, "config: Input should be"),
    ("functions/config.json", lambda it: it.append({"name": "gone"}), 15, "there is no functions/gone.js"),
    ("functions/config.json", lambda it: it.append({"name": "daily"}), 3, "stands there twice"),
    ("functions/config.json", lambda it: it[1].update(private="yes"), 10, "private: Input should be a valid boolean"),
    ("functions/config.json", lambda it: it.append({}), 1, "name: Field required"),
    ("functions/config.json", lambda it: it.append("daily"), 1, "Input should be a valid dictionary"),
    ("values/linkyPrm.json", lambda it: it.update(name="linkyPRM"), 2, "must stand in values/linkyPRM.json"),
    ("values/linkyPrm.json", lambda it: it.pop("value"), 1, "value: Field required"),
    ("values/linkyPrm.json", lambda it: it.update(from_secret="no"), 4, "from_secret: Input should be a valid boolean"),
    ("values/linkyToken.json", lambda it: it.update(value="my secret"), 3, "is the name of a secret"),
    ("values/linkyToken.json", lambda it: it.update(value=["a"]), 3, "is the name of a secret"),
    ("triggers/daily.json", lambda it: it.update(name="weekly"), 2, "must stand in triggers/weekly.json"),
    ("triggers/daily.json", lambda it: it.update(type="WEBHOOK"), 3, "Input should be 'SCHEDULED', 'DATABASE'"),
    ("triggers/daily.json", lambda it: it["config"].update(schedule="0 6 */2 * *"), 5, "day of month"),
    ("triggers/daily.json", lambda it: it["config"].pop("schedule"), 1, "config.schedule: Field required"),
    ("triggers/daily.json", lambda it: it["config"].update(skip_catchup_events=0), 6, "valid boolean"),
    ("triggers/daily.json", lambda it: it.update(disabled=None), 8, "disabled: Input should be a valid boolean"),
    ("triggers/daily.json", lambda it: it.update(function_name="formatDate"), 12, "must name one function"),
    ("triggers/daily.json", lambda it: it.pop("event_processors"), 1, "must name one function"),
    ("triggers/daily.json", lambda it: it.update(event_processors=trigger("", "", "gone")["event_processors"]), 12,
     "functions/ has daily, formatDate"),
]  # fmt: skip


DOUBTS: list[tuple[str, Change, int, str]] = [
    ("root_config.json", lambda it: it.update(config_version=20180302), 3, "20180302 is not among the documented"),
    ("root_config.json", lambda it: it.update(location="FR"), 4, "location: 'FR' is not among the documented: US-VA"),
    ("root_config.json", lambda it: it.update(provider_region="aws-eu-west-3"), 5, "aws-eu-west-3' is not among"),
    (SOURCE, lambda it: it["config"].update(cluster="x"), 8, "cluster: is not documented here: a push may drop it"),
    ("functions/config.json", lambda it: it.pop(), 1, "formatDate.js: has no entry in functions/config.json"),
    ("functions/config.json", lambda it: it[1].update(run_as_sytem=True), 13, "run_as_sytem: is not documented"),
    ("values/linkyPrm.json", lambda it: it.update(value=36000), 3, 'as text, "36000", it is safe'),
    ("values/linkyPrm.json", lambda it: it.update(value=None), 3, "one page allows text, lists and objects alone"),
    ("values/linkyPrm.json", lambda it: it.update(value=""), 3, 'an empty text may be refused: "auto"'),
    ("values/linkyPrm.json", lambda it: it.update(fromSecret=True), 5, "fromSecret: is not documented here"),
    ("values/linkyPrm.json", lambda it: it.update(value=token(PRM)), 3, "holds a token: keep it in a secret"),
    ("values/mongodbService.json", lambda it: it.update(value="Cluster0"), 1, "names the data source 'Cluster0'"),
    ("values/mongodbService.json", lambda it: it.update(value={"a": 1}), 1, "names the data source"),
    ("triggers/daily.json", lambda it: it["config"].update(skip_catchup_event=True), 7, "event: is not documented"),
    ("triggers/daily.json", lambda it: it.update(skip_catchup_event=True), 16, "catchup_event: is not documented"),
    ("triggers/daily.json", lambda it: it.update(skip_catchup_events=True), 6, "catchup_events: is not documented"),
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


@pytest.mark.parametrize(("path", "how", "line", "words"), DOUBTS, ids=[f"{row[0]}-{row[3]}" for row in DOUBTS])
def test_what_a_push_may_take_or_drop_is_a_doubt(tree: Path, path: str, how: Change, line: int, words: str) -> None:
    change(tree / path, how)
    hits = [problem for problem in problems_of(tree) if words in f"{problem.path}: {problem.message}"]
    assert hits, problems_of(tree)
    assert (hits[0].line, hits[0].in_doubt) == (line, True)
    assert "in doubt: " in str(hits[0])
    assert PRM not in str(hits[0])
    read_tree(tree)


EXPORTED: dict[str, Any] = {
    "root_config.json": {"name": "Triggers", "provider_region": "aws-eu-central-1", "deployment_model": "LOCAL"},
    ".mdb/meta.json": {
        "config_version": 20230101, "app_id": "6" * 24, "group_id": "5" * 24, "client_app_id": "triggers-abcdefg",
        "last_pulled": 0,
    },
    "data_sources/Home/config.json": {
        "name": "Home", "type": "mongodb-atlas", "version": 1,
        "config": {"clusterName": "Home", "readPreference": "primary", "wireProtocolEnabled": True},
    },
    "data_sources/lake/config.json": {"name": "lake", "type": "datalake", "config": {"dataLakeName": "lake"}},
    "functions/config.json": [{"name": "Atlas_Triggers_changes_1", "private": True}, {"name": "job", "private": False}],
    "triggers/changes.json": {
        "name": "changes", "type": "DATABASE", "disabled": False,
        "config": {
            "collection": "c", "database": "d", "service_name": "Home", "full_document": True, "match": {},
            "maximum_throughput": False, "operation_types": ["UPDATE"], "skip_catchup_events": False,
        },
        "event_processors": {"FUNCTION": {"config": {"function_name": "Atlas_Triggers_changes_1"}}},
    },
    "triggers/job.json": {
        "name": "job", "type": "SCHEDULED", "disabled": False,
        "config": {"schedule": "0 6 * * *", "schedule_type": "ADVANCED", "skip_catchup_events": False},
        "event_processors": {"FUNCTION": {"config": {"function_name": "job"}}},
    },
    "triggers/bus.json": {
        "name": "bus", "type": "SCHEDULED", "disabled": False, "config": {"schedule": "0 6 * * *"},
        "event_processors": {"AWS_EVENTBRIDGE": {"config": {"account_id": "1", "region": "eu-west-3"}}},
    },
    "values/mail.json": {"name": "mail", "value": "mailKey", "from_secret": True},
}  # fmt: skip
"""As exports of real Triggers apps are: fields, places and versions after public ones."""


def test_what_a_real_export_holds_is_taken_without_a_word(tmp_path: Path) -> None:
    for path, content in EXPORTED.items():
        write(tmp_path / path, content)
    for name in ("Atlas_Triggers_changes_1", "job"):
        (tmp_path / f"functions/{name}.js").write_text("exports = function () { return 1; };\n")
    assert problems_of(tmp_path) == []
    tree = read_tree(tmp_path)
    assert (sorted(tree.triggers), sorted(tree.data_sources)) == (["bus", "job"], ["Home"])
    (tmp_path / ".mdb/meta.json").unlink()
    assert [problem.in_doubt for problem in problems_of(tmp_path)] == [True]


TEXTS = [
    ("values/linkyPrm.json", '{"name": "linkyPrm",\n "value": "a",\n "from_secret": false,}', 3, "is not JSON"),
    ("values/linkyPrm.json", "", 1, "is not JSON"),
    ("values/linkyPrm.json", "[]", 1, "Input should be a valid dictionary"),
    ("values/linkyPrm.json", '{"name": "linkyPrm", "value": {"a": NaN}}', 1, "is not JSON"),
    ("values/linkyPrm.json", "[" * 100_000, 1, "recursion limit"),
    ("values/linkyPrm.json", "\ufeff{}", 1, "is not JSON"),
    ("functions/config.json", "{}", 1, "must hold a list"),
    ("functions/more.js", "exports = () => 1;", 1, "has no entry in functions/config.json"),
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
    (tree / "functions/daily.js").write_text(
        "exports = () => [context.services.get('x'), context.services.get('x')];\n"
    )
    problems = problems_of(tree)
    assert problems == sorted(set(problems))
    assert len([each for each in problems if each.path == "functions/daily.js"]) == 1
    assert str(problems[0]).startswith("functions/daily.js:1: in doubt: asks for 'x'")


def test_an_empty_folder(tmp_path: Path) -> None:
    assert {each.path for each in problems_of(tmp_path)} == {
        "root_config.json",
        "data_sources",
        "functions/config.json",
    }
    with pytest.raises(UsageError, match="there is no folder nowhere"):
        problems_of(tmp_path / "nowhere")


KINDS = re.compile(
    r"README\.md|\.mdb/meta\.json|root_config\.json|data_sources/\w[\w-]*/config\.json|functions/(config\.json|\w+\.js)|"
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


def test_the_functions_and_this_side_know_the_same_defaults(tmp_path: Path) -> None:
    """A Value that is not there is what the settings would have put into it."""
    source = (DEFAULT_FOLDER / "functions/dailySettings.js").read_text(encoding="utf-8")
    known = dict(re.findall(r'\b(\w+(?:Database|Collection|CollectionTS|ApiUrl))(?:: | = )"([^"]+)"', source))
    assert len(known) == 6
    assert known.items() <= DEFAULTS.items()
    assert tuple(re.findall(r'"([\w-]+)"', source.partition("const SERVICES = ")[2].partition(";")[0])) == SERVICES
    asked = set(re.findall(r'\b(?:textOf|numberFrom|given)\("(\w+)"', source)) - {"linkyToken"}
    together = {f"{entry.name}{end}" for entry in SOURCES.values() if entry.daily for end in ENDS}
    assert asked | together == DEFAULTS.keys()
    standards = dict(re.findall(r'numberFrom\("(\w+)", (\d+)', source))
    assert standards == {name: DEFAULTS[name] for name in ("linkyMaxPowerW", "freshnessHours")}
    settings = settings_of()
    of_settings = {value: str(getattr(settings, name.lower())) for name, value in BY_SETTING.items()}
    assert of_settings.items() - {("linkyCallsPerDay", "25")} <= DEFAULTS.items()
    for name, pair in settings.collections.items():
        if f"{name}Collection" in DEFAULTS:
            assert (DEFAULTS[f"{name}Collection"], DEFAULTS[f"{name}CollectionTS"]) == pair
    assert list(read_tree(DEFAULT_FOLDER).values) == ["linkyToken"]


ENDS = ("Collection", "CollectionTS", "ApiUrl")
