"""A roof against a load curve: what would have been used at once, what would have gone to the grid, and what it saves.

Each year of weather is laid over the readings by the hour of the year; what is said is the mean of them. Within a
reading everything that was produced counts as used at once up to what was used: the true share is a little lower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .pvgis import Real, Roof, Whole

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Match:
    """produced, direct: mean over the years of weather, Wh by reading; self_use: share of what is produced that is used
    at once, by year of weather; hourly_self_use: the same share of the mean, had the meter told hours alone."""

    used: Real
    produced: Real
    direct: Real
    self_use: Real
    hourly_self_use: float

    @property
    def autonomy(self) -> float:
        """Share of what is used that comes from the roof at once."""
        return _share(self.direct.sum(), self.used.sum())

    @property
    def mean_self_use(self) -> float:
        return _share(self.direct.sum(), self.produced.sum())


def match(roof: Roof, start: Whole, wh: Real, seconds: Whole) -> Match:
    """Readings (start in s since the epoch, Wh, seconds), oldest first. Time without one counts on neither side."""
    produced = roof.produced(start, seconds)
    direct = np.minimum(produced, wh)
    self_use = np.array([_share(*each) for each in zip(direct.sum(axis=1), produced.sum(axis=1), strict=True)])
    hours = np.unique(start // HOUR, return_inverse=True)[1]
    by_hour = np.minimum(_summed(hours, produced), _summed(hours, wh[None, :]))
    hourly = _share(by_hour.sum(), produced.sum())
    return Match(wh, produced.mean(axis=0), direct.mean(axis=0), self_use, hourly)


def _summed(places: NDArray[np.intp], rows: Real) -> Real:
    """Each row summed by place."""
    return np.array([np.bincount(places, weights=row) for row in rows])


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
