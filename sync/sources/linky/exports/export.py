"""What an export file holds, the ways to refuse one, and how its text is read.

Nothing here or in the readers stores or judges a reading: points go to `curve_from_points` as they stand in the file.
Enedis writes UTF-8, with or without a byte order mark; nothing else is guessed at.
"""

from __future__ import annotations

import codecs
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


# --- bytes → lines ---------------------------------------------------------------------------------------------------

BYTE_ORDER_MARKS = (  # UTF-32 first: its mark begins with the one of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
HEAD = 4096
MOST_LINES = 700_000  # some of them may end by two letters


@dataclass(frozen=True, slots=True)
class Text:
    """Lines without their ends; line n of the file is `lines[n - 1]`. `torn`: the last one has no line end."""

    lines: list[str]
    torn: bool


def text_of(name: str, content: bytes) -> Text:
    """The lines of a CSV export. Raises `FileRefused` when it is empty, not text, or in another encoding."""
    if not content.strip(b"\xef\xbb\xbf \t\r\n\x00"):
        raise FileRefused(f"{name} is empty. {DOWNLOAD_AGAIN}")
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            raise _other_encoding(name, encoding)
    head = content[:HEAD]
    if b"\0" in head:
        # Text in UTF-16 without a mark: every other byte is zero.
        if b"P\0R\0M" in head:
            raise _other_encoding(name, "UTF-16LE" if head[1] == 0 else "UTF-16BE")
        raise NotAnExport(f"{name} is not an Enedis export. {KNOWN}")
    if content.count(b"\n") + content.count(b"\r") > MOST_LINES:
        raise FileRefused(f"{name} has more than {MOST_LINES:,} lines. Import it in parts.")
    decoded = _decode(name, content)
    lines = decoded.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    torn = lines[-1] != ""
    return Text(lines if torn else lines[:-1], torn)


def _decode(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and b"\n" in content:
            # Cut off inside a letter: the torn last line is counted where the lines are read.
            return content[: error.start].decode("utf-8-sig")
        if b"PRM" not in content[:HEAD]:
            raise NotAnExport(f"{name} is not an Enedis export. {KNOWN}") from None
        place = content.count(b"\n", 0, error.start) + 1
        raise _other_encoding(name, "WINDOWS-1252", f" (line {place})") from None


def _other_encoding(name: str, encoding: str, place: str = "") -> FileRefused:
    said = "Windows-1252 (or Latin-1)" if encoding == "WINDOWS-1252" else encoding
    return FileRefused(
        f"{name} is not UTF-8 but probably {said}{place}, so it was saved by another program. Download it again, or "
        f"convert it: iconv -f {encoding} -t UTF-8 FILE > FILE-utf8.csv"
    )


def cells_of(line: str) -> list[str]:
    """The cells of a line, split by hand: a stray quote must not swallow the lines after it as a CSV reader's does."""
    cells = line.split(";")
    if '"' in line:
        cells = [cell.strip().strip('"') for cell in cells]
    return cells


def fitted(cells: list[str], width: int) -> list[str] | None:
    """A row of exactly `width` cells: empty ones behind (stray `;`) are dropped, any other length is None."""
    if len(cells) == width:
        return cells
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        return cells[:width]
    return None


def is_blank(cells: list[str]) -> bool:
    """Whether a row says nothing."""
    return not any(cell.strip() for cell in cells)


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
