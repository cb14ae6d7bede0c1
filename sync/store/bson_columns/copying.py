"""From the record to the mirror: the stored bytes themselves, never a second spelling of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from pymongo.collection import Collection

from ...model.readings import Instants
from ..schema import Document, Pair
from .commands import Encoded, find
from .layout import instants
from .runs import runs


def stored_documents(record: Collection[Document], query: Document) -> Iterator[Encoded]:
    """The documents of a query as they are stored, oldest first."""
    for reply in find(record, query, sort={"ts": 1}):
        for run in runs(reply, numbered=True):
            yield from map(Encoded, run.documents())


def lacking(pair: Pair, query: Document, starts: Instants | None = None) -> Iterator[Encoded]:
    """The documents of a query that the record has and the mirror lacks, by their `ts`, oldest first.

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
    for reply in find(pair.record, query, sort={"ts": 1}):
        for run in runs(reply, numbered=True):
            for index in np.flatnonzero(~np.isin(instants(run), known)).tolist():
                yield Encoded(run.document(index))


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
