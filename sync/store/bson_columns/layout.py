"""The layout of stored documents, and their bytes written by NumPy.

Nearly all documents of a series have the same bytes but for their numbers. The layout is not spelled out here: it is
taken from an encoded document, so that `readings.document` stays the only spelling.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import bson
import numpy as np
from bson import ObjectId
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from numpy.typing import NDArray

from ...model.readings import ReadingBatch
from .runs import Run

PLAIN: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=False)
"""Naive UTC: decoding aware datetimes takes twice as long."""

Ids = NDArray[np.uint8]
"""ObjectIds, a row of 12 bytes each."""

# BSON type byte → NumPy type of the value; everything else is constant within a layout.
NUMERIC = {0x01: "<f8", 0x07: "V12", 0x09: "<i8", 0x10: "<i4", 0x12: "<i8"}
SIZED = {0x02: 4, 0x03: 0, 0x04: 0}  # strings and documents: their length stands in front, plus this many bytes
FIXED = {0x08: 1, 0x0A: 0, 0x11: 8, 0x13: 16}
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the numbers of a document lie: field → (offset, NumPy type); `varying` marks their bytes.

    constant: every other field with its value, and the BSON type of each field as `type of NAME`.
    """

    example: bytes
    fields: Mapping[str, tuple[int, str]]
    varying: NDArray[np.bool_]
    constant: Mapping[str, Any]


# --- writing ----------------------------------------------------------------------------------------------------------


def encode(batch: ReadingBatch, ids: list[ObjectId]) -> list[RawBSONDocument]:
    """The stored documents of a batch, oldest first, as the bytes that both collections get."""
    binary = np.frombuffer(b"".join(each.binary for each in ids), np.uint8).reshape(-1, 12)
    return [RawBSONDocument(encoded) for encoded in encode_rows(batch, binary)]


def encode_rows(batch: ReadingBatch, ids: Ids) -> list[bytes]:
    """The stored documents of a batch, oldest first, as plain bytes."""
    groups = _alike(batch)
    if len(groups) == 1:
        return _single(_rows(batch, ids, groups[0]))
    encoded = [b""] * len(batch)
    for alike in groups:
        for index, row in zip(alike.tolist(), _single(_rows(batch, ids, alike)), strict=True):
            encoded[index] = row
    return encoded


def encode_block(batch: ReadingBatch, ids: Ids) -> bytes | None:
    """The same, one document behind the other; None where they are not all of one layout."""
    groups = _alike(batch)
    return _rows(batch, ids, groups[0]).tobytes() if len(groups) == 1 else None


def _single(rows: NDArray[np.uint8]) -> list[bytes]:
    documents: list[bytes] = rows.view(f"V{rows.shape[1]}")[:, 0].tolist()
    return documents


def _alike(batch: ReadingBatch) -> list[NDArray[np.int64]]:
    """Indices of the readings that have the same fields and the same flag, group by group."""
    if not len(batch):
        return []
    if not batch.absent and not batch.flags:
        return [np.arange(len(batch))]
    pattern = np.zeros(len(batch), dtype=np.int64)
    texts = {text: number for number, text in enumerate(dict.fromkeys(batch.flags.values()), 1)}
    for index, text in batch.flags.items():
        pattern[index] = texts[text]
    for mask in batch.absent.values():
        pattern = pattern * 2 + mask
    order = np.argsort(pattern, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(pattern[order])) + 1)


def _rows(batch: ReadingBatch, ids: Ids, alike: NDArray[np.int64]) -> NDArray[np.uint8]:
    first = int(alike[0])
    template = bson.encode(batch.document(first, ObjectId(ids[first].tobytes())))
    layout = layout_of(template)
    if layout is None:
        raise TypeError("our own document has a type that is not in the tables")
    rows = np.empty((len(alike), len(template)), np.uint8)
    rows[:] = np.frombuffer(template, np.uint8)
    columns: Mapping[str, NDArray[Any]] = {"_id": ids, "ts": batch.start, **batch.columns}
    whole = len(alike) == len(batch)
    for name, (offset, kind) in layout.fields.items():
        own = columns[name] if whole else columns[name][alike]
        encoded = own if name == "_id" else own.astype(kind)
        values = np.ascontiguousarray(encoded).view(np.uint8).reshape(len(alike), -1)
        rows[:, offset : offset + values.shape[1]] = values
    return rows


# --- reading ----------------------------------------------------------------------------------------------------------


def instants(run: Run) -> NDArray[np.int64]:
    """`ts` of each document of a run, ms."""
    first = run.document(0)
    layout = layout_of(first)
    if layout is None or layout.fields.get("ts", (0, ""))[1] != "<i8":
        return np.array([_ts(raw) for raw in run.documents()], np.int64)
    rows = run.rows()
    starts = column(rows, layout.fields["ts"][0], "<i8").copy()
    for index in np.flatnonzero(~fitting(run, layout)).tolist():
        starts[index] = _ts(rows[index].tobytes())
    return starts


def _ts(raw: bytes) -> int:
    moment: datetime = bson.decode(raw, PLAIN)["ts"]
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)


def fitting(run: Run, layout: Layout) -> NDArray[np.bool_]:
    """Which documents of a run (of the layout's length) differ from the layout in their numbers only."""
    if run.length < 8:
        return np.asarray((run.rows() == np.frombuffer(layout.example, np.uint8)).all(axis=1))
    fits = np.ones(run.count, dtype=bool)
    mask = np.where(layout.varying, 0, 0xFF).astype(np.uint8)
    for at in {*range(0, run.length - 7, 8), run.length - 8}:  # eight bytes at once, the last ones up to the end
        (word,) = np.frombuffer(mask, "<u8", 1, at)
        (wanted,) = np.frombuffer(layout.example, "<u8", 1, at)
        if word:
            fits &= ((run.words(at) ^ wanted) & word) == 0
    return fits


def column(rows: NDArray[np.uint8], offset: int, kind: str) -> NDArray[Any]:
    """One number of every row."""
    return np.ascontiguousarray(rows[:, offset : offset + np.dtype(kind).itemsize]).view(kind)[:, 0]


def layout_of(encoded: bytes) -> Layout | None:
    """The layout of one document; None when it holds a type that is not in the tables."""
    fields: dict[str, tuple[int, str]] = {}
    types: dict[str, int] = {}
    varying = np.zeros(len(encoded), dtype=bool)
    for kind, name, at, end in elements(encoded):
        if end == UNKNOWN:
            return None
        types[f"type of {name}"] = kind
        if kind in NUMERIC:
            fields[name] = (at, NUMERIC[kind])
            varying[at:end] = True
    constant = {name: value for name, value in bson.decode(encoded, PLAIN).items() if name not in fields}
    return Layout(encoded, fields, varying, constant | types)


def elements(encoded: bytes) -> Iterator[tuple[int, str, int, int]]:
    """Type, name and place (from, to) of each field; ends with the place UNKNOWN at a type not in the tables."""
    at = 4
    while kind := encoded[at]:
        end = encoded.index(0, at + 1)
        name, at = encoded[at + 1 : end].decode(), end + 1
        if kind in NUMERIC:
            size = np.dtype(NUMERIC[kind]).itemsize
        elif kind in SIZED:
            size = SIZED[kind] + int(struct.unpack_from("<i", encoded, at)[0])
        elif kind in FIXED:
            size = FIXED[kind]
        else:
            yield kind, name, at, UNKNOWN
            return
        yield kind, name, at, at + size
        at += size
