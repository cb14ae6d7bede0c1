"""Why a time series is small: a few of the reader's own documents beside the bucket that holds them."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from bson import ObjectId
from dash import html
from dash.development.base_component import Component

from sync.model.readings import Series

from ..kit.blocks import Frame
from ..kit.components import note
from ..kit.locale import Look
from .queries import Measured, Measurement


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
