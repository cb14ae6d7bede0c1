"""The page on a phone, and what it says of an address or a database in which there is nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect
from pymongo.database import Database

from dash_app.kit.locale import LANGUAGES, Look
from dash_app.kit.table import table
from dash_app.shell.layout import PLACES
from dash_app.shell.pages import PAGES
from tests.dash.boxes import odd_boxes
from tests.dash.nordic_stores import energy, prices, write
from tests.dash.pages_of_meters import OF_METERS
from tests.dash.readers import all_answered, answered, asked, days, fitted, go_to, range_shown, shown
from tests.dash.served import PATIENCE, Served
from tests.dash.test_dash_accessibility import findings

Open = Callable[..., Page]
Serving = Callable[..., Served]
SMALL, LARGE = {"width": 360, "height": 800}, {"width": 414, "height": 896}
START = datetime(2025, 2, 10, 23, tzinfo=UTC)


def six_pages(database: Database[Any]) -> None:
    """A market and an area beside the pages of every household."""
    write(database, "energidata", [prices("DK1", START, [40.0] * 24 * 9)])
    write(database, "elhub", [energy("elhub", "NO1", "hydro", START, [5_000_000] * 24 * 9)])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bar_holds_four_places_and_a_sheet(
    language: str, database: Database[Any], serving: Serving, open_page: Open
) -> None:
    six_pages(database)
    look, hidden = Look(language), {"fleet"}
    titles = [look.text(each.title) for each in PAGES if each.name not in hidden]
    page = open_page(f"{serving(database).url}/?lang={language}", viewport=SMALL, has_touch=True)
    bar = page.get_by_role("navigation")
    more = bar.get_by_role("button", name=look.text("shell.more"))
    links = bar.get_by_role("link")
    all_answered(page)
    expect(links).to_have_text(titles[:PLACES])
    expect(more).to_have_attribute("aria-expanded", "false")
    more.focus()
    page.keyboard.press("Enter")
    expect(links).to_have_text(titles)
    expect(more).to_have_attribute("aria-expanded", "true")
    expect(links.nth(PLACES)).to_be_focused()
    assert findings(page) == []
    page.keyboard.press("Escape")
    expect(links).to_have_text(titles[:PLACES])
    expect(more).to_be_focused()
    more.tap()
    expect(links).to_have_text(titles)
    page.touchscreen.tap(180, 120)  # beside it
    expect(links).to_have_text(titles[:PLACES])
    go_to(page, "areas")
    expect(links).to_have_text(titles[:PLACES])
    expect(page.locator("#main")).to_be_focused()
    assert page.evaluate("location.pathname") == "/areas"


@pytest.mark.soak
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_and_a_chart_stand_in_the_first_screen(served: Served, open_page: Open, language: str) -> None:
    """Of each page: its title, the answer or a number of the first card, and the chart below it, to a good part."""
    page = open_page(f"{served.url}/?lang={language}", viewport=SMALL, has_touch=True)
    for each in OF_METERS:
        go_to(page, each.name)
        all_answered(page)
        fitted(page)
        bottom = page.get_by_role("navigation").bounding_box()
        number = shown(page).locator(".answer, .key-figure").first.bounding_box()
        chart = shown(page).locator(".js-plotly-plot, .calendar, .pair").first.bounding_box()
        assert bottom and number and chart  # noqa: PT018
        assert number["y"] + number["height"] < chart["y"], each.name
        assert bottom["y"] - chart["y"] >= 100, f"{each.name}: {bottom['y'] - chart['y']} px of the chart"


@pytest.mark.soak
def test_card_headers_stand_in_one_row(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption?lang=fr", viewport=SMALL, has_touch=True)
    all_answered(page)
    fitted(page)
    for header in shown(page).locator(".card > header").all():
        title, buttons = header.locator("h2").bounding_box(), header.locator(".buttons").bounding_box()
        assert title and buttons  # noqa: PT018
        assert buttons["x"] >= title["x"] + title["width"]
        assert buttons["y"] < title["y"] + title["height"]


@pytest.mark.soak
def test_what_the_first_card_folds_is_a_tap_away(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption", viewport=LARGE, has_touch=True)
    keys = answered(page, "key-figures")
    expect(keys.locator(".key-figure:visible")).to_have_count(2)
    keys.get_by_role("button", name="All figures").tap()
    expect(keys.locator(".key-figure:visible")).to_have_count(keys.locator(".key-figure").count())
    assert keys.locator(".key-figure").count() > 3


@pytest.mark.soak
def test_each_row_of_a_table_is_a_block_with_names(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/cost", viewport=SMALL, has_touch=True)
    bills = answered(page, "cost-bills")
    row = bills.locator("tbody tr").first
    names = row.locator("td").evaluate_all("cells => cells.map(cell => getComputedStyle(cell, '::before').content)")
    assert names == [f'"{name}"' for name in bills.locator("thead th").all_text_contents()[1:]]
    boxes = [cell.bounding_box() for cell in row.locator("th, td").all()]
    assert all(box and box["x"] + box["width"] <= SMALL["width"] for box in boxes)
    assert len({round(box["y"]) for box in boxes if box}) > 1
    assert not [each for each in odd_boxes(page) if "sideways" in each]


def test_names_of_columns_under_a_common_title_stand_alone() -> None:
    drawn = table("t", ["a", "b", "c"], [["1", "2", "3"]], groups=[("", 1), ("size", 2)])
    cells = drawn.children.children[-1].children[0].children
    assert [getattr(cell, "data-name") for cell in cells] == ["a", "size, b", "size, c"]


@pytest.mark.soak
def test_a_finger_hits_a_day_of_the_calendar(served: Served, open_page: Open) -> None:
    """Months one below the other, the newest first."""
    page = open_page(f"{served.url}/coverage?period=all", viewport=SMALL, has_touch=True)
    all_answered(page)
    calendar = answered(page, "coverage-calendar")
    newest, before = (calendar.locator(f'[data-pick="2025-0{month}-10"]') for month in (3, 2))
    boxes = [each.bounding_box() for each in (newest, before)]
    assert all(box and box["width"] >= 36 and box["height"] >= 36 for box in boxes)
    assert boxes[0] and boxes[1] and boxes[0]["y"] < boxes[1]["y"]  # noqa: PT018
    before.tap()
    expect(answered(page, "coverage-day").locator(".answer")).to_contain_text("10 February 2025")
    expect(before).to_have_attribute("aria-current", "date")


@pytest.mark.soak
@pytest.mark.parametrize("width", [360, 1280])
def test_own_opens_the_calendar(served: Served, open_page: Open, width: int) -> None:
    page = open_page(f"{served.url}/consumption", viewport={"width": width, "height": 800})
    all_answered(page)
    range_shown(page, "11 Feb 2025 – 12 Mar 2025")
    own = page.locator("#period label", has=page.locator('xpath=preceding-sibling::input[@value="own"]'))
    own.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(page.get_by_label("Previous period")).to_have_attribute("href", re.compile("period=own"))  # all is told
    dialog.get_by_role("button", name="12 February 2025").click()
    dialog.get_by_role("button", name="14 February 2025").click()
    expect(answered(page, "load-curve").locator(".subtitle")).to_contain_text(days("12–14 Feb 2025"))
    assert asked(page) == {"period": "own", "from": "2025-02-12", "to": "2025-02-14"}
    expect(dialog).to_be_hidden()
    own.click()
    expect(dialog).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["/nope", "/storage/bars", "/<script>alert(1)<%2Fscript>", "/" + "x" * 500])
def test_a_wrong_address_says_so(served: Served, language: str, path: str) -> None:
    look = Look(language)
    asked_in_french = requests.get(f"{served.url}{path}", headers={"Accept-Language": language}, timeout=PATIENCE)
    for answer in (requests.get(f"{served.url}{path}?lang={language}", timeout=PATIENCE), asked_in_french):
        assert answer.status_code == 404
        assert f'<html lang="{language}"' in answer.text
        assert look.text("shell.lost") in answer.text
        assert f'<a href="/?lang={language}">{look.text("shell.home")}</a>' in answer.text
        assert "<script" not in answer.text


def test_the_way_home_from_a_wrong_address(served: Served, open_page: Open, page_errors: Any) -> None:
    page_errors.expected = ["404"]
    page = open_page(f"{served.url}/nope?lang=fr", viewport=SMALL)
    assert odd_boxes(page) == []
    page.get_by_role("link", name="Vers la première page").click()
    expect(page.locator("h1:visible")).to_have_text(Look("fr").text(PAGES[0].title))


@pytest.mark.parametrize("each", PAGES, ids=lambda page: page.name)
def test_every_page_has_its_address(served: Served, each: Any) -> None:
    assert requests.get(f"{served.url}/{each.name}", timeout=PATIENCE).status_code == 200
    assert requests.get(f"{served.url}/{each.name}/", timeout=PATIENCE).status_code == 200


def test_that_nothing_is_there_is_said_once_and_takes_little_room(
    database: Database[Any], serving: Serving, open_page: Open
) -> None:
    page = open_page(f"{serving(database).url}/consumption")
    all_answered(page)
    messages = shown(page).locator(".message-empty:visible")
    expect(messages).to_have_count(1)
    box = shown(page).locator(".card:visible").bounding_box()
    assert box
    assert box["height"] < 200


@pytest.mark.soak
def test_a_wide_screen_is_used(served: Served, open_page: Open) -> None:
    """The cards stand in the middle of what the navigation leaves, four beside each other where there are four."""
    page = open_page(f"{served.url}/consumption", viewport={"width": 2560, "height": 1300})
    all_answered(page)
    fitted(page)
    assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "2200px"
    left, cards = page.get_by_role("navigation").bounding_box(), shown(page).locator(".cards").bounding_box()
    assert left and cards  # noqa: PT018
    assert cards["width"] > 2000
    assert abs((cards["x"] - left["width"]) - (2560 - cards["x"] - cards["width"])) < 40
    narrow = [box["y"] for card in shown(page).locator(".card:not(.wide)").all() if (box := card.bounding_box())]
    assert len(narrow) == 4
    assert len({round(y) for y in narrow}) == 1


@pytest.mark.soak
def test_what_scrolls_shows_that_it_does(served: Served, open_page: Open) -> None:
    """What stands behind its rows is darker at the edge beyond which there is more: other pixels at either end."""
    page = open_page(f"{served.url}/coverage?period=all", viewport={"width": 1280, "height": 900})
    region = answered(page, "coverage-ledger").locator(".table-region")
    assert region.evaluate("region => region.scrollHeight > region.clientHeight + 100")
    region.evaluate("""region => {
      region.style.scrollbarWidth = "none";
      region.querySelector("table").style.visibility = "hidden";
    }""")
    at_top = region.screenshot()
    region.evaluate("region => { region.scrollTop = region.scrollHeight }")
    assert region.screenshot() != at_top
