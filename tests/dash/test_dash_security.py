"""Who may read the page: the password on every route, foreign hosts, headers, and nothing secret in any answer."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, Route, expect
from pymongo.database import Database

from dash_app.shell.security import FAILURES, WINDOW, Failures
from sync.sources.linky.meter import Meter
from sync.store.connection import place_of
from tests.dash.readers import all_answered
from tests.dash.served import PATIENCE, Served
from tests.dash.stores import ONE, TODAY, TWO, load_readings

Serving = Callable[..., Served]
Open = Callable[..., Page]
TOKEN = "token-of-a-test"
PASSWORD = "pässword of a test"
ROUTES = (
    "/",
    "/consumption",
    "/version",
    "/csv/load-curve",
    "/card/load-curve",
    "/assets/shell.js",
    "/assets/vendor/plotly-page.min.js",
    "/_dash-layout",
    "/_dash-dependencies",
    "/_dash-component-suites/dash/dcc/async-graph.js",
    "/_favicon.ico",
    "/nothing/here",
)


def code(url: str, given: str | None = None, **more: Any) -> int:
    auth = ("anyone", given.encode()) if given is not None else None
    return requests.get(url, auth=auth, timeout=PATIENCE, **more).status_code


def test_every_route_asks_for_the_password(serving: Serving, database: Database[Any]) -> None:
    page = serving(database, PASSWORD)
    rules = {rule.rule for rule in page.app.server.url_map.iter_rules() if "<" not in rule.rule}
    for path in rules | set(ROUTES):
        assert code(page.url + path) == 401, path
        assert requests.post(page.url + path, json={}, timeout=PATIENCE).status_code in (401, 405), path
    for path in ROUTES:
        assert code(page.url + path, PASSWORD) == 200 or path == "/nothing/here", path
    asked = requests.get(page.url, timeout=PATIENCE)
    assert asked.headers["WWW-Authenticate"].startswith("Basic ")
    assert PASSWORD not in asked.text
    update = requests.post(f"{page.url}/_dash-update-component", json={"output": "x"}, timeout=PATIENCE)
    assert update.status_code == 401


def test_wrong_passwords_have_to_wait(serving: Serving, database: Database[Any]) -> None:
    page = serving(database, PASSWORD)
    for wrong in [PASSWORD[:-1], PASSWORD + "x", "", "\0", *["guess"] * (FAILURES - 4)]:
        assert code(page.url, wrong) == 401
    refused = requests.get(page.url, auth=("anyone", PASSWORD.encode()), timeout=PATIENCE)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= WINDOW + 1


def test_failures_are_forgotten_after_a_minute() -> None:
    now = 0.0
    failures = Failures(lambda: now)
    for now in range(FAILURES):  # noqa: B007 - the clock of the test
        assert failures.wait("one") == 0
        failures.add("one")
    assert failures.wait("one") == pytest.approx(WINDOW - now)
    assert failures.wait("other") == 0
    now = WINDOW
    assert failures.wait("one") == 0
    failures.add("one")
    assert failures.wait("one") > 0


def test_other_kinds_of_authorization_are_refused(serving: Serving, database: Database[Any]) -> None:
    page = serving(database, PASSWORD)
    for given in ("Bearer abc", "Basic", "Basic !!!", "Digest username=x", "Basic " + "A" * 5000):
        assert requests.get(page.url, headers={"Authorization": given}, timeout=PATIENCE).status_code == 401


def test_the_browser_gives_the_password_with_everything(
    serving: Serving, two_years: Database[Any], open_page: Open
) -> None:
    page = serving(two_years, PASSWORD)
    opened = open_page(f"{page.url}/consumption", http_credentials={"username": "me", "password": PASSWORD})
    all_answered(opened)
    expect(opened.locator(".js-plotly-plot .main-svg").first).to_be_visible()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::2]", "", "a@b:c"])
def test_a_foreign_name_for_loopback_gets_nothing(served: Served, host: str) -> None:
    for path in ("/", "/csv/load-curve", "/_dash-layout", "/assets/shell.js"):
        answer = requests.get(served.url + path, headers={"Host": host}, timeout=PATIENCE)
        assert answer.status_code in (400, 421)
        assert "linky" not in answer.text
    port = served.url.rpartition(":")[2]
    for own in (f"localhost:{port}", "127.0.0.1", f"[::1]:{port}"):
        assert code(served.url, headers={"Host": own}) == 200


def test_headers(served: Served) -> None:
    for path in ROUTES:
        headers = requests.get(served.url + path, timeout=PATIENCE).headers
        assert "Server" not in headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe-eval" not in policy
        assert "http" not in policy
        scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
        assert "unsafe-inline" not in scripts
        kept = headers["Cache-Control"]
        assert kept.startswith("private") if path.startswith(("/assets", "/_dash-component")) else kept == "no-store"


def test_a_broken_request_gives_no_traceback(served: Served) -> None:
    url = f"{served.url}/_dash-update-component"
    for body in (b"", b"{", b"[]", b'{"output": 5}', b'{"output": "moved.data", "inputs": []}'):
        answer = requests.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=PATIENCE)
        assert "Traceback" not in answer.text
        assert 'File "' not in answer.text
    with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2])), timeout=PATIENCE) as raw:
        raw.sendall(b"GET /\0 HTTP/1.1\r\n\r\n")
        assert b"Traceback" not in raw.recv(10_000)


def test_nothing_secret_is_in_any_answer(
    serving: Serving, database: Database[Any], open_page: Open, mongo_uri: str
) -> None:
    """Neither the address of the database nor a whole PRM, a token or a folder, in the document or its data."""
    for prm in (ONE, TWO):
        load_readings(database, TODAY - timedelta(days=40), [300] * 48 * 40, prm=prm)
    served = serving(database, meters=(Meter(ONE, TOKEN, name="home"), Meter(TWO, TOKEN)))
    bodies: list[str] = []

    def kept(route: Route) -> None:
        answer = route.fetch()
        bodies.append(answer.text())
        route.fulfill(response=answer)

    page = open_page("about:blank")
    page.route(lambda url: "/assets/" not in url, kept)  # before the page has it: one that was left tells nothing
    for name in ("storage", "consumption", "cost", "coverage"):
        page.goto(f"{served.url}/{name}")
        all_answered(page)
        bodies.append(page.content())
    page.unroute_all(behavior="wait")
    bodies.append(requests.get(f"{served.url}/csv/load-curve?period=7d", timeout=PATIENCE).text)
    assert len(bodies) > 40
    assert any("home" in body for body in bodies)
    home = str(served.reader.settings.sync_home)
    for secret in (ONE, TWO, TOKEN, mongo_uri, place_of(mongo_uri), "mongodb://", home, database.name):
        assert not [body[:80] for body in bodies if secret in body], secret
    for series in served.reader.series():  # its short hash would give the PRM away to who tries all numbers
        assert not [body[:80] for body in bodies if series.key in body]
