"""The band that holds four of five values, kept honest by what has come: adaptive conformal inference.

The width is multiplied by a factor that grows where more than a fifth fell outside, and shrinks where less did.
"""

from __future__ import annotations

import numpy as np

from .grid import Real

OUTSIDE = 0.2
STEP = 0.4  # of the logarithm of the width, a day with everything outside
FEWEST = 21  # values of which quantiles are taken
BOUNDS = (OUTSIDE / 2, 1 - OUTSIDE / 2)


class Width:
    """The factor of each home: log, [homes, 1]."""

    def __init__(self, homes: int) -> None:
        self.log: Real = np.zeros((homes, 1))

    def around(self, middle: Real, low: Real, high: Real) -> tuple[Real, Real]:
        """[homes, values] the edges, none below zero; the middle is always inside."""
        factor = np.exp(self.log)
        below, above = (np.maximum(each, 0) for each in (middle - low, high - middle))
        return np.maximum(middle - factor * below, 0), middle + factor * above

    def learn(self, low: Real, high: Real, came: Real) -> None:
        """What came between edges that were said before."""
        known = np.isfinite(low) & np.isfinite(high) & np.isfinite(came)
        count = known.sum(axis=1, keepdims=True)
        outside = (known & ((came < low) | (came > high))).sum(axis=1, keepdims=True)
        self.log = self.log + np.where(count > 0, STEP * (outside / np.maximum(count, 1) - OUTSIDE), 0.0)


def quantiles(values: Real) -> tuple[Real, Real]:
    """[n, …] → the two of the band, of what is known along the first axis; NaN for too few."""
    ordered = np.sort(values, axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    found = []
    for bound in BOUNDS:
        place = bound * np.maximum(count - 1, 0)
        low = np.floor(place).astype(np.int64)
        high = np.minimum(low + 1, np.maximum(count - 1, 0))
        first, second = (np.take_along_axis(ordered, at[None], 0)[0] for at in (low, high))
        found.append(np.where(count >= FEWEST, first + (place - low) * (second - first), np.nan))
    return found[0], found[1]


def root(values: Real) -> Real:
    """The scale on which errors are alike by day and by night."""
    return np.asarray(np.sqrt(np.maximum(values, 0.0)))
