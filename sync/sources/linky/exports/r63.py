"""R63 and R64, which Enedis sends on request as CSV, for one meter or several, one quantity or several.

R63 is the load curve, one line per point with its own step, quality and PRM: labels are Paris wall-clock text without
offset, or ISO 8601 with one. R64 is the index at midnight, one line per register: those of the distributor's grid add
up to the whole. Columns are found by name, not by position; rows of other quantities are counted and named.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from sys import intern
from typing import Any, ClassVar

from ....model.errors import FileRefused
from ....model.words import counted
from ..points import Point, Reject
from .export import (
    ASK_INSTEAD,
    LONG_NUMBER,
    TORN,
    USE_ORIGINAL,
    Export,
    NothingToImport,
    curve,
    flow_of,
    plain,
    prm_in,
    shown,
)
from .index import Indexes, midnight_of
from .text import Text, day_of, fitted, is_blank, names_of
from .whose import PRM

NEEDED = ("identifiant prm", "grandeur physique", "grandeur metier", "unite", "horodate", "valeur")
OPTIONAL = ("pas", "nature", "indice de vraisemblance", "etat complementaire", "date de fin")
REGISTER = "cadran"
TOTAL = "t"
GRID = "d"  # the distributor's; that of the supplier counts the same energy again
ABSENT = -1
MOST_METERS = 200


def is_r63(header: list[str]) -> bool:
    """Whether the cells of the first line are those of an R63 or R64 file."""
    return {"identifiant prm", "horodate"} <= {plain(cell) for cell in header}


def read_r63(name: str, text: Text, first: int) -> list[Export]:
    """What a file holds, one `Export` per meter and flow in it. `first`: index of the header line.

    Raises `FileRefused` for a file without any row of active power in W, or of its indexes in Wh.
    """
    header = names_of(text.cells(first))
    missing = [column for column in NEEDED if column not in header]
    if missing:
        raise FileRefused(f"{name}, line {first + 1}: the column {missing[0]!r} is missing. {USE_ORIGINAL}")
    reading = (_Indexes if REGISTER in header else _Curves)(name, header)
    for index in range(first + 1, len(text.lines)):
        reading.take(index + 1, text.cells(index), text.torn and index == len(text.lines) - 1)
    return reading.exports()


@dataclass(slots=True)
class Index:
    """One line of an index: its register, and what the others say about it."""

    line: int
    end: str
    value: str
    register: str
    is_wanted: bool
    torn: bool


@dataclass
class _Reading:
    """A file while it is read. kept: of each meter (as the file says it) and flow; others: quantities left out.

    What is kept of a line is little: a file may have three hundred thousand.
    """

    name: str
    header: list[str]
    kept: dict[tuple[str, str], list[Any]] = field(default_factory=lambda: defaultdict(list))
    rejects: list[Reject] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    _wanted: dict[tuple[str, ...], tuple[str, str] | str] = field(default_factory=dict)

    physical: ClassVar[tuple[str, ...]]
    unit: ClassVar[str]

    @cached_property
    def at(self) -> Mapping[str, int]:
        """Place of each column; one that is missing is the empty cell that `take` puts behind every row."""
        return {name: self.header.index(name) if name in self.header else ABSENT for name in NEEDED + OPTIONAL}

    def take(self, line: int, cells: list[str], torn: bool) -> None:
        """One line: a wanted row, another quantity, a reject, or nothing (blank, or the header again)."""
        row = fitted(cells, len(self.header))
        if row is None or (torn and len(cells) <= self.at["valeur"]):
            if not is_blank(cells):
                wanted = f"has {len(cells)} columns instead of {len(self.header)}"
                self.rejects.append(Reject(line, TORN if torn else wanted, shown(";".join(cells))))
            return
        row.append("")
        quantity = tuple(row[self.at[column]] for column in NEEDED[:4])
        of = self._wanted.get(quantity)
        if of is None:
            of = self._wanted[quantity] = self._judged(quantity)
        if isinstance(of, tuple):
            self.keep(of, line, row, torn and len(cells) == self.at["valeur"] + 1)
        elif of and not is_blank(row):
            self.others[of] += 1

    def _judged(self, quantity: Sequence[str]) -> tuple[str, str] | str:
        """Meter and flow; or what it is instead, in words; empty for the header again, where files were joined."""
        prm, physical, trade, unit = quantity
        if plain(prm) == NEEDED[0]:
            return ""
        flow = flow_of(trade)
        if plain(physical) in self.physical and unit.strip() == self.unit and flow:
            if len(self._wanted) >= MOST_METERS:
                raise FileRefused(f"{self.name} holds more than {MOST_METERS} meters. Import it in parts.")
            return prm_in(prm), flow
        return ", ".join(shown(cell, 20) for cell in (physical, trade, unit))

    def exports(self) -> list[Export]:
        left_out = ", ".join(f"{counted(count, 'line')} of {what}" for what, count in self.others.items())
        exports: list[Export] = []
        empty = ""
        if any(PRM.fullmatch(prm) for prm, _ in self.kept):
            for of in [of for of in self.kept if not PRM.fullmatch(of[0])]:
                self.rejects += [
                    Reject(each.line, "no PRM of 14 digits", shown(f"{each.end};{each.value}"))
                    for each in self.kept.pop(of)
                ]
        for prm, flow in list(self.kept):
            # A line that cannot be read names no flow: it is counted once, with the first.
            try:
                exports.append(self.export(prm, flow, [] if exports else self.rejects, self._notes(left_out)))
                left_out = ""
            except NothingToImport as nothing:
                empty = str(nothing)
        if exports:
            return exports
        if left_out:
            wanted = " or ".join(self.physical).upper()
            raise NothingToImport(
                f"{self.name} holds {left_out}, not {wanted}, CONS or PROD, {self.unit}. {ASK_INSTEAD}"
            )
        if self.rejects:
            raise FileRefused(f"{self.name}: not one of its lines can be read ({self.rejects[0]}). {USE_ORIGINAL}")
        raise NothingToImport(empty or f"{self.name} holds a header but no reading. {ASK_INSTEAD}")

    def _notes(self, left_out: str) -> tuple[str, ...]:
        return (f"left out: {self.name}, {left_out}",) if left_out else ()

    def keep(self, of: tuple[str, str], line: int, row: Sequence[str], torn: bool) -> None:
        """Keep what is needed of a wanted row. torn: the file ends behind its value, without a line end."""
        raise NotImplementedError

    def export(self, prm: str, flow: str, rejects: Sequence[Reject], notes: tuple[str, ...]) -> Export:
        """What the rows of one meter and flow hold."""
        raise NotImplementedError


class _Curves(_Reading):
    """R63."""

    physical = ("pa", "puissance active")
    unit = "W"
    torn: tuple[tuple[str, str], Point, date | None] | None = None

    def keep(self, of: tuple[str, str], line: int, row: Sequence[str], torn: bool) -> None:
        """A point, or a reject."""
        at, own = self.at, self.kept[of]
        end, watts = row[at["horodate"]].strip(), row[at["valeur"]].strip()
        if torn and not watts:
            self.rejects.append(Reject(line, TORN, shown(";".join(row))))
        elif end[:2] != "20" or LONG_NUMBER.search(end) or LONG_NUMBER.search(watts):
            # A PRM in the wrong column would be repeated by later messages.
            self.rejects.append(Reject(line, "not a time and a power", shown(";".join(row))))
        else:
            step, nature, iv, ec = [intern(row[at[column]].strip()) or None for column in OPTIONAL[:4]]
            point = Point(end, watts, step, nature, iv, ec, line)
            if torn:
                self.torn = of, point, day_of(row[at["date de fin"]])
            else:
                own.append(point)

    def export(self, prm: str, flow: str, rejects: Sequence[Reject], notes: tuple[str, ...]) -> Export:
        points = self.kept.pop((prm, flow))
        of, torn, until = self.torn or (("", ""), None, None)
        if of != (prm, flow):
            torn = until = None
        if not points and rejects and not torn:
            raise FileRefused(f"{self.name}: not one of its lines can be read ({rejects[0]}). {USE_ORIGINAL}")
        return curve(self.name, prm, flow, points=points, rejects=rejects, notes=notes, torn=torn, until=until)


class _Indexes(_Reading):
    """R64."""

    physical = ("ea", "energie active")
    unit = "Wh"

    @cached_property
    def said(self) -> Mapping[str, int]:
        """Place of the columns that tell what a line is about."""
        names = ("type de releve", "grille", REGISTER)
        return {name: self.header.index(name) for name in names if name in self.header}

    def keep(self, of: tuple[str, str], line: int, row: Sequence[str], torn: bool) -> None:
        """An index, whether or not it is one of the distributor's grid at midnight."""
        said = {name: plain(row[place]) for name, place in self.said.items()}
        end, figure = row[self.at["horodate"]].strip(), row[self.at["valeur"]].strip()
        is_grid = said.get("grille", GRID) in (GRID, "") and said.get("type de releve", "aq") == "aq"
        self.kept[of].append(Index(line, end, figure, said[REGISTER], is_grid and figure != "", torn))

    def export(self, prm: str, flow: str, rejects: Sequence[Reject], notes: tuple[str, ...]) -> Export:
        indexes = Indexes()
        indexes.totals.rejects += rejects
        found: dict[date, dict[str, int]] = defaultdict(dict)
        lines: dict[date, list[int]] = defaultdict(list)
        for each in self.kept.pop((prm, flow)):
            day, text = midnight_of(each.end), shown(f"{each.end};{each.value}")
            if not each.is_wanted:
                indexes.totals.skipped += 1
            elif each.torn or day is None or not each.value.isdecimal() or len(each.value) > 12:
                indexes.reject(each.line, TORN if each.torn else "not an index at midnight", text)
            elif found[day].setdefault(each.register, int(each.value)) != int(each.value):
                indexes.reject(each.line, "two indexes for one day", text)
                found[day][each.register] = ABSENT
            else:
                lines[day].append(each.line)
        for day, registers in found.items():
            if lines[day] and ABSENT not in registers.values():
                indexes.add(lines[day][0], day, {f"d {name}": wh for name, wh in registers.items()})
                indexes.totals.skipped += len(lines[day]) - 1
            else:
                indexes.totals.skipped += len(lines[day])
        if not indexes.readings and not indexes.totals.rejects:
            raise NothingToImport(f"{self.name} holds no index of the distributor's grid at midnight. {ASK_INSTEAD}")
        return indexes.differences().export(self.name, prm, flow, notes)
