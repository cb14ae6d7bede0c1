"""What the market page asks: an area's price and production by hour, and what follows from both.

Price and production of an hour are compared only where both are known for the whole hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from ..hours.queries import (
    MWH,
    Energies,
    Marks,
    Prices,
    Real,
    Span,
    areas_of,
    day_energy,
    day_prices,
    day_sums,
    due_in,
    energies_of,
    mean_of,
    pearson,
    prices_of,
    span_in,
    span_of,
)
from ..kit.blocks import Frame
from ..kit.reader import ZONES, Reader
from ..kit.view import View

SOURCE = "energidata"
STANDARDS = {"area": "DK1", "types": "", "step": "auto", "window": "30", "price_z": "0.5", "production_z": "0.5"}
STEPS = ("auto", "hour", "day")
LONGEST_HOURLY = {"auto": 31, "hour": 93}  # days shown by hour; longer periods by day
TABLE_DAYS = 62  # days of the table of all areas
RECENT_HOURS = 48


@dataclass(frozen=True, slots=True)
class Market:
    """One area over a period. due: hours that are over; energies: of the chosen types."""

    area: str
    span: Span
    due: int
    prices: Prices
    energies: Energies

    @property
    def total(self) -> Real:
        """Wh by hour, NaN where not wholly measured."""
        return self.energies.total

    @property
    def both(self) -> Marks:
        """The hours in which price and production are known."""
        return np.isfinite(self.prices.hourly) & np.isfinite(self.total)

    @property
    def mean_price(self) -> float | None:
        """EUR/MWh, each hour counting the same."""
        return mean_of(self.prices.hourly)

    @property
    def capture_price(self) -> float | None:
        """EUR/MWh, each hour counting as much as was produced in it."""
        return capture(self.prices.hourly, self.total)

    @property
    def correlation(self) -> float | None:
        """Pearson's r of price and production by hour."""
        return pearson(self.prices.hourly, self.total)


def market_of(reader: Reader, view: View) -> Market | None:
    """The chosen area over the period; None when it has neither price nor production there."""
    area, span = view.option("area", STANDARDS["area"]), span_in(view, SOURCE)
    prices, energies = prices_of(reader, area, span), production_of(reader, area, span, types_in(view))
    market = Market(area, span, due_in(reader, span), prices, energies)
    return market if market.prices.seconds.any() or market.energies.seconds.any() else None


def production_of(reader: Reader, area: str, span: Span, types: tuple[str, ...] = ()) -> Energies:
    """Production by type: groups of the same first word are one (sun comes in two kinds of delivery)."""
    found = energies_of(reader, SOURCE, "production", area, span)
    return found.merged({group: type_of(group) for group in found.groups}).picked(types)


def type_of(group: str) -> str:
    """`Solar Large S1` → `Solar`."""
    return group.split(" ", 1)[0]


def types_in(view: View) -> tuple[str, ...]:
    """The chosen types; empty for all."""
    return tuple(name for name in view.option("types", "").split(",") if name)


def capture(price: Real, wh: Real) -> float | None:
    """Mean price weighted by energy over the hours in which both are known; None without energy in them."""
    both = np.isfinite(price) & np.isfinite(wh)
    energy = float(wh[both].sum())
    return float((price[both] * wh[both]).sum() / energy) if energy > 0 else None


def measured(energies: Energies) -> float:
    """Wh of all groups, as far as measured."""
    return float(energies.wh[energies.seconds > 0].sum())


def market_areas(reader: Reader) -> tuple[str, ...]:
    """Areas with a price or a production, by name."""
    return tuple(sorted({*areas_of(reader, SOURCE, "price"), *areas_of(reader, SOURCE, "production")}))


def covered(market: Market, known: Marks | None = None) -> float | None:
    """Share of the hours of the period, as far as it is over, that are known (priced unless told); None of none."""
    found = np.isfinite(market.prices.hourly) if known is None else known
    return float(found[: market.due].mean()) if market.due else None


# --- a day against the days before it ---------------------------------------------------------------------------------


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
