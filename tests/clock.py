"""A clock that tests move: `sleep` returns at once and time has passed."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 7, 17, 12, 0, tzinfo=UTC)


class FakeClock:
    """`now()` is an aware UTC datetime; `sleeps` keeps every pause asked for, in seconds."""

    def __init__(self, now: datetime = NOON) -> None:
        self.moment = now
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        """The present moment, UTC."""
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Let time pass; never less than asked for, so that waiting for a moment always reaches it."""
        self.sleeps.append(seconds)
        self.moment += timedelta(microseconds=math.ceil(seconds * 1_000_000))

    def advance(self, **duration: float) -> None:
        """Move the clock by hand: `advance(hours=6)`, also backwards."""
        self.moment += timedelta(**duration)
