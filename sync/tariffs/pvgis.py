"""The hourly file of a roof as PVGIS gives it (https://re.jrc.ec.europa.eu/pvg_tools/en/, "Hourly data"), CSV or JSON.

It must have been made with "PV power": column P, W of the whole system. Times are UTC; the value of an hour is taken
for the mean of it, though most databases give that of one moment, ten minutes past it or so.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.errors import FileRefused

Real = NDArray[np.float64]
Whole = NDArray[np.int64]

LEAP = 2000  # a year with every hour that a year can have
LEAP_HOURS = 8784
FIRST_OF_MARCH = 24 * 60
DAY_HOURS = 24
DEAREST_WATTS = 10_000_000.0  # W; beyond it nobody's roof
TIME = re.compile(r"(\d{4})(\d\d)(\d\d):(\d\d)(\d\d)", re.ASCII)
PEAK = re.compile(r"Nominal power of the PV system[^:]*:\s*([\d.]+)")
AGAIN = 'download it again from PVGIS: "Hourly data", with "PV power" ticked, as CSV or JSON'


@dataclass(frozen=True, slots=True)
class Roof:
    """watts: mean power by year of weather and hour (UTC) of a leap year, W; years: of weather, oldest first; kwp: the
    nominal power, None where the file does not say."""

    years: tuple[int, ...]
    watts: Real
    kwp: float | None

    def produced(self, start: Whole, seconds: Whole) -> Real:
        """Wh in intervals (start in s since the epoch, at most an hour long) by year of weather and interval."""
        end = start + seconds
        edge = (start // 3600 + 1) * 3600
        first = np.minimum(end, edge) - start
        rest = seconds - first
        watts = self.watts[:, _hours(start)] * first + self.watts[:, _hours(end - 1)] * rest
        return np.asarray(watts / 3600)


def read_roof(path: Path) -> Roof:
    """Read a file. Raises FileRefused, in one line, for one that is not of this form or has a hole."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FileRefused(f"{path.name} cannot be read ({error.strerror}): check PVGIS_FILE") from None
    except UnicodeDecodeError:
        raise FileRefused(f"{path.name} is no file of PVGIS (not text): {AGAIN}") from None
    kwp, rows = _json_rows(text, path.name) if text.lstrip().startswith("{") else _csv_rows(text, path.name)
    found: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for at, watts in rows:
        moment, power = _moment(at), _watts(watts)
        if moment is None or power is None:
            read = f"{str(at)[:20]!r} with P = {str(watts)[:20]!r}"
            raise FileRefused(f"{path.name}: an unreadable hour: {read}: {AGAIN}")
        hour = _hour(moment)
        if hour in found[moment.year]:
            raise FileRefused(f"{path.name}: {at} stands there twice: {AGAIN}")
        found[moment.year][hour] = power
    if not found:
        raise FileRefused(f"{path.name} holds no hour: {AGAIN}")
    years = tuple(sorted(found))
    return Roof(years, np.array([_whole(year, found[year], path.name) for year in years]), kwp)


def _csv_rows(text: str, name: str) -> tuple[float | None, Iterator[tuple[str, str]]]:
    """Nominal power, and time and power of each hour: lines between the head and the first that is empty."""
    lines = iter(text.splitlines())
    above = []
    for line in lines:
        if line.startswith("time,"):
            break
        above.append(line)
    else:
        raise FileRefused(f"{name} is no hourly file of PVGIS (no line that begins with 'time,'): {AGAIN}")
    head = [cell.strip() for cell in line.split(",")]
    if "P" not in head:
        raise FileRefused(f"{name} holds radiation alone, no power (column P): {AGAIN}")
    place = head.index("P")
    said = PEAK.search("\n".join(above))
    return float(said[1]) if said else None, _cells(lines, place)


def _cells(lines: Iterable[str], place: int) -> Iterator[tuple[str, str]]:
    for line in lines:
        if not line.strip():
            return
        cells = line.split(",")
        yield cells[0], cells[place] if len(cells) > place else ""


def _json_rows(text: str, name: str) -> tuple[float | None, Iterator[tuple[Any, Any]]]:
    """The same of the JSON form: `outputs.hourly`, `inputs.pv_module.peak_power`."""
    try:
        answer: Any = json.loads(text)
        hourly = answer["outputs"]["hourly"]
        rows = [(each["time"], each.get("P")) for each in hourly]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FileRefused(f"{name} is no hourly JSON file of PVGIS (no outputs.hourly): {AGAIN}") from None
    if rows and all(power is None for _, power in rows):
        raise FileRefused(f"{name} holds radiation alone, no power (P): {AGAIN}")
    try:
        kwp: Any = answer["inputs"]["pv_module"]["peak_power"]
    except (KeyError, TypeError):
        kwp = None
    return _watts(kwp), iter(rows)


def _moment(at: Any) -> datetime | None:
    """`20160101:0010` → UTC."""
    found = TIME.fullmatch(at) if isinstance(at, str) else None
    if not found:
        return None
    year, month, day, hour, minute = map(int, found.groups())
    try:
        return datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None


def _watts(text: Any) -> float | None:
    if isinstance(text, bool):
        return None
    try:
        watts = float(text)
    except (TypeError, ValueError):
        return None
    return watts if math.isfinite(watts) and 0 <= watts <= DEAREST_WATTS else None


def _hour(moment: datetime) -> int:
    """Its place among the hours of a leap year."""
    there = moment.replace(year=LEAP, minute=0) - datetime(LEAP, 1, 1, tzinfo=UTC)
    return there // timedelta(hours=1)


def _whole(year: int, hours: dict[int, float], name: str) -> list[float]:
    """All hours of a year; 29 February of one that has none is its 28th."""
    length = (datetime(year + 1, 1, 1, tzinfo=UTC) - datetime(year, 1, 1, tzinfo=UTC)) // timedelta(hours=1)
    if len(hours) != length:
        raise FileRefused(f"{name}: {year} has {len(hours):,} of {length:,} hours: {AGAIN}")
    return [
        hours[hour] if hour in hours else hours[hour - DAY_HOURS]  # by position: a dict has no holes here but that day
        for hour in range(LEAP_HOURS)
    ]


def _hours(instants: Whole) -> Whole:
    """The same place, of instants (s since the epoch)."""
    hours = instants // 3600
    years = hours.astype("datetime64[h]").astype("datetime64[Y]")
    place = hours - years.astype("datetime64[h]").astype(np.int64)
    is_leap = (years + 1).astype("datetime64[D]") - years.astype("datetime64[D]") == np.timedelta64(366, "D")
    return np.asarray(place + np.where(~is_leap & (place >= FIRST_OF_MARCH - DAY_HOURS), DAY_HOURS, 0))
