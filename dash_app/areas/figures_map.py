"""The map of the Norwegian price areas: filled polygons on ordinary axes, no tiles, nobody asked."""

from __future__ import annotations

from typing import Any

from ..kit.blocks import Frame
from ..kit.figures import SEQUENTIAL, Figure, cividis, colour, figure, scatter, words
from ..kit.locale import Look, minus
from ..kit.ticks import hatching
from .figures_norway import CENTRES, OUTLINES
from .queries import ENERGY, SUMMED

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
    said = words(look.text("areas.map.source"), x=1, y=0)
    quiet = {"xanchor": "right", "yanchor": "bottom", "font": {"size": 10, "color": colour(look, "quiet")}}
    return figure(
        look,
        data,
        hovermode="closest",
        dragmode=False,
        annotations=[said | quiet],
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
