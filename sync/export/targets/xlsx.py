"""`FILE.xlsx`: a sheet `readings`, and another one each million rows, which is what a sheet holds."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator
from itertools import islice, repeat, zip_longest
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.cell import WriteOnlyCell

from ...model.columns import TIME, VALUES, Block
from ...model.errors import FileRefused
from ...sources.exported import ROWS, Rows, rows_of
from .. import texts
from .files import FileTarget

MOST = 1_000_000  # rows of a sheet; Excel ends at 1,048,576


class Export(FileTarget):
    """A row a reading."""

    def begin(self) -> None:
        """A book that is written row by row."""
        self._book = openpyxl.Workbook(write_only=True)
        self._left = 0

    def write(self, block: Block) -> None:
        """Numbers are numbers; instants are texts in ISO 8601, as a sheet knows no zone."""
        own, count = block.series, len(block)
        starts = (text.split(" ")[:2] for text in texts.heads(block, "", " ", " "))
        values = [_cells(block, name) for name in block.values]
        flags = (block.flags.get(index) for index in range(count))
        names = [repeat(text or None, count) for text in (own.source, own.id, own.flow, own.group)]
        for row in zip(*names, starts, block.seconds.tolist(), *values, flags, strict=True):
            self._append([*row[:4], *row[4], *row[5:]])

    def _append(self, row: Iterable[Any]) -> None:
        if not self._left:
            self._sheet = self._book.create_sheet("readings" if not self._book.sheetnames else None)
            self._sheet.append(self.columns)
            self._left = MOST
        self._sheet.append([self._text(cell) if isinstance(cell, str) else cell for cell in row])
        self._left -= 1

    def _text(self, text: str) -> Any:
        """Never taken for a formula."""
        if not text.startswith("="):
            return text
        cell = WriteOnlyCell(self._sheet, text)
        cell.data_type = "s"
        return cell

    def end(self) -> None:
        """The book."""
        with os.fdopen(self.stream(), "wb") as file:
            self._book.save(file)

    def rows(self) -> Iterator[Rows]:
        """Read back, sheet by sheet."""
        try:
            book = openpyxl.load_workbook(self.part.open("rb"), read_only=True)
        except (zipfile.BadZipFile, KeyError, OSError) as error:
            raise FileRefused(f"no workbook: {error}") from None
        for sheet in book.worksheets:
            lines = sheet.iter_rows(values_only=True)
            names = list(next(lines, ()))
            while some := list(islice(lines, ROWS)):
                columns = dict(zip(names, zip_longest(*some), strict=False))
                yield rows_of(pd.DataFrame(columns, dtype=object), 2)
        book.close()


def _cells(block: Block, name: str) -> Iterator[Any]:
    gone = block.absent[name].tolist() if name in block.absent else repeat(False)
    own = texts.values(block, name) if VALUES[name].kind == TIME else block.values[name].tolist()
    return (None if absent else value for value, absent in zip(own, gone, strict=False))
