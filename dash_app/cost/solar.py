"""What a roof of solar panels would have saved: an hourly file of PVGIS against the last year of readings."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from dash import html
from dash.development.base_component import Component

from sync.insight.read import columns_of
from sync.model.errors import FileRefused
from sync.model.localtime import midnight
from sync.model.readings import Series
from sync.tariffs.bill import bill, cents
from sync.tariffs.model import Tariff
from sync.tariffs.pvgis import Roof, read_roof
from sync.tariffs.solar import Match, match
from sync.tariffs.split import Energy, add_reading, parts_of_day

from ..kit.blocks import EMPTY_FRAME, Frame
from ..kit.components import key_figures, note, sentence
from ..kit.figures import Figure, axis, bars, colour, faded, figure, hatched, hover, margins, number_width
from ..kit.locale import Look
from ..kit.reader import ZONES, Reader
from ..kit.table import columns_in, table
from ..kit.tariffs import YEAR, calendar_of, stamp
from ..kit.view import View
from . import queries
from .figures import month_axis

ENOUGH = 0.9  # of the year must be measured: summer and winter weigh alike
COLUMNS = ("month", "used_wh", "produced_wh", "direct_wh", "surplus_wh")
SCALE = 1000  # parts of a Wh in which energy is billed


def solar_frame(reader: Reader, view: View) -> Frame:
    """A row a month of the last 365 days that are stored: used, produced, used at once, surplus."""
    series = reader.series_at(view)
    if series is None or series.flow != "consumption":
        return EMPTY_FRAME
    tariffs = queries.tariffs_at(reader, view)
    if not tariffs:
        return queries.FOREIGN
    path, end = reader.settings.pvgis_file, reader.extent(series).end
    if path is None:
        return _lacking("no_file")
    if end is None:
        return EMPTY_FRAME
    try:
        roof = reader.kept(("roof", path, stamp(path)), lambda: read_roof(path))
    except FileRefused as refused:
        return _lacking("problem", str(refused))
    return reader.kept(
        ("solar", series, end, tariffs[0], stamp(tariffs[0].calendar), path, stamp(path)),
        lambda: _frame(reader, series, end, tariffs[0], roof),
    )


def _lacking(what: str, words: str = "") -> Frame:
    """What the card says in place of an answer: nothing is wrong with the readings."""
    return Frame(pd.DataFrame(), notes={"empty": f"cost.solar.{what}", "values": {"problem": words}})


def _frame(reader: Reader, series: Series, end: date, tariff: Tariff, roof: Roof) -> Frame:
    zone, first = ZONES[series.source], end - timedelta(days=YEAR)
    read = columns_of(reader.pair_of(series.source), series, first, end, zone)
    length = (midnight(end, zone) - midnight(first, zone)) // 1000
    covered = float(read.seconds.sum() / length)
    if covered < ENOUGH:
        return _lacking("no_year")
    start = read.start // 1000
    found = match(roof, start, read.wh, read.seconds)
    edges = _months(first, end)
    places = np.searchsorted(start, [midnight(day, zone) // 1000 for day in edges])
    rows = [
        {
            "month": f"{day:%Y-%m}",
            "used_wh": round(float(found.used[low:high].sum())),
            "produced_wh": round(float(found.produced[low:high].sum())),
            "direct_wh": round(float(found.direct[low:high].sum())),
            "surplus_wh": round(float((found.produced - found.direct)[low:high].sum())),
        }
        for day, (low, high) in zip(edges[:-1], pairwise(places), strict=True)
    ]
    saved = _saved(reader, series, (first, end), tariff, (start, read.seconds, found.direct))
    notes = {"match": found, "roof": roof, "saved": saved, "tariff": tariff, "held": (first, end), "covered": covered}
    return Frame(pd.DataFrame(rows, columns=list(COLUMNS)), covered, notes)


def _months(first: date, end: date) -> list[date]:
    """The first day, the first of each month after it, and the end."""
    found = [first]
    while found[-1] < end:
        found.append(min(end, (found[-1].replace(day=1) + timedelta(days=32)).replace(day=1)))
    return found


def _saved(
    reader: Reader, series: Series, period: tuple[date, date], tariff: Tariff, direct: tuple[Any, Any, Any]
) -> Fraction | None:
    """€ that need not be paid for the energy used at once; None where some of it has no price."""
    energy: defaultdict[date, defaultdict[int, Energy]] = defaultdict(lambda: defaultdict(int))
    parts, zone = parts_of_day((tariff,)), ZONES[series.source]
    for start, seconds, wh in zip(*(each.tolist() for each in direct), strict=True):
        if wh > 0:
            add_reading(energy, (start, seconds, round(wh * SCALE)), parts, zone)
    bills = bill(tariff, calendar_of(reader, tariff).colours, energy, period).values()
    if any(each.unpriced for each in bills):
        return None
    return sum((each.for_energy for each in bills), Fraction(0)) / SCALE


def solar_said(frame: Frame, look: Look) -> Component:
    """What it saves, in a sentence, and its shares."""
    found: Match = frame.notes["match"]
    roof: Roof = frame.notes["roof"]
    surplus = float((found.produced - found.direct).sum())
    saved: Fraction | None = frame.notes["saved"]
    parts = {"energy": look.energy(float(found.direct.sum())), "name": frame.notes["tariff"].name}
    if saved is None:
        first = look.text("cost.solar.unpriced", **parts)
    else:
        first = look.text("cost.solar.saves", euros=look.money(float(cents(saved))), **parts)
    low, high = (look.percent(float(each)) for each in (found.self_use.min(), found.self_use.max()))
    years = _years(roof)
    between = look.text("cost.solar.between", low=low, high=high, **years) if len(roof.years) > 1 else ""
    keys = [
        (look.text("cost.solar.self_use"), look.percent(found.mean_self_use), between),
        (look.text("cost.solar.autonomy"), look.percent(found.autonomy), look.energy(float(found.used.sum()))),
        (look.text("cost.solar.produced"), look.energy(float(found.produced.sum())), _kwp(roof, look)),
        (look.text("cost.solar.surplus"), look.energy(surplus), look.text("cost.solar.not_sold")),
    ]
    return html.Div([sentence(first), key_figures(keys)])


def solar_figure(frame: Frame, look: Look) -> Figure:
    """Two bars a month: what was used and what the roof gives; both stand on what would have been used at once."""
    table, (first, end) = frame.table, frame.notes["held"]
    edges = _months(first, end)
    firsts = [day.replace(day=1) for day in edges[:-1]]
    parts = [(day, until) for day, until in pairwise(edges)]
    whole = [(until - timedelta(days=1)).month != until.month and day.day == 1 for day, until in parts]
    bought = table["used_wh"] - table["direct_wh"]
    blue, amber, pale = colour(look, "consumption"), colour(look, "production"), faded(look, "production", 0.35)
    stacks = [
        ("used", "direct", table["direct_wh"], amber),
        ("used", "bought", bought, blue),
        ("roof", "direct", table["direct_wh"], amber),
        ("roof", "surplus", table["surplus_wh"], pale),
    ]
    data = []
    for stack, name, wh, fill in stacks:
        text = look.text(f"cost.solar.part.{name}")
        texts = [
            f"{look.days(*part)}<br>{text} {look.energy(each)}" for part, each in zip(parts, wh.tolist(), strict=True)
        ]
        marker = {"color": fill, "pattern": hatched([not each for each in whole], colour(look, "missing"))}
        trace = bars([day.isoformat() for day in firsts], (wh / 1000).tolist(), name=text, marker=marker)
        data.append(trace | {"offsetgroup": stack, "showlegend": False} | hover(texts))
    # Plain, as a whole month: else the first bar decides what the legend looks like.
    legend = {trace["name"]: trace["marker"]["color"] for trace in data}
    data += [
        bars([None], [None], name=text, marker={"color": fill}, hoverinfo="skip", offsetgroup="used")
        for text, fill in legend.items()
    ]
    highest = max(*table["used_wh"].tolist(), *table["produced_wh"].tolist()) / 1000
    return figure(
        look,
        data,
        barmode="stack",
        bargap=0.25,
        hovermode="closest",
        showlegend=True,
        xaxis=month_axis(firsts[0], len(firsts), look),
        yaxis=axis(look, look.text("cost.solar.axis"), rangemode="tozero", fixedrange=True, tickformat=",.0f"),
        firm=margins(left=number_width(highest), top=30, bottom=44),
    )


def solar_measured(frame: Frame, look: Look) -> Component:
    """Month by month, and what is taken for granted."""
    found: Match = frame.notes["match"]
    years = _years(frame.notes["roof"])
    bias = look.number(100 * (found.hourly_self_use - found.mean_self_use), 1)
    lines = [note(look.text("cost.solar.bias", points=bias)), note(look.text("cost.solar.rests", **years))]
    return html.Div([_table(frame, look), *lines])


def _years(roof: Roof) -> dict[str, str]:
    return {"first": str(roof.years[0]), "last": str(roof.years[-1])}


def _kwp(roof: Roof, look: Look) -> str:
    return look.text("cost.solar.kwp", kwp=look.significant(roof.kwp)) if roof.kwp else ""


def _table(frame: Frame, look: Look) -> Component:
    rows: list[list[str]] = []
    for month, *energies in frame.table.values.tolist():
        rows.append([look.day(date.fromisoformat(f"{month}-01"), "MMMM y"), *map(look.energy, energies)])
    head = columns_in("cost", ("month", "used", "produced", "direct", "surplus"), look)
    return table(look.text("cost.solar.title"), head, rows, frozenset({1, 2, 3, 4}))
