"""A meter of which daily totals alone are stored: there are its days and months, and nothing finer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from sync.model.localtime import midnight
from sync.store.ledger import Ledger

from ..kit.days import Days
from ..kit.reader import ZONES, Reader

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Totals:
    """A `consumption.period.Meter`. key: of its series; wh: by local day, at least one of them."""

    key: str
    wh: Mapping[date, int]
    zone: ZoneInfo
    today: date

    @property
    def label(self) -> str:
        """For people: `linky …0844 consumption`."""
        source, shown, flow = self.key.split(":")[:3]
        return f"{source} {shown.partition('~')[0]} {flow}"

    @property
    def is_production(self) -> bool:
        return self.key.endswith(":production")

    @property
    def first(self) -> date:
        """The first day with a total."""
        return min(self.wh)

    @property
    def read_to(self) -> date:
        return min(max(self.wh) + DAY, self.today)

    def days(self, first: date, end: date) -> Days:
        """The local days [first, end): each is known from midnight to midnight, or not at all."""
        found = [self.wh.get(first + place * DAY) for place in range(max(0, (end - first).days))]
        edges = np.array([midnight(first + place * DAY, self.zone) for place in range(len(found) + 1)], dtype=np.int64)
        known = np.array([each is not None for each in found], dtype=np.int64)
        wh, nothing = np.array([each or 0 for each in found], dtype=np.int64), np.zeros(len(found))
        return Days(first, edges, wh, known * (np.diff(edges) // 1000), nothing, nothing, known)


def totals_in(reader: Reader) -> Totals | None:
    """The first meter of which there are daily totals, consumption first; None without any."""
    key = min(reader.totals(), key=lambda each: (each.endswith(":production"), each), default=None)
    if key is None:
        return None
    wh = reader.kept(("totals of", key), lambda: Ledger(reader.database).totals_of(key))
    zone = ZONES["linky"]
    return Totals(key, wh, zone, reader.today(zone)) if wh else None
