"""`Enedis_Conso_*` and `Enedis_Prod_*`: sections of facts with a table, each a load curve or a list of daily indexes.

`…_Heure`: a load curve in W as `Horodate;Valeur`, labels with offset, empty values, no step per point.

`…_Jour`: the meter's index at midnight, in Wh: of the registers that count what is drawn (EAS) and of those that count
what is injected (EAI), beside one another; the flow says which are meant. Two indexes one local day apart give that
day's energy. The index of midnight D is read where day D begins, so the total of day D is index(D + 1) − index(D).
Labels count on in steps of 24 hours from the first one, which leaves them an hour beside midnight in the other half of
the year: `01:00+02:00` after a start in winter, `23:00+01:00` of the evening before after one in summer. Both mean the
local midnight next to them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ....model.errors import FileRefused
from ..points import Point, Reject, infer_steps, parse_step
from .export import (
    ASK_INSTEAD,
    LONG_NUMBER,
    TORN,
    USE_ORIGINAL,
    Export,
    NothingToImport,
    Totals,
    curve,
    flow_of,
    plain,
    prm_in,
    shown,
)
from .index import Indexes, midnight_of
from .text import Text, cells_of, day_of, fitted, is_blank


def read_sections(name: str, text: Text, first: int) -> list[Export]:
    """What a sectioned file holds. `first`: index of its first line that is not blank.

    A section of another quantity is left out beside others. Raises `FileRefused` when nothing is to import.
    """
    exports: list[Export] = []
    left_out: list[str] = []
    for section in split_sections(name, text, first):
        reader = READERS.get(section.kind)
        if reader and section.rows:
            try:
                exports.append(reader(section))
            except NothingToImport as nothing:
                left_out.append(str(nothing).removeprefix(f"{name}, ").removesuffix(f" {ASK_INSTEAD}").rstrip("."))
        else:
            left_out.append(f"line {section.line}: {section.topic}")
    if not exports:
        raise NothingToImport(f"{name} has nothing to import ({'; '.join(left_out)}). {ASK_INSTEAD}")
    notes = tuple(f"left out: {name}, {what}" for what in left_out)
    return [replace(exports[0], notes=exports[0].notes + notes), *exports[1:]]


# --- load curves -----------------------------------------------------------------------------------------------------


def read_curve(section: Section) -> Export:
    """The load curve of a section. Raises `FileRefused` when it is in another unit or its table is not two columns."""
    flow = section.flow("W")
    if section.columns != ["horodate", "valeur"]:
        raise FileRefused(
            f"{section.name}: the table of line {section.line} is not 'Horodate;Valeur' alone. {USE_ORIGINAL}"
        )
    points: list[Point] = []
    rejects: list[Reject] = []
    torn = None
    for row in section.rows:
        cells = fitted(row.cells, 2)
        reason = _refusal(cells)
        is_torn = row.torn and len(row.cells) <= 2
        if cells is None or reason or (is_torn and not cells[1].strip()):
            rejects.append(Reject(row.line, TORN if is_torn else reason, row.shown))
            continue
        point = Point(cells[0].strip(), cells[1].strip(), line=row.line)
        if is_torn:
            torn = point  # the last figure may be half a figure
        else:
            points.append(point)
    step, notes = _stated_step(section.facts.get("pas en minutes", ""), [point.end for point in points])
    points = [replace(point, step=step) for point in points]
    until = day_of(section.facts.get("date de fin", ""))
    return curve(
        section.name,
        section.prm,
        flow,
        points=points,
        rejects=rejects,
        notes=notes,
        torn=torn and replace(torn, step=step),
        until=until,
    )


def _refusal(cells: list[str] | None) -> str:
    """Why a line is no point; empty when it is one."""
    if cells is None:
        return "not 'Horodate;Valeur'"
    label, watts = cells
    if label.strip()[:2] != "20" or LONG_NUMBER.search(label) or LONG_NUMBER.search(watts):
        return "not a time and a power"
    return ""


def _stated_step(minutes: str, labels: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """The step the header states, unless the labels say otherwise: it is one for the file, and steps change.

    None leaves the step of every point to be inferred from its neighbours.
    """
    if not minutes:
        return None, ()
    step = f"PT{minutes}M"
    seconds = parse_step(step)
    if seconds is None:
        return None, (f"the stated step 'Pas en minutes' {minutes[:10]!r} is none of a Linky; steps are inferred",)
    if set(infer_steps(_ends(labels))) - {None, seconds}:
        return None, (f"the stated step of {minutes} minutes is not that of every point; steps are inferred",)
    return step, ()


def _ends(labels: Sequence[str]) -> list[int]:
    ends = set()
    for label in labels:
        try:
            # Naive labels are compared with one another only, so any zone will do.
            ends.add(int(datetime.fromisoformat(label).timestamp()) * 1000)
        except (ValueError, OverflowError, OSError):
            continue
    return sorted(ends)


# --- daily totals ----------------------------------------------------------------------------------------------------

DAILY = "arrete quotidien"
REGISTER = {"consumption": re.compile(r"eas (t|f[0-9]{1,2})"), "production": re.compile(r"eai (t|f[0-9]{1,2})")}
INDEX = re.compile(r"[0-9]{1,12}")


def read_index(section: Section) -> Export:
    """The daily totals of a section. Raises `NothingToImport` where it has no register of its flow, or no index."""
    flow = section.flow("Wh")
    registers = {name: index for index, name in enumerate(section.columns) if REGISTER[flow].fullmatch(name)}
    if not registers:
        wanted = "EAI" if flow == "production" else "EAS"
        raise NothingToImport(
            f"{section.name}, line {section.line}: holds {section.topic} without the registers of {flow} "
            f"({wanted} F1 … {wanted} T). {ASK_INSTEAD}"
        )
    kind_at = section.columns.index("type de releve") if "type de releve" in section.columns else None
    indexes, others = Indexes(), 0
    for row in section.rows:
        others += _take(indexes, row, len(section.columns), registers, kind_at)
    if not indexes.readings and not indexes.totals.rejects:
        raise NothingToImport(f"{section.name}, line {section.line}: holds {section.topic}, and no index in it.")
    notes = (f"{others} readings of another kind than 'Arrêté quotidien' left out",) if others else ()
    return indexes.differences().export(section.name, section.prm, flow, notes)


def _take(indexes: Indexes, row: Row, width: int, registers: dict[str, int], kind_at: int | None) -> bool:
    """Keeps the reading of a row; whether it is one of another kind, which is not."""
    cells = fitted(row.cells, width)
    if row.torn and len(row.cells) <= width:
        indexes.reject(row.line, TORN, row.shown)
        return False
    if cells is None:
        indexes.reject(row.line, f"has {len(row.cells)} columns instead of {width}", row.shown)
        return False
    if kind_at is not None and plain(cells[kind_at]) != DAILY:
        indexes.totals.skipped += 1
        return True
    texts = {name: cells[index].strip() for name, index in registers.items() if cells[index].strip()}
    day = midnight_of(cells[0].strip())
    if day is None:
        indexes.reject(row.line, "not a midnight in France", row.shown)
    elif not texts:
        indexes.totals.skipped += 1
    elif not all(INDEX.fullmatch(text) for text in texts.values()):
        indexes.reject(row.line, "not an index in Wh", row.shown)
    else:
        indexes.add(row.line, day, {name: int(text) for name, text in texts.items()})
    return False


def read_daily(section: Section) -> Export:
    """Energy by day, `Date;Valeur (en Wh)`."""
    if section.columns != ["date", "valeur (en wh)"]:
        raise NothingToImport(f"{section.name}, line {section.line}: holds {section.topic}. {ASK_INSTEAD}")
    totals = Totals()
    for row in section.rows:
        day, figure = day_of(row.cells[0]), row.cells[1].strip() if len(row.cells) > 1 else ""
        if row.torn:
            totals.rejects.append(Reject(row.line, TORN, row.shown))
        elif day is None or not (figure == "" or INDEX.fullmatch(figure)):
            totals.rejects.append(Reject(row.line, "not a day and its energy in Wh", row.shown))
        elif figure:
            totals.add(row.line, day, int(figure))
        else:
            totals.skipped += 1
    return totals.export(section.name, section.prm, flow_of(section.kind))


READERS: dict[str, Callable[[Section], Export]] = {
    "courbe de charge": read_curve,
    "index": read_index,
    "consommation quotidienne": read_daily,
    "injection quotidienne": read_daily,
    "production quotidienne": read_daily,
}


# --- lines → sections ------------------------------------------------------------------------------------------------

PHYSICAL = {"energie active", "puissance active", "pa"}
CALENDAR_LINE = re.compile(r"Du\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table. `torn`: the file ends here, without a line end."""

    line: int
    cells: list[str]
    torn: bool

    @property
    def shown(self) -> str:
        return shown(";".join(self.cells))


@dataclass(slots=True)
class Section:
    """One table: `facts`: normalised name → text; `columns`: normalised names; `rows` in the file's order."""

    name: str
    line: int
    names: list[str]
    facts: dict[str, str] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    in_calendar: bool = False

    def take(self, row: Row) -> None:
        """Puts a line that is not blank and opens no section where it belongs."""
        first = "" if row.cells[0][:1].isdigit() else plain(row.cells[0])
        if not self.facts:
            self.facts = dict(zip(self.names, (cell.strip() for cell in row.cells), strict=False))
        elif first in ("horodate", "date") and not self.columns:
            self.columns = [plain(cell) for cell in row.cells]
            while not self.columns[-1]:
                self.columns.pop()
        elif first == "periode":
            self.in_calendar = True
        elif self.columns and not (self.in_calendar and CALENDAR_LINE.match(row.cells[0].strip())):
            self.rows.append(row)
        elif not self.columns:
            raise FileRefused(
                f"{self.name}, line {row.line}: a table that begins with 'Horodate' is expected here. {USE_ORIGINAL}"
            )

    @property
    def kind(self) -> str:
        return plain(self.facts.get("type de donnees", ""))

    @property
    def topic(self) -> str:
        """What the section says it holds, for messages."""
        if not self.facts:
            return "a header without content"
        names = ("type de donnees", "grandeur physique", "grandeur metier", "unite")
        topic = shown(", ".join(self.facts[name] for name in names if self.facts.get(name)))
        return topic if self.rows else f"{topic}, without a line"

    @property
    def prm(self) -> str:
        """As the section says it."""
        return prm_in(self.facts.get("identifiant prm", ""))

    def flow(self, unit: str) -> str:
        """The flow of active energy or power in `unit`. Raises `NothingToImport` for any other quantity."""
        flow = flow_of(self.facts.get("grandeur metier", ""))
        if plain(self.facts.get("grandeur physique", "")) in PHYSICAL and self.facts.get("unite") == unit and flow:
            return flow
        raise NothingToImport(
            f"{self.name}, line {self.line + 1}: holds {self.topic}, not the active energy or power of Consommation "
            f"or Production in {unit}. {ASK_INSTEAD}"
        )


def is_sectioned(header: list[str]) -> bool:
    """Whether the cells of the first line open a section: names alone, their facts follow."""
    # A line that begins with a digit holds a time or a PRM: nearly all do, and need no closer look.
    if header[0][:1].isdigit() or any(LONG_NUMBER.search(cell) for cell in header):
        return False
    return {"identifiant prm", "type de donnees"} <= {plain(cell) for cell in header}


def split_sections(name: str, text: Text, first: int) -> list[Section]:
    """The sections of a file, of which line index `first` opens the first one."""
    sections: list[Section] = []
    last = len(text.lines) - 1
    for index in range(first, len(text.lines)):
        cells = cells_of(text.lines[index], text.separator)
        if is_blank(cells):
            continue
        if is_sectioned(cells):
            sections.append(Section(name, index + 1, [plain(cell) for cell in cells]))
        else:
            sections[-1].take(Row(index + 1, cells, text.torn and index == last))
    return sections
