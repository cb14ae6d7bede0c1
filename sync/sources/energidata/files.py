"""The site exports of Energi Data Service: prices as CSV, plain or gzipped, newest first.

`HourUTC;HourDK;PriceArea;SpotPriceDKK;SpotPriceEUR` (Elspotprices) and `TimeUTC;TimeDK;PriceArea;DayAheadPriceEUR;
DayAheadPriceDKK` (DayAheadPrices): columns are found by name, as their order has changed. Numbers have a decimal comma
where the cells are divided by `;`, and a point where they are by `,`. Only a UTC column names every hour.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...model.errors import FileRefused
from ...model.readings import Instants
from ..answers import NAIVE, iso
from ..files import File, Files, Part, column_of, instants, text_of
from ..table import by_name
from .prices import CHANGE, price_table

NAMES = {
    "hour": ("HourUTC",),
    "time": ("TimeUTC",),
    "area": ("PriceArea",),
    "eur": ("SpotPriceEUR", "DayAheadPriceEUR", "PriceEUR"),
    "dkk": ("SpotPriceDKK", "DayAheadPriceDKK", "PriceDKK"),
}
HOUR, QUARTER = 3_600_000, 900_000
SPAN = 31 * 86_400_000  # ms; readings handed out at a time
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    separator: str
    columns: dict[str, str]

    @property
    def is_hourly(self) -> bool:
        """Whether the rows are hours (of the dataset that ended) and not quarter-hours."""
        return "hour" in self.columns


def open_files(paths: Sequence[Path], _settings: object = None) -> Files:
    """`files.Files` of Energi Data Service. Raises FileRefused for what is no such file."""
    return Files([File(path.name, path, partial(_parts, _opened(path)), path.stat().st_size) for path in paths])


def _opened(path: Path) -> _File:
    with text_of(path) as stream:
        line = stream.readline(10_000)
    separator = ";" if ";" in line else ","
    header = next(csv.reader([line], delimiter=separator), [])
    columns = {ours: found for ours, names in NAMES.items() if (found := column_of(header, names))}
    absent = [NAMES[name][0] for name in ("area", "eur") if name not in columns]
    if len({"hour", "time"} & columns.keys()) != 1:
        absent.append("HourUTC or TimeUTC")
    if absent:
        raise FileRefused(
            f"{path.name} is not an export of prices: its header has no {', '.join(absent)} "
            f"(it has {', '.join(header)[:200] or 'nothing'})"
        )
    return _File(path, separator, columns)


def _parts(file: _File) -> Iterator[Part]:
    """All readings of a file, month by month."""
    frame, rejects = _rows(file)
    if not file.is_hourly:
        frame, folded = _hours_of_quarters(file, frame)
        rejects += folded
    areas, code = by_name(frame["area"].to_list())
    start = frame["start"].to_numpy(dtype=np.int64)
    table, kept, refused = price_table(areas, code, start, frame["eur"].to_list(), frame["dkk"].to_list())
    rejects += [f"{file.path.name}: {line}" for line in refused]
    missing = int((~kept).sum()) - len(refused)
    short = f"{file.path.name}: {missing:,} rows without a price in EUR" if missing else ""
    lines = frame["line"].to_numpy()
    first, last = (int(start.min()), int(start.max())) if len(start) else (0, 0)
    for low in range(first, last + 1, SPAN):
        part = kept & (start >= low) & (start < low + SPAN)
        own = [lines[rows] for rows in table.rows(part)]
        yield Part.counted(table.batches(part), own, rejects, short, missing=missing)
        rejects, short, missing = [], "", 0


def _rows(file: _File) -> tuple[pd.DataFrame, list[str]]:
    """area, start (ms), eur, dkk (float or None) and line, each key once; and a line for each row that is refused."""
    text = _table(file)
    start = instants(text["time" if "time" in text else "hour"], NAIVE)
    step = HOUR if file.is_hourly else QUARTER
    comma = file.separator == ";"
    frame = pd.DataFrame(
        {
            "area": text["area"].str.strip(),
            "start": start,
            "eur": _numbers(text["eur"], comma),
            "dkk": _numbers(text["dkk"], comma) if "dkk" in text else [None] * len(text),
            "line": np.arange(len(text)) + 2,
        }
    ).astype({"eur": object, "dkk": object})
    rejects: list[str] = []
    kept = np.ones(len(frame), dtype=bool)
    for wrong, what in (
        (start == np.iinfo(np.int64).min, "no time"),
        ((frame["area"] == "").to_numpy(dtype=bool), "no area"),
        (start % step != 0, f"not on the grid of {step // 60_000} min"),
        ((start >= CHANGE) & file.is_hourly, f"an hour, but from {iso(CHANGE)} on prices are of quarter-hours"),
        (_contradicting(frame), "another price for the same time stands in the file"),
    ):
        rejects += [f"{file.path.name}, line {frame['line'].iloc[row]}: {what}" for row in np.flatnonzero(wrong & kept)]
        kept &= ~wrong
    return frame[kept].drop_duplicates(["area", "start"]).reset_index(drop=True), rejects


def _table(file: _File) -> pd.DataFrame:
    """The columns we know, as text, under our names."""
    ours = {theirs: name for name, theirs in file.columns.items()}
    with text_of(file.path) as stream:
        table = pd.read_csv(stream, sep=file.separator, usecols=list(ours), dtype=str, keep_default_na=False)
    return table.rename(columns=ours).fillna("")


def _numbers(texts: pd.Series[str], comma: bool) -> list[Any]:
    """float for a number, None for an empty cell, the text itself for anything else."""
    plain = texts.str.strip().str.replace(",", ".", regex=False) if comma else texts.str.strip()
    return [float(text) if NUMBER.fullmatch(text) else text or None for text in plain]


def _contradicting(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows of the same area and time with different prices: none of them can be believed."""
    key = ["area", "start"]
    shown = frame.assign(eur=frame["eur"].astype(str), dkk=frame["dkk"].astype(str))
    different = shown.drop_duplicates([*key, "eur", "dkk"])
    doubtful = pd.MultiIndex.from_frame(different.loc[different.duplicated(key), key])
    return np.asarray(pd.MultiIndex.from_frame(frame[key]).isin(doubtful), dtype=bool)


def _hours_of_quarters(file: _File, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Before CHANGE a price was of an hour: four equal quarters of one are that hour, anything else is refused."""
    early = frame[frame["start"] < CHANGE]
    if early.empty:
        return frame, []
    hours = early.groupby(["area", early["start"] // HOUR * HOUR], sort=False)
    whole = (hours["eur"].nunique() == 1) & (hours["eur"].size() == HOUR // QUARTER)
    rejects = [
        f"{file.path.name}: {area} {iso(start)}: four equal quarters would be the price of this hour"
        for area, start in whole.index[~whole]
    ]
    folded = hours.first()[whole].drop(columns="start").reset_index()
    kept: Instants = frame["start"].to_numpy(dtype=np.int64)
    return pd.concat([folded, frame[kept >= CHANGE]], ignore_index=True), rejects
