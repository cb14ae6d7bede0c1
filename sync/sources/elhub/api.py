"""Elhub's open energy API (https://api.elhub.no/energy-data-api): Norwegian hourly energy by price area and group.

No key. What the API does that its text does not say: parameters it does not know are ignored, `priceArea` among them,
and so are offsets; the window is half-open on the Oslo wall clock and one month at most; a missing date means "the
last month". So whole months of all areas are asked for, and every answer is verified (`answer.py`).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from ...model.window import Window
from .. import zone_of
from ..answers import OpenSource, Service
from ..source import Dataset, Parsed
from .answer import Question, read_answer

SOURCE = "elhub"
AREAS = ("NO1", "NO2", "NO3", "NO4", "NO5")
FIRST = date(2021, 1, 1)  # 2020-12-31T23:00Z: nothing is published of before
REREAD = 40  # days; hours are corrected for about this long, and now and then years later (--sweep)
SPACING = 1.0  # s; no limit is published, none was ever met at this pace

SERVICE = Service("Elhub", "ELHUB_API_URL", timedelta(minutes=10), frozenset({204, 404}))

PRODUCTION = Dataset("PRODUCTION_PER_GROUP_MBA_HOUR", "production", FIRST, reread=REREAD)
CONSUMPTION = Dataset("CONSUMPTION_PER_GROUP_MBA_HOUR", "consumption", FIRST, reread=REREAD)


class Elhub(OpenSource):
    """areas: all of Norway by default, in one call; or a single one, by its own address."""

    name = SOURCE
    zone = zone_of(SOURCE)
    spacing = SPACING
    service = SERVICE
    datasets: tuple[Dataset, ...] = (PRODUCTION, CONSUMPTION)

    def __init__(self, base: str, areas: tuple[str, ...] = AREAS) -> None:
        if areas != AREAS and len(areas) != 1:
            raise ValueError("the API answers for one area or for all of them")
        super().__init__(base)
        self.areas = areas

    def question(self, dataset: Dataset, window: Window) -> tuple[str, dict[str, str]]:
        """Dates alone, the end not included, read on the Oslo wall clock. Never two offsets: of 91 live requests in a
        student's log (2026-11) all six whose ends had different ones were refused, thus every October in one call."""
        path = "price-areas" if self.areas == AREAS else f"price-areas/{self.areas[0]}"
        ends = {"startDate": window.start.isoformat(), "endDate": window.end.isoformat()}
        return f"{self.base}/{path}", {"dataset": dataset.name, **ends}

    def parse(self, dataset: Dataset, window: Window, text: str, now: datetime) -> Parsed:
        """Verify an answer and make readings of it. Raises AnswerRefused."""
        question = Question(dataset, window, *self.bounds(window), self.areas, is_whole_country=self.areas == AREAS)
        return read_answer(text, question, now)


def connect(base: str, _settings: object) -> Elhub:
    """The source at an address."""
    return Elhub(base)
