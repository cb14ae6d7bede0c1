"""How many hours each series has of those it should have, and why it has fewer: in words.

A series that begins within the window explains itself: series come into being at any time. Everything else that is
missing is named as unexplained, so that the window is not taken for complete: hours that no series has, a hole
inside a series, a series that stops (whether it ended or was cut off, the next window will tell).
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from .quantities import Columns

SHOWN = 3


def absences(columns: Columns, low: int, high: int, step: int, now: datetime) -> tuple[list[str], list[str]]:
    """(unexplained, explained), both empty when the answer is complete: series × hours.

    low, high: the window, ms since the epoch; step: s. Hours that are not over by `now` are not expected.
    """
    step *= 1000
    published = min(high, int(now.timestamp() * 1000) // step * step)
    hours = max((published - low) // step, int((columns.start.max() - low) // step) + 1)
    present = np.zeros((len(columns.names), hours), dtype=bool)
    present[columns.series, (columns.start - low) // step] = True
    if present.all():
        return [], []
    unexplained: list[str] = []
    explained: list[str] = []
    common = np.asarray(~present.any(axis=0), dtype=np.bool_)
    if common.any():
        unexplained.append(f"no series has {_hours(common, low, step)} of {hours}")
    series = []
    for name, own in zip(columns.names, present[:, ~common], strict=True):
        if not own.all():
            held = np.flatnonzero(own)
            inside = len(held) < held[-1] - held[0] + 1
            series.append((" ".join(name), own, inside or held[-1] < len(own) - 1))
    at = np.flatnonzero(~common)
    for label, own, wanting in series[:SHOWN]:
        gone = np.zeros(hours, dtype=bool)
        gone[at[~own]] = True
        (unexplained if wanting else explained).append(f"{label} lacks {_hours(gone, low, step)} of {hours}")
    more = series[SHOWN:]
    if more:
        lacking = any(wanting for *_, wanting in more)
        (unexplained if lacking else explained).append(f"{len(more)} more series lack hours")
    return unexplained, explained


def _hours(gone: NDArray[np.bool_], low: int, step: int) -> str:
    count = int(gone.sum())
    first = np.datetime64(low + int(np.flatnonzero(gone)[0]) * step, "ms")
    return f"{count:,} {'hour' if count == 1 else 'hours'} (first {str(first)[:16]}Z)"
