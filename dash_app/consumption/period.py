"""What a view asks of its series: the period, and the answers about it that several blocks share."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from sync.model.localtime import midnight
from sync.model.readings import Series

from ..kit.days import Days, days_of
from ..kit.reader import ZONES, Reader
from ..kit.view import View
from .queries import Distribution, distribution_of

Answer = TypeVar("Answer")
FLOWS = ("consumption", "production")  # series with energy; prices have a page of their own
DAY = timedelta(days=1)
YEAR = timedelta(days=364)  # the same days of the week


class Meter(Protocol):
    """A series of energy by its local days. today: the local day there; read_to: the day after the last one with
    anything, today at most."""

    @property
    def is_production(self) -> bool: ...
    @property
    def today(self) -> date: ...
    @property
    def read_to(self) -> date: ...
    def days(self, first: date, end: date) -> Days: ...


@dataclass(frozen=True, slots=True)
class Period:
    """The local days [first, end) of a series, as asked; due: end of what can have been measured by now, at most `end`.

    start, stop, due_ms: the same as ms UTC.
    """

    reader: Reader
    series: Series
    zone: ZoneInfo
    first: date
    end: date
    due: date
    start: int
    stop: int
    due_ms: int

    @property
    def is_production(self) -> bool:
        return self.series.flow == "production"

    @property
    def today(self) -> date:
        return self.reader.today(self.zone)

    @property
    def read_to(self) -> date:
        return min(self.reader.extent(self.series).end or self.today, self.today)

    def ask(self, query: Callable[..., Answer], *given: Hashable) -> Answer:
        """The answer of a query about the series, kept: several blocks ask the same."""
        pair = self.reader.pair_of(self.series.source)
        return self.reader.kept((query.__name__, self.series, *given), lambda: query(pair, self.series, *given))

    def days(self, first: date, end: date) -> Days:
        """Energy of other local days of the same series."""
        return self.ask(days_of, self.zone, first, end)

    def distribution(self, first: date, end: date, without: tuple[tuple[int, int], ...] = ()) -> Distribution:
        """How long each power lasted in other local days; without: stretches (ms UTC) that are left out."""
        return self.ask(distribution_of, midnight(first, self.zone), midnight(end, self.zone), without)

    def share(self, seconds: int) -> float | None:
        """Seconds covered → share of what can have been measured in the period; None when none of it is due yet."""
        expected = (self.due_ms - self.start) // 1000
        return min(1.0, seconds / expected) if expected > 0 else None

    def notes(self) -> dict[str, Any]:
        """What every figure needs to know of the period."""
        own = {"first": self.first, "end": self.end, "due": self.due, "zone": self.zone}
        return own | {"is_production": self.is_production}


def period_of(reader: Reader, view: View) -> Period | None:
    """What a view asks of its series; None without a series of energy."""
    series = reader.series_at(view)
    if series is None or series.flow not in FLOWS or view.start >= view.end:
        return None
    zone = ZONES[series.source]
    due = max(view.start, min(view.end, max(reader.today(zone), reader.extent(series).end or date.min)))
    edges = (midnight(day, zone) for day in (view.start, view.end, due))
    return Period(reader, series, zone, view.start, view.end, due, *edges)


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of the local days [first, end). wh: None without any reading; covered: share of the time, 0 … 1; read: the
    first and the last of these days with a reading, None without any."""

    first: date
    end: date
    wh: int | None
    covered: float
    read: tuple[date, date] | None = None

    @property
    def length(self) -> int:
        """Days."""
        return (self.end - self.first).days

    @property
    def kwh(self) -> float | None:
        return None if self.wh is None else self.wh / 1000


Both = tuple[Energy, Energy, int]
"""(now, a year before), each the energy of the days that were measured whole in both, and how many those are."""


def energy_of(days: Days, start: int = 0, end: int | None = None) -> Energy:
    """The days start … end - 1, counted from the first; all of them by default."""
    end = len(days) if end is None else end
    seconds = days.seconds[start:end]
    first, after = (days.first + timedelta(days=place) for place in (start, end))
    read = [first + timedelta(days=int(place)) for place in np.flatnonzero(seconds)]
    covered = min(1.0, int(seconds.sum()) / max(1, int(days.expected[start:end].sum())))
    return Energy(
        first, after, int(days.wh[start:end].sum()) if read else None, covered, (read[0], read[-1]) if read else None
    )


def both_of(now: Days, before: Days) -> Both | None:
    """The same number of days a year apart; None where no day was measured whole in both."""
    both = now.is_whole & before.is_whole
    sums = [
        Energy(each.first, each.first + timedelta(days=len(each)), int(each.wh[both].sum()), 1.0)
        for each in (now, before)
    ]
    return (sums[0], sums[1], int(both.sum())) if both.any() else None
