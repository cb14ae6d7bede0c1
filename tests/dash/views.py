"""A reader on a database, and views of the consumption page, for tests without a browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pymongo.database import Database

from dash_app.consumption.page import PAGE
from dash_app.kit.blocks import Frame
from dash_app.kit.reader import Reader
from dash_app.kit.view import View
from sync.model.readings import Series
from sync.settings import load
from tests.dash.stores import TODAY

BLOCKS = {block.name: block for block in PAGE.blocks}


def reader_of(database: Database[Any], folder: Path, now: Callable[[], datetime] = lambda: TODAY) -> Reader:
    """As the page reads it."""
    return Reader(database, load(folder, environ={"SYNC_HOME": str(folder)}), now=now)


def view_of(first: date, last: date, series: Series | None = None, **options: str) -> View:
    """The local days first … last."""
    own = View("consumption", series.key if series else "", "own", first, last + timedelta(days=1))
    return replace(own, options=tuple(sorted(options.items())))


def frame_of(reader: Reader, block: str, first: date, last: date, **more: Any) -> Frame:
    """A block's frame."""
    return BLOCKS[block].frame(reader, view_of(first, last, **more))


def texts_of(component: Any) -> str:
    """Everything that a component says."""
    if isinstance(component, list | tuple):
        return " | ".join(texts_of(each) for each in component)
    return str(component) if isinstance(component, str) else texts_of(getattr(component, "children", None) or "")
