"""The market page as a person meets it: numbers read off the screen, choices that stand in the address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page, expect
from pymongo.database import Database

from dash_app.kit.locale import Look
from tests.dash.nordic_stores import energy, prices, write
from tests.dash.nordic_views import NOW
from tests.dash.readers import all_answered, answered, asked, days, drawn, shown, step
from tests.dash.served import Served

START = datetime(2024, 4, 30, 22, tzinfo=UTC)  # midnight of 1 May in Denmark
EN, FR = Look("en"), Look("fr")
PRICES = [40, 42, 44, 46, 48, 50, 52, 54, 56, 58, 43]
GWH = [100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 180]


def load(database: Database[Any]) -> None:
    """Eleven days of 24 equal hours in two areas, the second one ten times as large and dear on its last day."""
    for area, last, times in (("DK1", 43, 1), ("DK2", 58, 10)):
        eur = [float(each) for each in [*PRICES[:-1], last] for _ in range(24)]
        mwh = [*GWH[:-1], 180 if area == "DK1" else 105]
        wh = [each * times * 1_000_000 for each in mwh for _ in range(24)]
        write(database, "energidata", [prices(area, START, eur), energy("energidata", area, "Wind", START, wh)])


def test_a_person_reads_the_market(
    database: Database[Any], serving: Callable[..., Served], open_page: Callable[..., Page]
) -> None:
    load(database)
    served = serving(database, now=lambda: NOW)
    page = open_page(f"{served.url}/market?period=own&from=2024-05-01&to=2024-05-11&window=10")
    all_answered(page)
    expect(page.locator("h1:visible")).to_have_text("Market")
    expect(page.locator(".pick-series")).to_be_hidden()
    expect(page.locator("#period")).to_be_visible()
    expect(shown(page).locator(".message-bug, .message-failed, .message-empty")).to_have_count(0)
    keys = answered(page, "market-keys")
    mean = sum(PRICES) / 11
    expect(keys.locator(".key", has_text="Mean price").locator(".key-figure").first).to_have_text(EN.price(mean))
    capture = sum(price * gwh for price, gwh in zip(PRICES, GWH, strict=True)) / sum(GWH)
    expect(keys.locator(".key", has_text="Capture price").locator(".key-figure")).to_have_text(EN.price(capture))
    rows = answered(page, "market-decision").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("BUY")
    expect(rows.nth(0)).to_contain_text(f"Price below its mean of {EN.price(49)} (z \u22120.99; 20% of the days")
    expect(rows.nth(1)).to_contain_text("AVOID")
    expect(answered(page, "market-decision")).to_contain_text("at least 0.5 standard deviations below its mean")
    slider = answered(page, "market-decision").get_by_role("slider", name="Price: standard")
    slider.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    expect(rows.nth(0)).to_contain_text("MONITOR")
    assert asked(page)["price_z"] == "1.1"
    expect(answered(page, "market-decision")).to_contain_text("at least 1.1 standard deviations below its mean")


def test_area_types_and_language_stay_in_the_address(
    database: Database[Any], serving: Callable[..., Served], open_page: Callable[..., Page]
) -> None:
    load(database)
    served = serving(database, now=lambda: NOW)
    page = open_page(f"{served.url}/market?period=own&from=2024-05-01&to=2024-05-11")
    keys = answered(page, "market-keys")
    expect(keys).to_contain_text(EN.grid_energy(sum(GWH) * 24e6))
    keys.locator(".mantine-SegmentedControl-label", has_text="DK2").click()
    expect(keys).to_contain_text(EN.grid_energy((sum(GWH) - 75) * 24e7))
    assert asked(page)["area"] == "DK2"
    names = drawn(page, "market-curve").evaluate("chart => chart.data.map(trace => trace.name)")
    assert {"Price", "Production"} <= set(names)
    page.locator("#language label", has_text="FR").click()
    expect(page.locator("h1:visible")).to_have_text("Marché")
    expect(answered(page, "market-keys")).to_contain_text(FR.grid_energy((sum(GWH) - 75) * 24e7))
    link = page.get_by_role("navigation").get_by_role("link", name="Zones", exact=True)
    expect(link).to_be_hidden()  # nothing of Elhub is stored


def test_periods_are_those_of_the_market(
    database: Database[Any], serving: Callable[..., Served], open_page: Callable[..., Page]
) -> None:
    load(database)
    served = serving(database, now=lambda: NOW)
    page = open_page(f"{served.url}/market?period=7d")
    expect(answered(page, "market-keys").locator("header p")).to_contain_text(days("5–11 May 2024"))
    step(page, "Previous period", "2024-04-28")
    expect(answered(page, "market-keys").locator("header p")).to_contain_text("28 Apr")
    last = START + timedelta(days=11)
    assert asked(page)["to"] == f"{last - timedelta(days=7):%Y-%m-%d}"
