"""The colour calendar of Tempo: a CSV file `date;colour` kept by the user. A day that is not in it has no colour."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from ..model.words import counted
from .model import BLUE, RED, WHITE

WORDS = {BLUE: BLUE, WHITE: WHITE, RED: RED, "bleu": BLUE, "blanc": WHITE, "rouge": RED}
FORMS = ("%Y-%m-%d", "%d/%m/%Y")
HEADER = "date"
SHOWN = 5  # wrong lines told one by one


@dataclass(frozen=True, slots=True)
class ColourCalendar:
    """colours: Tempo day → blue, white, red; problems: what is wrong with the file, a line each."""

    colours: Mapping[date, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read_calendar(path: Path) -> ColourCalendar:
    """Read a file; what cannot be read is a problem, never a colour. Does not raise."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        return ColourCalendar(problems=(f"{path.name} cannot be read ({error.strerror}): check the path",))
    except UnicodeDecodeError:
        return ColourCalendar(problems=(f"{path.name} is not UTF-8 text: save it as UTF-8",))
    return parse_calendar(text, path.name)


def parse_calendar(text: str, name: str) -> ColourCalendar:
    """Lines `2025-01-15;red` (or `15/01/2025;ROUGE`), with or without a header line `date;colour`."""
    found: dict[date, str] = {}
    wrong: list[str] = []
    contradicted: set[date] = set()
    for line, cells in enumerate(csv.reader(text.splitlines(), delimiter=";"), 1):
        row = [cell.strip() for cell in cells]
        if not any(row) or (line == 1 and row[0].lower() == HEADER):
            continue
        day = _day(row[0])
        colour = WORDS.get(row[1].lower()) if len(row) > 1 else None
        if day is None or colour is None:
            wrong.append(f"{name} line {line}: must be a date and blue, white or red: 2025-01-15;red")
        elif found.setdefault(day, colour) != colour:
            contradicted.add(day)
            wrong.append(f"{name} line {line}: {day} has another colour in a line above")
    more = [f"{name}: and {counted(len(wrong) - SHOWN, 'more line')} like these"] if len(wrong) > SHOWN else []
    known = {day: colour for day, colour in found.items() if day not in contradicted}
    return ColourCalendar(known, tuple(wrong[:SHOWN] + more))


def _day(text: str) -> date | None:
    for form in FORMS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day, no instant
        except ValueError:
            continue
    return None
