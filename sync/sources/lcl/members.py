"""Which files hold readings: the published ZIP read directly, a folder, CSVs, gzip. Nothing is unpacked to disk."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from ...model.bounded import DAMAGE, Lines, archive, opened, refuse_packing
from ...model.errors import FileRefused
from ...model.privacy import scrub

MOST_FILES = 10_000  # of one folder or archive; published are 168


@dataclass(frozen=True, slots=True)
class Member:
    """One CSV. name: for people, with its archive; key: names its content for the ledger (place, size, checksum);
    size: bytes unpacked, as far as known before reading, else those on disk."""

    path: Path
    inside: str = ""
    size: int = 0
    key: str = ""

    @property
    def name(self) -> str:
        return scrub(f"{self.path.name}/{self.inside}" if self.inside else self.path.name)

    @contextmanager
    def open(self) -> Iterator[Lines]:
        """The lines of the CSV. Raises FileRefused for what cannot be opened or ends early."""
        try:
            with opened(self.path) as file:
                if not self.inside:
                    yield Lines(self.name, file)
                    return
                with archive(file) as packed, packed.open(self.inside) as stream:
                    yield Lines(self.name, cast(BinaryIO, stream))
        except DAMAGE as error:
            raise FileRefused(f"{self.name}: cannot be read to its end ({error}): download it again") from None


def members(paths: Iterable[Path]) -> tuple[list[Member], list[str]]:
    """The CSVs of all paths in the order of their numbers, and the names of what else lies in archives and folders.

    Raises FileRefused for a path that does not exist, an archive without a CSV, and compressions that cannot be read.
    """
    found: list[Member] = []
    others: list[str] = []
    for path in paths:
        own, rest = _members(path)
        if not own:
            listed = f" (it holds {', '.join(rest[:5])})" if rest else ""
            raise FileRefused(f"{path.name}: no CSV in it{listed}: give the ZIP of the 168 files, a folder, or CSVs")
        if len(own) > MOST_FILES:
            raise FileRefused(f"{path.name}: more than {MOST_FILES:,} CSVs in it: give the ZIP of the 168 files")
        found += own
        others += rest
    single: dict[str, Member] = {}
    twice = {member.key for member in found if single.setdefault(member.key, member) is not member}
    return list(single.values()), [*others, *sorted(twice)]


def _members(path: Path) -> tuple[list[Member], list[str]]:
    if path.is_dir():
        files = sorted((each for each in path.rglob("*") if each.is_file()), key=lambda each: _natural(str(each)))
        others = [each.name for each in files if not _is_csv(each.name)]
        return [_plain(each) for each in files if _is_csv(each.name)], others
    with opened(path) as file:
        if zipfile.is_zipfile(file):
            return _archived(path, file)
    if path.suffix.lower() == ".zip":
        raise FileRefused(
            f"{path.name}: is no ZIP, or was cut off (its list of files is at its end): download it again"
        )
    return [_plain(path)], []


def _plain(path: Path) -> Member:
    size = path.stat().st_size
    return Member(path, size=size, key=f"{path.name} {size} {int(path.stat().st_mtime)}")


def _archived(path: Path, file: BinaryIO) -> tuple[list[Member], list[str]]:
    try:
        with archive(file) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
    except DAMAGE as error:
        raise FileRefused(f"{path.name}: its list of files cannot be read ({error}): download it again") from None
    csvs: list[zipfile.ZipInfo] = []
    others: list[zipfile.ZipInfo] = []
    for entry in entries:
        is_csv = _is_csv(entry.filename) and not entry.filename.startswith("__MACOSX")
        (csvs if is_csv else others).append(entry)
    for entry in csvs:
        refuse_packing(f"{path.name}/{entry.filename}", entry)
    csvs.sort(key=lambda entry: _natural(entry.filename))
    own = [
        Member(path, entry.filename, entry.file_size, f"{entry.filename} {entry.file_size} {entry.CRC:08x}")
        for entry in csvs
    ]
    return own, [entry.filename for entry in others]


def _is_csv(name: str) -> bool:
    return bool(re.search(r"\.csv(\.gz)?$", name, re.IGNORECASE))


def _natural(text: str) -> list[tuple[int, str]]:
    """`…_2.csv` before `…_10.csv`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]
