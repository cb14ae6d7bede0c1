"""What the targets that are files have in common: written beside, read back and summed, then put in place at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...model.columns import INTEGER, VALUES, Block, Mask, Sums, names_of
from ...model.errors import FileRefused, UsageError
from ...model.privacy import scrub
from ...sources.exported import Rows, read_rows
from ..read import Choice
from . import ExportError


class FileTarget:
    """A subclass says how a block becomes bytes: `begin`, `write`, `end`, and `rows` where its form is not imported."""

    def __init__(self, address: str) -> None:
        self.path = Path(address).expanduser()
        self.shown = scrub(str(self.path))
        self.part = self.path.with_name(f".{self.path.name}.part")
        self.columns: tuple[str, ...] = ()
        self.fields: tuple[str, ...] = ()
        self.descriptor = -1

    def open(self, choice: Choice) -> None:
        """Begin the file that is written beside; one that an earlier run has left is begun anew."""
        if self.path.exists() and not self.path.is_file():
            raise UsageError(f"{self.shown} is there already and is no file")
        self.fields = tuple(choice.fields)
        self.columns = names_of(self.fields)
        try:
            self.descriptor = os.open(self.part, os.O_RDWR | os.O_CREAT, 0o600)  # readings are personal data
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self.descriptor, 0)
        except BlockingIOError:
            os.close(self.descriptor)
            self.descriptor = -1
            raise ExportError(f"another export is writing {self.shown}: wait for its end") from None
        except OSError as error:
            raise UsageError(f"{self.shown} cannot be written: {error.strerror}") from None
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
        os.fsync(self.descriptor)
        try:
            there = self.sums()
        except FileRefused as error:
            raise ExportError(f"{self.shown} could not be read back: {error}") from None
        if wrong := read.differences(there):
            raise ExportError(f"{self.shown} was not written as it was read: {wrong}; nothing is kept of it")
        self.part.replace(self.path)
        with suppress(OSError):
            folder = os.open(self.path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)

    def sums(self) -> Sums:
        """What the file holds, counted and summed."""
        there = Sums()
        for rows in self.rows():
            add_rows(there, rows, self.fields)
        return there

    def rows(self) -> Iterator[Rows]:
        """What the file holds, read from the disk."""
        return read_rows(self.part)

    def close(self) -> None:
        """What is not finished goes."""
        if self.descriptor >= 0:
            with suppress(FileNotFoundError):  # it has its name by now
                self.part.unlink()
            os.close(self.descriptor)
            self.descriptor = -1

    def stream(self) -> int:
        """A descriptor of its own for a library that closes it."""
        return os.dup(self.descriptor)


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
