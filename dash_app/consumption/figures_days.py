"""Days as bars with their coverage, and months beside the same months a year before."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from ..kit.blocks import Frame
from ..kit.figures import SILENT, Figure, axis, bars, colour, faded, figure, hover, margins, number_width, scatter
from ..kit.lines import OWN_TITLE
from ..kit.locale import Look
from ..kit.ticks import DAY_MS, box, day_ticks, flow_of, flow_text, hatching, stretches
from .figures_heat import HALF_DAY
from .queries import Days
from .queries_frames import Energy, MonthBeside

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
    months: list[MonthBeside] = frame.notes["months"]
    own = colour(look, flow_of(frame.notes))
    names = [f"{each.now.first:%Y-%m}" for each in months]
    inks = (faded(look, flow_of(frame.notes), 0.4), own)
    pairs = [
        _month_bars(names, [each.before for each in months], inks[0]) | {"offsetgroup": "before"},
        _month_bars(names, [each.now for each in months], inks[1]) | {"offsetgroup": "now"},
        _legend(inks[0], look.text("consumption.before")) | {"offsetgroup": "before"},
        _legend(inks[1], look.text("consumption.now")) | {"offsetgroup": "now"},
    ]
    highest = [max(each.now.wh or 0, each.before.wh or 0) / 1000 for each in months]
    unseen = scatter(
        "lines",
        names,
        highest,
        line={"width": 0, "color": own},
        showlegend=False,
        **hover([_month_text(each, look) for each in months]),
    )
    every = 1 if len(months) <= FEW_MONTHS else 2 if len(months) <= 2 * FEW_MONTHS else 3
    shown = [place for place, each in enumerate(months) if each.now.first.month % every == 1 % every]
    return figure(
        look,
        [*pairs, unseen],
        barmode="group",
        bargap=0.22,
        bargroupgap=0.04,
        showlegend=True,
        xaxis=axis(
            look,
            type="category",
            categoryorder="array",
            categoryarray=names,
            tickvals=[names[place] for place in shown],
            ticktext=[_month_tick(months[place].now.first, place == shown[0], look) for place in shown],
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


def _month_bars(names: list[str], energies: list[Energy], fill: str) -> dict[str, Any]:
    whole = [each.covered >= 1 for each in energies]
    return bars(
        names,
        [None if each.wh is None else each.wh / 1000 for each in energies],
        marker={
            "color": [fill if each else CLEAR for each in whole],
            "line": {"color": fill, "width": [0 if each else 1.6 for each in whole]},
        },
        **SILENT,
    )


def _legend(fill: str, name: str) -> dict[str, Any]:
    """Full, as a month measured whole: else the first bar decides."""
    return bars([None], [None], name=name, marker={"color": fill}, hoverinfo="skip")


def _month_text(month: MonthBeside, look: Look) -> str:
    lines = []
    for energy in (month.now, month.before):
        shown = look.text("consumption.not_measured") if energy.wh is None else look.energy(energy.wh)
        line = f"{look.day(energy.first, 'MMMM y')}{look.text('consumption.colon')} <b>{shown}</b>"
        if energy.wh is not None and energy.covered < 1:
            line += f" ({look.text('consumption.hover.partly', share=look.covered(energy.covered))})"
        lines.append(line)
    if month.change is None:
        lines.append(look.text("consumption.months.not_comparable"))
    elif month.is_whole and month.was_whole:
        lines.append(look.text("consumption.months.change", change=look.change(month.change)))
    else:
        now, before = (look.energy(each) for each in month.both)
        text = "consumption.months.change_on_days"
        count = look.number(month.shared)
        lines.append(look.text(text, change=look.change(month.change), days=count, now=now, before=before))
    return "<br>".join(lines)


def _month_tick(month: date, is_first: bool, look: Look) -> str:
    text = look.day(month, "MMM")
    return f"{text}<br>{month.year}" if is_first or month.month == 1 else text
