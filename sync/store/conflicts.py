"""Instants for which a source gave two values: neither is stored, and both stay known, whatever comes in what order.

One document a contradiction in `sync_contradictions`: `{_id, source, series, ts, values: [143, 144]}`, values in Wh and
the one that was stored in front; and `rows`, which belong to the load: the file and line that brought each value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from pymongo import UpdateOne
from pymongo.database import Database

from ..model.readings import Instants, Series, instant, milliseconds
from .schema import CONTRADICTIONS, Document


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Values (Wh) that contradict each other at one start (ms)."""

    series: Series
    start: int
    values: Sequence[int]


class Contradictions:
    """Those of one source."""

    def __init__(self, database: Database[Document], source: str) -> None:
        self._source = source
        self._known = database[CONTRADICTIONS]

    def add(self, found: Iterable[Contradiction]) -> None:
        """Remember them durably, before anything is removed; further values join those that are known."""
        writes = []
        for each in found:
            fields = {"source": self._source, "series": each.series.subdocument(), "ts": instant(each.start)}
            values = {"values": {"$each": list(each.values)}}
            change = {"$setOnInsert": fields, "$addToSet": values}
            writes.append(UpdateOne({"_id": contradiction_name(each.series, each.start)}, change, upsert=True))
        if writes:
            self._known.bulk_write(writes, ordered=False)

    def starts(self, wanted: Iterable[Series]) -> dict[Series, Instants]:
        """Starts (ms) that are withheld, of those of the series that have any."""
        by_name = {(series.id, series.flow, series.group): series for series in wanted}
        if not by_name:
            return {}
        query = {"source": self._source, "series.id": {"$in": sorted({name[0] for name in by_name})}}
        found: defaultdict[Series, list[int]] = defaultdict(list)
        for entry in self._known.find(query, {"series": 1, "ts": 1}):
            named = entry["series"]
            series = by_name.get((named["id"], named["flow"], named.get("group", "")))
            if series:
                found[series].append(milliseconds(entry["ts"]))
        return {series: np.array(sorted(starts), np.int64) for series, starts in found.items()}


def contradiction_name(series: Series, start: int) -> str:
    """`lcl:MAC000002:consumption 2012-10-12T00:00:00+00:00`."""
    return f"{series.key} {instant(start).isoformat()}"
