"""Intervals given by start and end on the wall clock → points with one label and a step.

The site of Enedis, its workbook and what is made of it count one of both back or on from the other, naively: on the two
change nights of a year only one of them is true. Seen, and told apart here by what such a night can hold:

- ends are true, each start is half an hour before: in March no value ends at 02:00 or 02:30 (absent, or `NA`), and
  01:30 to 03:00 stands as 02:30 to 03:00; in October the ends 02:00 and 02:30 stand twice;
- starts are true, each end is half an hour later: in March no value starts at 02:00 or 02:30; in October these starts
  stand twice, so that 03:00 ends two of them;
- both are true: a row is an hour longer or shorter than the others;
- winter time goes on in March: values in the hour that is not there, and none in the last hour of the day.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from ....model.localtime import day_seconds
from ..points import STEPS, Point, label_instants, parse_label

WINTER = "+01:00"
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Interval:
    """Labels of start and end, and the point that is between them."""

    start: str
    end: str
    point: Point


@dataclass(frozen=True, slots=True)
class _Walls:
    interval: Interval
    start: datetime
    end: datetime

    @property
    def seconds(self) -> int:
        return int((self.end - self.start).total_seconds())

    @property
    def has_value(self) -> bool:
        return bool(self.interval.point.value)


def labelled(intervals: Sequence[Interval]) -> list[Point]:
    """Points in the order of the intervals: labelled by their ends, or by their starts where only these are true."""
    walls: list[_Walls | None] = []
    for interval in intervals:
        start, end = parse_label(interval.start), parse_label(interval.end)
        has_walls = start and end and (start.tzinfo is None) == (end.tzinfo is None)
        walls.append(_Walls(interval, start, end) if start and end and has_walls else None)
    nights: defaultdict[date, list[_Walls]] = defaultdict(list)
    for wall in walls:
        if wall and wall.end.tzinfo is None and day_seconds(wall.start.date()) != 86_400:
            nights[wall.start.date()].append(wall)
    readings = {day: _Night.of(day, night) for day, night in nights.items()}
    return [
        _point(interval, wall, readings.get(wall.start.date()) if wall else None)
        for interval, wall in zip(intervals, walls, strict=True)
    ]


def _point(interval: Interval, wall: _Walls | None, night: _Night | None) -> Point:
    """Without a length that a meter records there is no step, and the point is refused with the others."""
    if wall is None:
        return replace(interval.point, end=interval.end if parse_label(interval.start) else interval.start, step="none")
    seconds = wall.seconds
    if night and seconds not in STEPS:  # both labels are true, and an hour came or went between them
        seconds += day_seconds(wall.start.date()) - 86_400
    step = f"PT{seconds // 60}M" if seconds in STEPS else "none"
    label = interval.end
    if night and night.by_start:
        return replace(interval.point, end=interval.start, step=step, at_start=True)
    if night and night.in_winter_time and wall.end - wall.start <= HOUR:
        label += WINTER
    return replace(interval.point, end=label, step=step)


@dataclass(frozen=True, slots=True)
class _Night:
    """Which of the labels of a change day are true."""

    by_start: bool = False
    in_winter_time: bool = False

    @classmethod
    def of(cls, day: date, rows: Sequence[_Walls]) -> _Night:
        if day_seconds(day) > 86_400:
            midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock
            ends = Counter(row.end - midnight for row in rows)
            are_both = any(row.end < row.start for row in rows)  # sorted by the start, only these are in order
            return cls(by_start=are_both or ends[3 * HOUR] > ends[2 * HOUR])
        nowhere = [row for row in rows if row.has_value and not label_instants(row.end)]
        from_nowhere = [row for row in rows if row.has_value and not label_instants(row.start)]
        if not nowhere:
            return cls()
        if not from_nowhere:
            return cls(by_start=True)
        return cls(in_winter_time=not any(row.has_value and row.start.hour == 23 for row in rows))
