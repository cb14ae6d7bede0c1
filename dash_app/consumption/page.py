"""The consumption page: how much, when, and whether it is more than a year before."""

from __future__ import annotations

from datetime import UTC, datetime

from dash import html
from dash.development.base_component import Component

from ..kit.blocks import Block, Frame, Page
from ..kit.components import key_figure, key_figures
from ..kit.locale import Look
from .figures import curve_figure
from .figures_days import days_figure, months_figure
from .figures_heat import heat_figure
from .figures_profile import duration_figure, week_figure
from .queries_frames import (
    MONTH,
    Energy,
    KeyFigures,
    Peak,
    curve_frame,
    days_frame,
    duration_frame,
    heat_frame,
    key_frame,
    months_frame,
    week_frame,
)


def key_body(frame: Frame, look: Look) -> Component:
    """Three of the newest days and three of the chosen period; where nothing was measured, words."""
    figures: KeyFigures = frame.notes["figures"]
    fifth = _best(figures, look) if frame.notes["is_production"] else _base(figures, look)
    of_today = [_yesterday(figures, look), _month(figures, look), _year(figures, look)]
    of_period = [_whole(figures, look), fifth, _peak(figures, look)]
    return html.Div([key_figures(of_today), key_figures(of_period)])


def _yesterday(figures: KeyFigures, look: Look) -> Component:
    label = look.text("consumption.keys.yesterday" if figures.is_yesterday else "consumption.keys.last_day")
    energy, before = figures.yesterday, figures.yesterday_before
    if energy is None or energy.wh is None:
        return _key(label, None, [look.text("consumption.keys.no_whole_day")], look)
    if before is None or not before.wh:
        compared = look.text("consumption.keys.no_year_before")
    else:
        compared = look.text(
            "consumption.keys.against",
            change=look.change(energy.wh / before.wh - 1),
            day=look.day(before.first, "EEE d MMM y"),
            before=look.energy(before.wh),
        )
    return _key(label, look.energy(energy.wh), [look.day(energy.first, "EEEE d MMMM y"), compared], look)


def _month(figures: KeyFigures, look: Look) -> Component:
    label, energy = look.text("consumption.keys.month"), figures.month
    lines = [look.days(energy.first, energy.end)]
    if energy.wh is None:
        return _key(label, None, lines, look)
    lines.append(look.text("consumption.keys.a_day", energy=look.energy(energy.wh / (MONTH * energy.covered))))
    return _key(label, look.energy(energy.wh), [*lines, *_partly(energy, look)], look)


def _year(figures: KeyFigures, look: Look) -> Component:
    label = look.text("consumption.keys.year")
    if figures.both is None or not figures.both[1].wh:
        return _key(label, None, [look.text("consumption.keys.no_year_before")], look)
    now, before, shared = figures.both
    energies = {"now": look.energy(now.wh or 0), "before": look.energy(before.wh or 0)}
    lines = [
        look.text("consumption.keys.both", **energies),
        look.text("consumption.keys.weekdays", days=look.days(before.first, before.end)),
    ]
    if shared < MONTH:
        lines.append(look.text("consumption.keys.shared", count=look.number(shared)))
    return _key(label, look.change((now.wh or 0) / (before.wh or 1) - 1), lines, look)


def _whole(figures: KeyFigures, look: Look) -> Component:
    label, energy, both = look.text("consumption.keys.whole"), figures.whole, figures.whole_both
    if energy.wh is None:
        return _key(label, None, [], look)
    days = (energy.end - energy.first).days
    lines = [look.text("consumption.keys.a_day", energy=look.energy(energy.wh / (days * energy.covered)))]
    lines += _partly(energy, look)
    if both and both[1].wh:
        change = look.change((both[0].wh or 0) / both[1].wh - 1)
        text = "consumption.keys.whole_change" if both[2] == days else "consumption.keys.whole_change_on_days"
        lines.append(look.text(text, change=change, count=look.number(both[2])))
    return _key(label, look.energy(energy.wh), lines, look)


def _base(figures: KeyFigures, look: Look) -> Component:
    label, rule = look.text("consumption.keys.base"), look.text("consumption.keys.base_rule")
    if figures.base is None:
        return _key(label, None, [rule], look)
    lines = [rule]
    if figures.share is not None:
        lines.append(look.text("consumption.keys.base_share", share=look.percent(figures.share, 0)))
    if figures.base_before is not None:
        lines.append(look.text("consumption.keys.was", before=look.power(figures.base_before)))
    return _key(label, look.power(figures.base), lines, look)


def _peak(figures: KeyFigures, look: Look) -> Component:
    label, peak = look.text("consumption.keys.peak"), figures.peak
    if peak is None:
        return _key(label, None, [], look)
    lines = [_when(peak, look)]
    if figures.times:
        lines.append(look.text("consumption.keys.times", times=look.number(figures.times, 1)))
    if figures.peak_before is not None:
        before = f"{look.power(figures.peak_before.watts)} ({_when(figures.peak_before, look)})"
        lines.append(look.text("consumption.keys.was", before=before))
    return _key(label, look.power(peak.watts), lines, look)


def _best(figures: KeyFigures, look: Look) -> Component:
    label, best = look.text("consumption.keys.best"), figures.best
    if best is None or best.wh is None:
        return _key(label, None, [], look)
    return _key(label, look.energy(best.wh), [look.day(best.first, "EEEE d MMMM y"), *_partly(best, look)], look)


def _key(label: str, figure: str | None, lines: list[str], look: Look) -> Component:
    """A key figure with its lines; None: not measured."""
    return key_figure(label, figure or look.text("consumption.not_measured"), [html.Div(line) for line in lines])


def _partly(energy: Energy, look: Look) -> list[str]:
    if energy.covered >= 1:
        return []
    return [look.text("consumption.hover.partly", share=look.covered(energy.covered))]


def _when(peak: Peak, look: Look) -> str:
    return look.moment(datetime.fromtimestamp(peak.at / 1000, UTC), "EEE d MMM y, HH:mm")


PAGE = Page(
    name="consumption",
    title="consumption.title",
    icon="bolt",
    empty="consumption.empty",
    blocks=(
        Block("key-figures", key_frame, body=key_body, wide=True, height=240, texts="consumption.keys"),
        Block(
            "load-curve", curve_frame, figure=curve_figure, wide=True, height=400, zooms=True, texts="consumption.curve"
        ),
        Block("hours", heat_frame, figure=heat_figure, wide=True, height=360, texts="consumption.heat"),
        Block("days", days_frame, figure=days_figure, texts="consumption.days"),
        Block("months", months_frame, figure=months_figure, texts="consumption.months"),
        Block("typical-week", week_frame, figure=week_figure, texts="consumption.week"),
        Block("load-duration", duration_frame, figure=duration_figure, texts="consumption.duration"),
    ),
)
