"""How tests wait for what must come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
PATIENCE = 900  # s; only a defect takes so long, even where a busy machine does everything at a tenth of the speed


def until(condition: Callable[[], Found], told: Callable[[], object] = lambda: "") -> Found:
    """What a condition gives as soon as it holds. told: what the failure says where it never does."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, told()
        time.sleep(0.005)
    return found
