"""A correlation that slides over time, and how strong it must be to mean anything.

Hours of one day are alike, and so are the days of a week: a window of 336 hours holds far fewer things that could have
come otherwise. As many as there are, the effective sample size (Bartlett), decide what is significant; who counts
hours instead finds most windows of unrelated weather significant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .grid import Marks, Real

WINDOW = 14 * 24  # hours
KNOWN = 0.8  # share of a window that must be known in both
NORMAL = 1.959964  # two-sided, 5 %
FLAT = 1e-18  # share of its squares: what rounding leaves of a window that does not vary
TOGETHER = 512  # windows at once: some 8 MB


@dataclass(frozen=True, slots=True)
class Sliding:
    """Of each window: r, Pearson's; count, the effective number of hours; limit, what |r| must pass to be significant
    at 5 %; naive, the same if every hour counted. NaN: too little known, or one of both does not vary."""

    r: Real
    count: Real
    limit: Real
    naive: Real

    @property
    def significant(self) -> Marks:
        return np.asarray(np.abs(self.r) > self.limit)

    @property
    def taken_for_significant(self) -> Marks:
        """Where every hour counts."""
        return np.asarray(np.abs(self.r) > self.naive)


def lagged(weather: Real, lag: int) -> Real:
    """The weather `lag` hours before each hour (after it, for a negative lag), so that with a positive one energy
    follows weather; NaN where that is outside."""
    found = np.full(len(weather), np.nan)
    if lag > 0:
        found[lag:] = weather[:-lag]
    elif lag < 0:
        found[:lag] = weather[-lag:]
    else:
        found[:] = weather
    return found


def sliding(first: Real, second: Real, starts: list[int], window: int = WINDOW) -> Sliding:
    """Of the windows of so many hours that begin at `starts`."""
    columns = [np.zeros((3, 0))]
    for place in range(0, len(starts), TOGETHER):
        rows = np.array(starts[place : place + TOGETHER])[:, None] + np.arange(window)
        columns.append(_windows(first[rows], second[rows]))
    r, count, hours = np.concatenate(columns, axis=1)
    if np.isfinite(count).any():
        count = np.minimum(count, np.nanmedian(count))  # a window in which little happens says little of itself
    return Sliding(r, count, _limit(count), _limit(hours))


def _windows(first: Real, second: Real) -> Real:
    """[3, windows]: r, count, hours; of [windows, hours]."""
    known = np.isfinite(first) & np.isfinite(second)
    hours = known.sum(axis=1)
    left, right = (_centred(each, known, hours) for each in (first, second))
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (left * right).sum(axis=1) / np.sqrt((left**2).sum(axis=1) * (right**2).sum(axis=1))
        count = np.clip(hours / _inflation(left, right), 0, hours)
        there = np.isfinite(r) & (hours >= KNOWN * known.shape[1])
    return np.array([np.where(there, each, np.nan) for each in (np.clip(r, -1, 1), count, hours)])


def _centred(values: Real, known: Marks, hours: Real) -> Real:
    """Around the mean of what is known, 0 elsewhere; all 0 where nothing varies."""
    values = np.where(known, values, 0.0)
    mean = values.sum(axis=1) / np.maximum(hours, 1)
    centred = np.where(known, values - mean[:, None], 0.0)
    varies = (centred**2).sum(axis=1) > FLAT * (values**2).sum(axis=1)
    return np.asarray(centred * varies[:, None])


def _inflation(left: Real, right: Real) -> Real:
    """1 + 2 Σ (1 − k/n) ρa(k) ρb(k): by how much fewer than n hours there are in effect; never below 1."""
    n = left.shape[1]
    own, other = _autocorrelation(left), _autocorrelation(right)
    lags = np.arange(1, n)
    return np.asarray(1 + 2 * ((1 - lags / n) * own[:, 1:] * other[:, 1:]).sum(axis=1)).clip(1.0)


def _autocorrelation(centred: Real) -> Real:
    """[windows, lags from 0 on]."""
    n = centred.shape[1]
    spectrum = np.abs(np.fft.rfft(centred, 2 * n, axis=1)) ** 2
    products = np.fft.irfft(spectrum, 2 * n, axis=1)[:, :n]
    return np.asarray(products / products[:, :1])


def _limit(count: Real) -> Real:
    """|r| that is passed by chance once in twenty (Fisher's z); 1 where there are too few to say anything."""
    passed = np.tanh(NORMAL / np.sqrt(np.maximum(count - 3, 1e-9)))
    return np.where(np.isnan(count) | (count > 3), passed, 1.0)
