"""Which eight hours would have been the best off-peak hours, over what was measured, against the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd
from dash import html
from dash.development.base_component import Component

from sync.model.readings import Series
from sync.tariffs.bill import cents
from sync.tariffs.model import PEAK, Ranges, Tariff
from sync.tariffs.split import DayParts
from sync.tariffs.window import GRID, STEP, BestWindow, best_window, window_at

from ..kit.blocks import EMPTY_FRAME, Frame
from ..kit.components import key_figures, note, sentence
from ..kit.figures import Figure, axis, bars, colour, faded, figure, hover, margins, number_width, words
from ..kit.lines import half_hour, hours_axis
from ..kit.locale import Look
from ..kit.reader import ZONES, Reader
from ..kit.ticks import hours_text
from ..kit.view import View
from . import queries
from .figures import CLEAR

EDGE = 12  # half-hours from either end that the words' middle keeps
NO_SUCH_CONTRACT = Frame(pd.DataFrame(), notes={"empty": "cost.window.none"})
TOO_LITTLE = Frame(pd.DataFrame(), notes={"empty": "cost.window.too_little"})


def window_frame(reader: Reader, view: View) -> Frame:
    """A row a half-hour of the day: mean energy, in the best window or not, in the contract's own hours or not."""
    compared, series = queries.comparison(reader, view), reader.series_at(view)
    if compared is None or series is None:
        return EMPTY_FRAME if queries.tariffs_at(reader, view) else queries.FOREIGN
    contract = next((each for each in compared.contracts if each.tariff.kind == PEAK), None)
    if contract is None:
        return NO_SUCH_CONTRACT
    tariff, last = contract.tariff, compared.end - timedelta(days=1)
    prices = tariff.prices_on(last)
    if prices is None or not contract.is_whole or not compared.can_be_ranked:
        return TOO_LITTLE
    period = compared.start, compared.end
    best, shared = reader.kept(("window", series, period, tariff), lambda: _best(reader, series, period, tariff))
    own = prices.off_peak_on(last)
    measured = max(1, round(sum(month.covered for month in compared.months) / queries.DAY_SECONDS))
    rows = [
        {
            "local_time": f"{minute // 60:02}:{minute % 60:02}",
            "mean_wh": round(float(best.wh.get(minute, 0)) / measured, 2),
            "in_best_window": _lies(minute, best.ranges),
            "in_own_hours": _lies(minute, own),
        }
        for minute in GRID
    ]
    notes = {"best": best, "tariff": tariff, "own": own, "shared": shared, "held": period, "wh": compared.wh}
    return Frame(pd.DataFrame(rows), queries.covered_share(compared.months), notes)


def _best(reader: Reader, series: Series, period: tuple[date, date], tariff: Tariff) -> tuple[BestWindow, int]:
    """The window, and how many readings lie across a half-hour and were shared out."""
    parts = tuple(sorted(frozenset(GRID) | tariff.edges))
    zone = ZONES[series.source]
    measured = queries.energy_by_part(reader.pair_of(series.source), series, zone, period, parts)
    energy: DayParts = measured.energy
    return best_window(tariff, energy, period), measured.shared


def _lies(minute: int, ranges: Ranges) -> bool:
    return any(start < minute + STEP and minute < end for start, end in ranges)


def window_body(frame: Frame, look: Look) -> Component:
    """The window and what it would have saved, in a sentence; the energy in each; what is assumed."""
    best: BestWindow = frame.notes["best"]
    tariff: Tariff = frame.notes["tariff"]
    saved = cents(best.saved) if best.saved > 0 else 0
    parts = {"window": hours_text(best.ranges), "own": hours_text(frame.notes["own"]), "name": tariff.name}
    kind = "saves" if saved else "own"
    first = look.text(f"cost.window.{kind}", euros=look.money(float(saved)), **parts)
    keys = [
        (look.text(f"cost.window.{name}_share"), look.percent(float(wh / frame.notes["wh"])), look.energy(float(wh)))
        for name, wh in (("best", best.inside), ("own", best.own))
    ]
    lines = [note(_allowed(best, look)), note(look.text("cost.window.rests", name=tariff.name))]
    if any(prices.seasons for prices in tariff.prices):
        lines.append(note(look.text("cost.window.seasons", own=parts["own"])))
    if frame.notes["shared"]:
        lines.append(note(look.text("cost.window.shared", count=frame.notes["shared"])))
    return html.Div([sentence(first), key_figures(keys), *lines])


def _allowed(best: BestWindow, look: Look) -> str:
    """What is to be had of it: the best stretch within the hours that French rules leave to the grid operator."""
    window, saved = hours_text(window_at(best.allowed)), cents(best.allowed_saved)
    if saved <= 0:
        return look.text("cost.window.none_allowed", window=window)
    return look.text("cost.window.allowed", window=window, euros=look.money(float(saved)))


def day_figure(frame: Frame, look: Look) -> Figure:
    """Mean energy by half-hour of the day over the period; the best window shaded, the own hours a strip below it."""
    best: BestWindow = frame.notes["best"]
    values = frame.table["mean_wh"].tolist()
    texts = [f"{half_hour(slot)}<br>{look.energy(wh)}" for slot, wh in enumerate(values)]
    top = max([*values, 1.0]) * 1.18
    blue = colour(look, "consumption")
    shades = _shades(best.ranges, faded(look, "price", 0.2), (0, 1))
    strips = _shades(frame.notes["own"], colour(look, "quiet"), (-0.035, -0.005))
    return figure(
        look,
        [bars([slot + 0.5 for slot in range(len(values))], values, marker={"color": blue}, **hover(texts))],
        bargap=0.15,
        hovermode="closest",
        shapes=[*shades, *strips],
        xaxis=hours_axis(look, look.text("cost.window.axis.hour"), ticklen=8, ticks="outside", tickcolor=CLEAR),
        yaxis=axis(look, look.text("cost.window.axis.wh"), range=[0, top], fixedrange=True),
        annotations=[_named(best.ranges, look)],
        firm=margins(left=number_width(top), top=14, bottom=52),
    )


def _shades(ranges: Ranges, fill: str, height: Sequence[float]) -> list[dict[str, object]]:
    across = {"type": "rect", "xref": "x", "yref": "paper", "y0": height[0], "y1": height[1], "layer": "below"}
    return [
        across | {"x0": start / STEP, "x1": end / STEP, "fillcolor": fill, "line": {"width": 0}}
        for start, end in ranges
    ]


def _named(ranges: Ranges, look: Look) -> dict[str, object]:
    """The words over the widest part of the window, inside of the frame on a phone, too."""
    start, end = max(ranges, key=lambda each: each[1] - each[0])
    text = look.text("cost.window.here")
    middle = (start + end) / 2 / STEP
    at = {"xref": "x", "x": min(max(middle, EDGE), len(GRID) - EDGE), "y": 1, "yanchor": "top", "yshift": -2}
    return words(text, font={"size": 11, "color": colour(look, "price")}, **at)
