"""Bytes of a CSV export → lines. Enedis writes UTF-8, with or without a byte order mark; nothing else is guessed at."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from ....model.errors import FileRefused
from .export import DOWNLOAD_AGAIN, KNOWN, NotAnExport

BYTE_ORDER_MARKS = (  # UTF-32 first: its mark begins with the one of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
HEAD = 4096


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
