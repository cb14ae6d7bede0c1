"""Figures of the insight page: pure, from the frames of `queries`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from ..kit.blocks import Frame
from ..kit.figures import (
    SILENT,
    Figure,
    axis,
    bars,
    colour,
    faded,
    figure,
    hover,
    margins,
    number_width,
    scatter,
)
from ..kit.lines import MIDDLES, OWN_TITLE, SLOTS, by_slot, half_hour, hours_axis, ribbon, slot_line
from ..kit.locale import Look
from ..kit.ticks import day_ticks, flow_of, flow_text

QUARTERS = {"tickvals": list(range(0, SLOTS, 6)), "ticks": "outside", "ticklen": 3}


def tomorrow_figure(frame: Frame, look: Look) -> Figure:
    """The next day by half-hour as a line, in a band that holds four of five."""
    own = flow_of(frame.notes)
    middle, low, high = (by_slot(frame.table, f"{name}_w") for name in ("forecast", "low", "high"))
    highest = max((each for each in high if each is not None), default=1.0)
    texts = [_slot_text(slot, *each, look) for slot, each in enumerate(zip(middle, low, high, strict=True))]
    band = ribbon(MIDDLES, low, high, mode="none", fillcolor=faded(look, own, 0.22)) | {"hoverinfo": "skip"}
    line = slot_line(middle, texts, {"color": colour(look, own), "width": 2}, name=look.text("insight.expected"))
    return figure(
        look,
        [band | {"name": look.text("insight.band")}, line],
        showlegend=True,
        xaxis=hours_axis(look, look.text("consumption.axis.hour"), minor=QUARTERS) | OWN_TITLE,
        yaxis=axis(look, flow_text(frame.notes, "w", look), range=[0, highest * 1.06 or 1.0], fixedrange=True)
        | {"tickformat": ",.0f"},
        firm=margins(left=number_width(highest), right=22, top=30, bottom=46),
    )


def recent_figure(frame: Frame, look: Look) -> Figure:
    """Bars of what came over the band of what had been forecast, with the forecast as a line."""
    own, table = flow_of(frame.notes), frame.table
    days = table["local_day"].tolist()
    came, forecast, low, high = (_known(table[f"{name}_kwh"]) for name in ("came", "forecast", "low", "high"))
    highest = max((each for each in (*came, *high) if each is not None), default=1.0)
    texts = [_day_text(row, look) for row in table.itertuples(index=False)]
    first, last = date.fromisoformat(days[0]), date.fromisoformat(days[-1])
    line = {"color": colour(look, "text"), "width": 1.6}
    return figure(
        look,
        [
            bars(
                days, came, name=look.text("insight.came"), marker={"color": faded(look, own, 0.65)}, hoverinfo="skip"
            ),
            ribbon(days, low, high, mode="none", fillcolor=faded(look, "text", 0.16), name=look.text("insight.band")),
            scatter("lines", days, forecast, name=look.text("insight.forecast"), line=line, hoverinfo="skip"),
            scatter("lines", days, [each or 0.0 for each in came], line={"width": 0}, showlegend=False, **hover(texts)),
        ],
        showlegend=True,
        xaxis=_days_axis(first, last, look),
        yaxis=axis(look, flow_text(frame.notes, "kwh", look), range=[0, highest * 1.06 or 1.0], fixedrange=True),
        firm=margins(left=number_width(highest), top=30, bottom=46),
    )


def base_figure(frame: Frame, look: Look) -> Figure:
    """The base of each day as dots of no size, and the levels on which they lie."""
    own, table = flow_of(frame.notes), frame.table
    days = table["local_day"].tolist()
    base, level = _known(table["base_w"]), _known(table["level_w"])
    highest = float(np.nanmax(table[["base_w", "level_w"]].to_numpy(dtype=np.float64), initial=1.0))
    texts = [_base_text(*each, look) for each in zip(days, base, level, strict=True)]
    thin = {"color": faded(look, own, 0.6), "width": 1}
    thick = {"color": colour(look, own), "width": 2.4, "shape": "hv"}
    return figure(
        look,
        [
            scatter("lines", days, base, name=look.text("insight.base.of_days"), line=thin, hoverinfo="skip"),
            scatter("lines", days, level, name=look.text("insight.base.level"), line=thick, hoverinfo="skip"),
            scatter("lines", days, [each or 0.0 for each in base], line={"width": 0}, **SILENT)
            | {"hoverinfo": "all"}
            | hover(texts),
        ],
        showlegend=True,
        xaxis=_days_axis(date.fromisoformat(days[0]), date.fromisoformat(days[-1]), look),
        yaxis=axis(
            look, flow_text(frame.notes, "w", look), range=[0, highest * 1.06], fixedrange=True, tickformat=",.0f"
        ),
        firm=margins(left=number_width(highest), top=30, bottom=46),
    )


def _days_axis(first: date, last: date, look: Look) -> dict[str, Any]:
    edges = [f"{first - timedelta(days=1)}T12:00", f"{last}T12:00"]
    return axis(look, **day_ticks(first, last + timedelta(days=1), look), range=edges, showgrid=False) | OWN_TITLE


def _known(values: pd.Series) -> list[float | None]:
    return [None if pd.isna(each) else round(float(each), 3) for each in values]


def _slot_text(slot: int, middle: float | None, low: float | None, high: float | None, look: Look) -> str:
    if middle is None or low is None or high is None:
        return ""
    powers = {"power": look.power(middle), "low": look.power(low), "high": look.power(high)}
    return look.text("insight.tomorrow.hover", when=half_hour(slot), **powers)


def _day_text(row: Any, look: Look) -> str:
    energies = {"came": row.came_kwh, "forecast": row.forecast_kwh, "low": row.low_kwh, "high": row.high_kwh}
    written = {name: "–" if pd.isna(each) else look.energy(1000 * each) for name, each in energies.items()}
    return look.text("insight.recent.hover", day=look.day(date.fromisoformat(row.local_day), "EEE d MMM y"), **written)


def _base_text(day: str, base: float | None, level: float | None, look: Look) -> str:
    powers: Sequence[str] = ["–" if each is None else look.power(each) for each in (base, level)]
    named = look.day(date.fromisoformat(day), "EEE d MMM y")
    return look.text("insight.base.hover", day=named, base=powers[0], level=powers[1])
