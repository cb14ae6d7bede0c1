"""The page when there is little to show, or nothing to ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pymongo.database import Database

from sync.sources.linky.meter import Meter
from sync.store.connection import connect
from sync.store.embedded.mongod import Mongod
from tests.dash.pages_of_meters import OF_METERS
from tests.dash.readers import all_answered, answered, asked, card, choose_period, drawn, shown
from tests.dash.served import Served, Watch, serve, wait_for_database
from tests.dash.stores import ONE, TODAY, TWO, load_readings
from tests.strays import may_be_mirrored, strays

pytestmark = pytest.mark.soak  # pages in the browser; test_dash_screens opens each of them every time

Open = Callable[..., Page]
Serving = Callable[..., Served]
MIDNIGHT = TODAY.replace(hour=23, minute=0) - timedelta(days=1)
"""Of the 13th of March 2025 in Paris."""
DAY = [200] * 48


def every_page(served: Served, open_page: Open, search: str = "") -> Page:
    """Each page once; fails where a card fails. Returns the last one."""
    page = open_page(f"{served.url}/{OF_METERS[0].name}{search}")
    for each in OF_METERS:
        page.locator(f'nav [data-go="{each.name}"]').click()
        expect(page.locator(f'[data-page="{each.name}"]')).to_be_visible()
        all_answered(page)
        failed = shown(page).locator(".message-bug, .message-failed")
        expect(failed, each.name).to_have_count(0)
        assert "NaN" not in shown(page).inner_text()
        assert "Infinity" not in shown(page).inner_text()
    return page


def test_an_empty_database(serving: Serving, database: Database[Any], open_page: Open) -> None:
    page = every_page(serving(database), open_page)
    page.goto(page.url.replace("/coverage", "/consumption"))
    curve = answered(page, "load-curve")
    expect(answered(page, "key-figures").locator("code").first).to_be_visible()  # what to run, said once
    expect(curve).to_be_hidden()
    expect(curve.locator(".js-plotly-plot")).to_have_count(0)
    expect(page.locator("#series")).to_have_attribute("placeholder", "no readings yet")


def test_documents_that_are_not_ours(serving: Serving, database: Database[Any], open_page: Open) -> None:
    """They are on no page, and end none."""
    series = load_readings(database, MIDNIGHT, DAY * 9)
    for name, stray in strays(series, MIDNIGHT + timedelta(days=2, minutes=7)).items():
        if name == "the public script's":
            continue  # the key has one document of neither series nor ts
        database.consumption.insert_one(stray.copy())
        if may_be_mirrored(stray):
            database.consumptionTS.insert_one(stray.copy())
    page = every_page(serving(database), open_page)
    expect(page.locator("body")).not_to_contain_text("gas")


STORES: dict[str, list[int | None]] = {
    "one reading": [1234],
    "one day": [*DAY],
    "holes": [*DAY, *[None] * 100, *DAY, None, *[0] * 48, *[None] * 48 * 20, *DAY],
}


@pytest.mark.parametrize("name", STORES)
def test_little_is_shown_as_it_is(name: str, serving: Serving, database: Database[Any], open_page: Open) -> None:
    wh = STORES[name]
    load_readings(database, MIDNIGHT - timedelta(minutes=30 * len(wh)), wh)
    served = serving(database)
    page = every_page(served, open_page)
    page.goto(f"{served.url}/consumption")
    drawn(page, "load-curve")
    with page.expect_response(lambda answer: "/card/load-curve?" in answer.url and "period=all" in answer.url):
        choose_period(page, "all")
    drawn(page, "load-curve")
    expect(shown(page).locator(".message-bug")).to_have_count(0)


def test_production_only(serving: Serving, database: Database[Any], open_page: Open) -> None:
    load_readings(database, MIDNIGHT - timedelta(days=3), DAY * 3, flow="production")
    page = every_page(serving(database), open_page)
    page.locator('nav [data-go="consumption"]').click()
    expect(answered(page, "load-curve").locator(".subtitle")).to_contain_text("production")


def test_two_meters(serving: Serving, database: Database[Any], open_page: Open) -> None:
    load_readings(database, MIDNIGHT - timedelta(days=3), DAY * 3, prm=ONE)
    load_readings(database, MIDNIGHT - timedelta(days=9), [400] * 48 * 9, prm=TWO)
    served = serving(database, meters=(Meter(ONE, "", name="workshop"),))
    page = open_page(f"{served.url}/consumption?period=7d")
    expect(answered(page, "load-curve").locator(".subtitle")).to_contain_text("…9982")
    page.locator("#series").click()
    page.get_by_role("option", name="workshop (consumption) (GENERATED)").click()
    expect(card(page, "load-curve").locator(".subtitle")).to_contain_text("workshop")
    assert asked(page)["series"] == "linky-9991-consumption"
    page.locator('nav [data-go="coverage"]').click()
    expect(page.locator("#series")).to_have_value("workshop (consumption) (GENERATED)")
    page.go_back()
    page.go_back()
    expect(card(page, "load-curve").locator(".subtitle")).to_contain_text("…9982")
    expect(page.locator("#series")).to_have_value("linky …9982 consumption (GENERATED)")


def test_new_readings_come_by_themselves(
    serving: Serving, database: Database[Any], open_page: Open, page_errors: Watch
) -> None:
    """Without a touch, without flicker: the chart stays the same element."""
    load_readings(database, MIDNIGHT - timedelta(days=3), DAY * 2)
    page = open_page(f"{serving(database).url}/consumption?period=7d")
    drawn(page, "load-curve").evaluate("chart => { chart.dataset.mine = 'yes' }")
    expect(card(page, "load-curve").locator(".subtitle")).to_contain_text("11 Mar 2025")
    load_readings(database, MIDNIGHT - timedelta(days=1), DAY)
    expect(card(page, "load-curve").locator(".subtitle")).to_contain_text("12 Mar 2025")
    expect(drawn(page, "load-curve")).to_have_attribute("data-mine", "yes")


def test_the_database_goes_and_comes_back(
    serving: Serving, open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is shown stays, with a banner; what is asked meanwhile says so, and both mend themselves."""
    wait_for_database(monkeypatch, 5)
    server = Mongod.spawn(tmp_path / "db", tmp_path / "log", cache_gb=0.25)
    try:
        server.wait_until_primary()
        with connect(server.uri, patience=2) as client:
            load_readings(client["gone"], MIDNIGHT - timedelta(days=30), DAY * 30)
            page = open_page(f"{serving(client['gone']).url}/consumption?period=7d")
            drawn(page, "load-curve")
            expect(page.locator(".banner:visible")).to_have_count(0)
            server.kill()
            expect(page.locator(".banner-unreachable")).to_be_visible()
            expect(card(page, "load-curve").locator(".main-svg").first).to_be_visible()
            choose_period(page, "30d")
            expect(card(page, "load-curve").locator(".message-failed")).to_contain_text("cannot be reached")
            server = Mongod.spawn(tmp_path / "db", tmp_path / "log", cache_gb=0.25)
            server.wait_until_primary()
            expect(page.locator(".banner:visible")).to_have_count(0)
            expect(card(page, "load-curve").locator(".subtitle")).to_contain_text("11 Feb")
            drawn(page, "load-curve")
    finally:
        server.kill()


def test_the_server_of_the_page_goes_and_comes_back(
    two_years: Database[Any], open_page: Open, page_errors: Watch, port: int
) -> None:
    page_errors.expected = ["ERR_CONNECTION_REFUSED", "Failed to fetch"]  # what this test brings about
    with serve(two_years, port=port) as first:
        page = open_page(f"{first.url}/consumption?period=7d")
        drawn(page, "load-curve")
    expect(page.locator(".banner-offline")).to_contain_text("python -m dash_app")
    expect(card(page, "load-curve").locator(".main-svg").first).to_be_visible()
    with serve(two_years, port=port):
        expect(page.locator(".banner:visible")).to_have_count(0)
        choose_period(page, "30d")
        expect(card(page, "load-curve").locator(".subtitle")).to_contain_text("11 Feb")
        page.close()
