"""What the stand-ins of open sources are made of: a grid of instants and numbers by chance, for any month by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..model.readings import Instants

HOUR = 3_600_000
OPEN_END = 2**62


def grid(low: int, high: int, step: int = HOUR) -> Instants:
    """Instants of `[low, high)` on the grid."""
    return np.arange(-(-low // step) * step, max(low, high), step, dtype=np.int64)


def noise(start: Instants, code: int) -> NDArray[np.float64]:
    """0 … 1, without order to the eye, from the instant and a number alone."""
    return np.asarray(np.modf(np.abs(np.sin(start / 900_000 * 12.9898 + code * 78.233)) * 43758.5453)[0])
