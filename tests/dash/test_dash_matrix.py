"""Every page of six states, at three widths, in both languages: nothing overlaps, is cut or scrolls sideways.

Pictures of all of them go to `.ci/out/pages`, with one of each state that shows them side by side: to be looked at.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from pymongo.database import Database

from dash_app.kit.locale import LANGUAGES
from tests.dash.boxes import odd_boxes
from tests.dash.matrix_states import STATES
from tests.dash.readers import all_answered, fitted, go_to, shown
from tests.dash.served import Served, Watch
from tests.dash.test_dash_accessibility import findings
from tests.servers import PROJECT_ROOT

Open = Callable[..., Page]
Serving = Callable[..., Served]
WIDTHS = {1440: 900, 2560: 1300, 390: 844}
PICTURES = PROJECT_ROOT / ".ci/out/pages"
THEMES = {"en": "light", "fr": "dark"}
AXE = {"en": 1440, "fr": 390}


@pytest.mark.soak
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_every_page(
    state: str, language: str, database: Database[Any], shared_data: Path, tmp_path: Path, serving: Serving,
    open_page: Open, page_errors: Watch,
) -> None:  # fmt: skip
    STATES[state].build(database, shared_data, tmp_path)
    served = serving(database, now=lambda: STATES[state].now)
    page = open_page(f"{served.url}/?lang={language}&theme={THEMES[language]}", viewport=_size(1440))
    all_answered(page)
    wrong: list[str] = []
    for name in page.locator("nav a:not([hidden])").evaluate_all("links => links.map(link => link.dataset.go)"):
        page.set_viewport_size(_size(1440))
        go_to(page, name)
        all_answered(page)
        for width in WIDTHS:
            page.set_viewport_size(_size(width))
            wrong += [f"{name}, {width} px: {each}" for each in looked_at(page, f"{state}-{language}-{name}-{width}")]
            if width == AXE[language]:
                wrong += [f"{name}, {width} px: {each}" for each in findings(page)]
    side_by_side(page, f"{state}-{language}")
    assert not wrong, "\n".join(wrong)


def looked_at(page: Page, picture: str) -> list[str]:
    """A picture of the page at its width, and what is wrong with it."""
    fitted(page)
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{picture}.jpg", full_page=True, type="jpeg", quality=70)
    assert shown(page).locator(".message-bug, .message-failed").count() == 0
    return odd_boxes(page)


def side_by_side(page: Page, beginning: str) -> None:
    """One picture of all whose names begin so."""
    files = sorted(path for path in PICTURES.glob(f"{beginning}-*.jpg"))
    images = "".join(
        f'<img src="data:image/jpeg;base64,{base64.b64encode(path.read_bytes()).decode()}" height="900">'
        for path in files
    )
    other = page.context.new_page()
    other.set_viewport_size({"width": 2400, "height": 900})
    other.set_content(f'<body style="display: flex; flex-wrap: wrap; gap: 8px; margin: 8px">{images}')
    other.screenshot(path=PICTURES / f"{beginning}.jpg", full_page=True, type="jpeg", quality=70)
    other.close()


def _size(width: int) -> dict[str, int]:
    return {"width": width, "height": WIDTHS[width]}
