"""What a tariff is: price lists with validity, price zones by the local clock, the colours of Tempo days.

Money is `Decimal` as the user wrote it, energy an exact number of Wh; nothing is rounded before a bill is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

FLAT, PEAK, TEMPO = "flat", "peak", "tempo"
BLUE, WHITE, RED = "blue", "white", "red"
COLOURS = (BLUE, WHITE, RED)
ZONES = {
    FLAT: ("kwh",),
    PEAK: ("peak", "off_peak"),
    TEMPO: tuple(f"{colour}_{hours}" for colour in COLOURS for hours in ("peak", "off_peak")),
}
"""Price zones by kind, under the names that settings give them."""

DAY = 1440  # minutes a wall clock shows
TEMPO_DAY = 360  # a Tempo day runs from 06:00 to 06:00
TEMPO_OFF_PEAK = ((0, 360), (1320, DAY))  # 22:00 to 06:00, fixed by the contract

Ranges = tuple[tuple[int, int], ...]
"""Off-peak hours: `[from, to)` in minutes of the local day, sorted, none over midnight (that is cut in two)."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices for the local days `[start, end)`.

    per_kwh: zone → €/kWh; standing: € a month; off_peak: empty for a flat price.
    """

    start: date
    end: date
    per_kwh: tuple[tuple[str, Decimal], ...]
    standing: Decimal
    off_peak: Ranges = ()

    def price(self, zone: str) -> Decimal:
        """€/kWh of a zone."""
        return dict(self.per_kwh)[zone]

    def is_off_peak(self, minute: int) -> bool:
        """Whether a minute of the local day lies in the off-peak hours."""
        return any(start <= minute < end for start, end in self.off_peak)


@dataclass(frozen=True, slots=True)
class Tariff:
    """One contract. source: where its prices come from, with their date; calendar: the file of Tempo colours."""

    name: str
    kind: str
    source: str
    prices: tuple[PriceList, ...]
    calendar: Path | None = None

    def prices_on(self, day: date) -> PriceList | None:
        """The price list of a local day; None when no entry is valid then."""
        return next((prices for prices in self.prices if prices.start <= day < prices.end), None)

    @property
    def is_example(self) -> bool:
        """Whether the prices are examples, shipped with the program: their source says so."""
        return self.source.lower().startswith(("example", "exemple"))

    @property
    def has_off_peak(self) -> bool:
        return self.kind != FLAT

    @property
    def edges(self) -> frozenset[int]:
        """Minutes of the local day at which the price may change, 0 among them."""
        found = {0, TEMPO_DAY} if self.kind == TEMPO else {0}
        return frozenset(found | {edge for prices in self.prices for each in prices.off_peak for edge in each} - {DAY})


def zone_at(tariff: Tariff, prices: PriceList, minute: int, colour: str | None) -> str | None:
    """The price zone of a minute of a local day; `colour` is that of its Tempo day, None when unknown.

    Returns None when the zone hangs on an unknown colour.
    """
    if tariff.kind == FLAT:
        return ZONES[FLAT][0]
    hours = "off_peak" if prices.is_off_peak(minute) else "peak"
    if tariff.kind == PEAK:
        return hours
    return f"{colour}_{hours}" if colour else None


def tempo_day(day: date, minute: int) -> date:
    """The Tempo day of a minute of a local day: before 06:00 it is still the day before."""
    return day if minute >= TEMPO_DAY else day - timedelta(days=1)
