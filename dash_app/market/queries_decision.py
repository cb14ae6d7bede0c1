"""BUY, AVOID or MONITOR: a day of an area against the area's own days before it, never against another area."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from ..hours.queries import MWH, Real, areas_of, day_energy, day_prices, day_sums, prices_of, span_of
from ..kit.blocks import Frame
from ..kit.reader import ZONES, Reader
from ..kit.view import View
from .queries import SOURCE, STANDARDS, production_of, types_in

BUY, AVOID, MONITOR = "buy", "avoid", "monitor"
RANGES = {"window": (7, 180), "price_z": (0.1, 3.0), "production_z": (0.1, 3.0)}
LATE_DAYS = 45  # days before the period's end in which the judged day is looked for; production comes 2 weeks late
FEWEST = 5  # days to compare with, and at least half of the window
DIGITS = 9  # of a z-score: the same whatever the unit or the size of the area


@dataclass(frozen=True, slots=True)
class Rule:
    """window: days before the judged one; price_z, production_z: how far from usual, in standard deviations."""

    window: int
    price_z: float
    production_z: float


@dataclass(frozen=True, slots=True)
class Side:
    """Price or production of the judged day beside its window. z: None where the window does not vary; rank: share of
    the window's days below it."""

    today: float
    mean: float
    deviation: float
    z: float | None
    rank: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """verdict: BUY, AVOID or MONITOR. reason: `too_few` (known days), `flat` (nothing varies), or empty."""

    area: str
    day: date
    known: int
    price: Side
    production: Side
    verdict: str
    reason: str = ""


def rule_in(view: View) -> Rule:
    """The chosen rule; a choice that is no number, or out of range, has its standard."""

    def chosen(name: str) -> float:
        low, high = RANGES[name]
        try:
            found = float(view.option(name, STANDARDS[name]))
        except ValueError:
            found = np.nan
        return found if low <= found <= high else float(STANDARDS[name])

    return Rule(int(chosen("window")), chosen("price_z"), chosen("production_z"))


def side_of(today: float, window: Real) -> Side:
    """A day beside the days of its window (sample standard deviation)."""
    mean, deviation = float(window.mean()), float(window.std(ddof=1)) if len(window) > 1 else 0.0
    # A window of equal days has no spread but that of rounding.
    varies = deviation > 1e-9 * max(abs(mean), abs(today))
    z = round((today - mean) / deviation, DIGITS) if varies else None
    return Side(today, mean, deviation, z, float((window < today).mean()))


def judge(area: str, days: list[date], both: tuple[Real, Real], rule: Rule, earliest: date) -> Verdict | None:
    """The newest day from `earliest` on of which both are known, against the window before it. None without such a day.

    both: price and production by day, NaN where not wholly known; any unit: only how far a day lies from its own usual
    counts.
    """
    price, production = both
    known_days = np.isfinite(price) & np.isfinite(production)
    places = [place for place in np.flatnonzero(known_days).tolist() if days[place] >= earliest]
    if not places:
        return None
    at = places[-1]
    window = known_days.copy()
    window[: max(0, at - rule.window)] = False
    window[at:] = False
    known = int(window.sum())
    if not known:
        lone = [Side(float(each[at]), float(each[at]), 0.0, None, 0.0) for each in (price, production)]
        return Verdict(area, days[at], 0, lone[0], lone[1], MONITOR, "too_few")
    sides = side_of(float(price[at]), price[window]), side_of(float(production[at]), production[window])
    if known < max(FEWEST, rule.window / 2):
        return Verdict(area, days[at], known, *sides, MONITOR, "too_few")
    if sides[0].z is None or sides[1].z is None:
        return Verdict(area, days[at], known, *sides, MONITOR, "flat")
    return Verdict(area, days[at], known, *sides, _verdict(sides[0].z, sides[1].z, rule))


def _verdict(price: float, production: float, rule: Rule) -> str:
    if price <= -rule.price_z and production >= rule.production_z:
        return BUY
    if price >= rule.price_z and production <= -rule.production_z:
        return AVOID
    return MONITOR


def decision_frame(reader: Reader, view: View) -> Frame:
    """A row an area. Notes: verdicts, rule, lacking (areas with no day of which price and production are known)."""
    rule = rule_in(view)
    earliest = max(view.start, view.end - timedelta(days=LATE_DAYS))
    span = span_of(earliest - timedelta(days=rule.window), view.end, ZONES[SOURCE])
    days, places = span.days()
    verdicts: list[Verdict] = []
    lacking: list[str] = []
    for area in areas_of(reader, SOURCE, "price"):
        prices, energies = prices_of(reader, area, span), production_of(reader, area, span, types_in(view))
        lengths = np.diff(places)
        whole = day_sums(np.isfinite(prices.hourly).astype(np.float64), places) == lengths
        price = np.where(whole, day_prices(prices, places), np.nan)
        whole = day_sums(np.isfinite(energies.total).astype(np.float64), places) == lengths
        production = np.where(whole, day_energy(energies, places), np.nan)
        found = judge(area, days, (price, production), rule, earliest)
        if found:
            verdicts.append(found)
        else:
            lacking.append(area)
    rows = [_row(each) for each in verdicts]
    return Frame(pd.DataFrame(rows), None, {"verdicts": verdicts, "rule": rule, "lacking": lacking})


def _row(found: Verdict) -> dict[str, object]:
    return {
        "area": found.area,
        "verdict": found.verdict,
        "day": found.day,
        "price_eur_mwh": found.price.today,
        "price_z": found.price.z,
        "price_rank": found.price.rank,
        "production_mwh": found.production.today / MWH,
        "production_z": found.production.z,
        "production_rank": found.production.rank,
        "days_compared": found.known,
    }
