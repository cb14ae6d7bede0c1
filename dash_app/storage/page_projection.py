"""What more meters, more years or other steps would take: the sliders, and where each form stops fitting, in words."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from ..kit.blocks import Frame
from ..kit.components import note, sentence, warning
from ..kit.controls import named, segmented, side_by_side, slider
from ..kit.locale import Look
from ..kit.reader import Reader
from ..kit.sizes import Measured
from ..kit.table import Cell, table
from ..kit.view import View
from .figures import counted
from .projection import DISK, FORMS, QUOTA, STEPS, TIERS, Fit, Wish, smallest
from .queries import RANGES, chosen


def controls(_reader: Reader, view: View, look: Look) -> Component:
    """Meters (a logarithmic slider: the option is the power of ten), years, and the step."""
    powers = [{"value": power, "label": look.compact(10**power)} for power in range(7)]
    years = [{"value": year, "label": str(year)} for year in (1, 5, 10, 20, 30)]
    step = look.text("storage.projection.step")
    return side_by_side(
        _slider("log_meters", "meters", powers, view, look, step=0.1, label=None),
        _slider("years", "years", years, view, look, step=1),
        named(step, segmented("step", [str(minutes) for minutes in STEPS], f"{chosen(view, 'step'):g}", step)),
    )


def _slider(name: str, text: str, marks: list[dict[str, Any]], view: View, look: Look, **more: Any) -> Component:
    return slider(name, chosen(view, name), RANGES[name], look.text(f"storage.projection.{text}"), marks, **more)


def fits_body(frame: Frame, look: Look) -> Component:
    """The wish in words, what each form needs of it, the most meters of each tier, and the formula with its numbers."""
    fits: list[Fit] = frame.notes["fits"]
    if not fits:
        return warning(look.text("storage.refused"))
    wish: Wish = frame.notes["wish"]
    measured: Measured = frame.notes["measured"]
    asked = look.text(
        "storage.fits.wish",
        meters=counted(wish.meters, "meter", look),
        years=counted(wish.years, "year", look),
        step=look.number(wish.step),
        readings=look.number(float(f"{wish.readings:.3g}")),
    )
    head = [look.text(f"storage.fits.{key}") for key in ("tier", "regular", "timeseries")]
    rows = [_tier_row([fit for fit in fits if fit.tier == tier], look) for tier in TIERS]
    left = [
        sentence(asked),
        html.Ul([html.Li(_needs(fits, form, look)) for form in FORMS], className="needs"),
        table(look.text("storage.fits.title"), head, rows, frozenset({1, 2}), blocks=True),
    ]
    right = [
        html.P(look.text("storage.fits.formula"), className="formula"),
        html.P(look.text("storage.fits.readings"), className="formula"),
        table(
            look.text("storage.fits.formula"),
            [look.text(f"storage.fits.{key}") for key in ("measured", "fixed", "each")],
            [_line_row(fits, form, counts, look) for form in FORMS for counts in (QUOTA, DISK)],
            frozenset({1, 2}),
            blocks=True,
        ),
        note(look.text("storage.fits.source", readings=look.number(measured.readings), source=measured.source)),
    ]
    return html.Div([html.Div(left), html.Div(right)], className="halves")


def _needs(fits: list[Fit], form: str, look: Look) -> str:
    name = _capital(look.text(f"storage.{form}"))
    found = smallest(fits, form)
    fit = found or [fit for fit in fits if fit.form == form][-1]
    needed = look.text(f"storage.fits.{fit.tier.counts}", limit=look.bytes(fit.bytes))
    return look.text(f"storage.fits.{'needs' if found else 'none'}", form=name, bytes=needed, tier=fit.tier.name)


def _tier_row(both: list[Fit], look: Look) -> list[Cell]:
    tier = both[0].tier
    limit = look.text(f"storage.fits.{tier.counts}", limit=look.bytes(tier.limit))
    counts = [counted(fit.meters, "meter", look) for fit in both]
    return [[html.Strong(tier.name), html.Span(limit, className="what")], *counts]


def _line_row(fits: list[Fit], form: str, counts: str, look: Look) -> list[Cell]:
    line = next(fit.line for fit in fits if fit.form == form and fit.tier.counts == counts)
    name = html.Strong(_capital(look.text(f"storage.form.{form}")))
    counted_as = html.Span(look.text(f"storage.fits.counts.{counts}"), className="what")
    return [[name, counted_as], look.number(line.fixed), look.significant(line.each, 4)]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
