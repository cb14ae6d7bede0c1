"""`context.http.get` over real HTTP, and the budget that `trigger run` puts before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.http.budget import Budget
from sync.settings import load
from sync.triggers.run.http import PoliteHttp
from sync.triggers.run.web import Reply, Request
from tests.clock import FakeClock
from tests.scripted import PRM, TOKEN, Server, cut, cut_chunks, garbage, reset, says, serving
from tests.triggers.trees import error_of, result_of, run_body

BAN = b"<!DOCTYPE html><title>Attention Required! | Cloudflare</title>Sorry, you have been blocked"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as scripted:
        yield scripted


def test_an_answer_has_the_documented_shape(tmp_path: Path, server: Server) -> None:
    server.replies = [says(200, '{"é": 1}'.encode(), "application/json; charset=utf-8", X_Test="yes")]
    body = f"""const res = await context.http.get({{url: "{server.url}/api?pointId={PRM}",
      headers: {{Authorization: ["Bearer {TOKEN}"], Accept: ["application/json"]}}}});
    return [res.status, res.statusCode, res.contentLength, res.headers["Content-Type"], res.headers["X-Test"],
      res.cookies, typeof res.body, res.body.text(), res.body.toBase64()];"""
    execution = run_body(tmp_path, body)
    assert execution.error is None
    assert execution.result == [
        *("200 OK", 200, 9, ["application/json; charset=utf-8"], ["yes"], {}, "object", '{"é": 1}', "eyLDqSI6IDF9")
    ]
    assert execution.calls == [("GET", f"{server.url}/api", 200)]
    [(path, headers)] = server.requests
    assert path == f"/api?pointId={PRM}"
    assert headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("status", [204, 400, 404, 429, 500, 521])
def test_a_bad_status_is_an_answer(tmp_path: Path, server: Server, status: int) -> None:
    server.replies = [says(status, b"")]
    body = "return [res.statusCode, res.status.slice(0, 3)];"
    asked = f'const res = await context.http.get({{url: "{server.url}/x"}});'
    assert result_of(tmp_path, asked + body) == [status, str(status)]


def test_redirects_are_never_followed(tmp_path: Path, server: Server) -> None:
    server.replies = [says(302, b"", Location=f"{server.url}/there"), says(200, b"x")]
    assert result_of(tmp_path, f'return (await context.http.get({{url: "{server.url}/x"}})).statusCode;') == 302


@pytest.mark.parametrize("reply", [cut, cut_chunks, garbage, reset])
def test_no_whole_answer_is_an_error_without_the_query(tmp_path: Path, server: Server, reply: object) -> None:
    server.replies = [reply]  # type: ignore[list-item]
    execution = run_body(tmp_path, f'await context.http.get({{url: "{server.url}/x?pointId={PRM}"}});')
    assert execution.error is not None
    assert "no whole answer from 127.0.0.1" in execution.error
    assert PRM not in execution.error
    assert execution.calls == [("GET", f"{server.url}/x", 0)]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ('{url: "x", headers: {Accept: "application/json"}}', "headers.Accept must be an array"),
        ('{host: "x"}', "host is not offered"),
        ("{}", "takes a url"),
        ('{url: "x", timeout: 5}', "timeout is not offered"),
        ('{url: "x", cookies: {a: "b"}}', "cookies is not offered"),
        ('{url: "ftp:nothing"}', "no whole answer"),
    ],
)
def test_wrong_requests_are_refused(tmp_path: Path, request_: str, words: str) -> None:
    assert words in error_of(tmp_path, f"return context.http.get({request_});")


def polite(url: str, limit: int) -> PoliteHttp:
    environ = {"LINKY_API_URL": url, "SYNC_CALLS_PER_DAY": str(limit), "SYNC_REQUEST_SPACING": "0"}
    return PoliteHttp(load(environ=environ | {"SYNC_CONTACT": "https://example.org"}), FakeClock())


def test_every_call_counts_in_the_shared_budget(tmp_path: Path, server: Server) -> None:
    body = f"""const seen = [];
    for (let n = 0; n < 4; n += 1) {{
      try {{ seen.push((await context.http.get({{url: "{server.url}/x"}})).statusCode); }}
      catch (error) {{ seen.push(error.message); }}
    }}
    return seen;"""
    Budget(server.url, 3, 0, FakeClock()).take()
    execution = run_body(tmp_path, body, http=polite(server.url, 3))
    assert execution.error is None
    assert execution.result[:2] == [200, 200]
    assert "all 3 calls of this UTC day" in execution.result[2]
    assert len(server.requests) == 2
    assert Budget(server.url, 3, 0, FakeClock()).usage().calls == 3
    assert server.requests[0][1]["User-Agent"].endswith("(+https://example.org)")


def test_a_ban_closes_the_day(tmp_path: Path, server: Server) -> None:
    server.replies = [says(403, BAN, "text/html")]
    http = polite(server.url, 25)
    assert http(Request("GET", f"{server.url}/x")).status == 403
    assert Budget(server.url, 25, 0, FakeClock()).usage().left == 0
    assert "blocked" in error_of(tmp_path, f'return context.http.get({{url: "{server.url}/x"}});', http=http)
    assert len(server.requests) == 1


def test_the_functions_own_user_agent_stays(server: Server) -> None:
    polite(server.url, 25)(Request("GET", f"{server.url}/x", {"user-agent": ["mine"]}))
    assert server.requests[0][1]["user-agent"] == "mine"


def test_an_address_without_a_host_is_not_counted(tmp_path: Path) -> None:
    http = polite("http://127.0.0.1:1", 25)
    assert "linkyApiUrl" in error_of(tmp_path, 'return context.http.get({url: "/api/x"});', http=http)


def test_an_odd_status_has_no_phrase() -> None:
    assert Reply(599).as_answer()["status"] == "599"
