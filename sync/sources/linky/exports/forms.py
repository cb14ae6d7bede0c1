"""Tables of one meter, a line an interval: by the names of their columns, of which each form has its own.

Sources: Conso Downloader (bokub/conso-downloader: start, end and kW of the Enedis site, sorted by the start); the
workbook of that site saved as CSV; the portal SGE of Enedis; the suivi-conso of EDF (blocks of a day, newest first,
midnight being the end of the day it stands under); TotalEnergies; Strasbourg Électricité Réseaux. What a label of the
portals means is not written down anywhere: they begin at 00:00 and end at 23:30 of the same day, so they are starts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ....model.errors import FileRefused
from ..points import Digits, Point, Reject
from .export import ASK_INSTEAD, TORN, Export, NothingToImport, Totals, curve, flow_of, plain, prm_in, shown
from .text import (
    CLOCK,
    COARSEST_W,
    COARSEST_WH,
    ISO_TIME,
    UNITS,
    Text,
    clock_label,
    day_of,
    decimals_of,
    figure_of,
    fitted,
    is_blank,
    label_of,
    names_of,
    resolution_of,
)
from .walls import Interval, labelled

HEADER_WITHIN = 60  # lines: the workbook saved as CSV has a page of prose above its table
ENOUGH = 8  # values that are no chance, of which each fits with one in two


@dataclass(frozen=True, slots=True)
class Form:
    """Columns by role, each a pattern of its normalised name: `start`, `end`, `label` (of the end, or the start where
    `at_start`), `day` with `clock`, or `date` of daily totals; `value`; and, where the form has them, `prm`, `flow`,
    `unit`, `quantity`, `minutes`, `nature`. closes_day: midnight ends the day that it stands under. is_rounded: its
    powers are whole W where the energy was none in Wh. flow: where the
    form itself says it; unit: where its header does not."""

    columns: Mapping[str, str]
    at_start: bool = False
    closes_day: bool = False
    is_rounded: bool = False
    flow: str = ""
    unit: str = ""


SITE = r"(?:valeur|puissance|energie)[^(]*\((?:en )?(kwh|wh|kw|w)\)"
FORMS = (
    Form({"start": "debut", "end": "fin", "value": "(kwh?)"}),  # Conso Downloader
    Form({"start": "debut", "end": "fin", "value": SITE}),  # the weekly workbook saved as CSV
    Form(  # the portal of Enedis for suppliers
        {
            "day": "date de la mesure",
            "clock": "heure de la mesure",
            "value": "valeur",
            "prm": "prm",
            "flow": "grandeur metier",
            "quantity": "grandeur physique",
            "unit": "unite",
            "minutes": "pas en minutes",
        },
        at_start=True,
        is_rounded=True,
    ),
    Form(  # EDF
        {
            "label": "date et heure de releve.*",
            "value": r"puissance atteinte \((w|kw)\)",
            "nature": "nature de la donnee",
        },
        closes_day=True,
        flow="consumption",
    ),
    Form(  # Strasbourg
        {"day": "date", "clock": "heure", "value": r"puissance \((w|kw)\)"}, at_start=True, is_rounded=True
    ),
    Form(  # TotalEnergies
        {"reference": "reference", "label": "date", "value": "consommation"},
        at_start=True,
        flow="consumption",
        unit="kwh",
    ),
    Form({"label": "horodate .*fin de pas.*", "value": r"puissance moyenne \((w|kw)\)"}),
    Form({"label": "horodate .*debut de pas.*", "value": r"puissance moyenne \((w|kw)\)"}, at_start=True),
    Form({"date": "date", "value": SITE}),  # the daily workbook saved as CSV; behind those with a time, too
)
BARE = Form({"label": "", "value": ""}, unit="w")
"""A curve of Enedis whose header was cut off."""


def read_form(name: str, text: Text) -> list[Export] | None:
    """What a table of a known form holds; None for none. Raises `NothingToImport` for another quantity."""
    for index, line in enumerate(text.lines[:HEADER_WITHIN]):
        if not line or line[0].isdigit():
            continue
        header = names_of(text.cells(index))
        for form in FORMS:
            if found := _columns(form, header):
                return [_Table(name, form, found, len(header), text, index).export()]
    return [_Table(name, BARE, {"label": (0, ""), "value": (1, "")}, 2, text, -1).export()] if _is_bare(text) else None


def _columns(form: Form, header: Sequence[str]) -> dict[str, tuple[int, str]] | None:
    """Role → column and unit in its name; None where one is missing."""
    found = {}
    for role, pattern in form.columns.items():
        matches = [(i, match) for i, name in enumerate(header) if (match := re.fullmatch(pattern, name))]
        if len(matches) != 1:
            return None
        found[role] = matches[0][0], (matches[0][1][1] if matches[0][1].groups() else "")
    return found


def _is_bare(text: Text) -> bool:
    """Whether the lines are a time and a figure, and nothing else."""
    lines = [index for index in range(min(len(text.lines), 20)) if not is_blank(text.cells(index))]
    rows = [text.cells(index) for index in lines]
    return bool(rows) and all(len(row) == 2 and ISO_TIME.fullmatch(row[0].strip()) for row in rows)


@dataclass(slots=True)
class _Row:
    """A line of the table; torn: the file ends behind its value without a line end."""

    line: int
    cells: list[str]
    torn: bool


@dataclass
class _Table:
    """A table while it is read. at: role → column; header: index of its line."""

    name: str
    form: Form
    columns: Mapping[str, tuple[int, str]]
    width: int
    text: Text
    header: int
    rows: list[_Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def export(self) -> Export:
        self._split()
        prm, flow = self._said()
        if "date" in self.columns:
            return self._totals(prm, flow)
        points, torn = self._points()
        values = [self._cell(row, "value") for row in self.rows]
        resolution = 1
        if self._unit.startswith("kw"):
            resolution = resolution_of(decimals_of(values), 1000, COARSEST_W)
            if self.columns["value"][1] == "kwh":
                points, torn = self._told_by_the_numbers(points, torn)
        return curve(
            self.name,
            prm,
            flow,
            points=points,
            rejects=self.rejects,
            torn=torn,
            digits=Digits(resolution, self.form.is_rounded),
        )

    def _split(self) -> None:
        """Lines into rows; a time alone takes the day of the line before that was one alone."""
        for index in range(self.header + 1, len(self.text.lines)):
            cells = self.text.cells(index)
            if is_blank(cells):
                continue
            row = fitted(cells, self.width) or (cells if len(cells) > self._at("value") else None)
            torn = self.text.torn and index == len(self.text.lines) - 1
            if row is None or len(row) > self.width or (torn and len(row) < self.width):
                why = TORN if torn else f"has {len(cells)} columns instead of {self.width}"
                self.rejects.append(Reject(index + 1, why, shown(";".join(cells))))
            else:
                cells = row + [""] * (self.width - len(row))
                self.rows.append(_Row(index + 1, cells, torn and self._at("value") == self.width - 1))

    def _at(self, role: str) -> int:
        return self.columns[role][0]

    def _cell(self, row: _Row, role: str) -> str:
        return row.cells[self._at(role)].strip() if role in self.columns else ""

    @property
    def _unit(self) -> str:
        stated = {plain(self._cell(row, "unit")) for row in self.rows} if "unit" in self.columns else set()
        if len(stated) > 1:
            raise NothingToImport(f"{self.name} holds values in {' and '.join(sorted(stated))}. {ASK_INSTEAD}")
        unit = stated.pop() if stated else self.columns["value"][1] or self.form.unit
        if unit not in UNITS:
            raise NothingToImport(f"{self.name} holds values in {shown(unit, 20)!r}. {ASK_INSTEAD}")
        return unit

    def _said(self) -> tuple[str, str]:
        """PRM and flow: in columns of their own, or in what stands above the table."""
        for role, wanted in (("quantity", ("puissance active", "energie active")),):
            other = {self._cell(row, role) for row in self.rows} if role in self.columns else set()
            if unwanted := [shown(word, 40) for word in other if plain(word) not in wanted]:
                raise NothingToImport(f"{self.name} holds {', '.join(unwanted)}. {ASK_INSTEAD}")
        prms = {prm_in(self._cell(row, "prm")) for row in self.rows} if "prm" in self.columns else set()
        flows = {flow_of(self._cell(row, "flow")) for row in self.rows} if "flow" in self.columns else set()
        if len(prms) > 1 or len(flows) > 1:
            raise FileRefused(f"{self.name} holds several meters or flows. Split it by meter, one file each.")
        above = [self.text.cells(index) for index in range(max(0, self.header))]
        prm = prms.pop() if prms else prm_above(above)
        flow = flows.pop() if flows else self.form.flow or flow_above(above)
        return prm, flow

    def _points(self) -> tuple[list[Point], Point | None]:
        factor, is_energy = UNITS[self._unit]
        day, intervals = "", []
        points: list[Point] = []
        torn = None
        for row in self.rows:
            figure, beside = figure_of(self._cell(row, "value"), factor)
            if beside and beside != self._unit:
                figure = f"{figure} {beside}"
            nature = plain(self._cell(row, "nature"))
            label = self._cell(row, "label")
            if figure is None and day_of(label):
                day = label  # of the times below it
                continue
            if row.torn and figure is None:
                self.rejects.append(Reject(row.line, TORN, shown(";".join(row.cells))))
                continue
            marks = Point(
                "",
                figure,
                nature=None if nature in ("", "reelle") else nature,
                line=row.line,
                at_start=self.form.at_start,
                is_energy=is_energy,
                step=f"PT{minutes}M" if (minutes := self._cell(row, "minutes")) else None,
            )
            if "start" in self.columns:
                start, end = label_of(self._cell(row, "start")), label_of(self._cell(row, "end"))
                intervals.append(Interval(start, end, marks))
            elif "day" in self.columns or CLOCK.fullmatch(label):
                own, clock = (
                    (day, label) if CLOCK.fullmatch(label) else (self._cell(row, "day"), self._cell(row, "clock"))
                )
                points.append(replace(marks, end=clock_label(own, clock, self.form.closes_day)))
            else:
                points.append(replace(marks, end=label_of(label)))
            if row.torn and figure and not self.text.lines[-1].endswith('"'):
                torn = row.line
        points += labelled(intervals)
        half = next((point for point in points if point.line == torn), None)
        return [point for point in points if point is not half], half

    def _told_by_the_numbers(self, points: list[Point], torn: Point | None) -> tuple[list[Point], Point | None]:
        """kW or kWh? The first version of Conso Downloader headed kW with kWh. A power over half an hour is an even
        number of W, over a quarter one that four divides; an energy is so by chance alone."""
        told = [
            p for p in points if p.value and p.value.isdecimal() and p.value != "0" and p.step not in (None, "PT60M")
        ]
        even = [point for point in told if int(point.value or 0) * int((point.step or "")[2:-1]) % 60 == 0]
        if len(even) < len(told):
            return points, torn
        if 0 < len(told) < ENOUGH:
            raise FileRefused(
                f"{self.name}: its column is headed kWh, which Conso Downloader once wrote above kW, and {len(told)} "
                "values are too few to tell which these are. Export a longer period."
            )
        as_power = [replace(point, is_energy=False) for point in points]
        return as_power, torn and replace(torn, is_energy=False)

    def _totals(self, prm: str, flow: str) -> Export:
        """Days. The kW above those of the daily workbook are kWh: its days equal the sums of the load curve."""
        factor, _ = UNITS[self._unit]
        totals = Totals()
        for row in self.rows:
            day, value = day_of(self._cell(row, "date")), self._cell(row, "value")
            text = shown(";".join(row.cells))
            figure, _ = figure_of(value, factor)
            if row.torn:
                self.rejects.append(Reject(row.line, TORN, text))
            elif day is None:
                self.rejects.append(Reject(row.line, "not a day", text))
            elif figure is None:
                totals.skipped += 1
            elif not figure.isdecimal():
                self.rejects.append(Reject(row.line, "not a whole number of Wh", text))
            else:
                totals.add(row.line, day, int(figure))
        totals.rejects += self.rejects
        if not totals.wh and not totals.rejects:
            raise NothingToImport(f"{self.name} holds no value. {ASK_INSTEAD}")
        decimals = decimals_of(self._cell(row, "value") for row in self.rows)
        return totals.export(self.name, prm, flow, (), resolution_of(decimals, factor, COARSEST_WH))


def prm_above(rows: Iterable[Sequence[str]]) -> str:
    """The PRM in what stands above a table: behind the cell that names it."""
    for cells in rows:
        filled = [cell for cell in cells if cell.strip()]
        for cell, following in pairwise(filled):
            if "prm" in plain(cell).replace("(", " ").replace(")", " ").split():
                return prm_in(following)
    return ""


def flow_above(rows: Iterable[Sequence[str]]) -> str:
    """The flow that a cell above a table names."""
    return next((flow for cells in rows for cell in cells if (flow := flow_of(cell))), "")
