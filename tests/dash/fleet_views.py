"""A small London fleet, and its page as one reader asks it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pymongo.database import Database

from dash_app.fleet.page import PAGE
from dash_app.kit.blocks import Frame
from dash_app.kit.reader import Reader
from dash_app.kit.view import View
from sync.fleet.build import Fleet
from sync.insight.cards import analyse
from sync.load.progress import Silence
from sync.model.clock import SystemClock
from sync.store.schema import Pair, own_series
from tests import fleet_rows
from tests.fleet_rows import LONDON, Rows

HOUSEHOLDS, IN_TABLE = 12, 11
FIRST, LAST = date(2012, 10, 1), date(2012, 12, 1)
BLOCKS = {block.name: block for block in PAGE.blocks}


def stored(database: Database[Any], folder: Path, rows: Rows) -> Pair:
    """Rows with the household table of all but the last household, summed."""
    fleet_rows.store_table(database, folder, min(IN_TABLE, len(rows)))
    own = fleet_rows.store(database, rows)
    Fleet(own, SystemClock()).build(Silence())
    return own


def analysed(own: Pair) -> None:
    """What `analyse` says of each household is stored."""
    for series in own_series(own.source, own.record):
        analyse(own, series, LONDON, SystemClock())


def view_of(first: date = FIRST, last: date = LAST, **options: str) -> View:
    """The local days first … last."""
    return View("fleet", "", "own", first, last + timedelta(days=1), options=tuple(sorted(options.items())))


def frame_of(reader: Reader, block: str, first: date = FIRST, last: date = LAST, **options: str) -> Frame:
    return BLOCKS[block].frame(reader, view_of(first, last, **options))
