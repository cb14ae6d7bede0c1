"""The content of a card as a table: for screen readers and keyboards, and as a CSV file."""

from __future__ import annotations

import io

import pandas as pd
import pymongo
from dash import html
from dash.development.base_component import Component
from pymongo.errors import PyMongoError

from sync.model.errors import StoreError

from ..kit.address import view_of
from ..kit.blocks import Block, Page
from ..kit.components import attributes, message
from ..kit.locale import Look
from ..kit.reader import Reader
from ..kit.static_html import lighten
from .answers import PATIENCE, frame_of, period_text

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
    caption = period_text(view, look) if page.has_period else look.text(block.title)
    if len(frame) > MOST_ROWS:
        rows = {"shown": look.number(len(shown)), "rows": look.number(len(frame))}
        caption = f"{caption} · {look.text('shell.rows', **rows)}"
    head = html.Tr([html.Th(str(name), scope="col") for name in shown.columns])
    body = [html.Tr([html.Td(_cell(cell, look)) for cell in row]) for row in shown.itertuples(index=False, name=None)]
    table = html.Table([html.Caption(caption), html.Thead(head), html.Tbody(body)], className="rows")
    region = attributes(role="region", aria_label=look.text(block.title))
    scrolling: Component = lighten(html.Div(table, className="scrolling", tabIndex="0", **region))
    return scrolling


def csv_of(frame: pd.DataFrame) -> bytes:
    """UTF-8 with commas and points, whatever the reader's language; missing is empty."""
    text = io.StringIO()
    frame.to_csv(text, index=False)
    return text.getvalue().encode()


def _cell(cell: object, look: Look) -> str:
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and pd.isna(cell)):
        return "–"
    if isinstance(cell, float):
        return look.significant(cell, 6)
    return str(cell)
