"""The grid of a series: Wh by local day and half-hour of the wall clock. What is not measured wholly is NaN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ..model.localtime import midnight
from ..model.localtime_query import offset_changes
from ..model.readings import Instants

Real = NDArray[np.float64]
Whole = NDArray[np.int64]
Marks = NDArray[np.bool_]

SLOTS = 48
HALF_MS = 1_800_000
HALF = 1800  # s
LONGEST = 3  # half-hours that an interval of at most an hour can touch


@dataclass(frozen=True, slots=True)
class Grid:
    """wh: [days, 48], local days from `first` on, Wh by half-hour of the wall clock; NaN: not measured wholly.

    The hour that autumn shows twice holds the mean of its two passes, the hour that spring leaves out is NaN.
    """

    first: date
    zone: ZoneInfo
    wh: Real

    def __len__(self) -> int:
        return len(self.wh)

    @property
    def end(self) -> date:
        """The day after the last."""
        return self.first + timedelta(days=len(self.wh))

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=place) for place in range(len(self.wh))]

    def until(self, end: date) -> Grid:
        """The days before `end`: all that may be known of a moment."""
        return Grid(self.first, self.zone, self.wh[: max(0, (end - self.first).days)])

    def between(self, first: date, end: date) -> Grid:
        """The days [first, end); those outside are NaN."""
        wh = np.full((max(0, (end - first).days), SLOTS), np.nan)
        low, high = max(first, self.first), min(end, self.end)
        if low < high:
            wh[(low - first).days : (high - first).days] = self.wh[(low - self.first).days : (high - self.first).days]
        return Grid(first, self.zone, wh)


def grid_of(start: Instants, wh: Real, seconds: Whole, zone: ZoneInfo) -> Grid:
    """Readings of any step up to an hour, oldest first → their grid; energy is shared evenly over an interval.

    start: ms UTC. An empty series gives no days.
    """
    if not len(start):
        return Grid(date(1970, 1, 1), zone, np.zeros((0, SLOTS)))
    halves, origin = _halves(start, wh, seconds)
    at = (np.arange(len(halves), dtype=np.int64) + origin) * HALF_MS
    local = (at + _ahead(at, zone)) // HALF_MS
    first = int(local[0]) // SLOTS
    days = int(local.max()) // SLOTS - first + 1
    known = np.isfinite(halves)
    place = (local - first * SLOTS)[known]
    sums = np.bincount(place, weights=halves[known], minlength=days * SLOTS)
    counts = np.bincount(place, minlength=days * SLOTS)
    grid = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).reshape(days, SLOTS)
    return Grid(date(1970, 1, 1) + timedelta(days=first), zone, grid)


def day_wh(grid: Grid) -> Real:
    """[days] Wh, scaled to the true length of each local day; NaN where more than a half-hour beside the change of the
    clock is missing."""
    known = np.isfinite(grid.wh).sum(axis=1)
    hours = np.array([(midnight(day + timedelta(days=1), grid.zone) - midnight(day, grid.zone)) for day in grid.days])
    expected = np.minimum(hours // HALF_MS, SLOTS)
    factor = (hours / HALF_MS) / np.maximum(known, 1)
    return np.where(known >= expected - 1, np.nansum(grid.wh, axis=1) * factor, np.nan)


def stacked(grids: Sequence[Grid]) -> tuple[date, Real]:
    """(first day, [homes, days, 48]) of many grids, over all days that any of them has."""
    first, end = min(grid.first for grid in grids), max(grid.end for grid in grids)
    return first, np.stack([grid.between(first, end).wh for grid in grids])


def _halves(start: Instants, wh: Real, seconds: Whole) -> tuple[Real, int]:
    """(Wh by half-hour UTC, NaN unless covered wholly; the number of the first since 1970)."""
    end = start + seconds * 1000
    origin, last = int(start[0]) // HALF_MS, -(-int(end.max()) // HALF_MS)
    energy, covered = np.zeros(last - origin), np.zeros(last - origin)
    for step in range(LONGEST):
        number = start // HALF_MS + step
        over = np.minimum(end, (number + 1) * HALF_MS) - np.maximum(start, number * HALF_MS)
        there = over > 0
        share = over[there] / (seconds[there] * 1000)
        place = number[there] - origin
        energy += np.bincount(place, weights=wh[there] * share, minlength=len(energy))
        covered += np.bincount(place, weights=over[there], minlength=len(energy))
    return np.where(covered >= HALF_MS, energy, np.nan), origin


def _ahead(at: Instants, zone: ZoneInfo) -> Whole:
    """ms that the wall clock is ahead of UTC, rounded to half-hours."""
    low, high = (datetime.fromtimestamp(int(moment) / 1000, UTC) for moment in (at[0], at[-1] + HALF_MS))
    changes = offset_changes(zone, low, high)
    last = high.astimezone(zone).utcoffset() or timedelta()
    offsets = np.array([before for _, before in changes] + [round(last.total_seconds() * 1000)], dtype=np.int64)
    edges = np.array([round(moment.timestamp() * 1000) for moment, _ in changes], dtype=np.int64)
    return offsets[np.searchsorted(edges, at, side="right")] // HALF_MS * HALF_MS
