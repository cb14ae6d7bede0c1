"""SARIMAX for the sum of many, beside what needs no model at all; a home's curve it cannot carry.

Needs the extra `insight`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from statsmodels.tsa.statespace.sarimax import SARIMAX

from .grid import Real

DAY, WEEK = 24, 168  # hours
LEARNT, LEAST = 28 * DAY, 14 * DAY  # hours before the week that is forecast: as many, at least so many
ORDER, SEASONAL = (1, 0, 1), (0, 0, 1, DAY)  # of the difference to a day before: (1, 0, 1)(0, 1, 1) of the curve
ROUNDS = 30
FORECAST = WEEK
MODEL = "sarimax"


class TooShort(ValueError):
    """Too few hours to learn from, or none that differs."""


@dataclass(frozen=True, slots=True)
class Week:
    """The last seven days, each forecast when it begins. start: the first hour; came: [168]; said: by the name of who
    says so; errors: share of the energy by which each is wrong on average, over the hours that all of them know."""

    start: int
    came: Real
    said: Mapping[str, Real]
    errors: Mapping[str, float]


def last_week(hourly: Real) -> Week:
    """NaN: not measured. Learns from the four weeks before, and nothing from an hour on that is forecast.

    Raises TooShort.
    """
    end = int(np.flatnonzero(np.isfinite(hourly))[-1]) + 1 if np.isfinite(hourly).any() else 0
    start = end - FORECAST
    begins = max(0, start - LEARNT)
    curve = hourly[begins:end]
    if start - begins < LEAST or not np.nanstd(curve):
        raise TooShort
    learnt = start - begins
    weeks = tuple(range(WEEK, learnt + 1, WEEK))[:4]
    simple = {"day": (DAY,), "week": (WEEK,), "weeks": weeks}
    said = {MODEL: _model(curve, learnt)} | {name: _before(curve, learnt, hours) for name, hours in simple.items()}
    came = curve[learnt:]
    known = np.isfinite([came, *said.values()]).all(axis=0)
    size = float(np.abs(came[known]).sum()) or np.nan
    errors = {name: float(np.abs(each - came)[known].sum()) / size for name, each in said.items()}
    return Week(start, came, said, errors)


def _model(curve: Real, learnt: int) -> Real:
    """Day after day from what was known before it, with what was learnt before the first."""
    scale = float(np.nanstd(curve[:learnt])) or 1.0
    steps = (curve[DAY:] - curve[:-DAY]) / scale
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not settled is seen in its errors
        model = SARIMAX(steps[: learnt - DAY], order=ORDER, seasonal_order=SEASONAL)
        known = model.fit(disp=False, maxiter=ROUNDS, cov_type="none")
        said = []
        for place in range(learnt, len(curve), DAY):
            said.append(curve[place - DAY : place] + scale * np.asarray(known.forecast(DAY)))
            known = known.extend(steps[place - DAY : place])
    return np.concatenate(said)


def _before(curve: Real, learnt: int, hours: tuple[int, ...]) -> Real:
    """The mean of what was so many hours before, as far as it is known."""
    columns = np.array([curve[learnt - each : len(curve) - each] for each in hours])
    known = np.isfinite(columns)
    sums = np.where(known, columns, 0).sum(axis=0)
    return np.where(known.any(axis=0), sums / np.maximum(known.sum(axis=0), 1), np.nan)
