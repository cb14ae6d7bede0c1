"""Export files through the same path as the API, with no call at all: read, merge, store oldest first, check, prove."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from ..model.clock import Clock
from ..model.localtime import PARIS, days, midnight
from ..model.readings import ReadingBatch, Series, clashing, energy_batch, instant
from ..model.window import CURVE, DONE, Entry, complete_days, runs
from ..sources.linky.api import CURVE_DAYS
from ..sources.linky.exports import Export, read_exports
from ..sources.linky.points import curve_from_points
from ..sources.source import Parsed
from ..store.schema import ensure_pair
from .progress import Progress
from .report import Loader


@dataclass(slots=True)
class Merged:
    """Batches of one series from several files as one; `conflicts` are starts with contradicting readings, withheld."""

    batch: ReadingBatch
    repeated: int
    conflicts: list[int]


def import_files(
    paths: Sequence[Path], loader: Loader, clock: Clock, progress: Progress, max_power: int
) -> list[Series]:
    """Load Enedis exports of any known form, in any order, overlapping or not. Returns the series they hold.

    Every file is read before anything is stored: one that is refused (FileRefused) leaves the store as it was.
    """
    progress.start(len(paths), 0)
    exports: list[Export] = []
    for path in paths:
        exports += read_exports(path)
        progress.advance(path.name)
    ensure_pair(loader.pair)
    series = sorted({_series(export) for export in exports}, key=lambda series: series.key)
    if gone := loader.forget_generated(series):
        progress.note(f"removed the generated household ({gone:,} readings): real readings come in")
    for each in series:
        _load(each, [export for export in exports if _series(export) == each], loader, clock, max_power)
    loader.outcome.windows = len(exports)
    return series


def merge(series: Series, batches: Iterable[ReadingBatch]) -> Merged:
    """One batch, oldest first. Equal readings are taken once; two values for one time, or overlaps, are withheld.

    A format without quality marks contradicts none that has them: the mark stays.
    """
    parts = [batch for batch in batches if len(batch)]
    if not parts:
        empty = np.array([], dtype=np.int64)
        return Merged(energy_batch(series, empty, empty, empty), 0, [])
    flags = np.array([part.flags.get(index, "") for part in parts for index in range(len(part))], dtype=np.str_)
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in ("start", "seconds", "wh")]
    order = np.lexsort((flags, *reversed(columns)))[::-1]  # falling: of equal readings the marked one comes first
    columns, flags = [column[order] for column in columns], flags[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    start, seconds, wh = (column[first][::-1] for column in columns)
    flags = flags[first][::-1]
    clash = clashing(start, start + seconds * 1000)
    kept = ~clash
    marks = {index: str(text) for index, text in enumerate(flags[kept]) if text}
    batch = energy_batch(series, start[kept], wh[kept], seconds[kept], marks)
    return Merged(batch, int((~first).sum()), start[clash].tolist())


def _load(series: Series, exports: Sequence[Export], loader: Loader, clock: Clock, max_power: int) -> None:
    totals = _totals(exports, loader)
    loader.ledger.keep_totals(series, totals, "file", clock.now())
    curves = []
    for export in exports:
        loader.add_rejects(f"{export.name}, {reject}" for reject in export.rejects)
        if export.kind == "curve":
            curve = curve_from_points(series, export.points, max_power=max_power, totals=totals)
            loader.outcome.missing += curve.missing
            loader.outcome.repeated += curve.repeated
            loader.add_rejects(f"{export.name}, {reject}" for reject in curve.rejects)
            curves.append(curve.batch)
    merged = merge(series, curves)
    loader.outcome.repeated += merged.repeated
    loader.add_rejects(
        f"{instant(start):%Y-%m-%dT%H:%MZ}: the files contradict each other" for start in merged.conflicts
    )
    loader.store(Parsed((merged.batch,)), series.label)
    _enter_complete_days(series, merged.batch, loader, clock)


def _totals(exports: Sequence[Export], loader: Loader) -> dict[date, int]:
    found: dict[date, int] = {}
    contradicted: defaultdict[date, set[int]] = defaultdict(set)
    for export in exports:
        for day, wh in export.totals.items():
            if found.setdefault(day, wh) != wh:
                contradicted[day] |= {found[day], wh}
    for day, values in sorted(contradicted.items()):
        loader.add_rejects([f"{day}: the files give different daily totals: {sorted(values)} Wh"])
        del found[day]
    return found


def _enter_complete_days(series: Series, batch: ReadingBatch, loader: Loader, clock: Clock) -> None:
    """Days that the files cover whole need no call any more; the others are left for the API to fill."""
    known = {
        day
        for entry in loader.ledger.entries(series, CURVE)
        if entry.state == DONE
        for day in days(entry.window.start, entry.window.end)
    }
    entries = []
    for window in runs((day for day in complete_days(batch, PARIS) if day not in known), CURVE_DAYS):
        first, last = np.searchsorted(batch.start, [midnight(window.start), midnight(window.end)])
        energy = int(batch.wh[first:last].sum())
        entries.append(Entry(window, DONE, clock.now(), int(last - first), energy, status="import"))
    loader.ledger.record(series, CURVE, *entries)


def _series(export: Export) -> Series:
    return Series("linky", export.prm, export.flow)
