"""What an export holds, the ways to refuse one, and what its words mean.

Nothing here or in the readers stores or judges a reading: points go to `curve_from_points` as they stand in the file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from ....model.errors import FileRefused
from ....model.readings import mask
from ....model.resolution import Total
from ..points import EXACT, Digits, Point, Reject

LONG_NUMBER = re.compile(r"[0-9]{10,}")
LARGEST_DAY_WH = 900_000
"""36 kVA, the strongest contract a Linky serves, over the longest local day of 25 hours."""

ASK_INSTEAD = (
    "Wanted is the load curve (courbe de charge): from the Enedis site as the weekly workbook or by Conso Downloader, "
    "or from the gateway: python -m sync backfill."
)
KNOWN = (
    "Known are load curves and daily totals as written by Enedis (R63, R64, Enedis_Conso_…, Enedis_Prod_…, the .xlsx "
    "of its site), Conso Downloader, EDF, TotalEnergies, Strasbourg, the gateway (.json), MyElectricalData (cache.db)."
)
USE_ORIGINAL = (
    "Use the file as it was downloaded; where that is gone, the gateway still has two years: python -m sync backfill."
)


class NotAnExport(FileRefused):
    """The content is nothing this package knows."""


class NothingToImport(FileRefused):
    """An export, but of another quantity, another meter or without a single value: beside others it is left out."""


def not_an_export(name: str, why: str = "") -> NotAnExport:
    """The error of a content that is nothing known."""
    return NotAnExport(f"{name} is of no form that is known here{why}. {KNOWN} {ASK_INSTEAD}")


@dataclass(frozen=True, slots=True)
class Export:
    """What one file, or one member of an archive, holds of one meter and flow.

    name: file name or "archive.zip/member.csv", for messages: a PRM in it is masked; prm: as the file says it, empty
    where it does not; flow: "consumption", "production" or, where the file does not say, empty; kind: "curve" or
    "totals"; points: of a curve, in the file's order, `line` is the line or row in the file; totals: local day
    (Europe/Paris) → Wh; rejects: lines that are no point or total at all; lines = points + totals + rejects + skipped,
    where skipped are lines that hold nothing by design: an index reading without the one of the day before or of
    another kind, an absent (NA, empty) total, a repetition; notes: what was left out and why, for people; digits: how
    finely the values of a curve are given; torn: the point of a last line without an end, refused (as the last of
    `rejects`) unless something vouches that it is whole; until: the day at whose midnight the file says that it ends.
    """

    name: str
    prm: str = field(repr=False)
    flow: str
    kind: str
    points: tuple[Point, ...] = field(default=(), repr=False)
    totals: Mapping[date, Total] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    rejects: tuple[Reject, ...] = ()
    lines: int = 0
    skipped: int = 0
    notes: tuple[str, ...] = ()
    digits: Digits = EXACT
    torn: Point | None = field(default=None, repr=False)
    until: date | None = None


@dataclass(slots=True)
class Totals:
    """Daily totals on their way to an `Export`: days that contradict themselves end up in `rejects`."""

    wh: dict[date, int] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    skipped: int = 0
    _seen: dict[date, int] = field(default_factory=dict)

    def add(self, line: int, day: date, wh: int) -> None:
        """Takes the total of a day, or refuses one that no Linky can reach, and both of two that differ."""
        text = f"{day} = {wh} Wh"
        if not 0 <= wh <= LARGEST_DAY_WH:
            self.rejects.append(Reject(line, "not the energy of one day", text))
        elif self.wh.get(day) == wh:
            self.skipped += 1
        elif day in self._seen:
            if self.wh.pop(day, None) is not None:
                self.rejects.append(Reject(self._seen[day], "two totals for one day", f"{day}, see line {line}"))
            self.rejects.append(Reject(line, "two totals for one day", text))
        else:
            self.wh[day], self._seen[day] = wh, line

    def export(self, name: str, prm: str, flow: str, notes: tuple[str, ...] = (), resolution: int = 1) -> Export:
        rejects = tuple(sorted(self.rejects, key=lambda reject: reject.line))
        lines = len(self.wh) + len(rejects) + self.skipped
        totals = MappingProxyType({day: Total(wh, resolution) for day, wh in sorted(self.wh.items())})
        return Export(name, prm, flow, "totals", (), totals, rejects, lines, self.skipped, notes)


def curve(
    name: str,
    prm: str,
    flow: str,
    *,
    points: Sequence[Point],
    rejects: Iterable[Reject] = (),
    notes: tuple[str, ...] = (),
    digits: Digits = EXACT,
    torn: Point | None = None,
    until: date | None = None,
) -> Export:
    """An `Export` of a load curve: every line is a point or a reject. Raises `NothingToImport` without any value."""
    refused = sorted(rejects, key=lambda reject: reject.line)
    if torn:
        refused.append(Reject(torn.line, TORN, shown(f"{torn.end} = {torn.value}")))
    elif points and not refused and not any(point.value for point in points):
        raise NothingToImport(f"{name} holds {len(points):,} times and not one value.")
    lines = len(points) + len(refused)
    return Export(
        name,
        prm,
        flow,
        "curve",
        tuple(points),
        rejects=tuple(refused),
        lines=lines,
        notes=notes,
        digits=digits,
        torn=torn,
        until=until,
    )


TORN = "the file ends in the middle of this line"


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Header names and words as Enedis spells them here and there: `Grandeur métier :` → `grandeur metier`."""
    letters = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(bare.casefold().replace("\ufeff", "").replace("’", "'").rstrip(": \t\xa0").split())


def shown(text: str, length: int = 120) -> str:
    """Text of a file for a message: one line, no whole PRM, not endless. File names hold PRMs too."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text[: 4 * length])
    masked = LONG_NUMBER.sub(lambda found: mask(found[0]), clean)
    return masked if len(masked) <= length else masked[: length - 1] + "…"


def prm_in(text: str) -> str:
    """A PRM as a cell says it, without what spreadsheets put around it."""
    return "".join(text.split()).strip("'\"=")


def flow_of(text: str) -> str:
    """`CONS`, `Consommation horaire` → consumption, `PROD`, `Injection quotidienne` → production, else nothing."""
    word = plain(text)
    if word == "cons" or word.startswith(("consommation", "soutirage")):
        return "consumption"
    if word == "prod" or word.startswith(("production", "injection")):
        return "production"
    return ""
