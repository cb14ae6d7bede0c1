"""What the cards of the laboratory ask; needs the extra `insight`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from sync.insight import classic, leak, sarimax
from sync.insight.correlation import WINDOW, lagged, sliding
from sync.insight.grid import HALF, grid_of

from ..hours.queries import HOUR_MS, MWH, Real, Span, areas_of, local_iso, weather_of
from ..kit.blocks import Ask, Frame
from ..kit.reader import Reader
from ..kit.view import View
from .curves import LONGEST, Hours, curve_in, hours_in
from .options import LAGS, SEES, VARIABLES, WEATHER, place_in

FEWEST_KNOWN = 0.8  # share of the hours below which holes would be the picture
KNOWN_IN_WINDOW = 0.9  # of the hours of a week in the spectrogram
STEP = 24  # hours from one window of the correlation to the next
OF_MSTL = 92  # days: a year takes three seconds
LEARNT = 731  # days from which the leak learns and on which it is measured, at most
OF_SARIMAX = 35  # days: four weeks and the one that is forecast
EMPTY = pd.DataFrame()


def because(reason: str) -> Frame:
    """Nothing to show, and why: the key of a text."""
    return Frame(EMPTY, notes={"empty": f"laboratory.{reason}"})


def examined(ask: Callable[[Hours, View], Frame], longest: int = LONGEST) -> Ask:
    """Of functions that ask about hours: they get those of the period, where there are enough to be looked at.

    longest: days, the last ones.
    """

    def frame(reader: Reader, view: View) -> Frame:
        hours = hours_in(reader, view, longest=longest)
        if hours is None:
            return because("empty")
        reason = refused(hours)
        return because(reason) if reason else ask(hours, view)

    return frame


def refused(hours: Hours) -> str:
    """Why hours are not looked at; empty where they are."""
    if len(hours) < classic.FEWEST:
        return "too_short"
    if hours.known < FEWEST_KNOWN:
        return "too_sparse"
    return "still" if np.nanmax(hours.wh) == np.nanmin(hours.wh) else ""


def key_frame(reader: Reader, view: View) -> Frame:
    """Of the period: how many hours are known, their mean, the lowest and the highest."""
    hours = hours_in(reader, view)
    if hours is None:
        return because("empty")
    ends = [int(np.nanargmin(hours.wh)), int(np.nanargmax(hours.wh))]
    figures = {
        "hours": int(np.isfinite(hours.wh).sum()),
        "mean_wh": float(np.nanmean(hours.wh)),
        "least_wh": float(hours.wh[ends[0]]),
        "most_wh": float(hours.wh[ends[1]]),
    }
    times = [datetime.fromtimestamp(int(hours.at[place]) / 1000, UTC).astimezone(hours.curve.zone) for place in ends]
    notes = _notes(hours) | {"figures": figures, "times": times, "of": len(hours)}
    return Frame(pd.DataFrame([figures]), hours.known, notes)


# --- decomposition ----------------------------------------------------------------------------------------------------


def _parts_frame(decompose: Callable[[Real], classic.Parts], longest: int = LONGEST) -> Ask:
    def frame(hours: Hours, _view: View) -> Frame:
        found = decompose(classic.without_holes(hours.wh))
        hole = ~np.isfinite(hours.wh)
        columns = {"trend": found.trend}
        columns |= {SEASONS[period]: season for period, season in found.seasons.items()}
        columns["remainder"] = np.where(hole, np.nan, found.remainder)
        strength = {
            name: _strength(column[~hole], columns["remainder"][~hole])
            for name, column in columns.items()
            if name != "remainder"
        }
        columns = {"curve": hours.wh} | columns
        table = _table(hours, {f"{name}_wh": np.round(column, 3) for name, column in columns.items()})
        return Frame(table, hours.known, _notes(hours) | {"columns": columns, "strength": strength})

    return examined(frame, longest)


SEASONS = {classic.DAY: "of_day", classic.WEEK: "of_week"}


def _strength(part: Real, remainder: Real) -> float:
    """How much of what differs goes without this part's help, from 0 to 1 (Hyndman)."""
    spread = float(np.var(part + remainder))
    return max(0.0, 1 - float(np.var(remainder)) / spread) if spread else 0.0


stl_frame = _parts_frame(classic.stl)
mstl_frame = _parts_frame(classic.mstl, OF_MSTL)


# --- spectrogram ------------------------------------------------------------------------------------------------------


@examined
def spectrogram_frame(hours: Hours, _view: View) -> Frame:
    """Level by window and frequency; windows that are mostly filled holes are left out."""
    unit = unit_of(hours)
    found = classic.spectrogram(classic.without_holes(hours.wh) / unit)
    hole = ~np.isfinite(hours.wh)
    start = found.start[found.is_whole].astype(int)
    level = found.level[:, found.is_whole]
    share = np.array([1 - hole[each : each + classic.WEEK].mean() for each in start])
    level = np.where(share >= KNOWN_IN_WINDOW, level, np.nan)
    if not np.isfinite(level).any():
        return because("too_sparse")
    mean = np.nanmean(10 ** (level / 10), axis=1)
    daily = int(np.searchsorted(found.frequency, 1 - 1e-9))  # slower ones are the drift of a week, too
    strongest = float(found.frequency[daily + int(mean[daily:].argmax())])
    at = hours.at[start]
    rows = {
        "start_local": np.repeat(local_iso(at, _span(hours)), len(found.frequency)),
        "turns_a_day": np.tile(np.round(found.frequency, 4), len(start)),
        "level_db": np.round(level.T.ravel(), 3),
    }
    notes = _notes(hours) | {"level": level, "frequency": found.frequency, "at": at, "strongest": strongest}
    return Frame(pd.DataFrame(rows), hours.known, notes)


# --- weather ----------------------------------------------------------------------------------------------------------


def correlation_frame(reader: Reader, view: View) -> Frame:
    """r of each window of 14 days, and what it must pass to mean anything."""

    @examined
    def frame(hours: Hours, view: View) -> Frame:
        place = place_in(reader, view, hours.curve)
        lag = int(view.number("lag", "0", LAGS))
        wide = Span(int(hours.at[0]) + LAGS[0] * HOUR_MS, int(hours.at[-1]) + (LAGS[1] + 1) * HOUR_MS, hours.curve.zone)
        weather = weather_of(reader, place, view.one_of("weather", VARIABLES), wide)
        own = lagged(weather, lag)[-LAGS[0] : len(wide) - LAGS[1]]
        if not np.isfinite(own).any():
            return because("no_weather")
        starts = list(range(0, len(hours) - WINDOW + 1, STEP))
        found = sliding(own, hours.wh, starts)
        if not np.isfinite(found.r).any():
            return because("no_correlation")
        at = hours.at[np.array(starts)]
        known = np.isfinite(found.r)
        significant, naive = (
            [bool(each) for each in marks] for marks in (found.significant, found.taken_for_significant)
        )
        columns = {"pearson_r": found.r, "limit_r": found.limit, "effective_hours": found.count}
        table = pd.DataFrame(
            {"start_local": local_iso(at, _span(hours))}
            | {name: np.round(column, 4) for name, column in columns.items()}
            | {"significant": significant}
        )
        shares = {
            "honest": float(np.array(significant)[known].mean()),
            "naive": float(np.array(naive)[known].mean()),
            "windows": int(known.sum()),
        }
        notes = _notes(hours) | {"at": at + WINDOW * HOUR_MS // 2, "found": found, "shares": shares, "place": place}
        return Frame(table, hours.known, notes | {"lag": lag, "sources": (hours.curve.source, WEATHER)})

    return because("no_weather") if not areas_of(reader, WEATHER, WEATHER) else frame(reader, view)


# --- what is unusual, as it was looked for ----------------------------------------------------------------------------


@examined
def control_frame(hours: Hours, _view: View) -> Frame:
    """The curve, its slow part, the limits around it, and the hours beyond them."""
    found = classic.control_chart(classic.without_holes(hours.wh))
    low, high = found.slow + found.low, found.slow + found.high
    return _marked(hours, found.outside, {"low": low, "high": high})


@examined
def outliers_frame(hours: Hours, _view: View) -> Frame:
    """The curve, and the hours whose values are loneliest."""
    known = np.isfinite(hours.wh)
    outside = np.zeros(len(hours), dtype=bool)
    outside[known] = classic.local_outliers(hours.wh[known])
    return _marked(hours, outside, {})


def _marked(hours: Hours, outside: Any, columns: dict[str, Real]) -> Frame:
    outside = outside & np.isfinite(hours.wh)
    days = {text[:10] for text in local_iso(hours.at[outside], _span(hours))}
    every = {text[:10] for text in local_iso(hours.at[np.isfinite(hours.wh)], _span(hours))}
    named = {"curve": hours.wh} | columns
    table = _table(hours, {f"{name}_wh": np.round(column, 3) for name, column in named.items()})
    table["outside"] = outside
    counts = {"hours": int(outside.sum()), "of_hours": int(np.isfinite(hours.wh).sum())}
    counts |= {"days": len(days), "of_days": len(every)}
    return Frame(table, hours.known, _notes(hours) | {"columns": named, "outside": outside, "counts": counts})


# --- forecasts --------------------------------------------------------------------------------------------------------


def leak_frame(reader: Reader, view: View) -> Frame:
    """The total of each day as the model says it, and as it came."""
    hours = hours_in(reader, view, LEARNT)
    if hours is None:
        return because("empty")
    sees = view.one_of("sees", SEES)
    known = np.isfinite(hours.wh)
    lengths = np.full(int(known.sum()), 2 * HALF, dtype=np.int64)
    grid = grid_of(hours.at[known], hours.wh[known], lengths, hours.curve.zone)
    try:
        found = leak.trial(grid.wh, grid.first, grid.zone, leak.LEAKING if sees == "yes" else leak.HONEST)
    except leak.TooShort:
        return because("leak.too_short")
    if not np.isfinite(found.explained):
        return because("still")
    days = [grid.first + timedelta(days=int(place)) for place in np.flatnonzero(found.measured)]
    came, said = found.came[found.measured], found.said[found.measured]
    table = pd.DataFrame(
        {"day": [day.isoformat() for day in days], "came_wh": np.round(came), "said_wh": np.round(said)}
    )
    notes = _notes(hours) | {"days": days, "came": came, "said": said, "explained": found.explained}
    notes |= {"sees": sees, "features": found.features, "held": (days[0], days[-1] + timedelta(days=1))}
    return Frame(table, None, notes)


def sarimax_frame(reader: Reader, view: View) -> Frame:
    """The last week as the model and those beside it said it day by day, and as it came; of the sum of many alone."""
    curve = curve_in(reader, view)
    if curve is None or curve.is_metered:
        return because("sarimax.home" if curve else "empty")
    if view.option("fit", "no") != "yes":
        return because("sarimax.ask")
    hours = hours_in(reader, view, OF_SARIMAX)
    try:
        found = sarimax.last_week(hours.wh / MWH if hours else np.zeros(0))
    except sarimax.TooShort:
        return because("sarimax.too_short")
    if hours is None or not np.isfinite(list(found.errors.values())).all():
        return because("sarimax.too_short")
    week = Hours(hours.curve, hours.at[found.start :], found.came * MWH)
    columns = {name: column * MWH for name, column in found.said.items()}
    table = _table(
        week, {"curve_wh": week.wh} | {f"as_{name}_wh": np.round(column) for name, column in columns.items()}
    )
    return Frame(table, None, _notes(week) | {"columns": columns, "errors": found.errors})


# --- what all of them say ---------------------------------------------------------------------------------------------


def unit_of(hours: Hours) -> float:
    """Wh in what is drawn: a home's W, an area's MWh an hour."""
    return 1.0 if hours.curve.is_metered else MWH


def _notes(hours: Hours) -> dict[str, Any]:
    edges = np.append(hours.at, hours.at[-1] + HOUR_MS)
    first, last = (datetime.fromtimestamp(int(hours.at[place]) / 1000, hours.curve.zone).date() for place in (0, -1))
    held = {"held": (first, last + timedelta(days=1)), "zoomed": True}  # a part of the period, or more than it
    named = {"flow": hours.curve.flow, "is_metered": hours.curve.is_metered, "unit": unit_of(hours)}
    return named | held | {"edges": edges, "zone": hours.curve.zone, "curve": hours.wh}


def _span(hours: Hours) -> Span:
    return Span(int(hours.at[0]), int(hours.at[-1]) + HOUR_MS, hours.curve.zone)


def _table(hours: Hours, columns: dict[str, Real]) -> pd.DataFrame:
    return pd.DataFrame({"start_local": local_iso(hours.at, _span(hours))} | columns)
