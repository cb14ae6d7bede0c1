"""Interval-end labels of Enedis → instants.

Labels are Europe/Paris wall-clock text, mostly without offset: the autumn hour has every label twice and only the
order of arrival tells the passes apart (`../shared/docs/linky.md` §2.2, Enedis data catalogue).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from ...localtime import day_seconds, midnight, wall_clock_instants

LABEL = re.compile(r"20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d(Z|[+-]\d\d:?\d\d)?")
GRID_MS = 300_000  # the shortest step is five minutes, and every step begins on a multiple of itself


@dataclass(frozen=True, slots=True)
class Label:
    """A label in order of arrival, with what tells a repetition from the second pass of the doubled hour.

    `energy` (Wh) is None where the value or the step is not known.
    """

    text: str
    value: str | None
    energy: int | None = None


@dataclass(slots=True)
class Resolved:
    """`instants[i]` (ms) of label i, or None with its reason in `refused`; `doubtful`: guesses at the doubled hour."""

    instants: list[int | None]
    refused: dict[int, str]
    doubtful: set[int]


def resolve(labels: Sequence[Label], totals: Mapping[date, int] | None = None) -> Resolved:
    """Labels in order of arrival → instants. `totals` (local day → Wh) judge where the doubled hour is unclear."""
    resolved = Resolved([None] * len(labels), {}, set())
    doubled: dict[date, list[int]] = defaultdict(list)
    walls: dict[int, datetime] = {}
    for index, label in enumerate(labels):
        wall = _parse(label.text)
        if wall is None:
            resolved.refused[index] = "unreadable time"
        elif wall.tzinfo is not None:
            resolved.instants[index] = int(wall.timestamp()) * 1000
        else:
            found = _instants(wall)
            if not found:
                resolved.refused[index] = "no such time on the night the clocks go forward"
            elif len(found) == 1:
                resolved.instants[index] = found[0]
            else:
                doubled[wall.date()].append(index)
                walls[index] = wall
    descending = _descending(labels)
    for day, group in doubled.items():
        total = totals.get(day) if totals else None
        others = _energy_of_day(labels, day, set(group)) if total is not None else None
        rest = total - others if total is not None and others is not None else None
        _resolve_doubled(labels, group[::-1] if descending else group, walls, rest, resolved)
    for index, moment in enumerate(resolved.instants):
        if moment is not None and moment % GRID_MS:
            resolved.instants[index] = None
            resolved.refused[index] = "not on a five-minute mark"
    return resolved


def _parse(text: str) -> datetime | None:
    if not LABEL.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _instants(wall: datetime) -> tuple[int, ...]:
    day = wall.date()
    if day_seconds(day) == 86_400:  # the fast way for all days but two a year
        return (midnight(day) + (wall.hour * 3600 + wall.minute * 60 + wall.second) * 1000,)
    return wall_clock_instants(wall)


def _descending(labels: Sequence[Label]) -> bool:
    return len(labels) > 1 and labels[0].text > labels[-1].text


def _energy_of_day(labels: Sequence[Label], day: date, leave_out: set[int]) -> int | None:
    """Wh of a local day outside the doubled hour; None when a point's energy is unknown: then it judges nothing."""
    by_label: dict[str, int] = {}
    for index, label in enumerate(labels):
        wall = _parse(label.text)
        if index in leave_out or wall is None or (wall - timedelta(minutes=1)).date() != day:
            continue
        if label.energy is None:
            return None
        by_label[label.text] = label.energy
    return sum(by_label.values())


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read the doubled hour: the indexes kept, and how many of them belong to the first pass."""

    kept: tuple[int, ...]
    first_pass: int


def _resolve_doubled(
    labels: Sequence[Label], group: list[int], walls: Mapping[int, datetime], rest: int | None, resolved: Resolved
) -> None:
    ways = _ways(labels, group)
    clear = len(ways) == 1
    if not clear and rest is not None:
        matching = [way for way in ways if _energy(labels, way.kept) == rest]
        if len(matching) == 1:
            ways, clear = matching, True
    if not ways:
        for index in group:
            resolved.refused[index] = "the doubled autumn hour is out of order"
        return
    way = ways[0]
    for position, index in enumerate(way.kept):
        passes = wall_clock_instants(walls[index])
        resolved.instants[index] = passes[0 if position < way.first_pass else 1]
        if not clear:
            resolved.doubtful.add(index)
    for index in set(group) - set(way.kept):
        # A repetition takes the instant of the point it repeats and is counted with the other repetitions.
        twin = next(kept for kept in way.kept if _same(labels[kept], labels[index]))
        resolved.instants[index] = resolved.instants[twin]


def _ways(labels: Sequence[Label], group: list[int]) -> list[_Reading]:
    """Every reading of the doubled hour in which time only goes forward, the likeliest first.

    As many points as possible are taken for the first pass, because a walk through the points turns to the second one
    only when a label does not come after the one before. Adjacent equal points may be repetitions instead.
    """
    once = [i for n, i in enumerate(group) if n == 0 or not _same(labels[i], labels[group[n - 1]])]
    candidates = [tuple(group)] if len(once) == len(group) else [tuple(group), tuple(once)]
    return [
        _Reading(kept, first)
        for kept in candidates
        for first in range(len(kept), -1, -1)
        if _rising(labels, kept[:first]) and _rising(labels, kept[first:])
    ]


def _same(one: Label, other: Label) -> bool:
    return one.text == other.text and one.value == other.value


def _rising(labels: Sequence[Label], kept: Sequence[int]) -> bool:
    return all(labels[a].text < labels[b].text for a, b in pairwise(kept))


def _energy(labels: Sequence[Label], kept: Sequence[int]) -> int | None:
    energies = [labels[index].energy for index in kept]
    return None if None in energies else sum(e for e in energies if e is not None)
