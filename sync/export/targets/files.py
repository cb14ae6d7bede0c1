"""What the targets that are files have in common: written beside, read back and summed, then put in place at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...model.columns import INTEGER, VALUES, Block, Mask, Sums, names_of
from ...model.errors import FileRefused
from ...model.unfinished import Unfinished
from ...sources.exported import Rows, read_rows
from ..read import Choice
from . import ExportError


class FileTarget(Unfinished):
    """A subclass says how a block becomes bytes: `begin`, `write`, `end`, and `rows` where its form is not imported."""

    scratch: Path | None = None

    def __init__(self, address: str) -> None:
        super().__init__(Path(address).expanduser())
        self.columns: tuple[str, ...] = ()
        self.fields: tuple[str, ...] = ()

    def open(self, choice: Choice) -> None:
        """Begin the file that is written beside; one that an earlier run has left is begun anew."""
        self.fields = tuple(choice.fields)
        self.columns = names_of(self.fields)
        try:
            self.claim()
        except BlockingIOError:
            raise ExportError(f"another export is writing {self.shown}: wait for its end") from None
        self.begin()

    def begin(self) -> None:
        """The head of the file."""

    def write(self, block: Block) -> None:
        """A block behind the others."""
        raise NotImplementedError

    def flush(self) -> None:
        """A file is there when it is finished."""
        raise NotImplementedError

    def end(self) -> None:
        """What stands behind the last block."""

    def finish(self, read: Sums) -> None:
        """Count and sum the file as it lies on the disk, then give it its name."""
        self.end()
        self.sync()
        try:
            there = self.sums()
        except FileRefused as error:
            raise ExportError(f"{self.shown} could not be read back: {error}") from None
        if wrong := read.differences(there):
            raise ExportError(f"{self.shown} was not written as it was read: {wrong}; nothing is kept of it")
        self.keep()

    def sums(self) -> Sums:
        """What the file holds, counted and summed."""
        there = Sums()
        for rows in self.rows():
            add_rows(there, rows, self.fields)
        return there

    def rows(self) -> Iterator[Rows]:
        """What the file holds, read from the disk."""
        return read_rows(self.part)


def add_rows(there: Sums, rows: Rows, fields: tuple[str, ...]) -> None:
    """Rows that were read back into a sum."""
    values: dict[str, tuple[NDArray[Any], Mask | None]] = {}
    for name in fields:
        if name not in rows.values:
            nothing = np.zeros(len(rows.start), bool)
            values[name] = (np.zeros(len(rows.start)), nothing)
            continue
        own = rows.values[name]
        exact = own.astype(np.int64) if VALUES[name].kind == INTEGER else own
        values[name] = (exact, ~rows.absent[name] & ~rows.wrong)
    there.take(rows.start, np.nan_to_num(rows.seconds).astype(np.int64), values)
