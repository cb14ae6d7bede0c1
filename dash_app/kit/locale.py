"""How a reader reads: language, numbers, dates and theme. Numbers and dates come from the CLDR (Babel)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from babel import dates, numbers

from ..texts import TEXTS

BYTES = (("B", "o"), ("kB", "ko"), ("MB", "Mo"), ("GB", "Go"), ("TB", "To"))
LANGUAGES = ("en", "fr")
LOCALES = {"en": "en_GB", "fr": "fr_FR"}


@lru_cache
def _signs(locale: str) -> dict[int, str]:
    """What stands for comma and point in the numbers of a locale."""
    return str.maketrans({",": numbers.get_group_symbol(locale), ".": numbers.get_decimal_symbol(locale)})


@dataclass(frozen=True, slots=True)
class Look:
    """language: `en` or `fr`; theme: `light` or `dark`."""

    language: str = "en"
    theme: str = "light"

    @property
    def locale(self) -> str:
        return LOCALES[self.language]

    def text(self, key: str, /, **values: object) -> str:
        """The text of a key, with values put in. Raises KeyError for an unknown key: our bug."""
        return TEXTS[key][LANGUAGES.index(self.language)].format(**values)

    def number(self, amount: float, decimals: int = 0) -> str:
        """`34,733` or `34 733`; exactly so many decimals."""
        # As numbers.format_decimal does, in a tenth of its time: a curve of two years has 3,000 numbers.
        return f"{Decimal(str(amount)):,.{decimals}f}".translate(_signs(self.locale))

    def significant(self, amount: float, digits: int = 3) -> str:
        """Three significant digits, but never fewer than all whole ones: `0.0123`, `4.36`, `12,345`."""
        size = abs(amount)
        whole = len(str(int(size))) if size >= 1 else 0
        if size == 0 or whole >= digits:
            return self.number(amount)
        zeros = 0
        while size and size < 0.1:
            size *= 10
            zeros += 1
        return self.number(amount, min(8, digits - whole + zeros))

    def compact(self, amount: float) -> str:
        """`66`, `1.2K`, `3.4M`, as the language shortens: for labels with little room. Britain alone writes `3.4m`."""
        return str(numbers.format_compact_decimal(amount, locale=self.language, fraction_digits=1))

    def bytes(self, amount: float) -> str:
        """`4.36 MB` or `4,36 Mo`: decimal multiples, three significant digits."""
        power = 0
        while abs(amount) >= 999.5 and power < len(BYTES) - 1:
            amount /= 1000
            power += 1
        return f"{self.significant(amount)}\u202f{BYTES[power][LANGUAGES.index(self.language)]}"

    def energy(self, wh: float) -> str:
        """`27,370 kWh`, `4.36 kWh`, `512 Wh`."""
        if abs(wh) < 1000:
            return f"{self.number(wh)}\u202fWh"
        return f"{self.significant(wh / 1000)}\u202fkWh"

    def grid_energy(self, wh: float) -> str:
        """Energies of whole areas: `4.36 MWh`, `12.3 GWh`, `1.02 TWh`."""
        power = 6
        while abs(wh) >= 999.5 * 10**power and power < 12:
            power += 3
        return f"{self.significant(wh / 10**power)}\u202f{ {6: 'MWh', 9: 'GWh', 12: 'TWh'}[power] }"

    def price(self, eur_mwh: float) -> str:
        """`€54.20/MWh` or `54,20 €/MWh`."""
        return f"{self.money(eur_mwh)}/MWh"

    def power(self, watts: float) -> str:
        """`4.36 kW`, `312 W`."""
        if abs(watts) < 1000:
            return f"{self.number(watts)}\u202fW"
        return f"{self.significant(watts / 1000)}\u202fkW"

    def money(self, euros: float) -> str:
        """`€12.34` or `12,34 €`."""
        return str(numbers.format_currency(euros, "EUR", locale=self.locale))

    def percent(self, share: float, decimals: int = 1) -> str:
        """share: 0 … 1."""
        sign = "%" if self.language == "en" else "\u202f%"
        return str(numbers.format_percent(share, format=f"#,##0.{'0' * decimals}{sign}", locale=self.locale))

    def day(self, day: date, form: str = "medium") -> str:
        """A date: short, medium, long, full, or a CLDR pattern."""
        return str(dates.format_date(day, format=form, locale=self.locale))

    def days(self, start: date, end: date) -> str:
        """`6–12 Mar 2025`: the local days [start, end), named by the first and the last of them."""
        return str(dates.format_interval(start, end - timedelta(days=1), "yMMMd", locale=self.locale))

    def moment(self, local: datetime, form: str = "d MMM y HH:mm") -> str:
        """A local date and time, given as the wall clock shows it."""
        return str(dates.format_datetime(local, format=form, locale=self.locale))
