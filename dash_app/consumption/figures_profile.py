"""The usual week, and for how long which power was needed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd

from ..kit.blocks import Frame
from ..kit.figures import SILENT, Figure, axis, colour, faded, figure, hover, margins, number_width, scatter, words
from ..kit.locale import Look
from ..kit.ticks import flow_of, flow_text

SLOTS = 48


def week_figure(frame: Frame, look: Look) -> Figure:
    """Median as a line, the middle half as a band; weekdays against weekends, by half-hour of the local day."""
    styles = {"weekdays": (flow_of(frame.notes), "solid", 0.2), "weekends": ("quiet", "dash", 0.16)}
    data: list[dict[str, Any]] = []
    highest = 0.0
    for name, (ink, dash, strength) in styles.items():
        rows = frame.table[frame.table["days"] == name]
        rows = rows[rows["median_w"].notna()]
        if not len(rows):
            continue
        highest = max(highest, float(rows["upper_quartile_w"].max()))
        data += [
            _quartiles(rows, faded(look, ink, strength)),
            _median(rows, look.text(f"consumption.week.{name}"), colour(look, ink), dash, look),
        ]
    ticks = list(range(0, SLOTS + 1, 12))
    return figure(
        look,
        [trace for trace in data if trace["mode"] == "none"] + [trace for trace in data if trace["mode"] != "none"],
        showlegend=True,
        xaxis=axis(
            look,
            look.text("consumption.axis.hour"),
            range=[0, SLOTS],
            tickvals=ticks,
            ticktext=[f"{slot // 2:02d}:00" for slot in ticks],
            tickangle=0,
            minor={"tickvals": list(range(0, SLOTS, 6)), "ticks": "outside", "ticklen": 3},
        )
        | {"unifiedhovertitle": {"text": " "}},
        yaxis=axis(
            look,
            flow_text(frame.notes, "w", look),
            range=[0, highest * 1.06 or 1.0],
            fixedrange=True,
            tickformat=",.0f",
        ),
        firm=margins(left=number_width(highest), right=22, top=30, bottom=46),
    )


def duration_figure(frame: Frame, look: Look) -> Figure:
    """All measured time, sorted by power: how long it was at least so much. Base load and peak are read off."""
    notes, table = frame.notes, frame.table
    own = colour(look, flow_of(notes))
    x = [0.0, *(100 * table["share_of_measured_time"]).round(4).tolist()]
    y = [float(table["at_least_w"].iloc[0]), *table["at_least_w"].tolist()]
    texts = [_duration_text(row, look) for row in table.itertuples(index=False)]
    peak = float(notes["peak"])
    annotations = [_peak_text(notes, look)]
    shapes = []
    if not notes["is_production"] and notes["base"] is not None:
        annotations.append(_base_text(float(notes["base"]), look))
        line = {"color": colour(look, "quiet"), "width": 1, "dash": "dot"}
        shapes.append(
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": notes["base"], "y1": notes["base"], "line": line}
        )
    return figure(
        look,
        [
            scatter(
                "lines",
                x,
                y,
                line={"color": own, "width": 2, "shape": "vh"},
                fill="tozeroy",
                fillcolor=faded(look, flow_of(notes), 0.12),
                **hover([texts[0], *texts]),
            )
        ],
        xaxis=axis(look, look.text("consumption.axis.share"), range=[0, 100], dtick=25, ticksuffix="\u202f%")
        | {"unifiedhovertitle": {"text": " "}},
        yaxis=axis(
            look, flow_text(notes, "w", look), range=[0, peak * 1.06 or 1.0], fixedrange=True, tickformat=",.0f"
        ),
        annotations=annotations,
        shapes=shapes,
        firm=margins(left=number_width(peak), right=26, bottom=46),
    )


def _quartiles(rows: pd.DataFrame, fill: str) -> dict[str, Any]:
    """The band, a polygon for each stretch of neighbouring half-hours."""
    x: list[float | None] = []
    y: list[float | None] = []
    for run in _runs(rows):
        slots = [place + 0.5 for place in _slots(run)]
        low, high = (run[name].tolist() for name in ("lower_quartile_w", "upper_quartile_w"))
        x += [*slots, *slots[::-1], None]
        y += [*high, *low[::-1], None]
    style = {"fill": "toself", "fillcolor": fill}
    return scatter("none", x[:-1], y[:-1], **SILENT, **style)


def _median(rows: pd.DataFrame, name: str, ink: str, dash: str, look: Look) -> dict[str, Any]:
    x: list[float | None] = []
    y: list[float | None] = []
    texts: list[str] = []
    for run in _runs(rows):
        x += [*(place + 0.5 for place in _slots(run)), None]
        y += [*run["median_w"], None]
        texts += [*(_week_text(row, look) for row in run.itertuples(index=False)), ""]
    return scatter(
        "lines+markers" if len(rows) < SLOTS else "lines",
        x[:-1],
        y[:-1],
        name=name,
        line={"color": ink, "width": 2, "dash": dash},
        marker={"size": 4, "color": ink},
        **hover(texts[:-1], "%{fullData.name}"),
    )


def _slots(rows: pd.DataFrame) -> list[int]:
    return [int(text[:2]) * 2 + int(text[3:]) // 30 for text in rows["local_time"]]


def _runs(rows: pd.DataFrame) -> list[pd.DataFrame]:
    slots = pd.Series(_slots(rows), index=rows.index)
    return [run for _, run in rows.groupby((slots.diff() > 1).cumsum())]


def _week_text(row: Any, look: Look) -> str:
    end = (int(row.local_time[:2]) * 2 + int(row.local_time[3:]) // 30 + 1) % SLOTS
    low, middle, high = (look.power(each) for each in (row.lower_quartile_w, row.median_w, row.upper_quartile_w))
    when = f"{row.local_time}–{end // 2:02d}:{end % 2 * 30:02d}"
    return look.text("consumption.week.hover", when=when, median=middle, low=low, high=high)


def _duration_text(row: Any, look: Look) -> str:
    share = look.percent(row.share_of_measured_time)
    return look.text(
        "consumption.duration.hover", power=look.power(row.at_least_w), share=share, hours=look.number(row.hours)
    )


def _peak_text(notes: Any, look: Look) -> dict[str, Any]:
    at = look.moment(datetime.fromtimestamp(notes["peak_at"] / 1000, UTC), "d MMM y, HH:mm")
    text = look.text("consumption.duration.peak", power=look.power(notes["peak"]), at=at)
    return words(text, xref="x", yref="y", x=2, y=notes["peak"], xanchor="left", yanchor="middle")


def _base_text(base: float, look: Look) -> dict[str, Any]:
    text = look.text("consumption.duration.base", power=look.power(base))
    return words(text, xref="x", yref="y", x=100, y=base, xanchor="right", yanchor="bottom")
