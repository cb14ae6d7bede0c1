"""Many homes as one: the sum of their curves, forecast directly, with how good that was beside the simple ways.

The sum of the homes' own forecasts is worse: medians do not add up, and what one home does by chance another undoes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from ..model.localtime import day_seconds
from .forecast import Replay, day_totals, replay
from .grid import HALF, SLOTS, Grid, Marks, Real
from .score import FEWEST_DAYS, week_before
from .tomorrow import DAY_SECONDS, WARM, days_of, measured_days, scored_days

LEAD = 1
WINDOW = 500  # days that are read: a year that is scored, and what it takes to learn
NOW = 7  # days by which the homes are counted
SHARE = 0.5  # of these homes: half-hours with fewer say nothing of all
WAYS = ("forecast", "week", "median")
"""Ours; the same day a week before; a weighted median of the last 14 days."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Of one way: the sum of absolute errors as a share of the energy (wMAPE), by half-hour and by day."""

    half_hours: float
    days: float


@dataclass(frozen=True, slots=True)
class Ahead:
    """The next day of the sum. wh, low, high, week: [48] Wh, the last of the same day a week before; totals of the
    day's own 23, 24 or 25 hours; days: how many were scored; coverage: share of their half-hours inside the band."""

    day: date
    homes: int
    wh: Real
    low: Real
    high: Real
    week: Real
    total: float
    total_low: float
    total_high: float
    days: int
    coverage: float
    errors: dict[str, Errors]


@dataclass(frozen=True, slots=True)
class Short:
    """Why there is no forecast: so many measured days, where as many are needed."""

    days: int
    needed: int = WARM + FEWEST_DAYS


def sum_of(first: date, wh: Real, seconds: Real, zone: ZoneInfo) -> tuple[int, Grid]:
    """(homes, their sum) from sums over those that were measured, [days, 48] each: as if all had been there.

    homes: the median of the last week. The last days that are measured for less than half are not among them.
    """
    counts = seconds / HALF
    recent = counts[-NOW:][counts[-NOW:] > 0]
    homes = round(float(np.median(recent))) if len(recent) else 0
    enough = (counts > 0) & (counts >= SHARE * homes)
    grid = np.where(enough, wh / np.maximum(counts, 1e-9) * homes, np.nan)
    there = np.flatnonzero(measured_days(grid))
    return homes, Grid(first, zone, grid[: int(there[-1]) + 1] if len(there) else grid[:0])


def ahead_of(homes: int, grid: Grid) -> Ahead | Short:
    """The day after the last of the grid, with lead 1."""
    grid = replace(grid, first=max(grid.first, grid.end - timedelta(days=WINDOW)), wh=grid.wh[-WINDOW:])
    count = int(measured_days(grid.wh).sum())
    if count < WARM + FEWEST_DAYS:
        return Short(count)
    days = days_of(grid, LEAD)
    found = replay(days, LEAD, ahead=LEAD)
    week = week_before(np.concatenate([days.wh, np.full((1, LEAD, SLOTS), np.nan)], axis=1))[0]
    said = {"forecast": found.wh[0], "week": week, "median": found.simple[0]}
    totals = {"forecast": found.total[0], "week": day_totals(week), "median": day_totals(found.simple[0])}
    chosen = scored_days(grid, None)
    known = chosen[:, None] & np.isfinite(grid.wh)
    for each in said.values():
        known &= np.isfinite(each[:-LEAD])
    number = int(known.any(axis=1).sum())
    if number < FEWEST_DAYS:
        return Short(number)
    came = day_totals(np.where(known, grid.wh, np.nan))
    errors = {name: Errors(_wmape(said[name], grid.wh, known), _wmape(totals[name], came)) for name in WAYS}
    hours = day_seconds(grid.end, grid.zone) / DAY_SECONDS
    return Ahead(
        grid.end,
        homes,
        wh=found.wh[0, -1],
        low=found.low[0, -1],
        high=found.high[0, -1],
        week=week[-1],
        total=float(found.total[0, -1]) * hours,
        total_low=float(found.total_low[0, -1]) * hours,
        total_high=float(found.total_high[0, -1]) * hours,
        days=number,
        coverage=_inside(found, grid.wh, known),
        errors=errors,
    )


def _wmape(said: Real, came: Real, known: Marks | None = None) -> float:
    """NaN of nothing. known: which of what came counts, else all that was measured and forecast."""
    known = np.isfinite(came) & np.isfinite(said[:-LEAD]) if known is None else known
    energy = float(came[known].sum())
    return float(np.abs(said[:-LEAD] - came)[known].sum()) / energy if energy else float("nan")


def _inside(found: Replay, came: Real, known: Marks) -> float:
    held = (came >= found.low[0, :-LEAD]) & (came <= found.high[0, :-LEAD])
    return float(held[known & np.isfinite(found.low[0, :-LEAD])].mean())
