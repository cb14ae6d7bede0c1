"""London's files into both collections: read and parsed ahead, written in large parts, every row accounted for.

    import_london(members([path])[0], loader, progress)

Resumable by file: one that was stored whole is in `sync_files` and is not read again. A file cut short leaves what was
read of it; the next run reads it again, which changes nothing that is stored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import repeat
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..model.errors import FileRefused
from ..model.readings import ReadingBatch
from ..sources.lcl import Counts, Member, Part, parts
from ..store.schema import first_load
from ..store.writer import Calls, Written
from .prefetch import ahead
from .report import SHOWN_REJECTS, Loader
from .rows import FileReport, take

__all__ = ["FileReport", "begun", "finish", "import_london", "in_words", "load_file", "sums"]

FILES = "sync_files"
BYTES_A_ROW = 51  # of the published files, for the bar alone
CALL = 500_000  # readings written at once; two such calls are being written, and a third is being read
IN_HAND = 2  # calls


class RowProgress(Protocol):
    """What a bulk load tells while it runs."""

    def start(self, size: int, done: int) -> None: ...

    def rows(self, count: int, size: int) -> None: ...

    def note(self, text: str) -> None: ...


def import_london(members: Sequence[Member], loader: Loader, progress: RowProgress) -> list[FileReport]:
    """Load every file that is not yet stored whole. A file that cannot be read to its end is reported, not raised."""
    with first_load(loader.pair), loader.writer.calls(corrects=False) as writer:
        return _Import(loader, progress).run(members, writer)


def begun(members: Sequence[Member], loader: Loader, progress: RowProgress) -> list[FileReport]:
    """The reports of a run that loads its files elsewhere: those that an earlier one stored whole are `known`."""
    return _Import(loader, progress).begun(members)


def load_file(member: Member, loader: Loader, progress: RowProgress) -> FileReport:
    """Store one file that is not known, and note it in the ledger when it is stored whole. The pair must exist."""
    with loader.writer.calls(corrects=False) as writer:
        return _Import(loader, progress).load_one(member, writer)


def finish(reports: Sequence[FileReport], loader: Loader, progress: RowProgress) -> None:
    """Add the reports up in the loader's outcome."""
    _Import(loader, progress).finish(reports)


@dataclass(slots=True)
class _Call:
    """Parts of one file that are written together; of its last ones why it could not be read to its end, or nothing."""

    parts: list[Part]
    is_last: bool = False
    error: str = ""

    @property
    def batches(self) -> list[tuple[ReadingBatch, NDArray[np.int64]]]:
        """With the line number of each reading."""
        return [each for part in self.parts for each in zip(part.batches, part.numbers, strict=True)]


class _Import:
    """One run over files."""

    def __init__(self, loader: Loader, progress: RowProgress) -> None:
        self._loader = loader
        self._progress = progress
        self._telling = Lock()
        database = loader.pair.record.database
        self._files = database[FILES]
        self._known = {entry["_id"]: entry for entry in self._files.find({"source": "lcl"})}

    def run(self, members: Sequence[Member], writer: Calls) -> list[FileReport]:
        reports = self.begun(members)
        new = [(member, report) for member, report in zip(members, reports, strict=True) if report.state != "known"]
        self._load(new, writer)
        self.finish(reports)
        return reports

    def begun(self, members: Sequence[Member]) -> list[FileReport]:
        done = sum(member.size for member in members if _key(member) in self._known)
        self._progress.start(sum(member.size for member in members), done)
        return [self._begun(member) for member in members]

    def load_one(self, member: Member, writer: Calls) -> FileReport:
        report = self._begun(member)
        if report.state != "known":  # by another who had the same task
            self._load([(member, report)], writer)
        return report

    def _begun(self, member: Member) -> FileReport:
        known = self._known.get(_key(member))
        if known is None:
            return FileReport(member.name, _key(member))
        counts = Counts(**known["counts"])
        return FileReport(member.name, _key(member), "known", counts=counts, before=counts.readings)

    def _load(self, new: Sequence[tuple[Member, FileReport]], writer: Calls) -> None:
        """Three things at once: read a call, begin the one before, end the one before that; across files, too."""
        read = ahead(next, repeat(_calls([member for member, _ in new])), lambda call: call is None)
        begun: deque[tuple[FileReport, _Call, Callable[[], Written]]] = deque()
        for _, report in new:
            while call := next(read):
                batches = [batch for batch, _ in call.batches]
                begun.append((report, call, writer.begin(batches, tell=self._tell)))
                if len(begun) == IN_HAND:
                    self._end(*begun.popleft())
                if call.is_last:
                    break
        for each in begun:
            self._end(*each)

    def _end(self, report: FileReport, call: _Call, written: Callable[[], Written]) -> None:
        for part in call.parts:
            report.counts += part.counts
            report.tell(part.lines)
        take(report, call.batches, written())
        self._tell(sum(part.counts.rows - part.counts.readings for part in call.parts))
        if call.is_last:
            self._end_file(report, call.error)

    def _end_file(self, report: FileReport, error: str) -> None:
        if error:
            report.state, report.reason = "failed", error
        if not error:
            entry = {"source": "lcl", "name": report.name, "counts": asdict(report.counts)}
            self._files.replace_one({"_id": report.key}, entry | {"at": self._loader.clock.now()}, upsert=True)
        self._progress.note(in_words(report))

    def _tell(self, rows: int) -> None:
        """Heard from the threads that write, too."""
        with self._telling:
            if rows > 0:
                self._progress.rows(rows, rows * BYTES_A_ROW)

    def finish(self, reports: Sequence[FileReport]) -> None:
        outcome, counts = self._loader.outcome, sums(reports)
        outcome.written = Written(sum(report.new for report in reports), 0, sum(report.before for report in reports))
        outcome.missing, outcome.repeated = counts.missing, counts.repeated
        outcome.rejected = counts.refused + counts.conflicting
        outcome.rejects = [line for report in reports for line in report.lines][:SHOWN_REJECTS]


def _key(member: Member) -> str:
    return f"lcl {member.key}"


def _calls(members: Sequence[Member]) -> Iterator[_Call | None]:
    """The files, call by call, the first one of a single part; None behind them all."""
    room = 0
    for member in members:
        call = _Call([], is_last=True)
        try:
            for part in parts(member):
                call.parts.append(part)
                room -= part.counts.readings
                if room <= 0:
                    yield _Call(call.parts)
                    call.parts, room = [], CALL
        except FileRefused as error:
            call.error = str(error)
        yield call
        room = CALL
    yield None


def in_words(report: FileReport) -> str:
    """`file: 1,000,000 rows = 999,283 new + 29 without a value + …`."""
    counts = report.counts
    terms = {
        "new": report.new,
        "stored before": report.before,
        "without a value": counts.missing,
        "off the grid": counts.off_grid,
        "repeated": counts.repeated,
        "contradicting": counts.conflicting,
        "refused": counts.refused,
    }
    sum_of = " + ".join(f"{count:,} {term}" for term, count in terms.items() if count) or "nothing"
    text = f"{report.name}: {counts.rows:,} rows = {sum_of}"
    return f"{text}; FAILED: {report.reason}" if report.state == "failed" else text


def sums(reports: Iterable[FileReport]) -> Counts:
    """The rows of all files."""
    return sum((report.counts for report in reports), Counts())
