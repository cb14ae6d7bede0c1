"""Pictures of every page at two sizes, to be looked at: in the folder SCREENS, else in one of the test."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.dash.boxes import odd_boxes
from tests.dash.pages_of_meters import OF_METERS
from tests.dash.readers import all_answered, fitted, go_to
from tests.dash.served import Served

Open = Callable[..., Page]
SIZES = {"wide": (1280, 900, "light", "en"), "narrow": (375, 812, "dark", "fr")}


@pytest.mark.parametrize("size", SIZES)
def test_screens(served: Served, open_page: Open, tmp_path: Path, size: str) -> None:
    folder = Path(os.environ.get("SCREENS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    width, height, theme, language = SIZES[size]
    page = open_page(
        f"{served.url}/{OF_METERS[0].name}?theme={theme}&lang={language}", viewport={"width": width, "height": height}
    )
    for each in OF_METERS:
        go_to(page, each.name)
        all_answered(page)
        fitted(page)
        file = folder / f"{each.name}-{size}.png"
        page.screenshot(path=file, full_page=True)
        assert file.stat().st_size > 20_000
        assert odd_boxes(page) == []
