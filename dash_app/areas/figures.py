"""Figures of the page of the Norwegian areas: pure, from the frames of `queries`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..hours.queries import GWH, MWH
from ..kit.blocks import Frame
from ..kit.figures import (
    SEQUENTIAL,
    Figure,
    axis,
    bars,
    carrier_fills,
    cividis,
    colour,
    corner,
    faded,
    figure,
    hatched,
    hover,
    scatter,
    upright,
    words,
)
from ..kit.lines import DASHES, gap_axis, gaps, hovers, interval_texts, stepped, time_axis
from ..kit.locale import Look, minus
from ..kit.ticks import hatching
from .queries import ENERGY, LAGS, SUMMED

FAINTEST = 0.3


def group_text(name: str, look: Look) -> str:
    """What a group is called; one that nobody knew before has its own name."""
    return look.text_or(f"areas.group.{name}", name)


def fills_of(names: Sequence[str], flow: str, look: Look) -> list[str]:
    """A colour a group: of production its carrier's, of consumption from full to faint."""
    if flow == "production":
        return carrier_fills(names, look)
    steps = max(1, len(names) - 1)
    return [faded(look, flow, round(1 - (1 - FAINTEST) * place / steps, 3)) for place in range(len(names))]


def shares_figure(frame: Frame, look: Look) -> Figure:
    """A ring of shares; bars where a group is negative, as a ring cannot show that."""
    wh, flow = frame.notes["wh"], frame.notes["flow"]
    names = [group_text(name, look) for name in wh]
    fills = fills_of(list(wh), flow, look)
    texts = [f"{name} {look.grid_energy(each)}" for name, each in zip(names, wh.values(), strict=True)]
    if min(wh.values()) < 0 or not any(wh.values()):
        marker = {"color": fills}
        gwh = [round(each / GWH, 6) for each in wh.values()]
        return _share_bars(bars(gwh, names, orientation="h", text=texts, marker=marker, **hover(texts)), look)
    whole = sum(wh.values())
    ring = {
        "type": "pie",
        "hole": 0.55,
        "sort": False,
        "direction": "clockwise",
        "labels": [f"{name} {look.percent(each / whole)}" for name, each in zip(names, wh.values(), strict=True)],
        "values": [round(each / MWH, 6) for each in wh.values()],
        "customdata": texts,
        "hovertemplate": "%{customdata}<br>%{percent}<extra></extra>",
        "textinfo": "percent",
        "textposition": "inside",
        "marker": {"colors": fills, "line": {"color": colour(look, "paper"), "width": 1}},
    }
    total = look.grid_energy(whole)
    middle = words(f"<b>{frame.notes['area']}</b><br>{total}", x=0.5, y=0.5)
    place = {"xref": "paper", "yref": "paper", "font": {"size": 14, "color": colour(look, "text")}}
    return figure(
        look,
        [ring],
        hovermode="closest",
        showlegend=True,
        annotations=[middle | place],
        uniformtext={"mode": "hide", "minsize": 10},
        legend={"orientation": "h", "y": -0.05, "yanchor": "top", "x": 0.5, "xanchor": "center"},
    )


def totals_figure(frame: Frame, look: Look) -> Figure:
    """A bar an area, of its groups; hatched where not all of it is measured."""
    sums, flow = frame.notes["sums"], frame.notes["flow"]
    names = sorted({name for each in sums for name in each.wh}, key=lambda name: -sum(e.wh.get(name, 0) for e in sums))
    data = []
    for name, fill in zip(names, fills_of(names, flow, look), strict=True):
        there = [each for each in sums if name in each.wh]
        said = [_total_text(each, name, look) for each in there]
        partly = [each.covered is not None and each.covered < 1 for each in there]
        data.append(
            bars(
                [each.area for each in there],
                [round(each.wh[name] / GWH, 6) for each in there],
                name=group_text(name, look),
                marker={
                    "color": fill,
                    "line": {"color": colour(look, "paper"), "width": 0.5},
                    "pattern": hatched(partly, colour(look, "missing")),
                },
                **hover(said),
            )
        )
    tops = [
        {"x": each.area, "y": max(0.0, sum(max(0.0, wh) for wh in each.wh.values())) / GWH, "yanchor": "bottom"}
        | words(look.grid_energy(each.total), xref="x", yref="y")
        for each in sums
    ]
    return figure(
        look,
        data,
        barmode="relative",
        showlegend=True,
        hovermode="closest",
        annotations=tops,
        xaxis=axis(look, type="category", showgrid=False, categoryorder="category ascending"),
        yaxis=axis(look, look.text("areas.axis.gwh_sum"), rangemode="tozero"),
    )


def _total_text(each: Any, name: str, look: Look) -> str:
    text = f"{each.area} {group_text(name, look)}<br><b>{look.grid_energy(each.wh[name])}</b>"
    if each.covered is not None and each.covered < 1:
        text += "<br>" + look.text("areas.map.measured", share=look.covered(each.covered))
    return text


def lines_figure(frame: Frame, look: Look) -> Figure:
    """A line a group, told apart by dashes as well as by colour; one hover for all."""
    notes = frame.notes
    edges, lines, hourly = notes["edges"], notes["lines"], notes["hourly"]
    unit = MWH if hourly else GWH
    order = sorted(lines, key=lambda name: -float(np.nansum(lines[name])))
    data = [gaps(edges, ~np.isfinite(np.array(list(lines.values()))).any(axis=0), look)]
    fills = fills_of(order, notes["flow"], look)
    for place, name in enumerate(order):
        line = {"shape": "hv", "width": 1.7, "dash": DASHES[place % len(DASHES)], "color": fills[place]}
        data.append(
            stepped(edges, lines[name] / unit, 4) | {"name": group_text(name, look), "line": line, "showlegend": True}
        )
    when = interval_texts(edges, notes["zone"], look)
    texts = [
        "<br>".join([text, *(_line_text(name, lines[name][place], look) for name in order)])
        for place, text in enumerate(when)
    ]
    data.append(hovers(edges, lines[order[0]] / unit, texts, colour(look, "quiet")))
    return figure(
        look,
        [trace for trace in data if trace["x"]],
        showlegend=True,
        xaxis=time_axis(edges, notes["zone"], look),
        yaxis=axis(look, look.text("areas.axis.mwh" if hourly else "areas.axis.gwh"), rangemode="tozero"),
        yaxis3=gap_axis(),
    )


def _line_text(name: str, wh: float, look: Look) -> str:
    shown = look.grid_energy(float(wh)) if np.isfinite(wh) else look.text("areas.not_known")
    return f"{group_text(name, look)} <b>{shown}</b>"


def lag_figure(frame: Frame, look: Look) -> Figure:
    """r by lag, the chosen and the strongest one marked."""
    lags, r = frame.table["lag_h"].tolist(), [_number(each) for each in frame.table["pearson_r"].tolist()]
    best, chosen = frame.notes["best"], frame.notes["lag"]
    texts = [
        "" if each is None else look.text("areas.lag.hover", lag=signed(lag, look), r=minus(look.number(each, 3)))
        for lag, each in zip(lags, r, strict=True)
    ]
    line = scatter("lines", lags, r, line={"color": colour(look, "regular"), "width": 2}, **hover(texts))
    strongest = r[lags.index(best)]
    dot = scatter(
        "markers",
        [best],
        [strongest],
        hoverinfo="skip",
        marker={"size": 10, "symbol": "diamond", "color": colour(look, "warning")},
    )
    dash = {"color": colour(look, "quiet"), "width": 1, "dash": "dot"}
    said = look.text("areas.lag.best", r=minus(look.number(strongest or 0.0, 2)), lag=signed(best, look))
    return figure(
        look,
        [line, dot],
        hovermode="closest",
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        shapes=[upright(chosen, dash)],
        annotations=[corner(said, look)],
        xaxis=axis(look, look.text("areas.lag.axis"), range=[LAGS[0] - 1, LAGS[1] + 1], dtick=12),
        yaxis=axis(look, look.text("areas.axis.r"), range=[-1.05, 1.05], zeroline=True),
    )


def rolling_figure(frame: Frame, look: Look) -> Figure:
    """r over the period, from -1 to 1."""
    notes = frame.notes
    at, r = notes["at"], notes["r"]
    when = interval_texts(np.append(at, at[-1] + 1), notes["zone"], look)
    texts = [
        look.text("areas.rolling.hover", when=text.split("–")[0], r=minus(look.number(float(each), 2)))
        if np.isfinite(each)
        else ""
        for text, each in zip(when, r, strict=True)
    ]
    line = scatter(
        "lines",
        at.tolist(),
        [_number(each) for each in r.tolist()],
        line={"color": colour(look, "regular"), "width": 1.8},
        **hover(texts),
    )
    return figure(
        look,
        [line],
        xaxis=time_axis(np.array(notes["ends"], dtype=np.int64), notes["zone"], look),
        yaxis=axis(look, look.text("areas.axis.r"), range=[-1.05, 1.05], zeroline=True),
    )


def _share_bars(drawn: dict[str, Any], look: Look) -> Figure:
    said = corner(look.text("areas.shares.negative"), look, y=-0.28, x=0, xanchor="left")
    return figure(
        look,
        [drawn],
        hovermode="closest",
        annotations=[said],
        margin={"l": 8, "r": 8, "t": 8, "b": 60},
        xaxis=axis(look, look.text("areas.axis.gwh_sum")),
        yaxis=axis(look, autorange="reversed", type="category"),
    )


def signed(number: int, look: Look) -> str:
    """`+6`, `0`, `−6`."""
    return ("+" if number > 0 else "") + minus(look.number(number))


def _number(each: float | None) -> float | None:
    return round(float(each), 4) if each is not None and np.isfinite(each) else None


# --- the map, filled polygons on ordinary axes: no tiles, nobody asked ------------------------------------------------


SHAPES = json.loads(Path(__file__).with_name("outlines.json").read_text(encoding="utf-8"))
OUTLINES = {area: shape["corners"] for area, shape in SHAPES.items()}
CENTRES = {area: shape["name_at"] for area, shape in SHAPES.items()}  # as far from the border as can be
UNITS = {"temperature_c": "°C", "precipitation_mm": "mm", "wind_ms": "m/s"}
ZERO_BASED = (ENERGY, SUMMED, "wind_ms")


def map_figure(frame: Frame, look: Look) -> Figure:
    """Each area in its colour with name and number; a click chooses the area."""
    numbers, colour_by = frame.notes["numbers"], frame.notes["colour"]
    low, high = ends(numbers, colour_by)
    data: list[dict[str, Any]] = [
        scatter(
            "lines",
            [x for x, _ in (*corners, corners[0])],
            [y for _, y in (*corners, corners[0])],
            fill="toself",
            fillcolor=cividis((numbers[area] - low) / (high - low)),
            line={"color": colour(look, "paper"), "width": 1.5},
            hoverinfo="skip",
        )
        for area, corners in OUTLINES.items()
        if area in numbers
    ]
    if unknown := [corners for area, corners in OUTLINES.items() if area not in numbers]:
        line = {"width": 1.5, "color": colour(look, "missing")}
        data.append(hatching(unknown, look, name=look.text("areas.not_known"), line=line))
    data += [_labels(frame, low, high, look), _bar(frame, low, high)]
    hidden = {"visible": False, "fixedrange": True}
    xs, ys = ([corner[way] for corners in OUTLINES.values() for corner in corners] for way in (0, 1))
    return figure(
        look,
        data,
        hovermode="closest",
        dragmode=False,
        annotations=[corner(look.text("areas.map.source"), look, 10, "quiet", y=0)],
        xaxis=hidden | {"range": [min(xs) - 40, max(xs) + 40], "constrain": "domain"},
        yaxis=hidden | {"range": [min(ys) - 40, max(ys) + 40], "scaleanchor": "x", "constrain": "domain"},
    )


def ends(numbers: dict[str, float], colour_by: str) -> tuple[float, float]:
    """Where the scale begins and ends: at zero for what cannot be less, unless it is."""
    low, high = min(numbers.values()), max(numbers.values())
    if colour_by in ZERO_BASED:
        low = min(0.0, low)
    return low, high if high > low else low + 1


def number_text(number: float, colour_by: str, look: Look) -> str:
    """A number of the map with its unit, and whether it is a sum or a mean."""
    if colour_by == ENERGY:
        return look.grid_energy(number)
    shown = f"{minus(look.number(number, 1))}\u202f{UNITS[colour_by]}"
    return look.text("areas.sum" if colour_by == SUMMED else "areas.mean", number=shown)


def _labels(frame: Frame, low: float, high: float, look: Look) -> dict[str, Any]:
    """Names in the areas, readable on the fill; customdata: the area, which a click chooses, and the hover."""
    numbers, shares, by = (frame.notes[name] for name in ("numbers", "shares", "colour"))
    hover, fonts = [], []
    for area in CENTRES:
        known = area in numbers
        text = number_text(numbers[area], by, look) if known else look.text("areas.not_known")
        said = look.text("areas.map.hover", area=area, number=text)
        if known and shares[area] is not None and shares[area] < 1:
            said += "<br>" + look.text("areas.map.measured", share=look.covered(shares[area]))
        hover.append([area, said])
        light = known and (numbers[area] - low) / (high - low) > 0.55
        fonts.append("#111827" if light else "#ffffff" if known else colour(look, "text"))
    return scatter(
        "markers+text",
        [x for x, _ in CENTRES.values()],
        [y for _, y in CENTRES.values()],
        text=list(CENTRES),
        textfont={"color": fonts, "size": 13},
        marker={"size": 46, "opacity": 0},
        customdata=hover,
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def _bar(frame: Frame, low: float, high: float) -> dict[str, Any]:
    """The scale, on an unseen point."""
    by = frame.notes["colour"]
    factor, unit = (1e9, "GWh") if by == ENERGY else (1.0, UNITS[by])
    return scatter(
        "markers",
        [0],
        [0],
        hoverinfo="skip",
        marker={
            "color": [low / factor],
            "cmin": low / factor,
            "cmax": high / factor,
            "colorscale": SEQUENTIAL,
            "showscale": True,
            "opacity": 0,
            "colorbar": {"title": {"text": unit}, "thickness": 12, "outlinewidth": 0, "len": 0.6},
        },
    )
