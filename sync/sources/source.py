"""What every open source of time series is: one file, one line in `SOURCES`. It knows its API and no database.

A call asks for one dataset over local days of the zone; `parse` is pure and verifies the answer before anything
is made of it: an API that ignores a parameter, repeats a month or cuts a page is refused, never stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from ..plan import Window
from ..readings import ReadingBatch
from ..transport import Answer


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

    step: s between readings; reread: days before today that a daily run reads again, as values are still corrected.
    """

    name: str
    flow: str
    first: date
    end: date | None = None
    step: int = 3600
    reread: int = 0


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
