"""Groups of households beside one another: how much they use, and when. Pure, from `queries.fleet_frames`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.fleet.names import ALL, PERCENTILES

from ..hours.figures import DASHES
from ..kit.blocks import Frame
from ..kit.figures import Figure, axis, colour, faded, figure, hover, scatter, words
from ..kit.locale import Look
from ..kit.ticks import flow_of
from .figures import kwh, percentiles
from .figures_profile import day_line, hours_axis

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
