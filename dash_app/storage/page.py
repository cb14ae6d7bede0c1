"""Storage: what the time-series form saves on the reader's own readings, why, and what that means for many meters."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from bson import ObjectId
from dash import html
from dash.development.base_component import Component

from sync.model.readings import Series

from ..kit.blocks import Block, Frame, Page
from ..kit.components import note, sentence, warning
from ..kit.locale import Look
from ..kit.sizes import Measured, Measurement
from ..kit.table import Cell, table
from .figures import bars_figure, percent_text
from .figures_projection import projection_figure
from .figures_speed import speed_figure
from .page_lab import lab_body
from .page_projection import controls, fits_body
from .projection import FORMS
from .queries import FEW, OPTIONS, bucket_frame, lab_frame, projection_frame, sizes_frame, times_frame

# --- the answer -------------------------------------------------------------------------------------------------------


def answer_body(frame: Frame, look: Look) -> Component:
    """One sentence a source, and when and on what it was measured."""
    found: Measurement = frame.notes["measurement"]
    lines: list[Component] = []
    for each in found.pairs:
        if each.refused:
            lines.append(warning(look.text("storage.refused")))
            continue
        said = _sentence(each, look)
        lines.append(
            sentence(
                said if len(found.pairs) == 1 else look.text("storage.answer.of", source=each.source, sentence=said)
            )
        )
        if not each.settled:
            lines.append(warning(look.text("storage.answer.unsettled")))
        elif each.readings < FEW:
            lines.append(warning(look.text("storage.answer.few")))
    at = moment(found.at, look)
    return html.Div([*lines, note(look.text("storage.answer.measured", version=found.server_version, at=at))])


def _sentence(each: Measured, look: Look) -> str:
    total = each.total_bytes
    change = total["timeseries"] / total["regular"] - 1
    return look.text(
        f"storage.answer.{'less' if change <= 0 else 'more'}",
        readings=look.number(each.readings),
        timeseries=look.bytes(total["timeseries"]),
        regular=look.bytes(total["regular"]),
        percent=look.percent(abs(change)),
    )


def moment(at: datetime, look: Look) -> str:
    """A UTC moment: sizes belong to a server, not to a meter's zone."""
    return look.moment(at.replace(tzinfo=None))


# --- every number -----------------------------------------------------------------------------------------------------


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
    whole = percent_text(saved["total"], look)
    indexes = 100 * (1 - timeseries.index_bytes / max(1, regular.index_bytes))
    rows: list[list[Cell]] = [[_what("readings", look), count, count, ""]]
    for name, percent in (("data", saved["data"]), ("storage", saved["storage"]), ("index", indexes)):
        sizes = [look.bytes(getattr(form, f"{name}_bytes")) for form in (regular, timeseries)]
        rows.append([_what(name, look, free if name == "storage" else ""), *sizes, percent_text(percent, look)])
    return [
        *rows,
        [_what("total", look), look.bytes(total["regular"]), look.bytes(total["timeseries"]), whole],
        [_what("each", look), *(look.significant(total[form] / each.readings) for form in FORMS), whole],
        [_what("buckets", look), "–", fill, ""],
    ]


def _what(key: str, look: Look, more: str = "") -> list[str | Component]:
    why = look.text(f"storage.why.{key}") + more
    return [html.Strong(look.text(f"storage.{key}")), html.Span(why, className="what")]


# --- a bucket beside its readings -------------------------------------------------------------------------------------


def bucket_body(frame: Frame, look: Look) -> Component:
    """A picture a source: the same readings as documents and as one bucket, with this user's own counts."""
    found: Measurement = frame.notes["measurement"]
    pictures = [_picture(each, frame.notes["samples"][each.source], look) for each in found.pairs]
    return html.Div(pictures)


def _picture(each: Measured, sample: dict[str, Any], look: Look) -> Component:
    series: Series = sample["series"]
    documents: list[dict[str, Any]] = sample["documents"]
    buckets = each.timeseries.buckets if each.timeseries else None
    fill = round(each.readings / buckets) if buckets else None
    sides = [_documents(each, series, documents, fill, look), _bucket(each, series, documents, fill, look)]
    if buckets:
        parts = {
            "readings": look.number(each.readings),
            "buckets": look.number(buckets),
            "fill": look.number(fill or 0),
        }
        own = look.text("storage.bucket.own", **parts)
    else:
        own = look.text("storage.bucket.untold")
    return html.Div([html.Div(sides, className="forms"), note(own)])


def _documents(
    each: Measured, series: Series, documents: list[dict[str, Any]], fill: int | None, look: Look
) -> Component:
    parts: list[Component] = [html.H3(look.text("storage.bucket.documents"))]
    for document in documents[:2]:
        own = [_field(name, _text(value), fresh=True) for name, value in document.items()]
        repeated = [_field("series", _meter(series))]
        parts.append(html.Div([*own[:2], *repeated, *own[2:]], className="document"))
    if fill and fill > 2:
        parts.append(html.Div(look.text("storage.bucket.more", count=look.number(fill - 2)), className="more"))
    if each.regular:
        one = each.regular.data_bytes / each.readings
        parts.append(html.P(look.text("storage.bucket.repeats", bytes=look.bytes(round(one)))))
        if fill:
            total = look.bytes(one * fill)
            entries = look.number(2 * fill)
            count = look.number(fill)
            parts.append(html.Strong(look.text("storage.bucket.sum", count=count, bytes=total, entries=entries)))
    return html.Div(parts, className="form form-regular")


def _bucket(each: Measured, series: Series, documents: list[dict[str, Any]], fill: int | None, look: Look) -> Component:
    columns = [_column(name, documents, look) for name in documents[0] if name != "_id"]
    parts: list[Component] = [
        html.H3(look.text("storage.bucket.bucket")),
        html.Div(
            [
                _field("series", _meter(series)),
                _field("ts", _text(documents[0]["ts"]), fresh=True),
                html.Div(columns, className="columns"),
            ],
            className="document",
        ),
    ]
    if fill:
        parts.append(html.Div(look.text("storage.bucket.columns", count=look.number(fill)), className="more"))
    parts.append(html.P(look.text("storage.bucket.once")))
    if each.timeseries and each.timeseries.buckets and fill:
        amount = look.bytes(each.timeseries.data_bytes / each.timeseries.buckets)
        parts.append(html.Strong(look.text("storage.bucket.packed", count=look.number(fill), bytes=amount)))
    return html.Div(parts, className="form form-timeseries")


def _column(name: str, documents: list[dict[str, Any]], look: Look) -> Component:
    """The first value of a field, then the differences from one reading to the next, as a bucket packs them."""
    values = [document[name] for document in documents if name in document]
    steps = [_step(before, after, look) for before, after in pairwise(values)]
    first = f"{values[0]:%H:%M}" if isinstance(values[0], datetime) else str(values[0])
    return html.Div([html.B(name), *(html.Span(text) for text in (first, *steps, "⋮"))], className="column")


def _step(before: Any, after: Any, look: Look) -> str:
    change = after - before
    if isinstance(change, timedelta):
        return f"+{look.number(change.total_seconds() / 60)} min"
    return ("−" if change < 0 else "+") + look.number(abs(change))


def _field(name: str, text: str, fresh: bool = False) -> Component:
    """A field with its value; `fresh`: not the same in every document."""
    value = html.B(text) if fresh else html.Span(text)
    return html.Div([html.Span(f"{name}: "), value], className="field")


def _meter(series: Series) -> str:
    return f"{series.source} {series.shown_id} {series.flow}"


def _text(value: Any) -> str:
    """As stored: UTC, whole numbers; an _id shortened."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, ObjectId):
        return f"…{str(value)[-4:]}"
    return str(value)


PAGE = Page(
    name="storage",
    title="storage.title",
    icon="database",
    empty="storage.empty",
    has_series=False,
    has_period=False,
    options=OPTIONS,
    blocks=(
        Block("storage-answer", sizes_frame, body=answer_body, wide=True, options=()),
        Block("storage-bars", sizes_frame, figure=bars_figure, height=480, options=()),
        Block("storage-bucket", bucket_frame, body=bucket_body, height=340, options=()),
        Block("storage-numbers", sizes_frame, body=numbers_body, wide=True, height=360, options=()),
        Block(
            "storage-projection", projection_frame, figure=projection_figure, wide=True, height=380, controls=controls
        ),
        Block("storage-fits", projection_frame, body=fits_body, wide=True, height=360, has_csv=False),
        Block("storage-lab", lab_frame, body=lab_body, wide=True, empty="storage.no_lab", options=()),
        Block(
            "storage-speed", times_frame, figure=speed_figure, wide=True, height=340, empty="storage.no_lab", options=()
        ),
    ),
)
