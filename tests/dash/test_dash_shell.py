"""The frame around the pages, on the real two years, by clicks and keys in a real browser."""

from __future__ import annotations

import csv
import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dash_app.kit.locale import Look
from dash_app.shell.pages import PAGES
from tests.dash.pages_of_meters import OF_METERS
from tests.dash.readers import all_answered, answered, asked, card, choose_period, days, drawn, go_to, shown, step
from tests.dash.served import Served, Watch

pytestmark = pytest.mark.soak  # pages in the browser; test_dash_screens opens each of them every time

Open = Callable[..., Page]
NARROW = {"width": 375, "height": 812}


def test_the_navigation_leads_to_every_page(served: Served, open_page: Open, page_errors: Watch) -> None:
    page = open_page(served.url)
    expect(page.locator("h1:visible")).to_have_text(Look("en").text(PAGES[0].title))
    for each in reversed(OF_METERS):
        title = Look("en").text(each.title)
        page.get_by_role("navigation").get_by_role("link", name=title, exact=True).click()
        expect(page.locator("h1:visible")).to_have_text(title)
        expect(page.locator('nav a[aria-current="page"]')).to_have_text(title)
        expect(page).to_have_title(f"{title} · Electricity")
        assert page.evaluate("location.pathname") == f"/{each.name}"
        all_answered(page)
        expect(shown(page).locator(".message-bug, .message-failed")).to_have_count(0)
    assert not [url for url in page_errors.requests if not url.startswith((served.url, "blob:", "data:"))]
    assert not [url for url in page_errors.requests if "plotly.min.js" in url]  # the full bundle, a second to load


def test_periods_and_arrows(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption")
    subtitle = answered(page, "load-curve").locator("header p")
    for name, text in {
        "7d": "6–12 Mar 2025",
        "month": "1–31 Mar 2025",
        "year": "1 Jan–31 Dec 2025",
        "all": "13 Mar 2023–12 Mar 2025",
        "30d": "11 Feb–12 Mar 2025",
    }.items():
        choose_period(page, name)
        expect(subtitle).to_contain_text(days(text))
        assert asked(page)["period"] == name
    step(page, "Previous period", "2025-01-12")
    expect(subtitle).to_contain_text("12 Jan")
    assert asked(page) == {"period": "30d", "from": "2025-01-12", "to": "2025-02-10"}
    step(page, "Next period", "2025-02-11")
    expect(subtitle).to_contain_text("12 Mar 2025")
    expect(page.get_by_label("Next period")).to_have_attribute("aria-disabled", "true")  # these are the newest days
    step(page, "Previous period", "2025-01-12")
    expect(subtitle).to_contain_text("12 Jan")
    choose_period(page, "30d")  # once more: back to the newest days
    expect(subtitle).to_contain_text("12 Mar 2025")
    assert asked(page) == {"period": "30d"}


def test_quick_clicks_on_an_arrow_are_as_many_steps(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption?period=7d")
    expect(page.get_by_label("Previous period")).to_have_attribute("href", re.compile("from=2025-02-27"))
    page.evaluate("for (const name of ['previous', 'previous', 'previous']) document.getElementById(name).click()")
    expect(card(page, "load-curve").locator("header p")).to_contain_text(days("13–19 Feb 2025"))
    assert asked(page) == {"period": "7d", "from": "2025-02-13", "to": "2025-02-19"}
    page.evaluate("for (const name of ['next', 'next', 'next', 'next']) document.getElementById(name).click()")
    expect(card(page, "load-curve").locator("header p")).to_contain_text(days("6–12 Mar 2025"))  # there is no more
    expect(page.get_by_label("Next period")).to_have_attribute("aria-disabled", "true")
    step(page, "Previous period", "2025-02-27")
    assert asked(page)["from"] == "2025-02-27"


def test_a_chart_stays_in_place(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption?period=7d")
    chart = drawn(page, "load-curve")
    chart.evaluate("chart => { chart.dataset.mine = 'yes' }")
    points = chart.evaluate("chart => chart.data[0].x.length")
    choose_period(page, "year")
    page.wait_for_function("points => document.querySelector('[data-mine]').data[0].x.length !== points", arg=points)
    expect(drawn(page, "load-curve")).to_have_attribute("data-mine", "yes")


def test_downloads(served: Served, open_page: Open, tmp_path: Path) -> None:
    page = open_page(f"{served.url}/consumption?period=own&from=2024-10-26&to=2024-10-28&theme=dark")
    drawn(page, "load-curve")
    with page.expect_download() as event:
        card(page, "load-curve").locator("[data-csv]").click()
    assert event.value.suggested_filename == "load-curve_linky-0000-consumption_2024-10-26_2024-10-28.csv"
    event.value.save_as(tmp_path / "curve.csv")
    with (tmp_path / "curve.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))
    assert len(rows) > 48
    with page.expect_download() as event:
        card(page, "load-curve").locator('[data-does="png"]').click()
    assert event.value.suggested_filename == "load-curve_linky-0000-consumption_2024-10-26_2024-10-28.png"
    event.value.save_as(tmp_path / "curve.png")
    picture = (tmp_path / "curve.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    assert width >= 1600
    assert height >= 600


def test_the_table_of_a_card(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption?period=7d")
    answered(page, "days")
    button = card(page, "days").locator("button[aria-label^='As a table']")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("table")).to_be_visible()
    expect(dialog.get_by_role("row")).to_have_count(8)  # the head and seven days
    assert dialog.get_by_role("columnheader").count() >= 2
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()


def test_a_keyboard_alone(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption")
    answered(page, "key-figures")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.locator("#period input[value='30d']").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#period input[value='month']")).to_be_checked()
    expect(answered(page, "load-curve").locator("header p")).to_contain_text("31 Mar 2025")
    outline = page.evaluate("getComputedStyle(document.activeElement.nextElementSibling).outlineStyle")
    assert outline != "none"


def test_cards_below_the_window_wait(served: Served, open_page: Open, page_errors: Watch) -> None:
    page = open_page(f"{served.url}/consumption", viewport={"width": 1280, "height": 500})
    answered(page, "key-figures")
    expect(card(page, "load-duration")).to_have_attribute("aria-busy", "true")
    page.wait_for_load_state("networkidle")
    expect(card(page, "load-duration")).to_have_attribute("aria-busy", "true")
    drawn(page, "load-duration")


def test_the_navigation_of_a_narrow_screen(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption", viewport=NARROW)
    drawn(page, "load-curve")
    bar = page.get_by_role("navigation").bounding_box()
    assert bar is not None
    assert bar["y"] + bar["height"] == pytest.approx(NARROW["height"], abs=1)
    assert bar["width"] == NARROW["width"]
    for each in OF_METERS:
        go_to(page, each.name)
        all_answered(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], each.name
