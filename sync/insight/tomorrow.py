"""One day of one series, with how good such forecasts have been for it; or why nothing can be said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from ..model.errors import SyncError
from ..model.localtime import day_seconds
from ..model.words import counted
from .experts import Days
from .forecast import Replay, replay
from .grid import SLOTS, Grid, Marks, Real, day_wh
from .holidays import free_days, weekdays
from .score import FEWEST_DAYS, Score, score

WINDOW = 800  # days before the one forecast that are read: two years, and what it takes to learn
WARM = 14  # measured days before the first forecast that counts
SCORED = 365  # days at most, the latest
LATEST = 7  # days without any reading at the end, beyond which nothing is known of the home as it is now
DAY_SECONDS = 86_400
SHOWN = 60  # days whose forecasts are shown beside what came
PARTS = tuple(slice(low, low + SLOTS // 4) for low in range(0, SLOTS, SLOTS // 4))
"""Night, morning, afternoon, evening."""


class TooLittle(SyncError):
    """The readings cannot carry a statement; the text says why, and what would. reason, values: the same for a page,
    which says it in the reader's language."""

    def __init__(self, message: str, reason: str, **values: int | str) -> None:
        super().__init__(message)
        self.reason, self.values = reason, values


@dataclass(frozen=True, slots=True)
class Tomorrow:
    """wh, low, high: [48] Wh by half-hour of the wall clock; totals in Wh, of the day's own 23, 24 or 25 hours."""

    day: date
    lead: int
    wh: Real
    low: Real
    high: Real
    total: float
    total_low: float
    total_high: float
    score: Score
    parts: tuple[Score, ...]
    recent: Recent


@dataclass(frozen=True, slots=True)
class Recent:
    """Totals of the last days as they were forecast, and as they came: [days] Wh, of each day's own 23, 24 or 25
    hours; first: day of the first."""

    first: date
    came: Real
    total: Real
    low: Real
    high: Real


def tomorrow(grid: Grid, day: date, lead: int, since: date | None = None) -> Tomorrow:
    """The forecast of a day from the days up to `day` - `lead`, whatever else the grid holds.

    since: first day of those whose forecasts are scored (default: of the last year). Raises TooLittle.
    """
    end = day - timedelta(days=lead - 1)
    known = grid.between(max(grid.first, day - timedelta(days=WINDOW)), end)
    refuse_too_little(known, day)
    days = days_of(known, lead)
    found = replay(days, lead, ahead=lead)
    seconds = day_seconds(day, grid.zone) / DAY_SECONDS
    total, low, high = (float(each[0, -1]) * seconds for each in (found.total, found.total_low, found.total_high))
    chosen = np.concatenate([scored_days(known, since), np.zeros(lead, dtype=np.bool_)])
    scores = (score(days, found, chosen, part) for part in (slice(None), *PARTS))
    whole, *parts = scores
    curves = found.wh[0, -1], found.low[0, -1], found.high[0, -1]
    return Tomorrow(day, lead, *curves, total, low, high, whole, tuple(parts), _recent(known, found))


def _recent(known: Grid, found: Replay) -> Recent:
    shown = slice(max(0, len(known) - SHOWN), len(known))
    last = Grid(known.first + timedelta(days=shown.start), known.zone, known.wh[shown])
    share = np.array([day_seconds(day, known.zone) / DAY_SECONDS for day in last.days])
    totals = (share * each[0, shown] for each in (found.total, found.total_low, found.total_high))
    return Recent(last.first, day_wh(last), *totals)


def days_of(grid: Grid, lead: int) -> Days:
    """One home with its calendar, and as much of it as is forecast."""
    calendar = grid.days + [grid.end + timedelta(days=step) for step in range(lead)]
    return Days(grid.wh[None], free_days(calendar, grid.zone), weekdays(calendar))


def scored_days(grid: Grid, since: date | None) -> Marks:
    """[days] those with enough measured days before them, of the last year or since a day."""
    before = np.concatenate([[0], measured_days(grid.wh).cumsum()[:-1]])
    first = since or grid.end - timedelta(days=SCORED)
    return np.asarray((before >= WARM) & (np.arange(len(grid)) >= (first - grid.first).days))


def measured_days(wh: Real) -> Marks:
    """[days] whether half of the half-hours or more are known."""
    return np.asarray(np.isfinite(wh).sum(axis=1) >= SLOTS // 2)


def refuse_too_little(known: Grid, day: date) -> None:
    """Raises TooLittle with the reason."""
    there = np.flatnonzero(np.isfinite(known.wh).any(axis=1)) if len(known) else np.zeros(0, np.int64)
    if not len(there):
        text = f"no reading is stored of the days before {known.end}, from which {day} would be forecast"
        raise TooLittle(text, "nothing")
    missing = len(known) - 1 - int(there[-1])
    if missing > LATEST:
        last = known.first + timedelta(days=int(there[-1]))
        raise TooLittle(
            f"the last day with readings before {known.end} is {last}: {counted(missing, 'day')} are missing, so that "
            f"nothing is known of the home as it is then; load what is newer, or ask for a day until "
            f"{day - timedelta(days=missing - LATEST)}",
            "ended",
            last=last.isoformat(),
        )
    count = int(measured_days(known.wh).sum())
    if count < WARM + FEWEST_DAYS:
        raise TooLittle(
            f"{counted(count, 'measured day')} before {known.end}: a forecast needs {WARM + FEWEST_DAYS}, {WARM} to "
            f"learn from and {FEWEST_DAYS} to measure how good it is",
            "few",
            count=count,
            least=WARM + FEWEST_DAYS,
        )
