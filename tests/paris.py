"""The Paris clock by the European rule alone, written without a zone database: what the product is compared with.

Summer time (UTC+2) runs from the last Sunday of March 01:00 UTC to the last Sunday of October 01:00 UTC, else UTC+1.
Instants are whole seconds since the epoch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - arithmetic on naive UTC, on purpose
HOUR = 3600


def seconds_of(moment: datetime) -> int:
    """Naive UTC datetime → seconds since the epoch."""
    return round((moment - EPOCH).total_seconds())


def change(year: int, month: int) -> int:
    """The instant of the change of March or October."""
    last = date(year, month, 31)
    last -= timedelta(days=(last.weekday() + 1) % 7)
    return seconds_of(datetime(last.year, last.month, last.day, 1))  # noqa: DTZ001


def offset(instant: int) -> int:
    """Seconds the Paris clock is ahead of UTC at an instant."""
    year = (EPOCH + timedelta(seconds=instant)).year
    return 2 * HOUR if change(year, 3) <= instant < change(year, 10) else HOUR


def wall(instant: int) -> str:
    """What the Paris clock shows: `2024-10-27 02:00:00`."""
    return str(EPOCH + timedelta(seconds=instant + offset(instant)))


def meanings(label: str) -> list[int]:
    """The instants at which the Paris clock shows a label, oldest first: none, one or two."""
    naive = seconds_of(datetime.fromisoformat(label))
    return [naive - ahead for ahead in (2 * HOUR, HOUR) if offset(naive - ahead) == ahead]


def in_order(labels: Iterable[str]) -> list[int]:
    """Labels of a complete, ordered curve → instants: the second time a label comes it is the second pass."""
    seen: Counter[str] = Counter()
    found = []
    for label in labels:
        found.append(meanings(label)[seen[label]])
        seen[label] += 1
    return found


def midnight(day: date) -> int:
    """First instant of a local day."""
    return meanings(f"{day} 00:00:00")[0]
