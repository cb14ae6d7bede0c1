"""The usual day of many households: by season, weekdays against weekends, and by group. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sync.fleet.names import ALL, PERCENTILES, SLOTS

from ..hours.figures import DASHES
from ..kit.blocks import Frame
from ..kit.figures import Figure, axis, colour, faded, figure, hover, scatter, words
from ..kit.locale import Look
from ..kit.ticks import flow_of
from .figures import kwh, percentiles

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


# --- groups beside one another ----------------------------------------------------------------------------------------


ROW, TOP = 58, 14  # px of a row, and above the first


def group_name(name: str, look: Look) -> str:
    """`tariff=Std` in words."""
    if name == ALL:
        return look.text("fleet.all")
    column, _, text = name.partition("=")
    if not text:
        return look.text("fleet.none")
    return look.text_or(f"fleet.group.{column}={text}", text)


def groups_figure(frame: Frame, look: Look) -> Figure:
    """A row a group: the outer tenths as a thin line, the middle half as a thick one, the median as a dot."""
    rows = frame.table.to_dict("records")
    count = len(rows)
    data, notes = [], []
    for place, row in enumerate(rows):
        ink = "quiet" if row["group"] == ALL else "consumption"
        ends = [round(row[f"p{percent}_kwh_a_day"], 4) for percent in PERCENTILES]
        data += [
            _line([ends[0], ends[4]], place, colour(look, ink), 2),
            _line([ends[1], ends[3]], place, faded(look, ink, 0.55), 12),
            _dot(row, place, look),
        ]
        title = f"<b>{group_name(row['group'], look)}</b> · n = {look.number(row['counted'])}"
        notes.append(
            words(title, yref="y", x=0, y=place)
            | {
                "xanchor": "left",
                "yanchor": "bottom",
                "yshift": 10,
                "font": {"size": 12, "color": colour(look, "text")},
            }
        )
    top = max(row["p90_kwh_a_day"] for row in rows)
    return figure(
        look,
        data,
        hovermode="closest",
        height=max(320, TOP + ROW * count + 48),
        annotations=notes,
        xaxis=axis(look, look.text("fleet.axis.kwh_day"), range=[0, top * 1.06 or 1.0], fixedrange=True),
        yaxis=axis(look, range=[count - 0.55, -0.75], visible=False, fixedrange=True),
    )


def _line(ends: list[float], place: int, ink: str, width: int) -> dict[str, Any]:
    line = {"color": ink, "width": width}
    return scatter("lines", ends, [place, place], line=line, hoverinfo="skip")


def _dot(row: Mapping[Any, Any], place: int, look: Look) -> dict[str, Any]:
    said = {"group": group_name(row["group"], look), "n": look.number(row["counted"])}
    text = look.text("fleet.groups.hover", **said, mean=kwh(row["mean_kwh_a_day"], look), **percentiles(row, look))
    ring = {"color": colour(look, "paper"), "width": 2}
    return scatter(
        "markers+text",
        [round(row["p50_kwh_a_day"], 4)],
        [place],
        text=[kwh(row["p50_kwh_a_day"], look)],
        textposition="bottom center",
        textfont={"size": 11, "color": colour(look, "quiet")},
        marker={"size": 12, "color": colour(look, "text"), "line": ring},
        **hover([text]),
    )


def group_profile_figure(frame: Frame, look: Look) -> Figure:
    """A line a group, told apart by its dashes as well as by its strength."""
    table = frame.table
    own = flow_of(frame.notes)
    data = []
    for place, name in enumerate(dict.fromkeys(table["group"])):
        rows = table[table["group"] == name]
        strength = max(0.5, 1 - 0.16 * place)
        line = {"color": faded(look, own, strength), "dash": DASHES[place % len(DASHES)], "width": 2}
        count = look.number(int(rows["households"].iloc[0]))
        data.append(day_line(rows, look, name=f"{group_name(name, look)} (n = {count})", line=line))
    top = float(table["mean_w"].max()) * 1.06 or 1.0
    return figure(
        look,
        data,
        showlegend=True,
        hovermode="closest",
        xaxis=hours_axis(look, look.text("fleet.axis.hour")),
        yaxis=axis(look, look.text("fleet.axis.watts"), range=[0, top], fixedrange=True, tickformat=",.0f"),
    )
