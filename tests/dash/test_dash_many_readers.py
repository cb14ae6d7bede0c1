"""Many readers at once: a browser keeps up to six connections open, and nobody is locked out."""

from __future__ import annotations

import http.client
import json
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

from tests.dash.served import PATIENCE, Served

READERS = 25
CONNECTIONS = 6


def test_connections_that_stay_open_lock_nobody_out(served: Served) -> None:
    address = urlsplit(served.url).netloc
    with ExitStack() as stack:
        for _ in range(READERS * CONNECTIONS):
            connection = stack.enter_context(closing(http.client.HTTPConnection(address, timeout=PATIENCE)))
            connection.request("GET", "/version")
            answer = connection.getresponse()
            assert answer.status == 200
            assert json.loads(answer.read())["version"]
            assert connection.sock is not None  # kept open
