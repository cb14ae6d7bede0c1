"""The shape of `Enedis_Conso_Heure` and `_Jour`: sections, each with a line of names, a line of facts and a table.

One file can hold several: indexes are often followed by `Puissance maximale`, and by the supplier calendars
(`Periode …`, `Du … au …`), which are no readings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ....model.errors import FileRefused
from .export import ASK_INSTEAD, DOWNLOAD_AGAIN, NothingToImport, checked_prm, flow_of, plain, shown
from .text import Text, cells_of, is_blank

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
        elif first == "horodate" and not self.columns:
            self.columns = [plain(cell) for cell in row.cells]
            while not self.columns[-1]:
                self.columns.pop()
        elif first == "periode":
            self.in_calendar = True
        elif self.columns and not (self.in_calendar and CALENDAR_LINE.match(row.cells[0].strip())):
            self.rows.append(row)
        elif not self.columns:
            raise FileRefused(
                f"{self.name}, line {row.line}: a table that begins with 'Horodate' is expected here. {DOWNLOAD_AGAIN}"
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

    def prm(self) -> str:
        """Raises `FileRefused` when it has not 14 digits."""
        return checked_prm(self.name, self.line + 1, self.facts.get("identifiant prm", ""))

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
    """Whether the cells of the first line open a section."""
    # A line that begins with a digit holds a time or a PRM: nearly all do, and need no closer look.
    return not header[0][:1].isdigit() and {"identifiant prm", "type de donnees"} <= {plain(cell) for cell in header}


def split_sections(name: str, text: Text, first: int) -> list[Section]:
    """The sections of a file, of which line index `first` opens the first one."""
    sections: list[Section] = []
    last = len(text.lines) - 1
    for index in range(first, len(text.lines)):
        cells = cells_of(text.lines[index])
        if is_blank(cells):
            continue
        if is_sectioned(cells):
            sections.append(Section(name, index + 1, [plain(cell) for cell in cells]))
        else:
            sections[-1].take(Row(index + 1, cells, text.torn and index == last))
    return sections
