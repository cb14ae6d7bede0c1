"""Each day's greatest power (Enedis: puissance maximale quotidienne), VA: answers of the gateway, and files.

Enedis publishes one value a day, with the second at which it was reached: no load curve holds it, which knows means.
Its CSV writes W at the head and means VA, as the answers say of the same values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ...model.errors import FileRefused
from ...model.privacy import scrub
from ...model.readings import PRM_DIGITS
from ..source import UnknownShape
from .answers import parse_powers
from .exports.text import Text, names_of, text_of
from .points import Reject

FLOW = "consumption"
ROUTE = "puissance_conso_max_quotidienne"
LONGEST = 365
"""Days of one call that every source agrees on, as of daily totals."""
LARGEST_BYTES = 20_000_000
ASK = (
    "ask Enedis for « Puissance maximale quotidienne », or keep the gateway's answer (puissance_conso_max_quotidienne)"
)
HEAD = {"prm": "identifiant prm", "quantity": "grandeur physique", "trade": "grandeur metier"}


@dataclass(frozen=True, slots=True)
class Powers:
    """va: local day → greatest apparent power of it, VA; missing: days without a value."""

    va: Mapping[date, int]
    missing: int = 0
    rejects: tuple[Reject, ...] = ()


def read_power_file(path: Path) -> tuple[str, Powers]:
    """The PRM and the powers of a file. Raises FileRefused, in one line without the PRM."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise FileRefused(f"{path.name} is too large for daily values: {ASK}")
        content = path.read_bytes()
    except OSError as error:
        raise FileRefused(f"{path.name} cannot be read ({error.strerror}): check the path") from None
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _of_answer(path.name, content)
    return _of_table(path.name, text_of(path.name, content))


def _of_answer(name: str, content: bytes) -> tuple[str, Powers]:
    text = content.decode("utf-8", "replace")
    found = re.search(r'"(?:idPrm|usage_point_id)"\s*:\s*"(\d{14})"', text)
    try:
        powers = read_answer(text, found[1] if found else "")
    except UnknownShape as other:
        raise FileRefused(f"{name} holds no daily maximum power ({other}): {ASK}") from None
    return (found[1] if found else ""), powers


def read_answer(text: str, prm: str) -> Powers:
    """An answer of the gateway about a meter. Raises UnknownShape."""
    return _powers(parse_powers(text, prm, FLOW))


def _of_table(name: str, text: Text) -> tuple[str, Powers]:
    """Two lines of head with its values, then `Horodate;Valeur` and a line a day."""
    wrong = FileRefused(f"{name} is no file of daily maximum power: {ASK}")
    if len(text.lines) < len(HEAD):
        raise wrong
    columns, values, under = names_of(text.cells(0)), text.cells(1), names_of(text.cells(2))
    places = {role: columns.index(column) for role, column in HEAD.items() if column in columns}
    said = {role: values[place].strip() if place < len(values) else "" for role, place in places.items()}
    if len(said) < len(HEAD) or "horodate" not in under or "valeur" not in under:
        raise wrong
    if "maximale" not in said["quantity"].lower() or not said["trade"].lower().startswith("conso"):
        raise FileRefused(f"{name} holds {said['quantity'][:40]!r} of {said['trade'][:20]!r}: {ASK}")
    if not re.fullmatch(rf"\d{{{PRM_DIGITS}}}", said["prm"], re.ASCII):
        raise FileRefused(f"{name} does not say its meter in 14 digits (a table program cuts them): take the original")
    label, value = under.index("horodate"), under.index("valeur")
    rows = [(text.cells(index), index + 1) for index in range(3, len(text.lines)) if text.lines[index].strip()]
    cells = ((line, _cell(row, label), _cell(row, value)) for row, line in rows)
    return said["prm"], _powers(cells)


def _cell(row: list[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _powers(rows: Iterable[tuple[int, str, str | None]]) -> Powers:
    """Of lines or points (number, time, value): one value a day; of two different ones none is taken."""
    va: dict[date, int] = {}
    twice: set[date] = set()
    missing = 0
    rejects: list[Reject] = []
    for position, label, value in rows:
        day = _day(label)
        if day is None:
            rejects.append(Reject(position, "unreadable day", scrub(label)[:40]))
        elif not value:
            missing += 1
        elif not re.fullmatch(r"\d{1,6}", value, re.ASCII):
            rejects.append(Reject(position, "not a power in VA", f"{day} = {scrub(value)[:40]!r}"))
        elif va.setdefault(day, int(value)) != int(value):
            rejects.append(Reject(position, "two values for one day", f"{day} = {value!r}"))
            twice.add(day)
    return Powers({day: value for day, value in va.items() if day not in twice}, missing, tuple(rejects))


def _day(label: str) -> date | None:
    """The local day of `2026-09-29 13:03:35`, with or without T and offset, or of the date alone."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?([+-]\d\d:?\d\d)?)?", label, re.ASCII):
        return None
    try:
        return date.fromisoformat(label[:10])
    except ValueError:
        return None


def windows(first: date, end: date) -> Iterator[tuple[date, date]]:
    """`[first, end)` as long as a call may be, oldest first."""
    while first < end:
        last = min(end, date.fromordinal(first.toordinal() + LONGEST))
        yield first, last
        first = last
