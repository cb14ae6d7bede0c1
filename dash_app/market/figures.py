"""Figures of the market page: pure, from the frames of `queries`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..hours.queries import GWH, MWH, Real
from ..kit.blocks import Frame
from ..kit.figures import (
    SEQUENTIAL,
    Figure,
    axis,
    bars,
    carrier_fills,
    colour,
    corner,
    faded,
    figure,
    hatched,
    hover,
    scatter,
    upright,
)
from ..kit.lines import DASHES, gap_axis, gaps, hovers, interval_texts, stepped, time_axis
from ..kit.locale import Look, minus
from ..kit.ticks import day_ticks

MOST_DOTS = 31 * 25  # more hours are drawn as a density
CELLS = (44, 30)
FEW_HOURS = 6


def curve_figure(frame: Frame, look: Look) -> Figure:
    """Price on the left axis, production on the right one, one hover for both."""
    notes = frame.notes
    edges, price, wh = notes["edges"], notes["price"], notes["wh"]
    hourly = notes["step"] == "hour"
    shown = wh / (MWH if hourly else GWH)
    violet, amber = colour(look, "price"), colour(look, "production")
    data = [
        gaps(edges, ~np.isfinite(price) & ~np.isfinite(wh), look),
        stepped(edges, shown, 3)
        | {"yaxis": "y2", "name": look.text("market.production")}
        | {"line": {"shape": "hv", "color": amber, "width": 1.6}, "fill": "tozeroy"}
        | {"fillcolor": faded(look, "production", 0.14)},
        stepped(edges, price)
        | {"name": look.text("market.price"), "line": {"shape": "hv", "color": violet, "width": 1.8}},
        hovers(edges, price, _curve_texts(notes, look), colour(look, "quiet")),
    ]
    right = look.text("market.axis.mwh" if hourly else "market.axis.gwh")
    left, other = aligned(price, shown)
    return figure(
        look,
        [trace for trace in data if trace["x"]],
        showlegend=True,
        xaxis=time_axis(edges, notes["zone"], look),
        yaxis=axis(look, look.text("market.axis.price"), range=left, zeroline=True, tickfont={"color": violet}),
        yaxis2=axis(look, right, range=other, overlaying="y", side="right", showgrid=False, tickmode="auto")
        | {"tickfont": {"color": amber}},
        yaxis3=gap_axis(),
    )


def aligned(left: Real, right: Real) -> tuple[list[float], list[float]]:
    """Ranges of two axes whose zeros stand at the same height, with some room above and below."""
    sides = [each[np.isfinite(each)] for each in (left, right)]
    highs = [float(np.max(each, initial=0.0)) or 1.0 for each in sides]
    below = max(-float(np.min(each, initial=0.0)) / high for each, high in zip(sides, highs, strict=True))
    first, second = ([round(-1.05 * below * high, 6), round(1.05 * high, 6)] for high in highs)
    return first, second


def _curve_texts(notes: Any, look: Look) -> list[str]:
    when = interval_texts(notes["edges"], notes["zone"], look)
    unknown = look.text("market.unknown")
    found = []
    for text, price, wh, share in zip(when, notes["price"], notes["wh"], notes["share"], strict=True):
        euros = look.price(float(price)) if np.isfinite(price) else unknown
        energy = look.grid_energy(float(wh)) if np.isfinite(wh) else unknown
        lines = look.text("market.hover", when=text, price=euros, energy=energy)
        if np.isfinite(wh) and share < 1:
            lines += "<br>" + look.text("market.hover.partly", share=look.covered(float(share)))
        found.append(lines)
    return found


def cumulative_figure(frame: Frame, look: Look) -> Figure:
    """A line a type, named at its end by the legend; told apart by dashes as well as by colour."""
    days, columns = frame.notes["days"], frame.notes["columns"]
    data = []
    fills = carrier_fills(columns, look)
    for place, (name, mwh) in enumerate(columns.items()):
        texts = [
            f"{look.day(day, 'EEE d MMM y')}<br>{name} {look.grid_energy(float(each) * MWH)}"
            if np.isfinite(each)
            else ""
            for day, each in zip(days, mwh, strict=True)
        ]
        data.append(
            scatter(
                "lines" if len(days) > 1 else "markers",
                [day.isoformat() for day in days],
                _rounded(mwh / 1000),
                name=name,
                line={"color": fills[place], "width": 2, "dash": DASHES[place % len(DASHES)]},
                marker={"color": fills[place]},
                **hover(texts),
            )
        )
    return figure(
        look,
        data,
        showlegend=True,
        hovermode="closest",
        xaxis=axis(look, **_days_axis(days, look)),
        yaxis=axis(look, look.text("market.axis.gwh_sum"), rangemode="tozero"),
    )


def capture_figure(frame: Frame, look: Look) -> Figure:
    """A bar a type, and the mean price of the same hours as a line."""
    table, mean = frame.table, frame.notes["mean"]
    names, prices = table["type"].tolist(), table["capture_price_eur_mwh"].tolist()
    texts = [look.price(price) for price in prices]
    said = [
        look.text("market.capture.hover", type=name, price=look.price(price), energy=look.grid_energy(mwh * MWH))
        + (look.text("market.capture.of_mean", share=look.percent(price / mean, 0)) if mean and mean > 0 else "")
        for name, price, mwh in zip(names, prices, table["mwh"].tolist(), strict=True)
    ]
    drawn = bars(
        np.round(prices, 2).tolist(),
        names,
        orientation="h",
        text=texts,
        textposition="auto",
        insidetextfont={"color": colour(look, "paper")},
        textangle=0,
        cliponaxis=False,
        marker={"color": colour(look, "price")},
        **hover(said),
    )
    line = {"color": colour(look, "quiet"), "width": 1.5, "dash": "dash"}
    named = look.text("market.capture.mean", price=look.price(mean)) if mean is not None else ""
    label = corner(named, look, 11, "quiet", xref="x", x=mean, xanchor="center")
    return figure(
        look,
        [drawn],
        hovermode="closest",
        margin={"l": 8, "r": 24, "t": 24, "b": 8},
        height=max(320, 60 + 26 * len(names)),
        shapes=[upright(mean, line)] if mean is not None else [],
        annotations=[label] if mean is not None else [],
        xaxis=axis(look, look.text("market.axis.price"), zeroline=True),
        yaxis=axis(look, type="category"),
    )


def negative_figure(frame: Frame, look: Look) -> Figure:
    """Hours below zero by day or month; hatched where not all hours are priced."""
    table, monthly = frame.table, frame.notes["monthly"]
    form = "MMMM y" if monthly else "EEE d MMM y"
    said = [
        look.text(
            "market.negative.hover",
            when=look.day(row["from"], form),
            hours=row["negative_hours"],
            priced=row["priced_hours"],
            energy=look.grid_energy(row["production_mwh"] * MWH),
        )
        for _, row in table.iterrows()
    ]
    known = table["priced_hours"] > 0
    drawn = bars(
        [day.isoformat() for day in table["from"]],
        [hours if there else None for hours, there in zip(table["negative_hours"].tolist(), known, strict=True)],
        marker={
            "color": faded(look, "price", 0.75),
            "pattern": hatched(table["priced_hours"] < table["hours"], colour(look, "missing")),
        },
        **hover(said),
    )
    days, most = table["from"].tolist(), table["negative_hours"].max()
    whole = {"dtick": 1} if most < FEW_HOURS else {}  # else ticks between hours, which would say the same hour twice
    ticks = {"type": "date", "tickformat": "%b\n%Y"} if monthly else _days_axis(days, look)
    return figure(
        look,
        [drawn],
        hovermode="closest",
        xaxis=axis(look, **ticks, showgrid=False),
        yaxis=axis(look, look.text("market.axis.hours"), range=[0, 1.05 * max(most, 1)], tickformat=",d", **whole),
    )


def scatter_figure(frame: Frame, look: Look) -> Figure:
    """A dot an hour; for more than a month how many hours there are of each pair."""
    table, r = frame.table, frame.notes["r"]
    x, y = (table[name].to_numpy(dtype=np.float64) for name in ("production_mwh", "price_eur_mwh"))
    data = [_dots(frame, look) if len(table) <= MOST_DOTS else _density(x, y, look)]
    said = look.text("market.scatter.none") if r is None else look.text("market.scatter.r", r=minus(look.number(r, 2)))
    return figure(
        look,
        data,
        hovermode="closest",
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        annotations=[corner(said, look, 13)],
        xaxis=axis(look, look.text("market.axis.mwh")),
        yaxis=axis(look, look.text("market.axis.price"), zeroline=True),
    )


def _dots(frame: Frame, look: Look) -> dict[str, Any]:
    columns = [frame.table[name].tolist() for name in ("start_local", "price_eur_mwh", "production_mwh")]
    texts = [
        f"{start[:16].replace('T', ' ')}<br>{look.price(price)} · {look.grid_energy(mwh * MWH)}"
        for start, price, mwh in zip(*columns, strict=True)
    ]
    return scatter(
        "markers", columns[2], columns[1], marker={"size": 5, "color": faded(look, "price", 0.55)}, **hover(texts)
    )


def _density(x: Real, y: Real, look: Look) -> dict[str, Any]:
    """Hours by cell; cells without one are left empty."""
    counts, right, up = np.histogram2d(x, y, bins=CELLS)
    cells = [[int(count) or None for count in row] for row in counts.T]
    return {
        "type": "heatmap",
        "x": np.round((right[:-1] + right[1:]) / 2, 1).tolist(),
        "y": np.round((up[:-1] + up[1:]) / 2, 1).tolist(),
        "z": cells,
        "colorscale": SEQUENTIAL,
        "zmin": 0,
        "hoverongaps": False,
        "hovertemplate": look.text("market.scatter.hover", x="%{x:,.0f}", y="%{y:.1f}", z="%{z}") + "<extra></extra>",
        "colorbar": {"title": {"text": look.text("market.axis.hours")}, "thickness": 12, "outlinewidth": 0},
    }


def _days_axis(days: list[Any], look: Look) -> dict[str, Any]:
    return day_ticks(days[0], days[-1].fromordinal(days[-1].toordinal() + 1), look)


def _rounded(values: Real) -> list[float | None]:
    return [round(float(each), 4) if np.isfinite(each) else None for each in values]
