"""The classic analyses of an hourly curve, with the parameters under which they were published.

They look at the whole curve at once, later hours too: none of them forecasts. Needs the extra `insight`.
Hours in order, without holes (`without_holes`), in any unit; what comes back is in the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.fft import dct, idct
from sklearn.neighbors import LocalOutlierFactor
from statsmodels.tsa.seasonal import MSTL, STL

from .grid import Marks, Real

DAY, WEEK = 24, 168  # hours
SEASONAL, TREND = 9, 241  # lengths of the smoothers of STL
FEWEST = 2 * WEEK + 1  # hours that a decomposition by weeks takes
HOP = 72  # hours from one window of the spectrogram to the next; each is a week
FLOOR = 1e-12  # of the squared amplitude: what is nothing has a level, too
DROPPED = 0.01  # share of the cosines that are the slow part
SIGMAS, MAD_TO_SIGMA = 3, 1.4826
NEIGHBOURS, CONTAMINATION = 30, 0.01


@dataclass(frozen=True, slots=True)
class Parts:
    """trend + every season + remainder is the curve; seasons: by their length, hours."""

    trend: Real
    seasons: Mapping[int, Real]
    remainder: Real


@dataclass(frozen=True, slots=True)
class Spectrogram:
    """level: [frequencies, windows] dB of the squared amplitude; frequency: turns a day; start: the hour at which each
    window begins. The last window reaches beyond the curve (`is_whole`) and is filled up with zeros."""

    level: Real
    frequency: Real
    start: Real
    is_whole: Marks


@dataclass(frozen=True, slots=True)
class Control:
    """slow: the slow part of the curve; low, high: limits of what is left without it; outside: hours beyond them."""

    slow: Real
    low: float
    high: float
    outside: Marks


def without_holes(hourly: Real) -> Real:
    """Holes (NaN) become the middle of the same hours of the week, around the level beside them."""
    known = np.isfinite(hourly)
    if known.all() or not known.any():
        return hourly
    place = np.arange(len(hourly))
    level = np.interp(place, place[known], hourly[known])
    shape = np.full(WEEK, np.nan)
    for hour in range(WEEK):
        own = hourly[hour::WEEK]
        if np.isfinite(own).any():
            shape[hour] = np.nanmedian(own)
    shape = np.where(np.isfinite(shape), shape, np.nanmedian(hourly))[place % WEEK]
    return np.where(known, hourly, level + shape - np.interp(place, place[known], shape[known]))


def stl(values: Real) -> Parts:
    """By weeks, not robust: one season, whose shape may change within weeks."""
    found = STL(values, period=WEEK, seasonal=SEASONAL, trend=TREND, robust=False).fit()
    return Parts(found.trend, {WEEK: found.seasonal}, found.resid)


def mstl(values: Real) -> Parts:
    """By days and weeks at once."""
    found = MSTL(values, periods=(DAY, WEEK)).fit()
    seasons = {period: found.seasonal[:, place] for place, period in enumerate((DAY, WEEK))}
    return Parts(found.trend, seasons, found.resid)


def spectrogram(values: Real) -> Spectrogram:
    """Windows of a week, three days apart, each around its own mean, faded at both ends (Hann); amplitudes."""
    count = 1 + -(-max(0, len(values) - WEEK) // HOP)
    padded = np.pad(values, (0, max(0, (count - 1) * HOP + WEEK - len(values))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WEEK)[::HOP]
    fade = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WEEK) / WEEK)
    turns = np.fft.rfft((windows - windows.mean(axis=1, keepdims=True)) * fade, axis=1) / fade.sum()
    level = 10 * np.log10(np.abs(turns) ** 2 + FLOOR)
    start = HOP * np.arange(count, dtype=np.float64)
    return Spectrogram(level.T, np.arange(level.shape[1]) * DAY / WEEK, start, start + WEEK <= len(values))


def control_chart(values: Real) -> Control:
    """Three robust sigmas around the middle of the fast part: all cosines but the slowest hundredth."""
    waves = dct(values, norm="ortho")
    waves[: int(DROPPED * len(values))] = 0
    fast = np.asarray(idct(waves, norm="ortho"), dtype=np.float64)
    middle = float(np.median(fast))
    reach = SIGMAS * MAD_TO_SIGMA * float(np.median(np.abs(fast - middle)))
    return Control(values - fast, middle - reach, middle + reach, np.abs(fast - middle) > reach)


def local_outliers(values: Real) -> Marks:
    """The hundredth of the hours whose values lie loneliest among the thirty nearest; when they are is not asked."""
    own = LocalOutlierFactor(n_neighbors=NEIGHBOURS, contamination=CONTAMINATION)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that many hours are equal, as zeros are
        return np.asarray(own.fit_predict(values.astype(np.float32)[:, None]) == -1)
