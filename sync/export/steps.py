"""Readings added up by hour, day or month of a zone. What is missing is missing: `seconds` says how much of the step is
covered, energy is the sum of what was measured, a price the mean of what is known, by seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.columns import MEAN, MOST, NOT, VALUES, Block, Mask
from ..model.localtime import midnight, offsets
from ..model.readings import Instants

STEPS = ("reading", "hour", "day", "month")
HOUR = 3_600_000


def in_steps(blocks: Iterable[Block], step: str) -> Iterator[Block]:
    """Blocks of readings, series by series, as blocks of a step. A reading belongs to the step in which it begins."""
    if step == STEPS[0]:
        yield from blocks
        return
    for _, own in groupby(blocks, lambda block: block.series):
        open_step: Block | None = None
        for block in own:
            joined = _joined(open_step, block) if open_step else block
            begins = _begins(joined, step)
            last = int(np.searchsorted(begins, begins[-1]))  # the step of the last reading may go on
            if last:
                yield _added(joined.part(0, last), begins[:last])
            open_step = joined.part(last, len(joined))
        if open_step:
            yield _added(open_step, _begins(open_step, step))


def _joined(one: Block, other: Block) -> Block:
    """One block behind the other, without flags."""
    values = {name: np.concatenate((own, other.values[name])) for name, own in one.values.items()}
    absent = {
        name: np.concatenate((~one.present(name), ~other.present(name))) for name in {**one.absent, **other.absent}
    }
    start, seconds = (np.concatenate(pair) for pair in ((one.start, other.start), (one.seconds, other.seconds)))
    return Block(one.series, one.zone, start, seconds, values, absent)


def _begins(block: Block, step: str) -> Instants:
    """Where the step of each reading begins, ms."""
    shift = offsets(block.start, block.zone)
    local = block.start + shift
    if step == "hour":
        return block.start - local % HOUR
    unit = "D" if step == "day" else "M"
    labels = local.astype("datetime64[ms]").astype(f"datetime64[{unit}]")
    different, place = np.unique(labels, return_inverse=True)
    days: list[date] = different.astype("datetime64[D]").tolist()
    found: Instants = np.array([midnight(day, block.zone) for day in days], np.int64)[place]
    return found


def _added(block: Block, begins: Instants) -> Block:
    edges = np.flatnonzero(np.diff(begins, prepend=begins[0] - 1))
    values, absent = {}, {}
    for name in block.values:
        values[name], there = _of_steps(block, name, edges)
        if not there.all():
            absent[name] = ~there
    return Block(block.series, block.zone, begins[edges], np.add.reduceat(block.seconds, edges), values, absent)


def _of_steps(block: Block, name: str, edges: NDArray[np.int64]) -> tuple[NDArray[Any], Mask]:
    """A value of each step, and which steps have one."""
    own, there, how = block.values[name], block.present(name), VALUES[name].in_steps
    known = np.logical_or.reduceat(there, edges)
    if how == NOT:
        return np.zeros(len(edges), own.dtype), np.zeros(len(edges), bool)
    if how == MOST:
        return np.where(known, np.maximum.reduceat(np.where(there, own, -np.inf), edges), 0.0), known
    if how == MEAN:
        weight = np.where(there, block.seconds, 0)
        total = np.add.reduceat(weight, edges)
        return np.add.reduceat(np.where(there, own, 0) * weight, edges) / np.where(known, total, 1), known
    return np.add.reduceat(np.where(there, own, 0), edges), known
