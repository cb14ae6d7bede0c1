"""Is the subscribed power right? Enedis' daily maximum against what can be subscribed; never from the load curve."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd
from dash import html
from dash.development.base_component import Component

from sync.store.ledger import Ledger

from ..kit.blocks import EMPTY_FRAME, Frame
from ..kit.components import key_figures, note, sentence
from ..kit.figures import Figure, axis, colour, faded, figure, hover, margins, number_width, scatter, words
from ..kit.locale import Look
from ..kit.reader import Reader
from ..kit.table import columns_in, table
from ..kit.ticks import day_ticks
from ..kit.view import View
from . import queries

STEPS = (3, 6, 9, 12)  # kVA: what homes subscribe
ENOUGH_DAYS = 300  # fewer leave out a season: the greatest power is one of winter, mostly
COMMAND = "python -m sync power"


def power_frame(reader: Reader, view: View) -> Frame:
    """A row a day: Enedis' maximum. Notes: powers, and above: subscribed power → on how many of the days more was
    reached."""
    series = reader.series_at(view)
    if series is None or series.flow != "consumption":
        return EMPTY_FRAME
    if not queries.tariffs_at(reader, view):
        return queries.FOREIGN
    powers = reader.kept(("powers", series), lambda: Ledger(reader.database).powers(series))
    if not powers:
        return Frame(pd.DataFrame(), notes={"empty": "cost.power.lacking", "command": COMMAND})
    days = sorted(powers)
    rows = {"local_day": [day.isoformat() for day in days], "highest_kva": [powers[day] / 1000 for day in days]}
    above = {step: _above(powers, step) for step in STEPS}
    held = days[0], days[-1] + timedelta(days=1)
    return Frame(pd.DataFrame(rows), notes={"powers": powers, "above": above, "held": held})


def _above(powers: Mapping[date, int], step: int) -> int:
    return sum(va > step * 1000 for va in powers.values())


def power_said(frame: Frame, look: Look) -> Component:
    """The smallest power that no day went beyond, in a sentence, and the greatest day."""
    powers: Mapping[date, int] = frame.notes["powers"]
    above: Mapping[int, int] = frame.notes["above"]
    day = max(powers, key=lambda each: powers[each])
    count, highest = look.number(len(powers)), look.text("cost.power.kva", kva=look.significant(powers[day] / 1000))
    enough = _enough(frame)
    if enough is None:
        first = look.text("cost.power.beyond", step=STEPS[-1], above=above[STEPS[-1]], days=count)
    else:
        below = STEPS[STEPS.index(enough) - 1] if enough != STEPS[0] else 0
        kind = "enough" if below else "least"
        first = look.text(f"cost.power.{kind}", step=enough, below=below, above=above.get(below, 0), days=count)
    usual = sorted(powers.values())[len(powers) // 2]
    keys = [
        (look.text("cost.power.highest"), highest, look.day(day, "full")),
        (look.text("cost.power.usual"), look.text("cost.power.kva", kva=look.significant(usual / 1000)), ""),
    ]
    few = [note(look.text("cost.power.few", days=count))] if len(powers) < ENOUGH_DAYS else []
    return html.Div([sentence(first), *few, key_figures(keys)])


def _enough(frame: Frame) -> int | None:
    """The smallest power that no day went beyond; None where the largest is too little."""
    return next((step for step, above in frame.notes["above"].items() if not above), None)


def power_figure(frame: Frame, look: Look) -> Figure:
    """A dot a day below the powers that can be subscribed, up to the one that is enough, which is drawn firmly."""
    powers: Mapping[date, int] = frame.notes["powers"]
    days, kva, enough = frame.table["local_day"].tolist(), frame.table["highest_kva"].tolist(), _enough(frame)
    highest = 1.1 * max(*kva, enough or STEPS[-1])
    texts = [
        f"{look.day(day, 'full')}<br>{look.text('cost.power.kva', kva=look.significant(powers[day] / 1000))}"
        for day in sorted(powers)
    ]
    dots = {"color": faded(look, "consumption", 0.6), "size": 5}
    steps = [step for step in STEPS if step <= (enough or STEPS[-1])]
    first, end = frame.notes["held"]
    return figure(
        look,
        [scatter("markers", days, kva, marker=dots, **hover(texts))],
        hovermode="closest",
        shapes=[_level(step, step == enough, look) for step in steps],
        annotations=[_named(step, look) for step in steps],
        xaxis=axis(look, **day_ticks(first, end, look), showgrid=False),
        yaxis=axis(look, look.text("cost.power.axis"), range=[0, highest], fixedrange=True),
        firm=margins(left=number_width(highest), bottom=46),
    )


def _level(step: int, is_enough: bool, look: Look) -> dict[str, object]:
    line = {"color": colour(look, "text" if is_enough else "quiet"), "width": 2 if is_enough else 1}
    across = {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": step, "y1": step}
    return across | {"line": line if is_enough else line | {"dash": "dot"}}


def _named(step: int, look: Look) -> dict[str, object]:
    text = look.text("cost.power.kva", kva=str(step))
    ink = {"size": 11, "color": colour(look, "quiet")}
    return words(
        text, yref="y", x=1, y=step, xanchor="right", yanchor="bottom", font=ink, bgcolor=faded(look, "paper", 0.7)
    )


def power_measured(frame: Frame, look: Look) -> Component:
    """How many days went beyond each, and what is not told."""
    count = len(frame.notes["powers"])
    rows = [
        [look.text("cost.power.kva", kva=str(step)), look.number(above), look.percent(above / count)]
        for step, above in frame.notes["above"].items()
    ]
    head = columns_in("cost", ("subscribed", "days_above", "share_above"), look)
    shown = table(look.text("cost.power.title"), head, rows, frozenset({1, 2}))
    return html.Div([shown, note(look.text("cost.power.rests"))])
