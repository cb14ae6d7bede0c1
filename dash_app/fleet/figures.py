"""Figures of the page about many meters: how use spreads, over time and at once, and their usual day. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from sync.fleet.names import ALL, PERCENTILES, after, first_of, month_of

from ..kit.blocks import Frame
from ..kit.figures import Figure, axis, bars, colour, faded, figure, hatched, hover, scatter, upright, words
from ..kit.lines import DASHES, OWN_TITLE, by_slot, half_hour, hours_axis, ribbon, slot_line
from ..kit.locale import Look
from ..kit.ticks import day_ticks, flow_of

OUTER, INNER = 0.14, 0.26  # strengths of the two bands
Point = tuple[str | None, dict[Any, Any] | None]
"""Where it stands, and the row of the table; None between two that are not joined."""


def bands_figure(frame: Frame, look: Look) -> Figure:
    """Two bands and the median; open where a day, week or month has no households."""
    table, step = frame.table, frame.notes["step"]
    bands = [("p10", "p90", OUTER), ("p25", "p75", INNER)]
    points = _points(table, step)
    data = [_band(points, low, high, strength, look) for low, high, strength in bands]
    data.append(_median(points, step, look))
    start, end = frame.notes["days"]
    first = min(start, table["from"].iloc[0])
    return figure(
        look,
        data,
        showlegend=True,
        xaxis=axis(look, **day_ticks(first, end, look), range=[first.isoformat(), end.isoformat()], showgrid=False)
        | OWN_TITLE,
        yaxis=axis(look, look.text("fleet.axis.kwh_day"), rangemode="tozero"),
    )


def _band(points: list[Point], low: str, high: str, strength: float, look: Look) -> dict[str, Any]:
    below, above = (_column(points, name) for name in (low, high))
    line = {"width": 0, "color": colour(look, "consumption")}
    named = {"name": look.text(f"fleet.bands.{low}"), "fillcolor": faded(look, "consumption", strength)}
    return ribbon([at for at, _ in points], below, above, line=line, **named)


def _median(points: list[Point], step: str, look: Look) -> dict[str, Any]:
    return scatter(
        "lines",
        [at for at, _ in points],
        _column(points, "p50"),
        name=look.text("fleet.bands.p50"),
        line={"color": colour(look, "consumption"), "width": 2},
        **hover([_band_text(row, step, look) if row else "" for _, row in points]),
    )


def _band_text(row: Mapping[Any, Any], step: str, look: Look) -> str:
    day: date = row["from"]
    if step == "day":
        when = look.day(day, "EEE d MMM y")
    elif step == "week":
        when = look.text("fleet.bands.week", day=look.day(day, "d MMM y"))
    else:
        when = look.day(day, "MMMM y")
    return look.text("fleet.bands.hover", when=when, n=row["households"], **percentiles(row, look))


def percentiles(row: Mapping[Any, Any], look: Look) -> dict[str, str]:
    """`p10` … `p90` of a row in words."""
    return {f"p{percent}": kwh(row[f"p{percent}_kwh_a_day"], look) for percent in PERCENTILES}


def _points(table: pd.DataFrame, step: str) -> list[Point]:
    """The middle of each day, week or month with its row; nothing between those that are no neighbours.

    Both ends of one that stands alone, which would be a band without width.
    """
    found: list[Point] = []
    rows = table.to_dict("records")
    for place, row in enumerate(rows):
        start, end = row["from"], _next(row["from"], step)
        follows = place > 0 and _next(rows[place - 1]["from"], step) == start
        alone = not follows and (place + 1 == len(rows) or rows[place + 1]["from"] != end)
        low, high = (datetime(day.year, day.month, day.day) for day in (start, end))  # noqa: DTZ001 - local days
        found += [] if follows or not found else [(None, None)]
        found += [(at.isoformat(), row) for at in ((low, high) if alone else (low + (high - low) / 2,))]
    return found


def _column(points: list[Point], name: str) -> list[float | None]:
    return [round(row[f"{name}_kwh_a_day"], 4) if row else None for _, row in points]


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
            "pattern": hatched([False] * (len(table) - 1) + [is_open], colour(look, "consumption")),
        },
        **hover(texts),
    )
    shapes, notes_ = marks(notes["quantiles"], kwh(notes["quantiles"][50], look), look)
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
    return look.text(key, **ends, count=row["households"], share=share)


def marks(quantiles: Mapping[int, float], median: str, look: Look) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(lines, words) of the median and the outer tenths at places of the x axis."""
    shapes, notes = [], []
    for percent in (10, 50, 90):
        middle = percent == 50
        ink = colour(look, "text" if middle else "quiet")
        at = quantiles[percent]
        line = {"color": ink, "width": 1.5 if middle else 1, "dash": "dash" if middle else "dot"}
        shapes.append(upright(at, line))
        text = look.text("fleet.distribution.median", kwh=median) if middle else look.percent(percent / 100, 0)
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


# --- the usual day, by season and by group ----------------------------------------------------------------------------


STYLES = {"weekdays": ("", "solid", 2.2), "weekends": ("quiet", "dash", 1.8)}
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
        corner = {"x": across[0], "y": upward[1], "xanchor": "left", "yanchor": "bottom"}
        notes.append(words(f"<b>{look.text(f'fleet.profile.{season}')}</b>", **corner))
    return figure(
        look,
        data,
        **axes,
        annotations=notes,
        legend={"orientation": "h", "x": 0, "y": 1.06 + 0.04 * (lines > 1), "yanchor": "bottom"},
        showlegend=True,
        hovermode="closest",
        height=HEIGHTS[len(seasons)],
        margin={"l": 8, "r": 8, "t": 52, "b": 8},
    )


def day_line(rows: pd.DataFrame, look: Look, line: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Mean power by half-hour."""
    watts = by_slot(rows, "mean_w")
    texts = [
        "" if each is None else look.text("fleet.profile.hover", when=half_hour(slot), power=look.power(each))
        for slot, each in enumerate(watts)
    ]
    return slot_line(watts, texts, line, **more)


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
