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

from ...model.readings import Instants
from ..answers import NAIVE, iso
from ..files import UNREAD, Files, Part, cell, instants
from ..table import Csv, by_month, by_name, files_of, refuse_rows
from .prices import CHANGE, price_table

NAMES = {
    "hour": ("HourUTC",),
    "time": ("TimeUTC",),
    "area": ("PriceArea",),
    "eur": ("SpotPriceEUR", "DayAheadPriceEUR", "PriceEUR"),
    "dkk": ("SpotPriceDKK", "DayAheadPriceDKK", "PriceDKK"),
}
HOUR, QUARTER = 3_600_000, 900_000
ROWS = 100_000  # read at a time


def open_files(paths: Sequence[Path], _settings: object = None) -> Files:
    """`files.Files` of Energi Data Service. Raises FileRefused for what is no such file."""
    return files_of(paths, _opened, _parts)


def _opened(path: Path) -> Csv:
    table = Csv.opened(path, NAMES)
    absent = [NAMES[name][0] for name in ("area", "eur") if name not in table.columns]
    both = len({"hour", "time"} & table.columns.keys()) != 1
    table.refuse_without(absent + ["HourUTC or TimeUTC"] * both, "an export of prices")
    return table


def _parts(file: Csv) -> Iterator[Part]:
    """All readings of a file, month by month."""
    frame, rejects = _rows(file)
    if "time" in file.columns:
        frame, folded = _hours_of_quarters(file, frame)
        rejects += folded
    areas, code = by_name(frame["area"].to_list())
    start = frame["start"].to_numpy(dtype=np.int64)
    table, kept, refused = price_table(areas, code, start, frame["eur"].to_list(), frame["dkk"].to_list())
    rejects += [f"{file.path.name}: {line}" for line in refused]
    missing = int((~kept).sum()) - len(refused)
    short = f"{file.path.name}: {missing:,} rows without a price in EUR" if missing else ""
    yield from by_month(table, kept, frame["line"].to_numpy(), rejects, short, missing=missing)


def _rows(file: Csv) -> tuple[pd.DataFrame, list[str]]:
    """area, start (ms), eur, dkk (float or None) and line, each key once; and a line for each row that is refused."""
    text = pd.concat(file.tables(ROWS), ignore_index=True)
    is_hourly = "hour" in text  # of the dataset that ended, and not quarter-hours
    start = instants(text["hour" if is_hourly else "time"], NAIVE)
    step = HOUR if is_hourly else QUARTER
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
    demands = (
        (start == UNREAD, "no time", None),
        ((frame["area"] == "").to_numpy(dtype=bool), "no area", None),
        (start % step != 0, f"not on the grid of {step // 60_000} min", None),
        ((start >= CHANGE) & is_hourly, f"an hour, but from {iso(CHANGE)} on prices are of quarter-hours", None),
        (_contradicting(frame), "another price for the same time stands in the file", None),
    )
    kept, rejects = refuse_rows(file.path.name, frame["line"].to_numpy(), demands)
    return frame[kept].drop_duplicates(["area", "start"]).reset_index(drop=True), rejects


def _numbers(texts: pd.Series[str], comma: bool) -> list[Any]:
    return [cell(text) for text in (texts.str.replace(",", ".", regex=False) if comma else texts)]


def _contradicting(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows of the same area and time with different prices: none of them can be believed."""
    key = ["area", "start"]
    shown = frame.assign(eur=frame["eur"].astype(str), dkk=frame["dkk"].astype(str))
    different = shown.drop_duplicates([*key, "eur", "dkk"])
    doubtful = pd.MultiIndex.from_frame(different.loc[different.duplicated(key), key])
    return np.asarray(pd.MultiIndex.from_frame(frame[key]).isin(doubtful), dtype=bool)


def _hours_of_quarters(file: Csv, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
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
