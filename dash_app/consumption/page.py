"""The consumption page: how much, when, and whether it is more than a year before."""

from __future__ import annotations

from datetime import UTC, datetime

from dash import html
from dash.development.base_component import Component

from ..kit.blocks import Block, Frame, Page
from ..kit.components import KeyFigure, named_figures, note
from ..kit.locale import Look
from ..kit.tariffs import Steady
from ..kit.ticks import clock
from . import queries_frames as queries
from .base_load import BASE_SHARE, DARK, FEWEST_DAYS, BaseLoad
from .figures import curve_figure
from .figures_days import days_figure, months_figure
from .figures_heat import heat_figure
from .figures_profile import duration_figure, week_figure
from .key_figures import KeyFigures, Newest, Peak, key_frame
from .period import DAY, Both, Energy

Line = tuple[str, str | None, list[str]]
"""A key figure: its name, its number, None where it is not measured, and the lines under it."""


def key_body(frame: Frame, look: Look) -> Component:
    """The figures of the chosen period, and under a line of their own those of the newest readings."""
    figures: KeyFigures = frame.notes["figures"]
    level = _best(figures.best, look) if figures.best else _base(figures, look)
    newest = _newest(figures.newest, look)
    parts = [_row([_whole(figures, look), _year(figures, look), level, _peak(figures, look)], look)]
    if newest:
        name = "now" if figures.newest.is_yesterday else "newest"
        parts.append(note(look.text(f"consumption.keys.{name}", day=look.day(figures.newest.end - DAY, "long"))))
        parts.append(_row(newest, look))
    return html.Div(parts)


def _row(lines: list[Line], look: Look) -> Component:
    return named_figures("consumption.keys", [_shown(line, look) for line in lines], look)


def _shown(line: Line, look: Look) -> KeyFigure:
    name, amount, texts = line
    return name, amount or look.text("consumption.keys.unknown"), [html.Div(text) for text in texts]


def _newest(newest: Newest, look: Look) -> list[Line]:
    lines: list[Line] = []
    if newest.day and newest.day.wh is not None:
        name = "yesterday" if newest.is_yesterday else "last_day"
        lines.append((name, look.energy(newest.day.wh), day_texts(newest.day, newest.day_before, look)))
    elif not newest.has_whole_day:
        lines.append(("last_day", None, [look.text("consumption.keys.no_whole_day")]))
    if newest.month and newest.month.wh is not None:
        days = look.days(newest.month.first, newest.month.end)
        change, *others = compared_texts(newest.month_both, newest.month, look)
        change = look.text("consumption.keys.change", change=change) if others else change
        name = "month" if newest.is_yesterday else "newest_month"
        lines.append((name, look.energy(newest.month.wh), [days, *_a_day(newest.month, look), change, *others]))
    return lines


def day_texts(day: Energy, before: Energy | None, look: Look) -> list[str]:
    """Which day it is, and how much more than the same one a year before."""
    compared = look.text("consumption.keys.no_year_before")
    if before and before.wh:
        values = {"day": look.day(before.first, "EEE d MMM y"), "before": look.energy(before.wh)}
        change = look.change((day.wh or 0) / before.wh - 1)
        compared = look.text("consumption.keys.against", change=change, **values)
    return [look.day(day.first, "EEEE d MMMM y"), compared]


def compared_texts(both: Both | None, energy: Energy, look: Look) -> list[str]:
    """The change against a year before and what it is of; a line in words where nothing can be compared."""
    now, before, shared = both or (energy, energy, 0)
    if not shared or not before.wh:
        return [look.text("consumption.keys.no_year_before")]
    change, energies = look.change((now.wh or 0) / before.wh - 1), {"before": look.energy(before.wh)}
    if shared == energy.length:  # what it is now stands there already
        return [change, look.text("consumption.keys.both", days=look.days(before.first, before.end), **energies)]
    energies |= {"now": look.energy(now.wh or 0)}
    return [change, look.text("consumption.keys.shared", count=shared, days=energy.length, **energies)]


def _whole(figures: KeyFigures, look: Look) -> Line:
    energy = figures.whole
    return "whole", _amount(energy, look), [look.days(energy.first, energy.end), *_a_day(energy, look)]


def _year(figures: KeyFigures, look: Look) -> Line:
    if figures.is_long:
        return "year", None, [look.text("consumption.keys.too_long")]
    first, *others = compared_texts(figures.both, figures.whole, look)
    return ("year", first, others) if others else ("year", None, [first])


def _base(figures: KeyFigures, look: Look) -> Line:
    """How it is defined, its share and its cost; where days decide it on which nobody seems to be there, that."""
    base = figures.base or BaseLoad(0)
    if base.watts is None:
        return "base", None, [look.text("consumption.keys.base_too_few", count=base.whole, least=FEWEST_DAYS)]
    lines = [
        look.text("consumption.keys.base_rule", share=look.percent(BASE_SHARE, 0)),
        look.text("consumption.keys.base_share", share=look.percent(base.share, 0)),
    ]
    if figures.cost:
        lines.append(_cost(figures.cost, look))
    if base.awake is not None:
        lines.append(look.text("consumption.keys.base_quiet", count=base.quiet, power=look.power(base.awake)))
    if base.dark is not None:
        hours = {"start": clock(60 * DARK[0]), "end": clock(60 * DARK[1])}
        lines.append(look.text("consumption.keys.base_dark", power=look.power(base.dark), **hours))
    if figures.base_before is not None:
        lines.append(look.text("consumption.keys.was", before=look.power(figures.base_before)))
    return "base", look.power(base.watts), lines


def _cost(cost: Steady, look: Look) -> str:
    if cost.euros is None:
        return cost.unpriced(look)
    kind = "example" if cost.tariff.is_example else "own"
    return look.text(f"consumption.keys.cost_{kind}", euros=look.money(float(cost.euros)), name=cost.tariff.name)


def _peak(figures: KeyFigures, look: Look) -> Line:
    lines = [_when(figures.peak, look)]
    if figures.times:
        lines.append(look.text("consumption.keys.times", times=look.number(figures.times, 1)))
    if figures.peak_before is not None:
        before = f"{look.power(figures.peak_before.watts)} ({_when(figures.peak_before, look)})"
        lines.append(look.text("consumption.keys.was", before=before))
    return "peak", look.power(figures.peak.watts), lines


def _best(best: Energy, look: Look) -> Line:
    return "best", _amount(best, look), [look.day(best.first, "EEEE d MMMM y"), *partly_texts(best, look)]


def _amount(energy: Energy, look: Look) -> str | None:
    return None if energy.wh is None else look.energy(energy.wh)


def _a_day(energy: Energy, look: Look) -> list[str]:
    """The mean day, and how much of the days is measured."""
    if energy.wh is None or energy.length == 1:
        return partly_texts(energy, look)
    mean = look.energy(energy.wh / (energy.length * energy.covered))
    return [look.text("consumption.keys.a_day", energy=mean), *partly_texts(energy, look)]


def partly_texts(energy: Energy, look: Look) -> list[str]:
    """How much of the time was measured, where that is not all of it."""
    if energy.covered >= 1:
        return []
    return [look.text("consumption.hover.partly", share=look.covered(energy.covered))]


def _when(peak: Peak, look: Look) -> str:
    return look.moment(datetime.fromtimestamp(peak.at / 1000, UTC), "EEE d MMM y, HH:mm")


PAGE = Page(
    name="consumption",
    icon="bolt",
    blocks=(
        Block("key-figures", key_frame, body=key_body, wide=True, height=240, texts="consumption.keys"),
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
