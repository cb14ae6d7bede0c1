"""The one HTTP session against a real server on the loopback: what it sends, counts, repeats and never tells."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.http import body, transport
from sync.http.budget import Budget
from sync.http.transport import PAUSES, Answer, Transport
from sync.model.errors import (
    Banned,
    BudgetSpent,
    CallLimit,
    FatalSourceError,
    HistoryFloor,
    NoReadings,
    RateLimited,
    RetriableError,
)
from sync.sources.linky.answers import explain
from tests.clock import FakeClock
from tests.scripted import OK, PRM, TOKEN, Reply, Server, cut, cut_chunks, garbage, reset, says, secretless, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make(server: Server, clock: FakeClock, tmp_path: Path) -> Callable[..., Transport]:
    def transport_of(limit: int | None = None, spacing: float = 0.0, **options: Any) -> Transport:
        return Transport(Budget(server.url, limit, spacing, clock, tmp_path / "state"), clock, **options)

    return transport_of


@pytest.fixture
def get(server: Server, clock: FakeClock) -> Callable[[Transport], Answer]:
    def ask(one: Transport) -> Answer:
        query, headers = {"pointId": PRM}, {"Authorization": f"Bearer {TOKEN}"}
        return one.get(f"{server.url}/curve", query, headers, lambda answer: explain(answer, clock.now()))

    return ask


# --- one answer ------------------------------------------------------------------------------------------------------


def test_an_answer_comes_back_whole(server: Server, make: Any, get: Any) -> None:
    server.replies = [says(200, "é€".encode() * 100_000, "Application/JSON; charset=utf-8")]
    assert get(make()) == Answer(200, "application/json", "é€" * 100_000)
    path, headers = server.requests[0]
    assert path == f"/curve?pointId={PRM}"
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["User-Agent"] == f"linky-atlas/{transport.VERSION}"


def test_the_contact_is_said(server: Server, make: Any, get: Any) -> None:
    get(make(contact="https://example.org/me"))
    assert server.requests[0][1]["User-Agent"] == f"linky-atlas/{transport.VERSION} (+https://example.org/me)"


def test_a_packed_answer_is_unpacked(server: Server, make: Any, get: Any) -> None:
    server.replies = [says(200, gzip.compress(OK), Content_Encoding="gzip")]
    assert get(make()).text == OK.decode()


def test_bytes_that_are_no_text_do_not_raise(server: Server, make: Any, get: Any) -> None:
    server.replies = [says(200, b"\xff\xfe\x00{")]
    assert get(make()).text == "\ufffd\ufffd\x00{"


def test_a_netrc_does_not_replace_the_token(
    server: Server, make: Any, get: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    get(make())
    assert server.requests[0][1]["Authorization"] == f"Bearer {TOKEN}"


def test_a_proxy_does_not_stand_before_our_own_server(
    server: Server, make: Any, get: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in of `make run` lies on the loopback; a company's proxy cannot reach it."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert get(make()).status == 200


# --- counting and repeating ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble", [says(500, {"message": "x"}), says(502, b"<html>", "text/html"), reset, cut, cut_chunks, garbage]
)
def test_three_attempts_with_pauses_and_each_counted(
    server: Server, make: Any, get: Any, clock: FakeClock, trouble: Reply
) -> None:
    one = make(limit=25)
    server.replies = [trouble, trouble, says(200, OK)]
    assert get(one).text == OK.decode()
    assert one.calls == one.budget.usage().calls == len(server.requests) == 3
    assert [low <= pause <= 1.3 * low for low, pause in zip(PAUSES, clock.sleeps, strict=True)] == [True, True]


@pytest.mark.parametrize("trouble", [says(500, {"message": "x"}), reset, cut])
def test_after_three_attempts_the_trouble_is_told(server: Server, make: Any, get: Any, trouble: Reply) -> None:
    one = make(limit=25)
    server.replies = [trouble]
    with pytest.raises(RetriableError) as failed:
        get(one)
    secretless(failed.value)
    assert one.calls == one.budget.usage().calls == len(server.requests) == 3


def test_no_server_at_all(clock: FakeClock, tmp_path: Path) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port, every call is refused
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        one = Transport(Budget(url, 25, 0.0, clock, tmp_path), clock)
        with pytest.raises(RetriableError, match="check the network") as failed:
            one.get(url, {"pointId": PRM}, {"Authorization": f"Bearer {TOKEN}"}, lambda _: None)
    assert "127.0.0.1" in secretless(failed.value)
    assert one.budget.usage().calls == 3


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (says(400, {"message": f"Paramètres invalides {PRM} {TOKEN}"}), FatalSourceError),
        (says(401, {"message": f"Votre token {TOKEN} est invalide"}), FatalSourceError),
        (says(404, {"error": {"error": "no_data_found"}}), NoReadings),
        (says(400, {"error": {"error": "ADAM-ERR0123"}}), HistoryFloor),
        (says(302, b"", Location="https://example.org/login"), FatalSourceError),
    ],
)
def test_what_cannot_get_better_is_asked_once(
    server: Server, make: Any, get: Any, reply: Reply, kind: type[Exception]
) -> None:
    one = make(limit=25)
    server.replies = [reply]
    with pytest.raises(kind) as failed:
        get(one)
    secretless(failed.value)
    assert (len(server.requests), one.calls) == (1, 1)


def test_a_huge_answer_is_refused(server: Server, make: Any, get: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "LARGEST_ANSWER", 2**20)
    server.replies = [says(200, gzip.compress(b" " * (2**20 + 1)), Content_Encoding="gzip")]
    with pytest.raises(RetriableError, match="sent more than 1 MiB"):
        get(make())
    server.replies = [says(200, b" " * 2**20)]
    assert len(get(make()).text) == 2**20


# --- limits ----------------------------------------------------------------------------------------------------------


def limited(clock: FakeClock, **ahead: float) -> Reply:
    until = clock.now() + timedelta(**ahead)
    return says(429, {"error": {"code": "900804", "nextAccessTime": f"{until:%Y-%b-%d %H:%M:%S}+0000 UTC"}})


def test_a_short_limit_is_waited_for(server: Server, make: Any, get: Any, clock: FakeClock) -> None:
    server.replies = [limited(clock, seconds=40), says(200, OK)]
    one = make(limit=25)
    assert get(one).status == 200
    assert 41 <= clock.sleeps[0] <= 60
    assert one.budget.usage().calls == 2


def test_a_long_limit_is_left_to_the_caller(server: Server, make: Any, get: Any, clock: FakeClock) -> None:
    server.replies = [limited(clock, hours=1)]
    with pytest.raises(RateLimited) as stopped:
        get(make())
    assert stopped.value.until == datetime(2026, 7, 17, 13, tzinfo=UTC)
    assert (len(server.requests), clock.sleeps) == (1, [])


def test_a_limit_that_never_ends(server: Server, make: Any, get: Any, clock: FakeClock) -> None:
    server.replies = [limited(clock, seconds=-3600)] * 5 + [says(200, OK)]
    with pytest.raises(RateLimited):
        get(make())
    assert len(server.requests) == 3
    assert all(pause >= 1 for pause in clock.sleeps)


def test_a_ban_closes_the_day_for_every_process(server: Server, make: Any, get: Any, clock: FakeClock) -> None:
    one, other = make(limit=25), make(limit=25)
    server.replies = [says(403, b"<html>Sorry, you have been blocked</html>", "text/html"), says(200, OK)]
    with pytest.raises(Banned):
        get(one)
    for blocked in (one, other):
        with pytest.raises(BudgetSpent, match="blocked this address"):
            get(blocked)
    assert (len(server.requests), clock.sleeps) == (1, [])


def test_the_budget_ends_a_run_of_attempts(server: Server, make: Any, get: Any) -> None:
    server.replies = [says(500, {"message": "x"})]
    with pytest.raises(BudgetSpent):
        get(make(limit=2))
    assert len(server.requests) == 2


def test_the_calls_of_one_run(server: Server, make: Any, get: Any) -> None:
    one = make(limit=25, max_calls=2)
    get(one)
    server.replies = [says(500, {"message": "x"})]
    with pytest.raises(CallLimit, match="2 calls allowed for this run, all made"):
        get(one)
    assert len(server.requests) == one.budget.usage().calls == 2
    with pytest.raises(CallLimit):
        get(one)
    assert one.budget.usage().calls == 2


def test_the_spacing_is_kept_between_starts(server: Server, make: Any, get: Any, clock: FakeClock) -> None:
    one = make(spacing=2.0)
    for _ in range(4):
        get(one)
    assert clock.sleeps == pytest.approx([2.0] * 3, abs=1e-3)
