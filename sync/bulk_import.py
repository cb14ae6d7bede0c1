"""London's files into both collections: read and parsed ahead, written in large parts, every row accounted for.

    import_london(members([path])[0], loader, progress)

Resumable by file: one that was stored whole is in `sync_files` and is not read again. A file cut short leaves what was
read of it; the next run reads it again, which changes nothing that is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import repeat
from typing import Protocol

from .ahead import ahead
from .errors import FileRefused
from .loader import SHOWN_REJECTS, Loader
from .london_rows import FileReport, Rows
from .readings import ReadingBatch
from .sources.lcl import Counts, Member, Part, parts
from .store.processes import Place, WriterProcesses
from .store.unique import first_load
from .store.writer import Written

__all__ = ["FileReport", "begun", "finish", "import_london", "in_words", "load_file", "sums"]

FILES = "sync_files"
BYTES_A_ROW = 51  # of the published files, for the bar alone
CALL = 1_000_000  # readings written at once: between two calls the server waits a moment


class RowProgress(Protocol):
    """What a bulk load tells while it runs."""

    def start(self, size: int, done: int) -> None: ...

    def rows(self, count: int, size: int) -> None: ...

    def note(self, text: str) -> None: ...


class Writer(Protocol):
    """Who writes: `PairWriter` in this process, or `WriterProcesses`."""

    def write_many(
        self, batches: Sequence[ReadingBatch], *, tell: Callable[[int], None] = lambda _: None
    ) -> Written: ...


def import_london(
    members: Sequence[Member], loader: Loader, progress: RowProgress, place: Place | None = None, workers: int = 1
) -> list[FileReport]:
    """Load every file that is not yet stored whole. A file that cannot be read to its end is reported, not raised.

    workers: writing processes beside this one, which reads; they need `place`. With 1 this process writes as well.
    """
    with first_load(loader.pair):
        if workers == 1 or place is None:
            return _Import(loader, loader.writer, progress).run(members)
        with WriterProcesses(place, workers) as writer:
            return _Import(loader, writer, progress).run(members)


def begun(members: Sequence[Member], loader: Loader, progress: RowProgress) -> list[FileReport]:
    """The reports of a run that loads its files elsewhere: those that an earlier one stored whole are `known`."""
    return _Import(loader, loader.writer, progress).begun(members)


def load_file(member: Member, loader: Loader, progress: RowProgress) -> FileReport:
    """Store one file that is not known, and note it in the ledger when it is stored whole. The pair must exist."""
    return _Import(loader, loader.writer, progress).load_one(member)


def finish(reports: Sequence[FileReport], loader: Loader, progress: RowProgress) -> None:
    """Take from the reports what other files contradict, and add them up in the loader's outcome."""
    _Import(loader, loader.writer, progress).finish(reports)


class _Import:
    """One run over files."""

    def __init__(self, loader: Loader, writer: Writer, progress: RowProgress) -> None:
        self._loader = loader
        self._writer = writer
        self._progress = progress
        database = loader.pair.record.database
        self._files = database[FILES]
        self._known = {entry["_id"]: entry for entry in self._files.find({"source": "lcl"})}
        self._rows = Rows(database, self._known)

    def run(self, members: Sequence[Member]) -> list[FileReport]:
        reports = self.begun(members)
        new = [(member, report) for member, report in zip(members, reports, strict=True) if report.state != "known"]
        reading = _gathered([member for member, _ in new])  # the next file begins while this one is written
        found = ahead(next, repeat(reading), lambda found: found is None)
        for _, report in new:
            self._load(report, found)
            self._progress.note(in_words(report))
        self.finish(reports)
        return reports

    def begun(self, members: Sequence[Member]) -> list[FileReport]:
        done = sum(member.size for member in members if _key(member) in self._known)
        self._progress.start(sum(member.size for member in members), done)
        return [self._begun(member) for member in members]

    def load_one(self, member: Member) -> FileReport:
        report = self._begun(member)
        if report.state == "known":  # by another who had the same task
            return report
        self._load(report, ahead(next, repeat(_gathered([member])), lambda found: found is None))
        return report

    def finish(self, reports: Sequence[FileReport]) -> None:
        self._rows.settle(reports)
        self._add_up(reports)

    def _begun(self, member: Member) -> FileReport:
        known = self._known.get(_key(member))
        if known is None:
            return FileReport(member.name, _key(member))
        counts = Counts(**known["counts"])
        return FileReport(member.name, _key(member), "known", counts=counts, before=counts.readings)

    def _load(self, report: FileReport, found: Iterator[list[Part] | FileRefused | None]) -> None:
        self._rows.begin(report)
        while parts := next(found):
            if isinstance(parts, FileRefused):
                report.state, report.reason = "failed", str(parts)
                break
            self._write(parts, report)
        self._rows.end()
        if report.state == "done":
            entry = {"source": "lcl", "name": report.name, "counts": asdict(report.counts)}
            self._files.replace_one({"_id": report.key}, entry | {"at": self._loader.clock.now()}, upsert=True)

    def _write(self, parts: list[Part], report: FileReport) -> None:
        for part in parts:
            report.counts += part.counts
            report.tell(part.lines)
        found = [each for part in parts for each in zip(part.batches, part.numbers, strict=True)]
        batches = [batch for batch, _ in found]
        self._rows.take(found, self._writer.write_many(batches, tell=self._tell))
        self._tell(sum(part.counts.rows for part in parts) - sum(map(len, batches)))

    def _tell(self, rows: int) -> None:
        if rows > 0:
            self._progress.rows(rows, rows * BYTES_A_ROW)

    def _add_up(self, reports: Sequence[FileReport]) -> None:
        outcome, counts = self._loader.outcome, sums(reports)
        outcome.written = Written(sum(report.new for report in reports), 0, sum(report.before for report in reports))
        outcome.missing, outcome.repeated = counts.missing, counts.repeated
        outcome.rejected = counts.refused + counts.conflicting
        outcome.rejects = [line for report in reports for line in report.lines][:SHOWN_REJECTS]


def _key(member: Member) -> str:
    return f"lcl {member.key}"


def _gathered(members: Sequence[Member]) -> Iterator[list[Part] | FileRefused | None]:
    """The parts of files, so many at once as are written together, of the first file at first one; behind each file why
    it could not be read to its end, or an empty list; None behind them all."""
    room = 0
    for member in members:
        call: list[Part] = []
        end: list[Part] | FileRefused = []
        try:
            for part in parts(member):
                call.append(part)
                room -= part.counts.readings
                if room <= 0:
                    yield call
                    call, room = [], CALL
        except FileRefused as error:
            end = error
        if call:
            yield call
        yield end
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
