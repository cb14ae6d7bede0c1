"""How much is heating: a home's days against the temperature of its place, where one is stored."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from dash import html
from dash.development.base_component import Component

from sync.insight.grid import Real, day_wh
from sync.insight.heating import Heating, NoHeating, corrected_change, heating_of
from sync.model.localtime import midnight
from sync.model.localtime_query import DAY_MS, local_ms
from sync.model.readings import Series
from sync.sources.weather.places import PLACES, Place

from ..kit.blocks import EMPTY_FRAME, Frame
from ..kit.components import note, sentence
from ..kit.days import floored, moment
from ..kit.figures import Figure, axis, colour, faded, figure, hover, margins, number_width, scatter
from ..kit.locale import Look
from ..kit.reader import Reader
from ..kit.tariffs import AT_HOME
from ..kit.ticks import flow_text
from ..kit.view import View
from .queries import Home, home_of, lacking, statement

YEAR = 365  # days
HOURS = 18  # of a day whose mean temperature is known
AREAS = frozenset(place.area for place in PLACES)
ENERGY_OFF, BALANCE_OFF = 0.05, 0.3  # medians, of heating put into real homes: share of its energy, K


def place_of(reader: Reader) -> Series | None:
    """The weather of the place of the user's meters: that of WEATHER_PLACE, or the one series that is of no price area.
    None without one, or where there are several: which of them is meant is not known."""
    found = [each for each in reader.series() if each.source == "weather" and each.id not in AREAS]
    wanted: Place | None = getattr(reader.settings, "weather_place", None)
    if wanted:
        found = [each for each in found if each.id == wanted.area]
    return found[0] if len(found) == 1 else None


def heating_frame(reader: Reader, view: View) -> Frame:
    """A row a day of the last year: its energy, its mean temperature, what is expected of it. Notes: heating, change
    (against the year before in the same weather, None where that is not known)."""
    home = home_of(reader, view)
    if home is None:
        return EMPTY_FRAME
    place = place_of(reader) if home.series.source == AT_HOME else None
    if home.series.flow != "consumption" or place is None:
        name = "no_habits" if home.series.flow != "consumption" else "no_place"
        return lacking({"name": name})
    wh, degrees = day_wh(home.grid), _degrees(home, place)
    year = slice(-YEAR, None)
    try:
        found = heating_of(wh[year], degrees[year])
    except NoHeating as reason:
        return lacking({"name": reason.reason} | reason.values)
    days = [day.isoformat() for day in home.grid.days[year]]
    kwh = {"kwh": wh[year] / 1000, "temperature_c": degrees[year], "expected_kwh": found.expected(degrees[year]) / 1000}
    table = pd.DataFrame({"local_day": days} | kwh).dropna().reset_index(drop=True)
    held = date.fromisoformat(days[0]), home.grid.end
    return statement(home, table, heating=found, change=_change(wh, degrees), held=held, sources=(AT_HOME, "weather"))


def _change(wh: Real, degrees: Real) -> float | None:
    before, now = slice(-2 * YEAR, -YEAR), slice(-YEAR, None)
    try:
        return corrected_change(heating_of(wh[before], degrees[before]), wh[now], degrees[now])
    except NoHeating:
        return None


def _degrees(home: Home, place: Series) -> Real:
    """[days] °C, the mean of each local day of the home; NaN for less than three quarters of it."""
    grid = home.grid
    start, end = (moment(midnight(day, grid.zone)) for day in (grid.first, grid.end))
    key = floored(local_ms(grid.zone, start, end), DAY_MS)
    match = place.query() | {"ts": {"$gte": start, "$lt": end}, "temperature_c": {"$type": "number"}}
    sums = {"_id": key, "mean": {"$avg": "$temperature_c"}, "count": {"$sum": 1}}
    found = np.full(len(grid), np.nan)
    first = (grid.first - date(1970, 1, 1)).days
    for each in home.reader.pair_of("weather").mirror.aggregate([{"$match": match}, {"$group": sums}]):
        if each["count"] >= HOURS:
            found[int(each["_id"]) // DAY_MS - first] = each["mean"]
    return found


# --- what is said -----------------------------------------------------------------------------------------------------


def heating_said(frame: Frame, look: Look) -> Component:
    """Its share and energy, what a kelvin takes, and whether it was more than a year before in the same weather."""
    found: Heating = frame.notes["heating"]
    said = look.text(
        "insight.heating.said",
        share=look.percent(found.share, 0),
        energy=look.energy(found.energy),
        slope=look.energy(found.slope),
        balance=look.number(found.balance, 1),
    )
    change = frame.notes["change"]
    text = "insight.heating.no_change" if change is None else "insight.heating.change"
    return html.Div([sentence(said), note(look.text(text, change=look.change(change or 0.0)))])


def heating_measured(frame: Frame, look: Look) -> Component:
    """How well such are found."""
    found: Heating = frame.notes["heating"]
    shares = {"explained": look.percent(found.explained, 0), "off": look.percent(ENERGY_OFF, 0)}
    return note(look.text("insight.heating.measured", kelvin=look.number(BALANCE_OFF, 1), **shares))


def heating_figure(frame: Frame, look: Look) -> Figure:
    """A dot a day, and the line that is read off."""
    found, table = frame.notes["heating"], frame.table
    highest = float(table["kwh"].max()) * 1.06 or 1.0
    degrees = np.array([table["temperature_c"].min(), found.balance, table["temperature_c"].max()])
    texts = [
        look.text(
            "insight.heating.hover",
            day=look.day(date.fromisoformat(row["local_day"]), "EEE d MMM y"),
            energy=look.energy(1000 * row["kwh"]),
            degrees=look.number(row["temperature_c"], 1),
        )
        for row in table.to_dict("records")
    ]
    dots = {"color": faded(look, "consumption", 0.6), "size": 5}
    line = {"color": colour(look, "text"), "width": 2}
    expected = (found.expected(np.sort(degrees)) / 1000).round(3).tolist()
    return figure(
        look,
        [
            scatter("markers", table["temperature_c"].tolist(), table["kwh"].tolist(), marker=dots, **hover(texts)),
            scatter("lines", np.sort(degrees).tolist(), expected, line=line, hoverinfo="skip"),
        ],
        hovermode="closest",
        xaxis=axis(look, look.text("insight.heating.axis"), zeroline=False),
        yaxis=axis(look, flow_text(frame.notes, "kwh", look), range=[0, highest], fixedrange=True),
        firm=margins(left=number_width(highest), bottom=46),
    )
