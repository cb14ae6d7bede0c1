"""Schedules of Atlas for people: next times, and words. What Atlas takes is settled in `config_names`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from .check.names import FIELDS, MONTHS, schedule_problem


class FieldRule(Protocol):
    """One of `config_names.FIELDS`."""

    def read(self, text: str) -> set[int] | str: ...


SHOWN_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
LONGEST_SEARCH = 366 * 8 + 2  # days: 29 February comes back within eight years
MANY = 6


@dataclass(frozen=True, slots=True)
class Schedule:
    """The values each field allows; `any_day`, `any_weekday`: whether that field is `*`."""

    minutes: set[int]
    hours: set[int]
    days: set[int]
    months: set[int]
    weekdays: set[int]
    any_day: bool
    any_weekday: bool

    def next_times(self, after: datetime, count: int) -> list[datetime]:
        """The next `count` moments after `after` (aware), in UTC; fewer when there are none within eight years."""
        after = after.astimezone(UTC)
        found: list[datetime] = []
        midnight = after.replace(hour=0, minute=0, second=0, microsecond=0)
        for offset in range(LONGEST_SEARCH):
            day = midnight + timedelta(days=offset)
            if self._fires_on(day):
                times = (day.replace(hour=hour, minute=minute) for hour in self.hours for minute in self.minutes)
                found += sorted(moment for moment in times if moment > after)
            if len(found) >= count:
                break
        return found[:count]

    def words(self) -> str:
        """`every day at 06:17 UTC`."""
        return f"{self._day_words()} {self._time_words()} UTC"

    def _fires_on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, (day.weekday() + 1) % 7 in self.weekdays
        return in_month and in_week if self.any_day or self.any_weekday else in_month or in_week

    def _time_words(self) -> str:
        if len(self.hours) == 24:
            if len(self.minutes) == 60:
                return "every minute"
            return f"every hour at minute {_listed(map(str, sorted(self.minutes)))}"
        times = [f"{hour:02}:{minute:02}" for hour in sorted(self.hours) for minute in sorted(self.minutes)]
        if len(times) > MANY:
            return f"{len(times)} times between {times[0]} and {times[-1]}"
        return f"at {_listed(times)}"

    def _day_words(self) -> str:
        parts = []
        if not self.any_weekday:
            parts.append(f"on {_listed(SHOWN_WEEKDAYS[day] for day in sorted(self.weekdays))}")
        if not self.any_day:
            parts.append(f"on day {_listed(map(str, sorted(self.days)))} of the month")
        words = " or ".join(parts) or "every day"
        if len(self.months) < 12:
            words += f" in {_listed(MONTHS[month - 1].capitalize() for month in sorted(self.months))}"
        return words


def parse_schedule(text: str) -> Schedule:
    """The schedule of five fields. Raises ValueError with what Atlas would not take."""
    if wrong := schedule_problem(text):
        raise ValueError(wrong)
    written = text.split(" ")
    minutes, hours, days, months, weekdays = (_numbers(*pair) for pair in zip(FIELDS, written, strict=True))
    return Schedule(minutes, hours, days, months, weekdays, any_day=written[2] == "*", any_weekday=written[4] == "*")


def _numbers(field: FieldRule, text: str) -> set[int]:
    numbers = field.read(text)
    if isinstance(numbers, str):  # schedule_problem has asked it the same
        raise ValueError(numbers)
    return numbers


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
