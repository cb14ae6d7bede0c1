"""`TARIFFS` of settings.py → tariffs. Everything wrong is told, one line each, with the place where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any

from .colours import read_calendar
from .model import DAY, KINDS, MonthDay, PriceList, Ranges, Tariff

FIELDS = ("name", "kind", "source", "prices")
OFF_PEAK = "off_peak_hours"
DEAREST = Decimal(5)  # €/kWh; more is a price in cents
DEAREST_STANDING = Decimal(1000)  # € a month
TIME = re.compile(r"(\d{1,2})[:hH](\d{2})?")
Hours = tuple[tuple[MonthDay, Ranges], ...]
"""Off-peak hours by the day of the year from which they hold; one for all of it begins with 1 January."""


def tariffs_from(listed: Any, folder: Path, wrong: list[str]) -> tuple[Tariff, ...]:
    """The tariffs of a list of dicts; calendars are looked for in `folder`. What is wrong is added to `wrong`."""
    if not isinstance(listed, list | tuple):
        wrong.append("TARIFFS: must be a list of dicts, see settings.example.py")
        return ()
    found = []
    for position, entry in enumerate(listed):
        place = f"TARIFFS[{position}]"
        if not isinstance(entry, Mapping):
            wrong.append(f"{place}: must be a dict, see settings.example.py")
            continue
        reader = _EntryReader(entry, f"{place} ({entry['name']!s:.40})" if entry.get("name") else place, folder)
        tariff = reader.tariff()
        wrong += reader.wrong
        if tariff:
            found.append(tariff)
    names = [tariff.name for tariff in found]
    wrong += [f"TARIFFS: the name {name!r} stands there twice" for name in sorted(set(names)) if names.count(name) > 1]
    return tuple(found)


class _EntryReader:
    """Reads one entry and collects what is wrong with it."""

    def __init__(self, entry: Mapping[Any, Any], place: str, folder: Path) -> None:
        self.entry = entry
        self.place = place
        self.folder = folder
        self.wrong: list[str] = []
        self.kind = str(entry.get("kind", ""))

    def tariff(self) -> Tariff | None:
        """The tariff, or None with something in `wrong`."""
        if self.kind not in KINDS:
            self._refuse(f"kind: must be {', '.join(KINDS)}")
            return None
        self._refuse_unknown(self.entry, (*FIELDS, *self._own, *(("calendar",) if self._has_calendar else ())), "")
        name, source = (self._text(field) for field in ("name", "source"))
        calendar = self._calendar()
        prices = self._price_lists(self._off_peak(self.entry, ""))
        return None if self.wrong else Tariff(name, self.kind, source, prices, calendar)

    @property
    def _own(self) -> tuple[str, ...]:
        """The field of the hours that each contract of its kind has of its own."""
        return (OFF_PEAK,) if KINDS[self.kind].off_peak is None else ()

    @property
    def _has_calendar(self) -> bool:
        return KINDS[self.kind].has_calendar

    # --- fields ----------------------------------------------------------------------------------------------------

    def _text(self, field: str) -> str:
        text = self.entry.get(field)
        if not isinstance(text, str) or not text.strip():
            why = "what the contract is called" if field == "name" else "where the prices come from, with their date"
            self._refuse(f"{field}: is missing: {why}")
            return ""
        return text.strip()

    def _calendar(self) -> Path | None:
        named = self.entry.get("calendar")
        if named is None or not self._has_calendar:
            return None
        if not isinstance(named, str | Path) or not str(named).strip():
            self._refuse("calendar: must be the path of a CSV file date;colour")
            return None
        path = self.folder / Path(str(named).strip())
        for problem in read_calendar(path, KINDS[self.kind]).problems:
            self._refuse(f"calendar: {problem}")
        return path

    def _price_lists(self, off_peak: Hours | None) -> tuple[PriceList, ...]:
        listed = self.entry.get("prices")
        if not isinstance(listed, list | tuple) or not listed or not all(isinstance(each, Mapping) for each in listed):
            self._refuse("prices: must be a list of dicts, one for each change of prices")
            return ()
        found = []
        for position, each in enumerate(listed):
            if prices := self._price_list(each, f"prices[{position}]: ", off_peak):
                found.append((prices, "until" in each))
        return self._in_order(found)

    def _price_list(self, entry: Mapping[Any, Any], place: str, off_peak: Hours | None) -> PriceList | None:
        before = len(self.wrong)
        zones = KINDS[self.kind].names
        self._refuse_unknown(entry, ("from", "until", "standing", *zones, *self._own), place)
        start = self._day(entry, "from", place, date.min)
        end = self._day(entry, "until", place, date.max)
        if start >= end:
            self._refuse(f"{place}until: must be after from (it is the first day that is not included)")
        per_kwh = tuple((zone, self._amount(entry, zone, place, DEAREST, "€/kWh")) for zone in zones)
        standing = self._amount(entry, "standing", place, DEAREST_STANDING, "€ a month")
        hours = self._off_peak(entry, place) or off_peak
        if hours is None and len(self.wrong) == before:
            self._refuse(f"{place}{OFF_PEAK}: are missing: ['22:30-06:30'], as on the invoice")
        if hours is None or len(self.wrong) > before:
            return None
        one, several = (hours[0][1], ()) if len(hours) == 1 else ((), hours)
        return PriceList(start, end, per_kwh, standing, one, several)

    def _in_order(self, found: list[tuple[PriceList, bool]]) -> tuple[PriceList, ...]:
        """By first day; a list without `until` ends where the next one begins."""
        found.sort(key=lambda each: each[0].start)
        ordered: list[PriceList] = []
        for position, (prices, has_end) in enumerate(found):
            following = found[position + 1][0].start if position + 1 < len(found) else date.max
            if prices.start == following or (has_end and prices.end > following):
                self._refuse(f"prices: two entries are valid on {following}")
            ordered.append(prices if has_end else replace(prices, end=following))
        return tuple(ordered)

    def _day(self, entry: Mapping[Any, Any], field: str, place: str, default: date) -> date:
        given = entry.get(field)
        if given is None:
            return default
        if isinstance(given, date) and not isinstance(given, datetime):
            return given
        try:
            return date.fromisoformat(str(given).strip())
        except ValueError:
            self._refuse(f"{place}{field}: must be a date like 2025-02-01")
            return default

    def _amount(self, entry: Mapping[Any, Any], field: str, place: str, most: Decimal, unit: str) -> Decimal:
        """A float stands for the shortest decimal that means it: what was written in the file."""
        given = entry.get(field)
        try:
            amount = Decimal("NaN") if given is None or isinstance(given, bool) else Decimal(str(given).strip())
        except InvalidOperation:
            amount = Decimal("NaN")
        if amount.is_finite() and 0 <= amount <= most:
            return amount
        remedy = ", not in cents" if amount.is_finite() and amount > most and unit == "€/kWh" else ""
        self._refuse(f"{place}{field}: must be a number from 0 to {most} {unit}{remedy}")
        return Decimal(0)

    def _off_peak(self, entry: Mapping[Any, Any], place: str) -> Hours | None:
        fixed = KINDS[self.kind].off_peak
        if fixed is not None:
            return (((1, 1), fixed),)
        given = entry.get(OFF_PEAK)
        if given is None:
            return None
        try:
            if isinstance(given, Mapping):
                return _seasons(given)
            return (((1, 1), _ranges(given)),)
        except ValueError as error:
            self._refuse(f"{place}{OFF_PEAK}: {error}")
            return ()

    # --- what is wrong ---------------------------------------------------------------------------------------------

    def _refuse(self, text: str) -> None:
        self.wrong.append(f"{self.place}: {text}")

    def _refuse_unknown(self, entry: Mapping[Any, Any], known: Iterable[str], place: str) -> None:
        names = tuple(known)
        for name in entry:
            if name not in names:
                self._refuse(f"{place}no such field: {name!r}; known are {', '.join(names)}")


def _seasons(given: Mapping[Any, Any]) -> Hours:
    """`{"04-01": [...], "11-01": [...]}` → off-peak hours by the day of the year from which they hold. Raises
    ValueError."""
    found = {}
    for first, hours in given.items():
        try:
            day = datetime.strptime(f"2001-{str(first).strip()}", "%Y-%m-%d")  # noqa: DTZ007 - a day, no instant
        except ValueError:
            raise ValueError(f"{str(first)[:20]!r} is not a first day of a season like '04-01'") from None
        found[day.month, day.day] = _ranges(hours)
    if len(found) < 2 or len(found) < len(given):
        raise ValueError("need two seasons or more, each with its own first day: {'04-01': [...], '11-01': [...]}")
    return tuple(sorted(found.items()))


def _ranges(texts: Any) -> Ranges:
    """`["22:30-06:30", "12h-14h"]`, or the same as one text → sorted minutes, cut at midnight. Raises ValueError."""
    if isinstance(texts, str):
        texts = re.split(r"\s*[,;]\s*", texts.strip())
    if not isinstance(texts, list | tuple) or not texts:
        raise ValueError("must be a list of ranges like '22:30-06:30'")
    found: list[tuple[int, int]] = []
    for text in texts:
        first, _, last = str(text).replace("–", "-").partition("-")
        start, end = _minute(first), _minute(last)
        if start is None or end is None or start in (end, DAY):
            raise ValueError(f"{str(text)[:20]!r} is not a range like '22:30-06:30'")
        found += [(start, end)] if start < end else [(start, DAY), (0, end)]
    ranges = tuple(sorted(each for each in found if each[0] < each[1]))
    if any(before[1] > after[0] for before, after in pairwise(ranges)):
        raise ValueError("two ranges overlap")
    if sum(end - start for start, end in ranges) == DAY:
        raise ValueError("cover the whole day: that is a flat tariff")
    return ranges


def _minute(text: str) -> int | None:
    """`22:30`, `22h30`, `22h` → minutes of the day, up to 24:00."""
    if not (found := TIME.fullmatch(text.strip())):
        return None
    minute = int(found[1]) * 60 + int(found[2] or 0)
    return minute if minute <= DAY and int(found[2] or 0) < 60 else None


# --- the shipped examples ---------------------------------------------------------------------------------------------

EXAMPLE = "example: regulated tariff of 2025-02-01, 6 kVA, taxes included, rounded to the cent"
EXAMPLES: list[dict[str, Any]] = [
    {"name": "Base", "kind": "flat", "source": EXAMPLE, "prices": [{"kwh": "0.20", "standing": "14"}]},
    {
        "name": "HP/HC",
        "kind": "peak",
        "source": EXAMPLE,
        "off_peak_hours": ["22:30-06:30"],
        "prices": [{"peak": "0.21", "off_peak": "0.17", "standing": "14"}],
    },
    {
        "name": "Tempo",
        "kind": "tempo",
        "source": EXAMPLE,
        "prices": [
            {
                "blue_peak": "0.16",
                "blue_off_peak": "0.13",
                "white_peak": "0.18",
                "white_off_peak": "0.15",
                "red_peak": "0.66",
                "red_off_peak": "0.15",
                "standing": "14",
            }
        ],
    },
]


def examples() -> tuple[Tariff, ...]:
    """The tariffs shown until settings.py has some: rounded, dated, and labelled as examples wherever they appear."""
    wrong: list[str] = []
    found = tariffs_from(EXAMPLES, Path(), wrong)
    if wrong:
        raise ValueError("; ".join(wrong))
    return found
