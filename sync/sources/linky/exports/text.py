"""Bytes → lines, cells, labels and figures as text: what the forms of CSV have in common.

Times and figures are ASCII, so no encoding that letters are written in can change them: UTF-8, UTF-16 and Windows-1252
are read as they come.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from ....model.errors import FileRefused
from .export import LONG_NUMBER, NothingToImport, not_an_export, plain, shown

BYTE_ORDER_MARKS = (  # UTF-32 first: its mark begins with the one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
HEAD = 4096
MOST_LINES = 700_000  # some of them may end by two letters
BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True)
class Text:
    """Lines without their ends; line n of the file is `lines[n - 1]`. torn: the last one has no line end, and nothing
    says that the file is whole; separator: of the cells."""

    lines: list[str]
    torn: bool
    separator: str = ";"

    def cells(self, index: int) -> list[str]:
        return cells_of(self.lines[index], self.separator)


def text_of(name: str, content: bytes, is_whole: bool = False) -> Text:
    """The lines of a CSV export. is_whole: a checksum says so. Raises `FileRefused` when it is empty or no text."""
    if not content.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise NothingToImport(f"{name} is empty.")
    decoded = _decoded(content)
    if BINARY.search(decoded[:HEAD]):
        raise not_an_export(name)
    if decoded.count("\n") + decoded.count("\r") > MOST_LINES:
        raise FileRefused(f"{name} has more than {MOST_LINES:,} lines. Import it in parts.")
    lines = decoded.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ended = lines[-1] == ""
    lines = lines[:-1] if ended else lines
    head = "".join(lines[:20])
    separator = ";" if ";" in head else "\t" if "\t" in head else ","
    return Text(lines, not ended and not is_whole, separator)


def _decoded(content: bytes) -> str:
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    zeros = content[:HEAD].count(0)
    if zeros > len(content[:HEAD]) // 3:  # UTF-16 without a mark: every other byte is zero
        return content.decode("utf-16-le" if content[1] == 0 else "utf-16-be", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and b"\n" in content:
            return content[: error.start].decode("utf-8-sig")  # cut off inside a letter
        return content.decode("cp1252", "replace")


def cells_of(line: str, separator: str = ";") -> list[str]:
    """The cells of one line: a stray quote must not swallow the lines after it as a CSV reader's does."""
    if '"' not in line:
        return line.split(separator)
    if line.count('"') % 2:
        return line.replace('"', "").split(separator)
    return next(csv.reader([line.replace('="', '"')], delimiter=separator, skipinitialspace=True))


def fitted(cells: list[str], width: int) -> list[str] | None:
    """A row of exactly `width` cells: empty ones behind (stray `;`) are dropped, any other length is None."""
    if len(cells) == width:
        return cells
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        return cells[:width]
    return None


def is_blank(cells: Iterable[str]) -> bool:
    """Whether a row says nothing."""
    return not any(cell.strip() for cell in cells)


# --- labels ----------------------------------------------------------------------------------------------------------

ISO_TIME = re.compile(r"(20\d\d-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.0+)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
FRENCH_TIME = re.compile(r"(\d\d)/(\d\d)/(20\d\d)[T ]+(\d\d?:\d\d)(:\d\d)?", re.ASCII)
FRENCH_DAY = re.compile(r"(\d\d)/(\d\d)/(20\d\d)", re.ASCII)
ISO_DAY = re.compile(r"20\d\d-\d\d-\d\d", re.ASCII)
CLOCK = re.compile(r"\d\d?:\d\d(:\d\d)?", re.ASCII)


def label_of(text: str) -> str:
    """`2024-01-08T00:30`, `08/01/2024 00:30` → `2024-01-08 00:30:00`; any other text is judged with the points."""
    text = text.strip()
    if found := ISO_TIME.fullmatch(text):
        return f"{found[1]} {found[2]}{found[3] or ':00'}{found[4] or ''}"
    if found := FRENCH_TIME.fullmatch(text):
        return f"{found[3]}-{found[2]}-{found[1]} {found[4]:0>5}{found[5] or ':00'}"
    return LONG_NUMBER.sub("?", shown(text, 40))


def day_of(text: str) -> date | None:
    """`2024-01-08`, `08/01/2024`, or the midnight at which that day begins."""
    text = text.strip().removesuffix(" 00:00:00").removesuffix("T00:00:00")
    french = FRENCH_DAY.fullmatch(text)
    try:
        if french:
            return date(int(french[3]), int(french[2]), int(french[1]))
        return date.fromisoformat(text) if ISO_DAY.fullmatch(text) else None
    except ValueError:
        return None


def clock_label(day: str, clock: str, closes_day: bool) -> str:
    """A day and a time of it in cells of their own as one label. closes_day: midnight is that at the day's end."""
    found = day_of(day)
    if found is None or not CLOCK.fullmatch(clock.strip()):
        return LONG_NUMBER.sub("?", shown(f"{day} {clock}", 40))
    hour, minute, second = [int(part) for part in [*clock.strip().split(":"), "0"][:3]]
    if hour > 23 or minute > 59 or second > 59:
        return shown(f"{day} {clock}", 40)
    moment = datetime(found.year, found.month, found.day, hour, minute, second)  # noqa: DTZ001 - a wall clock
    return (moment + timedelta(days=closes_day and (hour, minute, second) == (0, 0, 0))).isoformat(" ")


# --- figures ---------------------------------------------------------------------------------------------------------

FIGURE = re.compile(r"([0-9]{1,9}(?:[.,][0-9]{1,9})?)\s*(kwh|wh|kw|w)?", re.IGNORECASE)
ABSENT = ("", "na", "n/a", "null", "none", "nan", "-", "--")
UNITS = {"kw": (1000, False), "w": (1, False), "kwh": (1000, True), "wh": (1, True)}
"""Factor to W or Wh, and whether it is an energy."""
COARSEST_W, COARSEST_WH = 10, 1000
"""Forms with fewer decimals are not known: kW of which none has two is taken for one with two."""


def is_absent(text: str) -> bool:
    """Whether a cell says that there is no value."""
    return plain(text) in ABSENT


def figure_of(text: str, factor: int) -> tuple[str | None, str]:
    """A figure times `factor` exactly as it is written, and the unit beside it: `0,692` kW → `692`. None for one that
    is missing; what is no figure comes back with a mark that no figure has."""
    if is_absent(text):
        return None, ""
    bare = text.strip().replace("\u202f", "").replace("\xa0", "")
    found = FIGURE.fullmatch(bare)
    if found is None:
        return f"{shown(bare, 40)} ?", ""
    exact = format(Decimal(found[1].replace(",", ".")) * factor, "f")
    return (exact.rstrip("0").rstrip(".") if "." in exact else exact), (found[2] or "").lower()


def decimals_of(texts: Iterable[str]) -> int:
    """The most decimals that any of the figures is written with."""
    found = (FIGURE.fullmatch(text.strip()) for text in texts)
    figures = [each[1].replace(",", ".") for each in found if each]
    return max((len(figure.partition(".")[2]) for figure in figures), default=0)


def resolution_of(decimals: int, factor: int, coarsest: int) -> int:
    """To within how much figures with so many decimals are known, after `factor`: kW with two are known to 10 W.

    A form that drops zeros at the end has some with fewer by chance; with none finer, that is all that can be said.
    """
    powers = (1, 10, 100, 1000)
    return min(coarsest, max(1, factor // powers[min(decimals, 3)]))


def names_of(cells: Sequence[str]) -> list[str]:
    """The cells of a header, normalised, without empty ones at the end."""
    names = [plain(cell) for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names
