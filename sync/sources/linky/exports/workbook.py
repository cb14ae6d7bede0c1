"""Workbooks → sheets with a table: which cells are its header, what stands above it, which rows follow."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import pairwise
from typing import Any

from ....model.errors import FileRefused
from .export import DOWNLOAD_AGAIN, plain, shown

MOST_ROWS, MOST_COLUMNS = 1_048_576, 32
"""The most rows a sheet can have (the file may claim more), and more columns than any export uses."""
UNIT = re.compile(r"valeur.*?\(en (\w+)\)")
HEADERS = {"curve": ("debut", "fin", "valeur"), "totals": ("date", "valeur")}


@dataclass(slots=True)
class Sheet:
    """A sheet, its table if it has one, and what stands above it.

    kind: "curve" or "totals", empty without a table; header: column by name; unit: of the column `valeur`; facts:
    normalised name → text of the cell next to it; rows: (row number, cells of that row), rows without content left out.
    """

    name: str
    title: str
    kind: str = ""
    header: dict[str, int] = field(default_factory=dict)
    unit: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[int, Sequence[Any]]] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"{self.name}, sheet {shown(self.title, 40)!r}"


def read_sheets(name: str, content: bytes) -> list[Sheet]:
    """Every sheet of a workbook. Raises `FileRefused` when it is damaged."""
    import openpyxl  # noqa: PLC0415 - a tenth of a second that no other form needs

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl's remarks on styles are nothing for the user
            workbook = openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=True)
            return [_sheet(name, sheet) for sheet in workbook.worksheets]
    except Exception as error:  # a damaged workbook raises whatever its XML parser, zlib or openpyxl happen to
        cause = shown(str(error), 60) or type(error).__name__
        raise FileRefused(f"{name} is damaged or cut off ({cause}). {DOWNLOAD_AGAIN}") from error


def _sheet(name: str, source: Any) -> Sheet:
    sheet = Sheet(name, source.title)
    rows = source.iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS, values_only=True)
    for number, cells in enumerate(rows, start=1):
        if all(cell is None for cell in cells):
            continue
        if sheet.kind:
            sheet.rows.append((number, cells))
        else:
            texts = [plain(cell) if isinstance(cell, str) else "" for cell in cells]
            _find_header(sheet, texts)
            _collect_facts(sheet.facts, texts, cells)
    return sheet


def _find_header(sheet: Sheet, texts: Sequence[str]) -> None:
    """Takes a row for the header of the table if it names all its columns; `Valeur (en kW)` also tells the unit."""
    header = {text: index for index, text in enumerate(texts) if text in ("debut", "fin", "date")}
    units = [(index, found[1]) for index, found in enumerate(map(UNIT.fullmatch, texts)) if found]
    if len(units) != 1:
        return
    header["valeur"], unit = units[0]
    for kind, columns in HEADERS.items():
        if set(columns) <= header.keys():
            sheet.kind, sheet.header, sheet.unit = kind, header, unit
            return


def _collect_facts(facts: dict[str, str], texts: Sequence[str], cells: Sequence[Any]) -> None:
    """`Grandeur physique :` in one cell, what it is in the next one that is filled."""
    filled = [index for index, cell in enumerate(cells) if cell is not None]
    for index, following in pairwise(filled):
        cell = cells[following]
        whole = isinstance(cell, float) and cell.is_integer()
        facts.setdefault(texts[index], str(int(cell) if whole else cell).strip())
