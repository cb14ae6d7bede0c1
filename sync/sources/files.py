"""Files of open sources: text plain or gzipped, columns by name in any letter case, naive UTC times."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from ..model.errors import FileRefused
from ..model.readings import Instants
from .source import Parsed

ReadFiles = Callable[[Sequence[Path]], Iterator[Parsed]]
"""`read_files` of a source's `files.py`: its bulk files, streamed.

Looks at the header of every file first and raises FileRefused (errors.py) before anything is handed out, so that a
wrong file leaves the store as it was. Then hands out parts of some ten thousand readings: batches of any series, those
of one series oldest first wherever the files allow it; `rejects` with the name of the file and the line.
"""
UNREAD = np.iinfo(np.int64).min
"""In place of a time that cannot be read."""


@contextmanager
def text_of(path: Path) -> Iterator[io.TextIOWrapper]:
    """The text of a file. Raises FileRefused for what cannot be opened, is no UTF-8, or which pandas finds broken."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            stream = gzip.GzipFile(fileobj=raw) if packed else raw
            with io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
                yield text
    except (OSError, EOFError, zlib.error, ValueError, csv.Error) as error:  # a ParserError is a ValueError
        what = f"{path.name} cannot be read as UTF-8 text or is broken ({type(error).__name__})"
        raise FileRefused(f"{what}: {str(error).strip()[:200]}") from None


def column_of(header: Sequence[str], names: Iterable[str]) -> str | None:
    """The spelling in the header of the first of the names that it has."""
    spelled = {name.strip().strip("\ufeff").lower(): name for name in header}
    return next((spelled[name.lower()] for name in names if name.lower() in spelled), None)


def instants(texts: pd.Series[str], form: re.Pattern[str], offset_seconds: int = 0) -> Instants:
    """ms since the epoch of naive UTC texts, or of a fixed offset; UNREAD where there is no such time."""
    codes, unique = pd.factorize(texts)
    found = np.full(len(unique), UNREAD, dtype=np.int64)
    for place, text in enumerate(unique):
        if form.fullmatch(stripped := text.strip()):
            try:
                moment = datetime.fromisoformat(stripped.removesuffix("Z")).replace(tzinfo=UTC)
            except ValueError:
                continue
            found[place] = round(moment.timestamp() - offset_seconds) * 1000
    return found[codes]
