"""Figures of the page about many meters: how use spreads, over time and at once. Pure, from `queries_frames`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from sync.fleet.names import PERCENTILES, after, first_of, month_of

from ..kit.blocks import Frame
from ..kit.figures import Figure, axis, bars, colour, faded, figure, hover, scatter, upright, words
from ..kit.locale import Look
from ..kit.ticks import day_ticks

OUTER, INNER = 0.14, 0.26  # strengths of the two bands
OPEN_BIN = {"shape": "/", "fillmode": "overlay", "size": 6, "solidity": 0.35}


def bands_figure(frame: Frame, look: Look) -> Figure:
    """Two bands and the median; open where a day, week or month has no households."""
    table, step = frame.table, frame.notes["step"]
    bands = [("p10", "p90", OUTER), ("p25", "p75", INNER)]
    data = [_band(frame, low, high, strength, look) for low, high, strength in bands]
    data.append(_median(table, step, look))
    start, end = frame.notes["days"]
    first = min(start, table["from"].iloc[0])
    return figure(
        look,
        data,
        showlegend=True,
        xaxis=axis(look, **day_ticks(first, end, look), range=[first.isoformat(), end.isoformat()], showgrid=False)
        | {"unifiedhovertitle": {"text": " "}},
        yaxis=axis(look, look.text("fleet.axis.kwh_day"), rangemode="tozero"),
    )


def _band(frame: Frame, low: str, high: str, strength: float, look: Look) -> dict[str, Any]:
    table, step = frame.table, frame.notes["step"]
    x: list[str | None] = []
    y: list[float | None] = []
    for run in _runs(table, step):
        at = _places(run, step)
        ends = [_column(run, name, len(at)) for name in (high, low)]
        x += [*at, *at[::-1], at[0], None]
        y += [*ends[0], *ends[1][::-1], ends[0][0], None]
    return scatter(
        "lines",
        x[:-1],
        y[:-1],
        line={"width": 0, "color": colour(look, "consumption")},
        name=look.text(f"fleet.bands.{low}"),
        fill="toself",
        fillcolor=faded(look, "consumption", strength),
        hoverinfo="skip",
        connectgaps=False,
    )


def _median(table: pd.DataFrame, step: str, look: Look) -> dict[str, Any]:
    x: list[str | None] = []
    y: list[float | None] = []
    texts: list[str] = []
    for run in _runs(table, step):
        at = _places(run, step)
        said = [_band_text(row, step, look) for row in run.to_dict("records")]
        x += [*at, None]
        y += [*_column(run, "p50", len(at)), None]
        texts += [*(said if len(said) == len(at) else said * len(at)), ""]
    return scatter(
        "lines",
        x[:-1],
        y[:-1],
        name=look.text("fleet.bands.p50"),
        line={"color": colour(look, "consumption"), "width": 2},
        connectgaps=False,
        **hover(texts[:-1]),
    )


def _band_text(row: Mapping[Any, Any], step: str, look: Look) -> str:
    day: date = row["from"]
    if step == "day":
        when = look.day(day, "EEE d MMM y")
    elif step == "week":
        when = look.text("fleet.bands.week", day=look.day(day, "d MMM y"))
    else:
        when = look.day(day, "MMMM y")
    return look.text("fleet.bands.hover", when=when, n=look.number(row["households"]), **percentiles(row, look))


def percentiles(row: Mapping[Any, Any], look: Look) -> dict[str, str]:
    """`p10` … `p90` of a row in words."""
    return {f"p{percent}": kwh(row[f"p{percent}_kwh_a_day"], look) for percent in PERCENTILES}


def _runs(table: pd.DataFrame, step: str) -> list[pd.DataFrame]:
    """Stretches of neighbouring days, weeks or months."""
    starts = table["from"].tolist()
    breaks = [place for place in range(1, len(starts)) if starts[place] != _next(starts[place - 1], step)]
    edges = [0, *breaks, len(starts)]
    return [table.iloc[first:last] for first, last in pairwise(edges)]


def _places(run: pd.DataFrame, step: str) -> list[str]:
    """The middles; both ends of one that stands alone, which would be a band without width."""
    starts = [datetime(each.year, each.month, each.day) for each in run["from"]]  # noqa: DTZ001 - local days
    ends = [datetime.combine(_next(each, step), datetime.min.time()) for each in run["from"]]
    if len(starts) == 1:
        return [starts[0].isoformat(), ends[0].isoformat()]
    return [(start + (end - start) / 2).isoformat() for start, end in zip(starts, ends, strict=True)]


def _column(run: pd.DataFrame, name: str, length: int) -> list[float]:
    found = run[f"{name}_kwh_a_day"].round(4).tolist()
    return found if len(found) == length else found * length


def _next(day: date, step: str) -> date:
    if step == "month":
        return first_of(after(month_of(day)))
    return day + timedelta(days=1 if step == "day" else 7)


def distribution_figure(frame: Frame, look: Look) -> Figure:
    """A bar a bin, the last one hatched when it is open; median and outer tenths as lines."""
    table, notes = frame.table, frame.notes
    edges = np.asarray(notes["edges"], dtype=np.float64)
    width = float(edges[1] - edges[0])
    is_open = bool(np.isinf(edges[-1]))
    texts = [_bin_text(row, look) for row in table.to_dict("records")]
    drawn = bars(
        np.round(edges[:-1] + width / 2, 4).tolist(),
        table["households"].tolist(),
        width=width * 0.94,
        marker={
            "color": faded(look, "consumption", 0.75),
            "pattern": OPEN_BIN
            | {"shape": [""] * (len(table) - 1) + ["/" if is_open else ""], "fgcolor": colour(look, "consumption")},
        },
        **hover(texts),
    )
    shapes, notes_ = _marks(notes["quantiles"], look)
    right = float(edges[-2] + width if is_open else edges[-1])
    return figure(
        look,
        [drawn],
        hovermode="closest",
        shapes=shapes,
        annotations=notes_,
        margin={"l": 8, "r": 12, "t": 40, "b": 8},
        xaxis=axis(look, look.text("fleet.axis.kwh_day"), range=[0, right], showgrid=False),
        yaxis=axis(look, look.text("fleet.axis.households"), rangemode="tozero", tickformat=",d"),
    )


def _bin_text(row: Mapping[Any, Any], look: Look) -> str:
    beyond = bool(np.isnan(row["to_kwh_a_day"]))
    ends = {"low": _round(row["from_kwh_a_day"], look), "high": "" if beyond else _round(row["to_kwh_a_day"], look)}
    share = look.percent(row["share"])
    key = "fleet.distribution.beyond" if beyond else "fleet.distribution.hover"
    return look.text(key, **ends, count=look.number(row["households"]), share=share)


def _marks(quantiles: dict[int, float], look: Look) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    shapes, notes = [], []
    for percent in (10, 50, 90):
        middle = percent == 50
        ink = colour(look, "text" if middle else "quiet")
        at = quantiles[percent]
        line = {"color": ink, "width": 1.5 if middle else 1, "dash": "dash" if middle else "dot"}
        shapes.append(upright(at, line))
        text = look.text("fleet.distribution.median", kwh=kwh(at, look)) if middle else look.percent(percent / 100, 0)
        notes.append(
            words(text, xref="x", x=at, y=1, yanchor="bottom")
            | {"yshift": 14 if middle else 0, "font": {"color": ink, "size": 12 if middle else 11}}
        )
    return shapes, notes


def kwh(amount: float, look: Look) -> str:
    """`10.4 kWh`, `0.512 kWh`: one unit, so that numbers beside one another can be compared."""
    return f"{look.significant(amount)}\u202fkWh"


def _round(amount: float, look: Look) -> str:
    """A bin's edge: `2`, `2.5`."""
    return look.number(amount, 0 if float(amount).is_integer() else 1)
