"""London's files into both collections: read and parsed ahead, written in large parts, every row accounted for.

Resumable by file: one that was stored whole is in `sync_files` and is not read again. A file cut short leaves what was
read of it; the next run reads it again, which changes nothing that is stored.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import repeat
from typing import Protocol

from .ahead import ahead
from .errors import FileRefused
from .loader import Loader
from .readings import ReadingBatch
from .sources.lcl import Counts, Member, Part, parts
from .store.schema import ensure_pair
from .store.writer import Written

FILES = "sync_files"
PART = 100_000  # readings written together
BYTES_A_ROW = 51  # of the published files, for the bar alone


class RowProgress(Protocol):
    """What a bulk load tells while it runs."""

    def start(self, size: int, done: int) -> None: ...

    def rows(self, count: int, size: int) -> None: ...

    def note(self, text: str) -> None: ...


@dataclass(slots=True)
class FileReport:
    """One file. state: done, known (stored by an earlier run) or failed, with the reason."""

    name: str
    state: str = "done"
    reason: str = ""
    counts: Counts = field(default_factory=Counts)
    written: Written = field(default_factory=Written)


@dataclass(slots=True)
class _Piece:
    """What is handed from the reading thread to the writing one. `last`: nothing more comes."""

    parts: list[Part] = field(default_factory=list)
    error: FileRefused | None = None
    last: bool = False

    @property
    def batches(self) -> list[ReadingBatch]:
        return [batch for part in self.parts for batch in part.batches]

    @property
    def readings(self) -> int:
        return sum(part.counts.readings for part in self.parts)


def import_london(members: Sequence[Member], loader: Loader, progress: RowProgress) -> list[FileReport]:
    """Load every file that is not yet stored whole. A file that cannot be read to its end is reported, not raised."""
    ensure_pair(loader.pair)
    known = known_files(members, loader)
    begin(members, known, progress)
    reports = []
    for place, member in enumerate(members):
        if place not in known:
            reports.append(load_file(member, loader, progress))
            progress.note(in_words(reports[-1]))
        else:
            reports.append(known[place])
    return reports


def known_files(members: Sequence[Member], loader: Loader) -> dict[int, FileReport]:
    """Those of the files that an earlier run stored whole, by their place."""
    entries = {entry["_id"]: entry for entry in loader.pair.record.database[FILES].find({"source": "lcl"})}
    return {
        place: FileReport(member.name, "known", counts=Counts(**entries[_entry_of(member)]["counts"]))
        for place, member in enumerate(members)
        if _entry_of(member) in entries
    }


def begin(members: Sequence[Member], known: Container[int], progress: RowProgress) -> None:
    """Tell how much there is to load."""
    done = sum(member.size for place, member in enumerate(members) if place in known)
    progress.start(sum(member.size for member in members), done)


def load_file(member: Member, loader: Loader, progress: RowProgress) -> FileReport:
    """Store one file and note it in the ledger when it is stored whole. The pair must exist."""
    report = _load(member, loader, progress)
    if report.state == "done":
        entry = {"source": "lcl", "name": member.name, "counts": asdict(report.counts), "at": loader.clock.now()}
        loader.pair.record.database[FILES].replace_one({"_id": _entry_of(member)}, entry, upsert=True)
    return report


def _entry_of(member: Member) -> str:
    return f"lcl {member.key}"


def _load(member: Member, loader: Loader, progress: RowProgress) -> FileReport:
    report = FileReport(member.name)
    for piece in ahead(next, repeat(_pieces(member)), lambda piece: piece.last):
        written = loader.writer.write_many(piece.batches)
        report.written += written
        loader.outcome.written += written
        rows = 0
        for part in piece.parts:
            report.counts += part.counts
            loader.outcome.missing += part.counts.missing
            loader.outcome.repeated += part.counts.repeated
            loader.add_rejects(part.lines)
            loader.outcome.rejected += max(0, _refused(part.counts) - len(part.lines))
            rows += part.counts.rows
        progress.rows(rows, rows * BYTES_A_ROW)
        if piece.error:
            report.state, report.reason = "failed", str(piece.error)
    return report


def _refused(counts: Counts) -> int:
    return counts.refused + counts.conflicting


def _pieces(member: Member) -> Iterator[_Piece]:
    """Parts of a file gathered to what is written together; the last piece says so."""
    piece = _Piece()
    try:
        for part in parts(member):
            piece.parts.append(part)
            if piece.readings >= PART:
                yield piece
                piece = _Piece()
    except FileRefused as error:
        piece.error = error
    piece.last = True
    yield piece


def in_words(report: FileReport) -> str:
    """`file: 1,000,000 rows = 999,283 readings + 29 missing + …; 999,283 new`."""
    counts = report.counts
    names = {"missing": "without a value", "off_grid": "off the grid", "repeated": "repeated"}
    names |= {"conflicting": "contradicting", "refused": "refused"}
    rest = "".join(f" + {getattr(counts, name):,} {text}" for name, text in names.items() if getattr(counts, name))
    known = f", {report.written.unchanged:,} stored before" if report.written.unchanged else ""
    text = (
        f"{report.name}: {counts.rows:,} rows = {counts.readings:,} readings{rest}; {report.written.new:,} new{known}"
    )
    return f"{text}; FAILED: {report.reason}" if report.state == "failed" else text


def sums(reports: Iterable[FileReport]) -> Counts:
    """The rows of all files."""
    return sum((report.counts for report in reports), Counts())
