"""A reading that contradicts a stored one: both remembered as contradicting, and the stored one removed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pymongo.collection import Collection

from ..model.readings import ReadingBatch, instant, milliseconds
from .conflicts import Contradiction, Contradictions
from .schema import Document


def withhold(
    record: Collection[Document],
    known: Contradictions,
    batch: ReadingBatch,
    where: NDArray[np.bool_],
    mark_stale: Callable[[], None],
) -> None:
    """Remove what is stored at some readings of a batch. In this order, a stop in between is made good by a repeat:
    remembered first, then the mirror marked (`mark_stale`) as wrong, then removed."""
    wh = dict(zip(batch.start[where].tolist(), batch.wh[where].tolist(), strict=True))
    query = batch.series.query() | {"ts": {"$in": [instant(start) for start in wh]}}
    stored = {milliseconds(found["ts"]): found.get("wh") for found in record.find(query, {"ts": 1, "wh": 1})}
    known.add(
        Contradiction(batch.series, start, [value, wh[start]])
        for start, value in stored.items()
        if value is not None and value != wh[start]
    )
    mark_stale()
    record.delete_many(query)
