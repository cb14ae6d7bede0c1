"""What a person does with the page, and when the page has answered: never a pause, always a condition."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

from playwright.sync_api import Locator, Page, expect

FITTED = """selector => [...document.querySelectorAll(selector)].filter((place) => place.clientWidth).every((place) => {
  const chart = place.querySelector(".js-plotly-plot:not(.dash-graph--pending)");
  const drawn = chart?.querySelector(".main-svg");
  return drawn && Math.abs(drawn.getBoundingClientRect().width - chart.clientWidth) <= 1;
})"""
AT_REST = """() => [...document.querySelectorAll(".page:not([hidden]) .card")].every((card) => {
  const { top, bottom, width } = card.getBoundingClientRect();
  const isNear = width && bottom > -NEAR && top < innerHeight + NEAR;
  return !isNear || card.getAttribute("aria-busy") === "false";
})""".replace("NEAR", "400")  # px, as in assets/cards.js


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


def said_loud(page: Page) -> dict[str, list[str]]:
    """All that a person reads who reads titles and large letters alone: answers, and numbers with what they are."""
    found: dict[str, list[str]] = shown(page).evaluate(
        """page => Object.fromEntries([...page.querySelectorAll(".card")].map((card) => [
          card.querySelector("h2").textContent,
          [...card.querySelectorAll(".answer, .key")].map((each) => each.matches(".answer") ? each.textContent
            : `${each.querySelector(".key-label").textContent}: ${each.querySelector(".key-figure").textContent}`),
        ]))"""
    )
    return {
        title: [text.replace("\u202f", " ").replace("\xa0", " ") for text in texts] for title, texts in found.items()
    }


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
    link, rest = page.locator(f'nav a[data-go="{name}"]'), page.locator(".opens-rest")
    expect(link.or_(rest).filter(visible=True).first).to_be_visible()  # what is not there yet is not in the sheet
    if not link.is_visible():
        rest.click()
    link.click()
    expect(page.locator(f'.page[data-page="{name}"]')).to_be_visible()


def fitted(page: Page) -> None:
    """Every chart that is shown has been drawn as wide as its place; the window may just have changed."""
    page.wait_for_function(FITTED, arg=".page:not([hidden]) .dash-graph")


def drawn(page: Page, block: str) -> Locator:
    """The chart of a block, once plotly.js has drawn its answer as wide as its place."""
    chart = answered(page, block).locator(".js-plotly-plot")
    expect(chart.locator(".main-svg").first).to_be_attached()
    page.wait_for_function(FITTED, arg=f'[data-block="{block}"] .dash-graph')
    return chart


def box_of(page: Page, found: Locator) -> dict[str, float]:
    """Where an element is, in px of the window, once no answer is awaited that could move it."""
    found.scroll_into_view_if_needed()
    page.wait_for_function(AT_REST)
    fitted(page)
    box: Any = found.bounding_box()
    assert box is not None
    return dict(box)


def plot_box(page: Page, block: str) -> dict[str, float]:
    """Where a chart has its points."""
    return box_of(page, drawn(page, block).locator('.nsewdrag[data-subplot="xy"]'))


def drag(page: Page, box: dict[str, float], start: float, end: float) -> None:
    """From one place of a box to another one, in shares of its width; half-way down."""
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (start + end) / 2, middle)
    page.mouse.move(box["x"] + box["width"] * end, middle)
    page.mouse.up()


def double_click(page: Page, block: str) -> None:
    """On a chart, which takes two clicks for one double click however late the second one comes."""
    chart = drawn(page, block)
    chart.evaluate("""async (chart) => {
      chart._context.doubleClickDelay = 1e9;
      chart._mouseDownTime = -1e9;
      await Plotly.redraw(chart);
    }""")
    box = plot_box(page, block)
    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def choose_period(page: Page, name: str) -> None:
    """Click a period as a person does: on its words. Returns when the address has it."""
    page.locator("#period label", has=page.locator(f'xpath=preceding-sibling::input[@value="{name}"]')).click()
    expect(page).to_have_url(re.compile(rf"[?&]period={name}\b"))


def step(page: Page, arrow: str, first: str) -> None:
    """Follow an arrow once it leads to the period that begins on a day: until then it leads whence it did before."""
    found = page.get_by_label(arrow)
    expect(found).to_have_attribute("href", re.compile(rf"from={first}\b"))
    found.click()


def range_shown(page: Page, text: str) -> Locator:
    """The field of an own range, once the server has said what it is: a calendar that is opened before knows no day."""
    field = page.locator("#days")
    expect(field).to_have_text(days(text))
    return field


def days(text: str) -> re.Pattern[str]:
    """`6–12 Mar 2025` with whatever white space a version of the CLDR sets around its dash and between its words."""
    return re.compile(r"\s+".join(map(re.escape, text.split())).replace("–", r"\s*–\s*"))


def asked(page: Page) -> dict[str, str]:
    """The parts of the address, as the page itself knows it: `page.url` is told later."""
    return {name: texts[0] for name, texts in parse_qs(page.evaluate("location.search")[1:]).items()}


def _bring(found: Locator) -> None:
    """Scroll to it. Playwright's own way waits for an element that has not moved for two frames."""
    found.evaluate("element => element.scrollIntoView({block: 'center'})")
