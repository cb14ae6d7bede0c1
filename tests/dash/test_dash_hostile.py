"""Requests that are too large, come in half, or mean nothing: refused at once, in a line, while readers are served."""

from __future__ import annotations

import csv
import io
import json
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pandas as pd
import pytest
import requests
from dash import html
from pymongo.database import Database

from dash_app.kit.blocks import Block, Frame, Page
from dash_app.kit.reader import Reader
from dash_app.kit.view import Scope, View
from dash_app.shell import server
from dash_app.shell.app import create_app
from dash_app.shell.server import BODY_BYTES, HEADER_BYTES
from tests.dash import trial
from tests.dash.served import PATIENCE, Served, serve

Serving = Callable[..., Served]
PASSWORD = "password of a test"
UPDATE = "/_dash-update-component"
HALF_SENT = 850


@pytest.fixture(scope="module")
def guarded(two_years: Database[Any]) -> Iterator[Served]:
    """A page with a password."""
    with serve(two_years, PASSWORD) as page:
        yield page


def connected(served: Served) -> socket.socket:
    host, _, port = served.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def head(*lines: str, path: str = UPDATE) -> bytes:
    return "\r\n".join((f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", "")).encode()


# --- size -------------------------------------------------------------------------------------------------------------

TOO_LARGE = {
    "a body of 300 MB that is announced": (head("Content-Length: 300000000"), 413),
    "a body just too large": (head(f"Content-Length: {BODY_BYTES + 1}"), 413),
    "a body for a route that takes none": (head("Content-Length: 300000000", path="/version"), 413),
    "a body in parts": (head("Transfer-Encoding: chunked") + b"10000\r\n" + b"A" * 65536 + b"\r\n100\r\n" + b"A", 413),
    "a head without end": ((b"GET / HTTP/1.1\r\nX-Long: " + b"A" * HEADER_BYTES)[:HEADER_BYTES], 431),
}


@pytest.mark.parametrize("case", TOO_LARGE)
def test_what_is_too_large_is_not_waited_for(guarded: Served, case: str) -> None:
    """Before the password, and before the rest has come."""
    sent, code = TOO_LARGE[case]
    with connected(guarded) as raw:
        raw.sendall(sent)
        assert raw.recv(100).startswith((f"HTTP/1.1 {code} ".encode(), f"HTTP/1.0 {code} ".encode()))
        with suppress(ConnectionResetError):  # what was sent and not read
            while raw.recv(10_000):  # and then the connection ends
                pass


def test_a_reader_is_served_beside_850_half_sent_requests(served: Served) -> None:
    begun = (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", head("Content-Length: 100") + b'{"output": ', b"", b"G")
    with ExitStack() as stack:
        for place in range(HALF_SENT):
            stack.enter_context(connected(served)).sendall(begun[place % len(begun)])
        for path in ("/version", "/card/load-curve?period=7d"):
            assert requests.get(served.url + path, timeout=PATIENCE).status_code == 200
        session = stack.enter_context(requests.Session())
        for _ in range(3):
            assert session.get(f"{served.url}/version", timeout=PATIENCE).status_code == 200


HALVES = {
    "a head": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
    "a body": head("Content-Length: 100") + b'{"output": ',
    "a second request": b"GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET / HTTP/1.1\r\nX-Slow: ",
}


@pytest.mark.parametrize("case", HALVES)
def test_half_a_request_does_not_stay(served: Served, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """However often another byte of it comes; a request that is there whole is answered."""
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.2)
    with connected(served) as raw, suppress(ConnectionError):
        raw.sendall(HALVES[case])
        raw.settimeout(0.05)
        for _ in range(400):
            with suppress(TimeoutError):
                if not raw.recv(10_000):
                    break
            raw.sendall(b"a")
        else:
            pytest.fail("the connection is still open")
    assert requests.get(f"{served.url}/version", timeout=PATIENCE).status_code == 200


# --- bodies -----------------------------------------------------------------------------------------------------------

SHELL = {"id": "shell", "property": "children"}
ASKED = {"page": "/cost", "search": "?period=7d&lang=en&theme=light"}
BAR = ["series.data", "series.value", "period.value", "days.minDate", "days.maxDate", "bar-told.data"]
TABLE = ["table.title", "table.children", "table.opened"]


def named(text: str) -> dict[str, Any]:
    return dict(zip(("id", "property"), text.split("."), strict=True))


def several(names: list[str], first: str, value: Any, *state: tuple[str, Any]) -> dict[str, Any]:
    return {
        "output": f"..{'...'.join(names)}..",
        "outputs": [named(each) for each in names],
        "inputs": [named(first) | {"value": value}],
        "changedPropIds": [first],
        "state": [named(name) | {"value": kept} for name, kept in state],
    }


def spoken(value: Any = ASKED, **more: Any) -> dict[str, Any]:
    asked = [named("shell-ask.data") | {"value": value}]
    return {"output": "shell.children", "outputs": SHELL, "inputs": asked, "changedPropIds": ["shell-ask.data"]} | more


def bar(value: Any, series: Any = None, period: Any = "30d") -> dict[str, Any]:
    return several(BAR, "bar-ask.data", value, ("series.value", series), ("period.value", period))


def tabled(value: Any) -> dict[str, Any]:
    return several(TABLE, "table-ask.data", value)


RIGHT: dict[str, Any] = {
    "another language": spoken(),
    "the bar": bar('["cost", "?period=7d", "v#0"]'),
    "the bar, with a series": bar('["cost", "?period=7d", "v#0"]', "linky-0001-consumption"),
    "a table": tabled({"block": "load-curve", "search": "?period=7d"}),
    "a table of odd search": tabled({"block": "load-curve", "search": "?" + "a=1&" * 60}),
}
DEEP = 30_000
ODD: dict[str, Any] = {
    "nothing": b"",
    "no JSON": b"{",
    "bytes that are no text": b"\xff\xfe\x00{",
    "a form": b"output=shell.children",
    "null": b"null",
    "a list": b"[]",
    "a number": b"5",
    "nested without end": b"[" * DEEP,
    "nested, and closed": b'{"output": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "a number without end": b'{"output": ' + b"9" * 60_000 + b"}",
    "no number": b'{"output": NaN}',
    "an empty object": {},
    "an output that is a number": {"output": 5},
    "an output that is a list": {"output": ["shell.children"]},
    "an output that is nobody's": spoken(output="nobody.children"),
    "an output of the browser's own": spoken(output="moved.data"),
    "no outputs": {name: part for name, part in spoken().items() if name != "outputs"},
    "outputs of another": spoken(outputs={"id": "table", "property": "title"}),
    "outputs that are a text": spoken(outputs="shell.children"),
    "no inputs": spoken(inputs=[]),
    "inputs that are a number": spoken(inputs=5),
    "inputs in a list too many": spoken(inputs=[[named("shell-ask.data")]]),
    "an input that is null": spoken(inputs=[None]),
    "an input without a name": spoken(inputs=[{"value": ASKED}]),
    "an input with an object for a name": spoken(inputs=[{"id": {"type": "x"}, "property": "data", "value": ASKED}]),
    "an input of another": spoken(inputs=[named("table-ask.data") | {"value": ASKED}]),
    "two inputs": spoken(inputs=[named("shell-ask.data") | {"value": ASKED}] * 2),
    "state where there is none": spoken(state=[named("series.value")]),
    "state that is an object": spoken(state={}),
    "what changed is a number": spoken(changedPropIds=5),
    "what changed is no text": spoken(changedPropIds=[{}]),
    "no value": spoken(None),
    "a value that is a text": spoken("x"),
    "a value without a page": spoken({"search": "?"}),
    "a page that is a list": spoken({"page": ["cost"], "search": "?"}),
    "a search that is a number": spoken({"page": "cost", "search": 5}),
    "a bar that is no text": bar(["cost", "?", "v"]),
    "a bar that is no JSON": bar("cost"),
    "a bar with a part too few": bar('["cost", "?"]'),
    "a bar of numbers": bar("[1, 2, 3]"),
    "a bar nested without end": bar("[" * DEEP),
    "a series that is an object": bar('["cost", "?", "v"]', series={}),
    "a period that is a list": bar('["cost", "?", "v"]', period=[1]),
    "a table of nothing": tabled({"block": "nothing", "search": "?"}),
    "a table of an object": tabled({"block": {}, "search": "?"}),
    "a table without a search": tabled({"block": "load-curve"}),
}


def asked(served: Served, body: Any) -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return requests.post(served.url + UPDATE, data=data, headers={"Content-Type": "application/json"}, timeout=PATIENCE)


@pytest.mark.parametrize("case", RIGHT)
def test_what_the_page_asks_is_answered(served: Served, case: str) -> None:
    assert asked(served, RIGHT[case]).status_code in (200, 204)


@pytest.mark.parametrize("case", ODD)
def test_an_odd_body_is_one_line(served: Served, caplog: pytest.LogCaptureFixture, case: str) -> None:
    answer = asked(served, ODD[case])
    assert (answer.status_code, answer.text) == (400, "this is no question of the page\n")
    assert [(record.levelno, record.exc_info) for record in caplog.records] == [(logging.WARNING, None)]
    assert "\n" not in caplog.records[0].getMessage()


ODD_ADDRESSES = {
    "more parts than are read": "/card/load-curve?" + "a=1&" * 60,
    "bytes that are no text": "/card/load-curve?series=%ED%A0%80&period=%00&zoom=%FF",
    "a zoom of nothing": "/card/load-curve?zoom=99999999999999999999-1e999",
    "days that are none": "/csv/load-curve?period=own&from=0001-01-01&to=9999-12-31",
    "cards of more parts": "/cards/cost?" + "a=1&" * 60,
    "the page of more parts": "/?" + "a=1&" * 60,
}


@pytest.mark.parametrize("case", ODD_ADDRESSES)
def test_an_odd_address_leaves_no_traceback(served: Served, caplog: pytest.LogCaptureFixture, case: str) -> None:
    assert requests.get(served.url + ODD_ADDRESSES[case], timeout=PATIENCE).status_code == 200
    assert not caplog.records


@pytest.mark.parametrize("referer", ["http://[", "{url}/cost?" + "a=1&" * 60, "{url}/?from=%FF"])
def test_an_odd_referer_leaves_no_traceback(served: Served, caplog: pytest.LogCaptureFixture, referer: str) -> None:
    headers = {"Referer": referer.format(url=served.url), "Sec-Fetch-Site": "same-origin"}
    assert requests.get(f"{served.url}/_dash-layout", headers=headers, timeout=PATIENCE).status_code == 200
    assert not caplog.records


def test_a_mistake_of_ours_still_leaves_its_traceback(
    serving: Serving, database: Database[Any], caplog: pytest.LogCaptureFixture
) -> None:
    def lost(_reader: Reader, _asked: Any) -> Scope:
        raise ValueError(trial.MISTAKE)

    page = Page("lost", "bolt", trial.PAGES[0].blocks, scope=lost, texts="cost")
    served = serving(database, app=lambda reader, password: create_app(reader, password, (page,)))
    answer = asked(served, bar('["lost", "?period=7d", "v#0"]'))
    assert answer.status_code == 500
    assert trial.MISTAKE not in answer.text
    assert "Traceback" in caplog.text
    assert trial.MISTAKE in caplog.text


# --- CSV files --------------------------------------------------------------------------------------------------------

CELLS: tuple[tuple[Any, str], ...] = (
    ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"),
    ("+33", "'+33"),
    ("-2+3", "'-2+3"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\t=1", "'\t=1"),
    ("\r=1", "'\r=1"),
    ("\n=1", "'\n=1"),
    ("＝1", "'＝1"),
    ('=1","=2', '\'=1","=2'),
    ("home", "home"),
    ("a=b", "a=b"),
    ("– 5", "– 5"),
    (None, ""),
    (-5, "-5"),
    (-0.25, "-0.25"),
)


def test_a_csv_file_begins_no_formula(serving: Serving, database: Database[Any]) -> None:
    mixed = [value for value, _ in CELLS]
    numbers = [-float(place) for place in range(len(CELLS))]

    def frame(_reader: Reader, _view: View) -> Frame:
        times = pd.date_range("2024-01-01", periods=len(CELLS))
        return Frame(pd.DataFrame({"=mixed": mixed, "wh": numbers, "day": times, "count": range(-1, len(CELLS) - 1)}))

    page = Page("texts", "bolt", (Block("texts", frame, body=lambda *_: html.P(), texts=trial.TEXTS),), texts="cost")
    served = serving(database, app=lambda reader, password: create_app(reader, password, (page,)))
    answer = requests.get(f"{served.url}/csv/texts", timeout=PATIENCE)
    rows = list(csv.reader(io.StringIO(answer.content.decode(), newline="")))
    assert rows[0] == ["'=mixed", "Energy (Wh)", "Day", "count"]
    assert [row[0] for row in rows[1:]] == [shown for _, shown in CELLS]
    assert [float(row[1]) for row in rows[1:]] == numbers
    assert rows[1][2:] == ["2024-01-01", "-1"]
