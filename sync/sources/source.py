"""What every open source of time series is: one file, one line in `SOURCES`. It knows its API and no database.

A call asks for one dataset over local days of the zone; `parse` is pure and verifies the answer before anything
is made of it: an API that ignores a parameter, repeats a month or cuts a page is refused, never stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from ..http.transport import Answer
from ..model.readings import ReadingBatch
from ..model.window import Window


class AnswerRefused(Exception):
    """A 200 that is not what was asked for; the text says in what, with what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A verified answer. batches: one a series, the whole window each; rejects: a line for each refused record.

    short: why the answer holds less than the window should have, in words, empty when it is complete. final: False when
    the source may still correct the values (`updated` or a version says so).
    """

    batches: tuple[ReadingBatch, ...]
    rejects: tuple[str, ...] = ()
    short: str = ""
    final: bool = True
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset of a source. name: of the source's own words; first, end: local days it has, end not included.

    step: s between readings; reread: days before today that a daily run reads again, as values are still corrected;
    spacing: s between two calls for this dataset by any process of this machine, where the API counts by dataset;
    ahead: days from today on that are published beforehand (day-ahead prices: today and tomorrow).
    """

    name: str
    flow: str
    first: date
    end: date | None = None
    step: int = 3600
    reread: int = 0
    spacing: float = 0.0
    ahead: int = 0


class OpenSource(Protocol):
    """A source without keys or meters. Instances are made from the settings (base address) alone."""

    name: str
    zone: ZoneInfo
    base: str
    spacing: float
    datasets: tuple[Dataset, ...]

    def windows(self, dataset: Dataset, wanted: Window) -> list[Window]:
        """`wanted` cut as the API allows: on the provider's own calendar, oldest first."""
        ...

    def question(self, dataset: Dataset, window: Window) -> tuple[str, dict[str, str]]:
        """Address and query of one call."""
        ...

    def parse(self, dataset: Dataset, window: Window, text: str, now: datetime) -> Parsed:
        """Verify an answer and make readings of it. Raises AnswerRefused."""
        ...

    def explain(self, answer: Answer, now: datetime) -> Exception | None:
        """What an answer that is no 200 means (errors.py); None for one to be parsed."""
        ...


ReadFiles = Callable[[Sequence[Path]], Iterator[Parsed]]
"""`read_files` of a module `NAME_files.py`: the bulk files of a source, streamed.

Looks at the header of every file first and raises FileRefused (errors.py) before anything is handed out, so that a
wrong file leaves the store as it was. Then hands out parts of some ten thousand readings: batches of any series, those
of one series oldest first wherever the files allow it; `rejects` with the name of the file and the line.
"""
