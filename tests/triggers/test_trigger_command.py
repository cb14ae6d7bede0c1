"""`python -m sync trigger list | run | check` as processes: what they print, where, and how they end."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import jwt
import pytest
from pymongo.database import Database

from sync.commands.trigger import trigger
from sync.settings import load
from sync.sources.linky.meter import Meter
from sync.standin.household import HOUSEHOLD_PRM
from sync.standin.linky import LinkyStandin
from sync.triggers.facts import FORMAT
from sync.triggers.tree import FromSecret
from sync.triggers.values import values_and_secrets
from tests.processes import environment
from tests.shell import Shell
from tests.triggers.trees import write, write_tree

VALUES = {
    "mongodbDatabase": "elsewhere",
    "linkyToken": ("gatewayToken",),
    "linkyPrm": "auto",
    "linkyFlows": "consumption",
    "linkyMeters": "[]",
    "linkyApiUrl": "https://elsewhere.test",
}
DAILY = """exports = async function () {
  const value = (name) => context.values.get(name);
  const day = "dateDebut=2026-10-01&dateFin=2026-10-02";
  const url = value("linkyApiUrl") + "/courbe_de_charge_consommation?pointId=" + value("linkyPrm") + "&" + day;
  const res = await context.http.get({url, headers: {Authorization: ["Bearer " + value("linkyToken")]}});
  const answer = JSON.parse(res.body.text());
  console.log("asked for", value("linkyPrm"), value("linkyFlows"), "token", value("linkyToken"));
  const runs = context.services.get("mongodb-atlas").db(value("mongodbDatabase")).collection("sync_runs");
  await runs.insertOne({ok: true, statusCode: BSON.Int32(res.statusCode)});
  return {points: answer.grandeur[0].points.length, of: value("linkyPrm"), at: new Date(0)};
};"""
FAILING = 'exports = async function () { console.log("before"); throw new Error("no reading since\\n2026-10-01"); };'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = write_tree(tmp_path / "app", {"daily": DAILY, "failing": FAILING}, VALUES)
    trigger = {
        "name": "dailyMorning",
        "type": "SCHEDULED",
        "config": {"schedule": "17 5 * * *", "skip_catchup_events": False},
        "disabled": False,
        "event_processors": {"FUNCTION": {"config": {"function_name": "daily"}}},
    }
    write(folder / "triggers" / "dailyMorning.json", json.dumps(trigger))
    return folder


@pytest.fixture
def shell(mongo_uri: str, database: Database[Any], tmp_path: Path, one_day: None) -> Iterator[Shell]:
    with LinkyStandin(ban_after=None) as standin:
        yield Shell(environment(standin, mongo_uri, database.name, tmp_path), tmp_path, standin)


def test_run_uses_our_settings(shell: Shell, tree: Path, database: Database[Any]) -> None:
    code, out, err = shell("trigger", "run", "daily", "--folder", str(tree))
    assert (code, json.loads(out)["points"]) == (0, 48), err
    assert json.loads(out)["of"] == f"…{HOUSEHOLD_PRM[-4:]}"
    assert err == f"asked for …{HOUSEHOLD_PRM[-4:]} consumption token <token>\n"
    assert database["sync_runs"].count_documents({"ok": True, "statusCode": 200}) == 1


def test_run_as_json(shell: Shell, tree: Path) -> None:
    code, out, err = shell("trigger", "run", "daily", "--folder", str(tree), "--json")
    assert code == 0, err
    told = json.loads(out)
    assert set(told) == {"result", "operations", "calls", "seconds", "error"}
    assert told["result"]["at"] == {"$date": "1970-01-01T00:00:00Z"}
    assert told["calls"] == [
        {"method": "GET", "url": f"{shell.standin.url}/courbe_de_charge_consommation", "status": 200}
    ]
    assert (told["operations"], told["error"]) == (2, None)


def test_a_function_that_throws_is_one_line_and_exit_1(shell: Shell, tree: Path) -> None:
    code, out, err = shell("trigger", "run", "failing", "--folder", str(tree))
    assert (code, out) == (1, "")
    assert err == "before\nerror: failing: no reading since 2026-10-01\n"
    told = shell.json("trigger", "run", "failing", "--folder", str(tree))
    assert (told["result"], told["error"]) == (None, "no reading since 2026-10-01")


def test_calls_of_run_count_in_the_budget(shell: Shell, tree: Path) -> None:
    limited = {"SYNC_CALLS_PER_DAY": "1"}
    assert shell("trigger", "run", "daily", "--folder", str(tree), **limited)[0] == 0
    code, _, err = shell("trigger", "run", "daily", "--folder", str(tree), **limited)
    assert code == 1
    assert "all 1 calls of this UTC day" in err
    assert len(shell.standin.requests) == 1


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"LINKY_PRM": "", "LINKY_TOKEN": jwt.encode({"sub": []}, "k" * 32)}, "LINKY_TOKEN"),
        ({"LINKY_API_URL": "nonsense"}, "LINKY_API_URL"),
    ],
)
def test_wrong_settings_are_told_before_anything_runs(
    shell: Shell, tree: Path, environ: dict[str, str], words: str
) -> None:
    code, out, err = shell("trigger", "run", "daily", "--folder", str(tree), **environ)
    assert (code, out) == (2, "")
    assert words in err


def test_an_unknown_function(shell: Shell, tree: Path) -> None:
    code, _, err = shell("trigger", "run", "nothing", "--folder", str(tree))
    assert code == 2
    assert "there are: daily, failing" in err


def test_several_meters_become_a_list(tree: Path, shell: Shell) -> None:
    first, second = (Meter(prm, shell.standin.token, ("consumption",)) for prm in ("1" * 14, "2" * 14))
    settings = load(environ={}).model_copy(update={"meters": (first, second)})
    values, secrets = values_and_secrets(tree, settings, shell.standin.now())
    listed = json.loads(values["linkyMeters"])
    assert [meter["prm"] for meter in listed] == [first.prm, second.prm]
    assert [meter["flows"] for meter in listed] == [["consumption"]] * 2
    links = [values[meter["token"]] for meter in listed]
    assert all(isinstance(link, FromSecret) for link in links)
    assert [secrets[link.secret] for link in links] == [first.token, second.token]
    assert (values["linkyPrm"], values["mongodbDatabase"]) == ("auto", "electricity")


def test_without_a_meter_the_trees_links_have_no_secret(tree: Path) -> None:
    values, secrets = values_and_secrets(tree, load(environ={}), datetime.now().astimezone())
    assert secrets == {}
    assert "linkyToken" not in values


def test_list(shell: Shell, tree: Path) -> None:
    code, out, err = shell("trigger", "list", "--folder", str(tree))
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0] == "functions: daily, failing"
    assert lines[1] == "dailyMorning: runs daily at 05:17 every day, UTC (17 5 * * *)"
    assert lines[2].endswith(("05:17 UTC = 06:17 in Paris", "05:17 UTC = 07:17 in Paris"))
    assert len(lines) == 4


def test_list_as_json(shell: Shell, tree: Path) -> None:
    told = shell.json("trigger", "list", "--folder", str(tree))
    [each] = told["triggers"]
    assert (each["name"], each["function"], each["disabled"]) == ("dailyMorning", "daily", False)
    first, second = (datetime.fromisoformat(moment["utc"]) for moment in each["next"])
    assert (second - first).total_seconds() == 86400
    assert datetime.fromisoformat(each["next"][0]["paris"]) == first


def test_check(shell: Shell, tree: Path) -> None:
    code, out, err = shell("trigger", "check", "--folder", str(tree))
    assert (code, err) == (0, "")
    assert "nothing that Atlas would refuse" in out
    assert shell.json("trigger", "check", "--folder", str(tree)) == {"problems": []}
    write(tree / "functions" / "more.js", "exports = () => 1;")
    code, out, err = shell("trigger", "check", "--folder", str(tree))
    assert (code, err) == (0, "")  # a doubt is no error
    assert out.startswith("app/functions/more.js:1: in doubt: has no entry in functions/config.json: a push adds it")
    assert out.endswith("app: nothing that Atlas would refuse\n")
    (tree / "functions" / "more.js").unlink()
    write(tree / "functions" / "failing.js", 'exports = () => {\n  fetch("x;\n};')
    code, out, err = shell("trigger", "check", "--folder", str(tree))
    assert code == 1
    assert out == "app/functions/failing.js:2: syntax error: Invalid or unexpected token\n"
    assert err == "error: 1 problem in app\n"
    [told] = shell.json("trigger", "check", "--folder", str(tree))["problems"]
    assert (told["path"], told["line"]) == ("functions/failing.js", 2)


def examples() -> list[str]:
    """The examples in the help of the commands that need no Atlas account."""
    commands = [trigger, *(trigger.commands[name] for name in ("list", "run", "check", "bundle"))]
    texts = [command.get_help(click.Context(command)) for command in commands]
    lines = (line.strip() for text in texts for line in text.splitlines())
    return sorted({line.removeprefix("python -m sync ") for line in lines if line.startswith("python -m sync ")})


def test_every_command_has_examples() -> None:
    named = {shlex.split(line)[1] for line in examples()}
    assert named == {"list", "run", "check", "bundle"}
    assert {"deploy", "undeploy"} < set(trigger.list_commands(click.Context(trigger)))


@pytest.mark.parametrize("line", examples())
def test_example(shell: Shell, line: str) -> None:
    words = shlex.split(line)
    if "--as-reported" in words:
        facts = [{"fact": "bulk_result", "outcome": "object"}, {"fact": "key_order", "outcome": "reversed"}]
        (shell.folder / words[-1]).write_text(json.dumps({"format": FORMAT, "facts": facts}))
    if "run" in words:
        began = shell.standin.today - timedelta(days=3)
        code, _, err = shell("backfill", "--since", str(began), "--until", str(shell.standin.today))
        assert code == 0, err
    code, _, err = shell(*words)
    assert code == 0, err
    assert ("not played here: key_order: reversed" in err) == ("--as-reported" in words)


def test_a_file_that_is_no_report(shell: Shell) -> None:
    (shell.folder / "some.json").write_text("{}")
    code, _, err = shell("trigger", "run", "linkyDaily", "--as-reported", "some.json")
    assert (code, err) == (2, "error: some.json is no report of trigger probe (the JSON file that it writes)\n")
