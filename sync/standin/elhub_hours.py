"""The hours a stand-in for Elhub serves: generated for any month, the same every time, or taken from a file.

Generated are the series that exist, with the edges they had: wind in NO5 from 2 June 2021, rows of group `*` in autumn
2025, negative consumption of NO4's tertiary sector on 9 November 2025. The numbers are invented; only their size is
like that of the country.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..model.localtime import midnight
from ..model.readings import Instants
from ..sources import zone_of
from ..sources.elhub.api import AREAS, FIRST
from ..sources.elhub.files import open_files

ZONE = zone_of("elhub")
HOUR = 3_600_000
OPEN_END = 2**62

PRODUCTION = {"hydro": 3e6, "wind": 4e5, "solar": 3e4, "thermal": 4e4, "other": 500.0}
CONSUMPTION = {"household": 1.2e6, "cabin": 1.5e5, "primary": 6e4, "secondary": 9e5, "tertiary": 8e5}
METERS = {"household": 520_000, "cabin": 100_607, "primary": 12_000, "secondary": 31_000, "tertiary": 74_000}

STARTS = midnight(FIRST, ZONE)
EDGES = {
    ("production", "NO5", "wind"): (midnight(date(2021, 6, 2), ZONE), OPEN_END),
    ("production", "NO5", "*"): (midnight(date(2025, 9, 1), ZONE), midnight(date(2025, 12, 1), ZONE)),
    ("production", "NO2", "*"): (midnight(date(2025, 9, 26), ZONE), midnight(date(2025, 10, 24), ZONE)),
}
NEGATIVE = ("consumption", "NO4", "tertiary")
NEGATIVE_DAY = (midnight(date(2025, 11, 9), ZONE), midnight(date(2025, 11, 10), ZONE))
REWRITTEN = midnight(date(2024, 12, 20), ZONE) + 10 * HOUR + 35_000  # 2021 and 2022 were rewritten in bulk
REWRITTEN_UNTIL = midnight(date(2023, 1, 1), ZONE)
CORRECTED_AFTER = 17 * 24 * HOUR + 2_384_000
PUBLISHED_AFTER = 2 * 24 * HOUR  # at the latest


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of one series, oldest first: starts and times of update (ms, UTC), kWh, metering points of consumption."""

    area: str
    group: str
    start: Instants
    kwh: NDArray[np.float64]
    updated: Instants
    meters: int | None = None

    def between(self, low: int, high: int) -> Hours:
        """The hours of `[low, high)`."""
        part = slice(*np.searchsorted(self.start, [low, high]))
        return Hours(self.area, self.group, self.start[part], self.kwh[part], self.updated[part], self.meters)


class Served(Protocol):
    """What a stand-in can serve of a flow within `[low, high)`, ms; series without an hour there are left out."""

    def hours(self, flow: str, low: int, high: int) -> Iterable[Hours]: ...


class GeneratedHours:
    """Norway as if; `seed` makes another one, `groups` a smaller one."""

    def __init__(self, seed: int = 0, groups: frozenset[str] | None = None) -> None:
        self._seed = seed
        self._groups = groups

    def hours(self, flow: str, low: int, high: int) -> Iterator[Hours]:
        """Every series of the flow, area by area."""
        sizes = PRODUCTION | {"*": 40.0} if flow == "production" else CONSUMPTION
        for place, area in enumerate(AREAS):
            for number, (group, size) in enumerate(sizes.items()):
                if (group == "*" and (flow, area, group) not in EDGES) or group not in (self._groups or sizes):
                    continue
                first, end = EDGES.get((flow, area, group), (STARTS, OPEN_END))
                start = np.arange(max(first, STARTS, low), min(end, high), HOUR, dtype=np.int64)
                if len(start) == 0:
                    continue
                code = self._seed * 1000 + (flow == "consumption") * 100 + place * 10 + number
                kwh = _shape(start, size * (1 + 0.2 * place), code)
                if (flow, area, group) == NEGATIVE:
                    negative = (start >= NEGATIVE_DAY[0]) & (start < NEGATIVE_DAY[1])
                    kwh = np.where(negative, -3.1e6 - 1.1e6 * _noise(start, code), kwh)
                updated = np.where(start < REWRITTEN_UNTIL, REWRITTEN, start + CORRECTED_AFTER)
                meters = METERS[group] + 1000 * place if flow == "consumption" else None
                yield Hours(area, group, start, np.round(kwh, 3), updated, meters)


class FileHours:
    """The hours of bulk files or of saved answers (`sync/sources/elhub/files.py`)."""

    def __init__(self, *paths: Path) -> None:
        parts: dict[tuple[str, str, str], list[Hours]] = {}
        for parsed in open_files(paths).parts():
            for batch in parsed.batches:
                series = batch.series
                updated = batch.start + CORRECTED_AFTER
                if "updated" in batch.columns:
                    updated = batch.columns["updated"].astype(np.int64)
                hours = Hours(series.id, series.group, batch.start, batch.wh / 1000, updated)
                parts.setdefault((series.flow, series.id, series.group), []).append(hours)
        self._series = {name: _joined(hours) for name, hours in parts.items()}

    @property
    def last(self) -> int:
        """Start of the newest hour, ms."""
        return max(int(hours.start[-1]) for hours in self._series.values())

    def hours(self, flow: str, low: int, high: int) -> Iterator[Hours]:
        """Every series of the flow that has hours there."""
        for (own, *_), hours in sorted(self._series.items()):
            part = hours.between(low, high)
            if own == flow and len(part.start):
                yield part


def _joined(parts: list[Hours]) -> Hours:
    start, kwh, updated = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("start", "kwh", "updated")
    )
    return Hours(parts[0].area, parts[0].group, start, kwh, updated)


def _shape(start: Instants, size: float, code: int) -> NDArray[np.float64]:
    """A level with its seasons, days and chance."""
    hour = start / HOUR
    season = np.cos(2 * np.pi * (hour / 8766 - 0.05))
    daily = np.sin(2 * np.pi * (hour / 24 - 0.3))
    return np.asarray(size * (1 + 0.35 * season + 0.15 * daily) * (0.7 + 0.6 * _noise(start, code)))


def _noise(start: Instants, code: int) -> NDArray[np.float64]:
    """0 … 1, by a mixing of the hour's number (splitmix64): any month can be made without the ones before."""
    mixed = (start // HOUR).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(code * 0x632BE59B % 2**63)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray((mixed ^ (mixed >> np.uint64(31))) / float(2**64))
