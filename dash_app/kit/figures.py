"""What all figures share: colours with one meaning each, the layout of both themes, axes with units.

Figures are dicts in plotly's own form: building and checking `plotly.graph_objects` takes longer than the queries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from .locale import Look

Figure = dict[str, Any]

# One meaning each, told apart by people with any colour vision, at least 3:1 against both backgrounds.
COLOURS = {
    "light": {
        "regular": "#64748b",
        "timeseries": "#0d9488",
        "consumption": "#2563eb",
        "production": "#b45309",
        "price": "#7c3aed",
        "warning": "#c2410c",
        "missing": "#9ca3af",
        "hydro": "#2563eb",
        "wind": "#14a08f",
        "sun": "#a97f00",
        "thermal": "#7c4a21",
        "nuclear": "#581c87",
        "other": "#3f3f46",
        "text": "#1f2937",
        "quiet": "#4b5563",
        "grid": "#e5e7eb",
        "paper": "#ffffff",
    },
    "dark": {
        "regular": "#94a3b8",
        "timeseries": "#2dd4bf",
        "consumption": "#60a5fa",
        "production": "#fbbf24",
        "price": "#a78bfa",
        "warning": "#fb923c",
        "missing": "#6b7280",
        "hydro": "#3b82f6",
        "wind": "#5eead4",
        "sun": "#facc15",
        "thermal": "#c98a5a",
        "nuclear": "#d8b4fe",
        "other": "#808690",
        "text": "#e5e7eb",
        "quiet": "#b6bcc6",
        "grid": "#3a3f47",
        "paper": "#242424",
    },
}
SEQUENTIAL = "Cividis"  # perceptually even, zero at its low end
CIVIDIS = bytes.fromhex(  # the same in 17 even steps, for what plotly.js cannot colour by a scale
    "00204c 002a66 00346e 273f6c 3c4a6b 4c556b 5b5f6d 686a70 757575 "
    "838178 928c78 a19876 b0a572 c0b16d d1bf66 e1cc5c f3db4f ffe945"
)
FAINTER = (1.0, 0.72, 0.5, 0.36)
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
LETTER = 7  # px of a digit at the size of ticks
TITLE = 22  # px of an upright title


def colour(look: Look, meaning: str) -> str:
    """The colour of a meaning in the reader's theme. Raises KeyError for an unknown one: our bug."""
    return COLOURS[look.theme][meaning]


def faded(look: Look, meaning: str, strength: float) -> str:
    """The same, let through to the background: strength 0 … 1."""
    name = colour(look, meaning)
    red, green, blue = (int(name[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{strength})"


CARRIERS = (  # words in the names of groups (Elhub) and types (Energi Data Service) → what people know them by
    ("hydro", "hydro"),
    ("wind", "wind"),
    ("solar", "sun"),
    ("nuclear", "nuclear"),
    ("thermal", "thermal"),
    *((word, "thermal") for word in ("bio", "coal", "gas", "oil", "straw", "waste", "wood", "peat")),
)


def carrier(name: str) -> str:
    """The carrier of energy of a group or type of production, as a meaning of a colour."""
    bare = name.lower()
    return next((meaning for word, meaning in CARRIERS if word in bare), "other")


def carrier_fills(names: Iterable[str], look: Look) -> list[str]:
    """A colour each, in any picture the same carrier's; of several of one carrier the later ones are fainter."""
    fills, seen = [], Counter[str]()
    for name in names:
        meaning = carrier(name)
        fills.append(faded(look, meaning, FAINTER[min(seen[meaning], len(FAINTER) - 1)]))
        seen[meaning] += 1
    return fills


def cividis(share: float) -> str:
    """The colour at a share (0 … 1) of the scale."""
    place = min(1.0, max(0.0, share)) * (len(CIVIDIS) // 3 - 1)
    before = min(int(place), len(CIVIDIS) // 3 - 2)
    low, high = (CIVIDIS[3 * at : 3 * at + 3] for at in (before, before + 1))
    red, green, blue = (round(left + (right - left) * (place - before)) for left, right in zip(low, high, strict=True))
    return f"rgb({red},{green},{blue})"


def axis(look: Look, title: str = "", **more: Any) -> dict[str, Any]:
    """An axis with its title, which names the unit."""
    base = {
        "gridcolor": colour(look, "grid"),
        "zerolinecolor": colour(look, "grid"),
        "linecolor": colour(look, "grid"),
        "automargin": True,
    }
    if title:
        base["title"] = {"text": title, "standoff": 8}
    return base | more


def layout(look: Look, **more: Any) -> dict[str, Any]:
    """The layout of a figure: one hover for all series, room for small screens, the theme's colours."""
    base = {
        "template": {},
        "font": {"family": FONT, "size": 12, "color": colour(look, "text")},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "separators": look.catalog.decimal + look.catalog.group,
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": colour(look, "paper"), "font": {"color": colour(look, "text")}},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "showlegend": False,
        "dragmode": "zoom",
        "autosize": True,
    }
    return base | more


def figure(look: Look, data: list[dict[str, Any]], firm: dict[str, int] | None = None, **more: Any) -> Figure:
    """A figure of traces with the shared layout.

    firm: `margins` known beforehand. Else plotly makes room for the labels that it finds, and so draws a chart twice.
    """
    drawn: Figure = {"data": data, "layout": layout(look, **more)}
    if firm:
        # A legend may take a second line on a phone, and then pushes.
        drawn["layout"]["margin"] = firm | {"autoexpand": drawn["layout"]["showlegend"]}
        for name, each in drawn["layout"].items():
            if name.startswith(("xaxis", "yaxis")):
                each["automargin"] = False
    return drawn


def scatter(mode: str, x: Any, y: Any, **more: Any) -> dict[str, Any]:
    """A trace of points. mode: `lines`, `markers`, `text`, or several with `+`."""
    return {"type": "scatter", "mode": mode, "x": x, "y": y} | more


def bars(x: Any, y: Any, **more: Any) -> dict[str, Any]:
    """A trace of bars."""
    return {"type": "bar", "x": x, "y": y} | more


def hover(texts: Any, beside: str = "") -> dict[str, Any]:
    """Of a trace: what its points say when they are pointed at."""
    return {"customdata": texts, "hovertemplate": f"%{{customdata}}<extra>{beside}</extra>"}


SILENT: dict[str, Any] = {"hoverinfo": "skip", "showlegend": False}
"""Of a trace that says nothing."""


def words(text: str, **more: Any) -> dict[str, Any]:
    """An annotation, placed by shares of the chart unless `xref` and `yref` say otherwise."""
    return {"text": text, "showarrow": False, "xref": "paper", "yref": "paper"} | more


def corner(text: str, look: Look, size: int = 12, ink: str = "text", **more: Any) -> dict[str, Any]:
    """An annotation above the right end of the chart, unless it is placed otherwise."""
    place = {"x": 1, "y": 1, "xanchor": "right", "yanchor": "bottom"} | more
    return words(text, font={"size": size, "color": colour(look, ink)}, **place)


def hatched(marks: Iterable[bool], ink: str, fills: list[str] | None = None) -> dict[str, Any]:
    """The pattern of bars: hatched over their colour where marked. fills: the bars' colours where each has its own.

    Laid over a list of colours plotly.js seeks the ink that stands out from "it", though the ink is given, and warns.
    """
    base = {"shape": ["/" if each else "" for each in marks], "fgcolor": ink, "size": 6, "solidity": 0.35}
    over = {"fillmode": "overlay"} if fills is None else {"fillmode": "replace", "bgcolor": fills, "fgopacity": 0.5}
    return base | over


def upright(at: float, line: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A line from the bottom to the top at a place of the x axis."""
    return {"type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": line} | more


def margins(left: int, right: int = 16, top: int = 10, bottom: int = 40) -> dict[str, int]:
    """Room around a chart, px."""
    return {"l": left, "r": right, "t": top, "b": bottom}


def label_width(labels: Iterable[str], titled: bool = True) -> int:
    """px that the widest label beside an axis needs, and its title."""
    return 14 + LETTER * max(map(len, labels), default=1) + (TITLE if titled else 0)


def number_width(highest: float) -> int:
    """px for the labels of an axis from 0 to `highest` with its title; below ten they have a decimal or two."""
    return label_width([f"{highest:,.0f}" if highest >= 10 else "0.00"])
