"""The readings of one series from several files as one, each once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...model.readings import ReadingBatch, Series, energy_batch, instant
from ...model.resolution import resolution_of


@dataclass(slots=True)
class Merged:
    """Batches of one series as one, each reading once. places: where each stood first, in words."""

    batch: ReadingBatch
    places: NDArray[np.str_]
    repeated: int = 0
    rejects: list[str] = field(default_factory=list)

    def add(self, other: ReadingBatch, places: NDArray[np.str_]) -> None:
        """Take what is new, and what is finer than what is known. What stood there first stays: another value for its
        time, or an overlap, is refused.

        A format without quality marks contradicts none that has them: the mark stays.
        """
        own, start, end = self.batch, other.start, other.end
        before = np.searchsorted(own.start, start, side="right") - 1  # the last that begins no later
        at = before.clip(0)
        begun = before >= 0
        agrees = np.zeros(len(other), dtype=bool)
        finer = agrees
        meets = np.searchsorted(own.start, end, side="left") > before + 1  # one begins inside
        if len(own):
            same = begun & (own.start[at] == start) & (own.seconds[at] == other.seconds)
            known, new = _resolutions(own)[at], _resolutions(other)
            off = np.abs(own.wh[at].astype(np.int64) - other.wh)
            agrees = same & (off < np.maximum(known, new))
            finer = agrees & (new < known)
            meets |= begun & (own.end[at] > start)
        for index in np.flatnonzero(meets & ~agrees).tolist():
            moment = f"{instant(int(start[index])):%Y-%m-%dT%H:%MZ}"
            self.rejects.append(f"{places[index]}: the files contradict each other: another value for {moment}")
        self.repeated += int(agrees.sum())
        marks = {int(at[i]): text for i, text in other.flags.items() if agrees[i] and not resolution_of(text) > 1}
        better = {int(at[index]): index for index in np.flatnonzero(finer).tolist()}
        self._insert(other, places, ~meets, marks, better)

    def _insert(
        self,
        other: ReadingBatch,
        places: NDArray[np.str_],
        fresh: NDArray[np.bool_],
        marks: Mapping[int, str],
        better: Mapping[int, int],
    ) -> None:
        """fresh: of `other`; marks: by index of ours; better: index of ours → that of the finer one."""
        own = self.batch
        columns = [
            np.concatenate([getattr(own, name), getattr(other, name)[fresh]]) for name in ("start", "wh", "seconds")
        ]
        flags = [own.flags.get(index) or marks.get(index, "") for index in range(len(own))]
        for index, theirs in better.items():
            columns[1][index], flags[index] = other.wh[theirs], other.flags.get(theirs, "")
        flags += [other.flags.get(index, "") for index in np.flatnonzero(fresh).tolist()]
        order = np.argsort(columns[0], kind="stable")
        start, wh, seconds = (column[order] for column in columns)
        kept = {place: flags[index] for place, index in enumerate(order.tolist()) if flags[index]}
        self.batch = energy_batch(own.series, start, wh, seconds, kept)
        self.places = np.concatenate([self.places, places[fresh]])[order]


def merge(series: Series, batches: Sequence[tuple[ReadingBatch, NDArray[np.str_]]]) -> Merged:
    """One batch of several, oldest first; each comes with the places of its readings."""
    empty = np.array([], dtype=np.int64)
    merged = Merged(energy_batch(series, empty, empty, empty), np.array([], dtype=np.str_))
    for batch, places in batches:
        merged.add(batch, places)
    return merged


def _resolutions(batch: ReadingBatch) -> NDArray[np.int64]:
    """Wh to within which each reading is known."""
    found = np.ones(len(batch), dtype=np.int64)
    for index, flag in batch.flags.items():
        found[index] = resolution_of(flag)
    return found
