"""London's files into both collections: read and parsed ahead, written in large parts, every row accounted for.

    import_london(members([path])[0], loader, progress)

Resumable by file: one that was stored whole is in `sync_files` and is not read again. A file cut short leaves what was
read of it; the next run reads it again, which changes nothing that is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import repeat
from typing import Protocol

from .ahead import ahead
from .errors import FileRefused
from .loader import SHOWN_REJECTS, Loader
from .london_rows import FileReport, Rows
from .sources.lcl import Counts, Member, Part, parts
from .store.unique import first_load
from .store.writer import Written

__all__ = ["FileReport", "import_london", "in_words", "sums"]

FILES = "sync_files"
BYTES_A_ROW = 51  # of the published files, for the bar alone
CALL = 1_000_000  # readings written at once: between two calls the server waits a moment


class RowProgress(Protocol):
    """What a bulk load tells while it runs."""

    def start(self, size: int, done: int) -> None: ...

    def rows(self, count: int, size: int) -> None: ...

    def note(self, text: str) -> None: ...


def import_london(members: Sequence[Member], loader: Loader, progress: RowProgress) -> list[FileReport]:
    """Load every file that is not yet stored whole. A file that cannot be read to its end is reported, not raised."""
    with first_load(loader.pair):
        return _Import(loader, progress).run(members)


class _Import:
    """One run over files."""

    def __init__(self, loader: Loader, progress: RowProgress) -> None:
        self._loader = loader
        self._progress = progress
        database = loader.pair.record.database
        self._files = database[FILES]
        self._known = {entry["_id"]: entry for entry in self._files.find({"source": "lcl"})}
        self._rows = Rows(database, self._known)

    def run(self, members: Sequence[Member]) -> list[FileReport]:
        done = sum(member.size for member in members if _key(member) in self._known)
        self._progress.start(sum(member.size for member in members), done)
        reports = []
        for member in members:
            if known := self._known.get(_key(member)):
                counts = Counts(**known["counts"])
                report = FileReport(member.name, _key(member), "known", counts=counts, before=counts.readings)
            else:
                report = self._load(member)
                self._progress.note(in_words(report))
            reports.append(report)
        self._rows.settle(reports)
        self._add_up(reports)
        return reports

    def _load(self, member: Member) -> FileReport:
        report = FileReport(member.name, _key(member))
        self._rows.begin(report)
        for found in ahead(next, repeat(_gathered(member)), lambda found: not found or isinstance(found, FileRefused)):
            if isinstance(found, FileRefused):
                report.state, report.reason = "failed", str(found)
            else:
                self._write(found, report)
        self._rows.end()
        if report.state == "done":
            entry = {"source": "lcl", "name": member.name, "counts": asdict(report.counts)}
            self._files.replace_one({"_id": report.key}, entry | {"at": self._loader.clock.now()}, upsert=True)
        return report

    def _write(self, parts: list[Part], report: FileReport) -> None:
        for part in parts:
            report.counts += part.counts
            report.tell(part.lines)
        found = [each for part in parts for each in zip(part.batches, part.numbers, strict=True)]
        batches = [batch for batch, _ in found]
        self._rows.take(found, self._loader.writer.write_many(batches, tell=self._tell))
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


def _gathered(member: Member) -> Iterator[list[Part] | FileRefused]:
    """The parts of a file, so many at once as are written together, at first one; behind them why it could not be read
    to its end, or an empty list."""
    call: list[Part] = []
    room = 0
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
