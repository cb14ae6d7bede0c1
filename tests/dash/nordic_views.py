"""Frames of the market and areas pages, for tests without a browser."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from plotly.graph_objects import Figure
from pymongo.database import Database

from dash_app.areas import page as areas
from dash_app.kit.blocks import Frame, Page
from dash_app.kit.locale import Look
from dash_app.kit.reader import Reader
from dash_app.kit.view import View
from dash_app.market import page as market
from sync.settings import load

NOW = datetime(2025, 12, 31, 9, tzinfo=UTC)
LOOKS = (Look("en", "light"), Look("fr", "dark"))


class Asked:
    """A page of a database, as one reader asks it."""

    def __init__(self, database: Database[Any], folder: Path, page: Page) -> None:
        self.page = page
        self.reader = Reader(database, load(folder, environ={"SYNC_HOME": str(folder)}), now=lambda: NOW)
        self.blocks = {block.name: block for block in page.blocks}

    def view(self, first: date, last: date, **options: str) -> View:
        """The local days first … last."""
        return View(self.page.name, "", "own", first, last + timedelta(days=1), options=tuple(sorted(options.items())))

    def frame(self, block: str, first: date, last: date, **options: str) -> Frame:
        return self.blocks[block].frame(self.reader, self.view(first, last, **options))

    def drawn(self, first: date, last: date, **options: str) -> set[str]:
        """Names of the blocks that had something, each drawn in both languages and themes, each figure a valid one."""
        found = set()
        for name, block in self.blocks.items():
            frame = self.frame(name, first, last, **options)
            if frame.is_empty:
                continue
            found.add(name)
            for look in LOOKS:
                if block.figure:
                    Figure(block.figure(frame, look))  # raises for what plotly does not know
                elif block.body:
                    assert block.body(frame, look) is not None
                if block.controls:
                    assert block.controls(self.reader, self.view(first, last, **options), look) is not None
        return found


def market_of(database: Database[Any], folder: Path) -> Asked:
    return Asked(database, folder, market.PAGE)


def areas_of(database: Database[Any], folder: Path) -> Asked:
    return Asked(database, folder, areas.PAGE)


def near(number: float, digits: float = 1e-9) -> Any:
    return pytest.approx(number, rel=digits)
