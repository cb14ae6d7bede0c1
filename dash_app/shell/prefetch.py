"""Answers asked for ahead: what a reader is likely to look at next is kept by the time that it is clicked.

One thread, one question after another, once for each state of the database; what is looked at goes first.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pymongo
from pymongo.errors import PyMongoError

from sync.model.errors import SyncError

from ..kit.address import view_of
from ..kit.blocks import Block, Page
from ..kit.reader import Reader
from ..kit.view import parts_of
from .answers import PATIENCE, frame_of

START = 1.5  # s after a page was asked for: its own cards come first
QUIET = 0.15  # s since anybody asked for anything
OF_A_PERIOD = ("period", "from", "to", "zoom")
LOG = logging.getLogger("dash_app")


class Prefetch:
    """Asks ahead for the readers of one page."""

    def __init__(self, reader: Reader, pages: tuple[Page, ...]) -> None:
        self._reader = reader
        self._pages = tuple(page for page in pages if not page.source and not page.scope)
        self._done: set[tuple[str, str, str]] = set()
        self._busy = threading.Lock()
        self._asked_at = 0.0

    def step_aside(self) -> None:
        """Somebody asks for something now."""
        self._asked_at = time.monotonic()

    def begin(self, opened: Page, search: str, version: str) -> None:
        """A page was asked for at an address. Returns at once."""
        series = parts_of(search).get("series", "")
        if opened not in self._pages or (opened.name, series, version) in self._done:
            return
        self._done = {each for each in self._done if each[2] == version} | {(opened.name, series, version)}
        threading.Thread(target=self._run, args=(opened, search), name="ahead", daemon=True).start()

    def _run(self, opened: Page, search: str) -> None:
        time.sleep(START)
        with self._busy:
            for page, block, asked in self._questions(opened, search):
                while (since := time.monotonic() - self._asked_at) < QUIET:
                    time.sleep(QUIET - since)
                try:
                    with pymongo.timeout(PATIENCE):
                        view = view_of(self._reader, page, asked)
                        if page.ahead is None or page.ahead(self._reader, view):
                            frame_of(self._reader, block, view)
                except (PyMongoError, SyncError):
                    return  # whoever looks at a card is told
                except Exception:
                    LOG.debug("block %s failed when it was asked for ahead", block.name, exc_info=True)

    def _questions(self, opened: Page, search: str) -> Iterator[tuple[Page, Block, str]]:
        """The other pages as they would be opened, and the opened one over everything."""
        for page in self._pages:
            if page is not opened:
                yield from ((page, block, search) for block in page.blocks)
        if opened.has_period:
            kept = {name: text for name, text in parts_of(search).items() if name not in OF_A_PERIOD}
            everything = "?" + urlencode(kept | {"period": "all"})
            yield from ((opened, block, everything) for block in opened.blocks)
