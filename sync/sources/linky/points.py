"""Points of an Enedis load curve → a batch of readings.

A point is what Enedis hands out in every format: the average power (W) over the interval that ENDS at its label. Labels
are either Paris wall-clock text without offset or, in some exports, text with one. Here they become UTC starts, exact
Wh and a step; whatever cannot become a reading without guessing is refused with a reason and its line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby

import numpy as np

from ...model.privacy import scrub
from ...model.readings import ReadingBatch, Series, clashing, energy_batch
from .labels import Label, label_instants, parse_label, resolve
from .steps import STEPS, infer_steps, parse_step

# Nine digits of W are below an Int32 of Wh over any step.
WATTS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
MARK = re.compile(r"[A-Za-z0-9]{1,8}")

MAX_POWER_W = 36_000
"""The strongest contract a Linky serves is 36 kVA; a reading above it is kept and flagged."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point as handed out. `end` is the label text; `start` only where the format has it; `line` is its place."""

    end: str
    value: str | None
    step: str | None = None
    nature: str | None = None
    iv: str | None = None
    ec: str | None = None
    start: str | None = None
    line: int = 0


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
    watts: Decimal | int
    end: int
    seconds: int
    wh: int = 0
    flag: str = ""


def curve_from_points(
    series: Series,
    points: Sequence[Point],
    *,
    max_power: int = MAX_POWER_W,
    totals: Mapping[date, int] | None = None,
    window: tuple[int, int] | None = None,
) -> Curve:
    """Points in order of arrival → readings of `series`.

    totals: local day → Wh, the judge of an unclear doubled hour; window: [start, end) in ms outside of which a point
    was not asked for. Never raises for what a point says: refused points are in the result.
    """
    rejects: list[Reject] = []
    watts = [_watts(point.value) for point in points]
    explicit = [_explicit_step(point) for point in points]
    labels = [
        Label(point.end, point.value, _exact_wh(power, step) if power is not None and step else None)
        for point, power, step in zip(points, watts, explicit, strict=True)
    ]
    resolved = resolve(labels, totals)
    inferred = _inferred_steps(points, resolved.instants)
    rows: list[_Row] = []
    missing = 0
    for index, point in enumerate(points):
        end = resolved.instants[index]
        step = explicit[index] if point.step or point.start else inferred.get(end or 0)
        power = watts[index]
        if end is None:
            rejects.append(_reject(point, resolved.refused[index]))
        elif point.value is None or point.value == "":
            missing += 1
        elif power is None:
            rejects.append(_reject(point, "not a power in W"))
        elif step is None:
            rejects.append(_reject(point, "the length of the interval cannot be told"))
        elif end % (step * 1000):
            rejects.append(_reject(point, "not on the grid of its step"))
        elif window and not window[0] <= end - step * 1000 < window[1]:
            rejects.append(_reject(point, "outside the asked period"))
        else:
            doubtful = index in resolved.doubtful
            rows.append(_Row(point, power, end, step, flag=_flag(point, power, max_power, doubtful)))
    kept, repeated = _without_conflicts(_with_energy(rows, rejects), rejects)
    rejects.sort(key=lambda reject: reject.line)
    lines = tuple(row.point.line for row in kept)
    return Curve(_batch(series, kept), missing, repeated, tuple(rejects), lines)


def _watts(text: str | None) -> Decimal | int | None:
    if not text or not WATTS.fullmatch(text):
        return None
    return int(text) if text.isdigit() else Decimal(text)


def _exact_wh(watts: Decimal | int, seconds: int) -> int | None:
    """Energy as an exact integer, or None: half a Wh is not rounded away."""
    product = watts * seconds
    return int(product // 3600) if product % 3600 == 0 else None


def _explicit_step(point: Point) -> int | None:
    if point.step:
        return parse_step(point.step)
    start, end = (parse_label(text) for text in (point.start or "", point.end))
    if start is None or end is None:
        return None
    # On a change night the wall clock alone gives several lengths; only one of them is a step of a meter.
    found = {(b - a) // 1000 for a in label_instants(start) for b in label_instants(end)} & STEPS
    return found.pop() if len(found) == 1 else None


def _inferred_steps(points: Sequence[Point], instants: Sequence[int | None]) -> dict[int, int | None]:
    if all(point.step or point.start for point in points):
        return {}
    ends = sorted({end for end in instants if end is not None})
    return dict(zip(ends, infer_steps(ends), strict=True))


def _flag(point: Point, watts: Decimal | int, max_power: int, doubtful: bool) -> str:
    """What is unusual about a reading, as space-separated marks in a fixed order; empty for an ordinary one."""
    states = (("iv", point.iv), ("ec", point.ec))
    marks = [f"{name}:{_mark(text)}" for name, text in states if text not in (None, "", "0")]
    if point.nature not in (None, "", "B"):
        marks.append(f"n:{_mark(point.nature)}")
    if watts > max_power:
        marks.append("power")
    if doubtful:
        marks.append("clock")
    return " ".join(marks)


def _mark(text: str | None) -> str:
    return text if text and MARK.fullmatch(text) else "?"


def _with_energy(rows: Iterable[_Row], rejects: list[Reject]) -> list[_Row]:
    kept = []
    for row in rows:
        wh = _exact_wh(row.watts, row.seconds)
        if wh is None:
            rejects.append(_reject(row.point, f"not a whole number of Wh over {row.seconds} s"))
        else:
            row.wh = wh
            kept.append(row)
    return kept


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
