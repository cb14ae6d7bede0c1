"""How much of the expected time the readings cover, counted in seconds of the local day, and where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from ..model.localtime import day_seconds, days, midnight
from ..model.readings import Series, instant
from ..model.window import runs
from ..store.schema import Document, Pair


@dataclass(frozen=True, slots=True)
class Coverage:
    """A stored series from its first start to its last end. gaps: [from, to) in UTC."""

    series: Series
    first: datetime | None
    last: datetime | None
    readings: int
    wh: int
    covered_seconds: int
    gaps: tuple[tuple[datetime, datetime], ...]
    has_energy: bool = True

    @property
    def expected_seconds(self) -> int:
        if self.first is None or self.last is None:
            return 0
        return round((self.last - self.first).total_seconds())

    def as_json(self) -> dict[str, Any]:
        """The entry of `status --json`; `last` is the end of the last reading."""
        return {
            "id": self.series.shown_id,
            "flow": self.series.flow,
            **({"group": self.series.group} if self.series.group else {}),
            "first": _iso(self.first),
            "last": _iso(self.last),
            "readings": self.readings,
            "expected_seconds": self.expected_seconds,
            "covered_seconds": self.covered_seconds,
            "gaps": [[_iso(start), _iso(end)] for start, end in self.gaps],
        }


def coverage(pair: Pair, series: Series) -> Coverage:
    """Measured on the server over the record, along its unique key."""
    totals = next(pair.record.aggregate([{"$match": series.query()}, {"$group": SUMS}]), None)
    if totals is None:
        return Coverage(series, None, None, 0, 0, 0, ())
    gaps = tuple((gap["from"], gap["to"]) for gap in pair.record.aggregate(_gap_stages(series)))
    return Coverage(
        series,
        totals["first"],
        totals["last"],
        totals["readings"],
        totals["wh"],
        totals["seconds"],
        gaps,
        has_energy=totals["energies"] > 0,
    )


@dataclass(frozen=True, slots=True)
class DayDifference:
    """A local day whose readings do not add up to its daily total. `covered` and `expected` in seconds."""

    day: date
    wh: int
    total: int
    covered: int
    expected: int

    def __str__(self) -> str:
        text = f"{self.day}: readings {self.wh:,} Wh, daily total {self.total:,} Wh ({self.wh - self.total:+,} Wh)"
        hours = self.covered / 3600, self.expected / 3600
        return text + (f", {hours[0]:g} of {hours[1]:g} hours covered" if self.covered < self.expected else "")


def compare_days(pair: Pair, series: Series, totals: dict[date, int]) -> list[DayDifference]:
    """Days on which the stored readings and the daily totals differ, oldest first. Never smoothed over."""
    if not totals:
        return []
    first, last = min(totals), max(totals)
    sums = {found["_id"]: found for found in pair.record.aggregate(_day_stages(series, first, last))}
    differences = []
    for day, total in sorted(totals.items()):
        found: Document = sums.get(day.isoformat(), {"wh": 0, "seconds": 0})
        if found["wh"] != total:
            differences.append(DayDifference(day, found["wh"], total, found["seconds"], day_seconds(day)))
    return differences


def in_words(differences: Sequence[DayDifference]) -> list[str]:
    """A line for each day whose readings do not add up; days without any reading are told as stretches."""
    lines = [str(difference) for difference in differences if difference.covered]
    bare = {difference.day: difference.total for difference in differences if not difference.covered}
    for window in runs(bare, longest=10_000):
        total = sum(bare[day] for day in days(window.start, window.end))
        lines.append(f"{window}: no readings, daily totals {total:,} Wh ({window.length} days)")
    return lines


END_OF_READING = {"$add": ["$ts", {"$multiply": ["$seconds", 1000]}]}
SUMS = {
    "_id": None,
    "first": {"$min": "$ts"},
    "last": {"$max": END_OF_READING},
    "readings": {"$sum": 1},
    "wh": {"$sum": {"$toLong": "$wh"}},  # 0 where a source does not measure energy
    "energies": {"$sum": {"$cond": [{"$isNumber": "$wh"}, 1, 0]}},
    "seconds": {"$sum": {"$toLong": "$seconds"}},
}


def _gap_stages(series: Series) -> list[Document]:
    before = {"$shift": {"output": END_OF_READING, "by": -1}}
    return [
        {"$match": series.query()},
        {"$setWindowFields": {"sortBy": {"ts": 1}, "output": {"before": before}}},
        {"$match": {"$expr": {"$gt": ["$ts", "$before"]}, "before": {"$ne": None}}},
        {"$project": {"_id": 0, "from": "$before", "to": "$ts"}},
    ]


def _day_stages(series: Series, first: date, last: date) -> list[Document]:
    period = {"$gte": instant(midnight(first)), "$lt": instant(midnight(last + timedelta(days=1)))}
    local = {"$dateToString": {"date": "$ts", "format": "%Y-%m-%d", "timezone": "Europe/Paris"}}
    sums = {"wh": {"$sum": {"$toLong": "$wh"}}, "seconds": {"$sum": "$seconds"}}
    return [{"$match": series.query() | {"ts": period}}, {"$group": {"_id": local} | sums}]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
