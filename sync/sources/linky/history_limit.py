"""Where the history of a series begins, found by halving: over the windows, then inside the one where it lies.

The API refuses a range that begins before its floor as a whole: one refusal says nothing about the rest of the range.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from ...model.window import Window


def first_served_day(windows: Sequence[Window], position: int, is_served: Callable[[Window], bool]) -> tuple[date, int]:
    """The first day served, given that `windows[position]` was refused; and the index of the first window served whole.

    `is_served` asks for a window: about log2 of the number of windows plus at most 3 questions for one of 7 days.
    """
    whole = _first_true(position, len(windows), lambda index: is_served(windows[index]))
    edge = windows[whole - 1]
    offset = _first_true(
        0, edge.length, lambda length: is_served(Window(edge.start + timedelta(days=length), edge.end))
    )
    return edge.start + timedelta(days=offset), whole


def _first_true(low: int, high: int, is_true: Callable[[int], bool]) -> int:
    """The smallest index in (low, high] for which `is_true`; it is false at `low` and taken as true at `high`."""
    while high - low > 1:
        middle = (low + high) // 2
        if is_true(middle):
            high = middle
        else:
            low = middle
    return high
