"""What happens: the browser shuffles the address (assets/shell.js), the server answers the bar and the tables."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, no_update
from pymongo.errors import PyMongoError

from sync.model.errors import StoreError

from ..kit.address import look_of, page_of, scope_of, view_of
from ..kit.blocks import Page, blocks_of
from ..kit.reader import Reader
from ..kit.view import View, neighbour, parts_of, search_of
from .answers import first_answers, hidden_pages
from .layout import shell
from .questions import Check, is_choice, is_list_of, is_parts
from .routes import table_of

Parts = tuple[Any, ...]


def register(app: Dash, reader: Reader, pages: tuple[Page, ...]) -> None:
    """All callbacks of the page."""
    blocks = blocks_of(pages)
    _in_the_browser(app)
    _bar(app, reader, pages)

    @app.callback(Output("shell", "children"), Input("shell-ask", "data"), prevent_initial_call=True)
    def speak(asked: dict[str, Any]) -> Any:
        page, search = page_of(pages, asked["page"]), asked["search"]
        answers = first_answers(reader, page, search, touch=bool(asked.get("touch")))
        return shell(pages, page, search, look_of(search), hidden=hidden_pages(reader, pages), answers=answers)

    @app.callback(
        Output("table", "title"),
        Output("table", "children"),
        Output("table", "opened"),
        Input("table-ask", "data"),
        prevent_initial_call=True,
    )
    def tabulate(asked: dict[str, str]) -> Parts:
        page, block = blocks[asked["block"]]
        look = look_of(asked["search"])
        return look.text(block.title), table_of(reader, page, block, asked["search"], look), True


def questions(pages: tuple[Page, ...]) -> dict[str, Check]:
    """What the callbacks are asked with, by `id.property`."""
    blocks = blocks_of(pages)
    asks_block = is_parts("block", "search")
    return {
        "bar-ask.data": is_list_of(3),
        "series.value": is_choice,
        "period.value": is_choice,
        "shell-ask.data": is_parts("page", "search"),
        "table-ask.data": lambda value: asks_block(value) and value["block"] in blocks,
    }


def _in_the_browser(app: Dash) -> None:
    """State goes from the controls to the address and from there to the questions without the server."""

    def clientside(name: str, *parts: Any, first: bool = False) -> None:
        app.clientside_callback(ClientsideFunction("shell", name), *parts, prevent_initial_call=not first)

    moved = Output("moved", "data")
    clientside(
        "moved", moved, Input("address", "href"), Input("version", "data"), Input("shell", "children"), first=True
    )
    clientside("poll", Output("version", "data"), Input("clock", "n_intervals"))
    for name in ("series", "period", "days", "language"):
        clientside(name, _nothing(), Input(name, "value"), State("bar-told", "data"))
    option, charts = Input({"type": "option", "name": ALL}, "value"), {"type": "block-graph", "name": ALL}
    clientside("option", _nothing(), option)
    clientside("zoom", _nothing(), Input(charts, "relayoutData"))
    clientside("pick", _nothing(), Input(charts, "clickData"))
    clientside("told", _nothing(), Input("bar-told", "data"))


def _nothing() -> Output:
    """Of callbacks that change the address only."""
    return Output("moved", "data", allow_duplicate=True)


def _bar(app: Dash, reader: Reader, pages: tuple[Page, ...]) -> None:
    @app.callback(
        Output("series", "data"),
        Output("series", "value"),
        Output("period", "value"),
        Output("days", "minDate"),
        Output("days", "maxDate"),
        Output("bar-told", "data"),
        Input("bar-ask", "data"),
        State("series", "value"),
        State("period", "value"),
        prevent_initial_call=True,
    )
    def bar(asked: str, series_shown: str | None, period_shown: str) -> Parts:
        path, search, _version = json.loads(asked)
        page = page_of(pages, path)
        try:
            view = view_of(reader, page, search)
            addresses = reader.addresses()
            names = [{"value": address, "label": reader.name_of(series)} for series, address in addresses.items()]
            scope = scope_of(reader, page, parts_of(search))
        except (PyMongoError, StoreError):
            return (no_update,) * 6
        if not scope.address:
            view = replace(view, series=parts_of(search).get("series", ""))  # kept for the pages that have one
        first, last = scope.extent.first, scope.extent.end
        days = [view.start.isoformat(), view.last.isoformat()]
        shown = {"series": view.series, "period": view.period, "from": days[0], "to": days[1]} | {
            "asked": asked,
            "previous": _beside(view, -1) if first and view.start > first else None,
            "next": _beside(view, 1) if last and view.end < last else None,
        }
        return (
            names,
            view.series if scope.address and series_shown != view.series else no_update,
            no_update if period_shown == view.period else view.period,
            first.isoformat() if first else None,
            scope.today.isoformat(),
            shown,
        )


def _beside(view: View, step: int) -> str | None:
    """Where an arrow leads; nowhere when everything is shown."""
    if view.period == "all":
        return None
    start, end = neighbour(view, step)
    return search_of(replace(view, start=start, end=end))
