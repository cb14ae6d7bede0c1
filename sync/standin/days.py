"""What day it is for a stand-in: the real clock, or one that was set to a chosen Paris day and runs on from there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta

from ..model.localtime import PARIS
from .curve import Meter

Now = Callable[[], datetime]
"""Returns an aware UTC datetime."""


def real_now() -> datetime:
    """The machine's own clock."""
    return datetime.now(UTC)


def clock_set_to(day: date, now: Now = real_now) -> Now:
    """A clock that shows the same time of day as `now`, but begins on this Paris local day."""
    ahead = day - now().astimezone(PARIS).date()

    def shifted() -> datetime:
        # Moved on the wall clock, so that the day of Paris is right at any hour of any season.
        wall = now().astimezone(PARIS).replace(tzinfo=None) + ahead
        return wall.replace(tzinfo=PARIS).astimezone(UTC)

    return shifted


def clock_for(meters: Iterable[Meter]) -> Now:
    """The real clock for generated meters; for recorded ones the day after their last complete day."""
    last = max((day for meter in meters if (day := meter.last_day) is not None), default=None)
    return real_now if last is None else clock_set_to(last + timedelta(days=1))
