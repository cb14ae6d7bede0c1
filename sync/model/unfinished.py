"""A file that is written beside its place, and gets its name when it is whole."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from .errors import UsageError
from .privacy import scrub


class Unfinished:
    """The file of one run: nobody else may read it, no second run may write it, what a killed one left is begun anew.

    path: where it will stand; shown: the same for people; part: where it is written; descriptor: -1 while it is not.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.shown = scrub(str(path))
        self.part = path.with_name(f".{path.name}.part")
        self.descriptor = -1

    def claim(self) -> None:
        """Begin. Raises BlockingIOError when another run has it in hand, UsageError when it cannot be written."""
        if self.path.exists() and not self.path.is_file():
            raise UsageError(f"{self.shown} is there already and is no file")
        try:
            self.descriptor = os.open(self.part, os.O_RDWR | os.O_CREAT, 0o600)  # readings are personal data
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self.descriptor, 0)
        except BlockingIOError:
            os.close(self.descriptor)
            self.descriptor = -1
            raise
        except OSError as error:
            raise UsageError(f"{self.shown} cannot be written: {error.strerror}") from None

    def stream(self) -> int:
        """A descriptor of its own for a library that closes it."""
        return os.dup(self.descriptor)

    def sync(self) -> None:
        """What was written lies on the disk."""
        os.fsync(self.descriptor)

    def keep(self) -> None:
        """Give it its name."""
        self.part.replace(self.path)
        with suppress(OSError):
            folder = os.open(self.path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)

    def close(self) -> None:
        """What is not finished goes."""
        if self.descriptor >= 0:
            with suppress(FileNotFoundError):  # it has its name by now
                self.part.unlink()
            os.close(self.descriptor)
            self.descriptor = -1
