"""Small parts of card bodies: key figures, notes, commands, tables that scroll by themselves."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from .components import attributes

Cell = str | Component | list[str | Component]
LONG = 40  # characters; longer cells may be broken


def key_figure(label: str, figure: str, note: Cell = "") -> Component:
    """A big number, what it is above it, and its comparison under it."""
    return html.Div(
        [
            html.Div(label, className="key-label"),
            html.Div(figure, className="key-figure"),
            html.Div(note, className="key-note"),
        ],
        className="key",
    )


def key_figures(figures: Sequence[Component]) -> Component:
    """A row of key figures that wraps on small screens."""
    return html.Div(list(figures), className="keys")


def sentence(text: str) -> Component:
    """The answer of a card, big."""
    return html.P(text, className="answer")


def note(text: Cell) -> Component:
    """A quiet line under a chart or a table."""
    return html.P(text, className="note")


def warning(text: Cell) -> Component:
    """Something to know before the numbers are believed."""
    return html.P(text, className="warning", role="note")


def code(text: str) -> Component:
    """A command to copy."""
    return html.Code(text, className="command")


def table(
    name: str,
    head: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    numeric: frozenset[int] = frozenset(),
    has_sum: bool = False,
) -> Component:
    """A table in a region that scrolls by itself. name: said to screen readers; numeric: columns of numbers; has_sum:
    the last row is set apart. Cells are plain elements: a thousand Mantine cells take a browser too long."""

    def kind(place: int, cell: Cell = "") -> str:
        return "number" if place in numeric else "long" if isinstance(cell, str) and len(cell) > LONG else ""

    header = html.Tr([html.Th(text, scope="col", className=kind(place)) for place, text in enumerate(head)])
    last = len(rows) - 1 if has_sum else None
    body = [
        html.Tr(
            [html.Td(cell, className=kind(place, cell)) for place, cell in enumerate(row)],
            className="sum" if at == last else "",
        )
        for at, row in enumerate(rows)
    ]
    return html.Div(
        html.Table([html.Thead(header), html.Tbody(body)], className="plain-table"),
        className="table-region",
        tabIndex="0",
        role="region",
        **attributes(aria_label=name),
    )
