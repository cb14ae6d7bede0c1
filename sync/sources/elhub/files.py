"""Elhub's bulk files (https://data.elhub.no/download/): the whole history of a dataset as one CSV, plain or .gz.

The names of the columns have changed before and may again: they are found by name, in any order, in all the spellings
seen (`NAMES`), those of records saved from the API among them. The files have three decimals where the API rounds to
float32. Every time must carry its offset: without it, an hour of every October cannot be told from the next.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...model.readings import Instants, Series
from ..files import UNREAD, Files, Part
from ..table import Codes, Csv, Table, by_month, files_of, joined, refuse_rows
from .quantities import LARGEST, to_wh

NAMES = {
    "start": ("START_TIME", "STARTTIME"),
    "end": ("END_TIME", "ENDTIME"),
    "area": ("PRICE_AREA", "PRICEAREA"),
    "production": ("PRODUCTION_GROUP", "PRODUCTIONGROUP"),
    "consumption": ("CONSUMPTION_GROUP", "CONSUMPTIONGROUP"),
    "quantity": ("VOLUME_KWH", "QUANTITY_KWH", "QUANTITYKWH"),
    "updated": ("LAST_UPDATE_TIME", "LAST_UPDATED_TIME", "LASTUPDATEDTIME"),
    "meters": ("METERING_POINT_COUNT", "METERINGPOINTCOUNT"),
}
NEEDED = ("start", "area", "quantity")
UNSPECIFIED = " unspecified"  # "Hydro unspecified" in the files is "hydro" in the API
STEP = 3600
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
COUNT = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(slots=True)
class _File:
    """One file, and what was gathered while it was streamed."""

    csv: Csv
    flow: str
    codes: Codes = field(default_factory=Codes)
    parts: list[dict[str, NDArray[Any]]] = field(default_factory=list)
    rejects: list[str] = field(default_factory=list)
    missing: int = 0
    rows: int = 0


def open_files(paths: Sequence[Path], _settings: object = None) -> Files:
    """`files.Files` of Elhub. Raises FileRefused for what is no such file; a wrong row is refused by itself."""
    return files_of(paths, _opened, _read)


def _read(file: _File) -> Iterator[Part]:
    for table in file.csv.tables():
        _gather(file, table, file.rows + 2)
        file.rows += len(table)
    yield from _parts(file)


def _opened(path: Path) -> _File:
    """Look at the header."""
    table = Csv.opened(path, NAMES)
    flows = [flow for flow in ("production", "consumption") if flow in table.columns]
    absent = [NAMES[name][0] for name in NEEDED if name not in table.columns]
    table.refuse_without(absent + ["PRODUCTION_GROUP or CONSUMPTION_GROUP"] * (len(flows) != 1), "a file of Elhub")
    return _File(table, flows[0])


def _gather(file: _File, table: pd.DataFrame, line: int) -> None:
    """Keep one part as numbers; rows that cannot be read are refused here, with their line."""
    start = _instants(table["start"])
    end = _instants(table["end"]) if "end" in table else start + STEP * 1000
    areas, groups = table["area"].str.strip(), _api_names(table[file.flow])
    kwh = _numbers(table["quantity"])
    empty = (table["quantity"].str.strip() == "").to_numpy(dtype=bool)
    demands = (
        ((start == UNREAD) | (end == UNREAD), "no time with an offset", table["start"]),
        (((areas == "") | (groups == "")).to_numpy(dtype=bool), "no area or no group", table["area"]),
        ((end - start != STEP * 1000) | (start % (STEP * 1000) != 0), "not a whole hour", table["start"]),
        (~(abs(kwh) < LARGEST) & ~empty, "not an energy", table["quantity"]),
    )
    kept = refuse_rows(file.csv.name, range(line, line + len(table)), demands, file.rejects)
    file.missing += int((kept & empty).sum())
    kept &= ~empty
    names = zip(areas[kept], groups[kept], strict=True)
    gathered: dict[str, NDArray[Any]] = {
        "series": file.codes.of(names),
        "start": start[kept],
        "kwh": kwh[kept],
        "updated": _instants(table["updated"])[kept] if "updated" in table else np.full(kept.sum(), UNREAD),
        "meters": _counts(table["meters"][kept]) if "meters" in table else np.full(kept.sum(), -1, dtype=np.int32),
        "line": (np.flatnonzero(kept) + line).astype(np.int32),
    }
    file.parts.append(gathered)


def _instants(texts: pd.Series[str]) -> Instants:
    """ms since the epoch, UNREAD where there is no time with an offset; each text is read once."""
    codes, unique = pd.factorize(texts)
    found = np.full(len(unique), UNREAD, dtype=np.int64)
    for place, text in enumerate(unique):
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            continue
        if moment.tzinfo is not None:
            found[place] = round(moment.timestamp() * 1000)
    return found[codes]


def _api_names(groups: pd.Series[str]) -> pd.Series[str]:
    """`Hydro unspecified` → `hydro`, as the API calls it."""
    return groups.str.strip().str.lower().str.removesuffix(UNSPECIFIED)


def _numbers(texts: pd.Series[str]) -> NDArray[np.float64]:
    """float64, NaN where there is no number."""
    try:
        return np.array(texts.to_list(), dtype=np.float64)
    except ValueError:
        return np.array([float(text) if NUMBER.fullmatch(text.strip()) else math.nan for text in texts])


def _counts(texts: pd.Series[str]) -> NDArray[np.int32]:
    return np.array([int(text) if COUNT.fullmatch(text) else -1 for text in texts], dtype=np.int32)


def _parts(file: _File) -> Iterator[Part]:
    """All readings of a file, month by month, each hour once."""
    if not file.parts:
        yield Part.counted((), (), file.rejects, missing=file.missing)
        return
    frame = _each_once(file, joined(file.parts))
    wh, flags = to_wh(frame["kwh"])
    updated, meters = frame["updated"], frame["meters"]
    stored: dict[str, NDArray[Any]] = {"wh": wh, "seconds": np.full(len(wh), STEP, dtype=np.int32)}
    absent: dict[str, NDArray[np.bool_]] = {}
    if (updated != UNREAD).any():
        stored["updated"] = np.where(updated == UNREAD, 0, updated).astype("datetime64[ms]")
        absent["updated"] = updated == UNREAD
    if file.flow == "consumption" and (meters >= 0).any():
        stored["meters"], absent["meters"] = meters.clip(0).astype(np.int32), meters < 0
    series = [Series("elhub", area, file.flow, group) for area, group in file.codes]
    table = Table(series, frame["series"], frame["start"], stored, absent, flags)
    everything, lines = np.ones(len(wh), dtype=bool), frame["line"]
    repeated = file.rows - file.missing - len(file.rejects) - len(wh)
    short = f"{file.missing:,} rows without a quantity" if file.missing else ""
    yield from by_month(table, everything, lines, file.rejects, short, missing=file.missing, repeated=repeated)


def _each_once(file: _File, frame: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Of an hour that stands there several times the newest; with two values for one time of update, none."""
    order = np.lexsort([frame[name] for name in ("kwh", "updated", "start", "series")])
    frame = {name: column[order] for name, column in frame.items()}
    hour = _as_before(frame, "series", "start")  # the same as the row before it
    update = hour & _as_before(frame, "updated")
    other = update & ~_as_before(frame, "kwh")
    newest = ~np.append(hour[1:], False)
    groups = np.cumsum(~update)  # of one hour and time of update
    doubt = np.isin(groups, groups[other])
    doubtful = frame["line"][newest & doubt]
    what = "another value for the same hour stands in the file"
    refuse_rows(file.csv.name, doubtful, [(np.ones(len(doubtful), dtype=bool), what, None)], file.rejects)
    return {name: column[newest & ~doubt] for name, column in frame.items()}


def _as_before(frame: dict[str, NDArray[Any]], *names: str) -> NDArray[np.bool_]:
    """Of which rows all of these equal those of the row before."""
    equal = [frame[name][1:] == frame[name][:-1] for name in names]
    return np.concatenate([np.zeros(min(1, len(frame["line"])), dtype=bool), np.logical_and.reduce(equal)])
