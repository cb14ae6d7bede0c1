"""Export files of Enedis as `import` takes them: of any known form, in any order, overlapping or not.

All of them are read before anything is stored, and those of a series are handed out as one, oldest first: a time-series
collection that is filled out of order has more buckets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...model.readings import ReadingBatch, Series, energy_batch, instant
from ..files import File, Files, Part
from .api import CURVE_DAYS, SOURCE, MeterSettings
from .exports import Export, read_exports
from .points import MAX_POWER_W, curve_from_points


def open_files(paths: Sequence[Path], settings: MeterSettings | None = None) -> Files:
    """`files.Files` of Enedis exports. Raises FileRefused for what is none, UsageError for what cannot be opened."""
    exports = [export for path in paths for export in read_exports(path)]
    by_series: defaultdict[Series, list[Export]] = defaultdict(list)
    for export in exports:
        by_series[Series(SOURCE, export.prm, export.flow)].append(export)
    max_power = settings.linky_max_power_w if settings else MAX_POWER_W
    files, totals, rejects = [], {}, []
    for series, own in sorted(by_series.items(), key=lambda item: item[0].key):
        totals[series], contradicting = _totals(own)
        rejects += contradicting
        files.append(File(series.label, paths[0], partial(_parts, series, own, totals[series], max_power)))
    return Files(files, rejects=rejects, totals=totals, series=list(totals), longest=CURVE_DAYS, count=len(exports))


@dataclass(slots=True)
class Merged:
    """Batches of one series as one, each reading once. places: where each stood first, in words."""

    batch: ReadingBatch
    places: NDArray[Any]
    repeated: int = 0
    rejects: list[str] = field(default_factory=list)

    def add(self, other: ReadingBatch, places: NDArray[Any]) -> None:
        """Take what is new. What stood there first stays: another value for its time, or an overlap, is refused.

        A format without quality marks contradicts none that has them: the mark stays.
        """
        own, start, end = self.batch, other.start, other.end
        before = np.searchsorted(own.start, start, side="right") - 1  # the last that begins no later
        at = before.clip(0)
        begun = before >= 0
        equal = np.zeros(len(other), dtype=bool)
        meets = np.searchsorted(own.start, end, side="left") > before + 1  # one begins inside
        if len(own):
            same = begun & (own.start[at] == start) & (own.seconds[at] == other.seconds)
            equal = same & (own.wh[at] == other.wh)
            meets |= begun & (own.end[at] > start)
        for index in np.flatnonzero(meets & ~equal).tolist():
            moment = f"{instant(int(start[index])):%Y-%m-%dT%H:%MZ}"
            self.rejects.append(f"{places[index]}: the files contradict each other: another value for {moment}")
        self.repeated += int(equal.sum())
        marks = {int(at[index]): text for index, text in other.flags.items() if equal[index]}
        self._insert(other, places, ~meets, marks)

    def _insert(
        self, other: ReadingBatch, places: NDArray[Any], fresh: NDArray[np.bool_], marks: Mapping[int, str]
    ) -> None:
        own = self.batch
        columns = [
            np.concatenate([getattr(own, name), getattr(other, name)[fresh]]) for name in ("start", "wh", "seconds")
        ]
        flags = np.array(
            [own.flags.get(index) or marks.get(index, "") for index in range(len(own))]
            + [other.flags.get(index, "") for index in np.flatnonzero(fresh).tolist()],
            dtype=np.str_,
        )
        order = np.argsort(columns[0], kind="stable")
        start, wh, seconds = (column[order] for column in columns)
        kept = {index: str(text) for index, text in enumerate(flags[order]) if text}
        self.batch = energy_batch(own.series, start, wh, seconds, kept)
        self.places = np.concatenate([self.places, places[fresh]])[order]


def merge(series: Series, batches: Sequence[tuple[ReadingBatch, NDArray[Any]]]) -> Merged:
    """One batch of several, oldest first; each comes with the places of its readings."""
    empty = np.array([], dtype=np.int64)
    merged = Merged(energy_batch(series, empty, empty, empty), np.array([], dtype=np.str_))
    for batch, places in batches:
        merged.add(batch, places)
    return merged


def _parts(series: Series, exports: Sequence[Export], totals: Mapping[date, int], max_power: int) -> Iterator[Part]:
    rejects = [f"{export.name}, {reject}" for export in exports for reject in export.rejects]
    missing = repeated = 0
    curves = []
    for export in exports:
        if export.kind == "curve":
            curve = curve_from_points(series, export.points, max_power=max_power, totals=totals)
            missing += curve.missing
            repeated += curve.repeated
            rejects += [f"{export.name}, {reject}" for reject in curve.rejects]
            curves.append((curve.batch, np.array([f"{export.name}, line {line}" for line in curve.lines])))
    merged = merge(series, curves)
    batches = [merged.batch] if len(merged.batch) else []
    yield Part.counted(
        batches,
        [merged.places][: len(batches)],
        rejects + merged.rejects,
        missing=missing,
        repeated=repeated + merged.repeated,
    )


def _totals(exports: Sequence[Export]) -> tuple[dict[date, int], list[str]]:
    """Daily totals of one series, and a line for each day of which the files give different ones."""
    totals: dict[date, int] = {}
    contradicted: defaultdict[date, set[int]] = defaultdict(set)
    for export in exports:
        for day, wh in export.totals.items():
            if totals.setdefault(day, wh) != wh:
                contradicted[day] |= {totals[day], wh}
    for day in contradicted:
        del totals[day]
    lines = [
        f"{day}: the files give different daily totals: {sorted(values)} Wh"
        for day, values in sorted(contradicted.items())
    ]
    return totals, lines
