"""Days as bars with their coverage, and months beside the same months a year before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from ..kit.blocks import Frame
from ..kit.days import Days
from ..kit.figures import SILENT, Figure, axis, bars, colour, faded, figure, hover, margins, number_width, scatter
from ..kit.lines import OWN_TITLE
from ..kit.locale import Look
from ..kit.ticks import DAY_MS, box, day_ticks, flow_of, flow_text, hatching, stretches
from .figures_heat import HALF_DAY
from .queries_frames import BEFORE

CLEAR = "rgba(0,0,0,0)"
THIN = 100  # days from which bars are too thin for an outline of full width
FEW_MONTHS = 7  # more, and only every second or third is written out


def days_figure(frame: Frame, look: Look) -> Figure:
    """A bar a local day. Measured in part: hollow; not measured: hatched, never a bar of zero."""
    notes = frame.notes
    days: Days = notes["days"]
    own = colour(look, flow_of(notes))
    kwh = np.round(days.wh / 1000, 3)
    measured, whole = days.seconds > 0, days.is_whole
    top = float(kwh.max()) * 1.06 or 1.0
    names = [each.isoformat() for each in days.dates()]
    missing = hatching(_missing(measured, days.first, top), look)
    return figure(
        look,
        [
            *([missing] if missing["x"] else []),
            bars(
                names,
                [float(each) if there else None for each, there in zip(kwh, measured, strict=True)],
                width=DAY_MS * 0.8,
                marker={
                    "color": [own if each else CLEAR for each in whole],
                    "line": {
                        "color": own,
                        "width": [0 if each else 0.8 if len(days) > THIN else 1.6 for each in whole],
                    },
                },
                hoverinfo="skip",
            ),
            scatter(
                "lines",
                names,
                np.where(measured, kwh, 0.0).tolist(),
                line={"width": 0, "color": own},
                **hover([_day_text(days, place, each, look) for place, each in enumerate(days.dates())]),
            ),
        ],
        xaxis=axis(
            look,
            **day_ticks(notes["first"], notes["end"], look),
            range=_edges(notes["first"], notes["end"]),
            showgrid=False,
        )
        | OWN_TITLE,
        yaxis=axis(look, flow_text(notes, "kwh", look), range=[0, top], fixedrange=True),
        firm=margins(left=number_width(top)),
    )


def months_figure(frame: Frame, look: Look) -> Figure:
    """Two bars a month: a year before in grey-blue behind, now in front. Measured in part: hollow."""
    table = frame.table
    own = colour(look, flow_of(frame.notes))
    inks = {BEFORE: faded(look, flow_of(frame.notes), 0.4), "": own}
    names = {BEFORE: look.text("consumption.before"), "": look.text("consumption.now")}
    pairs = [_month_bars(table, year, ink) | {"offsetgroup": names[year]} for year, ink in inks.items()]
    # Full, as a month measured whole: else the first bar decides what the legend looks like.
    legend = [
        bars([None], [None], name=names[year], marker={"color": ink}, hoverinfo="skip", offsetgroup=names[year])
        for year, ink in inks.items()
    ]
    highest = table[["kwh", f"kwh{BEFORE}"]].max(axis=1).fillna(0.0).astype(float).tolist()
    texts = [_month_text(row, look) for row in table.to_dict("records")]
    line = {"width": 0, "color": own}
    unseen = scatter("lines", table["month"].tolist(), highest, line=line, showlegend=False, **hover(texts))
    every = 1 if len(table) <= FEW_MONTHS else 2 if len(table) <= 2 * FEW_MONTHS else 3
    months = [date.fromisoformat(f"{month}-01") for month in table["month"]]
    shown = [month for month in months if month.month % every == 1 % every]
    return figure(
        look,
        [*pairs, *legend, unseen],
        barmode="group",
        bargap=0.22,
        bargroupgap=0.04,
        showlegend=True,
        xaxis=axis(
            look,
            type="category",
            categoryorder="array",
            categoryarray=table["month"].tolist(),
            tickvals=[f"{month:%Y-%m}" for month in shown],
            ticktext=[_month_tick(month, month == shown[0], look) for month in shown],
            tickangle=0,
        )
        | OWN_TITLE,
        yaxis=axis(look, flow_text(frame.notes, "kwh", look), range=[0, (max(highest) or 1.0) * 1.06], fixedrange=True),
        firm=margins(left=number_width(max(highest)), top=30),
    )


def _missing(measured: Any, first: date, top: float) -> list[Any]:
    """Stretches of days without a reading, as boxes of full height."""
    start = (first - date(1970, 1, 1)).days * DAY_MS - HALF_DAY
    return [box(start + left * DAY_MS, start + right * DAY_MS, 0, top) for left, right in stretches(~measured)]


def _edges(first: date, end: date) -> list[int]:
    return [(each - date(1970, 1, 1)).days * DAY_MS - HALF_DAY for each in (first, end)]


def _day_text(days: Days, place: int, day: date, look: Look) -> str:
    text = look.day(day, "EEE d MMM y")
    hours = int(days.expected[place]) // 3600
    if hours != 24:
        text += f" ({look.text('consumption.change', hours=hours)})"
    if not days.seconds[place]:
        return f"{text}<br><b>{look.text('consumption.not_measured')}</b>"
    text += f"<br><b>{look.energy(int(days.wh[place]))}</b>"
    if days.seconds[place] < days.expected[place]:
        share = look.covered(int(days.seconds[place]) / int(days.expected[place]))
        text += "<br>" + look.text("consumption.hover.partly", share=share)
    return text


def _month_bars(table: pd.DataFrame, year: str, fill: str) -> dict[str, Any]:
    whole = table[f"covered_share{year}"] >= 1
    kwh = [None if pd.isna(each) else float(each) for each in table[f"kwh{year}"]]
    line = {"color": fill, "width": [0 if each else 1.6 for each in whole]}
    marker = {"color": [fill if each else CLEAR for each in whole], "line": line}
    return bars(table["month"].tolist(), kwh, marker=marker, **SILENT)


def _month_text(row: Mapping[Any, Any], look: Look) -> str:
    lines = []
    month = date.fromisoformat(f"{row['month']}-01")
    for year, first in (("", month), (BEFORE, month.replace(year=month.year - 1))):
        kwh, covered = row[f"kwh{year}"], row[f"covered_share{year}"]
        shown = look.text("consumption.not_measured") if pd.isna(kwh) else look.energy(round(kwh * 1000))
        line = f"{look.day(first, 'MMMM y')}{look.text('consumption.colon')} <b>{shown}</b>"
        if not pd.isna(kwh) and covered < 1:
            line += f" ({look.text('consumption.hover.partly', share=look.covered(covered))})"
        lines.append(line)
    now, before = (row[f"kwh_on_those_days{year}"] for year in ("", BEFORE))
    if pd.isna(before) or not before:
        lines.append(look.text("consumption.months.not_comparable"))
    elif row["covered_share"] >= 1 and row[f"covered_share{BEFORE}"] >= 1:
        lines.append(look.text("consumption.months.change", change=look.change(now / before - 1)))
    else:
        days = look.number(row["days_measured_in_both"])
        energies = {"now": look.energy(round(now * 1000)), "before": look.energy(round(before * 1000))}
        change = look.change(now / before - 1)
        lines.append(look.text("consumption.months.change_on_days", change=change, days=days, **energies))
    return "<br>".join(lines)


def _month_tick(month: date, is_first: bool, look: Look) -> str:
    text = look.day(month, "MMM")
    return f"{text}<br>{month.year}" if is_first or month.month == 1 else text
