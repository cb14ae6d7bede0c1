"""What the market page asks: an area's price and production by hour, and what follows from both.

Price and production of an hour are compared only where both are known for the whole hour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..hours.queries import (
    Energies,
    Marks,
    Prices,
    Real,
    Span,
    areas_of,
    due_in,
    energies_of,
    mean_of,
    pearson,
    prices_of,
    span_in,
)
from ..kit.reader import Reader
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
