"""What a tariff is: kinds of contract, price lists with validity, price zones by the local clock and the kind of day.

Money is `Decimal` as the user wrote it, energy an exact number of Wh; nothing is rounded before a bill is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

DAY = 1440  # minutes a wall clock shows

Ranges = tuple[tuple[int, int], ...]
"""Off-peak hours: `[from, to)` in minutes of the local day, sorted, none over midnight (that is cut in two)."""
MonthDay = tuple[int, int]
"""Month and day of the month, in any year."""


@dataclass(frozen=True, slots=True)
class RareDays:
    """Days of a contract that are announced the evening before. name: their kind of day, and `other` that of the rest;
    count: how many a season has; first, last: the days of the year between which they lie, both included."""

    name: str
    other: str
    count: int
    first: MonthDay
    last: MonthDay

    def season_of(self, day: date) -> tuple[date, date] | None:
        """First and last day of the season in which a day lies; None outside: such a day is never a rare one."""
        start = day.replace(month=self.first[0], day=self.first[1])
        if start > day:
            start = start.replace(year=day.year - 1)
        end = date(start.year + 1, *self.last)
        return (start, end) if day <= end else None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of contract.

    zones: price zone by kind of day (empty where all are alike) and whether it is off-peak; off_peak: its off-peak
    hours, None where each contract names its own; begins: minute at which its days begin; rare: its rare days.
    """

    zones: Mapping[tuple[str, bool], str]
    off_peak: Ranges | None = ()
    begins: int = 0
    rare: RareDays | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Its price zones, under the names that settings give them."""
        return tuple(dict.fromkeys(self.zones.values()))

    @property
    def days(self) -> tuple[str, ...]:
        """Its kinds of day; one without a name where all are alike."""
        return tuple(dict.fromkeys(day for day, _ in self.zones))

    @property
    def has_calendar(self) -> bool:
        return self.days != ("",)

    def day_of(self, day: date, minute: int) -> date:
        """The contract's day of a minute of a local day: before it begins it is still the day before."""
        return day if minute >= self.begins else day - timedelta(days=1)

    def kind_of_day(self, day: date, calendar: Mapping[date, str]) -> str | None:
        """Of one of the contract's days; None when it is not known."""
        if not self.has_calendar:
            return ""
        if self.rare and not self.rare.season_of(day):
            return self.rare.other
        return calendar.get(day)


FLAT, PEAK, TEMPO, EJP, ZEN_FLEX = "flat", "peak", "tempo", "ejp", "zen_flex"
BLUE, WHITE, RED = "blue", "white", "red"
COLOURS = (BLUE, WHITE, RED)
BOTH_HOURS = ((False, "peak"), (True, "off_peak"))


def _by_day_and_hours(*days: str) -> dict[tuple[str, bool], str]:
    return {(day, is_off): f"{day}_{hours}" for day in days for is_off, hours in BOTH_HOURS}


KINDS = {
    FLAT: Kind({("", False): "kwh"}),
    PEAK: Kind({("", is_off): hours for is_off, hours in BOTH_HOURS}, off_peak=None),
    # Days from 06:00 to 06:00, off-peak from 22:00 to 06:00.
    TEMPO: Kind(_by_day_and_hours(*COLOURS), ((0, 360), (1320, DAY)), begins=360),
    # 22 days between 1 November and 31 March on which 07:00 to 01:00 is dear; every other hour is of one price.
    EJP: Kind(
        {
            ("peak", False): "peak_day",
            ("peak", True): "normal",
            ("normal", False): "normal",
            ("normal", True): "normal",
        },
        ((60, 420),),
        begins=420,
        rare=RareDays("peak", "normal", 22, (11, 1), (3, 31)),
    ),
    # 20 days between 15 October and 15 April; on every day 08:00 to 13:00 and 18:00 to 20:00 are peak hours.
    ZEN_FLEX: Kind(
        _by_day_and_hours("eco", "sobriety"),
        ((0, 480), (780, 1080), (1200, DAY)),
        rare=RareDays("sobriety", "eco", 20, (10, 15), (4, 15)),
    ),
}
"""By the name that settings give them."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices for the local days `[start, end)`.

    per_kwh: zone → €/kWh; standing: € a month; off_peak: empty for a flat price. seasons: first day of the year →
    off-peak hours from then on, where they change with the season; they take the place of `off_peak`.
    """

    start: date
    end: date
    per_kwh: tuple[tuple[str, Decimal], ...]
    standing: Decimal
    off_peak: Ranges = ()
    seasons: tuple[tuple[MonthDay, Ranges], ...] = ()

    def price(self, zone: str) -> Decimal:
        """€/kWh of a zone."""
        return dict(self.per_kwh)[zone]

    def off_peak_on(self, day: date) -> Ranges:
        """The off-peak hours of a local day."""
        if not self.seasons:
            return self.off_peak
        begun = [hours for first, hours in self.seasons if first <= (day.month, day.day)]
        return begun[-1] if begun else self.seasons[-1][1]

    def is_off_peak(self, day: date, minute: int) -> bool:
        """Whether a minute of a local day lies in the off-peak hours."""
        return any(start <= minute < end for start, end in self.off_peak_on(day))

    @property
    def all_off_peak(self) -> tuple[Ranges, ...]:
        """Every set of off-peak hours that it has."""
        return tuple(hours for _, hours in self.seasons) or (self.off_peak,)


@dataclass(frozen=True, slots=True)
class Tariff:
    """One contract. source: where its prices come from, with their date; calendar: the file of its
    kinds of day."""

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
    def rules(self) -> Kind:
        """What its kind fixes."""
        return KINDS[self.kind]

    @property
    def has_off_peak(self) -> bool:
        return self.kind != FLAT

    @property
    def edges(self) -> frozenset[int]:
        """Minutes of the local day at which the price may change, 0 among them."""
        hours = (each for prices in self.prices for ranges in prices.all_off_peak for each in ranges)
        return frozenset({0, self.rules.begins, *(edge for each in hours for edge in each)} - {DAY})
