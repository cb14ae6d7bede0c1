"""R63: the load curve Enedis sends on request as CSV, one line per point with its own step, quality and PRM.

Labels are Paris wall-clock text without offset, or ISO 8601 with one; columns are found by name, not by position.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from ....model.errors import FileRefused
from ..points import Point, Reject
from .export import (
    ASK_INSTEAD,
    DOWNLOAD_AGAIN,
    LONG_NUMBER,
    PRM,
    Export,
    NothingToImport,
    Text,
    cells_of,
    checked_prm,
    curve,
    fitted,
    flow_of,
    is_blank,
    mixed_prms,
    plain,
    shown,
)

NEEDED = ("identifiant prm", "grandeur physique", "grandeur metier", "unite", "horodate", "valeur")
OPTIONAL = ("pas", "nature", "indice de vraisemblance", "etat complementaire")


def is_r63(header: list[str]) -> bool:
    """Whether the cells of the first line are those of an R63 file."""
    names = {plain(cell) for cell in header}
    return {"identifiant prm", "horodate"} <= names


def read_r63(name: str, text: Text, first: int) -> list[Export]:
    """The load curve of a file, one `Export` per flow in it. `first`: index of the header line.

    Raises `FileRefused` for several PRMs or for another quantity than active power in W.
    """
    header = [plain(cell) for cell in cells_of(text.lines[first])]
    while header and not header[-1]:
        header.pop()
    missing = [column for column in NEEDED if column not in header]
    if missing:
        raise FileRefused(f"{name}, line {first + 1}: the column {missing[0]!r} is missing. {DOWNLOAD_AGAIN}")
    reading = _Reading(name, header)
    for index in range(first + 1, len(text.lines)):
        reading.take(index + 1, text.lines[index], text.torn and index == len(text.lines) - 1)
    return reading.exports()


@dataclass(slots=True)
class _Reading:
    """A file while it is read."""

    name: str
    header: list[str]
    prm: str | None = None
    bad_prm: tuple[int, str] | None = None
    points: dict[str, list[Point]] = field(default_factory=lambda: defaultdict(list))
    rejects: list[Reject] = field(default_factory=list)
    flows: dict[tuple[str, str, str], str] = field(default_factory=dict)
    columns: tuple[int, ...] = ()
    optional: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.columns = tuple(self.header.index(column) for column in NEEDED)
        # A missing optional column points at the empty cell that `take` puts behind every row.
        width = len(self.header)
        self.optional = tuple(self.header.index(column) if column in self.header else width for column in OPTIONAL)

    def take(self, line: int, text: str, torn: bool) -> None:
        """One line: a point, a reject, or nothing (blank, or the header again where files were joined)."""
        cells = cells_of(text)
        row = fitted(cells, len(self.header))
        prm_at, physical, trade, unit, label, power = self.columns
        if row is None or (torn and len(cells) <= power + 1):
            # Without a line end the last figure may be half a figure: it is never taken for a power.
            if not is_blank(cells):
                wanted = f"has {len(cells)} columns instead of {len(self.header)}"
                self._reject(line, "the file ends in the middle of this line" if torn else wanted, text)
            return
        if row[prm_at] != self.prm and not self._known_prm(line, row[prm_at], row, text):
            return
        quantity = (row[physical], row[trade], row[unit])
        flow = self.flows.get(quantity) or self._flow(line, quantity)
        end, watts = row[label].strip(), row[power].strip()
        if end[:2] != "20" or LONG_NUMBER.search(end) or LONG_NUMBER.search(watts):
            # A PRM in the wrong column would be repeated by later messages.
            self._reject(line, "not a time and a power", text)
            return
        row.append("")
        step, nature, iv, ec = [row[index].strip() or None for index in self.optional]
        self.points[flow].append(Point(end, watts, step, nature, iv, ec, None, line))

    def _known_prm(self, line: int, text: str, row: list[str], whole: str) -> bool:
        """The PRM of a row: the file's own, or the row is blank, a header, or rejected."""
        prm = "".join(text.split())
        if PRM.fullmatch(prm):
            if self.prm is not None and prm != self.prm:
                raise mixed_prms(self.name, line, self.prm, prm)
            self.prm = prm
            return True
        if not is_blank(row) and plain(text) != NEEDED[0]:
            self.bad_prm = self.bad_prm or (line, text)
            self._reject(line, "no PRM of 14 digits", whole)
        return False

    def _flow(self, line: int, quantity: tuple[str, str, str]) -> str:
        physical, trade, unit = quantity
        flow = flow_of(trade)
        if plain(physical) != "pa" or unit.strip() != "W" or flow is None:
            found = ", ".join(shown(cell, 20) for cell in quantity)
            refusal = FileRefused if self.points else NothingToImport
            raise refusal(
                f"{self.name}, line {line}: holds {found}, not the active power (PA, CONS or PROD, W). {ASK_INSTEAD}"
            )
        self.flows[quantity] = flow
        return flow

    def _reject(self, line: int, reason: str, text: str) -> None:
        self.rejects.append(Reject(line, reason, shown(text)))

    def exports(self) -> list[Export]:
        if self.bad_prm and self.prm is None:
            checked_prm(self.name, *self.bad_prm)
        if not self.points and not self.rejects:
            raise NothingToImport(f"{self.name} holds a header but no reading. {ASK_INSTEAD}")
        if self.prm is None or not self.points:
            raise FileRefused(f"{self.name}: not one of its lines can be read ({self.rejects[0]}). {DOWNLOAD_AGAIN}")
        # A line that cannot be read names no flow: it is counted once, with the first.
        first, *others = self.points.items()
        exports = [curve(self.name, self.prm, first[0], points=first[1], rejects=self.rejects)]
        return exports + [curve(self.name, self.prm, flow, points=points, rejects=[]) for flow, points in others]
