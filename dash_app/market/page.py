"""The market page: price against production of an area, and what a day is worth beside the area's own usual ones."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from dash import html
from dash.development.base_component import Component

from ..hours.queries import groups_of
from ..kit.blocks import About, Block, Frame, Page
from ..kit.components import named_figures, note
from ..kit.controls import labelled, named, segmented, side_by_side, slider, some_of
from ..kit.locale import Look, minus
from ..kit.reader import Reader
from ..kit.table import Cell, cell_text, columns_in, table
from ..kit.view import View
from . import queries
from .figures import capture_figure, cumulative_figure, curve_figure, negative_figure, scatter_figure

OF_AREA = ("area", "types")


def area_controls(reader: Reader, view: View, look: Look) -> Component:
    """The area, and the types of production that count."""
    area = queries.area_in(reader, view.option("area", ""))
    areas = sorted({*queries.market_areas(reader), area})
    types = sorted({queries.type_of(group) for group in groups_of(reader, queries.SOURCE, "production")})
    chosen = [name for name in view.several("types") if name in types]
    of_area, of_types = look.text("market.area"), look.text("market.types")
    return side_by_side(
        named(of_area, segmented("area", areas, area, of_area)),
        named(of_types, some_of("types", types, chosen, of_types, look.text("market.all_types"))),
    )


def step_controls(_reader: Reader, view: View, look: Look) -> Component:
    """Hours or days."""
    chosen = view.option("step", queries.STANDARDS["step"])
    return segmented("step", labelled(queries.STEPS, "market.step", look), chosen, look.text("market.step"))


def key_body(frame: Frame, look: Look) -> Component:
    """Six numbers; each with what it is made of."""
    figures = frame.notes["figures"]
    hours = {"hours": look.number(figures["priced_hours"])}
    both = look.text("market.keys.both", hours=figures["hours_with_both"])
    mean, capture = figures["mean_price_where_both_eur_mwh"], figures["capture_price_eur_mwh"]
    worth = (
        look.text("market.keys.worth", share=look.percent(capture / mean, 0)) if capture and mean and mean > 0 else ""
    )
    energy = figures["production_mwh"]
    covered = (
        look.text("market.hover.partly", share=look.covered(frame.notes["covered"])) if frame.notes["covered"] else ""
    )
    negative, priced = figures["negative_hours"], figures["priced_hours"]
    share = look.percent(negative / priced if priced else 0)
    rows = [
        ("mean", _price(figures["mean_price_eur_mwh"], look), look.text("market.keys.hours", **hours)),
        ("production", "–" if energy is None else look.grid_energy(energy * 1e6), covered),
        ("capture", _price(capture, look), worth),
        ("negative", look.number(negative), look.text("market.keys.of_hours", share=share, **hours)),
        ("r", "–" if figures["pearson_r"] is None else minus(look.number(figures["pearson_r"], 2)), both),
    ]
    return html.Div([named_figures("market.keys", rows, look), note(look.text("market.keys.note"))])


def _price(eur_mwh: float | None, look: Look) -> str:
    return "–" if eur_mwh is None or pd.isna(eur_mwh) else look.price(eur_mwh)


# --- whether it is a good day to buy ----------------------------------------------------------------------------------


def decision_controls(_reader: Reader, view: View, look: Look) -> Component:
    """Days of the window, and how far from usual price and production have to be."""
    rule = queries.rule_in(view)
    return side_by_side(
        _slider("window", rule.window, 1, [7, 30, 90, 180], look),
        _slider("price_z", rule.price_z, 0.1, [0.5, 1, 2, 3], look),
        _slider("production_z", rule.production_z, 0.1, [0.5, 1, 2, 3], look),
    )


def _slider(name: str, value: float, step: float, numbers: list[float], look: Look) -> Component:
    marks = [{"value": number, "label": look.number(number, 0 if number == int(number) else 1)} for number in numbers]
    return slider(name, value, queries.RANGES[name], look.text(f"market.{name}"), marks, step=step, precision=1)


def decision_body(frame: Frame, look: Look) -> Component:
    """The rule, then a row an area with its sentence."""
    verdicts: list[queries.Verdict] = frame.notes["verdicts"]
    rule: queries.Rule = frame.notes["rule"]
    head = columns_in("market", ("area", "verdict", "why", "day", "price", "production"), look)
    rows: list[list[Cell]] = [
        [
            cell_text(each.area, look),
            html.Strong(look.text(f"market.verdict.{each.verdict}"), className=f"verdict verdict-{each.verdict}"),
            reason(each, rule, look),
            look.day(each.day, "d MMM y"),
            look.price(each.price.today),
            look.grid_energy(each.production.today),
        ]
        for each in verdicts
    ]
    parts = [
        html.P(
            look.text(
                "market.rule", window=rule.window, price=_z(rule.price_z, look), production=_z(rule.production_z, look)
            )
        ),
        table(look.text("market.decision.title"), head, rows, frozenset({4, 5})),
    ]
    if frame.notes["lacking"]:
        parts.append(note(look.text("market.decision.lacking", areas=", ".join(frame.notes["lacking"]))))
    return html.Div([*parts, note(look.text("market.decision.note"))])


def reason(found: queries.Verdict, rule: queries.Rule, look: Look) -> str:
    """Why this verdict: both numbers beside what is usual for the area, and which part of the rule decided."""
    if found.reason == "too_few":
        return look.text("market.why.too_few", known=found.known, window=rule.window)
    if found.reason == "flat":
        return look.text("market.why.flat", known=found.known)
    price = look.text(
        "market.why.price",
        side=_side(found.price, look),
        mean=look.price(found.price.mean),
        z=_z(found.price.z or 0.0, look, signed=True),
        rank=look.percent(found.price.rank, 0),
    )
    production = look.text(
        "market.why.production",
        side=_side(found.production, look),
        mean=look.grid_energy(found.production.mean),
        z=_z(found.production.z or 0.0, look, signed=True),
        rank=look.percent(found.production.rank, 0),
    )
    known = look.text("market.why.known", known=found.known)
    return f"{price} {production} {look.text(f'market.why.{found.verdict}')} {known}"


def _side(side: queries.Side, look: Look) -> str:
    return look.text("market.above" if (side.z or 0) > 0 else "market.below" if (side.z or 0) < 0 else "market.equal")


def _z(z: float, look: Look, *, signed: bool = False) -> str:
    return ("+" if signed and z > 0 else "") + minus(look.number(z, 2 if signed else 1))


# --- tables -----------------------------------------------------------------------------------------------------------


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
        rows.append([look.day(row["day"], "EEE d MMM y"), cell_text(row["area"], look), price, production])
    found = table(look.text("market.days.title"), columns_in("market", names, look), rows, frozenset({2, 3}))
    return html.Div([found, note(look.text("market.days.note"))])


def recent_body(frame: Frame, look: Look) -> Component:
    """A row an hour, newest first; an hour that is priced in part has no price."""
    rows: list[list[Cell]] = []
    for row in frame.table.to_dict("records"):
        start = datetime.fromisoformat(row["start_local"])
        price = _price(row["price_eur_mwh"], look)
        if price == "–" and row["priced_s"] > 0:
            price = look.text("market.recent.quarters", count=row["priced_s"] / 900)
        energy = row["production_mwh"]
        shown = "–" if pd.isna(energy) else look.grid_energy(energy * 1e6)
        rows.append([look.moment(start, "EEE d MMM y HH:mm") + f" {start:%z}"[:4], price, shown])
    return table(
        look.text("market.recent.title"),
        columns_in("market", ("hour", "price", "production"), look),
        rows,
        frozenset({1, 2}),
    )


def _partly(text: str, share: float, look: Look) -> Cell:
    if text == "–" or share >= WHOLE:
        return text
    return html.Span(f"{text} ({look.percent(share, 0)})", className="hatched")


def about(reader: Reader, view: View, _look: Look) -> About:
    """The chosen area."""
    return (queries.SOURCE,), (queries.area_in(reader, view.option("area", "")),)


PAGE = Page(
    name="market",
    icon="chart-line",
    blocks=(
        Block("market-keys", queries.key_frame, body=key_body, wide=True, height=160, controls=area_controls),
        Block(
            "market-curve",
            queries.curve_frame,
            figure=curve_figure,
            wide=True,
            height=400,
            controls=step_controls,
            options=(*OF_AREA, "step"),
        ),
        Block(
            "market-decision",
            queries.decision_frame,
            body=decision_body,
            wide=True,
            controls=decision_controls,
            options=("types", "window", "price_z", "production_z"),
        ),
        Block("market-capture", queries.capture_frame, figure=capture_figure, empty="market.no_production"),
        Block("market-scatter", queries.scatter_frame, figure=scatter_figure, empty="market.no_production"),
        Block("market-cumulative", queries.cumulative_frame, figure=cumulative_figure, empty="market.no_production"),
        Block("market-negative", queries.negative_frame, figure=negative_figure),
        Block("market-days", queries.days_frame, body=days_body, options=("types",)),
        Block("market-recent", queries.recent_frame, body=recent_body),
    ),
    has_series=False,
    options=queries.STANDARDS,
    shared=OF_AREA,
    source=queries.SOURCE,
    scope=queries.scope,
    about=about,
)
