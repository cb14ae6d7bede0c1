"""The client of the Admin API against a local server: login, ended tokens, refusals in words, nothing secret told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sync.model.errors import SyncError
from sync.standin.replies import Reply
from sync.triggers.deploy.account import AtlasAccount
from sync.triggers.deploy.admin_api import AdminApi, AdminApiError
from tests.deploy.admin_standin import AdminStandin

APPS = ("groups", "5f0000000000000000000abc", "apps")
LOGIN = "auth/providers/mongodb-cloud/login"


@pytest.fixture
def api(account: AtlasAccount) -> Iterator[AdminApi]:
    with AdminApi(account) as found:
        yield found


def logins(atlas: AdminStandin) -> int:
    return [each.path for each in atlas.requests].count(f"{atlas.base}{LOGIN}")


def refusal(api: AdminApi, *path: str, **given: Any) -> AdminApiError:
    with pytest.raises(AdminApiError) as error:
        api.request("GET", *(path or APPS), **given)
    assert isinstance(error.value, SyncError)
    assert error.value.exit_code == 1
    assert "\n" not in str(error.value)
    return error.value


def test_one_login_serves_all_requests(atlas: AdminStandin, api: AdminApi) -> None:
    atlas.add_app("Triggers")
    atlas.add_app("Shop", "standard")
    assert [app["name"] for app in api.request("GET", *APPS, query={"product": "atlas"})] == ["Triggers"]
    assert [app["name"] for app in api.request("GET", *APPS)] == ["Shop"]
    assert logins(atlas) == 1
    assert api.user_id == atlas.user_id


def test_an_ended_access_token_is_renewed_by_a_login(atlas: AdminStandin, api: AdminApi) -> None:
    api.request("GET", *APPS)
    atlas.end_access_tokens()
    assert api.request("GET", *APPS) == []
    assert [(each.method, each.status) for each in atlas.requests[-3:]] == [("GET", 401), ("POST", 200), ("GET", 200)]
    assert logins(atlas) == 2


def test_an_ended_session_is_logged_in_again(atlas: AdminStandin, api: AdminApi) -> None:
    api.request("GET", *APPS)
    atlas.end_sessions()
    assert api.request("GET", *APPS) == []
    assert logins(atlas) == 2


def test_a_session_that_never_holds_ends_in_words(atlas: AdminStandin, api: AdminApi) -> None:
    atlas.before = lambda _method, path: atlas.end_sessions() if path.startswith("groups") else None
    error = refusal(api)
    assert (error.status, error.code) == (401, "InvalidSession")
    assert logins(atlas) == 2


def test_a_wrong_key(atlas: AdminStandin, account: AtlasAccount) -> None:
    with AdminApi(replace(account, private_key="another-key-altogether")) as api:
        error = refusal(api)
    assert error.status == 401
    assert "Atlas does not accept the API key" in str(error)
    assert "access list" in str(error)
    assert "another-key-altogether" not in str(error)


def test_another_project(api: AdminApi) -> None:
    error = refusal(api, "groups", "5f0000000000000000000fff", "apps")
    assert (error.status, error.code) == (404, "GroupNotFound")
    assert "ATLAS_PROJECT_ID" in str(error)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (403, b'{"error":"forbidden","error_code":"Forbidden"}', "Project Owner"),
        (409, b'{"error":"in use","error_code":"ValueDuplicateName"}', "run again"),
        (429, b"rate limited", "wait a minute"),
        (500, b"<html>oops</html>", "Atlas has trouble"),
        (503, b"", "Service Unavailable"),
        (400, b'{"error":"invalid cron"}', "invalid cron"),
        (400, b"[]", "correct what it names"),
        (302, b"", "ATLAS_ADMIN_URL"),
        (200, b"<html>welcome</html>", "something other than JSON"),
    ],
)
def test_refusals_in_words(atlas: AdminStandin, api: AdminApi, status: int, body: bytes, words: str) -> None:
    atlas.before = lambda _method, path: Reply(status, body) if path.startswith("groups") else None
    error = refusal(api)
    assert words in str(error)
    assert error.status == status


def test_a_login_without_a_token(atlas: AdminStandin, api: AdminApi) -> None:
    atlas.before = lambda _method, path: Reply(200, b"{}") if path == LOGIN else None
    assert "without a token" in str(refusal(api))


def test_trouble_at_the_login_is_not_a_wrong_key(atlas: AdminStandin, api: AdminApi) -> None:
    atlas.before = lambda _method, path: Reply(502, b"bad gateway") if path == LOGIN else None
    error = refusal(api)
    assert "Atlas has trouble" in str(error)
    assert "ATLAS_PRIVATE_KEY" not in str(error)


def test_nobody_answers(atlas: AdminStandin, account: AtlasAccount) -> None:
    atlas.close()
    with AdminApi(account) as api:
        error = refusal(api)
    assert "no answer from 127.0.0.1" in str(error)
    assert error.status == 0


def test_a_server_that_repeats_secrets_is_not_repeated(
    atlas: AdminStandin, api: AdminApi, account: AtlasAccount
) -> None:
    prm = "21121707640844"
    api.hide("the-secret-text")
    text = f"{account.private_key} {account.public_key} the-secret-text {prm} {'long ' * 200}"
    atlas.before = lambda _method, path: Reply(400, text.encode()) if path.startswith("groups") else None
    told = str(refusal(api))
    for secret in (account.private_key, account.public_key, "the-secret-text", prm):
        assert secret not in told
    assert len(told) < 600


def test_names_are_quoted_in_the_path(atlas: AdminStandin, api: AdminApi) -> None:
    refusal(api, *APPS, "../x?product=atlas#")
    assert atlas.requests[-1].path.endswith("/apps/..%2Fx%3Fproduct%3Datlas%23")
