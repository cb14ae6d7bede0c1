"""Everybody can use the page: axe finds nothing serious on any of them, in both themes, languages and sizes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from dash_app.shell.pages import PAGES
from tests.dash.readers import all_answered, answered, shown
from tests.dash.served import Served

pytestmark = pytest.mark.soak  # pages in the browser; test_dash_screens opens each of them every time

Open = Callable[..., Page]
SERIOUS = {"serious", "critical"}


def findings(page: Page) -> list[str]:
    """What axe finds serious or worse, in words."""
    answer = Axe().run(page).response
    assert answer["passes"]
    return [
        f"{found['id']}: {node['target']}: {node['failureSummary']}"
        for found in answer["violations"]
        if found["impact"] in SERIOUS
        for node in found["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("each", PAGES, ids=lambda page: page.name)
def test_axe(served: Served, open_page: Open, each: object, theme: str) -> None:
    name = each.name  # type: ignore[attr-defined]
    narrow = theme == "dark"  # both sizes and languages are seen without doubling the time
    viewport = {"width": 375, "height": 812} if narrow else {"width": 1280, "height": 900}
    page = open_page(f"{served.url}/{name}?theme={theme}&lang={'fr' if narrow else 'en'}", viewport=viewport)
    all_answered(page)
    assert findings(page) == []
    levels = shown(page).locator("h1, h2, h3, h4, h5, h6").evaluate_all("all => all.map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_axe_with_a_dialog_open(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption?period=7d")
    answered(page, "days").locator("[data-does=table]").click()
    expect(page.get_by_role("dialog").get_by_role("table")).to_be_visible()
    assert findings(page) == []


def test_landmarks(served: Served, open_page: Open) -> None:
    page = open_page(served.url)
    all_answered(page)
    for role in ("banner", "navigation", "main"):
        expect(page.get_by_role(role)).to_have_count(1)
