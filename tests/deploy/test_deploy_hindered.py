"""Deployment when something is in the way: other apps, open drafts, failures at every step, somebody else at work."""

from __future__ import annotations

import pytest

from sync.model.errors import UsageError
from sync.standin.replies import Reply
from sync.triggers.deploy.admin_api import AdminApiError
from tests.deploy.admin_standin import AdminStandin
from tests.deploy.deployer import TOKEN, Deployer, the_app, told
from tests.deploy.trees import DAILY, NEWER_FORMAT, PRM


def test_several_apps(atlas: AdminStandin, deploy: Deployer) -> None:
    first, second = atlas.add_app("Triggers"), atlas.add_app("Triggers2")
    with pytest.raises(UsageError, match=f"set ATLAS_APP to one of {first.meta['client_app_id']}, "):
        deploy()
    deploy(app=second.meta["client_app_id"])
    assert first.held["functions"] == {}
    assert len(second.held["functions"]) == 2
    with pytest.raises(UsageError, match="no triggers app 'triggers-x'"):
        deploy(app="triggers-x")


def test_another_kind_of_trigger_has_the_name(atlas: AdminStandin, deploy: Deployer) -> None:
    app = atlas.add_app()
    store = atlas.store(app)
    function = {"name": "mine", "private": True, "run_as_system": True, "source": "exports = () => 1;"}
    identity = store.create("functions", function)["_id"]
    store.create("triggers", {"name": "daily", "type": "DATABASE", "config": {}, "function_id": identity})
    with pytest.raises(UsageError, match="DATABASE trigger 'daily', which is not ours"):
        deploy()
    assert atlas.writes == []


def test_an_open_draft_would_swallow_the_changes(atlas: AdminStandin, deploy: Deployer) -> None:
    deploy()
    app = the_app(atlas)
    app.drafts += [{"_id": "d", "user_id": "somebody else"}, {"_id": "e", "user_id": atlas.user_id}]
    assert deploy() == []
    (deploy.folder / "functions/formatDate.js").write_text(NEWER_FORMAT)
    requests = len(atlas.writes)
    with pytest.raises(UsageError, match="open draft of this API key"):
        deploy()
    assert len(atlas.writes) == requests
    app.drafts.pop()
    assert deploy() == ["update function formatDate"]


def test_an_app_without_drafts(atlas: AdminStandin, deploy: Deployer) -> None:
    atlas.add_app()
    atlas.before = lambda _method, path: Reply(404, b"{}") if path.endswith("/drafts") else None
    assert "create trigger daily" in deploy()


def test_cut_short_at_every_change_it_goes_on_from_there(atlas: AdminStandin, deploy: Deployer) -> None:
    total = len(deploy.plan().needed)
    made: list[str] = []
    allowed = 1

    def fail(method: str, path: str) -> Reply | None:
        nonlocal allowed
        if method == "GET" or path.startswith("auth/"):
            return None
        allowed -= 1
        return Reply(500, b'{"error":"internal","error_code":"InternalServerError"}') if allowed < 0 else None

    atlas.before = fail
    for left in range(total, 1, -1):
        planned = deploy.plan()
        assert len(planned.needed) == left
        allowed = 1
        changes = planned.apply()
        made += told([next(changes)])
        with pytest.raises(AdminApiError, match=f"1 of {left} changes were made before and stay"):
            next(changes)
    allowed = 1
    made += deploy()
    assert len(set(made)) == len(made) == total
    assert deploy() == []


def test_somebody_else_makes_the_same_thing_meanwhile(atlas: AdminStandin, deploy: Deployer) -> None:
    planned = deploy.plan()
    other = deploy.plan()
    deploy()
    with pytest.raises(AdminApiError, match=r"app Triggers: .*AppDuplicateName.*run again \(nothing was changed\)"):
        list(planned.apply())
    assert other.needed
    assert deploy() == []


def test_a_refusal_names_the_thing_and_not_its_text(atlas: AdminStandin, deploy: Deployer) -> None:
    (deploy.folder / "functions/daily.js").write_text(DAILY.replace("exports", "forgotten"))
    with pytest.raises(AdminApiError, match=r"function daily: .*FunctionSyntaxError") as error:
        deploy()
    assert (error.value.status, error.value.code) == (400, "FunctionSyntaxError")
    assert PRM not in str(error.value)
    assert TOKEN not in str(error.value)


def test_an_answer_of_another_form(atlas: AdminStandin, deploy: Deployer) -> None:
    atlas.before = lambda _method, path: Reply(200, b'{"apps": []}') if path.endswith("/apps") else None
    with pytest.raises(AdminApiError, match="in a form that is not known"):
        deploy()


def test_lists_without_entries_may_be_null(atlas: AdminStandin, deploy: Deployer) -> None:
    atlas.add_app()
    held = the_app(atlas).held
    atlas.before = lambda method, path: (
        Reply(200, b"null")
        if method == "GET" and path.split("/")[-1] in held and not held[path.split("/")[-1]]
        else None
    )
    assert "create trigger daily" in deploy()
    assert deploy() == []
