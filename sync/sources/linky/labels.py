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

from ...model.localtime import day_seconds, midnight, wall_clock_instants

LABEL = re.compile(r"20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d(Z|[+-]\d\d:?\d\d)?", re.ASCII)
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
    walls = [parse_label(label.text) for label in labels]
    doubled: dict[date, list[int]] = defaultdict(list)
    for index, wall in enumerate(walls):
        if wall is None:
            resolved.refused[index] = "unreadable time"
        elif wall.tzinfo is not None:
            resolved.instants[index] = int(wall.timestamp()) * 1000
        else:
            found = label_instants(wall)
            if not found:
                resolved.refused[index] = "no such time on the night the clocks go forward"
            elif len(found) == 1:
                resolved.instants[index] = found[0]
            else:
                doubled[wall.date()].append(index)
    for day, group in doubled.items():
        night = _Night(labels, walls, day, group)
        night.resolve(resolved, totals.get(day) if totals else None)
    for index, moment in enumerate(resolved.instants):
        if moment is not None and moment % GRID_MS:
            resolved.instants[index] = None
            resolved.refused[index] = "not on a five-minute mark"
    return resolved


def parse_label(text: str) -> datetime | None:
    """A label as datetime, naive or with its offset; None for anything else."""
    if not LABEL.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def label_instants(wall: datetime) -> tuple[int, ...]:
    """The instants (ms) that a parsed label can mean: none, one or two."""
    if wall.tzinfo is not None:
        return (int(wall.timestamp()) * 1000,)
    day = wall.date()
    if day_seconds(day) == 86_400:  # the fast way for all days but two a year
        return (midnight(day) + (wall.hour * 3600 + wall.minute * 60 + wall.second) * 1000,)
    return wall_clock_instants(wall)


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to read the doubled hour: the indexes kept, and how many of them belong to the first pass."""

    kept: tuple[int, ...]
    first_pass: int


@dataclass(slots=True)
class _Night:
    """The labels of one doubled hour (`group`, in order of arrival) among all labels."""

    labels: Sequence[Label]
    walls: Sequence[datetime | None]
    day: date
    group: list[int]

    def resolve(self, resolved: Resolved, total: int | None) -> None:
        """Give the group its instants, or refuse it; guesses are marked as doubtful."""
        direction = self._direction(resolved.instants)
        if direction < 0:
            self.group.reverse()
        ways = self._ways()
        way, clear = self._judge(ways, total)
        if way is None:
            for index in self.group:
                resolved.refused[index] = "the doubled autumn hour is out of order"
            return
        for position, index in enumerate(way.kept):
            resolved.instants[index] = label_instants(self._wall(index))[0 if position < way.first_pass else 1]
            if not clear or direction == 0:
                resolved.doubtful.add(index)
        for index in set(self.group) - set(way.kept):
            # A repetition takes the instant of the point it repeats and is counted with the other repetitions.
            twin = next(kept for kept in way.kept if self._same(kept, index))
            resolved.instants[index] = resolved.instants[twin]

    def _direction(self, instants: Sequence[int | None]) -> int:
        """1 when the other labels of the day rise, -1 when they fall, 0 for neither: then order tells nothing."""
        known = [moment for index in self._of_day() if (moment := instants[index]) is not None]
        steps = {(after > before) - (after < before) for before, after in pairwise(known)} - {0}
        return steps.pop() if len(steps) == 1 else int(not steps)

    def _of_day(self) -> list[int]:
        """Indexes of the day's labels: from after its midnight up to the next one."""
        near = (str(self.day), str(self.day + timedelta(days=1)))
        found = [index for index, label in enumerate(self.labels) if label.text.startswith(near)]
        walls = [(index, self.walls[index]) for index in found]
        return [index for index, wall in walls if wall and (wall - timedelta(minutes=1)).date() == self.day]

    def _judge(self, ways: list[_Way], total: int | None) -> tuple[_Way | None, bool]:
        """The way to take and whether it is certain. The daily total judges: a way must add up to it."""
        if not ways:
            return None, False
        others = self._energy_of_others() if total is not None else None
        if len(ways) > 1 and total is not None and others is not None:
            matching = [way for way in ways if self._energy(way) == total - others]
            whole = [way for way in matching if len(way.kept) == len(self.group)]
            if len(whole) == 1:
                return whole[0], True
            if matching:
                return matching[0], len(matching) == 1
        return ways[0], len(ways) == 1

    def _ways(self) -> list[_Way]:
        """Every reading of the doubled hour in which time only goes forward, the likeliest first.

        As many points as possible are taken for the first pass, because a walk through the points turns to the second
        one only when a label does not come after the one before. Adjacent equal points may be repetitions instead.
        """
        once = [i for n, i in enumerate(self.group) if n == 0 or not self._same(i, self.group[n - 1])]
        candidates = [self.group] if len(once) == len(self.group) else [self.group, once]
        return [
            _Way(tuple(kept), first)
            for kept in candidates
            for first in range(len(kept), -1, -1)
            if self._rises(kept[:first]) and self._rises(kept[first:])
        ]

    def _same(self, one: int, other: int) -> bool:
        return self.walls[one] == self.walls[other] and self.labels[one].value == self.labels[other].value

    def _rises(self, kept: Sequence[int]) -> bool:
        return all(self._wall(before) < self._wall(after) for before, after in pairwise(kept))

    def _wall(self, index: int) -> datetime:
        wall = self.walls[index]
        if wall is None:
            raise ValueError("a label without a time is in no doubled hour")
        return wall

    def _energy(self, way: _Way) -> int | None:
        energies = [self.labels[index].energy for index in way.kept]
        return None if None in energies else sum(energy for energy in energies if energy is not None)

    def _energy_of_others(self) -> int | None:
        """Wh of the local day outside the doubled hour; None when a point is unknown or contradicts another."""
        found: dict[datetime, int] = {}
        for index in self._of_day():
            energy = self.labels[index].energy
            if index in self.group:
                continue
            if energy is None or found.setdefault(self._wall(index), energy) != energy:
                return None
        return sum(found.values())
