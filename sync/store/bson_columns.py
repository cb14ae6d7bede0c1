"""The hot path: columns of readings into BSON and back, without an object for each.

Nearly all documents of a series have the same bytes but for their numbers. Their layout is not spelled out here: it is
taken from an encoded document, so that `readings.document` stays the only spelling. One kind of document may come in
several layouts: a time-series collection gives the fields of each bucket in an order of its own.

From the record to the mirror go the stored bytes themselves, never a second spelling of them. The commands are sent
with `Database.command`: `find_raw_batches` makes an object of every document and joins them again, `insert_many` looks
at each one, about a microsecond a document, as much as the server takes to read it (measured: 1.1 against 0.12 µs, 0.7
against 0.07 µs).
"""

from __future__ import annotations

import struct
from collections.abc import Container, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import bson
import numpy as np
from bson import Int64, ObjectId
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument
from numpy.typing import NDArray
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, PyMongoError

from ..model.readings import Instants, ReadingBatch, Series, is_reading
from .schema import Document, Pair, dated

PLAIN: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=False, datetime_conversion=DatetimeConversion.DATETIME_AUTO)
"""Naive UTC: decoding aware datetimes takes twice as long. A date beyond those of Python is no error."""

Ids = NDArray[np.uint8]
"""ObjectIds, a row of 12 bytes each."""

# BSON type byte → NumPy type of the value; everything else is constant within a layout.
NUMERIC = {0x01: "<f8", 0x07: "V12", 0x09: "<i8", 0x10: "<i4", 0x12: "<i8"}
SIZED = {0x02: 4, 0x03: 0, 0x04: 0}  # strings and documents: their length stands in front, plus this many bytes
FIXED = {0x08: 1, 0x0A: 0, 0x11: 8, 0x13: 16}
UNKNOWN = -1

WALK_BELOW = 8  # documents; behind a shorter run the next ones are walked one by one
WALKED = 64
LAYOUTS = 24  # of one length; documents beyond them are decoded one by one
SHORT = 64  # documents; shorter runs of one length are put together

Order = NDArray[np.int64]
"""The number of each document among all that came."""

Places = NDArray[np.int64]
"""Where documents lie: int64[n, 2], the number of the run and the number within it."""

RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument, tz_aware=True)
REPLY = 50_000  # documents in one reply; the server ends it at 16 MB


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


# --- runs of documents in raw bytes -----------------------------------------------------------------------------------


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
        length = _length_at(raw, at + front)
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
        if count < WALK_BELOW and count < room:
            for _ in range(WALKED):
                if at >= end:
                    return
                front = len(str(index)) + 2 if numbered else 0
                length = _length_at(raw, at + front)
                yield Run(raw, at + front, 1, length, front + length)
                at += front + length
                index += 1


def _length_at(raw: bytes, at: int) -> int:
    return int(struct.unpack_from("<i", raw, at)[0])


# --- columns ----------------------------------------------------------------------------------------------------------


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


def layout_of(encoded: bytes, varied: Container[str] = ()) -> Layout | None:
    """The layout of one document; None when it holds a type that is not in the tables.

    varied: fields that count as numbers whatever they are, their bytes as an array.
    """
    fields: dict[str, tuple[int, str]] = {}
    types: dict[str, int] = {}
    varying = np.zeros(len(encoded), dtype=bool)
    for kind, name, at, end in elements(encoded):
        if end == UNKNOWN:
            return None
        types[f"type of {name}"] = kind
        if kind in NUMERIC or name in varied:
            fields[name] = (at, NUMERIC.get(kind) or f"S{end - at}")
            varying[at:end] = True
        if name in varied:
            types[f"size of {name}"] = end - at  # of another size it is another kind
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


@dataclass(frozen=True, slots=True)
class Slice:
    """Documents of one query. columns: field → array, of those of the most frequent kind, in the order they came;
    constant: what is the same in all of these, and the BSON types; others: the rest, decoded."""

    columns: Mapping[str, NDArray[Any]]
    constant: Mapping[str, Any]
    others: list[dict[str, Any]]
    runs: Sequence[Run] = ()
    places: Places = field(default_factory=lambda: np.empty((0, 2), np.int64))

    def __len__(self) -> int:
        """How many documents there are."""
        return len(self.places) + len(self.others)

    def document(self, index: int) -> dict[str, Any]:
        """One document of the frequent kind, decoded."""
        return _decoded(self.runs, self.places[index])

    def by_time(self) -> Slice:
        """The same, oldest first."""
        self.others.sort(key=lambda document: document["ts"])
        return self.sorted_by(self.columns["ts"]) if "ts" in self.columns else self

    def sorted_by(self, rank: NDArray[Any]) -> Slice:
        """The same with the documents of the frequent kind in another order."""
        if (rank[1:] >= rank[:-1]).all():
            return self
        order = np.argsort(rank, kind="stable")
        columns = {name: values[order] for name, values in self.columns.items()}
        return Slice(columns, self.constant, self.others, self.runs, self.places[order])


@dataclass(slots=True, eq=False)
class _Kind:
    """Documents with the same fields, types and constants, from one or more layouts."""

    layout: Layout
    orders: list[Order] = field(default_factory=list)
    places: list[Places] = field(default_factory=list)
    columns: dict[str, list[NDArray[Any]]] = field(default_factory=dict)

    def is_of(self, layout: Layout) -> bool:
        return self.layout.constant == layout.constant

    def take(self, layout: Layout, number: int, run: Run, order: Order, left: NDArray[np.bool_]) -> None:
        """Those documents of a run that are left and fit a layout; the others stay left."""
        fits = fitting(run, layout) & left if left.any() else left
        if not fits.any():
            return
        rows = run.rows() if fits.all() else run.rows()[fits]
        self.orders.append(order[fits])
        self.places.append(_places(number, np.flatnonzero(fits)))
        for name, (offset, type_) in layout.fields.items():
            self.columns.setdefault(name, []).append(column(rows, offset, type_))
        left &= ~fits

    def slice(self, found: Sequence[Run], others: list[dict[str, Any]]) -> Slice:
        """Its documents in the order they came."""
        columns = {name: np.concatenate(values) for name, values in self.columns.items()}
        joined = Slice(columns, self.layout.constant, others, found, np.concatenate(self.places))
        return joined.sorted_by(np.concatenate(self.orders))

    def __len__(self) -> int:
        return sum(map(len, self.places))


def decode(batches: Iterable[bytes], numbered: bool = False) -> Slice:
    """Raw batches of a cursor → columns for the most frequent kind of document, dicts for whatever differs from it.

    numbered: the batches are BSON arrays, as a reply holds them; else documents one behind the other.
    """
    found, kinds, unknown = _kinds(batches, numbered, ())
    for kind in kinds[1:]:
        unknown += zip(np.concatenate(kind.orders).tolist(), np.concatenate(kind.places), strict=True)
    others = [_decoded(found, place) for _, place in sorted(unknown, key=lambda each: each[0])]
    return kinds[0].slice(found, others) if kinds else Slice({}, {}, others, found)


def decode_kinds(batches: Iterable[bytes], varied: Container[str]) -> Iterator[Slice]:
    """BSON arrays → columns of every kind of document, then what is of none. varied: see `layout_of`."""
    found, kinds, unknown = _kinds(batches, True, varied)
    for kind in kinds:
        yield kind.slice(found, [])
    if unknown:
        yield Slice({}, {}, [_decoded(found, place) for _, place in unknown], found)


def _kinds(
    batches: Iterable[bytes], numbered: bool, varied: Container[str]
) -> tuple[list[Run], list[_Kind], list[tuple[int, Places]]]:
    """Runs, the kinds of their documents, the most frequent first, and number and place of those of no kind."""
    found, orders = _gathered([run for batch in batches for run in runs(batch, numbered)])
    layouts: dict[int, list[tuple[Layout, _Kind]]] = {}
    kinds: list[_Kind] = []
    unknown: list[tuple[int, Places]] = []
    for number, (run, order) in enumerate(zip(found, orders, strict=True)):
        left = np.ones(run.count, dtype=bool)
        known = layouts.setdefault(run.length, [])
        for layout, kind in known:
            kind.take(layout, number, run, order, left)
        while left.any() and len(known) < LAYOUTS:
            new = layout_of(run.document(int(np.argmax(left))), varied)
            if new is None:
                break
            kind = next((kind for kind in kinds if kind.is_of(new)), None) or _Kind(new)
            if kind not in kinds:
                kinds.append(kind)
            known.append((new, kind))
            kind.take(new, number, run, order, left)
        rest = np.flatnonzero(left)
        unknown += zip(order[rest].tolist(), _places(number, rest), strict=True)
    kinds.sort(key=len, reverse=True)
    return found, kinds, unknown


def _gathered(found: list[Run]) -> tuple[list[Run], list[Order]]:
    """Long runs as they are; short ones of one length copied into one: NumPy needs many to be worth its calls."""
    gathered: list[Run] = []
    orders: list[Order] = []
    short: dict[int, tuple[list[bytes], list[int]]] = {}
    at = 0
    for run in found:
        if run.count >= SHORT:
            gathered.append(run)
            orders.append(np.arange(at, at + run.count))
        else:
            documents, numbers = short.setdefault(run.length, ([], []))
            documents += run.documents()
            numbers += range(at, at + run.count)
        at += run.count
    for length, (documents, numbers) in short.items():
        gathered.append(Run(b"".join(documents), 0, len(documents), length, length))
        orders.append(np.array(numbers, np.int64))
    first = sorted(range(len(orders)), key=lambda number: int(orders[number][0]))  # mostly all is in order then
    return [gathered[number] for number in first], [orders[number] for number in first]


def _places(number: int, indices: NDArray[np.int64]) -> Places:
    return np.column_stack((np.full(len(indices), number), indices))


def _decoded(found: Sequence[Run], place: NDArray[np.int64]) -> dict[str, Any]:
    return bson.decode(found[int(place[0])].document(int(place[1])), PLAIN)


# --- commands ---------------------------------------------------------------------------------------------------------


class Encoded(RawBSONDocument):
    """Documents that are only sent: their bytes, which we made or read ourselves and need not look at again.

    The driver asks a RawBSONDocument for `raw` when it sends it; made as usual, each would be parsed twice over
    (measured: 0.9 against 0.3 µs a document). No field can be read. An insert sends its documents one behind the other,
    so the bytes may be those of many (0.02 µs a document).
    """

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        self.raw = raw  # type: ignore[misc]


def find(
    side: Collection[Document],
    query: Document,
    *,
    sort: Document | None = None,
    projection: Document | None = None,
    limit: int = 0,
    hint: str | Document | None = None,
    most: int = REPLY,
) -> Generator[bytes]:
    """The documents of a query, reply by reply, each as the BSON array that it holds (`decode(…, numbered=True)`).

    Read from the primary with the read concern of `side`. most: documents in one reply.
    """
    command: Document = {"find": side.name, "filter": query, "batchSize": most}
    options = {"sort": sort, "projection": projection, "limit": limit, "hint": hint}
    command |= {name: option for name, option in options.items() if option}
    if side.read_concern.document:
        command["readConcern"] = side.read_concern.document
    with side.database.client.start_session(causal_consistency=False) as session:
        yield from _replies(side, command, session)


def _replies(side: Collection[Document], command: Document, session: ClientSession) -> Iterator[bytes]:
    database = side.database
    documents, cursor, name = _cursor(database.command(command, codec_options=RAW, session=session))
    try:
        yield documents
        while cursor:
            more = {"getMore": Int64(cursor), "collection": name, "batchSize": command["batchSize"]}
            documents, cursor, name = _cursor(database.command(more, codec_options=RAW, session=session))
            yield documents
    except PyMongoError:
        cursor = 0  # it is gone, or its server is
        raise
    finally:
        if cursor:
            database.command({"killCursors": name, "cursors": [Int64(cursor)]}, session=session)


def insert(side: Collection[Document], documents: Sequence[RawBSONDocument]) -> None:
    """Insert documents (at most 100,000 and 48 MB) in no order, confirmed as `side` wants it.

    Raises BulkWriteError for what the server refused or did not confirm, as `insert_many` does.
    """
    command: Document = {"insert": side.name, "documents": documents, "ordered": False}
    if side.write_concern.document:
        command["writeConcern"] = side.write_concern.document
    reply = side.database.command(command)
    errors, concern = reply.get("writeErrors", []), reply.get("writeConcernError")
    if errors or concern:
        raise BulkWriteError({"writeErrors": errors, "writeConcernErrors": [concern] if concern else []} | reply)


def _cursor(reply: Any) -> tuple[bytes, int, str]:
    """The documents of a reply as they came, the id of its cursor (0: there is no more), the collection to go on with.

    Taken from the bytes, as every field that is read from a RawBSONDocument makes objects of all its parts.
    """
    raw = bytes(reply["cursor"].raw)
    place = {name: slice(at, end) for _, name, at, end in elements(raw)}
    documents = raw[place["firstBatch" if "firstBatch" in place else "nextBatch"]]
    (cursor,) = struct.unpack("<q", raw[place["id"]])
    namespace = raw[place["ns"]][4:-1].decode()
    return documents, cursor, namespace.partition(".")[2]


# --- from the record to the mirror ------------------------------------------------------------------------------------


def stored_documents(record: Collection[Document], series: Series) -> Iterator[Encoded]:
    """The readings of a series as they are stored, oldest first."""
    for reply in find(record, dated(series.query()), sort={"ts": 1}):
        for run in runs(reply, numbered=True):
            yield from map(Encoded, filter(partial(_is_reading, series.source), run.documents()))


def _is_reading(source: str, encoded: bytes) -> bool:
    document: dict[str, Any] = bson.decode(encoded, PLAIN)
    return is_reading(document, source)


def lacking(pair: Pair, query: Document, starts: Instants | None = None) -> Iterator[Encoded]:
    """The readings of a query that the record has and the mirror lacks, by their `ts`, oldest first.

    starts: those that the record is known to have; when the mirror has all of them, the record is not read.
    """
    mirrored = [
        instants(run)
        for reply in find(pair.mirror, query, projection={"_id": 0, "ts": 1})
        for run in runs(reply, numbered=True)
    ]
    known = np.concatenate(mirrored) if mirrored else np.empty(0, np.int64)
    if starts is not None and np.isin(starts, known).all():
        return
    for reply in find(pair.record, dated(query), sort={"ts": 1}):
        for run in runs(reply, numbered=True):
            for index in np.flatnonzero(~np.isin(instants(run), known)).tolist():
                if _is_reading(pair.source, encoded := run.document(index)):
                    yield Encoded(encoded)


def chunks(documents: Iterable[Encoded], size: int) -> Iterator[list[Encoded]]:
    """The documents in lists of `size`, the last one shorter."""
    chunk: list[Encoded] = []
    for document in documents:
        chunk.append(document)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
