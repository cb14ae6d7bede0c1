"""What the stand-in refuses, in the words of recorded errors; the token; the ban; what it remembers of requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

from sync.model.errors import UsageError
from sync.standin import refusals
from sync.standin.curve import household_meters
from sync.standin.faults import parse_faults
from sync.standin.household import HOUSEHOLD_PRM

CURVE, DAILY = "courbe_de_charge_consommation", "consommation_quotidienne"


@pytest.fixture
def seen(shared_data: Path) -> list[tuple[int, Any]]:
    """Errors as users saw them: status and body."""
    text = (shared_data / "linky/samples/errors_observed.json").read_text(encoding="utf-8")
    return [(sample["http_status"], sample["body"]) for sample in json.loads(text)]


def coded(seen: list[tuple[int, Any]], code: str) -> tuple[int, Any]:
    (found,) = [sample for sample in seen if f'"{code}"' in json.dumps(sample[1])]
    return found


@pytest.mark.parametrize(
    ("route", "begin", "end", "code"),
    [
        (CURVE, "2026-07-02", "2026-07-02", "Invalid_request"),
        (CURVE, "2026-07-02", "2026-07-01", "Invalid_request"),
        (CURVE, "2026-07-01", "2026-07-09", "ADAM-ERR0126"),
        (CURVE, "2024-07-01", "2024-07-08", "ADAM-ERR0125"),
        (DAILY, "2023-07-01", "2023-07-08", "ADAM-ERR0125"),
        (CURVE, "2025-01-31", "2025-02-07", "ADAM-ERR0123"),
        (DAILY, "2025-01-31", "2026-02-07", "ADAM-ERR0123"),
    ],
)
def test_enedis_refuses_ranges(
    *, start: Callable[..., Any], seen: list[tuple[int, Any]], route: str, begin: str, end: str, code: str
) -> None:
    client = start(activation=date(2025, 2, 1))
    answer = client.get(route, begin, end)
    assert (answer.status_code, answer.json()) == coded(seen, code)


def test_the_last_ranges_that_are_served(start: Callable[..., Any]) -> None:
    client = start()
    assert client.get(CURVE, "2024-07-02", "2024-07-09").status_code == 200
    assert client.get(DAILY, "2023-07-02", "2026-07-17").status_code == 200
    assert start(activation=date(2025, 2, 1)).get(CURVE, "2025-02-01", "2025-02-08").status_code == 200


def test_the_future_is_refused(client: Any) -> None:
    answer = client.get(CURVE, "2026-07-15", "2026-07-18")
    assert answer.status_code == 400
    assert answer.json()["error"]["error"] == "Invalid_request"
    assert "must be earlier than the current date" in answer.json()["error"]["error_description"]


def test_nothing_in_the_whole_range_is_404(start: Callable[..., Any], seen: list[tuple[int, Any]]) -> None:
    client = start(faults=parse_faults("late@2026-07-15..2026-07-16:9"))
    for route in (CURVE, DAILY):
        answer = client.get(route, "2026-07-15", "2026-07-17")
        assert (answer.status_code, answer.json()) == coded(seen, "no_data_found")
    assert len(client.curve("2026-07-14", "2026-07-17")) == 48


@pytest.mark.parametrize("text", ["2026-02-31", "x2026-02-01", "2026-02-011"])
def test_texts_that_pass_the_loose_check_but_are_no_dates(client: Any, text: str) -> None:
    assert client.get(CURVE, text, "2026-03-01").content == refusals.TECHNICAL.body


def test_invalid_parameters_list_every_one(client: Any, seen: list[tuple[int, Any]]) -> None:
    answer = client.session.get(f"{client.standin.url}/nothing_of_the_kind", params={"pointId": "123", "start": "May"})
    assert answer.status_code == 400
    body = answer.json()
    sample = seen[0][1]
    assert (body["message"], body["error"]["name"]) == (sample["message"], sample["error"]["name"])
    assert body.keys() == sample.keys()
    assert [issue["path"] for issue in body["error"]["issues"]] == [["type"], ["pointId"], ["dateDebut"], ["dateFin"]]


def test_methods(client: Any, seen: list[tuple[int, Any]]) -> None:
    url = f"{client.standin.url}/{CURVE}"
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = client.session.request(method, url, json={"a": 1})
        assert (answer.status_code, answer.json()) in seen
        assert answer.status_code == 405
    assert client.session.options(url).status_code == 200
    assert client.session.head(url).status_code == 405


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "eyJ"])
def test_no_token_is_400(client: Any, seen: list[tuple[int, Any]], header: str | None) -> None:
    client.session.headers["Authorization"] = header
    answer = client.get(CURVE, "2026-07-01", "2026-07-02")
    assert (answer.status_code, answer.json()) in seen
    assert answer.status_code == 400


def test_wrong_tokens_are_401(client: Any, seen: list[tuple[int, Any]]) -> None:
    standin = client.standin
    soon = standin.now() + timedelta(hours=1)
    claims = {"sub": [HOUSEHOLD_PRM], "exp": int(soon.timestamp())}
    wrong = [
        "not-a-token",
        standin.token_for("11111111111111"),
        standin.token_for(HOUSEHOLD_PRM, expires=standin.now() - timedelta(seconds=1)),
        jwt.encode(claims, "another key that is also long enough for it", algorithm="HS256"),
        jwt.encode(claims, None, algorithm="none"),
    ]
    for token in wrong:
        client.session.headers["Authorization"] = f"Bearer {token}"
        answer = client.get(CURVE, "2026-07-01", "2026-07-02")
        assert (answer.status_code, answer.json()) in seen
        assert answer.status_code == 401
    client.session.headers["Authorization"] = f"Bearer {standin.token_for(HOUSEHOLD_PRM, expires=soon)}"
    assert client.get(CURVE, "2026-07-01", "2026-07-02").status_code == 200


def test_the_token_reads_like_one_of_the_gateway(start: Callable[..., Any]) -> None:
    standin = start(meters=household_meters(2)).standin
    claims = jwt.decode(standin.token, options={"verify_signature": False})
    assert claims["sub"] == list(standin.meters)
    assert jwt.get_unverified_header(standin.token)["alg"] == "HS256"
    lasts = datetime.fromtimestamp(claims["exp"], UTC) - max(standin.now(), datetime.now(UTC))
    assert timedelta(days=1093) < lasts <= timedelta(days=1094)


def test_the_ban_comes_with_the_request_after_the_hundredth(client: Any) -> None:
    standin = client.standin
    statuses = [client.get(DAILY, "2026-07-01", "2026-07-02").status_code for _ in range(100)]
    assert set(statuses) == {200}
    assert not standin.banned
    answer = client.get(DAILY, "2026-07-01", "2026-07-02")
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "text/html; charset=UTF-8")
    assert "Sorry, you have been blocked" in answer.text
    assert "Ray ID" in answer.text
    assert standin.banned
    standin.now.moment += timedelta(days=1)
    assert client.get(DAILY, "2026-07-01", "2026-07-02").status_code == 403
    standin.unban()
    assert client.get(DAILY, "2026-07-01", "2026-07-02").status_code == 200


def test_the_ban_counts_utc_days_and_failures(start: Callable[..., Any]) -> None:
    client = start(ban_after=3)
    for _ in range(4):
        assert [client.get("wrong", "", "").status_code for _ in range(3)] == [400, 400, 400]
        client.standin.now.moment += timedelta(days=1)
    assert not client.standin.banned
    assert [client.get("wrong", "", "").status_code for _ in range(4)] == [400, 400, 400, 403]


def test_it_remembers_requests(client: Any) -> None:
    client.get(CURVE, "2026-07-01", "2026-07-02")
    client.standin.now.moment += timedelta(days=1)
    client.session.options(f"{client.standin.url}/{DAILY}")
    first, second = client.standin.requests
    assert (first.method, first.route, first.prm) == ("GET", CURVE, HOUSEHOLD_PRM)
    assert (first.start, first.end, first.status) == ("2026-07-01", "2026-07-02", 200)
    assert (second.method, second.route, second.prm, second.status) == ("OPTIONS", DAILY, None, 200)
    assert second.at - first.at == timedelta(days=1)


def test_the_front_page_says_what_it_is_and_is_not_counted(client: Any) -> None:
    page = client.session.get(client.standin.url.removesuffix("api")).json()
    assert "stand-in" in page["about"]
    assert (page["meters"], page["today"]) == (["…9999"], "2026-07-17")
    assert client.standin.requests == []
    assert client.session.get(client.standin.url.replace("/api", "/other")).status_code == 404


def test_closing_ends_open_connections_and_frees_the_port(start: Callable[..., Any]) -> None:
    client = start()
    assert client.get(DAILY, "2026-07-01", "2026-07-02").status_code == 200
    port = client.standin.port
    client.standin.close()
    with pytest.raises(requests.ConnectionError):
        client.get(DAILY, "2026-07-01", "2026-07-02")
    again = start(port=port)
    # The token of before opens the new one too.
    again.session.headers["Authorization"] = client.session.headers["Authorization"]
    assert again.get(DAILY, "2026-07-01", "2026-07-02").status_code == 200


def test_a_taken_port_is_a_usage_error(start: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match="choose another"):
        start(port=start().standin.port)
