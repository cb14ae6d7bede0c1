"""Which files hold readings: the published ZIP read directly, a folder, CSVs, gzip. Nothing is unpacked to disk."""

from __future__ import annotations

import hashlib
import io
import re
import weakref
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

from ...model.bounded import DAMAGE, LARGEST_TEXT, Lines, archive, opened, refuse_packing
from ...model.errors import FileRefused
from ...model.privacy import scrub

MOST_FILES = 10_000  # of one folder or archive; published are 168
CSV, BOOK = r"\.csv(\.gz)?$", r"\.xlsx$"


@dataclass(frozen=True, slots=True)
class Member:
    """One file. inside: its path in an archive; below: in a folder; one that was named itself has neither. key: names
    its content for the ledger (path, size, checksum or time); size: bytes unpacked, as far as known before reading,
    else those on disk; refusal: why it cannot be read, where that is known beforehand."""

    path: Path
    inside: str = ""
    size: int = 0
    key: str = ""
    below: str = ""
    refusal: str = ""

    @property
    def name(self) -> str:
        """For people: with the path that tells it from others of its name."""
        return scrub(f"{self.path.name}/{self.inside}" if self.inside else self.below or self.path.name)

    @property
    def is_named(self) -> bool:
        """Whether someone asked for this very file."""
        return not self.inside and not self.below

    @property
    def is_book(self) -> bool:
        return bool(re.search(BOOK, self.inside or self.path.name, re.IGNORECASE))

    @contextmanager
    def raw(self) -> Iterator[BinaryIO]:
        """Its bytes. Raises FileRefused for what cannot be opened or ends early."""
        if self.refusal:
            raise FileRefused(self.refusal)
        try:
            if self.inside:
                with _archive(self.path).open(self.inside) as stream:
                    yield cast(BinaryIO, stream)
                return
            with opened(self.path) as file:
                yield file
        except DAMAGE as error:
            raise FileRefused(f"{self.name}: cannot be read to its end ({error}): download it again") from None

    @contextmanager
    def open(self, most: int = LARGEST_TEXT) -> Iterator[Lines]:
        """Its lines. Raises FileRefused as `raw` does, and for what is no text of such lines."""
        with self.raw() as stream:
            yield Lines(self.name, stream, most)

    @contextmanager
    def text(self, most: int) -> Iterator[io.TextIOBase]:
        """Its text, of `most` bytes at most. Raises FileRefused."""
        with self.open(most) as lines:
            yield io.TextIOWrapper(cast(BinaryIO, lines), encoding="utf-8-sig", newline="")


def members(paths: Iterable[Path]) -> tuple[list[Member], list[str]]:
    """The CSVs and workbooks of all paths in the order of their numbers, and the names of what else lies in archives
    and folders.

    Raises NoFile for a path that does not exist, and FileRefused when nothing of all can be read; else what cannot be
    read is a member with a refusal.
    """
    found: list[Member] = []
    others: list[str] = []
    for path in paths:
        own, rest = _members(path)
        if not own:
            listed = f" (it holds {', '.join(rest[:5])})" if rest else ""
            own = [_refused(path, f"no CSV in it{listed}: give the ZIP of the 168 files, a folder, or CSVs")]
        if len(own) > MOST_FILES:
            own = [_refused(path, f"more than {MOST_FILES:,} CSVs in it: give the ZIP of the 168 files")]
        found += own
        others += rest
    if found and all(member.refusal for member in found):
        raise FileRefused(found[0].refusal)
    single: dict[str, Member] = {}
    twice = {member.key for member in found if single.setdefault(member.key, member) is not member}
    return list(single.values()), [*others, *sorted(twice)]


def _refused(path: Path, why: str, inside: str = "") -> Member:
    name = f"{path.name}/{inside}" if inside else path.name
    return Member(path, inside, key=f"{path} {inside}", refusal=why if why.startswith(name) else f"{name}: {why}")


def _members(path: Path) -> tuple[list[Member], list[str]]:
    if path.is_dir():
        files = sorted((each for each in path.rglob("*") if each.is_file()), key=lambda each: _natural(str(each)))
        others = [str(each.relative_to(path)) for each in files if not _is_table(each.name)]
        return [_plain(each, str(each.relative_to(path))) for each in files if _is_table(each.name)], others
    with opened(path) as file:
        is_archive = zipfile.is_zipfile(file)
    if is_archive and not re.search(BOOK, path.name, re.IGNORECASE):
        return _archived(path)
    if path.suffix.lower() == ".zip":
        return [_refused(path, "is no ZIP, or was cut off (its list of files is at its end): download it again")], []
    return [_plain(path)], []


def _plain(path: Path, below: str = "") -> Member:
    stat = path.stat()
    place = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]  # several folders have a block_0.csv
    return Member(path, size=stat.st_size, key=f"{path.name} {stat.st_size} {stat.st_mtime_ns} {place}", below=below)


def _archive(path: Path) -> zipfile.ZipFile:
    stat = path.stat()
    return _opened_archive(path, (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=1)
def _opened_archive(path: Path, _state: tuple[int, ...]) -> zipfile.ZipFile:
    """Opened once for all its members, as each opening reads the whole list of them."""
    file = opened(path)
    try:
        packed = archive(file)
    except BaseException:
        file.close()
        raise
    weakref.finalize(packed, file.close)
    return packed


def _archived(path: Path) -> tuple[list[Member], list[str]]:
    try:
        entries = [entry for entry in _archive(path).infolist() if not entry.is_dir()]
    except DAMAGE as error:
        return [_refused(path, f"its list of files cannot be read ({error}): download it again")], []
    own: list[Member] = []
    others: list[str] = []
    for entry in sorted(entries, key=lambda entry: _natural(entry.filename)):
        if not _is_table(entry.filename) or entry.filename.startswith("__MACOSX"):
            others.append(entry.filename)
            continue
        try:
            refuse_packing(f"{path.name}/{entry.filename}", entry)
        except FileRefused as refusal:
            own.append(_refused(path, str(refusal), entry.filename))
            continue
        key = f"{entry.filename} {entry.file_size} {entry.CRC:08x}"
        own.append(Member(path, entry.filename, entry.file_size, key))
    return own, others


def _is_table(name: str) -> bool:
    return bool(re.search(f"{CSV}|{BOOK}", name, re.IGNORECASE))


def _natural(text: str) -> list[tuple[int, str]]:
    """`…_2.csv` before `…_10.csv`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]
