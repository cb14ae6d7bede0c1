"""What a page is opened on: all households and the whole time they have, the last days that an area is covered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from dash_app.areas.page import PAGE as AREAS
from dash_app.areas.queries import area_in
from dash_app.fleet.page import PAGE as FLEET
from dash_app.kit.address import view_of
from dash_app.kit.blocks import Page
from dash_app.kit.reader import Reader
from dash_app.market.page import PAGE as MARKET
from dash_app.market.queries import market_of
from sync.settings import load
from tests.dash.fleet_views import FIRST, LAST
from tests.dash.nordic_stores import energy, prices, write

NOW = datetime(2025, 12, 31, 9, tzinfo=UTC)
START = datetime(2025, 1, 1, 23, tzinfo=UTC)  # the second of January begins, in Norway and in Denmark
MONTH = timedelta(days=30)


def opened(database: Database[Any], folder: Path, page: Page, search: str = "") -> tuple[str, date, date]:
    """Name and days [start, end) of the period that an address shows."""
    view = view_of(Reader(database, load(folder, environ={"SYNC_HOME": str(folder)}), now=lambda: NOW), page, search)
    return view.period, view.start, view.end


def test_a_fleet_opens_on_everything(many_meters: Database[Any], tmp_path: Path) -> None:
    whole = ("all", FIRST, LAST + timedelta(days=1))
    assert opened(many_meters, tmp_path, FLEET) == whole
    assert opened(many_meters, tmp_path, FLEET, "?period=own&from=2025-03-01&to=2025-03-09") == whole  # of a meter
    week = ("own", date(2012, 11, 1), date(2012, 11, 8))
    assert opened(many_meters, tmp_path, FLEET, "?period=own&from=2012-11-01&to=2012-11-07") == week
    assert opened(many_meters, tmp_path, FLEET, "?period=7d")[0] == "7d"


CASES: dict[str, tuple[int | None, int | None, int]] = {
    "both to the same day": (70, 70, 70),
    "a price for days of which no production is known yet": (70, 40, 40),
    "production alone": (None, 50, 50),
    "a price alone": (60, None, 60),
}
"""Days of price and of production from START on, and the day up to which the market is shown at first."""


@pytest.mark.parametrize("case", CASES)
def test_a_market_opens_on_the_last_days_that_are_covered(database: Database[Any], tmp_path: Path, case: str) -> None:
    priced, produced, shown = CASES[case]
    parts = [prices("DK2", START, [40.0] * 24 * 80)]  # another area's, which says nothing about this one
    parts += [prices("DK1", START, [40.0] * 24 * priced)] if priced else []
    parts += [energy("energidata", "DK1", "Wind", START, [10**6] * 24 * produced)] if produced else []
    write(database, "energidata", parts)
    end = date(2025, 1, 2) + timedelta(days=shown)
    assert opened(database, tmp_path, MARKET) == ("30d", end - MONTH, end)
    newest = date(2025, 1, 2) + timedelta(days=80)
    assert opened(database, tmp_path, MARKET, "?area=DK2") == ("30d", newest - MONTH, newest)
    assert opened(database, tmp_path, MARKET, "?period=all") == ("all", date(2025, 1, 2), newest)
    assert opened(database, tmp_path, MARKET, "?period=own&from=2019-03-01&to=2019-03-09")[2] == end
    assert opened(database, tmp_path, MARKET, "?period=own&from=2025-03-21&to=2025-03-22")[1] == date(2025, 3, 21)


def test_a_market_whose_price_and_production_never_meet_opens_on_the_newest(
    database: Database[Any], tmp_path: Path
) -> None:
    later = START + timedelta(days=50)
    write(database, "energidata", [energy("energidata", "DK1", "Wind", START, [10**6] * 24 * 20)])
    write(database, "energidata", [prices("DK1", later, [40.0] * 24 * 20)])
    assert opened(database, tmp_path, MARKET)[2] == date(2025, 1, 2) + timedelta(days=70)


def test_a_market_without_the_standard_area_opens_on_one_that_is_there(database: Database[Any], tmp_path: Path) -> None:
    write(database, "energidata", [prices("DK2", START, [40.0] * 24 * 20)])
    reader = Reader(database, load(tmp_path, environ={"SYNC_HOME": str(tmp_path)}), now=lambda: NOW)
    market = market_of(reader, view_of(reader, MARKET, ""))
    assert market is not None
    assert (market.area, market.prices.seconds.sum()) == ("DK2", 20 * 86_400)
    write(database, "elhub", [energy("elhub", "NO2", "hydro", START, [10**6] * 24 * 20)])
    assert area_in(Reader(database, reader.settings, now=lambda: NOW), "") == "NO2"


def test_areas_open_on_the_last_days_of_the_area(database: Database[Any], tmp_path: Path) -> None:
    write(database, "elhub", [energy("elhub", "NO1", "hydro", START, [10**6] * 24 * 40)])
    write(database, "elhub", [energy("elhub", "NO2", "hydro", START, [10**6] * 24 * 80)])
    for search, days in (("", 40), ("?area=NO2", 80), ("?area=NO9", 80), ("?area=NO1&flow=consumption", 80)):
        end = date(2025, 1, 2) + timedelta(days=days)
        assert opened(database, tmp_path, AREAS, search) == ("30d", end - MONTH, end), search
