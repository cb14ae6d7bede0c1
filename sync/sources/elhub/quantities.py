"""Quantities of Elhub → exact Wh, with what is unusual about them; and the batches that are stored.

The API rounds kWh to float32 and writes the shortest text of it, which never has more than three decimals where the
meter value has three: so Wh is a whole number, and anything finer is rounded to it and marked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...model.readings import INT32_MAX, Instants, ReadingBatch, Series
from ..source import Dataset

LARGEST = 9.0e12  # kWh; above, Wh would no longer be exact
IMPLAUSIBLE = 50e6  # kWh in an hour: all of Norway together stays below 30 GWh
NEGATIVE_FLAG, IMPLAUSIBLE_FLAG, ROUNDED_FLAG = "negative", "implausible", "rounded"
SHOWN = 40


@dataclass(frozen=True, slots=True)
class Columns:
    """The records of an answer. names: (area, group) by code; series: their codes; times in ms since the epoch, UTC;
    quantity (kWh) and meters as they came."""

    names: list[tuple[str, str]]
    series: NDArray[np.int64]
    start: Instants
    end: Instants
    quantity: list[Any]
    updated: Instants
    not_updated: NDArray[np.bool_]
    meters: list[Any]


@dataclass(frozen=True, slots=True)
class Quantities:
    """wh: Wh of each record; kept: which of them are readings; flags by record."""

    wh: NDArray[np.int64]
    kept: NDArray[np.bool_]
    flags: dict[int, str]
    missing: int
    rejects: tuple[str, ...]


def read_quantities(columns: Columns) -> Quantities:
    """kWh → Wh. Null is a missing reading; NaN, text and impossible numbers are refused, a line each."""
    kwh, missing, rejects = _numbers(columns)
    wh, flags = to_wh(kwh)
    return Quantities(wh, np.isfinite(kwh), flags, missing, rejects)


def to_wh(kwh: NDArray[np.float64]) -> tuple[NDArray[np.int64], dict[int, str]]:
    """Exact Wh, 0 where there is no number, and the flags of what is unusual."""
    finite = np.isfinite(kwh)
    known = np.where(finite, kwh, 0.0)
    wh = np.rint(known * 1000).astype(np.int64)
    flags: dict[int, str] = {}
    # The last that applies is the one that is told.
    for marked, flag in (
        (wh / 1000 != known, ROUNDED_FLAG),
        (wh < 0, NEGATIVE_FLAG),
        (abs(known) > IMPLAUSIBLE, IMPLAUSIBLE_FLAG),
    ):
        flags |= dict.fromkeys(np.flatnonzero(marked).tolist(), flag)
    return wh, flags


def _numbers(columns: Columns) -> tuple[NDArray[np.float64], int, tuple[str, ...]]:
    """float64, NaN where there is no number; how many are null; a line for each that is refused."""
    quantity = columns.quantity
    if set(map(type, quantity)) <= {float, int}:
        try:
            kwh = np.array(quantity, dtype=np.float64)
        except OverflowError:
            kwh = np.array([math.nan])
        if (abs(kwh) < LARGEST).all():
            return kwh, 0, ()
    numbers = [float(each) if _is_number(each) else math.nan for each in quantity]
    rejects = [
        f"{' '.join(columns.names[columns.series[index]])} {np.datetime64(int(columns.start[index]), 'ms')}Z: "
        f"not an energy: {str(quantity[index])[:SHOWN]!r}"
        for index, number in enumerate(numbers)
        if math.isnan(number) and quantity[index] is not None
    ]
    return np.array(numbers), quantity.count(None), tuple(rejects)


def _is_number(quantity: Any) -> bool:
    return type(quantity) in (int, float) and abs(quantity) < LARGEST  # false for NaN too


def batches(columns: Columns, quantities: Quantities, dataset: Dataset) -> tuple[ReadingBatch, ...]:
    """The readings of an answer: one batch a series, oldest first, in the order of their names."""
    stored: dict[str, NDArray[Any]] = {
        "wh": quantities.wh,
        "seconds": np.full(len(columns.series), dataset.step, dtype=np.int32),
        "updated": columns.updated.astype("datetime64[ms]"),
    }
    absent = {"updated": columns.not_updated}
    if dataset.flow == "consumption":
        stored["meters"], absent["meters"] = _meters(columns.meters)
    rows = np.flatnonzero(quantities.kept)
    table = Table(columns.names, columns.series, columns.start, stored, absent, quantities.flags)
    return by_series(table, rows, dataset.flow)


@dataclass(frozen=True, slots=True)
class Table:
    """Readings of many series, in any order. stored, absent: as in `ReadingBatch`; flags by row."""

    names: list[tuple[str, str]]
    series: NDArray[np.int64]
    start: Instants
    stored: dict[str, NDArray[Any]]
    absent: dict[str, NDArray[np.bool_]]
    flags: dict[int, str]


def by_series(table: Table, rows: NDArray[np.int64], flow: str) -> tuple[ReadingBatch, ...]:
    """Some rows as one batch a series, oldest first; no row may repeat another's series and start."""
    order = rows[np.lexsort((table.start[rows], table.series[rows]))]
    edges = np.searchsorted(table.series[order], np.arange(len(table.names) + 1))
    found = []
    for code in sorted(range(len(table.names)), key=table.names.__getitem__):
        own = order[edges[code] : edges[code + 1]]
        if len(own):
            area, group = table.names[code]
            stored = {name: column[own] for name, column in table.stored.items()}
            absent = {name: mask[own] for name, mask in table.absent.items() if mask[own].any()}
            flags = _flags_of(own, table.flags)
            found.append(ReadingBatch(Series("elhub", area, flow, group), table.start[own], stored, flags, absent))
    return tuple(found)


def _flags_of(rows: NDArray[np.int64], flags: dict[int, str]) -> dict[int, str]:
    """The flags of some records, by their place among these."""
    return {place: flags[row] for place, row in enumerate(rows.tolist()) if row in flags} if flags else {}


def _meters(known: list[Any]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Metering points behind each consumption, and where that is not told."""
    if not set(map(type, known)) <= {int}:
        known = [count if type(count) is int else -1 for count in known]
    wide = np.array([min(max(count, -1), INT32_MAX + 1) for count in known], dtype=np.int64)
    absent = (wide < 0) | (wide > INT32_MAX)
    return np.where(absent, 0, wide).astype(np.int32), absent
