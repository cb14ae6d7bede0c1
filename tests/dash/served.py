"""The page behind its real server, in a thread; and a watch over what a browser complains about."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from playwright.sync_api import ConsoleMessage, Page, Request, Response
from pymongo.database import Database

from dash_app.kit.reader import Reader
from dash_app.shell import answers, prefetch, routes
from dash_app.shell.app import create_app
from dash_app.shell.server import bind
from sync.settings import load
from sync.sources.linky.meter import Meter
from tests.dash.stores import TODAY

PATIENCE = 60  # s
"""How long a test waits for what has to come: many times what a quiet machine needs. One that passes ends at once."""


LATE = "preloaded using link preload but not used within a few seconds"
"""A warning about the speed of a machine. Of what is never used at all a browser says more: why."""


@dataclass(frozen=True)
class Served:
    """A page that answers at `url`."""

    url: str
    reader: Reader
    app: Dash


def wait_for_database(patch: pytest.MonkeyPatch, seconds: float) -> None:
    """So long a question of the page waits for its database."""
    for module in (answers, prefetch, routes):
        patch.setattr(module, "PATIENCE", seconds)


@contextmanager
def reserved() -> Iterator[int]:
    """A port of this machine's own that nobody else gets, also while no server listens there; one of ours may."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def serve(
    database: Database[Any],
    password: str | None = None,
    now: Callable[[], datetime] = lambda: TODAY,
    meters: tuple[Meter, ...] = (),
    port: int = 0,
    app: Callable[[Reader, str | None], Dash] = create_app,
    **environ: str,
) -> Iterator[Served]:
    """The page of a database on a loopback port (0: a free one), until the block ends. environ: settings."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load(Path(folder), environ={"SYNC_HOME": folder} | environ).model_copy(update={"meters": meters})
        reader = Reader(database, settings, now=now)
        dash = app(reader, password)
        server = bind(dash, "127.0.0.1", port)
        thread = threading.Thread(target=server.run, name="page")
        thread.start()
        try:
            yield Served(f"http://127.0.0.1:{server.port}", reader, dash)
        finally:
            server.end()
            thread.join(PATIENCE)
            assert not thread.is_alive()


@dataclass
class Watch:
    """Everything a browser complains about, in words. `expected`: parts of what a test brings about itself."""

    seen: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._add(f"exception: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        page.on("request", lambda request: self.requests.append(request.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "trace"} and LATE not in message.text:  # plotly.js traces its warnings
            self._add(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the browser's own: a page was left, a download began
            self._add(f"failed: {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._add(f"{response.status}: {response.url}")

    def _add(self, text: str) -> None:
        if not any(part in text for part in self.expected):
            self.seen.append(text)
