"""Everybody can use the page: axe finds nothing serious on a dialog, and assistive technology finds its way.

test_dash_matrix runs axe on every page, in both themes, languages and sizes.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.dash.readers import all_answered, answered
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
