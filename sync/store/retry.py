"""Patience with what passes by itself: an election, a restart, a broken connection."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from pymongo.errors import PyMongoError

from ..model.clock import Clock
from .connection import is_passing

PATIENCE = 60  # seconds a passing failure (an election, a restart) or another writer may last

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
