"""What a person can repeat of each page who reads its titles and large numbers alone: written down, and read off."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from pymongo.database import Database

from dash_app.kit.locale import Look
from tests import paris, r63
from tests.dash import by_hand
from tests.dash import test_dash_areas_page as areas
from tests.dash import test_dash_market_page as market
from tests.dash.nordic_views import NOW
from tests.dash.readers import all_answered, said_loud
from tests.dash.served import Served

pytestmark = pytest.mark.soak

Open = Callable[..., Page]
Serving = Callable[..., Served]
EN = Look("en")
FIRST, END = date(2025, 2, 11), date(2025, 3, 13)  # the last thirty days of the real export


def wh_of(shared_data: Path, first: date, end: date) -> int:
    """Of the local days [first, end), by other code than the page's."""
    start, stop = (datetime.fromtimestamp(paris.midnight(day), UTC) for day in (first, end))
    return sum(each.wh for each in r63.expected(shared_data) if start <= each.ts < stop)


def heard(page: Page) -> dict[str, list[str]]:
    all_answered(page)
    return said_loud(page)


def test_consumption(served: Served, open_page: Open, shared_data: Path) -> None:
    """“In thirty days I used 1,257 kWh, 6.4 % more than a year before, 37.4 kWh of it yesterday; 642 W always run, and
    at most it was 6.54 kW.”"""
    wh, before = wh_of(shared_data, FIRST, END), wh_of(shared_data, date(2024, 2, 13), date(2024, 3, 14))
    yesterday = EN.energy(wh_of(shared_data, date(2025, 3, 12), END)).replace("\u202f", " ")
    said = heard(open_page(f"{served.url}/consumption"))
    assert said["How much, and is it more than a year before?"] == [
        f"This period: {EN.energy(wh)}".replace("\u202f", " "),
        f"Against a year before: {EN.change(wh / before - 1)}".replace("\u202f", " "),
        "Base load of the period: 642 W",
        "Peak power of the period: 6.54 kW",
        f"Yesterday: {yesterday}",
    ]


def test_cost(served: Served, open_page: Open) -> None:
    """“The peak and off-peak contract would have been the cheapest: 7.45 € less than the flat one.”"""
    said = heard(open_page(f"{served.url}/cost"))["Which contract would have been the cheapest?"]
    sums = {name: float(money.strip("€").replace(",", "")) for name, money in (text.split(": ") for text in said[1:3])}
    least, most = min(sums, key=sums.__getitem__), max(sums, key=sums.__getitem__)
    difference = EN.money(sums[most] - sums[least])
    assert said[0] == f"{least} would have been the cheapest: {EN.money(sums[least])}, {difference} less than {most}."


def test_insight(served: Served, open_page: Open, shared_data: Path) -> None:
    """“Tomorrow some 36 kWh, for about 7 €; 712 W always run, for 1,248 € a year; six things were unusual in two
    years.”"""
    said = heard(open_page(f"{served.url}/insight"))
    days = by_hand.by_day(by_hand.between(by_hand.readings(shared_data), date(2025, 1, 12), END))
    least, most = (EN.energy(end(wh for wh, _ in days.values())).replace("\u202f", " ") for end in (min, max))
    [tomorrow] = said["What will tomorrow be?"]
    total = float(re.search(r": ([\d.]+) kWh \(", tomorrow)[1])  # type: ignore[index]
    assert float(least.split()[0]) < total < float(most.split()[0])
    assert tomorrow.startswith("Tomorrow, Friday 14 March 2025: ")
    [runs] = said["What runs when nobody does anything?"]
    assert runs == "712 W run day and night: 6,245 kWh and about €1,248.12 a year."
    assert said["What was unusual?"] == ["6 things were unusual."]


def test_coverage(served: Served, open_page: Open) -> None:
    """“All of the thirty days are there; in both years two days lack 24 hours, and both collections are the same.”"""
    said = heard(open_page(f"{served.url}/coverage"))
    assert said["Is anything missing?"][:2] == [
        "All 30 days of this period are there to the last second.",
        "Complete days: 30",
    ]
    (same,) = said["Are both collections identical?"]
    assert same.startswith("Yes: consumption and consumptionTS were identical on ")
    whole = heard(open_page(f"{served.url}/coverage?period=all"))
    assert whole["Is anything missing?"][0] == "729 of 731 days are complete; 24 hours of readings are not there."


def test_market(database: Database[Any], serving: Serving, open_page: Open) -> None:
    """“A megawatt-hour was worth 49.4 €, and what was produced sold for 49.8 €; it was never below zero.”"""
    market.load(database)
    page = open_page(f"{serving(database, now=lambda: NOW).url}/market?period=own&from=2024-05-01&to=2024-05-11")
    said = heard(page)["What was a megawatt-hour worth?"]
    mean = sum(market.PRICES) / len(market.PRICES)
    capture = sum(a * b for a, b in zip(market.PRICES, market.GWH, strict=True)) / sum(market.GWH)
    assert f"Mean price: {EN.price(mean)}".replace("\u202f", " ") in said
    assert f"Capture price: {EN.price(capture)}".replace("\u202f", " ") in said
    assert "Hours below zero: 0" in said


def test_areas(database: Database[Any], serving: Serving, open_page: Open) -> None:
    """“NO1 made 8.9 GWh in ten days, 37 MWh in a mean hour.”"""
    areas.load(database)
    said = heard(open_page(f"{serving(database, now=lambda: NOW).url}/areas?{areas.PERIOD}"))["How much was it?"]
    wh = sum(1_000_000 * round(20 + place % 24 + place % 5) + 5_000_000 for place in range(areas.HOURS))
    assert said[:2] == [
        f"Energy of the area: {EN.grid_energy(wh)}".replace("\u202f", " "),
        f"Mean hour: {EN.grid_energy(wh / areas.HOURS)}".replace("\u202f", " "),
    ]


def test_fleet(many_meters: Database[Any], serving: Serving, open_page: Open) -> None:
    """“Of twelve households the one in the middle uses some 10 kWh a day; a tenth of them more than 19.”"""
    said = heard(open_page(f"{serving(many_meters).url}/fleet"))["What does a household use?"]
    figures = dict(text.split(": ") for text in said)
    assert figures["Households"] == "12"
    low, median, high = (
        float(figures[name].removesuffix(" kWh"))
        for name in ("A tenth use less than", "Median household, a day", "A tenth use more than")
    )
    assert 0 <= low < median < high
