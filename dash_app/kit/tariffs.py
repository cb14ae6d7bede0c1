"""The contracts that pages price with: the user's own or the shipped examples, and what a steady load costs a year."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from sync.model.localtime import days
from sync.store.tempo import stored_colours
from sync.tariffs.bill import bill, cents
from sync.tariffs.colours import ColourCalendar, read_calendar
from sync.tariffs.entries import examples
from sync.tariffs.model import DAY, TEMPO, Tariff
from sync.tariffs.split import parts_of_day

from .lines import SLOTS
from .locale import Look
from .reader import Reader

YEAR = 365  # days
AT_HOME = "linky"  # the source whose meters pay in euros by the local clock of Paris, as all tariffs here are
SHOWN_DAYS = 2
NO_LIST = "no_list"  # why there is no price; else the kind of contract whose kind of day is not known


@dataclass(frozen=True, slots=True)
class Steady:
    """What a load costs without the standing charge, €; None where `days` have no price, and why they have none."""

    tariff: Tariff
    euros: Decimal | None
    days: tuple[date, ...] = ()
    why: str = ""

    def unpriced(self, look: Look) -> str:
        """Why there is no price, in words."""
        days = ", ".join(map(look.day, self.days))
        if len(self.days) > SHOWN_DAYS:
            days = look.text("tariffs.unpriced.days", count=len(self.days))
        return look.text(f"tariffs.unpriced.{self.why}", name=self.tariff.name, days=days)


def tariffs_of(reader: Reader, source: str = AT_HOME) -> tuple[Tariff, ...]:
    """The user's tariffs, or the shipped examples; none for a meter of another country, which pays otherwise."""
    return (reader.settings.tariffs or examples()) if source == AT_HOME else ()


def calendar_of(reader: Reader, tariff: Tariff) -> ColourCalendar:
    """The calendar of a tariff, read anew when its file changes, as the page stays open for months. Of Tempo without a
    file it is the colours that `tempo` has fetched."""
    path = tariff.calendar
    if path:
        return reader.kept(("calendar", tariff.kind, path, stamp(path)), lambda: read_calendar(path, tariff.rules))
    if tariff.kind != TEMPO:
        return ColourCalendar()
    return reader.kept("tempo colours", lambda: ColourCalendar(stored_colours(reader.database)))


def stamp(path: Path | None) -> tuple[int, int] | None:
    """What changes when a file does; None for one that cannot be looked at."""
    try:
        found: Any = path.stat()  # type: ignore[union-attr]  # no path: as one that is not there
    except (AttributeError, OSError):
        return None
    return found.st_mtime_ns, found.st_size


def yearly_cost(reader: Reader, source: str, watts: float, last: date) -> Steady | None:
    """What a load that never changes costs in the 365 local days that end with `last`, at the prices of that day, €,
    under the first of the user's tariffs, else the first example. None for another country's meter.
    """
    year = list(days(last - timedelta(days=YEAR - 1), last + timedelta(days=1)))
    return _steady_cost(reader, source, last, year, [watts / 2] * SLOTS)


def day_cost(reader: Reader, source: str, day: date, halves: Sequence[float]) -> Steady | None:
    """The same of one local day. halves: Wh by half-hour of the wall clock."""
    return _steady_cost(reader, source, day, [day], halves)


def _steady_cost(
    reader: Reader, source: str, last: date, alike: Sequence[date], halves: Sequence[float]
) -> Steady | None:
    listed = tariffs_of(reader, source)
    if not listed:
        return None
    tariff, prices = listed[0], listed[0].prices_on(last)
    if prices is None:
        return Steady(tariff, None, (last,), NO_LIST)
    steady = replace(tariff, prices=(replace(prices, start=date.min, end=date.max),))
    edges = (*parts_of_day((steady,)), DAY)
    wh = {start: sum(_within(halves, start, end), start=Fraction(0)) for start, end in pairwise(edges)}
    period = alike[0], alike[-1] + timedelta(days=1)
    bills = bill(steady, calendar_of(reader, steady).colours, dict.fromkeys(alike, wh), period).values()
    if unknown := sorted({day for each in bills for day in each.without_colour}):
        return Steady(tariff, None, tuple(unknown), tariff.kind)
    return Steady(tariff, cents(sum((each.for_energy for each in bills), start=Fraction(0))))


def _within(halves: Sequence[float], start: int, end: int) -> Iterator[Fraction]:
    """What of each half-hour lies between two minutes of the day."""
    for place, wh in enumerate(halves):
        minutes = min(end, 30 * place + 30) - max(start, 30 * place)
        if minutes > 0:
            yield Fraction(wh) * minutes / 30
