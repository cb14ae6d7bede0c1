"""An answer of the weather archive → hourly readings. Pure: no network, no clock.

Compared with the question first: the zone, the units, the place, the hours one by one. Nulls are missing, counted for
each variable: at the end they are what ERA5 has not yet, and a reading without any measure is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...model.localtime import midnight
from ...model.readings import Instants, Series
from ...model.window import Window
from ...model.words import counted
from .. import zone_of
from ..answers import UtcTimes, is_number, iso, json_object, numbers, shown
from ..source import AnswerRefused, Parsed
from ..table import Table
from .places import GROUP, VARIABLES, Place

HOUR = 3_600_000
LATE = 7 * 86_400_000  # ms; ERA5 comes about five days late
SETTLED = 100 * 86_400_000  # ms; until then it is ERA5T, which may still be replaced
LARGEST = 1e6
FLAG = "implausible"


def read_weather(text: str, place: Place, window: Window, now: datetime) -> Parsed:
    """One batch. Raises AnswerRefused for another zone, unit, place or range of hours than was asked for."""
    answer = json_object(text)
    if answer.get("utc_offset_seconds") != 0:
        raise AnswerRefused(
            f"asked was GMT, the answer is in {shown(answer.get('timezone'))} with an offset of "
            f"{shown(answer.get('utc_offset_seconds'))} s for all of it"
        )
    hourly, units = answer.get("hourly"), answer.get("hourly_units")
    if not isinstance(hourly, dict) or not isinstance(units, dict):
        raise AnswerRefused(f"the answer has no `hourly` with `hourly_units`: {shown(text)}")
    _verify_units(units)
    answered = _verify_place(answer, place)
    start = _hours(hourly.get("time"), window)
    columns = {variable.field: _column(hourly, variable.name, len(start)) for variable in VARIABLES}
    notes = {"place": f"{place.city}: asked {place.latitude},{place.longitude}, answered {answered}"}
    parsed = weather_readings(place.area, start, columns)
    short = lacking(columns, start, int(now.timestamp() * 1000) - LATE)
    short += [f"{counted(len(parsed.rejects), 'value')} refused"] if parsed.rejects else []
    final = int(start[-1]) < now.timestamp() * 1000 - SETTLED
    return Parsed(parsed.batches, parsed.rejects, "; ".join(short), final, notes)


def weather_readings(area: str, start: Instants, columns: Mapping[str, list[Any]]) -> Parsed:
    """Hours of one area, in any order but none twice. columns: our field → numbers in our unit, null where missing."""
    values = {name: numbers(column, LARGEST) for name, column in columns.items()}
    missing = {name: np.isnan(column) for name, column in values.items()}
    stored: dict[str, NDArray[Any]] = {name: np.where(missing[name], 0.0, column) for name, column in values.items()}
    stored["seconds"] = np.full(len(start), HOUR // 1000, dtype=np.int32)
    implausible = np.zeros(len(start), dtype=bool)
    for variable in VARIABLES:
        column = values[variable.field]
        implausible |= (column < variable.low) | (column > variable.high)
    flags = dict.fromkeys(np.flatnonzero(implausible).tolist(), FLAG)
    code = np.zeros(len(start), dtype=np.int64)
    table = Table([Series("weather", area, "weather", GROUP)], code, start, stored, missing, flags)
    rejects = [table.refused(columns[name], column, f"{name} is no measure") for name, column in values.items()]
    return Parsed(table.batches(~np.logical_and.reduce(list(missing.values()))), tuple(chain(*rejects)))


def _verify_units(units: Mapping[str, Any]) -> None:
    for variable in VARIABLES:
        if variable.name not in units:
            raise AnswerRefused(f"no unit of {variable.name}; there are units of {', '.join(units)}: renamed?")
        if units[variable.name] != variable.unit:
            raise AnswerRefused(f"{variable.name} is in {shown(units[variable.name])}, asked was {variable.unit}")


def _verify_place(answer: Mapping[str, Any], place: Place) -> str:
    """The place that answered, in words."""
    latitude, longitude = answer.get("latitude"), answer.get("longitude")
    known = is_number(latitude, 1000) and is_number(longitude, 1000)
    if not known or latitude is None or longitude is None or not place.is_near(latitude, longitude):
        raise AnswerRefused(
            f"asked was {place.city} at {place.latitude},{place.longitude}; the answer is of "
            f"{shown(latitude)},{shown(longitude)}"
        )
    return f"{latitude},{longitude} at {answer.get('elevation')} m"


def _hours(texts: Any, window: Window) -> Instants:
    """The hours, which must be those of the window, one by one."""
    if not isinstance(texts, list):
        raise AnswerRefused("the answer has no list `hourly.time`")
    start = UtcTimes().column(texts)
    low, high = (midnight(day, zone_of("weather")) for day in (window.start, window.end))
    expected = np.arange(low, high, HOUR, dtype=np.int64)
    if len(start) != len(expected):
        raise AnswerRefused(f"{len(start):,} hours came, {window} has {len(expected):,}")
    if (wrong := np.flatnonzero(start != expected)).size:
        row = int(wrong[0])
        raise AnswerRefused(f"hour {row + 1} of {window} is {iso(int(start[row]))}, not {iso(int(expected[row]))}")
    return start


def _column(hourly: Mapping[str, Any], name: str, count: int) -> list[Any]:
    column = hourly.get(name)
    if not isinstance(column, list):
        raise AnswerRefused(f"`hourly` has no {name} but {', '.join(hourly)}: it may have been renamed")
    if len(column) != count:
        raise AnswerRefused(f"{name} has {len(column):,} values for {count:,} hours")
    return column


def lacking(columns: Mapping[str, list[Any]], start: Instants, end: int) -> list[str]:
    """What each variable lacks of the hours before `end` (ms), in words; those that lack the same in one text."""
    hours: dict[tuple[int, ...], list[str]] = {}
    for name, column in columns.items():
        gone = tuple(int(hour) for hour, value in zip(start, column, strict=True) if value is None and hour < end)
        hours.setdefault(gone, []).append(name)
    return [
        f"{len(gone):,} hours without {', '.join(names) if len(names) < len(columns) else 'a measure'} "
        f"(first {iso(min(gone))})"
        for gone, names in hours.items()
        if gone
    ]
