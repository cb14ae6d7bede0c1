"""`FILE.csv`, `FILE.csv.gz`: UTF-8, commas, a header, `\n`, quotes only where a text has a comma or a quote."""

from __future__ import annotations

import gzip
import os
from itertools import repeat
from typing import Any

from ...model.columns import Block
from .. import texts
from .files import FileTarget


class Export(FileTarget):
    """A row a reading."""

    def begin(self) -> None:
        """The header."""
        self._file = packed(self)
        self._file.write((",".join(self.columns) + "\n").encode())

    def write(self, block: Block) -> None:
        """Every value in its shortest form; an absent one is an empty cell."""
        own = block.series
        before = ",".join(map(cell, (own.source, own.id, own.flow, own.group))) + ","
        rows = texts.heads(block, before, ",", ",")
        for name in block.values:
            rows = texts.behind(rows, block, name, ",", absent=",")
        flags = block.flags
        words = [cell(flags.get(index, "")) for index in range(len(block))] if flags else repeat("")
        self._file.write("".join(f"{row},{flag}\n" for row, flag in zip(rows, words, strict=False)).encode())

    def end(self) -> None:
        """To its last byte."""
        self._file.close()


def packed(target: FileTarget) -> Any:
    """The stream of a file, gzipped where its name says so; the same readings make the same bytes."""
    plain = os.fdopen(target.stream(), "wb", buffering=1 << 20)
    if not target.path.name.lower().endswith(".gz"):
        return plain
    return _Gzip(filename="", fileobj=plain, mode="wb", compresslevel=5, mtime=0)


class _Gzip(gzip.GzipFile):
    """Closes what it writes into, too."""

    def close(self) -> None:
        below: Any = self.fileobj
        super().close()
        if below:
            below.close()


def cell(text: str) -> str:
    """A text of a CSV."""
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if any(sign in text for sign in ',"\r\n') else text
