"""Deployment against a local server of the Admin API: what is missing is made, what differs updated, the rest left."""

from __future__ import annotations

import copy
import json

from tests.deploy.admin_standin import AdminStandin
from tests.deploy.admin_store import StoredApp
from tests.deploy.deployer import METER, TOKEN, Deployer, texts, the_app, told
from tests.deploy.trees import DAILY, NEWER_FORMAT, PRM, change, trigger, write

# --- from nothing, and again ------------------------------------------------------------------------------------------


def test_from_nothing(atlas: AdminStandin, deploy: Deployer) -> None:
    made = deploy()
    assert made[:3] == ["create app Triggers", "create value linkyAtlasMade", "set secret linkyTokenSecret"]
    assert made[-4:] == [
        "create function formatDate", "create function daily", "create trigger daily", "create trigger dailyAgain"
    ]  # fmt: skip
    app = the_app(atlas)
    wanted = {"product": "atlas", "name": "Triggers", "location": "DE-FF", "provider_region": "aws-eu-central-1"}
    assert wanted.items() <= app.meta.items()
    assert app.named("services", "mongodb-atlas")["config"] == {
        "clusterName": "Cluster0", "readPreference": "primary", "wireProtocolEnabled": False
    }  # fmt: skip
    assert app.named("secrets", "linkyTokenSecret")["value"] == TOKEN
    assert texts(app) == {"linkyToken": "linkyTokenSecret"}
    (request,) = [each for each in atlas.writes if each.path.endswith("/apps")]
    sent = json.loads(request.body)
    assert (sent["template_id"], sent["data_source"]["config"]["clusterName"]) == ("triggers", "Cluster0")
    linked = app.named("values", "linkyToken")
    assert (linked["from_secret"], linked["private"]) == (True, True)
    daily = app.named("functions", "daily")
    assert (daily["source"], daily["private"], daily["run_as_system"], daily["disable_arg_logs"]) == (
        DAILY,
        *[True] * 3,
    )
    found = app.named("triggers", "daily")
    assert found["config"] == {"schedule": "23 6 * * *", "skip_catchup_events": False}
    assert (found["type"], found["disabled"], found["function_id"]) == ("SCHEDULED", False, daily["_id"])


def test_again_changes_nothing(atlas: AdminStandin, deploy: Deployer) -> None:
    deploy()
    before, requests = copy.deepcopy(the_app(atlas).held), len(atlas.writes)
    assert deploy() == []
    assert deploy() == []
    assert len(atlas.writes) == requests
    assert the_app(atlas).held == before


def test_a_plan_changes_nothing(atlas: AdminStandin, deploy: Deployer) -> None:
    planned = deploy.plan()
    assert atlas.apps == {}
    assert atlas.writes == []
    assert told(planned.needed)[0] == "create app Triggers"
    assert told(planned.needed) == deploy()
    assert deploy.plan().needed == []
    assert len(deploy.plan().kept) == len(planned.changes)  # the link that came with the app is one by itself then


def test_the_plan_as_json_holds_nothing_secret(deploy: Deployer) -> None:
    planned = deploy.plan()
    answer = planned.as_json(None)
    assert answer["app"] == {"name": "Triggers", "client_app_id": None}
    assert (answer["dry_run"], answer["needed"], answer["made"]) == (True, len(planned.changes), 0)
    assert answer["changes"][0].keys() == {"kind", "name", "action", "detail"}
    assert PRM not in json.dumps(answer)
    assert TOKEN not in json.dumps(answer)
    made = list(planned.apply())
    assert planned.as_json(made)["made"] == len(made) == len(planned.changes)
    assert planned.as_json(made)["app"]["client_app_id"].startswith("triggers-")


# --- updates ----------------------------------------------------------------------------------------------------------


def test_only_what_differs_is_updated(atlas: AdminStandin, deploy: Deployer) -> None:
    deploy()
    before = copy.deepcopy(the_app(atlas).held)
    (deploy.folder / "functions/formatDate.js").write_text(NEWER_FORMAT)
    change(deploy.folder / "triggers/dailyAgain.json", lambda it: it["config"].update(schedule="47 12 * * *"))
    change(deploy.folder / "triggers/dailyAgain.json", lambda it: it.update(disabled=True))
    details = {each.name: each.detail for each in deploy.plan({**METER, "MONGODB_DATABASE": "home"}).needed}
    assert details == {
        "linkyAtlasMade": "what this deployment makes is added",
        "mongodbDatabase": "",
        "formatDate": "source differs (3 lines there, 2 here)",
        "dailyAgain": "schedule: 41 12 * * MON-SAT → 47 12 * * *; disabled: false → true",
    }
    assert deploy({**METER, "MONGODB_DATABASE": "home"}) == [
        "update value linkyAtlasMade", "create value mongodbDatabase",
        "update function formatDate", "update trigger dailyAgain",
    ]  # fmt: skip
    app = the_app(atlas)
    changed = [
        (kind, entry["name"])
        for kind, held in app.held.items()
        for key, entry in held.items()
        if entry != before[kind].get(key)
    ]
    assert changed == [
        ("values", "linkyAtlasMade"), ("values", "mongodbDatabase"),
        ("functions", "formatDate"), ("triggers", "dailyAgain"),
    ]  # fmt: skip
    assert app.named("functions", "formatDate")["source"] == NEWER_FORMAT
    assert app.named("triggers", "dailyAgain")["disabled"] is True


def test_line_ends_are_no_difference(atlas: AdminStandin, deploy: Deployer) -> None:
    deploy()
    daily = the_app(atlas).named("functions", "daily")
    daily["source"] = DAILY.rstrip().replace("\n", "\r\n")
    assert deploy() == []


def test_fields_the_tree_does_not_speak_of_stay(atlas: AdminStandin, deploy: Deployer) -> None:
    deploy()
    app = the_app(atlas)
    app.named("functions", "daily").update(can_evaluate={"%%true": True}, private=False)
    found = app.named("triggers", "daily")
    bridge = {"config": {"account_id": "1", "region": "eu-west-3"}}
    found["event_processors"]["AWS_EVENTBRIDGE"] = bridge
    found["config"]["extra"] = 1
    found["disabled"] = True
    assert deploy() == ["update function daily", "update trigger daily"]
    address = METER | {"LINKY_API_URL": "https://old.example"}
    deploy(address)
    app.named("values", "linkyApiUrl").update(private=False, value="https://older.example")
    assert deploy(address) == ["update value linkyApiUrl"]
    daily = app.named("functions", "daily")
    assert (daily["can_evaluate"], daily["private"]) == ({"%%true": True}, True)
    found = app.named("triggers", "daily")
    assert found["event_processors"]["AWS_EVENTBRIDGE"] == bridge
    assert (found["config"]["extra"], found["disabled"]) == (1, False)
    assert app.named("values", "linkyApiUrl")["private"] is False
    assert deploy() == []


def test_a_trigger_goes_over_to_another_function(atlas: AdminStandin, deploy: Deployer) -> None:
    deploy()
    write(deploy.folder / "triggers/daily.json", trigger("daily", "23 6 * * *", "formatDate"))
    (change_,) = deploy.plan().needed
    assert (change_.name, change_.detail) == ("daily", "function: daily → formatDate")
    deploy()
    app = the_app(atlas)
    assert app.named("triggers", "daily")["function_id"] == app.named("functions", "formatDate")["_id"]


def test_a_function_that_was_made_anew_gets_its_triggers_back(atlas: AdminStandin, deploy: Deployer) -> None:
    deploy()
    app = the_app(atlas)
    old = app.held["functions"].pop(app.named("functions", "daily")["_id"])
    assert deploy() == ["create function daily", "update trigger daily", "update trigger dailyAgain"]
    new = app.named("functions", "daily")["_id"]
    assert new != old["_id"]
    assert {entry["function_id"] for entry in app.held["triggers"].values()} == {new}


def test_what_is_not_ours_is_left_alone(atlas: AdminStandin, deploy: Deployer) -> None:
    app = atlas.add_app("Triggers")
    store = atlas.store(app)
    store.create("services", {"name": "Cluster0", "type": "mongodb-atlas", "config": {"clusterName": "Cluster0"}})
    store.create("secrets", {"name": "webhook", "value": "x"})
    store.create("values", {"name": "greeting", "private": True, "value": "hello"})
    function = {"name": "mine", "private": True, "run_as_system": True, "source": "exports = () => 1;"}
    identity = store.create("functions", function)["_id"]
    store.create("triggers", {**trigger("mine", "0 0 * * *"), "event_processors": {}, "function_id": identity})
    atlas.add_app("Shop", "standard")
    before = copy.deepcopy(app.held)
    deploy()
    (deploy.folder / "functions/formatDate.js").write_text(NEWER_FORMAT)
    deploy(again=True)
    assert {each.method for each in atlas.requests} == {"GET", "POST", "PUT"}
    for kind, held in before.items():
        assert held.items() <= app.held[kind].items()
    assert list(atlas.apps.values())[1].held == StoredApp({}).held
