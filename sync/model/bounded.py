"""What comes from outside, a file, a member of an archive, an answer, is read here: regular files alone, in pieces, and
never more of it than was allowed, whatever it says about itself. So no input takes more than 400 MB of memory.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from .errors import FileRefused, UsageError
from .privacy import scrub

PIECE = 1 << 20  # bytes read at a time
LONGEST_LINE = 2000  # bytes of a line of a CSV; those of every source are below 300
LARGEST_TEXT = 16_000_000_000  # bytes; London as one file has 11 GB
LARGEST_READ = 4 << 20  # bytes; more than this at once is asked for by a list of files alone, which nobody wrote
MOST_VALUES = 1_200_000  # of a JSON text; three months of Danish production are half as many
GZIP = b"\x1f\x8b"
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    IndexError,
    OverflowError,
    RuntimeError,
    NotImplementedError,
)
"""What the standard library raises for damaged archives and text that is none."""


class NoFile(FileRefused, UsageError):
    """A path that does not name a file that can be read: usage, when the command begins; later a file that failed."""


def opened(path: Path) -> BinaryIO:
    """A regular file. Raises NoFile at once for all else: a device or a pipe has no end, or waits for ever."""
    shown = scrub(str(path))
    try:
        if not stat.S_ISREG(mode := path.stat().st_mode):
            raise NoFile(f"{shown} is {_kind(mode)}: name the export files themselves.")
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        if not stat.S_ISREG(os.fstat(file).st_mode):  # exchanged in between
            os.close(file)
            raise NoFile(f"{shown} is no file any more. Check the path.")
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or "not a file name"
        raise NoFile(f"{shown} cannot be read: {cause}. Check the path.") from None
    return os.fdopen(file, "rb")


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


class Allowance:
    """Bytes that may be unpacked, all in all. `refusal`: what is raised for more, made from a name."""

    def __init__(self, most: int, refusal: Callable[[str], Exception]) -> None:
        self.left = most
        self._refusal = refusal

    def whole(self, name: str, stream: IO[bytes] | gzip.GzipFile) -> bytes:
        """All of a stream, as long as it is allowed."""
        pieces = []
        while piece := stream.read(PIECE):
            self.left -= len(piece)
            if self.left < 0:
                raise self._refusal(name)
            pieces.append(piece)
        return b"".join(pieces)


class _Small:
    """A file of which nobody reads much at once: the list of files in an archive says itself how long it is."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if size > LARGEST_READ:
            raise zipfile.BadZipFile(f"more than {LARGEST_READ >> 20} MiB of names")
        return self._stream.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def archive(stream: BinaryIO) -> zipfile.ZipFile:
    """A ZIP. Raises zipfile.BadZipFile for one whose list of files is damaged or endless."""
    return zipfile.ZipFile(cast(BinaryIO, _Small(stream)))


def refuse_packing(name: str, member: zipfile.ZipInfo) -> None:
    """Raises FileRefused for a member that cannot be unpacked in pieces."""
    if member.flag_bits & 0x1:
        raise FileRefused(f"{name} is encrypted. Unpack it with its password and import what is inside.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        kind = "deflate64" if member.compress_type == 9 else f"method {member.compress_type}"
        raise FileRefused(
            f"{name} is compressed by {kind}, which is not read here: unpack it and import what is inside."
        )


class Lines(io.BufferedIOBase):
    """The bytes of a file, unpacked if it is gzip, of which every line is short and closes its quotes: a row is a line.

    Raises FileRefused for any other line, and for more than `most` bytes. is_whole: whether the last line was ended.
    """

    def __init__(self, name: str, stream: BinaryIO, most: int = LARGEST_TEXT) -> None:
        self._name = name
        self._left = most
        self._stream = cast(BinaryIO, gzip.GzipFile(fileobj=stream)) if _is_gzip(stream) else stream
        self._rest = b""

    @property
    def is_whole(self) -> bool:
        return not self._rest

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes, at most a piece."""
        data = self._stream.read(PIECE if size is None or size < 0 else size)
        text = self._rest + data
        *lines, self._rest = text.split(b"\n")
        if max(map(len, (*lines, self._rest))) > LONGEST_LINE:
            raise FileRefused(
                f"{self._name}: a line of more than {LONGEST_LINE:,} bytes, which no file of readings has"
            )
        if b'"' in text and any(line.count(b'"') % 2 for line in lines):
            raise FileRefused(f"{self._name}: a quote that is opened in a line and not closed in it")
        self._left -= len(data)
        if self._left < 0:
            raise FileRefused(f"{self._name}: too large to be read at once: split it, by years for example")
        return data

    read1 = read


def _is_gzip(stream: BinaryIO) -> bool:
    """Looked at by its first bytes; what cannot go back to them, a member of an archive, is none."""
    if not stream.seekable():
        return False
    begin = stream.read(2)
    stream.seek(0)
    return begin == GZIP


def json_value(text: str) -> Any:
    """What a JSON text says. Raises ValueError for what is no JSON, or has more values than any answer."""
    if sum(map(text.count, ",[{")) > MOST_VALUES:
        raise ValueError(f"more than {MOST_VALUES:,} values")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
