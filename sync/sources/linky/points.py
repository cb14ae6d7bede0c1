"""Points of an Enedis load curve → a batch of readings.

A point is what Enedis hands out in every format: the average power (W) over the interval that ENDS at its label. Here
they become UTC starts, exact Wh and a step; whatever cannot become a reading without guessing is refused with a reason
and its line.

Labels are Europe/Paris wall-clock text, mostly without offset: the autumn hour has every label twice and only the
order of arrival tells the passes apart (`../shared/docs/linky.md` §2.2, Enedis data catalogue). The length of an
interval is read from its ISO 8601 duration, or inferred from the labels where none is given.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby, pairwise

import numpy as np

from ...model.localtime import day_seconds, midnight, wall_clock_instants
from ...model.privacy import scrub
from ...model.readings import ReadingBatch, Series, clashing, energy_batch
from ...model.resolution import fits, marked

# Nine digits of W are below an Int32 of Wh over any step.
NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
MARK = re.compile(r"[A-Za-z0-9]{1,8}")

MAX_POWER_W = 36_000
"""The strongest contract a Linky serves is 36 kVA; a reading above it is kept and flagged."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point as handed out. `end` is the text of its label, or of its start where `at_start`; `line` is its place.

    value: W on average; Wh where `is_energy`.
    """

    end: str
    value: str | None
    step: str | None = None
    nature: str | None = None
    iv: str | None = None
    ec: str | None = None
    line: int = 0
    at_start: bool = False
    is_energy: bool = False


@dataclass(frozen=True, slots=True)
class Reject:
    """A point that was not stored, and why. `line` is the line of the file or the position in the answer, from 1."""

    line: int
    reason: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}: {self.text}"


@dataclass(frozen=True, slots=True)
class Curve:
    """What became of the points: every point is a reading, missing (no value), a repetition or a reject.

    lines: where each reading stood.
    """

    batch: ReadingBatch
    missing: int = 0
    repeated: int = 0
    rejects: tuple[Reject, ...] = field(default=())
    lines: tuple[int, ...] = ()


@dataclass(slots=True)
class _Row:
    """A point on its way to a reading."""

    point: Point
    end: int
    seconds: int
    wh: int
    flag: str


@dataclass(frozen=True, slots=True)
class Digits:
    """How finely a form gives its values. resolution: W, of energies Wh; is_rounded: whether powers are rounded to
    whole W where the energy is none in whole Wh: such an energy is cut, and known to within 2 Wh."""

    resolution: int = 1
    is_rounded: bool = False

    def wh(self, point: Point, value: Decimal | int, seconds: int) -> tuple[int | None, int]:
        """Energy as an integer, and Wh to within which it is known; None where it is none: half a Wh is not rounded
        away unseen."""
        known = self.resolution if point.is_energy else -(-self.resolution * seconds // 3600)
        exact = _exact_wh(point, value, seconds)
        if exact is None and (self.is_rounded or known > 1):
            return int(value * (3600 if point.is_energy else seconds) // 3600), max(known, 2)
        return exact, known


EXACT = Digits()


def curve_from_points(
    series: Series,
    points: Sequence[Point],
    *,
    max_power: int = MAX_POWER_W,
    totals: Mapping[date, int] | None = None,
    window: tuple[int, int] | None = None,
    digits: Digits = EXACT,
) -> Curve:
    """Points in order of arrival → readings of `series`.

    totals: local day → Wh, the judge of an unclear doubled hour; window: [start, end) in ms outside of which a point
    was not asked for. Never raises for what a point says: refused points are in the result.
    """
    rejects: list[Reject] = []
    values = [_number(point.value) for point in points]
    explicit = [parse_step(point.step) if point.step else None for point in points]
    energies = [_exact_wh(*given) for given in zip(points, values, explicit, strict=True)]
    labels = [Label(p.end, p.value, energy, p.at_start) for p, energy in zip(points, energies, strict=True)]
    resolved = resolve(labels, totals)
    inferred = _inferred_steps(points, resolved.instants)
    rows: list[_Row] = []
    missing = 0
    for index, point in enumerate(points):
        label, value = resolved.instants[index], values[index]
        is_empty = not (point.value and point.value.strip())
        if label is None and not (is_empty and resolved.refused[index] == NO_SUCH_TIME):
            rejects.append(_reject(point, resolved.refused[index]))
        elif label is None or not point.value:
            missing += 1
        elif value is None:
            rejects.append(_reject(point, "not an energy in Wh" if point.is_energy else "not a power in W"))
        else:
            step = explicit[index] if point.step else inferred.get(label)
            row = _row(point, label, value, step, window=window, digits=digits)
            if isinstance(row, str):
                rejects.append(_reject(point, row))
            else:
                is_strong = row.wh * 3600 > max_power * row.seconds
                row.flag = _flag(point, is_strong, index in resolved.doubtful, row.flag)
                rows.append(row)
    kept, repeated = _without_conflicts(rows, rejects)
    rejects.sort(key=lambda reject: reject.line)
    lines = tuple(row.point.line for row in kept)
    return Curve(_batch(series, kept), missing, repeated, tuple(rejects), lines)


def _row(
    point: Point,
    label: int,
    value: Decimal | int,
    step: int | None,
    *,
    window: tuple[int, int] | None,
    digits: Digits,
) -> _Row | str:
    """A point that has a time and a value, with its resolution as the flag; or why it is no reading."""
    if step is None:
        return "the length of the interval cannot be told"
    if label % (step * 1000):
        return "not on the grid of its step"
    end = label + step * 1000 if point.at_start else label
    if window and not window[0] <= end - step * 1000 < window[1]:
        return "outside the asked period"
    wh, known = digits.wh(point, value, step)
    if wh is None:
        return f"not a whole number of Wh over {step} s"
    return _Row(point, end, step, wh, marked("", known))


def _number(text: str | None) -> Decimal | int | None:
    if not text or not NUMBER.fullmatch(text):
        return None
    return int(text) if text.isdigit() else Decimal(text)


def _exact_wh(point: Point, value: Decimal | int | None, seconds: int | None) -> int | None:
    """Energy as an exact integer, or None: half a Wh is not rounded away."""
    if value is None or seconds is None:
        return None
    product = value * (3600 if point.is_energy else seconds)
    return int(product // 3600) if product % 3600 == 0 else None


def _inferred_steps(points: Sequence[Point], instants: Sequence[int | None]) -> dict[int, int | None]:
    """By instant of the label. Labels of starts are looked at backwards: there the next one tells."""
    inferred: dict[int, int | None] = {}
    if all(point.step for point in points):
        return inferred
    for sign in (1, -1):
        own = {sign * at for p, at in zip(points, instants, strict=True) if at is not None and p.at_start == (sign < 0)}
        for at, step in zip(sorted(own), infer_steps(sorted(own)), strict=True):
            inferred[sign * at] = step
    return inferred


def _flag(point: Point, is_strong: bool, doubtful: bool, resolution: str) -> str:
    """What is unusual about a reading, as space-separated marks in a fixed order; empty for an ordinary one."""
    states = (("iv", point.iv, "0"), ("ec", point.ec, "0"), ("n", point.nature, "B"))
    unusual = [(name, text) for name, text, usual in states if text and text != usual]
    marks = [f"{name}:{text if MARK.fullmatch(text) else '?'}" for name, text in unusual]
    marks += ["power"] * is_strong + ["clock"] * doubtful + [resolution] * bool(resolution)
    return " ".join(marks)


def _without_conflicts(rows: list[_Row], rejects: list[Reject]) -> tuple[list[_Row], int]:
    """Oldest first, repetitions dropped and counted, contradictions withheld: two values for one time, overlaps."""
    rows.sort(key=lambda row: row.end)
    single: list[_Row] = []
    repeated = 0
    for _, group in groupby(rows, key=lambda row: row.end):
        same = list(group)
        if len({(row.wh, row.seconds) for row in same}) == 1:
            single.append(max(same, key=lambda row: row.flag))  # one of them may come from a place without marks
            repeated += len(same) - 1
        else:
            rejects += [_reject(row.point, "two values for one time") for row in same]
    # A guess at the doubled hour that does not fit gives way to what is certain.
    if any("clock" in row.flag for row in single):
        single = _without_overlaps(single, rejects, lambda row: "clock" in row.flag)
    return _without_overlaps(single, rejects, lambda _: True), repeated


def _without_overlaps(rows: list[_Row], rejects: list[Reject], gives_way: Callable[[_Row], bool]) -> list[_Row]:
    rows.sort(key=lambda row: row.end - row.seconds * 1000)
    end = np.array([row.end for row in rows], dtype=np.int64)
    clash = clashing(end - np.array([row.seconds for row in rows], dtype=np.int64) * 1000, end)
    if not clash.any():
        return rows
    kept = []
    for row, clashes in zip(rows, clash.tolist(), strict=True):
        if clashes and gives_way(row):
            rejects.append(_reject(row.point, "overlaps another interval"))
        else:
            kept.append(row)
    return kept


def _batch(series: Series, rows: Sequence[_Row]) -> ReadingBatch:
    end = np.array([row.end for row in rows], dtype=np.int64)
    wh = np.array([row.wh for row in rows], dtype=np.int64)
    seconds = np.array([row.seconds for row in rows], dtype=np.int64)
    flags = {index: row.flag for index, row in enumerate(rows) if row.flag}
    return energy_batch(series, end - seconds * 1000, wh, seconds, flags)


def _reject(point: Point, reason: str) -> Reject:
    return Reject(point.line, reason, scrub(f"{point.end[:60]} = {(point.value or '')[:40]!r}"))


# --- labels → instants ----------------------------------------------------------------------------------------------

LABEL = re.compile(r"20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d(Z|[+-]\d\d:?\d\d)?", re.ASCII)
NO_SUCH_TIME = "no such time on the night the clocks go forward"
GRID_MS = 300_000  # the shortest step is five minutes, and every step begins on a multiple of itself


@dataclass(frozen=True, slots=True)
class Label:
    """A label in order of arrival, with what tells a repetition from the second pass of the doubled hour.

    `energy` (Wh) is None where the value or the step is not known; at_start: the label is that of a start.
    """

    text: str
    value: str | None
    energy: int | None = None
    at_start: bool = False


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
                resolved.refused[index] = NO_SUCH_TIME
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
    """One way to read the doubled hour: the indexes kept, and which pass each of them belongs to, 0 or 1."""

    kept: tuple[int, ...]
    passes: tuple[int, ...]


@dataclass(slots=True)
class _Night:
    """The labels of one doubled hour (`group`, in order of arrival) among all labels. is_told: equal pairs are the two
    passes, as no other label of the day comes twice; a daily total may know better."""

    labels: Sequence[Label]
    walls: Sequence[datetime | None]
    day: date
    group: list[int]
    is_told: bool = False

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
        for index, turn in zip(way.kept, way.passes, strict=True):
            resolved.instants[index] = label_instants(self._wall(index))[turn]
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
        """Indexes of the day's labels: from after its midnight to the next one; of starts from midnight on."""
        near = (str(self.day), str(self.day + timedelta(days=1)))
        found = [index for index, label in enumerate(self.labels) if label.text.startswith(near)]
        walls = [(index, self.walls[index]) for index in found]
        back = {False: timedelta(minutes=1), True: timedelta(0)}
        return [i for i, wall in walls if wall and (wall - back[self.labels[i].at_start]).date() == self.day]

    def _judge(self, ways: list[_Way], total: int | None) -> tuple[_Way | None, bool]:
        """The way to take and whether it is certain. The daily total judges: a way must add up to it."""
        if not ways:
            return None, False
        others = self._energy_of_others() if total is not None else None
        if len(ways) > 1 and total is not None and others is not None:
            sums = [self._energy(way) for way in ways]
            matching = [w for w, wh in zip(ways, sums, strict=True) if wh is not None and fits(total, wh + others)]
            whole = [way for way in matching if len(way.kept) == len(self.group)]
            if len(whole) == 1:
                return whole[0], True
            if matching:
                return matching[0], len(matching) == 1
            return ways[0], False
        return ways[0], self.is_told or len(ways) == 1

    def _ways(self) -> list[_Way]:
        """Every reading of the doubled hour in which time only goes forward, the likeliest first.

        As many points as possible are taken for the first pass, because a walk through the points turns to the second
        one only when a label does not come after the one before. Adjacent equal points may be repetitions instead. Of
        points that were sorted by their labels each label comes twice in a row: first pass, second pass; with the same
        values twice, as of the sun at night, they are repetitions only where the others of the day come twice, too.
        """
        walls = [self._wall(index) for index in self.group]
        is_sorted = walls[::2] == walls[1::2] and self._rises(self.group[::2])
        if is_sorted and not self._same_pairs():
            return [_Way(tuple(self.group), (0, 1) * (len(walls) // 2))]
        self.is_told = is_sorted and not self._day_repeats()
        once = [i for n, i in enumerate(self.group) if n == 0 or not self._same(i, self.group[n - 1])]
        candidates = [self.group] if len(once) == len(self.group) else [self.group, once]
        told = [_Way(tuple(self.group), (0, 1) * (len(walls) // 2))] if self.is_told and len(walls) > 2 else []
        return told + [
            _Way(tuple(kept), (0,) * first + (1,) * (len(kept) - first))
            for kept in candidates
            for first in range(len(kept), -1, -1)
            if self._rises(kept[:first]) and self._rises(kept[first:])
        ]

    def _same_pairs(self) -> bool:
        return all(self._same(*pair) for pair in zip(self.group[::2], self.group[1::2], strict=True))

    def _day_repeats(self) -> bool:
        """Whether more than half of its other labels come twice."""
        others = Counter(self.walls[index] for index in self._of_day() if index not in self.group)
        return 2 * sum(count > 1 for count in others.values()) > len(others)

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


# --- steps ----------------------------------------------------------------------------------------------------------

STEPS = frozenset({300, 600, 900, 1800, 3600})
"""Recording steps of a Linky meter, seconds (Enedis data catalogue)."""

DURATION = re.compile(r"PT(?:(\d{1,2})H)?(?:(\d{1,2})M)?", re.ASCII)
RUN = 3
"""A step is believed after this many equal distances in a row; fewer may be single missing points."""


def parse_step(text: str) -> int | None:
    """`PT30M` → 1800, `PT1H` → 3600; None for anything a Linky does not record."""
    match = DURATION.fullmatch(text)
    if not match:
        return None
    seconds = int(match[1] or 0) * 3600 + int(match[2] or 0) * 60
    return seconds if seconds in STEPS else None


def infer_steps(ends: Sequence[int]) -> list[int | None]:
    """Steps (s) of readings by their strictly rising end instants (ms); None where they cannot be told.

    The distance to the label before is the step, if it stands in a run of `RUN` equal distances. After a gap the step
    is that of the run that follows directly, so that no reading is ever stretched over a gap.
    """
    distances = [(b - a) // 1000 for a, b in pairwise(ends)]
    believed = [False] * len(distances)
    first = 0
    for position in range(1, len(distances) + 1):
        if position == len(distances) or distances[position] != distances[first]:
            if distances[first] in STEPS and position - first >= RUN:
                believed[first:position] = [True] * (position - first)
            first = position
    steps: list[int | None] = []
    for index in range(len(ends)):
        if index > 0 and believed[index - 1]:
            steps.append(distances[index - 1])
        elif index < len(distances) and believed[index] and (index == 0 or distances[index] <= distances[index - 1]):
            steps.append(distances[index])
        elif index > 0 and distances[index - 1] == steps[-1]:
            steps.append(steps[-1])
        else:
            steps.append(None)
    return steps
