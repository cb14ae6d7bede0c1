"""Every kind of fault, over HTTP."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from sync.standin.faults import parse_faults
from sync.standin.household import HOUSEHOLD_PRM
from sync.standin.refusals import BANNED
from tests.waiting import PATIENCE

ROUTE = "courbe_de_charge_consommation"
DAY, NEXT = "2026-07-01", "2026-07-02"
PARAMS = {"pointId": HOUSEHOLD_PRM, "dateDebut": DAY, "dateFin": NEXT}


def spoilt(start: Callable[..., Any], text: str) -> Any:
    return start(faults=parse_faults(text))


def ask(client: Any) -> requests.Response:
    answer: requests.Response = client.get(ROUTE, DAY, NEXT)
    return answer


@pytest.mark.parametrize(
    ("kind", "marker"),
    [
        ("429", "900807"),
        ("429at:57600", "nextAccessTime"),
        ("500", "technical_error"),
        ("500token", "rafraîchir"),
        ("500text", "500 Internal Server Error"),
        ("502", "origin_bad_gateway"),
        ("consent", "ADAM-DC-0008"),
    ],
)
def test_errors_are_those_users_saw(start: Callable[..., Any], shared_data: Path, kind: str, marker: str) -> None:
    samples = json.loads((shared_data / "linky/samples/errors_observed.json").read_text(encoding="utf-8"))
    (sample,) = [sample for sample in samples if marker in json.dumps(sample["body"], ensure_ascii=False)]
    name, _, amount = kind.partition(":")
    client = spoilt(start, f"{name}@2:{amount}" if amount else f"{name}@2")
    client.standin.now.moment = datetime(2026, 7, 16, 13, tzinfo=UTC)
    assert ask(client).status_code == 200
    answer = ask(client)
    assert (answer.status_code, answer.json()) == (sample["http_status"], sample["body"])
    assert ask(client).status_code == 200


def test_the_ban_page_once(start: Callable[..., Any]) -> None:
    client = spoilt(start, "html403@1")
    assert (ask(client).content, ask(client).status_code) == (BANNED.body, 200)
    assert not client.standin.banned


def test_reset_is_a_tcp_reset(start: Callable[..., Any]) -> None:
    client = spoilt(start, "reset@1")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        ask(client)
    assert ask(client).status_code == 200
    assert [record.status for record in client.standin.requests] == [0, 200]


def test_cut_promises_more_than_it_sends(start: Callable[..., Any]) -> None:
    client = spoilt(start, "cut@1")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError), match="IncompleteRead"):
        ask(client)
    assert len(ask(client).content) > 1000


def test_slow_sends_headers_first(start: Callable[..., Any]) -> None:
    client = spoilt(start, "slow@1:3000")
    answer = client.session.get(f"{client.standin.url}/{ROUTE}", params=PARAMS, stream=True, timeout=PATIENCE)
    assert (answer.status_code, client.standin.requests[0].status) == (200, 200)
    client.standin.close()
    with pytest.raises(requests.RequestException, match="IncompleteRead"):
        answer.json()
    assert len(ask(spoilt(start, "slow@1:0.05")).content) > 1000


@pytest.mark.parametrize(("kind", "body"), [("emptyobject", "{}"), ("notjson", "upstream connect error")])
def test_successes_that_are_none(start: Callable[..., Any], kind: str, body: str) -> None:
    answer = ask(spoilt(start, f"{kind}@1"))
    assert answer.status_code == 200
    assert answer.text.startswith(body)
    if kind == "notjson":
        with pytest.raises(requests.JSONDecodeError):
            answer.json()


def test_v5_from_a_v2_route(start: Callable[..., Any]) -> None:
    client = spoilt(start, "v5@1")
    old, new = ask(client).json()["interval_reading"], ask(client).json()["grandeur"][0]["points"]
    assert [(point["value"], point["date"]) for point in old] == [(point["v"], point["d"]) for point in new]


def test_every_kth_and_ranges(start: Callable[..., Any]) -> None:
    client = spoilt(start, "500@*4,502@2-3")
    assert [ask(client).status_code for _ in range(9)] == [200, 502, 502, 500, 200, 200, 200, 500, 200]


def test_faults_change_while_it_runs_and_count_anew(client: Any) -> None:
    assert ask(client).status_code == 200
    client.standin.faults = parse_faults("500@1")
    assert [ask(client).status_code for _ in range(2)] == [500, 200]
    client.standin.faults = parse_faults("")
    assert ask(client).status_code == 200


def around(client: Any) -> list[dict[str, Any]]:
    """The day in the middle of three; the others must be untouched."""
    points = client.curve("2026-06-30", "2026-07-03")
    clean = household_points(client)
    assert points[:48] == clean[:48]
    assert points[len(points) - 48 :] == clean[-48:]
    return points[48 : len(points) - 48]


def household_points(client: Any) -> list[dict[str, Any]]:
    faults = client.standin.faults
    client.standin.faults = parse_faults("")
    points: list[dict[str, Any]] = client.curve("2026-06-30", "2026-07-03")
    client.standin.faults = faults
    return points


@pytest.mark.parametrize("kind", ["nullcurve", "null", "duplicate", "missing", "missing:48", "shuffle", "iv"])
def test_spoilt_days_keep_their_total(start: Callable[..., Any], kind: str) -> None:
    name, _, amount = kind.partition(":")
    client = spoilt(start, f"{name}@{DAY}" + (f":{amount}" if amount else ""))
    found = around(client)
    clean = household_points(client)[48:96]
    assert client.daily(DAY, NEXT) == {DAY: str(sum(int(point["v"]) for point in clean) // 2)}
    if name in {"nullcurve", "null"}:
        assert found == [{**point, "v": None} for point in clean]
    elif name == "duplicate":
        assert found[::2] == found[1::2] == clean
    elif name == "missing":
        gone = 48 if amount else 6
        assert found == clean[: 24 - gone // 2] + clean[24 + gone // 2 :]
    elif name == "shuffle":
        assert found != clean
        assert sorted(found, key=lambda point: point["d"]) == sorted(clean, key=lambda point: point["d"])
    else:
        assert found == [{**point, "iv": "2", "ec": "11"} for point in clean]


def test_correct_changes_values_and_total(start: Callable[..., Any]) -> None:
    client = spoilt(start, f"correct@{DAY}:25")
    found, clean = around(client), household_points(client)[48:96]
    assert [point["d"] for point in found] == [point["d"] for point in clean]
    for after, before in zip(found, clean, strict=True):
        assert int(after["v"]) % 2 == 0
        assert abs(int(after["v"]) - 1.25 * int(before["v"])) <= 1
    assert client.daily(DAY, NEXT) == {DAY: str(sum(int(point["v"]) for point in found) // 2)}
    assert found != clean


def test_late_days_come_when_they_come(start: Callable[..., Any]) -> None:
    client = spoilt(start, "late@2026-07-10..2026-07-11:3")
    shown = {}
    for today in (11, 12, 13, 14):
        client.standin.now.moment = datetime(2026, 7, today, 9, tzinfo=UTC)
        answer = client.get(ROUTE, "2026-07-08", f"2026-07-{today}")
        shown[today] = Counter(point["d"][:10] for point in answer.json()["grandeur"][0]["points"][:-1])
        days = client.daily("2026-07-08", f"2026-07-{today}")
        assert set(days) == {day for day in shown[today] if shown[today][day] > 1}
    present = {today: sorted(day[-2:] for day, points in seen.items() if points > 1) for today, seen in shown.items()}
    assert present == {
        11: ["08", "09"],
        12: ["08", "09"],
        13: ["08", "09", "10", "12"],
        14: ["08", "09", "10", "11", "12", "13"],
    }


def test_a_slow_answer_does_not_hold_up_others_or_the_end(start: Callable[..., Any]) -> None:
    client = spoilt(start, "slow@1:3000")
    url = f"{client.standin.url}/{ROUTE}"
    slow = client.session.get(url, params=PARAMS, stream=True, timeout=PATIENCE)
    other = requests.get(url, params=PARAMS, headers=dict(client.session.headers), timeout=PATIENCE)
    assert len(other.json()["grandeur"][0]["points"]) == 48
    client.standin.close()
    with pytest.raises(requests.RequestException, match="IncompleteRead"):
        slow.json()


# --- as reported of the live gateway ----------------------------------------------------------------------------------

CURVE, PRODUCED = "courbe_de_charge_consommation", "courbe_de_charge_production"
DAILY, DAILY_PRODUCED = "consommation_quotidienne", "production_quotidienne"
WEEK, SIX_DAYS, TO_TODAY = ("2026-06-01", "2026-06-08"), ("2026-06-01", "2026-06-07"), ("2026-07-16", "2026-07-17")
JUNE = "2026-06-01..2026-06-30"
REPORTS: list[tuple[str, str, tuple[str, str], int, str]] = [
    ("span7@*1", CURVE, WEEK, 400, "ADAM-ERR0126"),
    ("span7@*1", CURVE, SIX_DAYS, 200, ""),
    ("span7@*1", DAILY, ("2026-01-01", "2026-07-01"), 200, ""),
    ("endtoday@*1", CURVE, TO_TODAY, 400, "must be earlier than the current date"),
    ("endtoday@*1", DAILY, TO_TODAY, 400, "must be earlier than the current date"),
    ("endtoday@*1", CURVE, ("2026-07-15", "2026-07-16"), 200, ""),
    (f"nocurve@{JUNE}", CURVE, WEEK, 404, "no_data_found"),
    (f"nocurve@{JUNE}", PRODUCED, WEEK, 404, "no_data_found"),
    (f"nocurve@{JUNE}", CURVE, ("2026-05-29", "2026-06-03"), 200, "2026-05-31 23:30:00"),
    (f"nocurve@{JUNE}", DAILY, WEEK, 200, "2026-06-07"),
    (f"noprodcurve@{JUNE}", PRODUCED, WEEK, 404, "no_data_found"),
    (f"noprodcurve@{JUNE}", CURVE, WEEK, 200, ""),
    (f"noprodcurve@{JUNE}", DAILY_PRODUCED, WEEK, 200, "2026-06-07"),
    ("curve500@*1", CURVE, WEEK, 500, "technical_error"),
    ("curve500@*1", PRODUCED, WEEK, 200, ""),
    ("curve500@*1", DAILY, WEEK, 200, ""),
    (f"err0191@{JUNE}", CURVE, ("2026-05-29", "2026-06-02"), 400, "ADAM-ERR0191"),
    (f"err0191@{JUNE}", DAILY, WEEK, 400, "ADAM-ERR0191"),
    (f"err0191@{JUNE}", CURVE, ("2026-05-29", "2026-06-01"), 200, ""),
    (f"err0123@{JUNE}", CURVE, WEEK, 400, "ADAM-ERR0123"),
    ("empty200@1", CURVE, WEEK, 200, '"points":[]'),
    ("empty200@1", DAILY, WEEK, 200, '"points":[]'),
]


@pytest.mark.parametrize(("fault", "route", "span", "status", "words"), REPORTS)
def test_reports_of_the_live_gateway(
    start: Callable[..., Any], fault: str, route: str, span: tuple[str, str], status: int, words: str
) -> None:
    answer = start(faults=parse_faults(fault)).get(route, *span)
    assert answer.status_code == status, answer.text
    assert words in answer.text


def test_zeros_are_zeros_in_curve_and_total(start: Callable[..., Any]) -> None:
    client = start(faults=parse_faults("zeros@2026-06-02"))
    assert {point["v"] for point in client.curve("2026-06-02", "2026-06-03")} == {"0"}
    totals = client.daily("2026-06-01", "2026-06-03")
    assert totals["2026-06-02"] == "0"
    assert totals["2026-06-01"] != "0"


@pytest.mark.parametrize(("day", "count"), [("2026-06-02", 96), ("2026-03-29", 92), ("2025-10-26", 100)])
def test_quarter_hours_have_the_energy_of_the_half_hours(start: Callable[..., Any], day: str, count: int) -> None:
    after = f"{date.fromisoformat(day) + timedelta(days=1)}"
    client = start()
    half_hours, total = client.curve(day, after), client.daily(day, after)
    client.standin.faults = parse_faults(f"quarters@{day}")
    points = client.curve(day, after)
    assert len(points) == count == 2 * len(half_hours)
    assert {point["p"] for point in points} == {"PT15M"}
    assert [point["d"] for point in points[1::2]] == [point["d"] for point in half_hours]
    assert [int(one["v"]) + int(other["v"]) for one, other in zip(points[::2], points[1::2], strict=True)] == [
        2 * int(point["v"]) for point in half_hours
    ]
    assert client.daily(day, after) == total
    client.standin.faults = parse_faults(f"quarters@{day}:14")
    assert [point["p"] for point in client.curve(day, after)].count("PT30M") == 14
