"""Documented columns for models of others: what is known of a home before a day begins. None sees its own day.

That is where the famous figures come from: with the day's own mean among its features a model "forecasts" its total
with an R² of 0.999, and knows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from .forecast import day_totals
from .grid import SLOTS, Real
from .holidays import free_days
from .unusual import day_base

LAGS = range(1, 8)
ROLLING = (7, 14, 28)
QUARTERS = ("night", "morning", "afternoon", "evening")
YEAR_DAYS = 365.25
TARGET = "total_wh"


def columns_of(
    wh: Real, first: date, zone: ZoneInfo, *, temperature: Real | None = None, bands: Real | None = None, lead: int = 1
) -> dict[str, Real]:
    """Name → [homes, days], of every column that COLUMNS documents; NaN where it is not known.

    wh: [homes, days, 48]; temperature: [days] °C, mean of each; bands: [days, 2] hours of the high and of the low
    tariff, published beforehand. lead: the days from D − lead + 1 on are not known when day D is forecast; with 0
    the last day they know is D itself, which only serves to show what that does.
    """
    days = wh.shape[1]
    weather = np.full(days, np.nan) if temperature is None else temperature
    tariff = np.full((days, 2), np.nan) if bands is None else bands
    found = {**_energies(wh, lead), **_weather(weather, lead), **_calendar(first, days, zone)}
    found |= {"high_hours": tariff[:, 0], "low_hours": tariff[:, 1]}
    return {name: np.broadcast_to(found[name], wh.shape[:2]) for name in COLUMNS}


def _energies(wh: Real, lead: int) -> dict[str, Real]:
    """From the days up to D - lead."""
    total, base = day_totals(wh), SLOTS * day_base(wh)
    found = {f"wh_{lag}": _before(total, lag + lead - 1) for lag in LAGS}
    found |= {f"wh_{lag}": _before(total, lag) for lag in (14, 21, 28)}
    for length in ROLLING:
        window = _windows(total, length, lead)
        found |= {f"mean_{length}": _mean(window), f"std_{length}": _std(window)}
        found |= {f"min_{length}": _least(window), f"max_{length}": -_least(-window)}
    for place, name in enumerate(QUARTERS):
        part = wh[..., 12 * place : 12 * place + 12].sum(-1)
        found |= {f"{name}_share": _mean(_windows(part / np.where(total > 0, total, np.nan), 7, lead))}
    found["base_share"] = _mean(_windows(base / np.where(total > 0, total, np.nan), 7, lead))
    found["peak_wh"] = _before(np.where(np.isfinite(total), np.nan_to_num(wh).max(-1), np.nan), lead)
    same = np.stack([_before(total, 7 * week) for week in range(1, 5)], -1)
    found["weekday_mean"] = _mean(same)
    with np.errstate(invalid="ignore", divide="ignore"):
        found["trend"] = np.asarray(found["mean_7"] / found["mean_28"])
    return found


def _weather(temperature: Real, lead: int) -> dict[str, Real]:
    degrees = temperature[None]
    cold = np.maximum(15.0 - degrees, 0.0)
    return {
        "temperature_1": _before(degrees, lead)[0],
        "temperature_2": _before(degrees, lead + 1)[0],
        "temperature_7": _mean(_windows(degrees, 7, lead))[0],
        "heating_degrees": _before(cold, lead)[0],
    }


def _calendar(first: date, days: int, zone: ZoneInfo) -> dict[str, Real]:
    """Known for ever."""
    calendar = [first + timedelta(days=step) for step in range(-1, days + 1)]
    free = free_days(calendar, zone).astype(np.float64)
    weekday = np.array([day.weekday() for day in calendar[1:-1]], dtype=np.float64)
    turn = 2 * np.pi * np.array([day.timetuple().tm_yday for day in calendar[1:-1]]) / YEAR_DAYS
    return {
        "weekday": weekday,
        "free": free[1:-1],
        "free_before": free[:-2],
        "free_after": free[2:],
        "year_sin": np.sin(turn),
        "year_cos": np.cos(turn),
        "month": np.array([day.month for day in calendar[1:-1]], dtype=np.float64),
    }


def _before(values: Real, lag: int) -> Real:
    """[…, days] what was so many days before."""
    found = np.full(values.shape, np.nan)
    found[..., lag:] = values[..., : max(0, values.shape[-1] - lag)]
    return found


def _windows(values: Real, length: int, lead: int) -> Real:
    """[…, days, length] the days that end `lead` before each."""
    room = np.full((*values.shape[:-1], length - 1 + lead), np.nan)
    padded = np.concatenate([room, values], axis=-1)
    return np.lib.stride_tricks.sliding_window_view(padded, length, axis=-1)[..., : values.shape[-1], :]


def _mean(window: Real) -> Real:
    """Of what is known, in double precision: others compare it with their own."""
    known = np.isfinite(window)
    count = known.sum(-1)
    return np.where(count > 0, np.where(known, window, 0.0).sum(-1) / np.maximum(count, 1), np.nan)


def _std(window: Real) -> Real:
    middle = _mean(window)[..., None]
    return np.sqrt(_mean((window - middle) ** 2))


def _least(window: Real) -> Real:
    known = np.isfinite(window)
    return np.where(known.any(-1), np.where(known, window, np.inf).min(-1), np.nan)


def _documented() -> Iterator[tuple[str, str]]:
    for lag in LAGS:
        yield f"wh_{lag}", f"energy of day D − lead{f' − {lag - 1}' if lag > 1 else ''}"
    for lag in (14, 21, 28):
        yield f"wh_{lag}", f"energy of day D − {lag}"
    for length in ROLLING:
        yield f"mean_{length}", f"mean of the {length} days up to D − lead"
        yield f"std_{length}", "their standard deviation"
        yield f"min_{length}", "the least of them"
        yield f"max_{length}", "the most of them"
    for place, name in enumerate(QUARTERS):
        yield f"{name}_share", f"share of {6 * place}–{6 * place + 6} h in the 7 days up to D − lead"
    yield "base_share", "share of the base load in them"
    yield "peak_wh", "highest half-hour of day D − lead"
    yield "weekday_mean", "mean of the same weekday in the four weeks before"
    yield "trend", "mean of 7 days against that of 28"
    yield "temperature_1", "mean temperature of day D − lead"
    yield "temperature_2", "of the day before that"
    yield "temperature_7", "of the 7 days up to D − lead"
    yield "heating_degrees", "how far day D − lead stayed below 15 °C"
    yield "weekday", "0 is Monday"
    yield "free", "1 on a weekend or public holiday"
    yield "free_before", "the same of the day before"
    yield "free_after", "the same of the day after"
    yield "year_sin", "sine of the day in the year"
    yield "year_cos", "cosine of the day in the year"
    yield "month", "1 … 12"
    yield "high_hours", "hours of the day in the high tariff, published beforehand"
    yield "low_hours", "hours of the day in the low tariff"


COLUMNS: dict[str, str] = dict(_documented())
"""Column → what it is."""
UNITS = {"temperature": "°C", "heating": "K", "high": "h", "low": "h"}
"""By the first word of a column; sums, means and their like are in Wh."""
BARE = ("trend", "weekday", "free", "year", "month")


def unit_of(name: str) -> str:
    """`Wh`, `°C`, `K`, `h`; `1` for shares, marks and numbers."""
    word = name.partition("_")[0]
    if name.endswith("_share") or (word in BARE and name != "weekday_mean"):
        return "1"
    return UNITS.get(word, "Wh")
