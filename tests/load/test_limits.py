"""What holds whatever the clock, the other side or the settings say: one budget a day, and no wait without an end."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync.http.body import LONGEST_ANSWER
from sync.http.budget import Budget
from sync.http.transport import LONGEST_GET, Answer, Transport
from sync.model.errors import BudgetSpent, RateLimited, RetriableError, UsageError
from sync.settings import load
from sync.sources.linky.answers import explain
from tests.clock import NOON, FakeClock
from tests.scripted import OK, Handler, Reply, Server, says, serving

URL = "https://conso.boris.sh/api"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


# --- a clock that jumps ----------------------------------------------------------------------------------------------


def spend(one: Budget) -> int:
    """Calls until the budget says no."""
    for calls in range(1000):
        try:
            one.take()
        except BudgetSpent:
            return calls
    raise AssertionError("no limit")


@pytest.mark.parametrize("days", [1, 2, 400])
def test_a_clock_that_jumps_ahead_and_back_opens_no_second_budget(tmp_path: Path, days: int) -> None:
    clock = FakeClock()
    one = Budget(URL, 25, 0.0, clock, tmp_path)
    assert spend(one) == 25
    clock.advance(days=days)
    one.take()
    clock.advance(days=-days)
    assert spend(Budget(URL, 25, 0.0, clock, tmp_path)) == 0
    assert one.usage().calls == 26
    clock.advance(days=days)
    assert spend(one) == 24, "the day ahead keeps its count as well"


def test_calls_of_a_day_ahead_are_counted_for_one_earlier_day_only(tmp_path: Path) -> None:
    """A clock that was a year ahead for one run does not lock the user out for a year."""
    clock = FakeClock(NOON + timedelta(days=365))
    one = Budget(URL, 25, 0.0, clock, tmp_path)
    assert spend(one) == 25
    clock.moment = NOON
    with pytest.raises(BudgetSpent) as spent:
        one.take()
    assert spent.value.until == datetime(2026, 7, 18, tzinfo=UTC)
    clock.moment = spent.value.until
    assert spend(one) == 25


def test_a_day_closed_by_a_clock_ahead_stays_closed(tmp_path: Path) -> None:
    clock = FakeClock(NOON + timedelta(days=1))
    one = Budget(URL, 25, 0.0, clock, tmp_path)
    one.take()
    one.close_day("blocked")
    for moment in (NOON, NOON + timedelta(days=1)):
        clock.moment = moment
        with pytest.raises(BudgetSpent, match="blocked"):
            one.take()


def test_a_count_that_another_process_holds_is_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Budget(URL, 25, 0.0, FakeClock(), tmp_path)
    connect = sqlite3.connect
    holder = connect(tmp_path / "budget.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(sqlite3, "connect", lambda path, **options: connect(path, **(options | {"timeout": 0})))
    with pytest.raises(UsageError, match="locked"):
        one.take()
    holder.close()
    one.take()


# --- another side that does not come to an end -----------------------------------------------------------------------


def asked(server: Server, clock: FakeClock, folder: Path) -> Answer:
    transport = Transport(Budget(server.url, 25, 0.0, clock, folder), clock)
    return transport.get(server.url, {}, {}, lambda answer: explain(answer, clock.now()))


def dripping(clock: FakeClock, seconds: float, chunked: bool) -> Reply:
    """A whole answer, the last byte of which comes late: only then does the clock move."""

    def reply(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(OK)))))
        handler.end_headers()
        handler.wfile.write((b"%x\r\n" % len(OK) if chunked else b"") + OK[:-1])
        clock.advance(seconds=seconds)
        handler.wfile.write(OK[-1:] + (b"\r\n0\r\n\r\n" if chunked else b""))

    return reply


@pytest.mark.parametrize("chunked", [True, False])
def test_an_answer_that_drips_has_an_end(server: Server, tmp_path: Path, chunked: bool) -> None:
    clock = FakeClock()
    server.replies = [dripping(clock, LONGEST_ANSWER + 1, chunked), says(200, OK)]
    assert asked(server, clock, tmp_path).text == OK.decode()
    assert len(server.requests) == 2
    server.replies = [dripping(clock, LONGEST_ANSWER - 1, chunked)]
    assert asked(server, clock, tmp_path).text == OK.decode()
    assert len(server.requests) == 3
    server.replies = [dripping(clock, LONGEST_GET, chunked)]
    with pytest.raises(RetriableError, match="took more than 120 s"):
        asked(server, clock, tmp_path)
    assert len(server.requests) == 4, "what lasts this long already is not asked again"


def test_an_answer_that_drips_is_left_while_it_drips(server: Server, tmp_path: Path) -> None:
    """It does not have to end first, nor to fill any buffer."""
    clock = FakeClock()
    left = threading.Event()

    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        clock.advance(seconds=LONGEST_GET)
        handler.wfile.write(b" ")
        left.wait(30)

    server.replies = [drip]
    try:
        with pytest.raises(RetriableError, match="took more than 120 s"):
            asked(server, clock, tmp_path)
    finally:
        left.set()


def test_pauses_of_all_kinds_together_have_an_end(server: Server, tmp_path: Path) -> None:
    clock = FakeClock()

    def limited(handler: Handler) -> None:
        until = clock.now() + timedelta(seconds=99)
        says(429, {"nextAccessTime": f"{until:%Y-%b-%d %H:%M:%S}+0000 UTC"})(handler)

    def slow_trouble(handler: Handler) -> None:
        clock.advance(seconds=60)
        says(500, {"message": "x"})(handler)

    server.replies = [limited, slow_trouble, limited, slow_trouble, says(200, OK)]
    with pytest.raises(RetriableError):
        asked(server, clock, tmp_path)
    assert sum(clock.sleeps) <= LONGEST_GET
    assert (clock.now() - NOON).total_seconds() <= LONGEST_GET + LONGEST_ANSWER


@pytest.mark.parametrize(("hours", "believed"), [(24, True), (25, False), (24 * 365, False)])
def test_a_limit_that_ends_in_the_far_future_is_not_believed(hours: int, believed: bool) -> None:
    until = NOON + timedelta(hours=hours)
    error = explain(Answer(429, "", f"after {until:%Y-%b-%d %H:%M:%S}+0000 UTC"), NOON)
    assert isinstance(error, RateLimited)
    assert error.until == (until if believed else NOON + timedelta(hours=1))


# --- settings that would harm ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("spacing", ["0", "0.99"])
def test_no_haste_with_a_host_that_is_not_ours(tmp_path: Path, spacing: str) -> None:
    for url in (URL, ""):
        with pytest.raises(UsageError, match=r"SYNC_REQUEST_SPACING: must be at least 1\.0"):
            load(tmp_path, {"SYNC_REQUEST_SPACING": spacing, "LINKY_API_URL": url})
    own = load(tmp_path, {"SYNC_REQUEST_SPACING": spacing, "LINKY_API_URL": "http://127.0.0.1:8001/api"})
    assert own.sync_request_spacing == float(spacing)


@pytest.mark.parametrize("url", ["http://conso.boris.sh/api", "http://localhost.example.org", "http://192.168.1.2"])
def test_no_token_goes_over_plain_http(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="LINKY_API_URL: must begin with https://"):
        load(tmp_path, {"LINKY_API_URL": url})


@pytest.mark.parametrize("tail", ["?key=1", "#part", " x"])
@pytest.mark.parametrize("user", ["", "me:s3cr3t@"])
def test_an_address_is_an_address_only(tmp_path: Path, tail: str, user: str) -> None:
    with pytest.raises(UsageError, match="LINKY_API_URL") as refused:
        load(tmp_path, {"LINKY_API_URL": f"https://{user}conso.boris.sh/api{tail}"})
    assert "s3cr3t" not in str(refused.value)
