"""Every row of London's files accounted for.

rows = stored new + stored before + missing + off the grid + repeated + contradicting + refused, for each file. Of
several values for one half hour the one that is stored first stays; each further one is contradicting, listed with its
file and line. A copy of what is stored already, by whatever file, is stored before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..model.readings import ReadingBatch, instant
from ..sources.lcl import Counts
from ..sources.lcl.households import SHOWN
from ..store.writer import Written

Batches = Sequence[tuple[ReadingBatch, NDArray[np.int64]]]
"""Batches with the line number of each reading."""


@dataclass(slots=True)
class FileReport:
    """One file. state: done, known (stored whole by an earlier run) or failed, with the reason.

    counts.readings = new + before: what of it is stored, by this file or another. lines: what is refused or
    contradicts, in words.
    """

    name: str
    key: str = ""
    state: str = "done"
    reason: str = ""
    counts: Counts = field(default_factory=Counts)
    new: int = 0
    before: int = 0
    lines: list[str] = field(default_factory=list)

    def tell(self, lines: Iterable[str]) -> None:
        """Keep lines for the list; of a file the first hundred."""
        for line in lines:
            if len(self.lines) < SHOWN:
                self.lines.append(line)


def take(report: FileReport, batches: Batches, written: Written) -> None:
    """What became of the batches of one call, into the report of their file."""
    report.new += written.new
    report.before += written.unchanged
    for refused in written.refused:
        batch, lines = batches[refused.batch]
        report.counts.readings -= len(refused.different) + len(refused.overlapping)
        report.counts.conflicting += len(refused.different)
        report.counts.refused += len(refused.overlapping)
        for index in np.flatnonzero(np.isin(batch.start, refused.different)).tolist():
            report.tell([f"{report.name}, line {lines[index]}: {_second_value(batch, index)}"])
        for line in lines[np.isin(batch.start, refused.overlapping)].tolist():
            report.tell([f"{report.name}, line {line}: overlaps a stored reading of another length"])


def _second_value(batch: ReadingBatch, index: int) -> str:
    moment = f"{instant(int(batch.start[index])):%Y-%m-%d %H:%M} UTC"
    return (
        f"{batch.series.id} has another value for this half hour already ({moment}, here {batch.wh[index] / 1000} kWh)"
    )
