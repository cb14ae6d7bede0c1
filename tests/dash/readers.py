"""What a person does with the page, and when the page has answered: never a pause, always a condition."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect


def card(page: Page, block: str) -> Locator:
    """The card of a block."""
    return page.locator(f'[data-block="{block}"]')


def answered(page: Page, block: str) -> Locator:
    """The card of a block, once it has its answer."""
    found = card(page, block)
    _bring(found)
    expect(found).to_have_attribute("aria-busy", "false")
    return found


def shown(page: Page) -> Locator:
    """The page that is shown."""
    return page.locator(".page:not([hidden])")


def all_answered(page: Page) -> None:
    """Every card of the page has its answer, also those below the window."""
    expect(shown(page).locator("h1")).to_be_visible()
    cards = shown(page).locator(".card")
    expect(cards.first).to_be_attached()  # they are asked for when the page is opened
    for place in range(cards.count()):
        _bring(cards.nth(place))
        expect(cards.nth(place)).to_have_attribute("aria-busy", "false")
    page.evaluate("window.scrollTo(0, 0)")


def go_to(page: Page, name: str) -> None:
    """Follow the link to a page, which a narrow screen may keep in its sheet."""
    link = page.locator(f'nav a[data-go="{name}"]')
    if not link.is_visible():
        page.locator(".opens-rest").click()
    link.click()
    expect(page.locator(f'.page[data-page="{name}"]')).to_be_visible()


def fitted(page: Page) -> None:
    """Every chart that is shown has been drawn as wide as its place; the window may just have changed."""
    page.wait_for_function(
        """() => [...document.querySelectorAll(".page:not([hidden]) .js-plotly-plot")].every((chart) => {
          const drawn = chart.querySelector(".main-svg");
          return drawn && Math.abs(drawn.getBoundingClientRect().width - chart.clientWidth) <= 1;
        })"""
    )


def drawn(page: Page, block: str) -> Locator:
    """The chart of a block, once plotly.js has drawn it."""
    chart = answered(page, block).locator(".js-plotly-plot")
    expect(chart.locator(".main-svg").first).to_be_attached()
    return chart


def choose_period(page: Page, name: str) -> None:
    """Click a period as a person does: on its words."""
    page.locator("#period label", has=page.locator(f'xpath=preceding-sibling::input[@value="{name}"]')).click()


def days(text: str) -> re.Pattern[str]:
    """`6–12 Mar 2025` with whatever white space a version of the CLDR sets around its dash and between its words."""
    return re.compile(r"\s+".join(map(re.escape, text.split())).replace("–", r"\s*–\s*"))


def asked(page: Page) -> dict[str, str]:
    """The parts of the address."""
    return {name: texts[0] for name, texts in parse_qs(urlsplit(page.url).query).items()}


def _bring(found: Locator) -> None:
    """Scroll to it. Playwright's own way waits for an element that has not moved for two frames."""
    found.evaluate("element => element.scrollIntoView({block: 'center'})")
