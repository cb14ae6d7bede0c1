"""What a month costs under a tariff, exact until it is shown, and what was left out because no price is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from .model import PriceList, Tariff
from .split import DayParts, Energy

CENT = Decimal("0.01")
MOVED = 1000  # Wh a day moved from peak to off-peak hours


@dataclass(slots=True)
class MonthBill:
    """A tariff over the asked days of one month. Energies in Wh, money in €, all exact.

    zones: energy by price zone; unpriced: energy without a price, in `without_colour` (days of the contract whose kind
    is not known) and `without_price` (local days on which no price list is valid); saved: what moving up to 1 kWh of
    each day would have brought.
    """

    month: date
    zones: dict[str, Energy] = field(default_factory=dict)
    unpriced: Energy = 0
    without_colour: tuple[date, ...] = ()
    without_price: tuple[date, ...] = ()
    for_energy: Fraction = Fraction(0)
    standing: Fraction = Fraction(0)
    saved: Fraction = Fraction(0)

    @property
    def is_whole(self) -> bool:
        """Whether all measured energy and every day has its price: only then may it be compared."""
        return not self.without_colour and not self.without_price

    @property
    def has_amount(self) -> bool:
        """False when energy was measured and none of it has a price: a standing charge alone is no bill."""
        return not self.unpriced or any(self.zones.values())

    @property
    def euros(self) -> Decimal:
        """To the cent, as a bill says it."""
        return cents(self.for_energy + self.standing)


def cents(amount: Fraction) -> Decimal:
    """Exact € → whole cents, half a cent up."""
    whole, rest = divmod(amount.numerator * 100, amount.denominator)
    return (whole + (2 * rest >= amount.denominator)) * CENT


def bill(
    tariff: Tariff, colours: Mapping[date, str], energy: DayParts, days: tuple[date, date]
) -> dict[date, MonthBill]:
    """Bills by first day of the month, of the local days `[first, end)`. Missing energy is not invented: it costs 0."""
    first, end = days
    months: dict[date, _Month] = {}
    day = first
    while day < end:
        start = day.replace(day=1)
        if start not in months:
            months[start] = _Month(tariff, colours, start)
        months[start].add(day, energy.get(day, {}))
        day += timedelta(days=1)
    return {start: month.bill() for start, month in months.items()}


class _Month:
    """Adds up the days of one month."""

    def __init__(self, tariff: Tariff, colours: Mapping[date, str], month: date) -> None:
        self.tariff = tariff
        self.colours = colours
        self.month = month
        self.length = ((month + timedelta(days=32)).replace(day=1) - month).days
        self.sums: defaultdict[tuple[int, str], Energy] = defaultdict(int)  # by position of the price list, and zone
        self.days: defaultdict[int, int] = defaultdict(int)
        self.found = MonthBill(month)
        self.colourless: set[date] = set()

    def add(self, day: date, parts: Mapping[int, Energy]) -> None:
        prices = self.tariff.prices_on(day)
        if prices is None:
            self.found.without_price += (day,)
            self.found.unpriced += sum(parts.values())
            return
        position = self.tariff.prices.index(prices)
        self.days[position] += 1
        rules = self.tariff.rules
        moved: defaultdict[str, Energy] = defaultdict(int)  # by kind of day
        for minute, wh in parts.items():
            its_day = rules.day_of(day, minute)
            kind = rules.kind_of_day(its_day, self.colours)
            if kind is None:
                if wh:
                    self.colourless.add(its_day)
                    self.found.unpriced += wh
                continue
            is_off_peak = prices.is_off_peak(day, minute)
            zone = rules.zones[kind, is_off_peak]
            self.sums[position, zone] += wh
            if self.tariff.has_off_peak and not is_off_peak:
                moved[kind] += wh
        self._save(prices, moved)

    def _save(self, prices: PriceList, moved: Mapping[str, Energy]) -> None:
        """Up to 1 kWh of a day's peak energy at the off-peak price of the same kind of day, the dearest first."""
        left: Energy = MOVED
        zones = self.tariff.rules.zones
        worth = {kind: prices.price(zones[kind, False]) - prices.price(zones[kind, True]) for kind in moved}
        for kind, difference in sorted(worth.items(), key=lambda each: -each[1]):
            share = min(left, moved[kind])
            self.found.saved += Fraction(difference) * share / 1000
            left -= share

    def bill(self) -> MonthBill:
        found = self.found
        found.without_colour = tuple(sorted(self.colourless))
        zones: defaultdict[str, Energy] = defaultdict(int)
        prices = self.tariff.prices
        for (position, zone), wh in self.sums.items():
            zones[zone] += wh
            found.for_energy += Fraction(prices[position].price(zone)) * wh / 1000
        found.zones = dict(zones)
        for position, count in self.days.items():
            found.standing += Fraction(prices[position].standing) * count / self.length
        return found
