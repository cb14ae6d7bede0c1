"""The laboratory: classic analyses of any curve, each with what it assumes and what it does not say, and the leak."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from dash import html
from dash.development.base_component import Component

from ..hours.queries import areas_of
from ..kit.blocks import EMPTY_FRAME, Ask, Block, Frame, Page
from ..kit.components import named_figures, note
from ..kit.controls import labelled, named, one_of, segmented, side_by_side, slider
from ..kit.locale import Look, minus
from ..kit.reader import Reader
from ..kit.view import View
from .curves import about, curve_in, curves_of, scope, words_of
from .figures import (
    correlation_figure,
    leak_figure,
    marked_figure,
    parts_figure,
    sarimax_figure,
    spectrogram_figure,
)
from .options import LAGS, SEES, STANDARDS, VARIABLES, WEATHER, place_in

EXTRA = ("scipy", "sklearn", "statsmodels")
COMMAND = "pip install 'linky-atlas[insight]'"
OF_CURVE = ("curve",)


def asked_of(name: str) -> Ask:
    """A function of `frames`, which is read when it is first asked: it takes what the other pages do without."""

    def frame(reader: Reader, view: View) -> Frame:
        try:
            ask: Ask = getattr(import_module(f"{__package__}.frames"), name)
        except ImportError as error:
            if (error.name or "").partition(".")[0] not in EXTRA:
                raise
            return Frame(EMPTY_FRAME.table, notes={"empty": "laboratory.no_extra"})
        question = ("laboratory", name, view.options, view.start, view.end)
        return reader.kept(question, lambda: ask(reader, view))  # for more than a minute: it does not depend on today

    return frame


# --- what may be chosen -----------------------------------------------------------------------------------------------


def curve_controls(reader: Reader, view: View, look: Look) -> Component:
    """The curve: meters, and areas with their groups."""
    groups: dict[str, list[dict[str, str]]] = {}
    for address, curve in curves_of(reader).items():
        kind = "meters" if curve.is_metered else "areas"
        label = ", ".join(words_of(reader, curve, look))
        if curve.is_metered:
            label = reader.name_of(curve.series[0])
        groups.setdefault(kind, []).append({"value": address, "label": label})
    choices = [{"group": look.text(f"laboratory.{kind}"), "items": items} for kind, items in groups.items()]
    chosen = curve_in(reader, view)
    return one_of("curve", choices, chosen.address if chosen else "", look.text("laboratory.curve_of"))


def weather_controls(reader: Reader, view: View, look: Look) -> Component:
    """Where the weather is from, what of it, and by how much it goes before."""
    places = areas_of(reader, WEATHER, WEATHER)
    titles = {name: look.text(f"laboratory.{name}") for name in ("place", "weather")}
    chosen = place_in(reader, view, curve_in(reader, view))
    lag = view.number("lag", STANDARDS["lag"], LAGS)
    marks: list[dict[str, Any]] = [{"value": number, "label": minus(str(number))} for number in (-72, -24, 0, 24, 72)]
    return side_by_side(
        named(titles["place"], one_of("place", places, chosen, titles["place"])),
        named(
            titles["weather"],
            one_of("weather", labelled(VARIABLES, "areas", look), view.one_of("weather", VARIABLES), titles["weather"]),
        ),
        slider("lag", lag, LAGS, look.text("areas.lag"), marks, step=1),
    )


def leak_controls(_reader: Reader, view: View, look: Look) -> Component:
    """The switch."""
    title = look.text("laboratory.sees")
    return segmented("sees", labelled(SEES, "laboratory.sees", look), view.one_of("sees", SEES), title)


def sarimax_controls(_reader: Reader, view: View, look: Look) -> Component:
    """It takes its time: only who wants it gets it."""
    title = look.text("laboratory.sarimax.title")
    return segmented("fit", labelled(("no", "yes"), "laboratory.fit", look), view.one_of("fit", ("no", "yes")), title)


def key_body(frame: Frame, look: Look) -> Component:
    """Hours, their mean, the lowest and the highest."""
    notes = frame.notes
    figures, of = frame.notes["figures"], frame.notes["of"]

    def amount(name: str) -> str:
        return look.power(figures[name]) if notes["is_metered"] else look.grid_energy(figures[name])

    when = [look.moment(each, "EEE d MMM y, HH:mm") for each in notes["times"]]
    lines = {"mean_wh": "", "least_wh": when[0], "most_wh": when[1]}
    first = ("hours", look.number(figures["hours"]), look.text("laboratory.keys.of", hours=of))
    rows = [first, *((name, amount(name), text) for name, text in lines.items())]
    return named_figures("laboratory.keys", rows, look)


def left_out(frame: Frame, look: Look) -> Component:
    """How many hours are not looked at: one of which a half is missing is missing."""
    missing, of = int(np.isnan(frame.notes["curve"]).sum()), len(frame.notes["curve"])
    return note(look.text("laboratory.left_out", count=missing, of=of)) if missing else html.Div()


PAGE = Page(
    name="laboratory",
    icon="flask",
    blocks=(
        Block("laboratory-keys", asked_of("key_frame"), body=key_body, wide=True, height=160, controls=curve_controls),
        Block(
            "laboratory-leak",
            asked_of("leak_frame"),
            figure=leak_figure,
            below=left_out,
            wide=True,
            height=380,
            controls=leak_controls,
            options=(*OF_CURVE, "sees"),
        ),
        Block("laboratory-stl", asked_of("stl_frame"), figure=parts_figure, height=580),
        Block("laboratory-mstl", asked_of("mstl_frame"), figure=parts_figure, height=710),
        Block(
            "laboratory-spectrogram", asked_of("spectrogram_frame"), figure=spectrogram_figure, wide=True, height=400
        ),
        Block(
            "laboratory-correlation",
            asked_of("correlation_frame"),
            figure=correlation_figure,
            below=left_out,
            wide=True,
            height=380,
            controls=weather_controls,
            options=(*OF_CURVE, "place", "weather", "lag"),
        ),
        Block("laboratory-control", asked_of("control_frame"), figure=marked_figure, wide=True, height=340),
        Block("laboratory-outliers", asked_of("outliers_frame"), figure=marked_figure, wide=True, height=340),
        Block(
            "laboratory-sarimax",
            asked_of("sarimax_frame"),
            figure=sarimax_figure,
            wide=True,
            height=400,
            controls=sarimax_controls,
            options=(*OF_CURVE, "fit"),
        ),
    ),
    has_series=False,
    options=STANDARDS,
    shared=OF_CURVE,
    scope=scope,
    about=about,
    command=COMMAND,
)
