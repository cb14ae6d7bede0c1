"""The best hours for a contract with off-peak hours: one stretch as long as contracts have, wherever it begins."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from ..model.localtime import days
from .model import DAY, Ranges, Tariff
from .split import DayParts, Energy, part_at

STEP = 30  # minutes between two hours at which a window may begin
LENGTH = 480  # minutes of off-peak hours a day
GRID = tuple(range(0, DAY, STEP))
PER_KWH = 1000
ALLOWED = tuple(range(1200, DAY + 1, STEP))
"""Where a stretch may begin in France: off-peak hours lie from 20:00 to 08:00 or from 12:00 to 17:00 (decree of
30 October 2014, DEVR1425360A, article 3), which is too short for eight."""


@dataclass(frozen=True, slots=True)
class BestWindow:
    """start: minute of the day at which the best window begins; saved: € against the contract's own hours over the
    days, below 0 where these are better; allowed, allowed_saved: the same of the best that French rules allow; wh: all
    energy by half-hour of the day; inside, own: Wh in the window and in the contract's own hours.
    """

    start: int
    saved: Fraction
    allowed: int
    allowed_saved: Fraction
    wh: dict[int, Energy]
    inside: Energy
    own: Energy

    @property
    def ranges(self) -> Ranges:
        """Its hours, cut at midnight."""
        return window_at(self.start)


def window_at(start: int) -> Ranges:
    """The window that begins at a minute of the day."""
    end = start + LENGTH
    return ((start, end),) if end <= DAY else ((0, end - DAY), (start, DAY))


def best_window(tariff: Tariff, energy: DayParts, period: tuple[date, date]) -> BestWindow:
    """Of the local days `[first, end)` for which there is a price; `energy` by parts that begin at every half-hour and
    at every edge of the tariff. Of windows that are worth as much it is the earliest."""
    worth: defaultdict[int, Fraction] = defaultdict(Fraction)  # what off-peak would save, by half-hour
    wh: defaultdict[int, Energy] = defaultdict(int)
    own_worth, own_wh = Fraction(0), Fraction(0)
    for day in days(*period):
        prices = tariff.prices_on(day)
        if prices is None:
            continue
        cheaper = Fraction(prices.price("peak") - prices.price("off_peak"))
        ranges = prices.off_peak_on(day)
        for minute, part in energy.get(day, {}).items():
            place = part_at(GRID, minute)
            wh[place] += part
            worth[place] += cheaper * part
            if any(first <= minute < end for first, end in ranges):
                own_worth += cheaper * part
                own_wh += part
    saved = {
        start: (sum((worth[each] for each in _inside(start)), Fraction(0)) - own_worth) / PER_KWH for start in GRID
    }
    start = max(GRID, key=lambda each: (saved[each], -each))
    allowed = max((each % DAY for each in ALLOWED), key=lambda each: saved[each])
    inside = sum((wh[each] for each in _inside(start)), start=0)
    return BestWindow(start, saved[start], allowed, saved[allowed], dict(wh), inside, own_wh)


def _inside(start: int) -> list[int]:
    return [(start + place) % DAY for place in range(0, LENGTH, STEP)]
