"""The usual day of many households: by season, weekdays against weekends, and by group. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sync.fleet.names import SLOTS

from ..kit.blocks import Frame
from ..kit.figures import Figure, axis, colour, figure, hover, scatter, words
from ..kit.locale import Look
from ..kit.ticks import flow_of

STYLES = {"weekdays": ("", "solid", 2.2), "weekends": ("quiet", "dash", 1.8)}
TICKS = (0, 12, 24, 36, 48)
PANEL_GAP, ROW_GAP = 0.1, 0.22  # shares of the card
HEIGHTS = {1: 320, 2: 420, 3: 440, 4: 440}


def profile_figure(frame: Frame, look: Look) -> Figure:
    """A panel a season that the period touches, all on the same scale."""
    table = frame.table
    seasons = list(dict.fromkeys(table["season"]))
    own = flow_of(frame.notes)
    top = float(table["mean_w"].max()) * 1.06 or 1.0
    columns = 2 if len(seasons) > 2 else 1
    lines = -(-len(seasons) // columns)
    data: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    notes: list[dict[str, Any]] = []
    for place, season in enumerate(seasons):
        number = "" if place == 0 else str(place + 1)
        left, bottom = place % columns, lines - 1 - place // columns
        across = _domain(left, columns, PANEL_GAP)
        upward = _domain(bottom, lines, ROW_GAP)
        for kind, (ink, dash, width) in STYLES.items():
            rows = table[(table["season"] == season) & (table["days"] == kind)]
            if len(rows):
                name = look.text(f"fleet.profile.{kind}")
                line = {"color": colour(look, ink or own), "dash": dash, "width": width}
                data.append(
                    day_line(rows, look, name=name, line=line)
                    | {"xaxis": f"x{number}", "yaxis": f"y{number}", "legendgroup": kind}
                    | {"showlegend": not any(trace.get("legendgroup") == kind for trace in data)}
                )
        hours = hours_axis(look, look.text("fleet.axis.hour") if place // columns == lines - 1 else "")
        axes[f"xaxis{number}"] = hours | {"domain": across, "anchor": f"y{number}"}
        title = look.text("fleet.axis.watts") if left == 0 else ""
        axes[f"yaxis{number}"] = axis(
            look, title, domain=upward, anchor=f"x{number}", range=[0, top], fixedrange=True, tickformat=",.0f"
        )
        notes.append(
            words(f"<b>{look.text(f'fleet.profile.{season}')}</b>")
            | {"yref": "paper", "x": across[0], "y": upward[1], "xanchor": "left", "yanchor": "bottom"}
        )
    legend = {"orientation": "h", "x": 0, "y": 1.06 + 0.04 * (lines > 1), "yanchor": "bottom"}
    return figure(
        look,
        data,
        **axes,
        annotations=notes,
        legend=legend,
        showlegend=True,
        hovermode="closest",
        height=HEIGHTS[len(seasons)],
        margin={"l": 8, "r": 8, "t": 52, "b": 8},
    )


def day_line(rows: pd.DataFrame, look: Look, **more: Any) -> dict[str, Any]:
    """Mean power by half-hour; open where nothing was measured."""
    watts = np.full(SLOTS, np.nan)
    for row in rows.itertuples(index=False):
        watts[slot_of(str(row.local_time))] = row.mean_w
    texts = [
        look.text("fleet.profile.hover", when=_half_hour(slot), power=look.power(float(watts[slot])))
        if np.isfinite(watts[slot])
        else ""
        for slot in range(SLOTS)
    ]
    return (
        scatter(
            "lines" if np.isfinite(watts).sum() > 1 else "markers",
            [slot + 0.5 for slot in range(SLOTS)],
            [round(float(each), 2) if np.isfinite(each) else None for each in watts],
            connectgaps=False,
            **hover(texts, "%{fullData.name}"),
        )
        | more
    )


def slot_of(clock: str) -> int:
    """`06:30` → 13."""
    return int(clock[:2]) * 2 + int(clock[3:]) // 30


def _half_hour(slot: int) -> str:
    end = (slot + 1) % SLOTS
    return f"{slot // 2:02d}:{slot % 2 * 30:02d}–{end // 2:02d}:{end % 2 * 30:02d}"


def hours_axis(look: Look, title: str = "") -> dict[str, Any]:
    """An axis of the 48 half-hours of a day, marked in hours."""
    texts = [str(slot // 2) for slot in TICKS]  # short: four panels stand side by side on a phone
    return axis(look, title, range=[0, SLOTS], tickvals=list(TICKS), ticktext=texts, tickangle=0, fixedrange=True)


def _domain(place: int, count: int, gap: float) -> list[float]:
    """The share of a row or a column that a panel takes."""
    size = (1 - gap * (count - 1)) / count
    start = place * (size + gap)
    return [round(start, 4), round(min(1.0, start + size), 4)]
