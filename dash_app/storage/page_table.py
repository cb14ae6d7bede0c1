"""A table of few numbers: each row says what it is, and becomes a small block on a phone (assets/storage.css)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from ..kit.parts import Cell


def numbers_table(name: str, head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Component:
    """name: said to screen readers; the first cell of a row is what the others are numbers of."""
    named: list[dict[str, Any]] = [{"data-name": title} for title in head]
    body = [
        html.Tr(
            [
                html.Th(row[0], scope="row"),
                *(html.Td(cell, **attributes) for cell, attributes in zip(row[1:], named[1:], strict=True)),
            ]
        )
        for row in rows
    ]
    return html.Table(
        [
            html.Caption(name, className="for-readers"),
            html.Thead(html.Tr([html.Th(title, scope="col") for title in head])),
            html.Tbody(body),
        ],
        className="numbers",
    )
