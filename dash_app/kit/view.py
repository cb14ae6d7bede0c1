"""What a reader looks at, as kept in the address: page, series, period, language, theme and the page's own choices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import parse_qsl, urlencode

PERIODS = ("7d", "30d", "month", "year", "all", "own")
CALENDAR = ("month", "year")
THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class View:
    """One state of the page. Hashable, so that answers can be kept by it.

    series: `Series.key` (no whole PRM), empty = the first one; start, end: local days of the series' zone, the end not
    included; options: the page's own choices by name, such as the meters of a projection.
    """

    page: str = "storage"
    series: str = ""
    period: str = "30d"
    start: date = date.min
    end: date = date.min
    language: str = "en"
    theme: str = "light"
    options: tuple[tuple[str, str], ...] = ()

    def option(self, name: str, standard: str) -> str:
        """A choice of the page, or its standard."""
        return dict(self.options).get(name, standard)

    def several(self, name: str) -> tuple[str, ...]:
        """Choices that stand there with commas between them; empty for none."""
        return tuple(text for text in self.option(name, "").split(",") if text)

    def one_of(self, name: str, choices: Sequence[str]) -> str:
        """One of some choices; the first of them for anything else."""
        text = self.option(name, "")
        return text if text in choices else choices[0]

    def number(self, name: str, standard: str, ends: tuple[float, float]) -> float:
        """A number between two ends; the standard for anything else."""
        try:
            found = float(self.option(name, standard))
        except ValueError:
            found = math.nan
        return found if ends[0] <= found <= ends[1] else float(standard)

    @property
    def last(self) -> date:
        """The last local day of the period."""
        return self.end - timedelta(days=1)

    @property
    def length(self) -> int:
        """Days of the period."""
        return (self.end - self.start).days


STANDARD = View()


@dataclass(frozen=True, slots=True)
class Extent:
    """First local day with a reading, and the day after the last one; both None without readings."""

    first: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a page is about: a meter's series (its `address`), or something that has none to choose. today: the local
    day there; opens: the day after the last one that it is shown at first, None for the last one stored."""

    extent: Extent
    today: date
    address: str = ""
    opens: date | None = None


def search_of(view: View) -> str:
    """The query part of the address, `?series=…&period=30d`; from and to stand there for an own period alone."""
    parts = {"series": view.series, "period": view.period}
    if view.period != "all":
        parts |= {"from": view.start.isoformat(), "to": view.last.isoformat()}
    parts |= {"lang": view.language, "theme": view.theme} | dict(view.options)
    return "?" + urlencode({name: text for name, text in parts.items() if text})


def parts_of(search: str) -> dict[str, str]:
    """The parts of an address as given; the last of doubled ones. Never raises."""
    try:
        return dict(parse_qsl(search.lstrip("?"), max_num_fields=50) if len(search) < 2000 else ())
    except ValueError:  # more parts than any address of ours has
        return {}


def span_of(name: str, day: date) -> tuple[date, date]:
    """The local days [start, end) of the calendar month or year that holds a day, or of the days that begin with it."""
    if name == "month":
        return day.replace(day=1), (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    if name == "year":
        return date(day.year, 1, 1), date(day.year + 1, 1, 1)
    return day, day + timedelta(days=7 if name == "7d" else 30)


def period_of(name: str, extent: Extent, today: date) -> tuple[date, date]:
    """The local days [start, end) of a named period, at the end of what is stored."""
    end = min(extent.end or today, today + timedelta(days=1))
    last = end - timedelta(days=1)
    if name == "all":
        return extent.first or last, end
    start, after = span_of(name, last)
    return (start, after) if name in CALENDAR else (start - (after - end), end)


def neighbour(view: View, step: int) -> tuple[date, date]:
    """The period before (-1) or after (+1): the calendar month or year beside it, else the same number of days."""
    if view.period in CALENDAR:
        return span_of(view.period, view.end if step > 0 else view.start - timedelta(days=1))
    move = timedelta(days=step * max(1, view.length))
    return view.start + move, view.end + move
