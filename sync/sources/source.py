"""What a source of time series is that can be asked: a folder, an entry in `SOURCES`. It knows its API, no database.

A call asks for one dataset over local days of the zone; `parse` verifies the answer before anything is made of it: an
API that ignores a parameter, repeats a month or cuts a page is refused, never stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ..http.transport import Answer
from ..model.errors import RetriableError, SourceError
from ..model.readings import ReadingBatch, Series
from ..model.window import CURVE, Window

CALLS_PER_DAY = 1000  # to a host of open data: far above any plan, so that only a run gone wrong meets it


class AnswerRefused(SourceError):
    """A 200 that is not what was asked for; the text says in what, with what was expected and what came."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 200)


class NotJson(AnswerRefused, RetriableError):
    """A 200 without the answer: empty, cut off on the way, a page of something in between. It passes by itself."""


class UnknownShape(AnswerRefused):
    """A 200 whose shape is not known at all: asking for other days cannot help, so the run ends."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A verified answer. batches: one a series, the whole window each; rejects: a line for each refused record.

    short: why the answer holds less than the window should have, in words, empty when it is complete. final: False when
    the source may still correct the values (`updated` or a version says so). short_days: of a source that counts by
    days those that are not covered; missing: points without a value; repeated: copies of a point; totals: local day →
    Wh, of a dataset of daily totals.
    """

    batches: tuple[ReadingBatch, ...]
    rejects: tuple[str, ...] = ()
    short: str = ""
    final: bool = True
    notes: Mapping[str, str] = field(default_factory=dict)
    short_days: tuple[date, ...] | None = None
    missing: int = 0
    repeated: int = 0
    totals: Mapping[date, int] = field(default_factory=dict)

    @property
    def readings(self) -> int:
        return sum(map(len, self.batches)) + len(self.totals)

    @property
    def wh(self) -> int:
        energies = sum(int(batch.wh.sum()) for batch in self.batches if "wh" in batch.columns)
        return energies + sum(self.totals.values())


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset of a source. name: of the source's own words; first, end: local days it has, end not included.

    step: s between readings; reread: days before today that a daily run reads again, as values are still corrected;
    spacing: s between two calls for this dataset by any process of this machine, where the API counts by dataset;
    ahead: days from today on that are published beforehand (day-ahead prices: today and tomorrow). longest: days of
    one call where windows need not lie on the calendar; call_months: calendar months of one call where they do;
    revisit: days before today in which one that is short is asked again; after that the hole is taken for real.
    history: (months, days) before today that are served, and months: how many of them are wanted by default. series:
    the one that a dataset of a meter has, kind: under what the ledger keeps it; is_beside: figures beside the readings,
    whose failures do not end a load.
    """

    name: str
    flow: str
    first: date = date.min
    end: date | None = None
    step: int = 3600
    reread: int = 0
    spacing: float = 0.0
    ahead: int = 0
    longest: int = 0
    call_months: int = 1
    revisit: int = 30
    history: tuple[int, int] | None = None
    months: int = 0
    series: Series | None = None
    kind: str = CURVE
    is_beside: bool = False


def no_totals(_series: Series, _window: Window) -> Mapping[date, int]:
    """Nothing is known of any day."""
    return {}


class Source:
    """Made from the settings; a subclass says the rest.

    spacing: s between two calls to its host; own_spacing, own_calls_per_day: to a server of our own (loopback).
    is_bulk: answers of ten thousands of readings: the next is fetched while one is written. totals_of: daily totals
    that are stored, set by who loads.
    """

    name: str
    zone: ZoneInfo
    base: str
    spacing: float = 1.0
    own_spacing: float = 0.0
    calls_per_day: int = CALLS_PER_DAY
    own_calls_per_day: int | None = None
    is_bulk = True
    datasets: tuple[Dataset, ...]
    totals_of: Callable[[Series, Window], Mapping[date, int]] = staticmethod(no_totals)

    def key(self, dataset: Dataset) -> Series:
        """The name under which ledger and lease keep a dataset, whose answers hold many series or one."""
        return dataset.series or Series(self.name, "*", dataset.name)

    def refuse_unusable(self, now: datetime) -> list[str]:
        """Warnings before the first call. Raises UsageError where no call can succeed."""
        del now
        return []

    def windows(self, dataset: Dataset, wanted: Window) -> list[Window]:
        """`wanted` cut as the API allows: on the provider's own calendar, oldest first."""
        raise NotImplementedError

    def question(self, dataset: Dataset, window: Window) -> tuple[str, dict[str, str]]:
        """Address and query of one call."""
        raise NotImplementedError

    def headers(self, dataset: Dataset) -> dict[str, str]:
        """What goes with the question beside it."""
        del dataset
        return {}

    def parse(self, dataset: Dataset, window: Window, text: str, now: datetime) -> Parsed:
        """Verify an answer and make readings of it. Raises AnswerRefused."""
        raise NotImplementedError

    def explain(self, answer: Answer, now: datetime) -> Exception | None:
        """What an answer that is no 200 means (errors.py); None for one to be parsed."""
        raise NotImplementedError

    def absence(self, dataset: Dataset, has_totals: bool) -> str:
        """What it means when nothing comes of a dataset in any window, and what to do; empty where that may be right.

        has_totals: whether there are daily totals of these days.
        """
        del dataset, has_totals
        return ""

    def first_served_day(
        self, windows: Sequence[Window], position: int, is_served: Callable[[Window], bool]
    ) -> tuple[date, int]:
        """Of a source that raises HistoryFloor: the first day served, and the first window that is served whole."""
        raise NotImplementedError
