"""Stored documents as columns: BSON of one fixed layout written and read by NumPy, anything else document by document.

Nearly all documents of a series have the same bytes but for their numbers. The layout is not spelled out here: it is
taken from an encoded document, so that `readings.document` stays the only spelling.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import bson
import numpy as np
from bson import ObjectId
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from numpy.typing import NDArray

from ..readings import ReadingBatch

PLAIN: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=False)
"""Naive UTC: decoding aware datetimes takes twice as long."""

EMPTY = bson.encode({})

# BSON type byte → NumPy type of the value; everything else is constant within a layout.
NUMERIC = {0x01: "<f8", 0x07: "V12", 0x09: "<i8", 0x10: "<i4", 0x12: "<i8"}
SIZED = {0x02: 4, 0x03: 0, 0x04: 0}  # strings and documents: their length stands in front, plus this many bytes
FIXED = {0x08: 1, 0x0A: 0, 0x11: 8, 0x13: 16}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the numbers of a document lie: field → (offset, NumPy type); `varying` marks their bytes."""

    fields: Mapping[str, tuple[int, str]]
    varying: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Slice:
    """Documents of one query. columns: field → array, of those in the common layout, in the order they came;
    constant: what is the same in all of these, with its types; others: the rest, decoded."""

    columns: Mapping[str, NDArray[Any]]
    constant: Mapping[str, Any]
    others: list[dict[str, Any]]


def encode(batch: ReadingBatch, ids: list[ObjectId]) -> list[RawBSONDocument]:
    """The stored documents of a batch, oldest first, as the bytes that both collections get."""
    encoded: list[RawBSONDocument] = [RawBSONDocument(EMPTY)] * len(batch)
    ordinary = replace(batch, flags={})
    for alike in _alike(batch):
        for index, raw in zip(alike.tolist(), _rows(ordinary, ids, alike), strict=True):
            encoded[index] = raw
    for index in batch.flags:
        encoded[index] = RawBSONDocument(bson.encode(batch.document(index, ids[index])))
    return encoded


def _alike(batch: ReadingBatch) -> list[NDArray[np.int64]]:
    """Indices of the readings that have the same fields, group by group."""
    if not batch.absent:
        return [np.arange(len(batch))] if len(batch) else []
    pattern = sum(mask.astype(np.int64) << place for place, mask in enumerate(batch.absent.values()))
    return [np.flatnonzero(pattern == each) for each in np.unique(pattern)]


def _rows(batch: ReadingBatch, ids: list[ObjectId], alike: NDArray[np.int64]) -> list[RawBSONDocument]:
    first = int(alike[0])
    template = bson.encode(batch.document(first, ids[first]))
    layout = _layout(template)
    if layout is None:
        raise TypeError("our own document has a type that is not in the tables")
    rows = np.tile(np.frombuffer(template, np.uint8), (len(alike), 1))
    binary = np.frombuffer(b"".join(ids[index].binary for index in alike.tolist()), np.uint8).reshape(-1, 12)
    columns = {"ts": batch.start, **batch.columns}
    for name, (offset, kind) in layout.fields.items():
        own = binary if name == "_id" else columns[name][alike].astype(kind)
        values = own.view(np.uint8).reshape(len(alike), -1)
        rows[:, offset : offset + values.shape[1]] = values
    return [RawBSONDocument(row.tobytes()) for row in rows]


def decode(batches: Iterable[bytes]) -> Slice:
    """Raw batches of a cursor → columns for the common layout, dicts for whatever differs from it."""
    data = b"".join(batches)
    starts, lengths = _bounds(data)
    if not starts:
        return Slice({}, {}, [])
    length = max(set(lengths), key=lengths.count)
    regular = [start for start, each in zip(starts, lengths, strict=True) if each == length]
    others = [start for start, each in zip(starts, lengths, strict=True) if each != length]
    first = data[regular[0] : regular[0] + length]
    layout = _layout(first)
    if layout is None:
        return Slice(
            {}, {}, [bson.decode(data[at : at + each], PLAIN) for at, each in zip(starts, lengths, strict=True)]
        )
    rows = np.frombuffer(data, np.uint8)[np.array(regular)[:, None] + np.arange(length)]
    fits = (rows[:, ~layout.varying] == rows[0, ~layout.varying]).all(axis=1)
    others += [start for start, fit in zip(regular, fits.tolist(), strict=True) if not fit]
    rows = rows[fits]
    columns = {
        name: np.ascontiguousarray(rows[:, offset : offset + np.dtype(kind).itemsize]).view(kind)[:, 0]
        for name, (offset, kind) in layout.fields.items()
    }
    whole = bson.decode(first, PLAIN)
    constant = {name: whole[name] for name in whole if name not in layout.fields}
    constant |= {f"type of {name}": first[offset - len(name) - 2] for name, (offset, _) in layout.fields.items()}
    size = dict(zip(starts, lengths, strict=True))
    return Slice(columns, constant, [bson.decode(data[at : at + size[at]], PLAIN) for at in sorted(others)])


def _bounds(data: bytes) -> tuple[list[int], list[int]]:
    starts, lengths = [], []
    at = 0
    read = struct.Struct("<i").unpack_from
    while at < len(data):
        (length,) = read(data, at)
        starts.append(at)
        lengths.append(length)
        at += length
    return starts, lengths


def _layout(encoded: bytes) -> Layout | None:
    """The layout of one document; None when it holds a type that is not in the tables."""
    fields: dict[str, tuple[int, str]] = {}
    varying = np.zeros(len(encoded), dtype=bool)
    at = 4
    while encoded[at]:
        kind, end = encoded[at], encoded.index(0, at + 1)
        name, at = encoded[at + 1 : end].decode(), end + 1
        if kind in NUMERIC:
            size = np.dtype(NUMERIC[kind]).itemsize
            fields[name] = (at, NUMERIC[kind])
            varying[at : at + size] = True
        elif kind in SIZED:
            size = SIZED[kind] + int(struct.unpack_from("<i", encoded, at)[0])
        elif kind in FIXED:
            size = FIXED[kind]
        else:
            return None
        at += size
    return Layout(fields, varying)
