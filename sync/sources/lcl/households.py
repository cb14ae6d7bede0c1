"""Rows → batches of single households, each slot once in a batch: exact copies collapsed, every row counted.

Two values for one half hour come in two batches, in the order of their lines: the first that is stored stays, and which
that is, is known by the store alone, as the other value may stand in another file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...model.errors import FileRefused
from ...model.readings import ReadingBatch, Series, energy_batch
from ..files import Counts, Part
from .members import Member
from .rows import HALF_HOUR, MISSING, OFF_GRID, READING, REASONS, REFUSED, Rows, blocks

SHOWN = 100  # refused lines listed for a file
MOST_HOUSEHOLDS = 10_000  # in one block; the trial had 5,567


@dataclass(slots=True)
class _Held:
    """Readings of one household that may go on in the next block."""

    household: str
    label: NDArray[np.int64]
    wh: NDArray[np.int64]
    line: NDArray[np.int64]


def parts(member: Member) -> Iterator[Part]:
    """The readings of a file, block by block; the last household of a block waits for the next one.

    Raises FileRefused behind what could be read of a file that cannot be read to its end.
    """
    held: _Held | None = None
    error: FileRefused | None = None
    try:
        with member.open() as stream:
            for rows, broken in blocks(stream, member.name):
                part = _part(Counts(rows=len(rows) + len(broken), refused=len(broken)))
                part.rejects += [f"{member.name}, line {line}: {REASONS[reason]}" for line, reason in broken[:SHOWN]]
                _tell(rows, part, member.name)
                found = _by_household(rows, held)
                held = found.pop() if found else None
                for each in found:
                    _add(each, part)
                yield part
    except FileRefused as refused:
        error = refused
    if held is not None:
        part = _part(Counts())
        _add(held, part)
        yield part
    if error:
        raise error


class _Growing(Part):
    """A part that is being filled."""

    batches: list[ReadingBatch]
    lines: list[NDArray[np.int64]]
    rejects: list[str]


def _part(counts: Counts) -> _Growing:
    return _Growing([], [], counts, [])


def _tell(rows: Rows, part: _Growing, name: str) -> None:
    counted = np.bincount(rows.kind, minlength=4)
    part.counts.missing, part.counts.off_grid = int(counted[MISSING]), int(counted[OFF_GRID])
    part.counts.refused += int(counted[REFUSED])
    for place in np.flatnonzero(rows.kind == REFUSED)[: SHOWN - len(part.rejects)].tolist():
        part.rejects.append(f"{name}, line {rows.line[place]}: {REASONS[int(rows.reason[place])]}")


def _by_household(rows: Rows, held: _Held | None) -> list[_Held]:
    """Readings by household, in the order of the last row of each; `held` comes in front of its household."""
    good = rows.kind == READING
    household, label, wh, line = rows.household[good], rows.label[good], rows.wh[good], rows.line[good]
    order = np.argsort(household, kind="stable")
    edges = np.flatnonzero(np.diff(household[order])) + 1
    if len(edges) >= MOST_HOUSEHOLDS:
        raise FileRefused(f"more than {MOST_HOUSEHOLDS:,} households in one piece of it: no file of the London trial")
    found = []
    for chosen in np.split(order, edges) if len(order) else ():
        found.append(
            (chosen[-1], _Held(rows.households[household[chosen[0]]], label[chosen], wh[chosen], line[chosen]))
        )
    found.sort(key=lambda each: int(each[0]))
    listed = [each for _, each in found]
    if held is None:
        return listed
    for each in listed:
        if each.household == held.household:
            each.label, each.wh, each.line = (
                np.concatenate(both) for both in ((held.label, each.label), (held.wh, each.wh), (held.line, each.line))
            )
            return listed
    return [held, *listed]


def _add(held: _Held, part: _Growing) -> None:
    """One household's readings: copies once; further values for a slot in further batches."""
    label, wh, line = held.label, held.wh, held.line
    if (label[1:] > label[:-1]).all():  # sorted and single as published, most of the time
        _append(held.household, label, wh, line, part)
        return
    order = np.lexsort((line, wh, label))
    label, wh, line = label[order], wh[order], line[order]
    first = np.ones(len(label), dtype=bool)
    first[1:] = (label[1:] != label[:-1]) | (wh[1:] != wh[:-1])
    part.counts.repeated += int((~first).sum())
    order = np.flatnonzero(first)
    order = order[np.lexsort((line[order], label[order]))]  # of several values the one that stands first comes first
    label, wh, line = label[order], wh[order], line[order]
    begins = np.r_[True, label[1:] != label[:-1]]
    turn = np.arange(len(label)) - np.flatnonzero(begins)[np.cumsum(begins) - 1]  # 0 for the first value of a slot
    for each in range(int(turn.max()) + 1):
        own = turn == each
        _append(held.household, label[own], wh[own], line[own], part)


def _append(
    household: str, label: NDArray[np.int64], wh: NDArray[np.int64], line: NDArray[np.int64], part: _Growing
) -> None:
    if len(label):
        seconds = np.full(len(label), HALF_HOUR // 1000, dtype=np.int64)
        part.counts.readings += len(label)
        part.batches.append(energy_batch(Series("lcl", household, "consumption"), label - HALF_HOUR, wh, seconds))
        part.lines.append(line)
