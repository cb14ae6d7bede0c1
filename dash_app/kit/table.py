"""The one table of the pages: plain HTML, which a click or a key on a column's name sorts (assets/static.js).

On a phone every row is a small block: what its first cell says, and each of the others under its column's name.
"""

from __future__ import annotations

import numbers
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
from dash import html
from dash.development.base_component import Component
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from .components import Content, attributes
from .locale import Look

LONG = 40  # characters; longer cells may be broken


class Sortable(NamedTuple):
    """What a cell shows, and what it is sorted by: a number, or a text such as `2025-03-12`; None comes last."""

    shown: Content
    key: float | str | None


Cell = Content | Sortable


def table(
    name: str,
    head: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    numeric: frozenset[int] = frozenset(),
    *,
    kinds: Mapping[int, str] | None = None,
    groups: Sequence[tuple[str, int]] = (),
    caption: str = "",
    blocks: bool = False,
) -> Component:
    """A table in a region that scrolls by itself; the first cell of a row says what the others are about.

    name: said to screen readers; numeric: columns of numbers; kinds: class names of rows by place; groups: titles over
    so many columns each; caption: shown above; blocks: larger, for a few rows that say what each number is. A column of
    `Sortable` alone can be sorted. Cells are plain elements: a thousand Mantine cells take a browser too long.
    """
    can_sort = [bool(rows) and all(isinstance(row[place], Sortable) for row in rows) for place in range(len(head))]
    titles = [_title(text, _kind(place, numeric), can_sort[place]) for place, text in enumerate(head)]
    above = [
        html.Th(text, scope="colgroup", colSpan=str(columns)) if text else html.Td(colSpan=str(columns))
        for text, columns in groups
    ]
    lines = [html.Tr(above, className="groups"), html.Tr(titles)] if groups else [html.Tr(titles)]
    names = _with_groups(head, groups)
    body = [_row(row, names, numeric, (kinds or {}).get(at, "")) for at, row in enumerate(rows)]
    parts = [html.Caption(caption)] if caption else []
    drawn = html.Table(
        [*parts, html.Thead(lines), html.Tbody(body)], className="plain-table blocks" if blocks else "plain-table"
    )
    return html.Div(drawn, className="table-region", tabIndex="0", role="region", **attributes(aria_label=name))


def table_from(name: str, frame: pd.DataFrame, head: Sequence[str], caption: str, look: Look) -> Component:
    """A frame as such a table: columns of numbers, also of those in a text that keeps their cents, on the right."""
    columns = [_cells_of(column, look) for _, column in frame.items()]
    numeric = frozenset(place for place, (is_number, _) in enumerate(columns) if is_number)
    rows = list(zip(*(cells for _, cells in columns), strict=True))
    return table(name, head, rows, numeric, caption=caption)


NUMBER = re.compile(r"-?\d+\.\d+")


def _cells_of(column: pd.Series, look: Look) -> tuple[bool, list[Sortable]]:
    """Whether a column is of numbers, and its cells; missing values are last and a dash."""
    if is_bool_dtype(column):
        return False, [Sortable(look.text(f"shell.{'yes' if value else 'no'}"), str(value)) for value in column]
    texts = [value for value in column if isinstance(value, str)]
    in_text = bool(texts) and all(map(NUMBER.fullmatch, texts))
    return in_text or is_numeric_dtype(column), [_written(value, in_text, look) for value in column]


def _written(value: Any, in_text: bool, look: Look) -> Sortable:
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return Sortable("–", None)
    if in_text:
        return Sortable(look.number(value, len(value.partition(".")[2])), float(value))
    if isinstance(value, float):
        return Sortable(look.significant(value, 6), value)
    if isinstance(value, numbers.Integral):
        return Sortable(look.number(value), int(value))
    return Sortable(cell_text(str(value), look), str(value))


def cell_text(value: str, look: Look) -> str:
    """A value as people know it, a price area with its name; itself where it has none."""
    name = re.sub(r"\W+", "_", value)
    return look.text_or(f"cell.{name}", value)


def columns_in(texts: str, names: Iterable[str], look: Look) -> list[str]:
    """The titles of columns: the texts `<texts>.column.<name>`."""
    return [look.text(f"{texts}.column.{name}") for name in names]


def _with_groups(head: Sequence[str], groups: Sequence[tuple[str, int]]) -> list[str]:
    """The names of columns where they stand alone, beside a cell."""
    above = [title for title, columns in groups for _ in range(columns)] or [""] * len(head)
    return [f"{title}, {text}" if title else text for title, text in zip(above, head, strict=True)]


def _kind(place: int, numeric: frozenset[int]) -> str:
    return "number" if place in numeric else ""


def _title(text: str, kind: str, can_sort: bool) -> Component:
    return html.Th(html.Button(text, type="button") if can_sort else text, scope="col", className=kind)


def _row(row: Sequence[Cell], head: Sequence[str], numeric: frozenset[int], kind: str) -> Component:
    cells = [_cell(cell, head[place], _kind(place, numeric), is_first=not place) for place, cell in enumerate(row)]
    return html.Tr(cells, className=kind)


def _cell(cell: Cell, column: str, kind: str, *, is_first: bool) -> Component:
    more: dict[str, Any] = {"data-name": column}
    if isinstance(cell, Sortable):
        more["data-key"] = cell.key
        cell = cell.shown
    kind = kind or ("long" if isinstance(cell, str) and len(cell) > LONG else "")
    return html.Th(cell, scope="row", className=kind, **more) if is_first else html.Td(cell, className=kind, **more)
