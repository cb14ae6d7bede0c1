"""What is stored around a series: the temperature of its place, and the tariff that was published for its days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from pymongo.database import Database

from ..model.localtime import midnight, offsets
from ..model.localtime_query import DAY_MS, EPOCH
from ..model.readings import Series, instant
from ..sources.lcl.tables import BANDS, HOUSEHOLDS
from ..sources.weather.places import PLACES
from ..store.schema import Document, Pair, own_series
from .grid import Real

FEWEST_SECONDS = 64_800  # of a day, for its mean: three quarters
AREAS = ("elhub", "energidata")  # sources whose series stand for a place of the weather, under the same id
PRICE_AREAS = frozenset(place.area for place in PLACES)
AT_HOME = "linky"
HOURS = ("High", "Low")


class Around:
    """Asks the store once for what many series share. weather: the pair with the weather, None where none is stored;
    home: the id of the weather of the user's own meters, where the settings name it."""

    def __init__(self, database: Database[Document], weather: Pair | None, home: str = "") -> None:
        self._database = database
        self._weather = weather
        self._places = {each.id: each for each in own_series(weather.source, weather.record)} if weather else {}
        self._home = home
        self._degrees: dict[tuple[str, ZoneInfo, date, date], Real] = {}
        self._bands: dict[date, Real] | None = None

    def temperature(self, series: Series, first: date, end: date, zone: ZoneInfo) -> Real | None:
        """[days] °C, mean of each local day of [first, end), NaN where a quarter of it is missing; None where no
        temperature of the place of a series is stored."""
        place = self._place_of(series)
        if place is None or self._weather is None:
            return None
        key = (place.id, zone, first, end)
        if key not in self._degrees:
            self._degrees = {key: _daily(self._weather, place, first, end, zone)}  # the last one: series come by area
        return self._degrees[key]

    def _place_of(self, series: Series) -> Series | None:
        """Its price area; of the user's meters the one place that is none, or that the settings name."""
        if series.source in AREAS:
            return self._places.get(series.id)
        own = [each for id, each in self._places.items() if id not in PRICE_AREAS and self._home in ("", id)]
        return own[0] if series.source == AT_HOME and len(own) == 1 else None

    def bands(self, series: Series, first: date, end: date, zone: ZoneInfo) -> Real | None:
        """[days, 2] hours of the high and of the low tariff, published the day before; NaN where none is known; None
        for a series without such a tariff."""
        if series.source != "lcl":
            return None
        if (self._database[HOUSEHOLDS].find_one({"_id": series.id}) or {}).get("tariff") != "ToU":
            return None
        if self._bands is None:
            self._bands = _hours_by_day(list(self._database[BANDS].find().sort("_id", 1)), zone)
        unknown = np.full(2, np.nan)
        days = [first + timedelta(days=step) for step in range((end - first).days)]
        return np.array([self._bands.get(day, unknown) for day in days]).reshape(-1, 2)


def _daily(pair: Pair, place: Series, first: date, end: date, zone: ZoneInfo) -> Real:
    bounds = {"$gte": instant(midnight(first, zone)), "$lt": instant(midnight(end, zone))}
    match = place.query() | {"ts": bounds, "temperature_c": {"$type": "number"}}
    pushed = {"at": {"$subtract": ["$ts", EPOCH]}, "degrees": "$temperature_c", "seconds": "$seconds"}
    sums = {name: {"$push": what} for name, what in pushed.items()}
    nothing: Document = {name: [] for name in pushed}
    found = next(pair.mirror.aggregate([{"$match": match}, {"$group": {"_id": None} | sums}]), nothing)
    at = np.array(found["at"], dtype=np.int64)
    number = (at + offsets(at, zone)) // DAY_MS - (first - date(1970, 1, 1)).days
    seconds = np.array(found["seconds"], dtype=np.float64)
    days = (end - first).days
    known = np.bincount(number, weights=seconds, minlength=days)
    total = np.bincount(number, weights=seconds * np.array(found["degrees"], dtype=np.float64), minlength=days)
    return np.where(known >= FEWEST_SECONDS, total / np.maximum(known, 1), np.nan)


def _hours_by_day(stretches: list[Document], zone: ZoneInfo) -> dict[date, Real]:
    """Of the local days whose prices are known from midnight to midnight."""
    known: dict[date, float] = {}
    hours: dict[date, Real] = {}
    for stretch in stretches:
        at, end = (each.astimezone(UTC) for each in (stretch["_id"], stretch["end"]))
        while at < end:
            day = at.astimezone(zone).date()
            after = datetime.fromtimestamp(midnight(day + timedelta(days=1), zone) / 1000, UTC)
            length = (min(after, end) - at).total_seconds() / 3600
            known[day] = known.get(day, 0.0) + length
            own = hours.setdefault(day, np.zeros(2))
            if stretch["band"] in HOURS:
                own[HOURS.index(stretch["band"])] += length
            at = min(after, end)
    lengths = {day: (midnight(day + timedelta(days=1), zone) - midnight(day, zone)) / 3_600_000 for day in known}
    return {day: own for day, own in hours.items() if known[day] >= lengths[day]}
