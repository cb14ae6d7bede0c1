"""The usual week, and for how long which power was needed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..kit.blocks import Frame
from ..kit.figures import Figure, axis, colour, faded, figure, hover, margins, number_width, scatter, words
from ..kit.lines import MIDDLES, OWN_TITLE, SLOTS, by_slot, half_hour, hours_axis, ribbon, slot_line
from ..kit.locale import Look
from ..kit.ticks import flow_of, flow_text


def week_figure(frame: Frame, look: Look) -> Figure:
    """Median as a line, the middle half as a band; weekdays against weekends, by half-hour of the local day."""
    styles = {"weekdays": (flow_of(frame.notes), "solid", 0.2), "weekends": ("quiet", "dash", 0.16)}
    bands, lines = [], []
    for name, (ink, dash, strength) in styles.items():
        rows = frame.table[frame.table["days"] == name]
        low, middle, high = (by_slot(rows, f"{part}_w") for part in ("lower_quartile", "median", "upper_quartile"))
        if not any(each is not None for each in middle):
            continue
        bands.append(ribbon(MIDDLES, low, high, mode="none", fillcolor=faded(look, ink, strength), showlegend=False))
        texts = [_week_text(slot, *each, look) for slot, each in enumerate(zip(low, middle, high, strict=True))]
        line = {"color": colour(look, ink), "width": 2, "dash": dash}
        lines.append(slot_line(middle, texts, line, name=look.text(f"consumption.week.{name}")))
    highest = float(frame.table["upper_quartile_w"].max())
    quarters = {"tickvals": list(range(0, SLOTS, 6)), "ticks": "outside", "ticklen": 3}
    return figure(
        look,
        [*bands, *lines],
        showlegend=True,
        xaxis=hours_axis(look, look.text("consumption.axis.hour"), minor=quarters) | OWN_TITLE,
        yaxis=power_axis(frame.notes, highest, look),
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
    if notes["base"] is not None:
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
        | OWN_TITLE,
        yaxis=power_axis(notes, peak, look),
        annotations=annotations,
        shapes=shapes,
        firm=margins(left=number_width(peak), right=26, bottom=46),
    )


def power_axis(notes: Mapping[str, Any], highest: float, look: Look) -> dict[str, Any]:
    """An axis of power up to a little above the highest."""
    title = flow_text(notes, "w", look)
    return axis(look, title, range=[0, highest * 1.06 or 1.0], fixedrange=True, tickformat=",.0f")


def _week_text(slot: int, low: float | None, median: float | None, high: float | None, look: Look) -> str:
    if low is None or median is None or high is None:
        return ""
    powers = {"median": look.power(median), "low": look.power(low), "high": look.power(high)}
    return look.text("consumption.week.hover", when=half_hour(slot), **powers)


def _duration_text(row: Any, look: Look) -> str:
    share = look.percent(row.share_of_measured_time)
    return look.text("consumption.duration.hover", power=look.power(row.at_least_w), share=share, hours=row.hours)


def _peak_text(notes: Any, look: Look) -> dict[str, Any]:
    at = look.moment(datetime.fromtimestamp(notes["peak_at"] / 1000, UTC), "d MMM y, HH:mm")
    text = look.text("consumption.duration.peak", power=look.power(notes["peak"]), at=at)
    return words(text, xref="x", yref="y", x=2, y=notes["peak"], xanchor="left", yanchor="middle")


def _base_text(base: float, look: Look) -> dict[str, Any]:
    text = look.text("consumption.duration.base", power=look.power(base))
    return words(text, xref="x", yref="y", x=2, y=base, xanchor="left", yanchor="bottom")  # off the curve
