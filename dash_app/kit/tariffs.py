"""The contracts that pages price with: the user's own or the shipped examples, and what a steady load costs a year."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from sync.model.localtime import days
from sync.tariffs.bill import bill, cents
from sync.tariffs.colours import ColourCalendar, read_calendar
from sync.tariffs.entries import examples
from sync.tariffs.model import DAY, Tariff
from sync.tariffs.split import parts_of_day

from .reader import Reader

YEAR = 365  # days
AT_HOME = "linky"  # the source whose meters pay in euros by the local clock of Paris, as all tariffs here are


def tariffs_of(reader: Reader, source: str = AT_HOME) -> tuple[Tariff, ...]:
    """The user's tariffs, or the shipped examples; none for a meter of another country, which pays otherwise."""
    return (reader.settings.tariffs or examples()) if source == AT_HOME else ()


def calendar_of(reader: Reader, tariff: Tariff) -> ColourCalendar:
    """The calendar of a tariff, read anew when its file changes: the page stays open for months."""
    path = tariff.calendar
    return reader.kept(("calendar", path, stamp(path)), lambda: read_calendar(path)) if path else ColourCalendar()


def stamp(path: Path | None) -> tuple[int, int] | None:
    """What changes when a file does; None for one that cannot be looked at."""
    try:
        found: Any = path.stat()  # type: ignore[union-attr]  # no path: as one that is not there
    except (AttributeError, OSError):
        return None
    return found.st_mtime_ns, found.st_size


def yearly_cost(reader: Reader, source: str, watts: float, last: date) -> tuple[Tariff, Decimal] | None:
    """What a load that never changes costs in the 365 local days that end with `last`, at the prices of that day, €,
    without the standing charge; and under which tariff: the first of the user's, else the first example.

    None where no price is known for all of it: another country's meter, a day outside the price lists, no colours.
    """
    listed = tariffs_of(reader, source)
    prices = listed[0].prices_on(last) if listed else None
    if prices is None:
        return None
    steady = replace(listed[0], prices=(replace(prices, start=date.min, end=date.max),))
    edges = (*parts_of_day((steady,)), DAY)
    wh = {start: Fraction(watts) * (end - start) / 60 for start, end in pairwise(edges)}
    year = last - timedelta(days=YEAR - 1), last + timedelta(days=1)
    bills = bill(steady, calendar_of(reader, steady).colours, dict.fromkeys(days(*year), wh), year).values()
    whole = all(each.is_whole for each in bills)
    return (listed[0], cents(sum((each.for_energy for each in bills), start=Fraction(0)))) if whole else None
