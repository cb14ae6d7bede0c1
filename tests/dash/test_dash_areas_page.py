"""The page of the Norwegian areas as a person meets it: the map, a click on it, shares, the lag."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Page, expect
from pymongo.database import Database

from dash_app.kit.locale import Look
from tests.dash.nordic_stores import energy, weather, write
from tests.dash.nordic_views import NOW
from tests.dash.readers import all_answered, answered, asked, box_of, card, drawn, shown
from tests.dash.served import Served

START = datetime(2024, 5, 31, 22, tzinfo=UTC)  # midnight of 1 June in Norway
HOURS = 24 * 10
EN = Look("en")
PERIOD = "period=own&from=2024-06-01&to=2024-06-10"


def load(database: Database[Any]) -> None:
    """Ten days of four areas: NO1 has two groups, NO3 has nothing, temperature in NO1."""
    warm = [float(place % 24) + place % 5 for place in range(HOURS)]
    wh = [1_000_000 * round(20 + each) for each in warm]
    batches = [energy("elhub", "NO1", "hydro", START, wh), energy("elhub", "NO1", "wind", START, [5_000_000] * HOURS)]
    batches += [
        energy("elhub", area, "hydro", START, [times * 1_000_000] * HOURS)
        for area, times in (("NO2", 90), ("NO4", 60), ("NO5", 10))
    ]
    write(database, "elhub", batches)
    write(database, "weather", [weather("NO1", START, warm)])


def test_a_person_reads_the_areas(
    database: Database[Any], serving: Callable[..., Served], open_page: Callable[..., Page]
) -> None:
    load(database)
    served = serving(database, now=lambda: NOW)
    page = open_page(f"{served.url}/areas?{PERIOD}")
    all_answered(page)
    expect(shown(page).locator(".message-bug, .message-failed, .message-empty")).to_have_count(0)
    link = page.get_by_role("navigation").get_by_role("link", name="Areas", exact=True)
    expect(link).to_have_attribute("aria-current", "page")
    key = answered(page, "areas-keys").locator(".key", has_text="Energy of the area")
    ring = drawn(page, "areas-shares")
    hydro = sum(1_000_000 * round(20 + place % 24 + place % 5) for place in range(HOURS))
    every = hydro + (5 + 90 + 60 + 10) * 1_000_000 * HOURS
    expect(key.locator(".key-figure")).to_have_text(EN.grid_energy(hydro + 5_000_000 * HOURS))
    expect(key).to_contain_text(f"{EN.percent((hydro + 5_000_000 * HOURS) / every)} of all areas")
    expect(ring).to_contain_text("NO1")
    expect(ring).to_contain_text(EN.grid_energy(hydro + 5_000_000 * HOURS))
    expect(drawn(page, "areas-totals")).to_contain_text(EN.grid_energy(90_000_000 * HOURS))
    expect(drawn(page, "areas-lag")).to_contain_text("strongest: r = 1.00 at 0 h")
    fills = drawn(page, "areas-map").locator(".js-fill")
    expect(fills).to_have_count(5)


def test_a_click_on_the_map_chooses_the_area(
    database: Database[Any], serving: Callable[..., Served], open_page: Callable[..., Page]
) -> None:
    load(database)
    served = serving(database, now=lambda: NOW)
    page = open_page(f"{served.url}/areas?{PERIOD}")
    box = box_of(page, drawn(page, "areas-map").locator(".textpoint", has_text="NO4"))
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 2, y)
    page.mouse.move(x, y)
    hover = card(page, "areas-map").locator(".hoverlayer .hovertext")
    expect(hover).to_contain_text(EN.grid_energy(60_000_000 * HOURS))
    page.mouse.click(x, y)
    expect(drawn(page, "areas-shares")).to_contain_text("NO4")
    assert asked(page)["area"] == "NO4"
    expect(answered(page, "areas-lag")).to_contain_text("python -m sync backfill --source weather")
