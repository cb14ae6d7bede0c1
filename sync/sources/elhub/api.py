"""Elhub's open energy API (https://api.elhub.no/energy-data-api): Norwegian hourly energy by price area and group.

No key. What the API does that its text does not say: parameters it does not know are ignored, `priceArea` among them,
and so are offsets; the window is half-open on the Oslo wall clock and one month at most; a missing date means "the
last month". So whole months of all areas are asked for, and every answer is verified (`elhub_answer.py`).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from ...http.transport import Answer
from ...model.errors import FatalSourceError, NoReadings, RateLimited, RetriableError, SourceError, WindowRefused
from ...model.window import Window
from .. import zone_of
from ..source import Dataset, Parsed, Source
from .answer import Question, read_answer

SOURCE = "elhub"
AREAS = ("NO1", "NO2", "NO3", "NO4", "NO5")
FIRST = date(2021, 1, 1)  # 2020-12-31T23:00Z: nothing is published of before
REREAD = 40  # days; hours are corrected for about this long, and now and then years later (--sweep)
SPACING = 1.0  # s; no limit is published, none was ever met at this pace
LIMIT_PAUSE = timedelta(minutes=10)  # after a 429 that does not say how long
SHOWN = 160  # letters of the other side's words in a message

PRODUCTION = Dataset("PRODUCTION_PER_GROUP_MBA_HOUR", "production", FIRST, reread=REREAD)
CONSUMPTION = Dataset("CONSUMPTION_PER_GROUP_MBA_HOUR", "consumption", FIRST, reread=REREAD)


class Elhub(Source):
    """areas: all of Norway by default, in one call; or a single one, by its own address."""

    name = SOURCE
    zone = zone_of(SOURCE)
    spacing = SPACING
    datasets: tuple[Dataset, ...] = (PRODUCTION, CONSUMPTION)

    def __init__(self, base: str, areas: tuple[str, ...] = AREAS) -> None:
        if areas != AREAS and len(areas) != 1:
            raise ValueError("the API answers for one area or for all of them")
        self.base = base
        self.areas = areas

    def windows(self, dataset: Dataset, wanted: Window) -> list[Window]:  # noqa: ARG002 - the same for both
        """Calendar months, the first and the last as far as wanted: the API refuses more than one month."""
        found = []
        start = wanted.start
        while start < wanted.end:
            following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
            found.append(Window(start, min(following, wanted.end)))
            start = following
        return found

    def question(self, dataset: Dataset, window: Window) -> tuple[str, dict[str, str]]:
        """Both ends with the Oslo offset of that instant: right whether or not the API honours it."""
        path = "price-areas" if self.areas == AREAS else f"price-areas/{self.areas[0]}"
        ends = {"startDate": self._midnight(window.start), "endDate": self._midnight(window.end)}
        return f"{self.base}/{path}", {"dataset": dataset.name, **ends}

    def parse(self, dataset: Dataset, window: Window, text: str, now: datetime) -> Parsed:
        """Verify an answer and make readings of it. Raises AnswerRefused."""
        return read_answer(text, Question(dataset, window, self.areas, is_whole_country=self.areas == AREAS), now)

    def explain(self, answer: Answer, now: datetime) -> Exception | None:
        """What an answer that is no 200 means; None for a 200."""
        if answer.status == 200:
            return None
        html = answer.text.lstrip("\ufeff \t\r\n").startswith("<")
        words = "a page, not an answer" if html else " ".join(answer.text.split())[:SHOWN] or "no text"
        said = f"(HTTP {answer.status}: {words})"
        if answer.status == 404 and html:
            return FatalSourceError(f"there is no such address {said}: correct ELHUB_API_URL", 404)
        if answer.status == 429:
            until = answer.retry_after(now) or now + LIMIT_PAUSE
            return RateLimited(f"Elhub asks for a pause until {until:%Y-%m-%d %H:%M:%S} UTC {said}", 429, until)
        return _by_status(answer.status, said)

    def _midnight(self, day: date) -> str:
        return datetime.combine(day, time(), self.zone).isoformat()


def _by_status(status: int, said: str) -> SourceError:
    if status in (204, 404):
        return NoReadings(f"Elhub has nothing of these days {said}", status)
    if status == 400:
        return WindowRefused(f"Elhub refuses these days {said}", status)
    if status >= 500 or status == 408:
        return RetriableError(f"Elhub has trouble {said}: run again later", status)
    return FatalSourceError(
        f"Elhub refuses the call {said}: if ELHUB_API_URL is right, look for a newer version of this tool", status
    )


def connect(base: str, _settings: object) -> Elhub:
    """The source at an address."""
    return Elhub(base)
