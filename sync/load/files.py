"""Files into both collections: read and parsed ahead, written in large parts, every row accounted for.

    import_files(SOURCES["lcl"].open_files(paths, settings), loader, progress)

rows = stored new + stored before + missing + off the grid + repeated + contradicting + refused, for each file. Of
several values for one time the one that is stored first stays; each further one is contradicting, listed with its file
and line. A copy of what is stored already, by whatever file, is stored before.

A file with a key that was stored whole is in `sync_files` and is not read again. One cut short leaves what was read of
it; the next run reads it again, which changes nothing that is stored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import repeat
from threading import Lock

import numpy as np
from pymongo import ReplaceOne
from pymongo.database import Database

from ..model.errors import FileRefused
from ..model.localtime import days, midnight
from ..model.readings import ReadingBatch, instant
from ..model.window import CURVE, DONE, Entry, complete_days, runs
from ..model.words import counted
from ..sources import zone_of
from ..sources.files import Counts, File, Files, Part, SideTable
from ..store.claims import Claim, broken
from ..store.forget import finish_forgetting
from ..store.ledger import readable
from ..store.schema import FILES, Document, first_load
from ..store.writer import Calls, Written
from .progress import Progress, ahead
from .report import SHOWN_REJECTS, Loader, flagged

SHOWN = 100  # refused lines kept of a file
BYTES_A_ROW = 51  # of London's files, for the bar alone
CALL = 500_000  # readings written at once; two such calls are being written, and a third is being read
IN_HAND = 2  # calls


Held = tuple[int, int, int]
"""Of one series in one file: first and last start (ms), and how many readings between them the record has at least."""


@dataclass(slots=True)
class FileReport:
    """One file. state: done, known (stored whole by an earlier run), failed on the way or refused before it was begun,
    with the reason.

    counts.readings = new + finer + before: what of it is stored, by this file or another; finer: in the place of what
    said less, was coarser, or older for certain. lines: what is refused or contradicts, in words. held: by
    `Series.key`.
    """

    name: str
    key: str = ""
    state: str = "done"
    reason: str = ""
    counts: Counts = field(default_factory=Counts)
    new: int = 0
    finer: int = 0
    before: int = 0
    lines: list[str] = field(default_factory=list)
    held: dict[str, Held] = field(default_factory=dict)

    def take(self, parts: Sequence[Part], written: Written) -> None:
        """What became of the parts of one call."""
        batches = [(batch, lines) for part in parts for batch, lines in zip(part.batches, part.lines, strict=True)]
        for part in parts:
            self.counts += part.counts
            self.keep(part.rejects)
        self.new += written.new
        self.finer += written.changed
        self.before += written.unchanged
        overlapping = {refused.batch: len(refused.overlapping) for refused in written.refused}
        for number, (batch, _) in enumerate(batches):
            self._hold(batch, overlapping.get(number, 0))
        for refused in written.refused:
            batch, lines = batches[refused.batch]
            self.counts.readings -= len(refused.different) + len(refused.overlapping)
            self.counts.conflicting += len(refused.different)
            self.counts.refused += len(refused.overlapping)
            for index in np.flatnonzero(np.isin(batch.start, refused.different)).tolist():
                self.keep([f"{self._place(lines[index])}: {_second_value(batch, index)}"])
            for line in lines[np.isin(batch.start, refused.overlapping)].tolist():
                self.keep([f"{self._place(line)}: overlaps a stored reading of another length"])

    def _hold(self, batch: ReadingBatch, refused: int) -> None:
        """Rather too few: of parts of a file that share time, only those that come first are counted."""
        if not len(batch):
            return
        key, first, last, count = batch.series.key, int(batch.start[0]), int(batch.start[-1]), len(batch) - refused
        if key not in self.held:
            self.held[key] = (first, last, count)
        elif first > self.held[key][1]:
            self.held[key] = (self.held[key][0], last, self.held[key][2] + count)

    def keep(self, lines: Iterable[str]) -> None:
        """For the list; of a file the first hundred."""
        for line in lines:
            if len(self.lines) < SHOWN:
                self.lines.append(line)

    def _place(self, line: int | str) -> str:
        return line if isinstance(line, str) else f"{self.name}, line {line}"

    def __str__(self) -> str:
        """`file: 1,000,000 rows = 999,283 new + 29 without a value + …`."""
        counts = self.counts
        terms = {
            "new": self.new,
            "better than before": self.finer,
            "stored before": self.before,
            "without a value": counts.missing,
            "off the grid": counts.off_grid,
            "repeated": counts.repeated,
            "contradicting": counts.conflicting,
            "refused": counts.refused,
        }
        sum_of = " + ".join(f"{count:,} {term}" for term, count in terms.items() if count) or "nothing"
        text = f"{self.name}: {counted(counts.rows, 'row')} = {sum_of}"
        return f"{text}; FAILED: {self.reason}" if self.state == "failed" else text

    def as_json(self) -> dict[str, object]:
        """An entry of `files` in `import --json`."""
        named = {"name": self.name, "state": self.state, "reason": self.reason, "new": self.new, "before": self.before}
        named["finer"] = self.finer
        return named | asdict(self.counts)


def _second_value(batch: ReadingBatch, index: int) -> str:
    moment, series = f"{instant(int(batch.start[index])):%Y-%m-%d %H:%M} UTC", batch.series
    value = f", here {batch.wh[index] / 1000} kWh" if "wh" in batch.columns else ""
    return f"{series.shown_id} has another value for this time already ({moment}{value})"


def sums(reports: Iterable[FileReport]) -> FileReport:
    """All files as one."""
    total = FileReport("all files")
    for report in reports:
        total.counts += report.counts
        total.new += report.new
        total.finer += report.finer
        total.before += report.before
    return total


@dataclass(slots=True)
class _Call:
    """Parts of one file that are written together; of its last ones why it could not be read to its end, or nothing."""

    parts: list[Part]
    is_last: bool = False
    error: str = ""


def import_files(files: Files, loader: Loader, progress: Progress) -> list[FileReport]:
    """Load every file that is not yet stored whole. A file that cannot be read to its end is reported, not raised."""
    database = loader.pair.record.database
    for note in files.notes:
        progress.note(note)
    store_tables(database, files.tables)
    with first_load(loader.pair):
        finish_forgetting(loader.pair, zone_of(loader.pair.source), loader.clock, progress.note)
        if gone := loader.forget_generated(files.series):
            progress.note(f"removed the generated household ({counted(gone, 'reading')}): real readings come in")
        for series, totals in files.totals.items():
            loader.ledger.keep_totals(series, totals, "file", loader.clock.now())
        with loader.writer.calls(corrects=False) as writer:
            reports = FileImport(loader, progress, files.longest).run(files.files, writer)
    reports += [FileReport(name, state="refused", reason=reason) for name, reason in files.failed]
    loader.add_rejects(files.rejects)
    loader.outcome.windows = files.count or len(files.files)
    return reports


def store_tables(database: Database[Document], tables: Iterable[SideTable]) -> None:
    """What stands beside the readings. Safe to repeat."""
    for table in tables:
        writes = [ReplaceOne({"_id": document["_id"]}, dict(document), upsert=True) for document in table.documents]
        if writes:
            database[table.collection].bulk_write(writes, ordered=False)


class FileImport:
    """One run over files. longest: days of the windows in which complete days are entered in the ledger, 0 for none."""

    def __init__(self, loader: Loader, progress: Progress, longest: int = 0) -> None:
        self._loader = loader
        self._progress = progress
        self._longest = longest
        self._telling = Lock()
        self._rows = 0
        self._files = loader.pair.record.database[FILES]
        self._known = dict(readable(self._files, {"source": loader.pair.source}, _known))

    def run(self, files: Sequence[File], writer: Calls) -> list[FileReport]:
        """All of them, in their order."""
        reports = self.begun(files)
        self._load([pair for pair in zip(files, reports, strict=True) if pair[1].state != "known"], writer)
        self.finish(reports)
        return reports

    def begun(self, files: Sequence[File]) -> list[FileReport]:
        """Their reports before anything is read: those that an earlier run stored whole are `known`, if the record has
        what came from them, or gets it back from the mirror."""
        claims = [claim for file in files for claim in self._claims(file.key)]
        gone = broken(self._loader.pair, claims)
        back = self._loader.restore(gone) if gone else 0
        unknown = {claim.of for claim in broken(self._loader.pair, gone)}
        if gone:
            self._progress.note(
                f"{self._loader.pair.record.name} lacks readings of imported files: {back:,} copied back from "
                f"{self._loader.pair.mirror.name}, read again: {counted(len(unknown), 'file')}"
            )
        unknown |= {file.key for file in files if file.key in self._known and self._known[file.key][1] is None}
        self._files.delete_many({"_id": {"$in": sorted(unknown)}})
        self._known = {key: entry for key, entry in self._known.items() if key not in unknown}
        done = sum(file.size for file in files if file.key in self._known)
        self._progress.start(sum(file.size for file in files) - done, done)
        return [self._begun(file) for file in files]

    def _claims(self, key: str) -> list[Claim]:
        """What a known file says the record has; the entry of an earlier version says nothing."""
        _, held = self._known.get(key, (None, None))
        return [Claim(key, (name,), instant(first), instant(last + 1), n) for name, first, last, n in held or ()]

    def load_one(self, file: File) -> FileReport:
        """Store one file that is not known. The pair must exist."""
        report = self._begun(file)
        if report.state != "known":  # by another who had the same task
            with self._loader.writer.calls(corrects=False) as writer:
                self._load([(file, report)], writer)
        return report

    def finish(self, reports: Sequence[FileReport]) -> None:
        """Add them up in the loader's outcome."""
        outcome, total = self._loader.outcome, sums(reports)
        outcome.written = Written(total.new, total.finer, total.before)
        outcome.missing, outcome.repeated = total.counts.missing, total.counts.repeated
        outcome.rejected = total.counts.refused + total.counts.conflicting
        outcome.rejects = [line for report in reports for line in report.lines][:SHOWN_REJECTS]

    def _begun(self, file: File) -> FileReport:
        if file.key not in self._known:
            return FileReport(file.name, file.key)
        counts, _ = self._known[file.key]
        return FileReport(file.name, file.key, "known", counts=counts, before=counts.readings)

    def _load(self, new: Sequence[tuple[File, FileReport]], writer: Calls) -> None:
        """Three things at once: read a call, begin the one before, end the one before that; across files, too."""
        calls = repeat(_calls([file for file, _ in new]))
        begun: deque[tuple[FileReport, _Call, Callable[[], Written]]] = deque()
        with closing(ahead(next, calls, lambda call: call is None, is_waited_for=True)) as read:
            for _, report in new:
                while call := next(read):
                    batches = [batch for part in call.parts for batch in part.batches]
                    begun.append((report, call, writer.begin(batches, tell=self._tell)))
                    if len(begun) == IN_HAND:
                        self._end(*begun.popleft())
                    if call.is_last:
                        break
        for last in begun:
            self._end(*last)

    def _end(self, report: FileReport, call: _Call, written: Callable[[], Written]) -> None:
        report.take(call.parts, written())
        outcome = self._loader.outcome
        for part in call.parts:
            outcome.flagged += sum(map(flagged, part.batches))
            outcome.short += [part.short] * bool(part.short)
            for batch in part.batches if self._longest else ():
                self._enter_complete_days(batch)
        self._tell(sum(part.counts.rows - part.counts.readings for part in call.parts))
        if call.is_last:
            self._end_file(report, call.error)

    def _end_file(self, report: FileReport, error: str) -> None:
        if not error and report.counts.refused and not report.counts.readings:
            error = f"none of its {counted(report.counts.rows, 'row')} can be taken"
        if error:
            report.state, report.reason = "failed", error
        elif report.key:
            source = self._loader.pair.source
            held = [[key, *span] for key, span in report.held.items()]
            entry = {"source": source, "name": report.name, "counts": asdict(report.counts), "held": held}
            self._files.replace_one({"_id": report.key}, entry | {"at": self._loader.clock.now()}, upsert=True)
        self._progress.note(str(report))

    def _tell(self, rows: int) -> None:
        """Heard from the threads that write, too."""
        with self._telling:
            if rows > 0:
                self._rows += rows
                self._progress.advance(f"{self._rows:,} rows", rows * BYTES_A_ROW)

    def _enter_complete_days(self, batch: ReadingBatch) -> None:
        """Days that the files cover whole need no call any more; the others are left for the API to fill."""
        ledger, series, zone = self._loader.ledger, batch.series, zone_of(batch.series.source)
        done = {
            day
            for entry in ledger.entries(series, CURVE)
            if entry.state == DONE
            for day in days(entry.window.start, entry.window.end)
        }
        entries = []
        for window in runs((day for day in complete_days(batch, zone) if day not in done), self._longest):
            edges = [midnight(window.start, zone), midnight(window.end, zone)]
            first, last = np.searchsorted(batch.start, edges)
            energy = int(batch.wh[first:last].sum())
            entries.append(Entry(window, DONE, self._loader.clock.now(), int(last - first), energy, status="import"))
        ledger.record(series, CURVE, *entries)


def _known(found: Document) -> tuple[str, tuple[Counts, Sequence[tuple[str, int, int, int]] | None]]:
    """By the key of a file that was stored whole: its rows, and what of each series; None from an earlier version."""
    held = [(str(name), int(first), int(last), int(n)) for name, first, last, n in found.get("held", ())]
    return found["_id"], (Counts(**found["counts"]), held if "held" in found else None)


def _calls(files: Sequence[File]) -> Iterator[_Call | None]:
    """The files, call by call, the first one of a single part; None behind them all."""
    room = 0
    for file in files:
        call = _Call([], is_last=True)
        try:
            for part in file.parts():
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
