"""Things of somebody else that have our names: told and left alone, until --replace says otherwise."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest

from sync.model.errors import UsageError
from sync.triggers.deploy.foreign import is_related
from sync.triggers.tree import DEFAULT_FOLDER, function_files
from tests.deploy.admin_standin import AdminStandin
from tests.deploy.admin_store import StoredApp
from tests.deploy.deployer import METER, Deployer, texts, the_app
from tests.deploy.trees import DAILY, FORMAT, NEWER_FORMAT, trigger

# As one finds it in many apps: the same name, the same idea, another hand.
ANOTHER = """/* Formats a date for the invoices. */
exports = function (date, locale) {
  const parts = [date.getDate(), date.getMonth() + 1, date.getFullYear()];
  return parts.map((part) => String(part).padStart(2, "0")).join(locale === "fr" ? "/" : ".");
};

if (typeof module !== "undefined") module.exports = exports;
"""


def add_function(atlas: AdminStandin, app: StoredApp, name: str, source: str) -> str:
    body = {"name": name, "private": True, "run_as_system": False, "source": source}
    return str(atlas.store(app).create("functions", body)["_id"])


def test_a_function_of_the_same_name(atlas: AdminStandin, deploy: Deployer) -> None:
    app = atlas.add_app()
    add_function(atlas, app, "formatDate", ANOTHER)
    before = copy.deepcopy(app.held)
    with pytest.raises(
        UsageError, match=r"(?s)seem to be somebody else's:\n  function formatDate\n.*--replace"
    ) as error:
        deploy()
    assert "daily" not in str(error.value)
    assert (atlas.writes, app.held) == ([], before)
    made = deploy(replacing=True)
    assert "update function formatDate" in made
    assert app.named("functions", "formatDate")["source"] == FORMAT
    assert deploy() == []


def test_it_came_between_two_deploys(atlas: AdminStandin, deploy: Deployer) -> None:
    """Ours was there, somebody wrote his own into its place: ours to ask, too."""
    deploy()
    the_app(atlas).named("functions", "formatDate")["source"] = ANOTHER
    with pytest.raises(UsageError, match="function formatDate"):
        deploy()
    assert deploy(replacing=True) == ["update function formatDate"]


@pytest.mark.parametrize("source", [NEWER_FORMAT, FORMAT.replace("moment)", "moment, zone)"), f"// mine\n{FORMAT}"])
def test_another_version_of_ours_is_updated(atlas: AdminStandin, deploy: Deployer, source: str) -> None:
    app = atlas.add_app()
    add_function(atlas, app, "formatDate", source)
    assert "update function formatDate" in deploy()


def test_values_and_triggers_before_the_first_deploy(atlas: AdminStandin, deploy: Deployer) -> None:
    """Their names alone say nothing; where none of our functions is, they cannot be ours."""
    app = atlas.add_app()
    store = atlas.store(app)
    identity = add_function(atlas, app, "invoices", ANOTHER)
    store.create("values", {"name": "mongodbDatabase", "private": True, "value": "shop"})
    store.create("values", {"name": "linkyFlows", "private": True, "value": "consumption"})
    home = METER | {"MONGODB_DATABASE": "home"}
    store.create("triggers", {**trigger("daily", "0 0 * * *"), "event_processors": {}, "function_id": identity})
    with pytest.raises(UsageError, match=r"somebody else's:\n  value mongodbDatabase\n  trigger daily\n"):
        deploy(home)
    assert atlas.writes == []
    assert "update value mongodbDatabase" in deploy(home, replacing=True)
    assert texts(app)["mongodbDatabase"] == "home"
    assert deploy(home) == []


def test_a_first_deploy_that_was_cut_short_goes_on(atlas: AdminStandin, deploy: Deployer) -> None:
    changes = deploy.plan().apply()
    for change in changes:
        if change.name == "linkyToken":
            break
    assert the_app(atlas).held["functions"] == {}
    assert "create trigger daily" in deploy()


def _part(name: str) -> str:
    """`Daily` of linkyDaily, elhubDaily …: the same part for different sources may look alike."""
    return re.sub("^(linky|open|elhub|energidata)", "", name)


def test_no_function_of_this_project_is_taken_for_another() -> None:
    """The measure tells them apart, and from a stranger's; a version with a third of its lines changed is the same."""
    files = function_files(DEFAULT_FOLDER)
    sources = {name: Path(path).read_text(encoding="utf-8") for name, path in files.items()}
    for name, source in sources.items():
        assert not is_related(source, ANOTHER)
        assert not is_related(source, DAILY)
        lines = source.splitlines()
        changed = "\n".join(f"{line} // was another" if number % 3 == 0 else line for number, line in enumerate(lines))
        assert is_related(changed, source)
        others = [other for other in sources if _part(other) != _part(name)]
        assert not [other for other in others if is_related(sources[other], source)]


@pytest.mark.parametrize(("there", "here"), [("", FORMAT), ("exports = 1;", FORMAT), ("}\n" * 99, "}\n" * 98)])
def test_what_says_nothing_is_not_ours(there: str, here: str) -> None:
    assert not is_related(there, here)
