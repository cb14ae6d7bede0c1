"""Readers of the page by HTTP alone, many at once: what a browser asks for until its first chart is there, and more."""

from __future__ import annotations

import http.client
import re
import statistics
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

SEARCH = "series=&period=30d&lang=en&theme=light"
CARDS = ("key-figures", "load-curve", "hours", "days", "months", "typical-week", "load-duration")
CURVE = "load-curve"
HEADERS = {"Accept-Encoding": "br", "Accept-Language": "en", "Sec-Fetch-Site": "same-origin"}


@dataclass(slots=True)
class Reading:
    """What one reader saw. curve: s from the first request to the load curve; bytes: on the wire, all requests."""

    curve: float = 0.0
    requests: int = 0
    bytes: int = 0
    errors: list[str] = field(default_factory=list)


def read(url: str, start: float | None = None) -> Reading:
    """Open the page of consumption and all its cards, one request after the other. start: of the clock, now if None."""
    found = Reading()
    address = urlsplit(url)
    begun = start or time.monotonic()
    opened = f"{url}/consumption?{SEARCH}"
    with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)) as connection:

        def get(path: str) -> None:
            try:
                connection.request("GET", path, headers=HEADERS | {"Referer": opened})
                answer = connection.getresponse()
                found.bytes += len(answer.read())
                if answer.status != 200:
                    found.errors.append(f"{path}: {answer.status}")
            except OSError as error:
                found.errors.append(f"{path}: {error}")
                connection.close()
            found.requests += 1

        get(f"/consumption?{SEARCH}")
        get("/_dash-layout")
        get("/_dash-dependencies")
        for place, name in enumerate(CARDS):
            get(f"/card/{name}?{SEARCH}")
            if place == CARDS.index(CURVE):
                found.curve = time.monotonic() - begun
        get("/version")
    return found


def at_once(url: str, readers: int) -> tuple[float, float, int]:
    """(ninety-fifth percentile of the seconds until the load curve, requests a second, errors)."""
    begun = time.monotonic()
    with ThreadPoolExecutor(readers) as threads:
        found = list(threads.map(lambda _: read(url, start=begun), range(readers)))
    seconds = time.monotonic() - begun
    curves = sorted(each.curve for each in found)
    slowest = statistics.quantiles(curves, n=20)[-1] if len(curves) > 1 else curves[0]
    return slowest, sum(each.requests for each in found) / seconds, sum(len(each.errors) for each in found)


def first_load(url: str) -> tuple[int, int]:
    """(bytes of a first load, bytes of a reload): the document, its scripts and styles, and the answers of the page."""
    address = urlsplit(url)
    with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)) as connection:

        def get(path: str, headers: Mapping[str, str] = HEADERS) -> bytes:
            connection.request("GET", path, headers=dict(headers))
            return connection.getresponse().read()

        document = get("/", {}).decode()
        files = sum(len(get(path)) for path in re.findall(r'(?:src|href)="(/[^"]+)"', document))
        asked = ("/_dash-layout", "/_dash-dependencies", "/version", *(f"/card/{name}?{SEARCH}" for name in CARDS[2:]))
        own = sum(len(get(path)) for path in (f"/consumption?{SEARCH}", *asked))  # two cards come with the layout
    return own + files, own
