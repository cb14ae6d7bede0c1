"""A stand-in for the Open-Meteo archive: a local server that answers as the real one does.

    with WeatherStandin() as standin:
        requests.get(f"{standin.url}/archive", params={"latitude": "59.91", "longitude": "10.75", …})

With its habits: the place is snapped to a quarter of a degree; wind comes in km/h unless m/s is asked for; a named zone
gives the offset of today for the whole answer; the last five days are null; unknown parameters are ignored.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from ..model.readings import Instants, milliseconds
from ..sources.weather.places import VARIABLES
from .faults import Kind
from .hours import HOUR, grid
from .replies import NO_SUCH_PAGE, Refused, Reply, json_reply
from .server import TRANSPORT_KINDS, OpenStandin, Request
from .weather_hours import LEVELS, FileWeather, GeneratedWeather

FIRST = date(1940, 1, 1)
LATE = timedelta(days=5)
CELL = 0.25  # degrees
WIND_UNITS = {"kmh": ("km/h", 3.6), "ms": ("m/s", 1.0), "mph": ("mp/h", 1 / 0.44704), "kn": ("kn", 3.6 / 1.852)}
KINDS = {
    "kmh": Kind("the unit of the wind is ignored: km/h", "kmh@2"),
    "zone": Kind("the zone is ignored: Europe/Oslo with the offset of today", "zone@2"),
    "elsewhere": Kind("another place answers", "elsewhere@2"),
    "renamed": Kind("wind_speed_10m is called windspeed_10m, as it once was", "renamed@2"),
    "short": Kind("the last day is missing", "short@2"),
    "otheryear": Kind("the dates are ignored: the year before comes", "otheryear@2"),
    "null": Kind("values of all measures are null", "null@2:5", "hours", 5, 10_000),
    "calm": Kind("values of the wind alone are null", "calm@2:5", "hours", 5, 10_000),
    "nan": Kind("values of the temperature are NaN", "nan@2:5", "hours", 5, 10_000),
    "minutely": Kind("429 with the limit told in words alone", "minutely@2"),
    "concurrent": Kind("429, as other requests of this address wait in its queue", "concurrent@2"),
    "400": Kind("an error with its reason", "400@2"),
}
Reason = dict[str, Any]


class WeatherStandin(OpenStandin):
    """The weather anywhere; a file has that of a few cities."""

    kinds: ClassVar[Mapping[str, Kind]] = TRANSPORT_KINDS | KINDS
    base = "/v1"
    generated = GeneratedWeather
    read = FileWeather
    days_behind = 7

    def reply(self, request: Request, spoilt: Mapping[str, float]) -> Reply:
        """One answer."""
        if request.path not in (f"{self.base}/archive", f"{self.base}/era5"):
            return NO_SUCH_PAGE
        if "minutely" in spoilt:
            raise _refused("Minutely API request limit exceeded. Please try again in one minute.", 429)
        if "concurrent" in spoilt:
            raise _refused("Too many concurrent requests", 429)
        if "400" in spoilt:
            raise _refused("Parameter 'start_date' is out of allowed range from 1940-01-01 to 2026-01-01")
        answer = self._found(_given(request.given, spoilt))
        _spoil(answer, spoilt)
        return json_reply(answer)

    def _found(self, given: Mapping[str, str]) -> Reason:
        latitude, longitude = (_degrees(given, name, most) for name, most in (("latitude", 90), ("longitude", 180)))
        zone, offset = self._zone(given.get("timezone", "GMT"))
        first, last = self._day(given, "start_date"), self._day(given, "end_date")
        if last < first:
            raise _refused("End-date must be larger or equals than start-date")
        names = [name for name in given.get("hourly", "").split(",") if name]
        if wrong := [name for name in names if name not in LEVELS]:
            raise _refused(f"Data corrupted at path ''. Cannot initialize from invalid String value {wrong[0][:40]}.")
        wind = WIND_UNITS.get(given.get("wind_speed_unit", "kmh"))
        if wind is None:
            raise _refused("Cannot initialize WindspeedUnit from invalid String value")
        low, high = (milliseconds(datetime(day.year, day.month, day.day, tzinfo=UTC)) for day in (first, last))
        walls = grid(low, high + 24 * HOUR)  # the whole answer on one offset
        start = walls - offset * 1000
        units, hourly = {"time": "iso8601"}, {"time": _texts(walls)}
        for name in names:
            unit = next(variable.unit for variable in VARIABLES if variable.name == name)
            divisor = wind[1] if unit == "m/s" else 1.0
            units[name] = wind[0] if unit == "m/s" else unit
            hourly[name] = self._numbers(name, (latitude, longitude), start, divisor)
        return {
            "latitude": round(latitude / CELL) * CELL,
            "longitude": round(longitude / CELL) * CELL,
            "generationtime_ms": 12.5,
            "utc_offset_seconds": offset,
            "timezone": zone,
            "timezone_abbreviation": zone if zone == "GMT" else f"GMT{offset // 3600:+d}",
            "elevation": 14.0,
            "hourly_units": units,
            "hourly": hourly,
        }

    def _numbers(self, name: str, place: tuple[float, float], start: Instants, factor: float) -> list[float | None]:
        values = self.served.measure(name, *place, start) * factor
        values[start >= milliseconds(self.now() - LATE)] = math.nan
        return [None if math.isnan(value) else value for value in values.tolist()]

    def _zone(self, name: str) -> tuple[str, int]:
        """The zone and its offset today, in seconds, which is that of the whole answer."""
        if name in ("GMT", "UTC"):
            return "GMT", 0
        try:
            offset = self.now().astimezone(ZoneInfo(name)).utcoffset()
        except (ZoneInfoNotFoundError, ValueError):
            raise _refused("Invalid timezone") from None
        return name, int(offset.total_seconds()) if offset else 0

    def _day(self, given: Mapping[str, str], name: str) -> date:
        if name not in given:
            raise _refused(f"Parameter '{name}' must be set")
        try:
            day = date.fromisoformat(given[name]) if re.fullmatch(r"\d{4}-\d\d-\d\d", given[name]) else None
        except ValueError:
            day = None
        if day is None:
            raise _refused("Invalid date format. Make sure to use 'YYYY-MM-DD'")
        newest = self.now().date()
        if not FIRST <= day <= newest:
            raise _refused(f"Parameter '{name}' is out of allowed range from {FIRST} to {newest}")
        return day


def _refused(reason: str, status: int = 400) -> Refused:
    return Refused(json_reply({"error": True, "reason": reason}, status))


def _degrees(given: Mapping[str, str], name: str, most: int) -> float:
    try:
        degrees = float(given[name])
    except KeyError:
        raise _refused(f"Parameter '{name}' must be set") from None
    except ValueError:
        raise _refused(f"Cannot initialize {name} from invalid String value") from None
    if not abs(degrees) <= most:
        raise _refused(f"{name.capitalize()} must be in range of -{most} to {most}°. Given: {degrees}.")
    return degrees


def _texts(walls: Instants) -> list[Any]:
    return [text[:16] for text in np.datetime_as_string(walls.astype("datetime64[ms]"), unit="m").tolist()]


def _given(given: Mapping[str, str], spoilt: Mapping[str, float]) -> dict[str, str]:
    """The parameters as the faults let them be understood."""
    understood = dict(given)
    if "kmh" in spoilt:
        understood.pop("wind_speed_unit", None)
    if "zone" in spoilt:
        understood["timezone"] = "Europe/Oslo"
    if "elsewhere" in spoilt:
        understood |= {"latitude": "48.85", "longitude": "2.35"}
    if "otheryear" in spoilt:
        for name in ("start_date", "end_date"):
            understood[name] = str(date.fromisoformat(given[name]) - timedelta(days=364))
    return understood


def _spoil(answer: Reason, spoilt: Mapping[str, float]) -> None:
    hourly = answer["hourly"]
    if "renamed" in spoilt:
        for part in (hourly, answer["hourly_units"]):
            part["windspeed_10m"] = part.pop("wind_speed_10m")
    if "short" in spoilt:
        for column in hourly.values():
            del column[-24:]
    emptied = {"null": tuple(LEVELS), "calm": ("wind_speed_10m", "wind_gusts_10m", "wind_direction_10m")}
    for kind, names in emptied.items():
        for name in names if kind in spoilt else ():
            hourly[name][: int(spoilt[kind])] = [None] * int(spoilt[kind])
    if "nan" in spoilt:
        hourly["temperature_2m"][: int(spoilt["nan"])] = [math.nan] * int(spoilt["nan"])
