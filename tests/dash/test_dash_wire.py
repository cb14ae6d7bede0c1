"""What goes over the wire: small, compressed once for all who ask for the same, and never another reader's."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from typing import Any

import brotli
import requests
from pymongo.database import Database

from bench import readers
from dash_app.shell.wire import Compressed
from tests.dash.served import PATIENCE, Served
from tests.dash.stores import TODAY, load_readings

Serving = Callable[..., Served]
SEARCH = "period=30d&lang=en"


def raw(url: str, encodings: str, **headers: str) -> tuple[requests.structures.CaseInsensitiveDict[str], bytes]:
    """Headers and body as they come, not decompressed."""
    given = {"Accept-Encoding": encodings, "Sec-Fetch-Site": "same-origin"} | headers
    answer = requests.get(url, headers=given, timeout=PATIENCE, stream=True)
    assert answer.status_code == 200
    return answer.headers, answer.raw.read(decode_content=False)


def test_a_first_load_and_a_reload_are_small(served: Served) -> None:
    whole, again = readers.first_load(served.url)
    assert whole < 1_200_000
    assert again < 60_000


def test_every_answer_comes_as_it_was_asked_for(served: Served) -> None:
    for path in (
        "/",
        "/_dash-layout",
        f"/card/load-curve?{SEARCH}",
        "/cards/storage",
        f"/csv/load-curve?{SEARCH}",
        "/assets/shell.css",
        "/assets/vendor/plotly-page.min.js",
        "/assets/favicon.svg",
    ):
        plain_headers, plain = raw(served.url + path, "identity")
        assert "Content-Encoding" not in plain_headers
        for encodings, name, unpack in (
            ("gzip, deflate, br", "br", brotli.decompress),
            ("gzip", "gzip", gzip.decompress),
            ("br;q=0.2, gzip;q=0.8", "gzip", gzip.decompress),
        ):
            headers, body = raw(served.url + path, encodings)
            if len(plain) < 500:
                assert body == plain
                continue
            assert headers["Content-Encoding"] == name
            assert "Accept-Encoding" in headers["Vary"]
            assert int(headers["Content-Length"]) == len(body) < len(plain)
            unpacked = unpack(body)
            assert unpacked == plain or path == "/"  # the document names each request anew
            assert len(unpacked) == len(plain)


def test_the_layout_is_that_of_its_reader(served: Served) -> None:
    """Kept for the next one with the same address, language and look, and for nobody else."""

    def layout(search: str, language: str) -> bytes:
        address = f"{served.url}/consumption?{search}"
        return raw(f"{served.url}/_dash-layout", "identity", Referer=address, **{"Accept-Language": language})[1]

    asked = [("period=7d", "en"), ("period=7d", "fr"), ("period=30d", "en"), ("period=7d&lang=fr", "en")]
    first = [layout(*each) for each in asked]
    assert [layout(*each) for each in asked] == first
    assert len(set(first)) >= 3
    assert b"Consommation" in first[1]
    assert b"Consommation" not in first[0]


def test_new_readings_are_seen_by_who_asked_before(serving: Serving, database: Database[Any]) -> None:
    load_readings(database, TODAY.replace(hour=0, minute=0), [300] * 48)
    served = serving(database)
    url = f"{served.url}/csv/days?period=all"
    cards = f"{served.url}/card/days?period=all"
    before = raw(url, "br")[1], raw(cards, "br")[1]
    assert before == (raw(url, "br")[1], raw(cards, "br")[1])
    served.reader._looked = -60.0  # the look at the database's version is not fresh any more
    load_readings(database, TODAY.replace(day=TODAY.day - 1, hour=0, minute=0), [900] * 48)
    served.reader._looked = -60.0
    after = raw(url, "br")[1], raw(cards, "br")[1]
    assert after[0] != before[0]
    assert after[1] != before[1]


def test_kept_contents_stay_within_their_room() -> None:
    kept = Compressed(most=100)
    kept.set("br;", b"x" * 10)
    assert kept.get("br;") is None  # an answer without a name
    kept.set("br;large", b"x" * 101)
    assert kept.get("br;large") is None
    for name in "abc":
        kept.set(f"br;{name}", name.encode() * 40)
    assert [kept.get(f"br;{name}") for name in "abc"] == [None, b"b" * 40, b"c" * 40]
    kept.get("br;b")
    kept.set("br;d", b"d" * 40)
    assert kept.get("br;c") is None
    assert kept.get("br;b") == b"b" * 40
    threads = [
        threading.Thread(target=lambda n=n: [kept.set(f"br;{n}{i}", bytes(9)) for i in range(200)]) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert kept.bytes == sum(weight for _, weight in kept._found.values()) <= 100
