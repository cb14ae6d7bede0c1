"""Schedules of Atlas: what it takes (atlas.md 2.1), next times, words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from cronsim import CronSim, CronSimError

MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
WEEKDAYS = "SUN|MON|TUE|WED|THU|FRI|SAT"
FIELDS = (
    ("minute", r"[0-5]?[0-9]", r"0?[1-9]|[1-5][0-9]", "0-59 and a step */1 … */59"),
    ("hour", r"[01]?[0-9]|2[0-3]", r"0?[1-9]|1[0-9]|2[0-3]", "0-23 and a step */1 … */23"),
    ("day of month", r"0?[1-9]|[12][0-9]|3[01]", "", "1-31"),
    ("month", rf"0?[1-9]|1[0-2]|{MONTHS}", "", "1-12 and JAN … DEC"),
    ("weekday", rf"0?[0-6]|{WEEKDAYS}", "", "0-6 and SUN … SAT"),
)
"""Name, pattern of one number, pattern of a step (in minute and hour only), words. Narrower than what cronsim takes."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule that Atlas takes, in UTC."""

    text: str

    def next_times(self, after: datetime, count: int) -> list[datetime]:
        """The next `count` moments after `after` (aware), in UTC."""
        return list(islice(CronSim(self.text, after.astimezone(UTC)), count))

    def words(self) -> str:
        """`at 06:17 every day, UTC`."""
        explained = CronSim(self.text, datetime.now(UTC)).explain()
        return f"{explained[:1].lower()}{explained[1:]}, UTC"


def parse_schedule(text: object) -> Schedule:
    """The schedule of five fields. Raises ValueError with what Atlas would not take."""
    if not isinstance(text, str):
        raise ValueError("must be text: minute hour dayOfMonth month weekday")
    parts = text.split(" ")
    if len(parts) != len(FIELDS) or not all(parts):
        raise ValueError("must be five fields with one space between: minute hour dayOfMonth month weekday (UTC)")
    for part, (name, number, step, words) in zip(parts, FIELDS, strict=True):
        item = rf"(?:{number})(?:-(?:{number}))?"
        if not re.fullmatch(rf"\*|{item}(?:,{item})*" + (rf"|\*/(?:{step})" if step else ""), part, re.IGNORECASE):
            raise ValueError(f"has {part!r} in its {name} field, which takes *, {words}, lists and ranges of them")
    try:
        CronSim(text, datetime.now(UTC))
    except CronSimError as error:
        raise ValueError(f"would never run, or has a range that runs backwards ({error})") from None
    return Schedule(text)
