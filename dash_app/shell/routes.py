"""What is asked by plain requests: the version of the database, the cards of a page, a card's answer and table."""

from __future__ import annotations

import hashlib
from typing import Any

import pymongo
from dash import Dash
from dash.development.base_component import Component
from flask import Response, abort, jsonify, redirect, request
from plotly.io.json import to_json_plotly
from pymongo.errors import PyMongoError
from werkzeug.wrappers import Response as BaseResponse

from sync.model.errors import StoreError

from ..kit.address import look_of, view_of
from ..kit.blocks import Answer, Block, Frame, Page, blocks_of
from ..kit.components import message
from ..kit.download import Origin, csv_of, heads, origin_of
from ..kit.locale import Look
from ..kit.reader import Reader
from ..kit.static_html import lighten
from ..kit.table import table_from
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
    search = request.query_string.decode("ascii", "replace")
    look = look_of(search)
    try:
        with pymongo.timeout(QUICK):
            frame, origin = _shown(reader, page, block, search, look)
            content = csv_of(frame.table, origin, look)
    except (PyMongoError, StoreError):
        return Response("the database cannot be reached: try again\n", 503, mimetype="text/plain")
    name = {"Content-Disposition": f'attachment; filename="{origin.file_name(block.name)}.csv"'}
    return Response(content, mimetype="text/csv", headers=name)


def _shown(reader: Reader, page: Page, block: Block, search: str, look: Look) -> tuple[Frame, Origin]:
    view = view_of(reader, page, search)
    frame = frame_of(reader, block, view)
    return frame, origin_of((page, block), frame, view, look, (reader, shows_generated(reader, page, view)))


MOST_ROWS = 1000  # more would take a browser longer than a person reads; the CSV file has all


def table_of(reader: Reader, page: Page, block: Block, search: str, look: Look) -> Component:
    """The block's frame as a table that screen readers can walk through."""
    try:
        with pymongo.timeout(PATIENCE):
            frame, origin = _shown(reader, page, block, search, look)
    except (PyMongoError, StoreError):
        return message(look.text("shell.unreachable"), "failed")
    caption, every = origin.line(look), len(frame.table)
    if every > MOST_ROWS:
        rows = look.text("shell.rows", shown=look.number(MOST_ROWS), rows=look.number(every))
        caption = f"{caption} · {rows}".removeprefix(" · ")
    shown: Component = lighten(
        table_from(look.text(block.title), frame.table.head(MOST_ROWS), heads(frame.table, look), caption, look)
    )
    return shown
