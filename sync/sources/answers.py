"""What the answers of open APIs have in common: JSON or not, naive UTC times, refusals by their status."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..http.transport import Answer
from ..model.bounded import json_value
from ..model.errors import FatalSourceError, NoReadings, RateLimited, RetriableError, SourceError, WindowRefused
from ..model.localtime import midnight
from ..model.privacy import scrub
from ..model.readings import Instants
from ..model.window import Window
from .source import AnswerRefused, Dataset, NotJson, Source

LOOKED_AT = 10_000  # letters of what came that are looked through for what may be shown
SHOWN = 160  # letters of the other side's words in a message
PAGE = "a page, not an answer"
NAIVE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.0+)?)?Z?", re.ASCII)


def json_object(text: str) -> dict[str, Any]:
    """The object of an answer. Raises NotJson for a page and for text, AnswerRefused for any other JSON."""
    found = json_of(text)
    if not isinstance(found, dict):
        raise AnswerRefused(f"the answer is no object: {shown(text)}")
    return found


def json_of(text: str) -> Any:
    """What an answer says. Raises NotJson."""
    bare = text.lstrip("\ufeff \t\r\n")
    if bare.startswith("<"):
        raise NotJson("the answer is a page (HTML), not JSON")
    try:
        return json_value(text)
    except ValueError:
        raise NotJson(f"the answer is not JSON: {shown(text)}" if bare else "the answer is empty, not JSON") from None


class Times(dict[Any, int]):
    """Time text → ms since the epoch, each text read once, as most come many times in an answer."""

    def __missing__(self, text: Any) -> int:
        self[text] = moment = round(self.read(text).timestamp() * 1000)
        return moment

    def read(self, text: Any) -> datetime:
        """The instant of one text. Raises ValueError or TypeError."""
        raise NotImplementedError

    def column(self, texts: list[Any]) -> Instants:
        """A whole column. Raises AnswerRefused with the first that is no time."""
        try:
            return np.array([self[text] for text in texts], dtype=np.int64)
        except (TypeError, ValueError, OverflowError) as error:
            raise AnswerRefused(f"an unreadable time: {shown(error)}") from None


class UtcTimes(Times):
    """Of a UTC column (`2024-10-27T00:00:00`): with an offset it would not be what the name of the column says."""

    def read(self, text: Any) -> datetime:
        """Raises ValueError for anything else."""
        if not isinstance(text, str) or not NAIVE.fullmatch(text):
            raise ValueError(text)
        return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)


class OffsetTimes(Times):
    """Of a local column: without its offset an hour of every October cannot be told from the next."""

    def read(self, text: Any) -> datetime:
        """Raises AnswerRefused for a time without its offset."""
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise AnswerRefused(f"a time has no offset, so its hour is not certain: {shown(text)}")
        return moment


def refuse_marked(start: Instants, *demands: tuple[NDArray[np.bool_], str]) -> None:
    """Raises AnswerRefused for the records that are marked as something in words."""
    for marked, what in demands:
        if marked.any():
            first = iso(int(start[np.flatnonzero(marked)[0]]))
            raise AnswerRefused(f"{int(marked.sum()):,} of {len(start):,} records are {what}, the first is of {first}")


def numbers(column: Sequence[Any], below: float) -> NDArray[np.float64]:
    """float64, NaN for null and for what is no number."""
    return np.array([float(each) if is_number(each, below) else math.nan for each in column], dtype=np.float64)


def is_number(anything: Any, below: float) -> bool:
    """Whether this is a finite JSON number of a size that can be meant."""
    return type(anything) in (int, float) and abs(anything) < below  # false for NaN too


def shown(anything: Any) -> str:
    """What came, on one line and not too long."""
    text = anything if isinstance(anything, str) else str(anything)
    return repr(scrub(text[:LOOKED_AT])[:SHOWN])


def iso(moment: int) -> str:
    """ms since the epoch → `2024-10-27 00:00Z`."""
    return f"{np.datetime64(moment, 'ms')}"[:16].replace("T", " ") + "Z"


@dataclass(frozen=True, slots=True)
class Service:
    """Who answers. setting: the name of its address; pause: after a 429 that does not say how long; empty: statuses
    without a page that mean "nothing of these days"."""

    name: str
    setting: str
    pause: timedelta
    empty: frozenset[int] = frozenset({204})

    def explain(self, answer: Answer, now: datetime) -> SourceError | None:
        """What an answer that is no 200 means; None for a 200."""
        if answer.status == 200:
            return None
        html = answer.text.lstrip("\ufeff \t\r\n").startswith("<")
        words = PAGE if html else scrub(" ".join(answer.text[:LOOKED_AT].split()))[:SHOWN] or "no text"
        said = f"(HTTP {answer.status}: {words})"
        if answer.status == 429:
            until = answer.retry_after(now) or now + self.pause
            return RateLimited(f"{self.name} asks for a pause until {until:%Y-%m-%d %H:%M:%S} UTC {said}", 429, until)
        return self._by_status(answer.status, words, said)

    def _by_status(self, status: int, words: str, said: str) -> SourceError:
        if status in self.empty and words != PAGE:
            return NoReadings(f"{self.name} has nothing of these days {said}", status)
        if status == 400:
            return WindowRefused(f"{self.name} refuses these days {said}", status)
        if status >= 500 or status == 408:
            return RetriableError(f"{self.name} has trouble {said}: run again later", status)
        what = "knows no such address or dataset" if status == 404 else "refuses the call"
        hint = f"if {self.setting} is right, look for a newer version of this tool"
        return FatalSourceError(f"{self.name} {what} {said}: {hint}", status)


class OpenSource(Source):
    """A source without a key. service: who answers; a call asks for `Dataset.call_months` of the calendar at most."""

    service: Service

    def __init__(self, base: str) -> None:
        self.base = base

    def windows(self, dataset: Dataset, wanted: Window) -> list[Window]:
        """Whole months, quarters or years, the first and the last as far as wanted."""
        months, start, found = dataset.call_months, wanted.start, []
        while start < wanted.end:
            month = (start.month - 1) // months * months + months
            following = date(start.year + month // 12, month % 12 + 1, 1)
            found.append(Window(start, min(following, wanted.end)))
            start = following
        return found

    def bounds(self, window: Window) -> tuple[int, int]:
        """First instant and end of local days, ms since the epoch."""
        return midnight(window.start, self.zone), midnight(window.end, self.zone)

    def explain(self, answer: Answer, now: datetime) -> Exception | None:
        """What an answer that is no 200 means; None for a 200."""
        return self.service.explain(answer, now.astimezone(UTC))
