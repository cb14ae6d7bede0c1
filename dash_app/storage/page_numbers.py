"""Every number of both forms, each with one plain sentence of what it measures."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from ..kit.blocks import Frame
from ..kit.components import warning
from ..kit.locale import Look
from ..kit.table import Cell, table
from .figures_marks import percent_text
from .queries import Measured, Measurement


def numbers_body(frame: Frame, look: Look) -> Component:
    """Every number of both forms with a plain sentence of what it measures."""
    found: Measurement = frame.notes["measurement"]
    tables = []
    for each in found.pairs:
        if each.refused:
            tables.append(warning(look.text("storage.refused")))
            continue
        name = look.text("storage.numbers.title")
        head = [look.text(f"storage.numbers.{key}") for key in ("what", "regular", "timeseries", "saved")]
        if len(found.pairs) > 1:
            head[0] = each.source
        tables.append(table(name, head, _rows(each, look), frozenset({1, 2, 3}), blocks=True))
    return html.Div(tables)


def _rows(each: Measured, look: Look) -> list[list[Cell]]:
    compared = each.comparison
    regular, timeseries, saved = compared.regular, compared.timeseries, compared.reduction_pct
    total = each.total_bytes
    count = look.number(each.readings)
    free = ""
    if regular.free_bytes or timeseries.free_bytes:
        amounts = {"regular": look.bytes(regular.free_bytes), "timeseries": look.bytes(timeseries.free_bytes)}
        free = " " + look.text("storage.why.free", **amounts)
    unknown = look.text("storage.unknown")
    fill = unknown
    if timeseries.buckets:
        parts = {
            "buckets": look.number(timeseries.buckets),
            "fill": look.significant(each.readings / timeseries.buckets),
        }
        fill = look.text("storage.fill", **parts)
    per_reading = {form: f"{look.significant(amount / each.readings)}" for form, amount in total.items()}
    return [
        [_what("readings", look), count, count, ""],
        [
            _what("data", look),
            look.bytes(regular.data_bytes),
            look.bytes(timeseries.data_bytes),
            percent_text(saved["data"], look),
        ],
        [
            _what("storage", look, free),
            look.bytes(regular.storage_bytes),
            look.bytes(timeseries.storage_bytes),
            percent_text(saved["storage"], look),
        ],
        [
            _what("index", look),
            look.bytes(regular.index_bytes),
            look.bytes(timeseries.index_bytes),
            percent_text(100 * (1 - timeseries.index_bytes / max(1, regular.index_bytes)), look),
        ],
        [
            _what("total", look),
            look.bytes(total["regular"]),
            look.bytes(total["timeseries"]),
            percent_text(saved["total"], look),
        ],
        [_what("each", look), per_reading["regular"], per_reading["timeseries"], percent_text(saved["total"], look)],
        [_what("buckets", look), "–", fill, ""],
    ]


def _what(key: str, look: Look, more: str = "") -> list[str | Component]:
    why = look.text(f"storage.why.{key}") + more
    return [html.Strong(look.text(f"storage.{key}")), html.Span(why, className="what")]
