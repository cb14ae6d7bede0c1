"""Quantities of Elhub → exact Wh, with what is unusual about them.

The API rounds kWh to float32 and writes the shortest text of it, which never has more than three decimals where the
meter value has three: so Wh is a whole number, and anything finer is rounded to it and marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...model.readings import INT32_MAX, Instants, Series
from ..answers import numbers
from ..source import Dataset
from ..table import Table

LARGEST = 9.0e12  # kWh; above, Wh would no longer be exact
IMPLAUSIBLE = 50e6  # kWh in an hour: all of Norway together stays below 30 GWh
NEGATIVE_FLAG, IMPLAUSIBLE_FLAG, ROUNDED_FLAG = "negative", "implausible", "rounded"


@dataclass(frozen=True, slots=True)
class Records:
    """The records of an answer. series: their names by code; times in ms since the epoch, UTC; quantity (kWh) and
    meters as they came, meters empty where the dataset has none."""

    series: Sequence[Series]
    code: NDArray[np.integer[Any]]
    start: Instants
    end: Instants
    quantity: list[Any]
    updated: Instants
    not_updated: NDArray[np.bool_]
    meters: list[Any]


def readings(records: Records, dataset: Dataset) -> tuple[Table, NDArray[np.bool_], tuple[str, ...], int]:
    """The records as a table, which of them are readings, a line for each that is refused, and how many are null.

    Null is a missing reading; NaN, text and impossible numbers are refused.
    """
    kwh = numbers(records.quantity, LARGEST)
    wh, flags = to_wh(kwh)
    stored: dict[str, NDArray[Any]] = {
        "wh": wh,
        "seconds": np.full(len(wh), dataset.step, dtype=np.int32),
        "updated": records.updated.astype("datetime64[ms]"),
    }
    absent = {"updated": records.not_updated}
    if records.meters:
        stored["meters"], absent["meters"] = _meters(records.meters)
    table = Table(records.series, records.code, records.start, stored, absent, flags)
    rejects = table.refused(records.quantity, kwh, "not an energy")
    return table, np.isfinite(kwh), rejects, records.quantity.count(None)


def to_wh(kwh: NDArray[np.float64]) -> tuple[NDArray[np.int64], dict[int, str]]:
    """Exact Wh, 0 where there is no number, and the flags of what is unusual."""
    known = np.where(np.isfinite(kwh), kwh, 0.0)
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


def _meters(counts: list[Any]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Metering points behind each consumption, and where that is not told."""
    if not set(map(type, counts)) <= {int}:
        counts = [count if type(count) is int else -1 for count in counts]
    wide = np.array([min(max(count, -1), INT32_MAX + 1) for count in counts], dtype=np.int64)
    absent = (wide < 0) | (wide > INT32_MAX)
    return np.where(absent, 0, wide).astype(np.int32), absent
