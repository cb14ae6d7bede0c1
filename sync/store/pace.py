"""How many documents one insert has: fewer where a server is slow to take them, as a small Atlas cluster is.

A free cluster takes a hundred operations a second and delays what is above; several inserts of many seconds each would
hold leases for too long, and lose much when one of them fails.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

MOST, FEWEST = 20_000, 500
SLOW, QUICK = 5.0, 1.0  # s for an insert: above the one fewer are sent, under the other more again


class Pace:
    """The size of inserts, learned from each one; that of the slower side. Several threads may use it."""

    def __init__(self) -> None:
        self._sides: dict[str, int] = {}

    @property
    def documents(self) -> int:
        """How many the next insert should have."""
        return min(self._sides.values(), default=MOST)

    @contextmanager
    def insert(self, side: str = "") -> Iterator[None]:
        """Around one insert into a side: one that is slow, or fails, halves the next ones."""
        began = time.monotonic()
        try:
            yield
        except BaseException:
            self._change(side, 0.5)
            raise
        seconds = time.monotonic() - began
        if seconds > SLOW:
            self._change(side, 0.5)
        elif seconds < QUICK:
            self._change(side, 2)

    def _change(self, side: str, times: float) -> None:
        self._sides[side] = min(MOST, max(FEWEST, round(self._sides.get(side, MOST) * times)))
