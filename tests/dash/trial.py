"""Small pages of our own, to see what the frame around them does: a chart that zooms, a choice, a card that fails."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import dash_mantine_components as dmc
import pandas as pd
from dash import html
from dash.development.base_component import Component

from dash_app.kit.address import zone_of
from dash_app.kit.blocks import Block, Figure, Frame, Page
from dash_app.kit.figures import axis, figure
from dash_app.kit.locale import Look
from dash_app.kit.reader import Reader
from dash_app.kit.view import View
from tests.r63 import PRM

MISTAKE = "the mistake of a test"


def curve(reader: Reader, view: View) -> Frame:
    """Hours of the period, or of the zoom."""
    series = reader.series_at(view)
    if series is None:
        return Frame(pd.DataFrame({"start": [], "wh": []}))
    zone = zone_of(reader, view)
    start, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (view.start, view.end))
    if zoom := view.option("zoom", ""):
        start, end = (datetime.fromtimestamp(int(ms) / 1000, UTC) for ms in zoom.split("-"))
    hour = {"$dateTrunc": {"date": "$ts", "unit": "hour"}}
    found = reader.pair_of(series.source).mirror.aggregate(
        [
            {"$match": series.query() | {"ts": {"$gte": start, "$lt": end}}},
            {"$group": {"_id": hour, "wh": {"$sum": "$wh"}}},
            {"$sort": {"_id": 1}},
        ]
    )
    rows = [(each["_id"].isoformat(), each["wh"]) for each in found]
    return Frame(pd.DataFrame(rows, columns=["start", "wh"]), covered=0.998)


def bars(frame: Frame, look: Look) -> Figure:
    """The hours."""
    trace = {"type": "bar", "x": frame.table["start"].tolist(), "y": frame.table["wh"].tolist()}
    return figure(look, [trace], xaxis=axis(look, "UTC", type="date"), yaxis=axis(look, "Wh"))


def chosen(_reader: Reader, view: View) -> Frame:
    """What was chosen."""
    return Frame(pd.DataFrame({"meters": [int(view.option("meters", "10"))]}))


def chosen_body(frame: Frame, look: Look) -> Component:
    """In words."""
    return html.P(f"{frame.table['meters'][0]} meters, {look.language}, {look.theme}")


def meters(_reader: Reader, view: View, _look: Look) -> Component:
    """A choice."""
    given: dict[str, Any] = {"aria-label": "meters"}
    picker: Component = dmc.SegmentedControl(
        id={"type": "option", "name": "meters"}, data=["10", "100"], value=view.option("meters", "10"), **given
    )
    return picker


def failing(_reader: Reader, _view: View) -> Frame:
    """A mistake of ours, with something in it that nobody may see."""
    raise ValueError(f"{MISTAKE} {PRM}")


TEXTS = "cost.answer"
PAGES = (
    Page(
        "first",
        "database",
        (
            Block("chosen", chosen, body=chosen_body, controls=meters, texts=TEXTS),
            Block("failing", failing, body=chosen_body, texts=TEXTS),
        ),
        texts="cost",
        has_series=False,
        has_period=False,
        options={"meters": "10"},
    ),
    Page(
        "second",
        "bolt",
        (
            Block("curve", curve, figure=bars, wide=True, height=700, zooms=True, texts=TEXTS),
            Block("below", curve, figure=bars, height=700, texts=TEXTS),
        ),
        texts="cost",
    ),
)
