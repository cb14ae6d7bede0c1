"""The decision table: a verdict an area, the rule in words, and the sentence that leads to each verdict."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from ..kit.blocks import Frame
from ..kit.components import note
from ..kit.controls import row, slider
from ..kit.locale import Look, minus
from ..kit.reader import Reader
from ..kit.table import Cell, table
from ..kit.view import View
from .queries_decision import RANGES, Rule, Side, Verdict, rule_in


def decision_controls(_reader: Reader, view: View, look: Look) -> Component:
    """Days of the window, and how far from usual price and production have to be."""
    rule = rule_in(view)
    return row(
        _slider("window", rule.window, 1, [7, 30, 90, 180], look),
        _slider("price_z", rule.price_z, 0.1, [0.5, 1, 2, 3], look),
        _slider("production_z", rule.production_z, 0.1, [0.5, 1, 2, 3], look),
    )


def _slider(name: str, value: float, step: float, numbers: list[float], look: Look) -> Component:
    marks = [{"value": number, "label": look.number(number, 0 if number == int(number) else 1)} for number in numbers]
    return slider(name, value, RANGES[name], look.text(f"market.{name}"), marks, step=step, precision=1)


def decision_body(frame: Frame, look: Look) -> Component:
    """The rule, then a row an area with its sentence."""
    verdicts: list[Verdict] = frame.notes["verdicts"]
    rule: Rule = frame.notes["rule"]
    head = [look.text(f"market.column.{name}") for name in ("area", "verdict", "why", "day", "price", "production")]
    rows: list[list[Cell]] = [
        [
            each.area,
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


def reason(found: Verdict, rule: Rule, look: Look) -> str:
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


def _side(side: Side, look: Look) -> str:
    return look.text("market.above" if (side.z or 0) > 0 else "market.below" if (side.z or 0) < 0 else "market.equal")


def _z(z: float, look: Look, *, signed: bool = False) -> str:
    return ("+" if signed and z > 0 else "") + minus(look.number(z, 2 if signed else 1))
