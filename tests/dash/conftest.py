"""The real two years, the page on a real server, and a real Chromium that notices every error."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pymongo.database import Database

from sync.store.connection import connect
from tests import r63
from tests.dash.fleet_views import HOUSEHOLDS, analysed, stored
from tests.dash.served import PATIENCE, Served, Watch, reserved, serve, wait_for_database
from tests.dash.stores import load_file
from tests.fleet_rows import london_rows

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE = {"width": 1280, "height": 900}
expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="session", autouse=True)
def _patient() -> Iterator[None]:
    """A database on a busy machine is not one that cannot be reached."""
    with pytest.MonkeyPatch.context() as patch:
        wait_for_database(patch, PATIENCE)
        yield


@pytest.fixture(scope="session")
def two_years(mongo_uri: str, shared_data: Path) -> Iterator[Database[Any]]:
    """A database of this session with the real export imported and verified; for reading only."""
    with connect(mongo_uri) as client:
        database = client[f"two_years_{uuid.uuid4().hex[:8]}"]
        load_file(database, shared_data / r63.FILE)
        yield database
        client.drop_database(database.name)


@pytest.fixture(scope="session")
def many_meters(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database[Any]]:
    """A database of this session with `fleet_rows.london_rows`, summed and analysed; for reading only."""
    with connect(mongo_uri) as client:
        database = client[f"many_meters_{uuid.uuid4().hex[:8]}"]
        analysed(stored(database, tmp_path_factory.mktemp("tables"), london_rows(HOUSEHOLDS)))
        yield database
        client.drop_database(database.name)


@pytest.fixture(scope="session")
def served(two_years: Database[Any]) -> Iterator[Served]:
    """The page on the real two years, seen on the morning after their last day."""
    with serve(two_years) as page:
        yield page


@pytest.fixture
def serving() -> Iterator[Callable[..., Served]]:
    """`serving(database, password=None)` puts the page of a test's own database on a server until the test ends."""
    with ExitStack() as stack:
        yield lambda *given, **named: stack.enter_context(serve(*given, **named))


@pytest.fixture
def port() -> Iterator[int]:
    """A port for a server of a test's own, as long as the test lasts."""
    with reserved() as number:
        yield number


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of this session."""
    names = ("chromium", "google-chrome")
    program = os.environ.get("CHROMIUM") or next((found for name in names if (found := shutil.which(name))), None)
    if not program:
        pytest.skip("no Chromium here: install it (Debian: apt-get install chromium) or set CHROMIUM to its program")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=FLAGS, headless=True)
        yield chromium
        chromium.close()


@pytest.fixture
def page_errors() -> Iterator[Watch]:
    """Watches pages; fails the test on any console error, exception or failed request that it did not expect."""
    watch = Watch()
    yield watch
    assert not watch.seen, "\n".join(watch.seen)


@pytest.fixture
def open_page(browser: Browser, page_errors: Watch) -> Iterator[Callable[..., Page]]:
    """`open_page(address, **context)`: a watched page in a fresh context (English, light, 1280×900 unless given)."""
    with ExitStack() as stack:

        def open_in(address: str, **context: Any) -> Page:
            given: dict[str, Any] = {"viewport": WIDE, "locale": "en-GB", "color_scheme": "light"} | context
            opened = browser.new_context(**given)
            stack.callback(opened.close)
            opened.set_default_timeout(PATIENCE * 1000)
            page = opened.new_page()
            page_errors.watch(page)
            page.goto(address)
            return page

        yield open_in
