"""Six databases as people have them: what the pages are looked at with, at every width and in every language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pymongo.database import Database

from sync.standin.household import HOUSEHOLD_PRM, Household
from tests import paris, r63
from tests.dash.fleet_views import analysed, stored
from tests.dash.nordic_stores import energy, load_files, prices, weather, write
from tests.dash.stores import TODAY, load_file, load_readings
from tests.fleet_rows import london_rows

REAL = "21121707640844"
HOUSEHOLDS = 70
AUTUMN = datetime(2025, 10, 21, 9, tzinfo=UTC)
"""The morning after the last day of the real export of five Norwegian areas."""

Build = Callable[[Database[Any], Path, Path], None]


@dataclass(frozen=True)
class State:
    """build: fills a database, from the folder of the real data, with a folder of its own; now: what time it is."""

    build: Build
    now: datetime = TODAY


def _generated(database: Database[Any], _shared: Path, _folder: Path) -> None:
    _household(database, HOUSEHOLD_PRM, ("consumption", "production"), 400)


def _production(database: Database[Any], _shared: Path, _folder: Path) -> None:
    _household(database, REAL, ("production",), 90)


def _household(database: Database[Any], prm: str, flows: tuple[str, ...], days: int) -> None:
    """The last days before TODAY of the stand-in's household."""
    first = date(2025, 3, 13) - timedelta(days=days)
    home = Household()
    every = [home.day(first + timedelta(days=place)) for place in range(days)]
    start = datetime.fromtimestamp(paris.midnight(first), UTC)
    for flow in flows:
        load_readings(database, start, [watts // 2 for day in every for watts in getattr(day, flow)], prm, flow)


def _real(database: Database[Any], shared: Path, _folder: Path) -> None:
    load_file(database, shared / r63.FILE)


def _four_sources(database: Database[Any], shared: Path, folder: Path) -> None:
    """The real meter, five Norwegian areas with weather, a Danish market, and a London fleet."""
    _real(database, shared, folder)
    load_files(database, "elhub", [shared / "elhub/production_hourly_20250922_20251020_5areas.csv.gz"])
    start, hours = datetime(2025, 9, 21, 22, tzinfo=UTC), 24 * 29
    warm = [round(8 + 4 * ((place % 24) / 12 - 1) - place / 100, 1) for place in range(hours)]
    write(database, "weather", [weather(f"NO{area}", start, warm) for area in range(1, 6)])
    market = [
        prices(area, start, [60 + more + 30 * ((place % 24) > 16) - place % 7 for place in range(hours)])
        for area, more in (("DK1", 0), ("DK2", 15))
    ]
    types = {"OffshoreWindPower": 900, "OnshoreWindPower": 700, "SolarPower": 200, "Biomass": 300, "FossilGas": 400}
    market += [
        energy("energidata", area, name, start, [1_000_000 * (mwh + 11 * (place % 17)) for place in range(hours)])
        for area in ("DK1", "DK2")
        for name, mwh in types.items()
    ]
    write(database, "energidata", market)
    analysed(stored(database, folder, london_rows(HOUSEHOLDS)))


def _daily_totals(database: Database[Any], shared: Path, _folder: Path) -> None:
    load_file(database, shared / "linky/aeneria_test_Enedis_Conso_Jour.csv")


def _empty(_database: Database[Any], _shared: Path, _folder: Path) -> None:
    """Nothing."""


STATES: Mapping[str, State] = MappingProxyType(
    {
        "generated": State(_generated),
        "real": State(_real),
        "four": State(_four_sources, AUTUMN),
        "production": State(_production),
        "totals": State(_daily_totals),
        "empty": State(_empty),
    }
)
