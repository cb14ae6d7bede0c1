"""The tables of the market page: days of all areas, and the newest hours of one."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from dash import html
from dash.development.base_component import Component

from ..kit.blocks import Frame
from ..kit.components import note
from ..kit.locale import Look
from ..kit.table import Cell, table

WHOLE = 0.9995  # shares from here on are shown as whole


def days_body(frame: Frame, look: Look) -> Component:
    """A row a day and area; hatched where a day is known in part."""
    names = ("day", "area", "mean_price", "production")
    rows: list[list[Cell]] = []
    for row in frame.table.to_dict("records"):
        price = _partly(_price(row["mean_price_eur_mwh"], look), row["priced"], look)
        energy = row["production_mwh"]
        shown = "–" if pd.isna(energy) else look.grid_energy(energy * 1e6)
        production = _partly(shown, row["production_measured"] if shown != "–" else 1.0, look)
        rows.append([look.day(row["day"], "EEE d MMM y"), row["area"], price, production])
    found = table(look.text("market.days.title"), _head(names, look), rows, frozenset({2, 3}))
    return html.Div([found, note(look.text("market.days.note"))])


def recent_body(frame: Frame, look: Look) -> Component:
    """A row an hour, newest first; an hour that is priced in part has no price."""
    rows: list[list[Cell]] = []
    for row in frame.table.to_dict("records"):
        start = datetime.fromisoformat(row["start_local"])
        price = _price(row["price_eur_mwh"], look)
        if price == "–" and row["priced_s"] > 0:
            price = look.text("market.recent.quarters", count=look.number(row["priced_s"] / 900))
        energy = row["production_mwh"]
        shown = "–" if pd.isna(energy) else look.grid_energy(energy * 1e6)
        rows.append([look.moment(start, "EEE d MMM y HH:mm") + f" {start:%z}"[:4], price, shown])
    return table(
        look.text("market.recent.title"), _head(("hour", "price", "production"), look), rows, frozenset({1, 2})
    )


def _head(names: tuple[str, ...], look: Look) -> list[str]:
    return [look.text(f"market.column.{name}") for name in names]


def _price(eur_mwh: float, look: Look) -> str:
    return "–" if pd.isna(eur_mwh) else look.price(eur_mwh)


def _partly(text: str, share: float, look: Look) -> Cell:
    if text == "–" or share >= WHOLE:
        return text
    return html.Span(f"{text} ({look.percent(share, 0)})", className="hatched")
