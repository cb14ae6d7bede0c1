"""`python -m sync trigger deploy` as a process: plan, deploy, deploy again; exit codes; no secret in its output."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sync.standin.replies import Reply
from sync.triggers.tree import DEFAULT_FOLDER
from tests.deploy.admin_standin import AdminStandin
from tests.deploy.deployer import TOKEN, the_app
from tests.deploy.trees import PRM
from tests.processes import finish, start

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(atlas: AdminStandin, tree: Path, tmp_path: Path) -> Command:
    """The command in a folder of its own, with the settings of one meter; looks for secrets in all it prints."""
    environ = {
        **os.environ,
        "ATLAS_PUBLIC_KEY": atlas.public_key,
        "ATLAS_PRIVATE_KEY": atlas.private_key,
        "ATLAS_PROJECT_ID": atlas.project_id,
        "ATLAS_ADMIN_URL": atlas.url,
        "ATLAS_CLOUD_URL": atlas.cloud_url,
        "LINKY_TOKEN": TOKEN,
    }
    here = tmp_path / "here"
    here.mkdir()

    def run(*arguments: str, folder: Path = tree, verb: str = "deploy", **more: str) -> tuple[int, str, str]:
        process = start(environ | more, here, "trigger", verb, "--folder", str(folder), *arguments)
        code, out, err = finish(process)
        for secret in (atlas.private_key, TOKEN, PRM):
            assert secret not in out + err
        assert "Traceback" not in err, err
        return code, out, err

    return run


def test_plan_deploy_again(atlas: AdminStandin, command: Command) -> None:
    code, out, err = command("--dry-run", "--tree")
    assert (code, err, atlas.writes) == (0, "", [])
    assert "  create app         Triggers" in out
    assert "  create trigger     daily  (23 6 * * * UTC, runs daily)" in out
    assert out.endswith("8 to change, 0 as they should be; nothing was changed (--dry-run)\n")
    code, out, err = command("--tree")
    assert (code, err) == (0, "")
    assert out.endswith("8 changed, 0 were as they should be\n")
    shown, _, changed = out.partition("making these changes:\n")
    assert shown.splitlines()[1:] == changed.splitlines()[:-1]
    code, out, err = command("--json", "--tree")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert (answer["needed"], answer["made"], answer["dry_run"]) == (0, 0, False)
    assert answer["app"]["client_app_id"] == the_app(atlas).meta["client_app_id"]
    assert {each["action"] for each in answer["changes"]} == {"keep"}
    code, out, err = command("--tree")
    assert "keep   secret      linkyTokenSecret  (there already, and cannot be read to compare: --secrets" in out
    assert "keep   data source mongodb-atlas  (cluster Cluster0)" in out
    assert "formatDate" not in out


def test_what_stays_empty_is_said(atlas: AdminStandin, command: Command) -> None:
    atlas.add_app()
    code, out, err = command(verb="undeploy")
    assert (code, err, atlas.writes) == (0, "", [])
    assert "  keep   app         Triggers  (empty now but for links to clusters at most; no record says" in out
    assert "remove it by hand: Atlas → Triggers → Linked App Service → App Settings → Delete Application" in out


def test_wrong_usage_is_2_and_asks_nobody(atlas: AdminStandin, command: Command, tree: Path) -> None:
    code, out, err = command(ATLAS_PRIVATE_KEY="", ATLAS_PROJECT_ID="home")
    assert (code, out) == (2, "")
    assert "ATLAS_PRIVATE_KEY: is not set" in err
    assert "ATLAS_PROJECT_ID: must be the 24" in err
    (tree / "functions/daily.js").write_text("exports = function () { return 10nn; };\n")
    (tree / "triggers/daily.json").write_text("{}")
    code, out, err = command("--dry-run")
    assert (code, out) == (2, "")
    assert "functions/daily.js:1: " in err
    assert "triggers/daily.json:1: " in err
    assert atlas.requests == []


def test_a_refusal_is_1(atlas: AdminStandin, command: Command) -> None:
    code, out, err = command(ATLAS_PUBLIC_KEY="somebody")
    assert (code, out) == (1, "")
    assert err.startswith("error: Atlas does not accept the API key")
    atlas.before = lambda method, path: Reply(503, b"") if method == "POST" and path.endswith("/functions") else None
    code, out, err = command("--json", "--tree")
    assert (code, out) == (1, "")
    assert "error: function formatDate: Atlas refused POST" in err
    assert "(4 of 8 changes were made before and stay)" in err
    atlas.before = None
    assert json.loads(command("--json", "--tree")[1])["made"] == 4


def test_the_tree_of_this_project(atlas: AdminStandin, command: Command) -> None:
    code, out, err = command(folder=DEFAULT_FOLDER)
    assert (code, err) == (0, ""), err
    assert "create trigger" in out
    assert json.loads(command("--json", folder=DEFAULT_FOLDER)[1])["needed"] == 0
    app = the_app(atlas)
    assert sorted(entry["name"] for entry in app.held["functions"].values()) == ["linkyDaily", "watchFreshness"]
    assert sorted(entry["name"] for entry in app.held["triggers"].values()) == ["linkyDaily", "watchFreshness"]
    assert sorted(entry["name"] for entry in app.held["values"].values()) == ["linkyAtlasMade", "linkyToken"]
    secret = the_app(atlas).named("values", "linkyToken")["value"]
    assert the_app(atlas).named("secrets", secret)["value"] == TOKEN
