"""The consumption page: how much, when, and whether it is more than a year before."""

from __future__ import annotations

from datetime import UTC, datetime

from dash import html
from dash.development.base_component import Component

from ..kit.blocks import Block, Frame, Page
from ..kit.components import KeyFigure, named_figures
from ..kit.locale import Look
from . import queries_frames as queries
from .figures import curve_figure
from .figures_days import days_figure, months_figure
from .figures_heat import heat_figure
from .figures_profile import duration_figure, week_figure

Line = tuple[str, str | None, list[str]]
"""A key figure: its name, its number, None where it is not measured, and the lines under it."""


def key_body(frame: Frame, look: Look) -> Component:
    """Three of the newest days and three of the chosen period; where nothing was measured, words."""
    figures: queries.KeyFigures = frame.notes["figures"]
    fifth = _best(figures, look) if frame.notes["is_production"] else _base(figures, look)
    rows = [
        [_yesterday(figures, look), _month(figures, look), _year(figures, look)],
        [_whole(figures, look), fifth, _peak(figures, look)],
    ]
    return html.Div([named_figures("consumption.keys", [_shown(line, look) for line in row], look) for row in rows])


def _shown(line: Line, look: Look) -> KeyFigure:
    name, amount, texts = line
    return name, amount or look.text("consumption.not_measured"), [html.Div(text) for text in texts]


def _yesterday(figures: queries.KeyFigures, look: Look) -> Line:
    name = "yesterday" if figures.is_yesterday else "last_day"
    energy, before = figures.yesterday, figures.yesterday_before
    if energy is None or energy.wh is None:
        return name, None, [look.text("consumption.keys.no_whole_day")]
    if before is None or not before.wh:
        compared = look.text("consumption.keys.no_year_before")
    else:
        compared = look.text(
            "consumption.keys.against",
            change=look.change(energy.wh / before.wh - 1),
            day=look.day(before.first, "EEE d MMM y"),
            before=look.energy(before.wh),
        )
    return name, look.energy(energy.wh), [look.day(energy.first, "EEEE d MMMM y"), compared]


def _month(figures: queries.KeyFigures, look: Look) -> Line:
    energy = figures.month
    return "month", _amount(energy, look), [look.days(energy.first, energy.end), *_a_day(energy, look)]


def _year(figures: queries.KeyFigures, look: Look) -> Line:
    if figures.both is None or not figures.both[1].wh:
        return "year", None, [look.text("consumption.keys.no_year_before")]
    now, before, shared = figures.both
    energies = {"now": look.energy(now.wh or 0), "before": look.energy(before.wh or 0)}
    lines = [
        look.text("consumption.keys.both", **energies),
        look.text("consumption.keys.weekdays", days=look.days(before.first, before.end)),
    ]
    if shared < queries.MONTH:
        lines.append(look.text("consumption.keys.shared", count=shared))
    return "year", look.change((now.wh or 0) / (before.wh or 1) - 1), lines


def _whole(figures: queries.KeyFigures, look: Look) -> Line:
    energy, both = figures.whole, figures.whole_both
    lines = _a_day(energy, look)
    if energy.wh is not None and both and both[1].wh:
        change = look.change((both[0].wh or 0) / both[1].wh - 1)
        is_all = both[2] == (energy.end - energy.first).days
        text = "consumption.keys.whole_change" if is_all else "consumption.keys.whole_change_on_days"
        lines.append(look.text(text, change=change, count=both[2]))
    return "whole", _amount(energy, look), lines


def _base(figures: queries.KeyFigures, look: Look) -> Line:
    lines = [look.text("consumption.keys.base_rule")]
    if figures.base is None:
        return "base", None, lines
    if figures.share is not None:
        lines.append(look.text("consumption.keys.base_share", share=look.percent(figures.share, 0)))
    if figures.base_before is not None:
        lines.append(look.text("consumption.keys.was", before=look.power(figures.base_before)))
    return "base", look.power(figures.base), lines


def _peak(figures: queries.KeyFigures, look: Look) -> Line:
    peak = figures.peak
    if peak is None:
        return "peak", None, []
    lines = [_when(peak, look)]
    if figures.times:
        lines.append(look.text("consumption.keys.times", times=look.number(figures.times, 1)))
    if figures.peak_before is not None:
        before = f"{look.power(figures.peak_before.watts)} ({_when(figures.peak_before, look)})"
        lines.append(look.text("consumption.keys.was", before=before))
    return "peak", look.power(peak.watts), lines


def _best(figures: queries.KeyFigures, look: Look) -> Line:
    best = figures.best
    if best is None:
        return "best", None, []
    return "best", _amount(best, look), [look.day(best.first, "EEEE d MMMM y"), *_partly(best, look)]


def _amount(energy: queries.Energy, look: Look) -> str | None:
    return None if energy.wh is None else look.energy(energy.wh)


def _a_day(energy: queries.Energy, look: Look) -> list[str]:
    """The mean day, and how much of the days is measured."""
    if energy.wh is None:
        return []
    days = (energy.end - energy.first).days
    mean = look.energy(energy.wh / (days * energy.covered))
    return [look.text("consumption.keys.a_day", energy=mean), *_partly(energy, look)]


def _partly(energy: queries.Energy, look: Look) -> list[str]:
    if energy.covered >= 1:
        return []
    return [look.text("consumption.hover.partly", share=look.covered(energy.covered))]


def _when(peak: queries.Peak, look: Look) -> str:
    return look.moment(datetime.fromtimestamp(peak.at / 1000, UTC), "EEE d MMM y, HH:mm")


PAGE = Page(
    name="consumption",
    icon="bolt",
    blocks=(
        Block("key-figures", queries.key_frame, body=key_body, wide=True, height=240, texts="consumption.keys"),
        Block(
            "load-curve",
            queries.curve_frame,
            figure=curve_figure,
            wide=True,
            height=400,
            zooms=True,
            texts="consumption.curve",
        ),
        Block("hours", queries.heat_frame, figure=heat_figure, wide=True, height=360, texts="consumption.heat"),
        Block("days", queries.days_frame, figure=days_figure, texts="consumption.days"),
        Block("months", queries.months_frame, figure=months_figure, texts="consumption.months"),
        Block("typical-week", queries.week_frame, figure=week_figure, texts="consumption.week"),
        Block("load-duration", queries.duration_frame, figure=duration_figure, texts="consumption.duration"),
    ),
)
