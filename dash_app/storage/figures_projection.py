"""How many meters fit into each tier. Pure, from `queries.projection_frame`."""

from __future__ import annotations

import math
from typing import Any

from ..kit.blocks import Frame
from ..kit.figures import SILENT, Figure, axis, colour, figure, label_width, margins, scatter, upright
from ..kit.locale import Look
from .figures import counted, note, sentence_figure, short
from .projection import FORMS, Fit, Wish


def projection_figure(frame: Frame, look: Look) -> Figure:
    """A row a tier: how many meters fit in each form, and a line where the wish is. Full = the wish fits."""
    fits: list[Fit] = frame.notes["fits"]
    if not fits:
        return sentence_figure(look.text("storage.refused"), look)
    wish: Wish = frame.notes["wish"]
    tiers = [fit for fit in fits if fit.form == FORMS[0]]
    names = [
        look.text("storage.projection.tier", name=fit.tier.name, limit=short(fit.tier.limit, look)) for fit in tiers
    ]
    most = max(wish.meters, *(fit.meters for fit in fits))
    data: list[dict[str, Any]] = [_gains(fits, look)]
    data += [_marks(form, [fit for fit in fits if fit.form == form], wish, look) for form in FORMS]
    data += [_legend(look.text(f"storage.form.{form}"), form, look) for form in FORMS]
    data.append(_legend(look.text("storage.projection.hollow"), "", look))
    upper = math.ceil(math.log10(most) + 0.9)
    ticks = [10**power for power in range(0, upper + 1, 2 if upper > 5 else 1)]
    line = {"color": colour(look, "text"), "width": 2, "dash": "dot"}
    wished = counted(wish.meters, "meter", look)
    return figure(
        look,
        data,
        hovermode="closest",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": -0.2, "yanchor": "top"},
        firm=margins(label_width(names, titled=False), 12, 26, 48),
        xaxis=axis(
            look,
            look.text("storage.projection.axis"),
            type="log",
            range=[-0.45, upper],
            tickvals=ticks,
            ticktext=[look.compact(tick) for tick in ticks],
            tickangle=0,
            fixedrange=True,
        ),
        yaxis=axis(
            look, tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.4, -0.6], fixedrange=True
        ),
        shapes=[upright(wish.meters, line)],
        annotations=[
            note(
                f"<b>{wished}</b>",
                look,
                xref="x",
                x=math.log10(wish.meters),
                y=1,
                yanchor="bottom",
                xanchor="right" if wish.meters > 10 ** (0.75 * upper) else "center" if wish.meters > 10 else "left",
            )
        ],
    )


def _gains(fits: list[Fit], look: Look) -> dict[str, Any]:
    """A faint bar from what fits in one form to what fits in the other."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for place, name in enumerate(dict.fromkeys(fit.tier.name for fit in fits)):
        ends = [max(1, fit.meters) for fit in fits if fit.tier.name == name]
        xs += [*ends, None]
        ys += [place, place, None]
    line = {"color": colour(look, "grid"), "width": 6}
    return scatter("lines", xs, ys, line=line, **SILENT)


def _legend(name: str, form: str, look: Look) -> dict[str, Any]:
    """An entry of the legend alone; without a form the hollow mark."""
    edge = colour(look, form or "quiet")
    marker = {"size": 13, "color": edge if form else colour(look, "paper"), "line": {"color": edge, "width": 2.5}}
    return scatter("markers", [None], [None], name=name, marker=marker)


def _marks(form: str, fits: list[Fit], wish: Wish, look: Look) -> dict[str, Any]:
    name = look.text(f"storage.form.{form}")
    own = colour(look, form)
    hover = [
        look.text(
            "storage.projection.hover",
            form=name,
            meters=counted(fit.meters, "meter", look),
            wish=counted(wish.meters, "meter", look),
            bytes=look.bytes(fit.bytes),
        )
        for fit in fits
    ]
    return scatter(
        "markers+text",
        [max(1, fit.meters) for fit in fits],
        list(range(len(fits))),
        name=name,
        marker={
            "size": 13,
            "color": [own if fit.fits else colour(look, "paper") for fit in fits],
            "line": {"color": own, "width": 2.5},
        },
        text=[look.compact(fit.meters) for fit in fits],
        textposition=["top right" if fit.fits else "top left" for fit in fits],  # away from the line
        textfont={"color": colour(look, "text"), "size": 12},
        cliponaxis=False,
        hovertext=hover,
        hoverinfo="text",
        showlegend=False,
    )
