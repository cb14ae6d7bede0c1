"""Which files hold readings: the published ZIP read directly, a folder, CSVs, gzip. Nothing is unpacked to disk."""

from __future__ import annotations

import gzip
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from ...model.errors import FileRefused

DEFLATE64 = 9
READABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}


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
        return f"{self.path.name}/{self.inside}" if self.inside else self.path.name

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The bytes of the CSV. Raises FileRefused for what cannot be opened or ends early."""
        try:
            if self.inside:
                with zipfile.ZipFile(self.path) as archive, archive.open(self.inside) as stream:
                    yield cast(BinaryIO, stream)
            elif self.path.suffix.lower() == ".gz":
                with gzip.open(self.path, "rb") as stream:
                    yield cast(BinaryIO, stream)
            else:
                with self.path.open("rb") as stream:
                    yield stream
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, OSError) as error:
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
        found += own
        others += rest
    if twice := {member.key for member in found if sum(each.key == member.key for each in found) > 1}:
        found = [member for place, member in enumerate(found) if member.key not in {m.key for m in found[:place]}]
        others += sorted(twice)
    return found, others


def _members(path: Path) -> tuple[list[Member], list[str]]:
    if path.is_dir():
        files = sorted((each for each in path.rglob("*") if each.is_file()), key=lambda each: _natural(str(each)))
        csvs = [each for each in files if _is_csv(each.name)]
        return [_plain(each) for each in csvs], [each.name for each in files if each not in csvs]
    if not path.exists():
        raise FileRefused(f"{path}: there is no such file or folder")
    if zipfile.is_zipfile(path):
        return _archived(path)
    if path.suffix.lower() == ".zip":
        raise FileRefused(
            f"{path.name}: is no ZIP, or was cut off (its list of files is at its end): download it again"
        )
    return [_plain(path)], []


def _plain(path: Path) -> Member:
    size = path.stat().st_size
    return Member(path, size=size, key=f"{path.name} {size} {int(path.stat().st_mtime)}")


def _archived(path: Path) -> tuple[list[Member], list[str]]:
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    csvs = [entry for entry in entries if _is_csv(entry.filename) and not entry.filename.startswith("__MACOSX")]
    for entry in csvs:
        if entry.compress_type == DEFLATE64:
            raise FileRefused(
                f"{path.name}: {entry.filename} is compressed with deflate64, which Python cannot read: unpack it with "
                "7-Zip and give the CSV, or take the ZIP of 168 files from the same page"
            )
        if entry.compress_type not in READABLE:
            raise FileRefused(f"{path.name}: {entry.filename} is compressed in an unknown way: unpack it first")
        if entry.flag_bits & 1:
            raise FileRefused(f"{path.name}: {entry.filename} is encrypted: unpack it first")
    csvs.sort(key=lambda entry: _natural(entry.filename))
    own = [
        Member(path, entry.filename, entry.file_size, f"{entry.filename} {entry.file_size} {entry.CRC:08x}")
        for entry in csvs
    ]
    return own, [entry.filename for entry in entries if entry not in csvs]


def _is_csv(name: str) -> bool:
    return bool(re.search(r"\.csv(\.gz)?$", name, re.IGNORECASE))


def _natural(text: str) -> list[tuple[int, str]]:
    """`…_2.csv` before `…_10.csv`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]
