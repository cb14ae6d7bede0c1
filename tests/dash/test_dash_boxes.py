"""That what looks for odd boxes finds them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.dash.boxes import odd_boxes

AT = "position: absolute; left: 20px; font-size: 16px; white-space: nowrap"
CUT = "width: 50px; overflow: hidden; white-space: nowrap"
REGION = '<div class="table-region" aria-label="t" style="overflow: auto"><p style="width: 600px">'
SVG = '<section class="card"><svg width="100" height="40" style="overflow: hidden">{}</svg></section>'
ODD = {
    "over each other: one | two": f'<p style="{AT}; top: 9px">one</p><p style="{AT}; top: 16px">two</p>',
    "over each other: a | b": SVG.format('<text x="20" y="20">a</text><text x="22" y="24">b</text>'),
    "out of its frame: far too long": SVG.format('<text x="70" y="20">far too long</text>'),
    "cut: a name of many letters": f'<p style="{CUT}">a name of many letters',
    "cut: a value of many letters": '<input style="width: 50px" value="a value of many letters">',
    "the page scrolls sideways: 500 of 400 px": '<p style="width: 500px; margin: 0">wide</p>',
    "a table scrolls sideways: t": REGION,
}
GOOD = {
    "lines of a paragraph": '<p style="width: 90px; line-height: 1.2">several words on several lines</p>',
    "a bar over the page": '<p>one</p><nav style="position: fixed; top: 0"><p>two</p></nav>',
    "below the edge of what scrolls": '<div style="height: 20px; overflow: auto"><p>one</p><p>two</p></div>'
    f'<p style="{AT}; top: 60px">three</p>',
    "hidden": f'<p style="{AT}; top: 9px">one</p><p style="{AT}; top: 9px; visibility: hidden">two</p>',
}


@pytest.mark.parametrize(("content", "found"), [(html, [text]) for text, html in ODD.items()], ids=ODD)
def test_odd_boxes_are_found(browser: Browser, content: str, found: list[str]) -> None:
    assert _odd(browser, content) == found


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD)
def test_good_ones_are_not(browser: Browser, content: str) -> None:
    assert _odd(browser, content) == []


def _odd(browser: Browser, content: str) -> list[str]:
    page = browser.new_page(viewport={"width": 400, "height": 300})
    page.set_content(f"<!DOCTYPE html><body style='margin: 0'>{content}</body>")
    found = odd_boxes(page)
    page.close()
    return found
