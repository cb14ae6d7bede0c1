"""What runs when nobody does anything: the base load, and the days on which it stepped.

Levels are found by optimal partition: the sum of squares within the levels, and a price for each step that a clean home
pays at most twice a year.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .experts import sorted_median
from .grid import Real
from .unusual import day_base

SHORTEST = 10  # days of a level
PRICE = 250.0  # of a step, in squared spreads: homes in which nothing was put in have two a year
LEAST_W = 20.0  # less is no step
NOW = 28  # days
HALVES_AN_HOUR = 2
FOUND = {"50 W": 0.65, "100 W": 0.94, "200 W": 0.97}
"""Of steps put into real homes, how many are dated within a week (median error 0 days)."""
YEAR_HOURS = 8766


@dataclass(frozen=True, slots=True)
class Step:
    """day: place of the first day of the new level; before, after: W."""

    day: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Base:
    """watts: the median of the last four weeks; kwh_a_year: what that makes in a year; steps: oldest first."""

    watts: float
    kwh_a_year: float
    steps: tuple[Step, ...]


def base_of(wh: Real) -> Base | None:
    """Of one home, [days, 48] Wh; None without two weeks of the last four."""
    watts = HALVES_AN_HOUR * day_base(wh[None])[0]
    last = watts[-NOW:]
    if np.isfinite(last).sum() < NOW // 2:
        return None
    now = float(np.nanmedian(last))
    return Base(now, now * YEAR_HOURS / 1000, tuple(steps_of(watts)))


def steps_of(watts: Real) -> list[Step]:
    """Of the base by day, W; days without one belong to the level around them."""
    places = np.flatnonzero(np.isfinite(watts))
    known = watts[places]
    if len(known) < 2 * SHORTEST:
        return []
    edges = _partition(known, _spread(known))
    levels = [float(np.median(known[low:high])) for low, high in pairwise(edges)]
    found = zip(edges[1:-1], pairwise(levels), strict=True)
    return [Step(int(places[edge]), *both) for edge, both in found if abs(both[1] - both[0]) >= LEAST_W]


def _spread(known: Real) -> float:
    """Of the days around their own two weeks, at least 5 % and 4 W."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(known, 7, mode="edge"), 15)
    usual = sorted_median(windows)
    return max(1.4826 * float(np.median(np.abs(known - usual))), 0.05 * float(np.median(known)), 4.0)


def _partition(known: Real, spread: float) -> list[int]:
    """Edges of the levels, the first 0 and the last len(known). A day counts at most as four spreads off its
    neighbours: a single one is no level."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(known, 2, mode="edge"), 5)
    usual = sorted_median(windows)
    values = np.clip(known, usual - 2 * spread, usual + 2 * spread) / spread
    count = len(values)
    sums, squares = (np.concatenate([[0.0], each.cumsum()]) for each in (values, values**2))
    best, before = np.full(count + 1, np.inf), np.zeros(count + 1, dtype=np.int64)
    best[0] = -PRICE
    for end in range(SHORTEST, count + 1):
        start = np.arange(end - SHORTEST + 1)
        within = squares[end] - squares[start] - (sums[end] - sums[start]) ** 2 / (end - start)
        total = best[start] + within + PRICE
        before[end] = int(total.argmin())
        best[end] = total[before[end]]
    edges = [count]
    while edges[-1] > 0:
        edges.append(int(before[edges[-1]]))
    return edges[::-1]
