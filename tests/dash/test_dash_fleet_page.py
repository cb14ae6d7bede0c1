"""The page about many meters as a person meets it: numbers, choices, warnings; for everybody, at both sizes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from pymongo.database import Database

from dash_app.fleet.figures import kwh
from dash_app.fleet.page import PAGE
from dash_app.kit.locale import Look
from sync.fleet.build import Fleet
from sync.load.progress import Silence
from sync.model.clock import SystemClock
from tests import fleet_rows
from tests.dash.fleet_views import FIRST, HOUSEHOLDS, LAST, stored
from tests.dash.readers import all_answered, answered, asked, choose_period, days, drawn, shown
from tests.dash.served import Served, serve
from tests.dash.test_dash_accessibility import findings
from tests.fleet_rows import by_hand, groups_of, identity, london_rows

pytestmark = pytest.mark.soak  # pages in the browser; test_dash_screens opens each of them every time

Open = Callable[..., Page]
EN, FR = Look("en"), Look("fr")
NOW = datetime(2013, 1, 5, 9, tzinfo=UTC)
SIZES = {"wide": (1280, 900, "light", "en"), "narrow": (375, 812, "dark", "fr")}


@pytest.fixture(scope="module", name="page_of_many")
def _page_of_many(many_meters: Database[Any]) -> Iterator[Served]:
    with serve(many_meters, now=lambda: NOW) as served:
        yield served


def median(first: date, end: date, fewest: int, among: list[str] | None = None) -> float:
    means = by_hand(london_rows(HOUSEHOLDS)).means(first, end, fewest, among)
    return float(np.median(list(means.values()))) / 1000


def test_a_person_reads_what_households_use(page_of_many: Served, open_page: Open) -> None:
    page = open_page(f"{page_of_many.url}/fleet?period=all")
    all_answered(page)
    expect(page.locator("h1:visible")).to_have_text("Fleet")
    expect(page.locator(".pick-series")).to_be_hidden()
    expect(shown(page).locator(".message-bug, .message-failed, .message-empty")).to_have_count(0)
    keys = answered(page, "fleet-keys")
    expect(keys.locator(".warning")).to_have_count(0)
    expect(keys.locator("header p")).to_contain_text(days("1 Oct–1 Dec 2012"))
    figure = keys.locator(".key", has_text="Median household").locator(".key-figure")
    end = LAST + timedelta(days=1)
    expect(figure).to_have_text(kwh(median(FIRST, end, 7), EN))
    expect(keys.locator(".key", has_text="Households").first).to_contain_text("one used nothing at all")
    tariff = [identity(place) for place in range(HOUSEHOLDS - 1) if groups_of(place)["tariff"] == "ToU"]
    keys.get_by_label("Households").click()
    page.get_by_role("option", name="Time of use (ToU)").click()
    expect(figure).to_have_text(kwh(median(FIRST, end, 7, tariff), EN))
    assert asked(page)["group"] == "tariff=ToU"
    choose_period(page, "30d")
    expect(figure).to_have_text(kwh(median(end - timedelta(days=30), end, 7, tariff), EN))
    page.locator("#language label", has_text="FR").click()
    expect(page.locator("h1:visible")).to_have_text("Parc")
    figure = answered(page, "fleet-keys").locator(".key", has_text="Foyer médian").locator(".key-figure")
    expect(figure).to_have_text(kwh(median(end - timedelta(days=30), end, 7, tariff), FR))


def test_groups_are_compared_by_a_click(page_of_many: Served, open_page: Open) -> None:
    page = open_page(f"{page_of_many.url}/fleet?period=all")
    chart = drawn(page, "fleet-groups")
    names = "chart => chart.layout.annotations.map(each => each.text)"
    assert len(chart.evaluate(names)) == 4
    answered(page, "fleet-groups").locator(".mantine-SegmentedControl-label", has_text="Acorn").click()
    expect(page).to_have_url(re.compile("by=acorn_group"))
    chart = drawn(page, "fleet-day")
    page.wait_for_function("chart => chart.data.length === 3", arg=chart.element_handle())
    groups = drawn(page, "fleet-groups")
    expect(groups).to_contain_text("No group known")
    found = groups.evaluate(names)
    assert found[0].startswith("<b>All households</b> · n = 12")
    assert found[-1].startswith("<b>No group known</b> · n = ")
    with page.expect_download() as download:
        answered(page, "fleet-bands").locator("a[data-csv]").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0].startswith("From,Households,Mean (kWh a day),10% use at most (kWh a day)")
    assert len(lines) == 1 + (LAST - FIRST).days + 1


def test_old_sums_are_told_with_what_mends_them(
    database: Database[Any], serving: Callable[..., Served], open_page: Open, tmp_path: Path
) -> None:
    rows = london_rows(4, days=40)
    own = fleet_rows.store(database, rows)
    served = serving(database, now=lambda: NOW)
    page = open_page(f"{served.url}/fleet")
    all_answered(page)
    keys = answered(page, "fleet-keys")
    expect(keys.locator(".message-empty code")).to_have_text("python -m sync fleet")
    Fleet(own, SystemClock()).build(Silence())  # the open page takes notice by itself
    expect(keys.locator(".key", has_text="Median household")).to_be_visible()
    expect(keys.locator(".warning")).to_have_count(0)
    stored(database, tmp_path, rows)
    fleet_rows.store(database, {identity(8): rows[identity(0)]})
    expect(keys.locator(".warning")).to_contain_text("1,922 more readings since")
    expect(keys.locator(".warning code")).to_have_text("python -m sync fleet")


def test_fewer_than_three_meters_have_no_such_page(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/storage")
    all_answered(page)
    expect(page.locator('nav [data-go="fleet"]')).to_be_hidden()


@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_use_it_at_both_sizes(page_of_many: Served, open_page: Open, tmp_path: Path, size: str) -> None:
    folder = Path(os.environ.get("SCREENS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    width, height, theme, language = SIZES[size]
    page = open_page(
        f"{page_of_many.url}/fleet?period=all&theme={theme}&lang={language}",
        viewport={"width": width, "height": height},
    )
    all_answered(page)
    for block in PAGE.blocks:
        if block.figure:
            drawn(page, block.name)
    assert findings(page) == []
    page.evaluate("window.scrollTo(0, 0)")
    file = folder / f"fleet-{size}.png"
    page.screenshot(path=file, full_page=True)
    assert file.stat().st_size > 20_000
    assert page.evaluate("document.documentElement.scrollWidth") <= width
