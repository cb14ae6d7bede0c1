"""From the record to the mirror: the stored bytes themselves, never a second spelling of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from bson.raw_bson import RawBSONDocument
from pymongo.collection import Collection

from ..readings import Instants
from .layout import instants
from .replies import find
from .runs import runs
from .schema import Document, Pair


def stored_documents(record: Collection[Document], query: Document) -> Iterator[RawBSONDocument]:
    """The documents of a query as they are stored, oldest first."""
    for reply in find(record, query, sort={"ts": 1}):
        for run in runs(reply, numbered=True):
            yield from map(RawBSONDocument, run.documents())


def lacking(pair: Pair, query: Document, starts: Instants) -> Iterator[RawBSONDocument]:
    """The documents of a query that the record has and the mirror lacks, by their `ts`, oldest first.

    starts: those that the record is known to have; when the mirror has all of them, the record is not read.
    """
    mirrored = [
        instants(run)
        for reply in find(pair.mirror, query, projection={"_id": 0, "ts": 1})
        for run in runs(reply, numbered=True)
    ]
    known = np.concatenate(mirrored) if mirrored else np.empty(0, np.int64)
    if np.isin(starts, known).all():
        return
    for reply in find(pair.record, query, sort={"ts": 1}):
        for run in runs(reply, numbered=True):
            for index in np.flatnonzero(~np.isin(instants(run), known)).tolist():
                yield RawBSONDocument(run.document(index))
