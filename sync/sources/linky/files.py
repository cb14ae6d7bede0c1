"""Export files of Enedis as `import` takes them: of any known form, in any order, overlapping or not; plain, gzip, ZIP
(also with gzip inside), `.xlsx`, told apart by content, not by name.

All of them are read before anything is stored, and those of a series are handed out as one, oldest first: a time-series
collection that is filled out of order has more buckets.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...model.bounded import DAMAGE, GZIP, Allowance, archive, opened, refuse_packing
from ...model.errors import FileRefused
from ...model.readings import ReadingBatch, Series, energy_batch, instant
from ..files import File, Files, Part
from .api import CURVE_DAYS, SOURCE
from .exports.conso import read_conso
from .exports.export import (
    DOWNLOAD_AGAIN,
    KNOWN,
    Export,
    NotAnExport,
    NothingToImport,
    cells_of,
    is_blank,
    is_sectioned,
    shown,
    text_of,
)
from .exports.r63 import is_r63, read_r63
from .exports.xlsx import read_xlsx
from .points import MAX_POWER_W, curve_from_points


def open_files(paths: Sequence[Path], settings: Any = None) -> Files:
    """`files.Files` of Enedis exports. Raises FileRefused for what is none, UsageError for what cannot be opened."""
    allowance = Allowance(LARGEST_BYTES, too_large)
    exports = [export for path in paths for export in read_exports(path, allowance)]
    by_series: defaultdict[Series, list[Export]] = defaultdict(list)
    for export in exports:
        by_series[Series(SOURCE, export.prm, export.flow)].append(export)
    max_power = settings.linky_max_power_w if settings else MAX_POWER_W
    files, totals, rejects = [], {}, []
    for series, own in sorted(by_series.items(), key=lambda item: item[0].key):
        totals[series], contradicting = _totals(own)
        rejects += contradicting
        files.append(File(series.label, paths[0], partial(_parts, series, own, totals[series], max_power)))
    return Files(files, rejects=rejects, totals=totals, series=list(totals), longest=CURVE_DAYS, count=len(exports))


@dataclass(slots=True)
class Merged:
    """Batches of one series as one, each reading once. places: where each stood first, in words."""

    batch: ReadingBatch
    places: NDArray[Any]
    repeated: int = 0
    rejects: list[str] = field(default_factory=list)

    def add(self, other: ReadingBatch, places: NDArray[Any]) -> None:
        """Take what is new. What stood there first stays: another value for its time, or an overlap, is refused.

        A format without quality marks contradicts none that has them: the mark stays.
        """
        own, start, end = self.batch, other.start, other.end
        before = np.searchsorted(own.start, start, side="right") - 1  # the last that begins no later
        at = before.clip(0)
        begun = before >= 0
        equal = np.zeros(len(other), dtype=bool)
        meets = np.searchsorted(own.start, end, side="left") > before + 1  # one begins inside
        if len(own):
            same = begun & (own.start[at] == start) & (own.seconds[at] == other.seconds)
            equal = same & (own.wh[at] == other.wh)
            meets |= begun & (own.end[at] > start)
        for index in np.flatnonzero(meets & ~equal).tolist():
            moment = f"{instant(int(start[index])):%Y-%m-%dT%H:%MZ}"
            self.rejects.append(f"{places[index]}: the files contradict each other: another value for {moment}")
        self.repeated += int(equal.sum())
        marks = {int(at[index]): text for index, text in other.flags.items() if equal[index]}
        self._insert(other, places, ~meets, marks)

    def _insert(
        self, other: ReadingBatch, places: NDArray[Any], fresh: NDArray[np.bool_], marks: Mapping[int, str]
    ) -> None:
        own = self.batch
        columns = [
            np.concatenate([getattr(own, name), getattr(other, name)[fresh]]) for name in ("start", "wh", "seconds")
        ]
        flags = np.array(
            [own.flags.get(index) or marks.get(index, "") for index in range(len(own))]
            + [other.flags.get(index, "") for index in np.flatnonzero(fresh).tolist()],
            dtype=np.str_,
        )
        order = np.argsort(columns[0], kind="stable")
        start, wh, seconds = (column[order] for column in columns)
        kept = {index: str(text) for index, text in enumerate(flags[order]) if text}
        self.batch = energy_batch(own.series, start, wh, seconds, kept)
        self.places = np.concatenate([self.places, places[fresh]])[order]


def merge(series: Series, batches: Sequence[tuple[ReadingBatch, NDArray[Any]]]) -> Merged:
    """One batch of several, oldest first; each comes with the places of its readings."""
    empty = np.array([], dtype=np.int64)
    merged = Merged(energy_batch(series, empty, empty, empty), np.array([], dtype=np.str_))
    for batch, places in batches:
        merged.add(batch, places)
    return merged


def _parts(series: Series, exports: Sequence[Export], totals: Mapping[date, int], max_power: int) -> Iterator[Part]:
    rejects = [f"{export.name}, {reject}" for export in exports for reject in export.rejects]
    missing = repeated = 0
    curves = []
    for export in exports:
        if export.kind == "curve":
            curve = curve_from_points(series, export.points, max_power=max_power, totals=totals)
            missing += curve.missing
            repeated += curve.repeated
            rejects += [f"{export.name}, {reject}" for reject in curve.rejects]
            curves.append((curve.batch, np.array([f"{export.name}, line {line}" for line in curve.lines])))
    merged = merge(series, curves)
    batches = [merged.batch] if len(merged.batch) else []
    yield Part.counted(
        batches,
        [merged.places][: len(batches)],
        rejects + merged.rejects,
        missing=missing,
        repeated=repeated + merged.repeated,
    )


def _totals(exports: Sequence[Export]) -> tuple[dict[date, int], list[str]]:
    """Daily totals of one series, and a line for each day of which the files give different ones."""
    totals: dict[date, int] = {}
    contradicted: defaultdict[date, set[int]] = defaultdict(set)
    for export in exports:
        for day, wh in export.totals.items():
            if totals.setdefault(day, wh) != wh:
                contradicted[day] |= {totals[day], wh}
    for day in contradicted:
        del totals[day]
    lines = [
        f"{day}: the files give different daily totals: {sorted(values)} Wh"
        for day, values in sorted(contradicted.items())
    ]
    return totals, lines


# --- a path → the exports in it --------------------------------------------------------------------------------------

LARGEST_BYTES = 32_000_000
"""Unpacked size of all files of one command, with every archive in which one stands: all of them are held at once.
Fifteen years of half hours of one meter, or five of ten minutes, stay below it."""
MOST_MEMBERS = 2000
DEEPEST = 3
"""Archives in archives: .gz in .zip in .zip and no deeper."""
NOT_OURS = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
EXPORT_SUFFIXES = {".csv", ".gz", ".zip", ".xlsx"}


def read_exports(path: Path, allowance: Allowance | None = None) -> Iterator[Export]:
    """The exports of a file, one per flow and, in a ZIP, per member; read as a whole before the first is handed out.

    Raises `UsageError` when the path cannot be read, `FileRefused` when it is no export, empty, damaged, encrypted, in
    another encoding, of another quantity, of several PRMs, or too large. In a ZIP other kinds of files and exports of
    other quantities are left out and named in the notes of the first export.
    """
    name = shown(path.name)
    allowance = allowance or Allowance(LARGEST_BYTES, too_large)
    with opened(path) as file:
        content = allowance.whole(name, file)
    return iter(_read(name, content, 0, allowance))


def _read(name: str, content: bytes, depth: int, allowance: Allowance) -> list[Export]:
    if depth > DEEPEST:
        raise FileRefused(f"{name}: archives packed too often into one another. Unpack it and import what is inside.")
    if content.startswith(GZIP):
        return _read(name, _unpack(name, content, allowance), depth + 1, allowance)
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _read_zip(name, content, depth, allowance)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileRefused(f"{name} is an old .xls or a workbook with a password. {DOWNLOAD_AGAIN}")
    return _read_text(name, content)


def _read_text(name: str, content: bytes) -> list[Export]:
    text = text_of(name, content)
    first = next((index for index, line in enumerate(text.lines) if not is_blank(cells_of(line))), 0)
    header = cells_of(text.lines[first])
    if is_r63(header):
        return read_r63(name, text, first)
    if is_sectioned(header):
        return read_conso(name, text, first)
    raise NotAnExport(f"{name} is not an Enedis export: its first line is none that Enedis writes. {KNOWN}")


def _unpack(name: str, content: bytes, allowance: Allowance) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            return allowance.whole(name, packed)
    except DAMAGE as error:
        raise FileRefused(f"{name} is cut off or damaged: gzip cannot unpack it. {DOWNLOAD_AGAIN}") from error


def _read_zip(name: str, content: bytes, depth: int, allowance: Allowance) -> list[Export]:
    try:
        packed = archive(io.BytesIO(content))
    except DAMAGE as error:
        raise FileRefused(
            f"{name} is cut off or damaged: its table of contents cannot be read. {DOWNLOAD_AGAIN}"
        ) from error
    with packed:
        members = [member for member in packed.infolist() if not _ignored(member)]
        if len(members) > MOST_MEMBERS:
            raise too_large(name)
        if any(member.filename.startswith("xl/") for member in members):
            return read_xlsx(name, packed)
        return _read_members(name, packed, members, depth, allowance)


def _read_members(
    name: str, packed: zipfile.ZipFile, members: list[zipfile.ZipInfo], depth: int, allowance: Allowance
) -> list[Export]:
    exports: list[Export] = []
    left_out: list[str] = []
    for member in members:
        shown_name = f"{name}/{shown(member.filename)}"
        refuse_packing(shown_name, member)
        try:
            with packed.open(member) as stream:
                content = allowance.whole(shown_name, stream)
        except DAMAGE as error:
            raise FileRefused(f"{shown_name} is cut off or damaged in the archive. {DOWNLOAD_AGAIN}") from error
        try:
            exports += _read(shown_name, content, depth + 1, allowance)
        except FileRefused as reason:
            # A README is left out; what should be an export and is none may be the one that was meant.
            meant = PurePosixPath(member.filename).suffix.lower() in EXPORT_SUFFIXES
            if meant and not isinstance(reason, NothingToImport):
                raise
            left_out.append(str(reason).removesuffix(f" {KNOWN}"))
    if not exports:
        holds = f" It holds: {'; '.join(left_out[:3])}" if left_out else " It is empty."
        raise FileRefused(f"{name}: nothing in this ZIP can be imported.{holds} {KNOWN}")
    notes = tuple(f"left out: {what}" for what in left_out)
    return [replace(exports[0], notes=exports[0].notes + notes), *exports[1:]]


def _ignored(member: zipfile.ZipInfo) -> bool:
    """Folders, and what operating systems put into archives by themselves."""
    path = member.filename
    return member.is_dir() or path.startswith(NOT_OURS[0]) or path.endswith(NOT_OURS[1:])


def too_large(name: str) -> FileRefused:
    """The error of more bytes, or files, than are held at once."""
    megabytes = LARGEST_BYTES // 1_000_000
    return FileRefused(
        f"{name}: with it the files of this command unpack to more than {megabytes} MB or {MOST_MEMBERS} files. "
        "Import them one after the other, a larger one in parts."
    )
