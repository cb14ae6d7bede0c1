"""What an export file holds, the ways to refuse one, and the wording both share.

Nothing here or in the readers stores or judges a reading: points go to `curve_from_points` as they stand in the file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from ....model.errors import FileRefused
from ....model.readings import mask
from ..points import Point, Reject

PRM = re.compile(r"[0-9]{14}")
LONG_NUMBER = re.compile(r"[0-9]{10,}")
LARGEST_DAY_WH = 900_000
"""36 kVA, the strongest contract a Linky serves, over the longest local day of 25 hours."""

ASK_INSTEAD = "Ask Enedis for the hourly load curve (courbe de charge) instead."
KNOWN = (
    "Known are the load curve (courbe de charge) as R63 or Enedis_Conso_Heure .csv, the .xlsx of the Enedis site "
    "(hourly or daily) and Enedis_Conso_Jour .csv, each as it is, as .gz or in a .zip."
)
DOWNLOAD_AGAIN = "Download it again from your Enedis account and import it without opening it in a spreadsheet first."


class NotAnExport(FileRefused):
    """The content is nothing this package knows."""


class NothingToImport(FileRefused):
    """An export of Enedis, but of another quantity or without a single line: beside others in a ZIP it is left out."""


@dataclass(frozen=True, slots=True)
class Export:
    """What one file, or one member of an archive, holds for one flow.

    name: file name or "archive.zip/member.csv", for messages: a PRM in it is masked; prm: 14 digits;
    flow: "consumption" or "production"; kind: "curve" or "totals"; points: of a curve, in the file's order, `line` is
    the line or row in the file; totals: local day (Europe/Paris) → Wh; rejects: lines that are no point or total at
    all; lines = points + totals + rejects + skipped, where skipped are lines that hold nothing by design: an index
    reading without the one of the day before or of another kind, an absent (NA, empty) total, a repetition;
    notes: what was left out and why, for people.
    """

    name: str
    prm: str = field(repr=False)
    flow: str
    kind: str
    points: tuple[Point, ...] = field(default=(), repr=False)
    totals: Mapping[date, int] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    rejects: tuple[Reject, ...] = ()
    lines: int = 0
    skipped: int = 0
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Totals:
    """Daily totals on their way to an `Export`: days that contradict themselves end up in `rejects`."""

    wh: dict[date, int] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    skipped: int = 0

    def add(self, line: int, day: date, wh: int) -> None:
        """Takes the total of a day, or refuses one that no Linky can reach."""
        if 0 <= wh <= LARGEST_DAY_WH:
            self.wh[day] = wh
        else:
            self.rejects.append(Reject(line, "not the energy of one day", f"{day} = {wh} Wh"))

    def export(self, name: str, prm: str, flow: str, notes: tuple[str, ...] = ()) -> Export:
        rejects = tuple(sorted(self.rejects, key=lambda reject: reject.line))
        lines = len(self.wh) + len(rejects) + self.skipped
        totals = MappingProxyType(dict(sorted(self.wh.items())))
        return Export(name, prm, flow, "totals", (), totals, rejects, lines, self.skipped, notes)


def curve(
    name: str, prm: str, flow: str, *, points: list[Point], rejects: list[Reject], notes: tuple[str, ...] = ()
) -> Export:
    """An `Export` of a load curve: every line is a point or a reject."""
    ordered = tuple(sorted(rejects, key=lambda reject: reject.line))
    lines = len(points) + len(rejects)
    return Export(name, prm, flow, "curve", tuple(points), rejects=ordered, lines=lines, notes=notes)


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


def checked_prm(name: str, line: int, text: str) -> str:
    """A PRM of 14 digits, spaces taken out. Raises `FileRefused` for anything else."""
    prm = "".join(text.split())
    if not PRM.fullmatch(prm):
        found = f"{len(prm)} digits" if prm.isdecimal() else f"{shown(prm, 20)!r}"
        raise FileRefused(f"{name}, line {line}: a PRM has 14 digits, here it is {found}. {DOWNLOAD_AGAIN}")
    return prm


def mixed_prms(name: str, line: int, one: str, other: str) -> FileRefused:
    """The error of a file that holds two meters."""
    return FileRefused(
        f"{name}, line {line}: holds more than one meter (PRM {mask(one)} and {mask(other)}). "
        "Nothing of it was imported: use one file per PRM."
    )


def flow_of(text: str) -> str | None:
    """`CONS`, `Consommation horaire` → consumption, `PROD`, `Production Quotidienne` → production."""
    word = plain(text)
    if word == "cons" or word.startswith("consommation"):
        return "consumption"
    if word == "prod" or word.startswith("production"):
        return "production"
    return None
