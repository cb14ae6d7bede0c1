"""Patience with a server: with what passes by itself, an election, a restart, a broken connection; and with one that is
slow to take documents, as a small Atlas cluster is.

A free cluster takes a hundred operations a second and delays what is above; several inserts of many seconds each would
hold leases for too long, and lose much when one of them fails.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pymongo.errors import PyMongoError

from ..model.clock import Clock
from .connection import is_passing

PATIENCE = 60  # seconds a passing failure (an election, a restart) or another writer may last
MOST, FEWEST = 20_000, 500
SLOW, QUICK = 5.0, 1.0  # s for an insert: above the one fewer are sent, under the other more again

Result = TypeVar("Result")


def patiently(step: Callable[[], Result], clock: Clock) -> Result:
    """Do a step that may be repeated until it succeeds. Raises PyMongoError for what does not pass in PATIENCE."""
    began, waited = time.monotonic(), 0.0
    while True:
        try:
            return step()
        except PyMongoError as error:
            # A try may itself have waited for a server: both kinds of waiting count.
            if not is_passing(error) or max(waited, time.monotonic() - began) >= PATIENCE:
                raise
        pause = min(0.2 + waited / 4, 2.0)
        clock.sleep(pause)
        waited += pause


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
