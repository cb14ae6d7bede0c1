"""A small fleet of London households, and what it adds up to: counted reading by reading, by other code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from pymongo.database import Database

from sync.load.files import store_tables
from sync.model.readings import Series, energy_batch
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.lcl.members import Member
from sync.sources.lcl.tables import side_table
from sync.store.schema import Pair, ensure_pair, pair
from sync.store.writer import PairWriter

LONDON = ZoneInfo("Europe/London")
HALF = timedelta(minutes=30)
EPOCH = date(1970, 1, 1)
GROUPS = (
    ("Std", "Affluent"),
    ("Std", "Comfortable"),
    ("ToU", "Adversity"),
    ("ToU", "Affluent"),
    ("Std", "ACORN-"),  # the table knows no group
)

Rows = dict[str, dict[datetime, int]]
"""Household → start (UTC) → Wh."""


@dataclass
class ByHand:
    """Sums of rows. wh, seconds: by household and local day; half_hours: by local day and half-hour, a list of Wh."""

    wh: dict[str, dict[date, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    seconds: dict[str, dict[date, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    half_hours: dict[tuple[date, int], list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))

    def whole(self, household: str) -> dict[date, int]:
        """Wh of the complete days."""
        return {
            day: self.wh[household][day] for day, seconds in self.seconds[household].items() if seconds == length(day)
        }

    def means(self, first: date, end: date, fewest: int, among: Iterable[str] | None = None) -> dict[str, float]:
        """Mean Wh of the complete days in [first, end), of households with so many."""
        found = {}
        for household in self.wh if among is None else among:
            days = [wh for day, wh in self.whole(household).items() if first <= day < end]
            if len(days) >= fewest:
                found[household] = sum(days) / len(days)
        return found


def by_hand(rows: Rows, zone: ZoneInfo = LONDON, seconds: int = 1800) -> ByHand:
    """Each reading in its local day."""
    found = ByHand()
    for household, readings in rows.items():
        for start, wh in readings.items():
            local = start.astimezone(zone)
            found.wh[household][local.date()] += wh
            found.seconds[household][local.date()] += seconds
            found.half_hours[local.date(), local.hour * 2 + local.minute // 30].append((household, wh))
    return found


def length(day: date, zone: ZoneInfo = LONDON) -> int:
    """Seconds from midnight to midnight."""
    ends = [datetime.combine(each, time(), zone).astimezone(UTC) for each in (day, day + timedelta(days=1))]
    return int((ends[1] - ends[0]).total_seconds())


def number(day: date) -> int:
    """Days since 1970."""
    return (day - EPOCH).days


def london_rows(households: int = 12, first: date = date(2012, 10, 1), days: int = 62, seed: int = 1) -> Rows:
    """Both months around the autumn change. Household 1 used nothing, 2 has holes, 3 begins late, 4 ends early."""
    chance = np.random.default_rng(seed)
    start = datetime.combine(first, time(), LONDON).astimezone(UTC)
    end = datetime.combine(first + timedelta(days=days), time(), LONDON).astimezone(UTC)
    slots = (end - start) // HALF
    rows: Rows = {}
    for place in range(households):
        wh = chance.gamma(2.0, 40.0 * (1 + place % 5), slots).astype(int)
        kept = np.ones(slots, dtype=bool)
        if place == 1:
            wh[:] = 0
        if place == 2:
            kept[chance.random(slots) < 0.01] = False
            kept[480:600] = False
        if place == 3:
            kept[: 50 * 48 + 7] = False
        if place == 4:
            kept[20 * 48 + 11 :] = False
        rows[identity(place)] = {start + HALF * slot: int(wh[slot]) for slot in np.flatnonzero(kept).tolist()}
    return rows


def identity(place: int) -> str:
    return f"MAC{900_001 + place:06d}"


def groups_of(place: int) -> dict[str, str]:
    """What the table says of a household: nothing of the last ones, no Acorn group of each fifth."""
    tariff, acorn = GROUPS[place % 5]
    return {"tariff": tariff} | ({} if acorn == "ACORN-" else {"acorn_group": acorn})


def store(database: Database[Any], rows: Rows, source: str = "lcl", seconds: int = 1800) -> Pair:
    """Into both collections, as the product writes them."""
    own = pair(database, source, DEFAULT_COLLECTIONS)
    ensure_pair(own)
    batches = []
    for household, readings in rows.items():
        at = np.array([int(start.timestamp()) * 1000 for start in readings], dtype=np.int64)
        wh = np.array(list(readings.values()), dtype=np.int64)
        batches.append(energy_batch(Series(source, household, "consumption"), at, wh, np.full(len(at), seconds)))
    PairWriter(own).write_many(batches)
    return own


def store_table(database: Database[Any], folder: Path, households: int) -> None:
    """The household table of the first so many, imported from a file of the published form."""
    lines = ["LCLid,stdorToU,Acorn,Acorn_grouped,file"]
    for place in range(households):
        tariff, acorn = GROUPS[place % 5]
        lines.append(f"{identity(place)},{tariff},{acorn if acorn == 'ACORN-' else 'ACORN-A'},{acorn},block_0")
    path = folder / "informations_households.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    store_tables(database, [side_table(Member(path))])
