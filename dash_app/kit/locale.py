"""How a reader reads: language, texts, numbers, dates and theme. Numbers and dates come from the CLDR (Babel).

The texts of a language are the gettext catalog `locales/<language>/LC_MESSAGES/messages.po`, whose header names the
locale of its numbers and dates. A language is there when its catalog is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from numbers import Real
from pathlib import Path

from babel import dates, numbers
from babel.messages.pofile import read_po

CATALOGS = Path(__file__).resolve().parent.parent / "locales"
FILE = "LC_MESSAGES/messages.po"
FIRST = "en"  # the language of who asks for none, and of a text that another language lacks
LANGUAGES = (FIRST, *sorted(path.name for path in CATALOGS.iterdir() if path.name != FIRST and (path / FILE).exists()))


@dataclass(frozen=True, slots=True)
class Catalog:
    """A language.

    locale: of its numbers and dates, `fr_FR`; texts: by key; decimal, group: the marks in its numbers; marks: what
    translates Python's into them.
    """

    locale: str
    texts: Mapping[str, str]
    decimal: str
    group: str
    marks: Mapping[int, str]


@lru_cache
def catalog_of(language: str) -> Catalog:
    """The catalog of one of LANGUAGES, read when it is first asked for."""
    with (CATALOGS / language / FILE).open("rb") as file:
        messages = read_po(file)
    locale = str(messages.locale or language)
    texts = {str(message.id): str(message.string) for message in messages if message.id and message.string}
    decimal, group = numbers.get_decimal_symbol(locale), numbers.get_group_symbol(locale)
    return Catalog(locale, texts, decimal, group, str.maketrans({",": group, ".": decimal}))


def has_text(key: str) -> bool:
    """Whether there is such a text."""
    return key in catalog_of(FIRST).texts


def minus(text: str) -> str:
    """A number with the sign that is as wide as a plus."""
    return text.replace("-", "−")


@dataclass(frozen=True, slots=True)
class Look:
    """language: one of LANGUAGES; theme: `light` or `dark`."""

    language: str = FIRST
    theme: str = "light"

    @property
    def catalog(self) -> Catalog:
        return catalog_of(self.language)

    @property
    def locale(self) -> str:
        return self.catalog.locale

    def raw_text(self, key: str) -> str:
        """The text of a key, or the English one. Raises KeyError for an unknown key: our bug."""
        return self.catalog.texts.get(key) or catalog_of(FIRST).texts[key]

    def text(self, key: str, /, **values: object) -> str:
        """The same with values put in; numbers as whole ones and dates, as the reader writes them."""
        return self.raw_text(key).format(**{name: self._written(each) for name, each in values.items()})

    def _written(self, value: object) -> object:
        if isinstance(value, Real):
            return self.number(value)
        return self.day(value) if isinstance(value, date) else value

    def text_or(self, key: str, otherwise: str) -> str:
        """The text of a key, or `otherwise` where there is none: what a source may name anew has its own name."""
        return self.raw_text(key) if has_text(key) else otherwise

    def number(self, amount: float | Real, decimals: int = 0) -> str:
        """`34,733` or `34 733`; exactly so many decimals."""
        # As numbers.format_decimal does, in a tenth of its time: a curve of two years has 3,000 numbers.
        return f"{Decimal(str(amount)):,.{decimals}f}".translate(self.catalog.marks)

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
        units = self.raw_text("unit.bytes").split()
        while abs(amount) >= 999.5 and len(units) > 1:
            amount /= 1000
            del units[0]
        return f"{self.significant(amount)}\u202f{units[0]}"

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
        form = f"#,##0.{'0' * decimals}{self.raw_text('unit.percent')}"
        return str(numbers.format_percent(share, format=form, locale=self.locale))

    def covered(self, share: float) -> str:
        """A share of the time, never 100 % with a hole in it."""
        return self.percent(min(share, 0.999) if share < 1 else 1.0)

    def change(self, share: float) -> str:
        """`+4.2%`, `−12.0%`: a relative change."""
        return f"{'−' if share < 0 else '+'}{self.percent(abs(share))}"

    def day(self, day: date, form: str = "medium") -> str:
        """A date: short, medium, long, full, or a CLDR pattern."""
        return str(dates.format_date(day, format=form, locale=self.locale))

    def days(self, start: date, end: date) -> str:
        """`6–12 Mar 2025`: the local days [start, end), named by the first and the last of them."""
        return str(dates.format_interval(start, end - timedelta(days=1), "yMMMd", locale=self.locale))

    def stretch(self, start: date, end: date) -> str:
        """`12 Mar 2025`, `11 Mar 2025 – 12 Mar 2025`: the local days [start, end) each in full, one alone."""
        last = end - timedelta(days=1)
        return self.day(start) if start == last else f"{self.day(start)} – {self.day(last)}"

    def moment(self, local: datetime, form: str = "d MMM y HH:mm") -> str:
        """A local date and time, given as the wall clock shows it."""
        return str(dates.format_datetime(local, format=form, locale=self.locale))
