"""The calendar of a contract: a CSV file `date;kind of day` kept by the user. A day that is not in it is not known.

For Tempo each day has its colour. Contracts with rare days are also known from these alone: once a season has all of
them, its other days are the rest.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from ..model.localtime import days
from ..model.words import counted
from .model import BLUE, KINDS, RED, TEMPO, WHITE, Kind, RareDays

WORDS = {
    "bleu": BLUE,
    "blanc": WHITE,
    "rouge": RED,
    "ejp": "peak",
    "pointe": "peak",
    "normale": "normal",
    "sobriété": "sobriety",
    "sobriete": "sobriety",
    "éco": "eco",
}
"""What people write for the kinds of day, beside their names here."""
FORMS = ("%Y-%m-%d", "%d/%m/%Y")
HEADER = "date"
SHOWN = 5  # wrong lines told one by one


@dataclass(frozen=True, slots=True)
class ColourCalendar:
    """colours: day of the contract → its kind (blue, white, red; peak, normal; …); problems: what is wrong with the
    file, a line each."""

    colours: Mapping[date, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read_calendar(path: Path, kind: Kind = KINDS[TEMPO]) -> ColourCalendar:
    """Read a file; what cannot be read is a problem, never a kind of day. Does not raise."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        return ColourCalendar(problems=(f"{path.name} cannot be read ({error.strerror}): check the path",))
    except UnicodeDecodeError:
        return ColourCalendar(problems=(f"{path.name} is not UTF-8 text: save it as UTF-8",))
    return parse_calendar(text, path.name, kind)


def parse_calendar(text: str, name: str, kind: Kind = KINDS[TEMPO]) -> ColourCalendar:
    """Lines `2025-01-15;red` (or `15/01/2025;ROUGE`), with or without a header line `date;colour`."""
    found: dict[date, str] = {}
    wrong: list[str] = []
    contradicted: set[date] = set()
    words = f"{', '.join(kind.days[:-1])} or {kind.days[-1]}"
    for line, cells in enumerate(csv.reader(text.splitlines(), delimiter=";"), 1):
        row = [cell.strip() for cell in cells]
        if not any(row) or (line == 1 and row[0].lower() == HEADER):
            continue
        day = _day(row[0])
        word = row[1].lower() if len(row) > 1 else ""
        colour = WORDS.get(word, word)
        if day is None or colour not in kind.days:
            wrong.append(f"{name} line {line}: must be a date and {words}: 2025-01-15;{kind.days[-1]}")
        elif found.setdefault(day, colour) != colour:
            contradicted.add(day)
            wrong.append(f"{name} line {line}: {day} has another colour in a line above")
    known = {day: colour for day, colour in found.items() if day not in contradicted}
    if kind.rare:
        wrong += _impossible(known, kind.rare, name)
        known = dict(_completed(known, kind.rare))
    more = [f"{name}: and {counted(len(wrong) - SHOWN, 'more line')} like these"] if len(wrong) > SHOWN else []
    return ColourCalendar(known, tuple(wrong[:SHOWN] + more))


def _seasons(known: Mapping[date, str], rare: RareDays) -> Counter[tuple[date, date] | None]:
    """How many rare days are known of each season; None counts those outside of any."""
    return Counter(rare.season_of(day) for day, colour in known.items() if colour == rare.name)


def _impossible(known: Mapping[date, str], rare: RareDays, name: str) -> Iterator[str]:
    """What the contract rules out: more rare days than it has, and such outside of its season."""
    for season, count in _seasons(known, rare).items():
        if season is None:
            yield f"{name}: {counted(count, 'day')} of {rare.name} outside of {_span(rare)}: correct them"
        elif count > rare.count:
            yield f"{name}: {count} days of {rare.name} from {season[0]} to {season[1]}, the contract has {rare.count}"


def _completed(known: Mapping[date, str], rare: RareDays) -> Iterator[tuple[date, str]]:
    """The same days, and those of seasons of which every rare day is known: the others are the rest."""
    for season, count in _seasons(known, rare).items():
        if season and count == rare.count:
            yield from ((day, rare.other) for day in days(season[0], season[1] + timedelta(days=1)))
    yield from known.items()


def _span(rare: RareDays) -> str:
    return " to ".join(f"{date(2000, *edge):%-d %B}" for edge in (rare.first, rare.last))


def _day(text: str) -> date | None:
    for form in FORMS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day, no instant
        except ValueError:
            continue
    return None
