"""What a household takes on disk, in both forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from ..kit.blocks import Frame
from ..kit.components import note, sentence, warning
from ..kit.locale import Look
from ..kit.table import Cell, table

MEASURES = ("data", "storage", "index", "total")


def storage_body(frame: Frame, look: Look) -> Component:
    """One sentence, and the numbers behind it."""
    forms = {row["form"]: row for row in frame.table.to_dict("records")}
    regular, timeseries = forms["regular"], forms["timeseries"]
    rows: list[list[Cell]] = [
        [
            look.text(f"fleet.storage.{name}"),
            look.bytes(regular[f"{name}_bytes"]),
            [
                look.bytes(timeseries[f"{name}_bytes"]),
                html.Div(_change(regular, timeseries, name, look), className="key-note"),
            ],
        ]
        for name in MEASURES
    ]
    head = [look.text("fleet.storage.measure"), *(look.text(f"storage.form.{form}") for form in forms)]
    said = look.text(
        "fleet.storage.answer",
        readings=look.number(round(regular["readings_a_series"])),
        timeseries=look.bytes(timeseries["total_bytes"]),
        regular=look.bytes(regular["total_bytes"]),
    )
    notes = frame.notes
    at = look.moment(notes["at"], "d MMM y HH:mm 'UTC'")
    told = look.text("fleet.storage.measured", series=look.number(regular["series"]), version=notes["version"], at=at)
    lines = [] if notes["settled"] else [warning(look.text("fleet.storage.unsettled"))]
    found = table(look.text("fleet.storage.title"), head, rows, frozenset({1, 2}))
    return html.Div([sentence(said), *lines, found, note(told)])


def _change(regular: Mapping[Any, Any], timeseries: Mapping[Any, Any], name: str, look: Look) -> str:
    before = regular[f"{name}_bytes"]
    return look.change(timeseries[f"{name}_bytes"] / before - 1) if before else "–"
