"""The address is the one truth of what is shown: it can be shared, gone back on, and be wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pymongo.database import Database

from dash_app.shell.app import create_app
from tests.dash import trial
from tests.dash.readers import (
    all_answered,
    answered,
    asked,
    card,
    choose_period,
    days,
    double_click,
    drag,
    drawn,
    plot_box,
    range_shown,
    step,
)
from tests.dash.served import Served, serve

pytestmark = pytest.mark.soak  # pages in the browser; test_dash_screens opens each of them every time

Open = Callable[..., Page]
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def tried(two_years: Database[Any]) -> Iterator[Served]:
    """The frame around the pages of a test."""
    with serve(two_years, app=lambda reader, password: create_app(reader, password, trial.PAGES)) as page:
        yield page


def test_a_view_is_shared_by_its_address(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption")
    answered(page, "load-curve")
    choose_period(page, "month")
    expect(card(page, "load-curve").locator(".subtitle")).to_contain_text(days("1–31 Mar 2025"))
    step(page, "Previous period", "2025-02-01")
    expect(card(page, "load-curve").locator(".subtitle")).to_contain_text(days("1–28 Feb 2025"))
    page.locator("#language").get_by_text("FR").click()
    expect(page.locator("h1:visible")).to_have_text("Consommation")
    page.get_by_role("switch", name="Thème sombre").click()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    expect(answered(page, "load-curve").locator(".subtitle")).to_contain_text(days("1–28 févr. 2025"))
    assert asked(page) == {"period": "month", "from": "2025-02-01", "to": "2025-02-28", "lang": "fr", "theme": "dark"}

    other = open_page(page.url)
    expect(other.locator("h1:visible")).to_have_text("Consommation")
    expect(answered(other, "load-curve").locator(".subtitle")).to_contain_text(days("1–28 févr. 2025"))
    expect(other.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    expect(other.locator("html")).to_have_attribute("lang", "fr")
    expect(other.locator("#period input[value='month']")).to_be_checked()
    expect(other.locator("#days")).to_have_text("1 févr. 2025 – 28 févr. 2025")
    assert asked(other) == asked(page)


def test_back_and_forward(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption")
    subtitle = answered(page, "load-curve").locator(".subtitle")
    choose_period(page, "7d")
    expect(subtitle).to_contain_text(days("6–12 Mar 2025"))
    choose_period(page, "all")
    expect(subtitle).to_contain_text("13 Mar 2023")
    page.get_by_role("navigation").get_by_role("link", name="Coverage").click()
    expect(page.locator("h1:visible")).to_have_text("Coverage")
    page.go_back()
    expect(page.locator("h1:visible")).to_have_text("Consumption")
    expect(page.locator("#period input[value='all']")).to_be_checked()
    page.go_back()
    expect(subtitle).to_contain_text(days("6–12 Mar 2025"))
    expect(page.locator("#period input[value='7d']")).to_be_checked()
    page.go_forward()
    expect(subtitle).to_contain_text("13 Mar 2023")
    expect(page.locator("#period input[value='all']")).to_be_checked()


def test_a_card_below_the_window_is_of_the_view_once_it_is_not_busy(served: Served, open_page: Open) -> None:
    """Also when the view goes and comes back while nobody looks at the card."""
    page = open_page(f"{served.url}/consumption?period=7d", viewport={"width": 1280, "height": 500})
    all_answered(page)
    below = card(page, "load-duration")
    for period, text in (("30d", "11 Feb–12 Mar 2025"), ("7d", "6–12 Mar 2025")):
        choose_period(page, period)
        expect(answered(page, "key-figures").locator(".subtitle")).to_contain_text(days(text))
        expect(below).to_have_attribute("aria-busy", "true")
    expect(answered(page, "load-duration").locator(".subtitle")).to_contain_text(days("6–12 Mar 2025"))


BACK_AND_FORTH = """async (wait) => {
    await navigation.back().finished;
    await new Promise((done) => setTimeout(done, wait));
    const forth = navigation.forward();
    await forth.finished.catch(() => "there is nothing any more to go forward to");
}"""


def test_quick_steps_back_and_forth_change_nothing(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption?period=7d&lang=fr")
    expect(answered(page, "load-curve").locator(".subtitle")).to_contain_text(days("6–12 mars 2025"))
    choose_period(page, "all")
    expect(card(page, "load-curve").locator(".subtitle")).to_contain_text("13 mars 2023")
    before = page.evaluate("history.length")
    for wait in range(0, 60, 2):  # ms: one of them falls between a control's new value and its callback
        page.evaluate(BACK_AND_FORTH, wait)
    expect(card(page, "load-curve").locator(".subtitle")).to_contain_text("13 mars 2023")
    expect(page.locator("#period input[value='all']")).to_be_checked()
    assert page.evaluate("history.length") == before
    assert asked(page) == {"period": "all", "lang": "fr"}


def test_an_own_range_is_picked_by_days(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption")
    subtitle = answered(page, "load-curve").locator(".subtitle")
    range_shown(page, "11 Feb 2025 – 12 Mar 2025").click()
    page.get_by_role("button", name="3 February 2025", exact=True).click()
    page.get_by_role("button", name="5 February 2025", exact=True).click()
    expect(subtitle).to_contain_text(days("3–5 Feb 2025"))
    assert asked(page) == {"period": "own", "from": "2025-02-03", "to": "2025-02-05"}
    expect(page.locator("#period input[value='own']")).to_be_checked()


def test_the_first_day_of_a_range_outlives_what_the_server_says(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption")
    range_shown(page, "11 Feb 2025 – 12 Mar 2025").click()
    page.get_by_role("button", name="3 February 2025", exact=True).click()
    page.evaluate("window.address.change({ theme: 'dark' })")
    expect(page.get_by_label("Previous period")).to_have_attribute("href", re.compile("theme=dark"))  # it is told
    page.get_by_role("button", name="5 February 2025", exact=True).click()
    expect(card(page, "load-curve").locator(".subtitle")).to_contain_text(days("3–5 Feb 2025"))


@pytest.mark.parametrize(
    "search",
    [
        "period=century&series=nobody&lang=xx&theme=pink&from=yesterday&to=32.13.2024",
        "period=own&from=2025-03-12&to=2025-03-01&zoom=abc&unknown=1",
        "period=7d&from=0001-01-01&to=9999-12-31",
        "%FF%FE=%00&period=%E2%82%AC&=&&&",
        "period=" + "7d" * 2000,
    ],
)
def test_what_an_address_has_wrong_is_ignored(served: Served, open_page: Open, search: str) -> None:
    page = open_page(f"{served.url}/consumption?{search}")
    expect(answered(page, "key-figures").locator(".subtitle")).to_contain_text("2025")
    expect(drawn(page, "load-curve")).to_be_visible()
    expect(page.locator(".message-bug")).to_have_count(0)
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_days_that_make_no_such_period_are_an_own_range(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption?period=month&from=2024-05-03&to=2024-06-02")
    expect(answered(page, "load-curve").locator(".subtitle")).to_contain_text("3 May")
    expect(page.locator("#period input[value='own']")).to_be_checked()
    step(page, "Next period", "2024-06-03")
    expect(card(page, "load-curve").locator(".subtitle")).to_contain_text("3 Jun")


def test_language_and_theme_of_the_browser(served: Served, open_page: Open) -> None:
    page = open_page(served.url, locale="fr-CA", color_scheme="dark")
    expect(page.locator("h1:visible")).to_have_text("Aperçu")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    page.get_by_role("switch", name="Thème sombre").click()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "light")
    page.goto(served.url)  # without a theme in the address: as it was left
    expect(page.get_by_role("switch", name="Thème sombre")).to_have_attribute("aria-checked", "false")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "light")
    expect(open_page(served.url, locale="de-DE").locator("h1:visible")).to_have_text("Overview")


def test_a_choice_of_the_page(tried: Served, open_page: Open) -> None:
    page = open_page(tried.url)
    text = answered(page, "chosen").locator(".body p")
    expect(text).to_have_text("10 meters, en, light")
    card(page, "chosen").locator("label", has_text="100").click()
    expect(text).to_have_text("100 meters, en, light")
    assert asked(page) == {"meters": "100"}
    page.go_back()
    expect(text).to_have_text("10 meters, en, light")
    expect(card(page, "chosen").locator("input[value='10']")).to_be_checked()
    page.go_forward()
    expect(text).to_have_text("100 meters, en, light")
    page.locator("#language").get_by_text("FR").click()
    expect(answered(page, "chosen").locator(".body p")).to_have_text("100 meters, fr, light")
    expect(card(page, "chosen").locator("input[value='100']")).to_be_checked()


def test_zoom(tried: Served, open_page: Open) -> None:
    """A selection asks for its own points; a double click, or the button, brings the period back."""
    page = open_page(f"{tried.url}/second?period=30d")
    drawn(page, "curve")
    count = "() => document.querySelector('[data-block=curve] .js-plotly-plot').data[0].x.length"
    assert page.evaluate(count) == 30 * 24
    drag(page, plot_box(page, "curve"), 0.5, 0.7)
    page.wait_for_function(f"() => ({count})() < 200")
    start, end = (int(ms) for ms in asked(page)["zoom"].split("-"))
    assert 5.5 * DAY_MS < end - start < 6.5 * DAY_MS
    assert page.evaluate(count) == pytest.approx((end - start) / DAY_MS * 24, abs=1)
    shared = open_page(page.url)
    drawn(shared, "curve")
    assert shared.evaluate(count) == page.evaluate(count)
    double_click(page, "curve")
    page.wait_for_function(f"() => ({count})() === 720")
    assert "zoom" not in asked(page)
    page.go_back()
    page.wait_for_function(f"() => ({count})() < 200")
    page.get_by_role("button", name="Whole period").first.click()
    page.wait_for_function(f"() => ({count})() === 720")


def test_a_mistake_of_ours_stays_in_its_card(tried: Served, open_page: Open, caplog: pytest.LogCaptureFixture) -> None:
    page = open_page(tried.url)
    expect(answered(page, "failing").locator(".message-bug")).to_contain_text("our mistake")
    expect(answered(page, "chosen").locator(".body p")).to_be_visible()
    assert trial.MISTAKE not in page.content()
    assert any("block failing failed" in record.message and record.exc_info for record in caplog.records)
