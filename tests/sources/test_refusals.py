"""What the gateway says instead of readings: each observed error is the right kind of error, and tells no secret."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.http.transport import Answer
from sync.model.errors import (
    ADDRESS,
    DATASET,
    END,
    FLOW,
    METER,
    PERIOD,
    SPAN,
    Banned,
    FatalSourceError,
    HistoryFloor,
    NoReadings,
    RateLimited,
    RetriableError,
    SourceError,
)
from sync.sources.linky.answers import explain

NOW = datetime(2026, 7, 17, 4, 20, 33, tzinfo=UTC)
PRM = "21121707640844"
TOKEN = jwt.encode({"sub": [PRM]}, "k" * 32, algorithm="HS256")
BLOCKED = "<!DOCTYPE html><html><title>Attention Required! | Cloudflare</title>Sorry, you have been blocked</html>"


def said(status: int, body: Any, ascii_only: bool = False) -> SourceError:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=ascii_only)
    media_type = "text/html" if text.lstrip().startswith("<") else "application/json"
    error = explain(Answer(status, media_type, text), NOW)
    assert error is not None
    return error


def enedis(status: int, error: Any, ascii_only: bool = False) -> SourceError:
    return said(status, {"status": status, "message": "The Enedis API returned an error", "error": error}, ascii_only)


# Where in errors_observed.json, the class it stands for, a part of the message.
OBSERVED: list[tuple[int, type[SourceError], str]] = [
    (400, FatalSourceError, "Paramètres invalides"),
    (400, FatalSourceError, "Authorization"),
    (401, FatalSourceError, "does not accept the token"),
    (405, FatalSourceError, "GET"),
    (500, RetriableError, "Impossible de rafraîchir le token"),
    (500, RetriableError, "Erreur inconnue"),
    (400, FatalSourceError, "Start date should be before end date"),
    (400, HistoryFloor, "not yet activated"),
    (400, HistoryFloor, "older than the history"),
    (400, FatalSourceError, "LINKY_FLOWS"),
    (400, FatalSourceError, "consent"),
    (403, FatalSourceError, "consent"),
    (404, NoReadings, "nothing is published"),
    (429, RateLimited, "quota"),
    (429, RateLimited, "quota"),
    (500, RetriableError, "Please try later"),
    (500, RetriableError, "500 Internal Server Error"),
    (502, RetriableError, "Bad gateway"),
    (403, Banned, "blocked this address"),
    (400, FatalSourceError, "less than 7 days"),
]


def test_every_observed_error_is_what_it_is(shared_data: Path) -> None:
    cases = json.loads((shared_data / "linky" / "samples" / "errors_observed.json").read_text(encoding="utf-8"))
    found = [(case["http_status"], type(said(case["http_status"], case["body"]))) for case in cases]
    assert found == [(status, kind) for status, kind, _ in OBSERVED]
    for case, (status, _, part) in zip(cases, OBSERVED, strict=True):
        error = said(status, case["body"])
        assert part in str(error)
        assert error.status == status


def test_an_answer_is_no_error() -> None:
    assert explain(Answer(200, "application/json", "{}"), NOW) is None


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ADAM-ERR0123", HistoryFloor),
        ("ADAM-ERR0125", HistoryFloor),
        ("ADAM-DC-0016", HistoryFloor),
        ("ADAM-ERR0069", FatalSourceError),
        ("ADAM-ERR0075", FatalSourceError),
        ("ADAM-DC-0007", FatalSourceError),
        ("ADAM-DC-0008", FatalSourceError),
        ("ADAM-DC-0009", FatalSourceError),
        ("ADAM-ERR0126", FatalSourceError),
        ("ADAM-DC-0015", FatalSourceError),
        ("STM-ERR-0000014", NoReadings),
        ("STM-ERR-0000020", NoReadings),
    ],
)
@pytest.mark.parametrize("status", [400, 403, 404])
def test_codes_decide_in_the_old_and_in_the_new_form(code: str, kind: type[SourceError], status: int) -> None:
    old, new = {"error": code, "error_description": "x"}, {"code": code, "message": "Période refusée"}
    for body in (old, new):
        error = enedis(status, body)
        if status != 404 or kind is not FatalSourceError or code not in ("ADAM-ERR0126", "ADAM-DC-0015"):
            assert type(error) is kind
        if isinstance(error, HistoryFloor):
            assert error.code == code
    assert type(said(status, new)) is type(enedis(status, new)), "with or without the gateway's wrapping"


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("status", [400, 404])
def test_the_french_for_no_measure(status: int, ascii_only: bool) -> None:
    body = {"code": "STM-ERR-0000999", "message": "Pas de mesure trouvée pour ce point"}
    assert type(enedis(status, body, ascii_only)) is NoReadings


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize(
    "error",
    [
        {"code": 900804, "message": "x"},
        {"fault": {"code": "900807", "message": "Message throttled out"}},
        {"code": "Q", "message": "Quota Q3 reached"},
        "Quota Q4 reached",
        {"code": "x", "message": "SLA dépassé"},
    ],
)
def test_a_spent_quota_by_its_words(error: Any, ascii_only: bool) -> None:
    assert type(enedis(503, error, ascii_only)) is RateLimited


@pytest.mark.parametrize(
    "body",
    [
        "<html><title>404 Not Found</title></html>",
        "",
        "Not Found",
        "404 page not found",
        {"message": "Not Found"},
        "{}",
    ],
)
def test_an_address_that_does_not_exist_is_never_an_empty_answer(body: Any) -> None:
    """A wrong LINKY_API_URL or a type name that is gone: two years must not be entered as `empty`."""
    error = said(404, body)
    assert type(error) is FatalSourceError


# --- how far it reaches, and whether other days may be served --------------------------------------------------------


def coded(code: str, text: str = "x") -> dict[str, str]:
    return {"error": code, "error_description": text}


INVALID = "Invalid_request"
REACHES: list[tuple[int, Any, str, str]] = [
    (400, coded("ADAM-ERR0126", "The requested period must be less than 7 days"), DATASET, SPAN),
    (400, coded("ADAM-DC-0015"), DATASET, SPAN),
    (400, coded(INVALID, "The end date parameter must be earlier than the current date."), DATASET, END),
    (400, {"code": INVALID, "message": "La date de fin doit être antérieure à la date du jour"}, DATASET, END),
    (400, coded(INVALID, "Start date should be before end date."), DATASET, ""),
    (400, {"code": "XYZ-1", "message": "Demande non recevable"}, DATASET, PERIOD),
    (400, coded("ADAM-ERR0075"), DATASET, ""),
    (400, coded("ADAM-ERR0069"), FLOW, ""),
    (403, coded("ADAM-DC-0008"), METER, ""),
    (400, coded("ADAM-DC-0007"), METER, ""),
    (400, coded("ADAM-ERR0155", "Demande non recevable : point inexistant."), METER, ""),
    (418, coded("XYZ-1"), ADDRESS, ""),
]


@pytest.mark.parametrize(("status", "error", "reach", "days"), REACHES)
def test_how_far_a_refusal_of_enedis_reaches(status: int, error: Any, reach: str, days: str) -> None:
    found = enedis(status, error)
    assert isinstance(found, FatalSourceError)
    assert (found.reach, found.days) == (reach, days)


@pytest.mark.parametrize(
    ("status", "body", "reach"),
    [
        (400, {"message": "Paramètres invalides", "error": {"issues": []}}, DATASET),
        (401, {"message": "Votre token est invalide"}, METER),
        (404, "<html>Not Found</html>", ADDRESS),
        (403, BLOCKED, ADDRESS),
        (403, {"message": "Forbidden"}, ADDRESS),
    ],
)
def test_how_far_a_refusal_of_the_gateway_reaches(status: int, body: Any, reach: str) -> None:
    found = said(status, body)
    assert isinstance(found, FatalSourceError)
    assert (found.reach, found.days) == (reach, "")


@pytest.mark.parametrize("form", ["error", "code"])
def test_no_service_is_nothing_for_these_days_and_says_what_to_do(form: str) -> None:
    found = enedis(400, {form: "ADAM-ERR0191", "message": "aucun service souscrit ACCES à la donnée"})
    assert type(found) is NoReadings
    assert "give the consent again" in found.remedy
    assert enedis(404, coded("no_data_found")).remedy == ""  # type: ignore[attr-defined]


# --- 403 -------------------------------------------------------------------------------------------------------------

CLOUDFLARE = {
    "type": "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-1006/",
    "title": "Error 1006: Access denied",
    "status": 403,
    "detail": "The owner of this website has banned your IP address.",
    "error_code": 1006,
    "error_name": "ip_banned",
    "error_category": "access_denied",
    "cloudflare_error": True,
}


@pytest.mark.parametrize("text", [BLOCKED, "\n  " + BLOCKED, "\ufeff" + BLOCKED])
def test_html_is_a_ban(text: str) -> None:
    error = said(403, text)
    assert type(error) is Banned
    assert "sync import" in str(error)


def test_a_ban_in_the_form_we_ask_for() -> None:
    """Since March 2026 Cloudflare answers its blocks in JSON to whoever sends `Accept: application/json`, as we do."""
    assert type(said(403, CLOUDFLARE)) is Banned


def test_json_is_not_a_ban() -> None:
    for body in ({"status": 403, "message": "Forbidden"}, {"error": {"error": "ADAM-DC-0008"}}):
        assert type(said(403, body)) is FatalSourceError


@pytest.mark.parametrize("status", [500, 502, 503, 520, 524])
def test_html_of_a_gateway_that_is_down_is_no_ban(status: int) -> None:
    assert type(said(status, "<html>Bad gateway</html>")) is RetriableError


# --- 429 -------------------------------------------------------------------------------------------------------------


def limit(**error: Any) -> datetime:
    found = enedis(429, error)
    assert isinstance(found, RateLimited)
    return found.until


def test_the_next_access_is_read() -> None:
    assert limit(code="900804", nextAccessTime="2026-Jul-17 05:00:00+0000 UTC") == datetime(2026, 7, 17, 5, tzinfo=UTC)
    assert limit(description="… after 2026-Jul-17 23:59:58+0000 UTC") == datetime(2026, 7, 17, 23, 59, 58, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "2026-Abc-17 05:00:00+0000 UTC", "2026-Feb-30 05:00:00+0000 UTC"])
def test_without_it_the_next_full_hour(text: str) -> None:
    assert limit(code="900804", nextAccessTime=text) == datetime(2026, 7, 17, 5, tzinfo=UTC)
    assert str(enedis(429, {"fault": {"code": 900807}})).count("2026-07-17 05:00 UTC") == 1


def test_a_quota_page_in_html() -> None:
    error = said(429, "<html>error 1015</html>")
    assert isinstance(error, RateLimited)
    assert error.until == datetime(2026, 7, 17, 5, tzinfo=UTC)


def test_the_next_hour_over_midnight() -> None:
    late = datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    error = explain(Answer(429, "application/json", "{}"), late)
    assert isinstance(error, RateLimited)
    assert error.until == datetime(2027, 1, 1, tzinfo=UTC)


# --- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 405, 418, 429, 500, 503])
def test_no_meter_and_no_token_in_a_message(status: int) -> None:
    secret = f"PRM {PRM} Bearer {TOKEN}"
    bodies: list[Any] = [
        secret,
        {"message": secret},
        {"error": secret},
        {"error": {"error": PRM, "error_description": secret}},
        {"error": {"fault": {"code": PRM, "message": secret}}},
        {"title": secret},
        json.dumps(secret),
        [secret],
    ]
    for body in bodies:
        assert_no_secret(str(said(status, body)))


@pytest.mark.parametrize("status", [400, 401, 500])
@pytest.mark.parametrize("secret", [PRM, f"Bearer {TOKEN}"], ids=["meter", "token"])
def test_no_part_of_a_secret_where_a_message_is_cut(status: int, secret: str) -> None:
    for before in range(175):
        for body in ("x" * before + " " + secret, {"message": "x" * before + " " + secret}):
            assert_no_secret(str(said(status, body)))


def assert_no_secret(message: str) -> None:
    assert PRM[:10] not in message
    assert TOKEN[: TOKEN.index(".") + 8] not in message


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["error", "message", "fault", "code", "error_description", "title"]), inner),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([404, 403, 429, 400, *range(100, 200), *range(201, 600)]),
    st.one_of(st.text(), JSON.map(json.dumps)),
)
def test_any_body_of_any_status_is_an_error_with_words(status: int, text: str) -> None:
    error = explain(Answer(status, "", text), NOW)
    assert isinstance(error, SourceError)
    assert error.status == status
    assert 10 < len(str(error)) < 420
    if not any(marker in text for marker in ("no_data_found", "Pas de mesure", "STM-ERR")):
        assert not isinstance(error, NoReadings)
