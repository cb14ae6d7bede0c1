"""Secrets, meters and the link to the cluster, deployed to a local server of the Admin API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sync.model.errors import UsageError
from tests.deploy.admin_standin import AdminStandin
from tests.deploy.admin_store import StoredApp
from tests.deploy.deployer import METER, TOKEN, Deployer, texts, the_app
from tests.deploy.trees import NEWER_FORMAT, OTHER_PRM, PRM, change, token, write

# --- secrets and meters -----------------------------------------------------------------------------------------------


def test_a_secret_that_is_there_is_set_again_only_when_asked(atlas: AdminStandin, deploy: Deployer) -> None:
    deploy()
    renewed = token(PRM, days=1000)
    (kept,) = [each for each in deploy.plan({"LINKY_TOKEN": renewed}).kept if each.kind == "secret"]
    assert "--secrets sets it again" in kept.detail
    assert deploy({"LINKY_TOKEN": renewed}) == []
    assert the_app(atlas).named("secrets", "linkyTokenSecret")["value"] == TOKEN
    assert deploy({"LINKY_TOKEN": renewed}, again=True) == ["set secret linkyTokenSecret"]
    assert the_app(atlas).named("secrets", "linkyTokenSecret")["value"] == renewed


def test_without_a_meter_a_first_deploy_is_refused(atlas: AdminStandin, deploy: Deployer) -> None:
    with pytest.raises(UsageError, match="secret linkyTokenSecret, for the value linkyToken: set LINKY_TOKEN"):
        deploy({})
    assert atlas.apps == {}


def test_without_a_meter_a_later_deploy_keeps_the_one_there(atlas: AdminStandin, deploy: Deployer) -> None:
    deploy({**METER, "LINKY_FLOWS": "both"})
    (deploy.folder / "functions/formatDate.js").write_text(NEWER_FORMAT)
    assert deploy({}, again=True) == ["update function formatDate"]
    assert texts(the_app(atlas))["linkyFlows"] == "consumption,production"
    assert the_app(atlas).named("secrets", "linkyTokenSecret")["value"] == TOKEN


def test_a_meter_written_into_the_tree(atlas: AdminStandin, deploy: Deployer) -> None:
    deploy()
    change(deploy.folder / "values/linkyPrm.json", lambda it: it.update(value=OTHER_PRM))
    assert deploy({}) == ["update value linkyAtlasMade", "create value linkyPrm"]
    assert texts(the_app(atlas))["linkyPrm"] == OTHER_PRM


def test_a_secret_of_the_users_own(atlas: AdminStandin, deploy: Deployer) -> None:
    write(deploy.folder / "values/mail.json", {"name": "mail", "value": "mailKey", "from_secret": True})
    with pytest.raises(UsageError, match="secret mailKey, for the value mail: make it in the console"):
        deploy()
    assert atlas.apps == {}
    app = atlas.add_app()
    atlas.store(app).create("secrets", {"name": "mailKey", "value": "x"})
    assert "create value mail" in deploy()
    assert app.named("secrets", "mailKey")["value"] == "x"


def test_several_meters_and_back_to_one(atlas: AdminStandin, deploy: Deployer, tmp_path: Path) -> None:
    other = token(OTHER_PRM)
    Path("settings.py").write_text(f"LINKY_METERS = [{{'token': '{TOKEN}'}}, {{'token': '{other}'}}]\n")
    made = deploy({})
    assert "set secret linkyTokenSecret2" in made
    assert "create value linkyToken2" in made
    app = the_app(atlas)
    assert app.named("secrets", "linkyTokenSecret2")["value"] == other
    meters = json.loads(texts(app)["linkyMeters"])
    assert [(each["prm"], texts(app)[each["token"]]) for each in meters] == [
        (PRM, "linkyTokenSecret"), (OTHER_PRM, "linkyTokenSecret2")
    ]  # fmt: skip
    assert deploy({}) == []
    Path("settings.py").unlink()
    assert deploy() == ["remove value linkyMeters"]
    assert "linkyMeters" not in texts(app)


@pytest.mark.parametrize(
    ("environ", "values"),
    [
        ({}, {}),
        ({"LINKY_FLOWS": "consumption", "MONGODB_DATABASE": "electricity", "LINKY_MAX_POWER_W": "36000"}, {}),
        ({"LINKY_FLOWS": "both"}, {"linkyFlows": "consumption,production"}),
        ({"LINKY_TOKEN": token(PRM, OTHER_PRM), "LINKY_PRM": OTHER_PRM}, {"linkyPrm": OTHER_PRM}),
        ({"SYNC_CALLS_PER_DAY": "9", "MONGODB_DATABASE": "home"}, {"linkyCallsPerDay": "9", "mongodbDatabase": "home"}),
    ],
)
def test_values_only_where_the_functions_cannot_know_them(
    atlas: AdminStandin, deploy: Deployer, environ: dict[str, str], values: dict[str, str]
) -> None:
    deploy(METER | environ)
    assert texts(the_app(atlas)) == {"linkyToken": "linkyTokenSecret", **values}
    assert deploy(METER | environ) == []


def test_a_value_of_which_the_settings_say_nothing_stays(atlas: AdminStandin, deploy: Deployer) -> None:
    deploy()
    app = the_app(atlas)
    atlas.store(app).create("values", {"name": "freshnessHours", "private": True, "value": "72"})
    assert deploy() == []
    assert texts(app)["freshnessHours"] == "72"


def test_an_address_atlas_cannot_reach(atlas: AdminStandin, deploy: Deployer) -> None:
    with pytest.raises(UsageError, match="names this machine"):
        deploy({**METER, "LINKY_API_URL": "http://127.0.0.1:8000/api"})
    assert atlas.writes == []


# --- the data source --------------------------------------------------------------------------------------------------


def link(atlas: AdminStandin, app: StoredApp, name: str, cluster: str, **config: Any) -> None:
    body = {"name": name, "type": "mongodb-atlas", "config": {"clusterName": cluster, **config}}
    atlas.store(app).create("services", body)


def sources(app: StoredApp) -> dict[str, str]:
    return {entry["name"]: entry["config"]["clusterName"] for entry in app.held["services"].values()}


@pytest.mark.parametrize(
    ("there", "cluster", "service"),
    [
        ({}, "", "mongodb-atlas"),
        ({"mongodb-atlas": "Home"}, "", "mongodb-atlas"),
        ({"mongodb-atlas": "Home", "Other": "Other"}, "", "mongodb-atlas"),
        ({"Home": "Home"}, "", "Home"),
        ({"Home": "Home"}, "Home", "Home"),
        ({"Other": "Other", "Home": "Home"}, "Home", "Home"),
        ({"Other": "Other"}, "Home", "mongodb-atlas"),
        ({"One": "Home", "Two": "Home"}, "Home", "One"),
        ({"mongodb-atlas": "Other"}, "Home", "Home"),
    ],
)
def test_the_link_to_the_cluster(
    atlas: AdminStandin, deploy: Deployer, there: dict[str, str], cluster: str, service: str
) -> None:
    app = atlas.add_app()
    for name, linked in there.items():
        link(atlas, app, name, linked)
    made = deploy(cluster=cluster)
    assert texts(app).get("mongodbService", "mongodb-atlas") == service
    assert sources(app) == {**there, service: cluster or there.get(service, "Cluster0")}
    assert [line for line in made if "data source" in line] == (
        [] if service in there else [f"create data source {service}"]
    )
    assert deploy(cluster=cluster) == []


def test_several_links_and_none_of_them_chosen(atlas: AdminStandin, deploy: Deployer) -> None:
    app = atlas.add_app()
    link(atlas, app, "Home", "Home")
    link(atlas, app, "Work", "Work")
    with pytest.raises(UsageError, match="set ATLAS_CLUSTER to the cluster of one: Home, Work"):
        deploy()


@pytest.mark.parametrize(
    ("clusters", "words"),
    [
        ({"clusters": ["Home", "Work"]}, "several clusters: set ATLAS_CLUSTER to one of Home, Work"),
        ({"clusters": ["Home"], "flexClusters": ["Work"]}, "several clusters: set ATLAS_CLUSTER to one of Home, Work"),
        ({"clusters": []}, "set ATLAS_CLUSTER to the name that Atlas shows"),
        ({"clusters": None, "flexClusters": None}, "set ATLAS_CLUSTER to the name that Atlas shows"),
    ],
)
def test_the_cluster_is_asked_for(
    atlas: AdminStandin, deploy: Deployer, clusters: dict[str, list[str] | None], words: str
) -> None:
    atlas.clusters |= clusters
    with pytest.raises(UsageError, match=words):
        deploy()
    assert atlas.writes == []
    deploy(cluster="Work")
    assert sources(the_app(atlas)) == {"mongodb-atlas": "Work"}
    assert deploy() == []


def test_the_only_cluster_is_taken(atlas: AdminStandin, deploy: Deployer) -> None:
    atlas.clusters = {"clusters": None, "flexClusters": ["Home"]}
    deploy()
    assert sources(the_app(atlas)) == {"mongodb-atlas": "Home"}


def test_no_name_is_left_for_the_link(atlas: AdminStandin, deploy: Deployer) -> None:
    app = atlas.add_app()
    link(atlas, app, "mongodb-atlas", "Other")
    link(atlas, app, "Home", "Work")
    with pytest.raises(UsageError, match="rename one"):
        deploy(cluster="Home")
    assert atlas.writes == []


def test_functions_must_not_read_from_a_secondary(atlas: AdminStandin, deploy: Deployer) -> None:
    app = atlas.add_app()
    link(atlas, app, "Home", "Home", readPreference="nearest", wireProtocolEnabled=True)
    (change_,) = [each for each in deploy.plan().needed if each.kind == "data source"]
    assert change_.detail == "readPreference: nearest → primary"
    deploy()
    wanted = {"clusterName": "Home", "readPreference": "primary", "wireProtocolEnabled": True}
    assert app.named("services", "Home")["config"] == wanted
    assert deploy() == []
