"""Hourly weather as CSV: Open-Meteo's own download, or a table with the same column names.

The unit must stand in the header, `wind_speed_10m (km/h)`, as in the download: without it nobody can tell km/h from
m/s, and a formula with the third power of the wind is fifty times wrong. The place comes from the lines above the
table (latitude and longitude) or from the price area in the name of the file; the zone from the lines above, from a
column named `time_utc`, or from a `Z` in the times.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...model.errors import FileRefused
from ...model.privacy import scrub
from ..answers import NAIVE
from ..files import UNREAD, Files, Part, cell, instants, text_of
from ..table import files_of, refuse_rows
from .answer import HOUR, lacking, weather_readings
from .places import DIVISORS, PLACES, VARIABLES, Place, Variable

TITLE = re.compile(r"(?P<name>\w+)\s*(?:\((?P<unit>[^)]+)\))?")
AREA = re.compile(r"(?<![A-Za-z0-9])(NO[1-5]|DK[12])(?![A-Za-z0-9])")
LARGEST = 16_000_000  # bytes; forty years of hours
ABOVE = 6  # lines looked through for the header of the table
PART = 8784  # hours handed out at a time


@dataclass(frozen=True, slots=True)
class _File:
    """skipped: lines above the header; columns: title → (measure, what its values are divided by)."""

    path: Path
    area: str
    skipped: int
    time: str
    offset_seconds: int | None
    columns: dict[str, tuple[Variable, float]]


def open_files(paths: Sequence[Path], settings: object = None) -> Files:
    """`files.Files` of weather. Raises FileRefused for what is no such file or does not tell its units."""
    home: Place | None = getattr(settings, "weather_place", None)
    return files_of(paths, lambda path: _opened(path, home), _parts)


def _opened(path: Path, home: Place | None) -> _File:
    with text_of(path, LARGEST) as stream:
        lines = list(csv.reader(stream.readline() for _ in range(ABOVE)))
    titles = [[TITLE.fullmatch(cell.strip()) for cell in row] for row in lines]
    at = next((n for n, row in enumerate(titles) if row and row[0] and row[0]["name"] in ("time", "time_utc")), None)
    if at is None:
        raise FileRefused(f"{path.name} is no table of weather: no line of its first {ABOVE} begins with time")
    above = dict(zip(lines[0], lines[1], strict=False)) if at >= 2 else {}
    units = {match["name"]: (cell, match["unit"]) for cell, match in zip(lines[at], titles[at], strict=True) if match}
    columns = {}
    for variable in VARIABLES:
        if variable.name in units:
            title, unit = units[variable.name]
            columns[title] = (variable, _divisor(path, variable, unit))
    if not columns:
        known = ", ".join(variable.name for variable in VARIABLES)
        raise FileRefused(f"{path.name} has none of the columns {known} (it has {', '.join(lines[at])[:200]})")
    offset = 0 if "time_utc" in units else _offset(path, above)
    return _File(path, _area(path, above, home), at, lines[at][0], offset, columns)


def _divisor(path: Path, variable: Variable, unit: str | None) -> float:
    if unit is None and variable.unit != "m/s":
        return 1.0  # the archive has one unit of these unless another is asked for by name
    if unit is None:
        raise FileRefused(
            f"{path.name} does not tell the unit of {variable.name}: write it into the header, "
            f"{variable.name} (km/h) or {variable.name} (m/s), if you know it"
        )
    if unit.strip() not in DIVISORS[variable.unit]:
        known = ", ".join(DIVISORS[variable.unit])
        raise FileRefused(f"{path.name}: {variable.name} is in {unit!r}; known are {known}")
    return DIVISORS[variable.unit][unit.strip()]


def _area(path: Path, above: dict[str, str], home: Place | None) -> str:
    """The price area of the coordinates above the table, or of the name of the file; the user's own place before."""
    try:
        latitude, longitude = float(above["latitude"]), float(above["longitude"])
    except (KeyError, ValueError):
        areas = {match[1] for match in AREA.finditer(path.name.replace("_", " "))}
        if len(areas) != 1:
            raise FileRefused(
                f"{path.name} does not tell its place: put one price area into its name, as in weather_NO1.csv"
            ) from None
        return areas.pop()
    if home and home.is_near(latitude, longitude):
        return home.area
    near = [place.area for place in PLACES if place.is_near(latitude, longitude)]
    if len(near) != 1:
        raise FileRefused(
            f"{path.name} is of {latitude},{longitude}, none of the cities of the price areas and not WEATHER_PLACE"
        )
    return near[0]


def _offset(path: Path, above: dict[str, str]) -> int | None:
    """The fixed offset of all times, s; None when only a `Z` in each time can tell."""
    told = above.get("utc_offset_seconds")
    if told is None:
        return None
    if not re.fullmatch(r"-?\d{1,5}", told):
        raise FileRefused(f"{path.name}: utc_offset_seconds is {told[:20]!r}")
    return int(told)


def _parts(file: _File) -> Iterator[Part]:
    options: dict[str, Any] = {"usecols": [file.time, *file.columns], "skip_blank_lines": False, "dtype": str}
    with text_of(file.path, LARGEST) as stream:
        table = pd.read_csv(stream, skiprows=file.skipped, keep_default_na=False, **options)
    table = table.fillna("")
    times = table[file.time].str.strip()
    if file.offset_seconds is None and not times.str.endswith("Z").all():
        raise FileRefused(
            f"{file.path.name} does not tell the zone of its times: name the column time_utc if they are UTC"
        )
    start = instants(times, NAIVE, file.offset_seconds or 0)
    wrong = (start == UNREAD) | (start % HOUR != 0)
    repeated = pd.Series(start).duplicated(keep=False).to_numpy(dtype=bool) & ~wrong
    demands = ((wrong, "no whole hour", times), (repeated, "an hour that stands there twice", times))
    lines = np.arange(len(start)) + file.skipped + 2
    rejects: list[str] = []
    kept = refuse_rows(scrub(file.path.name), lines, demands, rejects)
    order = np.flatnonzero(kept)
    order = order[np.argsort(start[order])]
    for first in range(0, len(order), PART) if len(order) else (0,):
        rows = order[first : first + PART]
        columns = {
            variable.field: [cell(text, divisor) for text in table[title].iloc[rows]]
            for title, (variable, divisor) in file.columns.items()
        }
        short = "; ".join(lacking(columns, start[rows], int(start.max()) + 1)) if len(rows) else ""
        columns |= {each.field: [None] * len(rows) for each in VARIABLES if each.field not in columns}
        ordered = {variable.field: columns[variable.field] for variable in VARIABLES}
        parsed = weather_readings(file.area, start[rows], ordered)
        own = [lines[rows[np.searchsorted(start[rows], batch.start)]] for batch in parsed.batches]
        missing = len(rows) - parsed.readings
        told = f"{scrub(file.path.name)}: {short}" if short else ""
        yield Part.counted(parsed.batches, own, [*rejects, *parsed.rejects], told, missing=missing)
        rejects = []
