"""The pictures of the page beside this file, made again: `python -m docs.pictures.make [NAME…]`.

Two years of the generated household in a MongoDB of its own, the page on its own server, Chromium of the system (or the
program that CHROMIUM names). Nothing on them was measured.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from playwright.sync_api import Browser, expect, sync_playwright
from pymongo.database import Database

from docs.examples.make import generated
from sync.insight.cards import analyse
from sync.model.clock import SystemClock
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources import zone_of
from sync.store.connection import connect
from sync.store.embedded.mongod import Mongod
from sync.store.schema import own_series, pair
from tests.dash.readers import all_answered, shown
from tests.dash.served import serve
from tests.dash.stores import TODAY, load_file
from tests.sources.linky_writers import r63_csv

HERE = Path(__file__).parent
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 780}
LIMIT = 200_000  # bytes
SHOTS: dict[str, tuple[str, dict[str, int]]] = {
    "page": ("overview?lang=en&theme=light", WIDE),
    "page-fr": ("overview?lang=fr&theme=light", WIDE),
    "storage": ("storage?lang=en&theme=light", WIDE),
    "consumption": ("consumption?period=30d&lang=en&theme=light", WIDE),
    "cost": ("cost?period=all&lang=en&theme=light", WIDE),
    "insight": ("insight?lang=en&theme=light", WIDE),
    "laboratory": ("laboratory?period=month&lang=en&theme=light", WIDE),
    "coverage": ("coverage?period=all&lang=en&theme=light", WIDE),
    "phone": ("consumption?period=7d&lang=en&theme=light", PHONE),
}
"""Name → address and window."""


@contextmanager
def household() -> Iterator[Database[Any]]:
    """Two years of the generated household, imported as a file, proven and analysed."""
    with TemporaryDirectory() as folder:
        server = Mongod.spawn(Path(folder) / "db", Path(folder) / "log")
        try:
            server.wait_until_primary()
            path = Path(folder) / "GENERATED_R63.csv"
            path.write_bytes(r63_csv(generated(date(TODAY.year - 2, 3, 13), TODAY.date())))
            with connect(server.uri) as client:
                load_file(client["electricity"], path)
                own = pair(client["electricity"], "linky", DEFAULT_COLLECTIONS)
                for series in own_series("linky", own.record):
                    analyse(own, series, zone_of("linky"), SystemClock())
                yield client["electricity"]
        finally:
            server.stop()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("no Chromium here: install it, or set CHROMIUM to its program")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def main(names: list[str]) -> None:
    """Take the named pictures, or all."""
    expect.set_options(timeout=60_000)
    with household() as database, serve(database) as served, chromium() as browser:
        for name in names or SHOTS:
            address, window = SHOTS[name]
            context = browser.new_context(
                viewport=window, locale="en-GB", color_scheme="light", reduced_motion="reduce"
            )
            page = context.new_page()
            page.goto(f"{served.url}/{address}")
            all_answered(page)
            for chart in shown(page).locator(".js-plotly-plot").all():
                expect(chart.locator(".main-svg").first).to_be_attached()
            page.screenshot(path=HERE / f"{name}.png", animations="disabled")
            context.close()
            size = (HERE / f"{name}.png").stat().st_size
            click.echo(f"{name}.png: {size:,} bytes")
            if size > LIMIT:
                sys.exit(f"{name}.png is larger than {LIMIT:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
