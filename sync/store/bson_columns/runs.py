"""Where the documents lie in raw bytes: runs of equal length, found by NumPy, seen without copying any of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHORT = 8  # documents; behind a shorter run the next ones are walked one by one
WALKED = 64


@dataclass(frozen=True, slots=True)
class Run:
    """`count` documents of `length` bytes, each `stride` bytes after the one before; the first at `offset`."""

    raw: bytes
    offset: int
    count: int
    length: int
    stride: int

    def document(self, index: int) -> bytes:
        at = self.offset + index * self.stride
        return self.raw[at : at + self.length]

    def documents(self) -> Iterator[bytes]:
        return map(self.document, range(self.count))

    def rows(self) -> NDArray[np.uint8]:
        """uint8[count, length], a view."""
        return np.ndarray((self.count, self.length), np.uint8, self.raw, self.offset, (self.stride, 1))

    def words(self, at: int) -> NDArray[np.uint64]:
        """Bytes `at` … `at + 7` of every document as one number, a view."""
        return np.ndarray((self.count,), "<u8", self.raw, self.offset + at, (self.stride,))


def runs(raw: bytes, numbered: bool) -> Iterator[Run]:
    """The documents of `raw` in their order. numbered: `raw` is a BSON array, with a type and an index before each."""
    at, end = (4, len(raw) - 1) if numbered else (0, len(raw))
    index = 0
    while at < end:
        front = len(str(index)) + 2 if numbered else 0
        length = _length(raw, at + front)
        stride = front + length
        room = (end - at) // stride
        if numbered:
            room = min(room, 10 ** len(str(index)) - index)  # then the index has one digit more
        lengths = np.ndarray((room,), "<i4", raw, at + front, (stride,))
        different = lengths != length
        count = int(np.argmax(different)) if different.any() else room
        yield Run(raw, at + front, count, length, stride)
        at += count * stride
        index += count
        if count < SHORT and count < room:
            for _ in range(WALKED):
                if at >= end:
                    return
                front = len(str(index)) + 2 if numbered else 0
                length = _length(raw, at + front)
                yield Run(raw, at + front, 1, length, front + length)
                at += front + length
                index += 1


def _length(raw: bytes, at: int) -> int:
    return int(struct.unpack_from("<i", raw, at)[0])
