"""Every row of London's files accounted for, whatever other files brought before.

rows = stored new + stored before + missing + off the grid + repeated + contradicting + refused, for each file. A copy
of what a finished file brought is repeated. Of several values for one half hour the first row of each is contradicting,
in whatever order files and their parts come; a reading that was stored until its contradiction came is withdrawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pymongo.database import Database

from ..model.readings import Instants, ReadingBatch, instant
from ..sources.lcl import Counts
from ..sources.lcl.households import SHOWN
from ..store.comparison import Met, Written
from ..store.conflicts import contradiction_name
from ..store.schema import CONTRADICTIONS, Document
from .origins import Origins

Batches = Sequence[tuple[ReadingBatch, NDArray[np.int64]]]
"""Batches with the line number of each reading."""


@dataclass(slots=True)
class FileReport:
    """One file. state: done, known (stored whole by an earlier run) or failed, with the reason.

    counts.readings = new + before: what of it is stored. lines: what is refused or contradicts, in words.
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


class Rows:
    """The accounts of one import."""

    def __init__(self, database: Database[Document], finished: Iterable[str]) -> None:
        self._origins = Origins(database)
        self._contradictions = database[CONTRADICTIONS]
        self._finished = set(finished)
        self._report = FileReport("")

    def begin(self, report: FileReport) -> None:
        """The file that the next calls are of; nothing happens when it is the present one."""
        if report is not self._report:
            self._report = report
            self._origins.begin(report.key, report.name)

    def end(self) -> None:
        """Nothing more comes of the file."""
        whole = self._report.state == "done"
        self._origins.keep(whole)
        if whole:
            self._finished.add(self._report.key)

    def take(self, batches: Batches, written: Written) -> None:
        """What became of the batches of one call."""
        met: defaultdict[int, list[Met]] = defaultdict(list)
        for each in written.met:
            met[each.batch].append(each)
        self._report.new += sum(len(batch) for batch, _ in batches)
        for number, (batch, lines) in enumerate(batches):
            self._take(batch, lines, met[number])

    def _take(self, batch: ReadingBatch, lines: NDArray[np.int64], met: list[Met]) -> None:
        report, household = self._report, batch.series.id
        unchanged = _among(batch.start, [each.unchanged for each in met])
        withheld = _among(batch.start, [each.withheld for each in met])
        overlapping = _among(batch.start, [each.overlapping for each in met])
        copied = unchanged.copy()
        copied[unchanged] = self._origins.brought(household, batch.start[unchanged])
        before = unchanged & ~copied
        stored = ~(copied | withheld | overlapping)
        self._origins.add(household, batch.start[stored], lines[stored], before[stored])
        report.counts.readings -= int((~stored).sum())
        report.counts.repeated += int(copied.sum())
        report.counts.refused += int(overlapping.sum())
        report.before += int(before.sum())
        report.new -= int((before | ~stored).sum())
        overlaps = "overlaps a stored reading of another length"
        report.tell(f"{report.name}, line {line}: {overlaps}" for line in lines[overlapping].tolist())
        if withheld.any():
            self._claim(batch, lines, np.flatnonzero(withheld).tolist())

    # --- contradictions --------------------------------------------------------------------------------------------

    def _claim(self, batch: ReadingBatch, lines: NDArray[np.int64], withheld: list[int]) -> None:
        """Each value belongs to the first row that brought it; other rows with that value are copies."""
        names = {contradiction_name(batch.series, int(batch.start[index])): index for index in withheld}
        for entry in self._contradictions.find({"_id": {"$in": list(names)}}):
            index = names[entry["_id"]]
            rows: dict[int, Document] = {row["wh"]: row for row in entry.get("rows", [])}
            self._claim_stored(batch, int(batch.start[index]), entry["values"][0], rows)
            self._claim_own(batch, int(batch.wh[index]), int(lines[index]), entry, rows)
            self._contradictions.update_one({"_id": entry["_id"]}, {"$set": {"rows": list(rows.values())}})

    def _claim_stored(self, batch: ReadingBatch, start: int, wh: int, rows: dict[int, Document]) -> None:
        """The value that was stored until another one came: its row was counted as stored."""
        origin = None if wh in rows else self._origins.of(batch.series.id, start)
        if origin is None:
            return
        here = origin.file == self._report.key
        row = {"wh": wh, "file": origin.file, "name": origin.name, "line": origin.line}
        rows[wh] = row if here else row | {"withdrawn": True, "before": origin.before}
        if here:
            withdraw(self._report, 1, int(origin.before))
        self._report.tell([_in_words(origin.name, origin.line, batch, start, wh)])

    def _claim_own(self, batch: ReadingBatch, wh: int, line: int, entry: Document, rows: dict[int, Document]) -> None:
        report, known = self._report, rows.get(wh)
        mine = known and (known["file"], known["line"]) == (report.key, line)
        if known and not mine and known["file"] in {report.key, *self._finished}:
            report.counts.repeated += 1
            return
        rows[wh] = {"wh": wh, "file": report.key, "name": report.name, "line": line}
        report.counts.conflicting += 1
        start = round(entry["ts"].timestamp() * 1000)
        report.tell([_in_words(report.name, line, batch, start, wh)])

    def settle(self, reports: Sequence[FileReport]) -> None:
        """Take from the finished files what was withdrawn of theirs, by this run or another."""
        sums = {"count": {"$sum": 1}, "before": {"$sum": {"$toInt": "$rows.before"}}}
        steps: list[Document] = [{"$unwind": "$rows"}, {"$match": {"rows.withdrawn": True}}]
        steps.append({"$group": {"_id": "$rows.file", **sums}})
        found = {entry["_id"]: entry for entry in self._contradictions.aggregate(steps)}
        for report in reports:
            if entry := found.get(report.key):
                known = report.state == "known"
                withdraw(report, entry["count"], entry["count"] if known else entry["before"])


def withdraw(report: FileReport, count: int, before: int) -> None:
    """Readings of a file that contradict others; `before` of them were stored before."""
    report.counts.readings -= count
    report.counts.conflicting += count
    report.before -= before
    report.new -= count - before


def _among(starts: Instants, found: list[Instants]) -> NDArray[np.bool_]:
    return np.isin(starts, np.concatenate(found)) if found else np.zeros(len(starts), dtype=bool)


def _in_words(name: str, line: int, batch: ReadingBatch, start: int, wh: int) -> str:
    moment = f"{instant(start):%Y-%m-%d %H:%M} UTC"
    return f"{name}, line {line}: {batch.series.id} has two values for one half hour ({moment}, here {wh / 1000} kWh)"
