"""One file a trigger in place of the separate functions: a fresh app, one that had those, and all taken away again."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from sync.standin.replies import Reply
from sync.triggers.bundle import bundles
from sync.triggers.check.tree import read_tree
from sync.triggers.deploy.admin_api import AdminApiError
from sync.triggers.deploy.made import RECORD
from sync.triggers.deploy.undeploy import undeploy_plan
from tests.deploy.admin_standin import AdminStandin
from tests.deploy.admin_store import StoredApp
from tests.deploy.deployer import METER, Deployer, texts, the_app
from tests.deploy.trees import PLAIN_VALUES, change, trigger

FOREIGN = """exports = async function (event) {
  const day = await context.functions.execute("formatDay", event.clusterTime);
  return context.services.get("shop").db("shop").collection("invoices").insertOne({ day, event });
};
"""


def names(app: StoredApp, kind: str) -> list[str]:
    return sorted(entry["name"] for entry in app.held[kind].values())


def with_things_of_others(atlas: AdminStandin) -> StoredApp:
    """An app with triggers, functions, Values, secrets and a link of its own; two of them have names that we use."""
    app = atlas.add_app()
    store = atlas.store(app)
    link = {"clusterName": "Cluster0", "readPreference": "primary", "wireProtocolEnabled": False}
    service = store.create("services", {"name": "shop", "type": "mongodb-atlas", "config": link})["_id"]
    body = {"name": "invoices", "private": True, "run_as_system": True, "source": FOREIGN}
    identity = store.create("functions", body)["_id"]
    watching = {"service_id": service, "database": "shop", "collection": "orders", "operation_types": ["INSERT"]}
    store.create("triggers", {"name": "orders", "type": "DATABASE", "config": watching, "function_id": identity})
    store.create("triggers", {**trigger("nightly", "0 0 * * *"), "event_processors": {}, "function_id": identity})
    store.create("secrets", {"name": "mailKey", "value": "x"})
    store.create("values", {"name": "mail", "private": True, "from_secret": True, "value": "mailKey"})
    store.create("secrets", {"name": "linkyTokenSecret", "value": "of another program"})
    store.create("values", {"name": "mongodbDatabase", "private": True, "value": "electricity"})
    return app


def earlier(atlas: AdminStandin, deploy: Deployer) -> StoredApp:
    """As the version before this one left it: separate functions, every Value, a second trigger a day, no record."""
    deploy()
    app = the_app(atlas)
    store = atlas.store(app)
    del app.held["values"][app.named("values", RECORD)["_id"]]
    for name, text in PLAIN_VALUES.items():
        store.create("values", {"name": name, "private": True, "from_secret": False, "value": text})
    again = trigger("linkyDailyAgain", "53 12 * * *")
    store.create("triggers", {**again, "function_id": app.named("functions", "daily")["_id"], "event_processors": {}})
    return app


def test_one_function_a_trigger(atlas: AdminStandin, deploy: Deployer) -> None:
    made = deploy(as_tree=False)
    app = the_app(atlas)
    assert made[-3:] == ["create function daily", "create trigger daily", "create trigger dailyAgain"]
    assert app.named("functions", "daily")["source"] == bundles(deploy.folder)["daily"]
    assert (names(app, "functions"), names(app, "triggers")) == (["daily"], ["daily", "dailyAgain"])
    assert deploy(as_tree=False) == []


def test_what_is_disabled_is_not_there_until_somebody_enables_it(atlas: AdminStandin, deploy: Deployer) -> None:
    change(deploy.folder / "triggers/dailyAgain.json", lambda it: it.update(disabled=True))
    deploy(as_tree=False)
    app = the_app(atlas)
    assert names(app, "triggers") == ["daily"]
    identity = app.named("functions", "daily")["_id"]
    own = {**trigger("dailyAgain", "41 12 * * MON-SAT"), "function_id": identity, "event_processors": {}}
    atlas.store(app).create("triggers", own)  # in the console
    assert deploy(as_tree=False) == []
    app.named("triggers", "dailyAgain")["disabled"] = True
    assert deploy(as_tree=False) == ["remove trigger dailyAgain"]


def test_an_earlier_deployment_is_moved_over(atlas: AdminStandin, deploy: Deployer) -> None:
    """No trigger is without its function at any moment, none is there twice, and nothing is left over."""
    app = earlier(atlas, deploy)
    before = copy.deepcopy(app.held)
    seen: list[tuple[str, ...]] = []

    def look(method: str, _path: str) -> None:
        functions = app.held["functions"]
        for each in app.held["triggers"].values():
            source = functions[each["function_id"]]["source"]
            assert "formatDate" in names(app, "functions") or "const formatDate" in source
        if method != "GET":
            seen.append(tuple(names(app, "triggers")))

    atlas.before = look
    made = deploy(as_tree=False)
    assert [line for line in made if line.startswith("remove")] == [
        "remove trigger linkyDailyAgain",
        "remove function formatDate",
        *(f"remove value {name}" for name in sorted(PLAIN_VALUES)),
    ]
    assert set(seen) == {("daily", "dailyAgain", "linkyDailyAgain"), ("daily", "dailyAgain")}
    assert names(app, "functions") == ["daily"]
    assert texts(app) == {"linkyToken": "linkyTokenSecret"}
    for name in ("daily", "dailyAgain"):
        (identity,) = [key for key, entry in before["triggers"].items() if entry["name"] == name]
        assert app.held["triggers"][identity] == before["triggers"][identity]
    assert deploy(as_tree=False) == []
    assert "create function formatDate" in deploy()
    assert names(app, "functions") == ["daily", "formatDate"]
    assert deploy() == []


def test_a_function_that_somebody_else_needs_stays(atlas: AdminStandin, deploy: Deployer) -> None:
    app = earlier(atlas, deploy)
    body = {
        "name": "mine",
        "private": True,
        "run_as_system": True,
        "source": FOREIGN.replace("formatDay", "formatDate"),
    }
    atlas.store(app).create("functions", body)
    planned = deploy.plan(as_tree=False)
    assert [change.detail for change in planned.kept if change.name == "formatDate"] == ["needed by function mine"]
    deploy(as_tree=False)
    assert names(app, "functions") == ["daily", "formatDate", "mine"]
    assert names(app, "triggers") == ["daily", "dailyAgain"]


# --- taken away again -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_tree", [True, False])
def test_what_was_there_before_is_left_byte_for_byte(atlas: AdminStandin, deploy: Deployer, as_tree: bool) -> None:
    app = with_things_of_others(atlas)
    before = copy.deepcopy(app.held)
    deploy(METER | {"LINKY_FLOWS": "both"}, as_tree=as_tree)
    for kind, held in before.items():
        assert held.items() <= app.held[kind].items()
    removed = deploy.undeploy()
    assert "remove trigger daily" in removed
    assert removed[-1] == f"remove value {RECORD}"
    assert app.held == before
    assert deploy.undeploy() == []


def test_of_a_project_that_had_no_triggers_nothing_is_left(atlas: AdminStandin, deploy: Deployer) -> None:
    deploy(as_tree=False)
    assert deploy.undeploy()[-1] == "remove app Triggers"
    assert atlas.apps == {}
    assert deploy.undeploy() == []


LINK = {"name": "mongodb-atlas", "type": "mongodb-atlas", "config": {"clusterName": "Cluster0"}}


@pytest.mark.parametrize("link", [None, LINK, LINK | {"name": "shop"}])
@pytest.mark.parametrize("deployed", [False, True])
def test_an_empty_app_that_somebody_made_stays(
    atlas: AdminStandin, deploy: Deployer, link: dict[str, Any] | None, deployed: bool
) -> None:
    """Made in the console and not filled yet: as it was before, and said how it is removed by hand."""
    app = atlas.add_app()
    if link:
        atlas.store(app).create("services", copy.deepcopy(link))
    before = copy.deepcopy(app.held)
    if deployed:
        deploy(as_tree=False)
        assert app.held != before
    for _time in range(2):
        planned = undeploy_plan(deploy.api, deploy.account, read_tree(deploy.folder))
        list(planned.apply())
        assert [change.kind for change in planned.kept] == ["app"]
        assert "Delete Application" in planned.kept[0].detail
        assert list(atlas.apps.values()) == [app]
        assert app.held == before


def test_an_app_that_others_have_come_to_use_stays(atlas: AdminStandin, deploy: Deployer) -> None:
    deploy(as_tree=False)
    app = the_app(atlas)
    store = atlas.store(app)
    source = FOREIGN.replace('"shop")', '"mongodb-atlas")', 1)
    identity = store.create("functions", {"name": "mine", "private": True, "run_as_system": True, "source": source})[
        "_id"
    ]
    store.create("triggers", {**trigger("nightly", "0 0 * * *"), "event_processors": {}, "function_id": identity})
    deploy.undeploy()
    left = {kind: names(app, kind) for kind in app.held}
    assert left == {
        "services": ["mongodb-atlas"], "secrets": [], "values": [], "functions": ["mine"], "triggers": ["nightly"]
    }  # fmt: skip


def test_a_deployment_of_an_earlier_version_is_taken_away(atlas: AdminStandin, deploy: Deployer) -> None:
    app = earlier(atlas, deploy)
    deploy.undeploy()
    assert {kind: names(app, kind) for kind in app.held if app.held[kind]} == {"services": ["mongodb-atlas"]}


def test_what_somebody_made_of_our_function_stays(atlas: AdminStandin, deploy: Deployer) -> None:
    deploy(as_tree=False)
    app = the_app(atlas)
    app.named("functions", "daily")["source"] = FOREIGN
    deploy.undeploy()
    assert names(app, "functions") == ["daily"]


# --- cut off at each request ------------------------------------------------------------------------------------------

State = Callable[[AdminStandin, Deployer], Any]
LONG = [pytest.param(name, marks=pytest.mark.soak) for name in ("others", "earlier")]
STATES: dict[str, State] = {
    "fresh": lambda _atlas, _deploy: None,
    "others": lambda atlas, _deploy: with_things_of_others(atlas),
    "earlier": earlier,
    "to be taken away": lambda atlas, deploy: (with_things_of_others(atlas), deploy(as_tree=False)),
}


def shape(atlas: AdminStandin, *, of_nobody: bool = False) -> list[dict[str, Any]]:
    """What the apps hold, by names in place of identities. of_nobody: the record does not speak of app and link."""
    shapes = [
        {kind: {each["name"]: _without_ids(each) for each in held.values()} for kind, held in app.held.items()}
        for app in atlas.apps.values()
    ]
    for record in (each["values"][RECORD] for each in shapes if of_nobody):
        record["value"] = {kind: named for kind, named in record["value"].items() if kind not in ("apps", "services")}
    return shapes


def _without_ids(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _without_ids(inner) for key, inner in part.items() if not key.endswith("_id")}
    return part


def test_a_deployment_that_is_cut_off_when_the_app_is_made_leaves_an_empty_one(
    atlas: AdminStandin, deploy: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the app and the record of it, whether or not Atlas answered: nothing tells it from one of somebody."""
    for again in (False, True):
        for answered in (True, False):
            answer = atlas._reply

            def cut(*given: Any, answer: Any = answer, answered: bool = answered) -> Reply:
                made = bool(atlas.apps)
                reply: Reply = Reply(0, b"", reset=True) if made and answered else answer(*given)
                return Reply(0, b"", reset=True) if atlas.apps and not (answered and not made) else reply

            monkeypatch.setattr(atlas, "_reply", cut)
            with pytest.raises(AdminApiError):
                deploy(as_tree=False)
            monkeypatch.undo()
            app = the_app(atlas)
            assert not any(app.held[kind] for kind in app.held if kind != "services")
            start = copy.deepcopy(app.held)
            if again:
                deploy(as_tree=False)
            deploy.undeploy()
            assert the_app(atlas).held == start
            atlas.apps.clear()


@pytest.mark.parametrize("state", ["fresh", "to be taken away", *LONG])
def test_cut_off_at_any_request_the_next_finishes_it(
    atlas: AdminStandin, deploy: Deployer, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """Each request in turn is carried out or not, and never answered: the run ends, the next one makes it whole."""
    act = deploy.undeploy if state == "to be taken away" else lambda: deploy(as_tree=False)
    STATES[state](atlas, deploy)
    start = copy.deepcopy(atlas.apps)
    act()
    whole, of_nobody = shape(atlas), shape(atlas, of_nobody=True) if state == "fresh" else []
    for carried_out in (True, False):
        for number in range(1, 99):
            atlas.apps = copy.deepcopy(start)
            asked = 0
            answer = atlas._reply

            def cut(*given: Any, answer: Any = answer, number: int = number, carried_out: bool = carried_out) -> Reply:
                nonlocal asked
                asked += 1
                if asked == number:
                    if carried_out:
                        answer(*given)
                    return Reply(0, b"", reset=True)
                return answer(*given)  # type: ignore[no-any-return]

            monkeypatch.setattr(atlas, "_reply", cut)
            try:
                act()
                ended = True
            except AdminApiError:
                ended = False
            monkeypatch.undo()
            if ended:
                break
            unknown = state == "fresh" and any(RECORD not in names(app, "values") for app in atlas.apps.values())
            act()
            assert shape(atlas) == (of_nobody if unknown else whole), (carried_out, number)
            assert act() == []
        assert number > 5
