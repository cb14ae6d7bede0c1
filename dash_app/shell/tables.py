"""The content of a card as a table: for screen readers and keyboards, and as a CSV file."""

from __future__ import annotations

import io
import numbers
from typing import Any

import pandas as pd
import pymongo
from dash.development.base_component import Component
from pandas.api.types import is_numeric_dtype
from pymongo.errors import PyMongoError

from sync.model.errors import StoreError

from ..kit.address import view_of
from ..kit.blocks import Block, Page
from ..kit.components import message
from ..kit.locale import Look
from ..kit.reader import Reader
from ..kit.static_html import lighten
from ..kit.table import Sortable, table
from .answers import PATIENCE, frame_of

MOST_ROWS = 1000  # more would take a browser longer than a person reads; the CSV file has all


def table_of(reader: Reader, page: Page, block: Block, search: str, look: Look) -> Component:
    """The block's frame as a table that screen readers can walk through."""
    try:
        with pymongo.timeout(PATIENCE):
            view = view_of(reader, page, search)
            frame = frame_of(reader, block, view).table
    except (PyMongoError, StoreError):
        return message(look.text("shell.unreachable"), "failed")
    shown = frame.head(MOST_ROWS)
    caption = look.days(view.start, view.end) if page.has_period else look.text(block.title)
    if len(frame) > MOST_ROWS:
        counts = {"shown": look.number(len(shown)), "rows": look.number(len(frame))}
        caption = f"{caption} · {look.text('shell.rows', **counts)}"
    numeric = frozenset(place for place, kind in enumerate(shown.dtypes) if is_numeric_dtype(kind))
    rows = [[_cell(value, look) for value in row] for row in shown.itertuples(index=False, name=None)]
    drawn: Component = lighten(table(look.text(block.title), list(shown.columns), rows, numeric, caption=caption))
    return drawn


def csv_of(frame: pd.DataFrame) -> bytes:
    """UTF-8 with commas and points, whatever the reader's language; missing is empty."""
    text = io.StringIO()
    frame.to_csv(text, index=False)
    return text.getvalue().encode()


def _cell(value: Any, look: Look) -> Sortable:
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return Sortable("–", None)
    if isinstance(value, float):
        return Sortable(look.significant(value, 6), value)
    return Sortable(str(value), int(value) if isinstance(value, numbers.Integral) else str(value))
