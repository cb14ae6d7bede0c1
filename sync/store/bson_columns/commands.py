"""The find and insert commands with their documents as raw bytes.

`find_raw_batches` makes an object of every document and joins them again, `insert_many` looks at each one: about a
microsecond a document, as much as the server takes to read it (measured: 1.1 against 0.12 µs, 0.7 against 0.07 µs).
The commands themselves, sent with `Database.command`, cost next to nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

from bson import Int64
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, PyMongoError

from ..schema import Document
from .layout import elements

RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument, tz_aware=True)
REPLY = 50_000  # documents in one reply; the server ends it at 16 MB


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
) -> Iterator[bytes]:
    """The documents of a query, reply by reply, each as the BSON array that it holds (`decode(…, numbered=True)`).

    Read from the primary with the read concern of `side`.
    """
    command: Document = {"find": side.name, "filter": query, "batchSize": REPLY}
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
            more = {"getMore": Int64(cursor), "collection": name, "batchSize": REPLY}
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
