"""The site exports of Energi Data Service: prices as CSV, plain or gzipped, newest first.

`HourUTC;HourDK;PriceArea;SpotPriceDKK;SpotPriceEUR` (Elspotprices) and `TimeUTC;TimeDK;PriceArea;DayAheadPriceEUR;
DayAheadPriceDKK` (DayAheadPrices): columns are found by name, as their order has changed. Numbers have a decimal comma
where the cells are divided by `;`, and a point where they are by `,`. Only a UTC column names every hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..answers import NAIVE, iso, numbers
from ..files import UNREAD, Files, Part, cell, instants
from ..table import Codes, Csv, by_month, files_of, joined, refuse_rows
from .prices import CHANGE, LARGEST, price_table

NAMES = {
    "hour": ("HourUTC",),
    "time": ("TimeUTC",),
    "area": ("PriceArea",),
    "eur": ("SpotPriceEUR", "DayAheadPriceEUR", "PriceEUR"),
    "dkk": ("SpotPriceDKK", "DayAheadPriceDKK", "PriceDKK"),
}
HOUR, QUARTER = 3_600_000, 900_000
KINDS = {"area": np.int32, "start": np.int64, "eur": np.float64, "dkk": np.float64, "line": np.int32}
Columns = dict[str, NDArray[Any]]
"""Rows as columns, by the names of KINDS."""


def open_files(paths: Sequence[Path], _settings: object = None) -> Files:
    """`files.Files` of Energi Data Service, the newest first: its values stay where an older one has others. Raises
    FileRefused for what is no such file."""
    files = files_of(paths, _opened, _parts).files
    return Files(sorted(files, key=lambda file: file.path.stat().st_mtime, reverse=True))


def _opened(path: Path) -> Csv:
    table = Csv.opened(path, NAMES)
    absent = [NAMES[name][0] for name in ("area", "eur") if name not in table.columns]
    both = len({"hour", "time"} & table.columns.keys()) != 1
    table.refuse_without(absent + ["HourUTC or TimeUTC"] * both, "an export of prices")
    return table


def _parts(file: Csv) -> Iterator[Part]:
    """All readings of a file, month by month."""
    rejects: list[str] = []
    areas = Codes()
    frame = _rows(file, areas, rejects)
    if "time" in file.columns:
        frame = _hours_of_quarters(file, frame, list(areas), rejects)
    table, kept = price_table(list(areas), frame["area"], frame["start"], frame["eur"], frame["dkk"])
    missing = int((~kept).sum())
    short = f"{file.name}: {missing:,} rows without a price in EUR" if missing else ""
    yield from by_month(table, kept, frame["line"], rejects, short, missing=missing)


def _rows(file: Csv, areas: Codes, rejects: list[str]) -> Columns:
    """area (code), start (ms), eur, dkk (NaN without one) and line, each key once; a line for each row refused."""
    parts, line = [], 2
    for text in file.tables():
        parts.append(_gathered(file, text, np.arange(line, line + len(text), dtype=np.int32), areas, rejects))
        line += len(text)
    if not parts:
        return {name: np.zeros(0, dtype=kind) for name, kind in KINDS.items()}
    frame = joined(parts)
    order = np.lexsort([frame[name] for name in ("line", "start", "area")])
    frame = {name: column[order] for name, column in frame.items()}
    same = _equal(frame, "area", "start")
    groups = np.cumsum(~same)
    doubtful = np.isin(groups, groups[same & ~(_equal(frame, "eur") & _equal(frame, "dkk"))])
    what = "another price for the same time stands in the file"
    refuse_rows(file.name, frame["line"], [(doubtful, what, None)], rejects)
    return {name: column[~same & ~doubtful] for name, column in frame.items()}


def _gathered(file: Csv, text: pd.DataFrame, lines: NDArray[np.int32], areas: Codes, rejects: list[str]) -> Columns:
    """One part as numbers; rows that cannot be read are refused here, with their line."""
    is_hourly = "hour" in text  # of the dataset that ended, and not quarter-hours
    start = instants(text["hour" if is_hourly else "time"], NAIVE)
    step = HOUR if is_hourly else QUARTER
    area = text["area"].str.strip()
    eur = _numbers(text["eur"], file)
    demands = (
        (start == UNREAD, "no time", None),
        ((area == "").to_numpy(dtype=bool), "no area", None),
        (start % step != 0, f"not on the grid of {step // 60_000} min", None),
        ((start >= CHANGE) & is_hourly, f"an hour, but from {iso(CHANGE)} on prices are of quarter-hours", None),
        (np.isnan(eur) & (text["eur"].str.strip() != "").to_numpy(dtype=bool), "not a price", text["eur"]),
    )
    kept = refuse_rows(file.name, lines, demands, rejects)
    dkk = _numbers(text["dkk"], file) if "dkk" in text else np.full(len(text), np.nan)
    found: Columns = {"area": areas.of(area[kept]), "start": start[kept], "eur": eur[kept], "dkk": dkk[kept]}
    return found | {"line": lines[kept]}


def _numbers(texts: pd.Series[str], file: Csv) -> NDArray[np.float64]:
    """NaN where there is no price."""
    points = texts.str.replace(",", ".", regex=False) if file.separator == ";" else texts
    return numbers([cell(text) for text in points], LARGEST)


def _equal(frame: Columns, *names: str) -> NDArray[np.bool_]:
    """Of which rows all of these equal those of the row before, no number being equal to none."""
    rows = np.zeros(len(frame["line"]), dtype=bool)
    columns = [frame[name] for name in names]
    rows[1:] = np.logical_and.reduce([(c[1:] == c[:-1]) | ((c[1:] != c[1:]) & (c[:-1] != c[:-1])) for c in columns])
    return rows


def _hours_of_quarters(file: Csv, frame: Columns, areas: list[str], rejects: list[str]) -> Columns:
    """Before CHANGE a price was of an hour: four equal quarters of one are that hour, anything else is refused."""
    early = frame["start"] < CHANGE
    hour = frame["start"] // HOUR * HOUR
    begins = early & ~_equal({"line": hour, "hour": hour, "area": frame["area"]}, "area", "hour")
    first = np.flatnonzero(begins)
    group = np.cumsum(begins) - 1  # of the early rows
    counted = np.bincount(group[early], minlength=len(first))
    equal = early & (frame["eur"] == frame["eur"][first][group.clip(0)]) if len(first) else early
    whole = (counted == HOUR // QUARTER) & (np.bincount(group[equal], minlength=len(first)) == counted)
    for row in first[~whole].tolist():
        place = f"{areas[frame['area'][row]]} {iso(int(hour[row]))}"
        rejects.append(f"{file.name}: {place}: four equal quarters would be the price of this hour")
    kept = ~early
    kept[first[whole]] = True
    return {name: column[kept] for name, column in frame.items()}
