"""What is asked by plain requests: the version of the database, the cards of a page, a card's answer and table."""

from __future__ import annotations

import csv
import hashlib
import io
import numbers
import re
from typing import Any

import pandas as pd
import pymongo
from dash import Dash
from dash.development.base_component import Component
from flask import Response, abort, jsonify, redirect, request
from pandas.api.types import is_numeric_dtype
from plotly.io.json import to_json_plotly
from pymongo.errors import PyMongoError
from werkzeug.wrappers import Response as BaseResponse

from sync.model.errors import StoreError

from ..kit.address import look_of, view_of
from ..kit.blocks import Answer, Block, Page, blocks_of
from ..kit.components import message
from ..kit.locale import Look
from ..kit.reader import Reader
from ..kit.static_html import lighten
from ..kit.table import Sortable, table
from .answers import PATIENCE, answer, first_answers, frame_of, moment, shows_generated
from .layout import cards
from .wire import named

QUICK = 3.0  # s; the page asks again by itself


def add_routes(app: Dash, reader: Reader, pages: tuple[Page, ...]) -> None:
    """`/version`, `/cards/<page>`, `/card/<block>` and `/csv/<block>`."""
    blocks = blocks_of(pages)

    def csv_file(name: str) -> Response:
        if name not in blocks or not blocks[name][1].has_csv:
            abort(404)
        return _csv(reader, *blocks[name])

    def card(name: str) -> Response:
        if name not in blocks:
            abort(404)
        return _card(reader, *blocks[name])

    def cards_of(name: str) -> Response:
        page = next((each for each in pages if each.name == name), None) or abort(404)
        search = request.query_string.decode("ascii", "replace")
        answers = first_answers(reader, page, search, touch="touch" in request.args)
        return named(written(cards(page, look_of(search), answers)))

    app.server.add_url_rule("/cards/<name>", "cards", cards_of)
    app.server.add_url_rule("/card/<name>", "card", card)
    app.server.add_url_rule("/version", "version", lambda: jsonify(version=version_of(reader)))
    app.server.add_url_rule("/csv/<name>", "csv", csv_file)


def lead_old_addresses(app: Dash, pages: tuple[Page, ...]) -> None:
    """The first page was another one: what an address without a page chose is a choice of that page still."""

    def lead() -> BaseResponse | None:
        asked = request.args.keys() if request.path == "/" else set[str]()
        page = next((page for page in pages if asked & page.options.keys()), None)
        return redirect(f"/{page.name}?{request.query_string.decode('ascii', 'replace')}") if page else None

    app.server.before_request(lead)


def version_of(reader: Reader) -> str | None:
    """What changes when the database does; None while it cannot be reached."""
    try:
        with pymongo.timeout(QUICK):
            return hashlib.sha256(reader.version().encode()).hexdigest()[:16]
    except (PyMongoError, StoreError):
        return None


def _card(reader: Reader, page: Page, block: Block) -> Response:
    """The content of a card as JSON; `keep`: none while the database is away; `controls`: the card has none yet."""
    given, search = request.args, request.query_string.decode("ascii", "replace")

    def content() -> bytes:
        found = answer(reader, page, block, search, touch="touch" in given)
        if not found.is_kept:
            raise _NotKept({} if found.away and "keep" in given else _content(found))
        return written(_content(found, with_controls="controls" in given))

    try:
        return named(reader.kept(("card", block.name, search, moment(reader)), content))
    except _NotKept as passing:
        return named(written(passing.content))
    except (PyMongoError, StoreError):  # it went away while its version was asked
        found = answer(reader, page, block, search)
        return named(written({} if "keep" in given else _content(found)))


class _NotKept(Exception):
    """No answer for the next reader: the database cannot be reached, or we made a mistake."""

    def __init__(self, content: dict[str, Any]) -> None:
        super().__init__("a passing answer")
        self.content = content


def _content(found: Answer, with_controls: bool = False) -> dict[str, Any]:
    content = {"body": found.body, "subtitle": found.subtitle, "covered": found.covered}
    return content | {"controls": found.controls} if with_controls and found.controls is not None else content


def written(content: object) -> bytes:
    """JSON of components and figures."""
    return str(to_json_plotly(content)).encode()


def _csv(reader: Reader, page: Page, block: Block) -> Response:
    try:
        with pymongo.timeout(QUICK):
            view = view_of(reader, page, request.query_string.decode("ascii", "replace"))
            frame, mark = frame_of(reader, block, view).table, ""
            if shows_generated(reader, page, view):
                mark = "GENERATED"
                frame = frame.rename(columns={first: f"{first} ({mark})" for first in frame.columns[:1]})
            content = csv_of(frame)
    except (PyMongoError, StoreError):
        return Response("the database cannot be reached: try again\n", 503, mimetype="text/plain")
    period = f"_{view.start}_{view.last}" if page.has_period else ""
    return Response(
        content,
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{mark}{"_" * bool(mark)}{block.name}{period}.csv"'},
    )


# --- tables -----------------------------------------------------------------------------------------------------------


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


FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")  # a spreadsheet runs a text that begins so (OWASP, CSV injection)


def csv_of(frame: pd.DataFrame) -> bytes:
    """UTF-8 with commas and points, whatever the reader's language; missing is empty.

    A text with which a spreadsheet would begin a formula has an apostrophe before it; numbers stay what they are.
    """
    columns = {_harmless(name): _harmless_in(column) for name, column in frame.items()}
    text = io.StringIO()
    # A return within a text would begin a line of its own where it is not quoted.
    returns = any("\r" in str(value) for column in columns.values() if column.dtype == object for value in column)
    pd.DataFrame(columns).to_csv(text, index=False, quoting=csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL)
    return text.getvalue().encode()


def _harmless_in(column: pd.Series) -> pd.Series:
    if column.dtype.kind in "biufmM":  # numbers and times
        return column
    return pd.Series([_harmless(value) for value in column], index=column.index, dtype=object)


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


def _cell(value: Any, look: Look) -> Sortable:
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return Sortable("–", None)
    if isinstance(value, float):
        return Sortable(look.significant(value, 6), value)
    return Sortable(str(value), int(value) if isinstance(value, numbers.Integral) else str(value))
