"""The range of every view is cut to what is stored, whatever the address asks for."""

from __future__ import annotations

import re
from datetime import date

import pytest
import requests

from dash_app.consumption.page import PAGE as CONSUMPTION
from dash_app.kit.address import LATE, LONGEST_EMPTY, period_in, scope_of, view_of
from dash_app.kit.blocks import Page
from dash_app.kit.view import Extent, Scope
from dash_app.shell.pages import PAGES
from tests.dash.served import PATIENCE, Served

FIRST, END, TODAY = date(2023, 3, 13), date(2025, 3, 10), date(2025, 3, 13)
STORED = Extent(FIRST, END)
EVERYTHING = "period=own&from=1990-01-01&to=2099-12-31"

RANGES = {
    "110 years": ("own", "1990-01-01", "2099-12-31", "own", FIRST, TODAY),
    "110 years by another name": ("year", "1990-01-01", "2099-12-31", "own", FIRST, TODAY),
    "days within": ("own", "2024-05-03", "2024-05-05", "own", date(2024, 5, 3), date(2024, 5, 6)),
    "the first day and before": ("own", "2020-01-01", "2023-03-13", "own", FIRST, date(2023, 3, 14)),
    "the days that are late": ("own", "2025-03-01", "2025-12-31", "own", date(2025, 3, 1), TODAY),
    "only days that are late": ("own", "2025-03-11", "2025-03-12", "own", date(2025, 3, 11), TODAY),
    "nothing of it": ("own", "1990-01-01", "2020-01-01", "own", date(1990, 1, 1), date(1990, 1, 1) + LONGEST_EMPTY),
    "nothing to come": ("own", "2030-01-01", "2030-01-02", "own", date(2030, 1, 1), date(2030, 1, 3)),
    "a calendar month stays whole": ("month", "2025-03-01", "2025-03-31", "month", date(2025, 3, 1), date(2025, 4, 1)),
}


@pytest.mark.parametrize("case", RANGES)
def test_a_range_is_cut(case: str) -> None:
    period, first, last, name, start, end = RANGES[case]
    found = period_in({"period": period, "from": first, "to": last}, CONSUMPTION, Scope(STORED, TODAY))
    assert found == (name, start, end)


def test_a_range_over_nothing_is_no_longer_than_a_year() -> None:
    asked = {"period": "own", "from": "1990-01-01", "to": "2099-12-31"}
    assert period_in(asked, CONSUMPTION, Scope(Extent(), TODAY)) == (
        "own",
        date(1990, 1, 1),
        date(1990, 1, 1) + LONGEST_EMPTY,
    )
    old = Extent(FIRST, date(2024, 1, 1))
    assert period_in(asked, CONSUMPTION, Scope(old, TODAY)) == ("own", FIRST, date(2024, 1, 1) + LATE)


@pytest.mark.parametrize("page", [page for page in PAGES if page.has_period], ids=lambda page: page.name)
def test_no_page_asks_for_more_than_is_stored(served: Served, page: Page) -> None:
    stored = scope_of(served.reader, page, {}).extent
    assert view_of(served.reader, page, EVERYTHING).length <= (
        (stored.end - stored.first).days if stored.first and stored.end else LONGEST_EMPTY.days
    )
    for block in page.blocks:
        card = requests.get(f"{served.url}/card/{block.name}?{EVERYTHING}", timeout=PATIENCE)
        assert card.status_code == 200
        assert not re.search(r"\b(19|20[013-9])\d\d", card.json()["subtitle"] or "") or not stored.first, block.name
        if block.has_csv and stored.first:
            file = requests.get(f"{served.url}/csv/{block.name}?{EVERYTHING}", timeout=PATIENCE)
            days = re.findall(r"\d{4}-\d\d-\d\d", file.headers["Content-Disposition"])
            assert all("2023-03-13" <= day <= "2025-03-12" for day in days), block.name
            is_part = block.name == "coverage-day" or page.name == "laboratory"  # a year at most
            assert days in ([], ["2023-03-13", "2025-03-12"]) or is_part, block.name
