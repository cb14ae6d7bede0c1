"""The hours a stand-in for Elhub serves: generated for any month, the same every time, or taken from a file.

Generated are the series that exist, with the edges they had: wind in NO5 from 2 June 2021, rows of group `*` in autumn
2025, negative consumption of NO4's tertiary sector on 9 November 2025. The numbers are invented; only their size is
like that of the country.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..model.localtime import midnight
from ..model.readings import Instants, Series
from ..sources import zone_of
from ..sources.elhub.api import AREAS, FIRST
from ..sources.elhub.files import open_files
from .hours import HOUR, OPEN_END, grid, noise

ZONE = zone_of("elhub")

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


class GeneratedHours:
    """Norway as if; `seed` makes another one, `groups` a smaller one."""

    def __init__(self, seed: int = 0, groups: frozenset[str] | None = None) -> None:
        self._seed = seed
        self._groups = groups

    def hours(self, flow: str, low: int, high: int) -> Iterator[Hours]:
        """Every series of the flow with hours within `[low, high)` (ms), area by area."""
        sizes = PRODUCTION | {"*": 40.0} if flow == "production" else CONSUMPTION
        for place, area in enumerate(AREAS):
            for number, (group, size) in enumerate(sizes.items()):
                if (group == "*" and (flow, area, group) not in EDGES) or group not in (self._groups or sizes):
                    continue
                first, end = EDGES.get((flow, area, group), (STARTS, OPEN_END))
                start = grid(max(first, low), min(end, high))
                if len(start) == 0:
                    continue
                code = self._seed * 1000 + (flow == "consumption") * 100 + place * 10 + number
                kwh = _shape(start, size * (1 + 0.2 * place), code)
                if (flow, area, group) == NEGATIVE:
                    negative = (start >= NEGATIVE_DAY[0]) & (start < NEGATIVE_DAY[1])
                    kwh = np.where(negative, -3.1e6 - 1.1e6 * noise(start, code), kwh)
                updated = np.where(start < REWRITTEN_UNTIL, REWRITTEN, start + CORRECTED_AFTER)
                meters = METERS[group] + 1000 * place if flow == "consumption" else None
                yield Hours(area, group, start, np.round(kwh, 3), updated, meters)


class FileHours:
    """The hours of bulk files or of saved answers (`sync/sources/elhub/files.py`)."""

    def __init__(self, *paths: Path) -> None:
        parts: defaultdict[Series, list[NDArray[np.float64]]] = defaultdict(list)
        for parsed in open_files(paths).parts():
            for batch in parsed.batches:
                updated = batch.columns.get("updated", batch.start + CORRECTED_AFTER).astype(np.int64)
                parts[batch.series].append(np.array([batch.start, batch.wh / 1000, updated]))
        self._series = {series: np.concatenate(own, axis=1) for series, own in parts.items()}
        self.last = int(max(rows[0, -1] for rows in self._series.values()))

    def hours(self, flow: str, low: int, high: int) -> Iterator[Hours]:
        """Every series of the flow that has hours there."""
        for series, rows in sorted(self._series.items(), key=lambda item: item[0].key):
            start, kwh, updated = rows[:, slice(*np.searchsorted(rows[0], [low, high]))]
            if series.flow == flow and len(start):
                yield Hours(series.id, series.group, start.astype(np.int64), kwh, updated.astype(np.int64))


def _shape(start: Instants, size: float, code: int) -> NDArray[np.float64]:
    """A level with its seasons, days and chance."""
    hour = start / HOUR
    season = np.cos(2 * np.pi * (hour / 8766 - 0.05))
    daily = np.sin(2 * np.pi * (hour / 24 - 0.3))
    return np.asarray(size * (1 + 0.35 * season + 0.15 * daily) * (0.7 + 0.6 * noise(start, code)))
