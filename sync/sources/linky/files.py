"""Files of Linky meters as `import` takes them: of any known form, in any order, overlapping or not; plain, gzip, ZIP
(also with gzip inside), folders; told apart by content, not by name.

All of them are read before anything is stored, and those of a series are handed out as one, oldest first: a time-series
collection that is filled out of order has more buckets. What is not wanted, or cannot be read, refuses nothing else.
"""

from __future__ import annotations

import gzip
import io
import sqlite3
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ...model.bounded import DAMAGE, GZIP, Allowance, NoFile, archive, opened, refuse_packing
from ...model.errors import FileRefused
from ...model.localtime import local_day, midnight
from ...model.readings import Series
from ...model.resolution import Total, agree, fits, resolution_of
from ..files import File, Files, Heard, Part, Unheard
from .api import CURVE_DAYS, SOURCE
from .exports.cache_db import SQLITE, read_cache
from .exports.export import (
    ASK_INSTEAD,
    KNOWN,
    TORN,
    USE_ORIGINAL,
    Export,
    NotAnExport,
    NothingToImport,
    not_an_export,
    shown,
)
from .exports.forms import read_form
from .exports.r63 import is_r63, read_r63
from .exports.saved import read_saved
from .exports.sections import is_sectioned, read_sections
from .exports.text import is_blank, text_of
from .exports.whose import Owner
from .exports.workbook import read_workbook
from .merge import merge
from .points import MAX_POWER_W, Curve, Point, curve_from_points


def open_files(
    paths: Sequence[Path], settings: Any = None, prm: str = "", flow: str = "", heard: Heard | None = None
) -> Files:
    """`files.Files` of exports. prm, flow: of files that do not say theirs; heard: the reading, which takes the most
    time of an import. Raises FileRefused when nothing can be imported, UsageError for what cannot be opened."""
    meters = [meter.prm for meter in settings.meters] if settings else []
    reader = _Reader(Owner(prm, flow, meters), Allowance(LARGEST_BYTES, too_large))
    reader.read(paths, heard or Unheard())
    if not reader.exports:
        raise reader.refusal()
    by_series: defaultdict[Series, list[Export]] = defaultdict(list)
    for export in reader.exports:
        by_series[Series(SOURCE, export.prm, export.flow)].append(export)
    max_power = settings.linky_max_power_w if settings else MAX_POWER_W
    files, totals, rejects = [], {}, []
    for series, own in sorted(by_series.items(), key=lambda item: item[0].key):
        totals[series], contradicting = _totals(own)
        rejects += contradicting
        files.append(File(series.label, paths[0], partial(_parts, series, own, totals[series], max_power)))
    notes = [note for export in reader.exports for note in export.notes]
    return Files(
        files,
        notes=[*notes, *reader.left_out_notes()],
        rejects=rejects,
        failed=[(name, reason.removeprefix(name).lstrip(":, ")) for name, reason in reader.failed],
        totals=totals,
        series=list(totals),
        longest=CURVE_DAYS,
        count=len(reader.exports),
    )


def read_exports(path: Path, owner: Owner | None = None) -> Iterator[Export]:
    """The exports of one path, one per meter and flow and, in a ZIP or a folder, per member; read as a whole before the
    first is handed out. Raises `UsageError` when it cannot be read, `FileRefused` when nothing can be imported."""
    reader = _Reader(owner or Owner(), Allowance(LARGEST_BYTES, too_large))
    reader.read([path], Unheard())
    if not reader.exports:
        raise reader.refusal()
    first, *others = reader.exports
    failed = tuple(f"FAILED {name}: {reason}" for name, reason in reader.failed)
    notes = (*first.notes, *reader.left_out_notes(), *failed)
    return iter([replace(first, notes=notes), *others])


# --- exports → parts -------------------------------------------------------------------------------------------------


def _parts(series: Series, exports: Sequence[Export], totals: Mapping[date, Total], max_power: int) -> Iterator[Part]:
    own = [export for export in exports if export.kind == "curve"]
    rejects = [f"{export.name}, {reject}" for export in exports if export.kind != "curve" for reject in export.rejects]

    def read(export: Export, *more: Point) -> Curve:
        points = (*export.points, *more)
        return curve_from_points(series, points, max_power=max_power, totals=totals, digits=export.digits)

    curves = [read(export) for export in own]
    for place, export in enumerate(own):
        refused = export.rejects
        if export.torn:
            whole = read(export, export.torn)
            if _is_vouched(export, whole, [*curves[:place], *curves[place + 1 :]], totals):
                curves[place], refused = whole, tuple(reject for reject in refused if reject.reason != TORN)
        rejects += [f"{export.name}, {reject}" for reject in (*refused, *curves[place].rejects)]
    merged = merge(
        series,
        [
            (curve.batch, np.array([f"{export.name}, line {line}" for line in curve.lines]))
            for export, curve in zip(own, curves, strict=True)
        ],
    )
    batches = [merged.batch] if len(merged.batch) else []
    yield Part.counted(
        batches,
        [merged.places][: len(batches)],
        rejects + merged.rejects,
        missing=sum(curve.missing for curve in curves),
        repeated=sum(curve.repeated for curve in curves) + merged.repeated,
    )


def _is_vouched(export: Export, whole: Curve, others: Sequence[Curve], totals: Mapping[date, Total]) -> bool:
    """Whether the last line, which has no end, is known to be no part of one: the file reaches the end that it states,
    another file has the same reading, or the day adds up to its total."""
    if export.torn is None or export.torn.line not in whole.lines:
        return False
    batch, place = whole.batch, whole.lines.index(export.torn.line)
    start, end, wh = (int(column[place]) for column in (batch.start, batch.end, batch.wh))
    if export.until and end in (midnight(export.until), midnight(export.until + timedelta(days=1))):
        return True  # some headers name the last day, some the one behind it; in between a file may be cut off
    for other in others:
        at = int(np.searchsorted(other.batch.start, start))
        if at < len(other.batch) and other.batch.start[at] == start and other.batch.end[at] == end:
            flags = batch.flags.get(place, ""), other.batch.flags.get(at, "")
            return agree(int(other.batch.wh[at]), wh, max(map(resolution_of, flags)))
    day = local_day(start)
    edges = [midnight(day), midnight(date.fromordinal(day.toordinal() + 1))]
    first, last = np.searchsorted(batch.start, edges)
    covers = int(batch.seconds[first:last].sum()) * 1000 == edges[1] - edges[0]
    return covers and day in totals and fits(totals[day], int(batch.wh[first:last].sum()))


def _totals(exports: Sequence[Export]) -> tuple[dict[date, Total], list[str]]:
    """Daily totals of one series, the finest that is given, and a line for each day of which the files give different
    ones."""
    given: defaultdict[date, list[Total]] = defaultdict(list)
    for export in exports:
        for day, total in export.totals.items():
            given[day].append(total)
    totals: dict[date, Total] = {}
    lines = []
    for day, found in sorted(given.items()):
        finest = min(found, key=lambda total: total.resolution)
        if all(fits(total, finest) for total in found):
            totals[day] = finest
        else:
            lines.append(f"{day}: the files give different daily totals: {sorted(set(map(int, found)))} Wh")
    return totals, lines


# --- paths → the exports in them -------------------------------------------------------------------------------------

LARGEST_BYTES = 32_000_000
"""Unpacked size of all files of one command, with every archive in which one stands: all of them are held at once.
Fifteen years of half hours of one meter, or five of ten minutes, stay below it."""
MOST_MEMBERS = 2000
DEEPEST = 3
"""Archives in archives: .gz in .zip in .zip and no deeper."""
NOT_OURS = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")
EXPORT_SUFFIXES = {".csv", ".gz", ".zip", ".xlsx", ".json", ".db"}
SHOWN = 3  # files named of those that were left out for one reason


@dataclass(slots=True)
class _Reader:
    """Reads paths. left_out: what is not wanted, by reason; failed: name and reason of what should be an export."""

    owner: Owner
    allowance: Allowance
    exports: list[Export] = field(default_factory=list)
    left_out: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    failed: list[tuple[str, str]] = field(default_factory=list)

    def read(self, paths: Sequence[Path], heard: Heard) -> None:
        """All of them; what is named by itself should be an export, what lies in a folder may be."""
        files = [(file, path if path.is_dir() else None) for path in paths for file in _files_in(path)]
        heard.start(len(files), 0)
        for file, folder in files:
            name = shown(str(file.relative_to(folder.parent)) if folder else file.name)
            try:
                self._read(name, file.name, self._content(name, file), 0, file)
            except FileRefused as refused:
                if isinstance(refused, _TooLarge) or (isinstance(refused, NoFile) and not folder):
                    raise
                self._note(name, file.name, refused, is_meant=folder is None)
            heard.advance(f"reading {name}")

    def refusal(self) -> FileRefused:
        """The error when there is no export."""
        reasons = [reason for _, reason in self.failed] + list(self.left_out_notes())
        if not reasons:
            return NothingToImport(f"There is no file in it. {KNOWN}")
        kind = NotAnExport if all("of no form that is known" in reason for reason in reasons) else FileRefused
        told = "; ".join(reason.removesuffix(".") for reason in reasons[:SHOWN])
        return kind(told if self.failed else f"{told}. {KNOWN}")  # what failed says itself what helps

    def left_out_notes(self) -> tuple[str, ...]:
        """A line for each reason, with the files it is that of."""
        notes = []
        for reason, names in self.left_out.items():
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            notes.append(f"left out: {', '.join(names[:SHOWN])}{more}: {reason}")
        return tuple(notes)

    def _note(self, name: str, file_name: str, refused: FileRefused, is_meant: bool) -> None:
        """A README is left out; what should be an export and is none is told as failed."""
        reason = str(refused)
        unwanted = isinstance(refused, NothingToImport | NotAnExport)
        if is_meant or (not unwanted and PurePosixPath(file_name).suffix.lower() in EXPORT_SUFFIXES):
            self.failed.append((name, reason))
        else:
            short = reason.removeprefix(name).lstrip(":, ").removesuffix(f" {ASK_INSTEAD}").removesuffix(f" {KNOWN}")
            self.left_out[short].append(name)

    def _content(self, name: str, file: Path) -> bytes:
        with opened(file) as stream:
            if stream.read(len(SQLITE)) == SQLITE:
                return SQLITE  # read by its own library, piece by piece
            stream.seek(0)
            return self.allowance.whole(name, stream)

    def _read(self, name: str, file_name: str, content: bytes, depth: int, path: Path | None = None) -> None:
        if depth > DEEPEST:
            raise FileRefused(f"{name}: archives packed too often into one another. Unpack it and import its files.")
        if content.startswith(GZIP):
            inner = _unpack(name, content, self.allowance)
            return self._read(name, file_name.removesuffix(".gz"), inner, depth + 1)
        if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return self._read_zip(name, file_name, content, depth)
        return self._settle(name, file_name, _exports(name, content, is_whole=depth > 0, path=path))

    def _settle(self, name: str, file_name: str, exports: Sequence[Export]) -> None:
        """Exports of the wanted meter and flow; those of others are left out beside them."""
        settled: list[Export] = []
        unwanted: list[FileRefused] = []
        for export in exports:
            try:
                settled.append(self.owner.settle(export, file_name))
            except FileRefused as refused:
                unwanted.append(refused)
        if not settled:
            raise unwanted[0]
        for other in unwanted:
            self._note(name, file_name, other, is_meant=not isinstance(other, NothingToImport))
        self.exports += settled

    def _read_zip(self, name: str, file_name: str, content: bytes, depth: int) -> None:
        try:
            packed = archive(io.BytesIO(content))
        except DAMAGE as error:
            raise FileRefused(
                f"{name} is cut off or damaged: its table of contents cannot be read. {USE_ORIGINAL}"
            ) from error
        with packed:
            members = [member for member in packed.infolist() if not _ignored(member)]
            if len(members) > MOST_MEMBERS:
                raise too_large(name)
            if any(member.filename.startswith("xl/") for member in members):
                return self._settle(name, file_name, read_workbook(name, packed))
            before = len(self.exports), len(self.failed), {reason: len(own) for reason, own in self.left_out.items()}
            for member in members:
                self._read_member(f"{name}/{shown(member.filename)}", packed, member, depth)
        if len(self.exports) == before[0]:
            reasons = [reason for _, reason in self.failed[before[1] :]]
            reasons += [f"{own[-1]}: {why}" for why, own in self.left_out.items() if len(own) > before[2].get(why, 0)]
            del self.failed[before[1] :]
            inner = [reason.removesuffix(f" {KNOWN}").rpartition(" It holds: ")[2] for reason in reasons[:SHOWN]]
            holds = f" It holds: {'; '.join(inner)}" if reasons else " It is empty."
            raise FileRefused(f"{name}: nothing in this ZIP can be imported.{holds} {KNOWN}")
        return None

    def _read_member(self, name: str, packed: zipfile.ZipFile, member: zipfile.ZipInfo, depth: int) -> None:
        file_name = PurePosixPath(member.filename).name
        try:
            refuse_packing(name, member)
            try:
                with packed.open(member) as stream:
                    content = self.allowance.whole(name, stream)
            except DAMAGE as error:
                raise FileRefused(f"{name} is cut off or damaged in the archive. {USE_ORIGINAL}") from error
            self._read(name, file_name, content, depth + 1)
        except _TooLarge:
            raise
        except FileRefused as refused:
            self._note(name, file_name, refused, is_meant=False)


def _exports(name: str, content: bytes, is_whole: bool, path: Path | None) -> list[Export]:
    """What a content that is no archive holds."""
    if content.startswith(SQLITE):
        with sqlite3.connect(":memory:") as packed:
            if path is None:
                packed.deserialize(content)
            return read_cache(name, path, packed)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileRefused(f"{name} is an old .xls or a workbook with a password. Save it as .xlsx without one.")
    if content[:HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return read_saved(name, content)
    text = text_of(name, content, is_whole)
    first = next((index for index in range(len(text.lines)) if not is_blank(text.cells(index))), 0)
    header = text.cells(first)
    if is_r63(header):
        return read_r63(name, text, first)
    if is_sectioned(header):
        return read_sections(name, text, first)
    found = read_form(name, text)
    if found is None:
        raise not_an_export(name)
    return found


HEAD = 4096


def _files_in(path: Path) -> list[Path]:
    """A file itself; of a folder all that may be exports, by their names."""
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in EXPORT_SUFFIXES and file.is_file())
    if len(found) > MOST_MEMBERS:
        raise too_large(shown(path.name))
    if not found:
        kinds = Counter(file.suffix.lower() or file.name for file in path.iterdir())
        raise NoFile(
            f"{shown(path.name)} is a folder without an export"
            + (f": it holds {', '.join(shown(kind, 12) for kind in list(kinds)[:5])}" if kinds else "")
            + f". {KNOWN}"
        )
    return [file for file in found if not set(file.parts) & set(NOT_OURS)]


def _unpack(name: str, content: bytes, allowance: Allowance) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            return allowance.whole(name, packed)
    except DAMAGE as error:
        raise FileRefused(f"{name} is cut off or damaged: gzip cannot unpack it. {USE_ORIGINAL}") from error


def _ignored(member: zipfile.ZipInfo) -> bool:
    """Folders, and what operating systems put into archives by themselves."""
    return member.is_dir() or bool(set(PurePosixPath(member.filename).parts) & set(NOT_OURS))


class _TooLarge(FileRefused):
    """More than is held at once: of no file anything is known then."""


def too_large(name: str) -> FileRefused:
    """The error of more bytes, or files, than are held at once."""
    megabytes = LARGEST_BYTES // 1_000_000
    return _TooLarge(
        f"{name}: with it the files of this command unpack to more than {megabytes} MB or {MOST_MEMBERS} files. "
        "Import them one after the other, a larger one in parts."
    )
