"""Figures of the laboratory: pure, from the frames of `frames`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..hours.queries import HOUR_MS, Real
from ..kit.blocks import Frame
from ..kit.figures import SEQUENTIAL, Figure, axis, colour, corner, faded, figure, hover, scatter, words
from ..kit.lines import (
    DASHES,
    gap_axis,
    gaps,
    interval_texts,
    ribbon,
    stepped,
    time_axis,
)
from ..kit.locale import Look, minus

ROW = 130  # px of a part of a decomposition
BETWEEN = 0.16  # share of a row that is left above it, for its name
HOVERED = 2300  # hours up to which each says its time: three months
ROOM = {"l": 8, "r": 8, "t": 46, "b": 8}


def parts_figure(frame: Frame, look: Look) -> Figure:
    """The curve, and under it what it is taken apart into, each on its own scale."""
    notes = frame.notes
    columns, count = notes["columns"], len(notes["columns"])
    data, axes, titles = [], {}, []
    for place, (name, column) in enumerate(columns.items()):
        number = "" if place == 0 else str(place + 1)
        top = 1 - place / count
        low = 1 - (place + 1) / count
        ink = colour(look, notes["flow"] if place == 0 else "regular")
        data.append(_line(notes, column, ink, look) | {"yaxis": f"y{number}", "name": look.text(f"laboratory.{name}")})
        axes[f"yaxis{number}"] = axis(look, domain=[low, top - BETWEEN / count], nticks=4)
        title = look.text(f"laboratory.{name}") + ("" if place else f" · {_unit(notes, look)}")
        titles.append(words(title, x=0, y=top, xanchor="left", yanchor="top"))
    strengths = ", ".join(
        look.text(f"laboratory.strength.{name}", share=look.number(each, 2)) for name, each in notes["strength"].items()
    )
    said = look.text("laboratory.strength", strengths=strengths)
    return figure(
        look,
        data,
        height=ROW * count + 60,
        margin=ROOM,
        annotations=[*titles, _said(said, look)],
        xaxis=time_axis(notes["edges"], notes["zone"], look) | {"anchor": f"y{count}"},
        **axes,
    )


def spectrogram_figure(frame: Frame, look: Look) -> Figure:
    """A column a window, a row a frequency."""
    notes = frame.notes
    level, at = notes["level"], notes["at"]
    middle = at + 84 * HOUR_MS
    heat = {
        "type": "heatmap",
        "x": middle.tolist(),
        "y": np.round(notes["frequency"], 4).tolist(),
        "z": [[_number(each, 1) for each in row] for row in level],
        "colorscale": SEQUENTIAL,
        "colorbar": {"title": {"text": "dB"}, "thickness": 12, "outlinewidth": 0},
        "hovertemplate": look.text("laboratory.spectrogram.hover", turns="%{y}", level="%{z}") + "<extra></extra>",
        "hoverongaps": False,
    }
    edges = np.array([middle[0] - 36 * HOUR_MS, middle[-1] + 36 * HOUR_MS])
    said = look.text("laboratory.spectrogram.strongest", turns=look.number(notes["strongest"], 2))
    return figure(
        look,
        [heat],
        hovermode="closest",
        margin=ROOM,
        annotations=[_said(said, look)],
        xaxis=time_axis(edges, notes["zone"], look),
        yaxis=axis(look, look.text("laboratory.axis.turns"), range=[-1 / 14, 12 + 1 / 14], dtick=1),
    )


def correlation_figure(frame: Frame, look: Look) -> Figure:
    """r over the middle of its window, in the band in which it says nothing; dots where it leaves it."""
    notes = frame.notes
    found, at, shares = notes["found"], notes["at"].tolist(), notes["shares"]
    texts = [
        look.text("laboratory.correlation.hover", r=_r(r, look), limit=_r(limit, look), count=round(count))
        if np.isfinite(r)
        else ""
        for r, limit, count in zip(found.r, found.limit, found.count, strict=True)
    ]
    r, limit = ([_number(each, 4) for each in column] for column in (found.r, found.limit))
    band = ribbon(
        at,
        [None if each is None else -each for each in limit],
        limit,
        fillcolor=faded(look, "missing", 0.25),
        line={"width": 0},
        name=look.text("laboratory.correlation.band"),
    )
    line = scatter("lines", at, r, line={"color": colour(look, "regular"), "width": 1.8}, **hover(texts))
    dots = scatter(
        "markers",
        [each for each, marked in zip(at, found.significant, strict=True) if marked],
        [each for each, marked in zip(r, found.significant, strict=True) if marked],
        marker={"size": 7, "symbol": "diamond", "color": colour(look, "warning")},
        name=look.text("laboratory.correlation.significant"),
        hoverinfo="skip",
    )
    said = look.text(
        "laboratory.correlation.said",
        windows=shares["windows"],
        honest=look.percent(shares["honest"], 0),
        naive=look.percent(shares["naive"], 0),
    )
    return figure(
        look,
        [band | {"showlegend": True}, line | {"showlegend": False}, dots | {"showlegend": True}],
        showlegend=True,
        margin=ROOM,
        legend={"orientation": "h", "y": -0.14, "yanchor": "top", "x": 0},
        annotations=[_said(said, look)],
        xaxis=time_axis(notes["edges"], notes["zone"], look),
        yaxis=axis(look, look.text("areas.axis.r"), range=[-1.05, 1.05], zeroline=True),
    )


def marked_figure(frame: Frame, look: Look) -> Figure:
    """The curve with the hours that a chart takes for unusual, and its limits where it has such."""
    notes = frame.notes
    columns, outside, counts = notes["columns"], notes["outside"], notes["counts"]
    data = []
    at = notes["edges"][:-1]
    if "low" in columns:
        low, high = ([_number(each / notes["unit"], 3) for each in columns[name]] for name in ("low", "high"))
        data.append(ribbon(at.tolist(), low, high, fillcolor=faded(look, "missing", 0.3), line={"width": 0}))
    data.append(_line(notes, notes["curve"], colour(look, notes["flow"]), look))
    data.append(
        scatter(
            "markers",
            at[outside].tolist(),
            np.round(notes["curve"][outside] / notes["unit"], 3).tolist(),
            marker={"size": 6, "symbol": "diamond", "color": colour(look, "warning")},
            hoverinfo="skip",
        )
    )
    said = look.text("laboratory.marked", **counts, share=look.percent(counts["hours"] / counts["of_hours"]))
    return figure(
        look,
        data,
        margin=ROOM,
        annotations=[_said(said, look)],
        xaxis=time_axis(notes["edges"], notes["zone"], look),
        yaxis=axis(look, _unit(notes, look)),
    )


def leak_figure(frame: Frame, look: Look) -> Figure:
    """A dot a day: what came over what was said; on the line they agree."""
    notes = frame.notes
    came, said = notes["came"], notes["said"]
    unit = 1000.0 if notes["is_metered"] else 1e9
    texts = [
        look.text(
            "laboratory.leak.hover", day=look.day(day), came=_energy(notes, own, look), said=_energy(notes, its, look)
        )
        for day, own, its in zip(notes["days"], came, said, strict=True)
    ]
    ends = [float(min(came.min(), said.min())) / unit, float(max(came.max(), said.max())) / unit]
    line = scatter(
        "lines", ends, ends, line={"color": colour(look, "quiet"), "width": 1, "dash": "dot"}, hoverinfo="skip"
    )
    is_leaking = notes["sees"] == "yes"
    marker = {"size": 6, "color": colour(look, "warning" if is_leaking else notes["flow"]), "opacity": 0.75}
    dots = scatter(
        "markers", np.round(said / unit, 3).tolist(), np.round(came / unit, 3).tolist(), marker=marker, **hover(texts)
    )
    name = "kwh" if notes["is_metered"] else "gwh"
    text = look.text(
        f"laboratory.leak.{'leaking' if is_leaking else 'honest'}",
        r2=minus(look.number(notes["explained"], 3)),
        days=len(came),
        features=notes["features"],
    )
    return figure(
        look,
        [line, dots],
        hovermode="closest",
        margin=ROOM,
        annotations=[_said(text, look)],
        xaxis=axis(look, look.text(f"laboratory.leak.said_{name}")),
        yaxis=axis(look, look.text(f"laboratory.leak.came_{name}")),
    )


def sarimax_figure(frame: Frame, look: Look) -> Figure:
    """The week as it came and as each said it; the legend says by how much each was wrong."""
    notes = frame.notes
    edges, unit = notes["edges"], notes["unit"]
    came = stepped(edges, notes["curve"] / unit) | {"name": look.text("laboratory.sarimax.came"), "showlegend": True}
    came["line"] |= {"color": colour(look, notes["flow"]), "width": 2.4}
    data = [gaps(edges, ~np.isfinite(notes["curve"]), look), came]
    inks = ("text", "regular", "regular", "regular")
    for place, (name, column) in enumerate(notes["columns"].items()):
        error = look.percent(notes["errors"][name])
        line = stepped(edges, column / unit) | {
            "name": f"{look.text(f'laboratory.sarimax.{name}')} {error}",
            "showlegend": True,
        }
        line["line"] |= {"color": colour(look, inks[place]), "width": 1.5, "dash": DASHES[place]}
        data.append(line)
    return figure(
        look,
        [trace for trace in data if trace["x"]],
        showlegend=True,
        xaxis=time_axis(edges, notes["zone"], look),
        yaxis=axis(look, _unit(notes, look)),
        yaxis3=gap_axis(),
    )


# --- what several are made of -----------------------------------------------------------------------------------------


def _line(notes: Mapping[str, Any], column: Real, ink: str, look: Look) -> dict[str, Any]:
    """Hour by hour, open in holes; evenly spaced, so that no time is sent."""
    edges = notes["edges"]
    y = [_number(each, 3) for each in column / notes["unit"]]
    line = scatter("lines", None, y, x0=int(edges[0]), dx=HOUR_MS, line={"color": ink, "width": 1.2})
    del line["x"]
    if len(column) <= HOVERED:
        return line | {
            "text": interval_texts(edges, notes["zone"], look),
            "hovertemplate": "%{text}<br><b>%{y}</b><extra></extra>",
        }
    return line | {"hovertemplate": "<b>%{y}</b><extra></extra>"}


def _said(text: str, look: Look) -> dict[str, Any]:
    """The one number of a picture, above it; in two lines where a phone has no room."""
    return corner(text, look, x=0, xanchor="left", align="left", yshift=6)


def _unit(notes: Mapping[str, Any], look: Look) -> str:
    return look.text("laboratory.axis.w" if notes["is_metered"] else "areas.axis.mwh")


def _energy(notes: Mapping[str, Any], wh: float, look: Look) -> str:
    return look.energy(wh) if notes["is_metered"] else look.grid_energy(wh)


def _number(each: float, digits: int) -> float | None:
    return round(float(each), digits) if np.isfinite(each) else None


def _r(each: float, look: Look) -> str:
    return minus(look.number(float(each), 2))
