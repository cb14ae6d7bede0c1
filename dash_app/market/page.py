"""The market page: price against production of an area, and what a day is worth beside the area's own usual ones."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from ..hours.queries import groups_of
from ..kit.blocks import Block, Frame, Page
from ..kit.components import key_figure, key_figures, note
from ..kit.controls import labelled, named, row, segmented, some_of
from ..kit.locale import Look, minus
from ..kit.reader import Reader
from ..kit.view import View
from .figures import capture_figure, cumulative_figure, curve_figure, negative_figure, scatter_figure
from .page_decision import decision_body, decision_controls
from .page_tables import days_body, recent_body
from .queries import SOURCE, STANDARDS, STEPS, market_areas, type_of, types_in
from .queries_decision import decision_frame
from .queries_frames import (
    capture_frame,
    cumulative_frame,
    curve_frame,
    days_frame,
    key_frame,
    negative_frame,
    recent_frame,
    scatter_frame,
)

OF_AREA = ("area", "types")


def area_controls(reader: Reader, view: View, look: Look) -> Component:
    """The area, and the types of production that count."""
    area = view.option("area", STANDARDS["area"])
    areas = sorted({*market_areas(reader), area})
    types = sorted({type_of(group) for group in groups_of(reader, SOURCE, "production")})
    chosen = [name for name in types_in(view) if name in types]
    of_area, of_types = look.text("market.area"), look.text("market.types")
    return row(
        named(of_area, segmented("area", areas, area, of_area)),
        named(of_types, some_of("types", types, chosen, of_types, look.text("market.all_types"))),
    )


def step_controls(_reader: Reader, view: View, look: Look) -> Component:
    """Hours or days."""
    chosen = view.option("step", STANDARDS["step"])
    return segmented("step", labelled(STEPS, "market.step", look), chosen, look.text("market.step"))


def key_body(frame: Frame, look: Look) -> Component:
    """Six numbers; each with what it is made of."""
    figures = frame.notes["figures"]
    hours = {"hours": look.number(figures["priced_hours"])}
    both = look.text("market.keys.both", hours=look.number(figures["hours_with_both"]))
    mean, capture = figures["mean_price_where_both_eur_mwh"], figures["capture_price_eur_mwh"]
    worth = (
        look.text("market.keys.worth", share=look.percent(capture / mean, 0)) if capture and mean and mean > 0 else ""
    )
    share = frame.notes["covered"]
    energy = figures["production_mwh"]
    covered = look.text("market.hover.partly", share=look.covered(share)) if share else ""
    negative, priced = figures["negative_hours"], figures["priced_hours"]
    return html.Div(
        [
            key_figures(
                [
                    _key(
                        "mean",
                        _price(figures["mean_price_eur_mwh"], look),
                        look.text("market.keys.hours", **hours),
                        look,
                    ),
                    _key("production", "–" if energy is None else look.grid_energy(energy * 1e6), covered, look),
                    _key("capture", _price(capture, look), worth, look),
                    _key(
                        "negative",
                        look.number(negative),
                        look.text(
                            "market.keys.of_hours", share=look.percent(negative / priced if priced else 0), **hours
                        ),
                        look,
                    ),
                    _key(
                        "r",
                        "–" if figures["pearson_r"] is None else minus(look.number(figures["pearson_r"], 2)),
                        both,
                        look,
                    ),
                ]
            ),
            note(look.text("market.keys.note")),
        ]
    )


def _key(name: str, figure: str, text: str, look: Look) -> Component:
    return key_figure(look.text(f"market.keys.{name}"), figure, text)


def _price(eur_mwh: float | None, look: Look) -> str:
    return "–" if eur_mwh is None else look.price(eur_mwh)


PAGE = Page(
    name="market",
    title="market.title",
    icon="chart-line",
    empty="market.empty",
    subtitle="market.subtitle",
    blocks=(
        Block(
            "market-keys",
            "market.keys",
            key_frame,
            body=key_body,
            wide=True,
            height=160,
            controls=area_controls,
            options=OF_AREA,
        ),
        Block(
            "market-decision",
            "market.decision",
            decision_frame,
            body=decision_body,
            wide=True,
            controls=decision_controls,
            options=("types", "window", "price_z", "production_z"),
        ),
        Block(
            "market-curve",
            "market.curve",
            curve_frame,
            figure=curve_figure,
            wide=True,
            height=400,
            controls=step_controls,
            options=(*OF_AREA, "step"),
        ),
        Block(
            "market-capture",
            "market.capture",
            capture_frame,
            figure=capture_figure,
            empty="market.no_production",
            options=OF_AREA,
        ),
        Block(
            "market-scatter",
            "market.scatter",
            scatter_frame,
            figure=scatter_figure,
            empty="market.no_production",
            options=OF_AREA,
        ),
        Block(
            "market-cumulative",
            "market.cumulative",
            cumulative_frame,
            figure=cumulative_figure,
            empty="market.no_production",
            options=OF_AREA,
        ),
        Block("market-negative", "market.negative", negative_frame, figure=negative_figure, options=OF_AREA),
        Block("market-days", "market.days", days_frame, body=days_body, options=("types",)),
        Block("market-recent", "market.recent", recent_frame, body=recent_body, options=OF_AREA),
    ),
    has_series=False,
    options=STANDARDS,
    source=SOURCE,
)
