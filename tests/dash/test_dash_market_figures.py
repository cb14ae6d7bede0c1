"""Every card of both pages, in both languages and themes, is a figure that plotly accepts; nothing stored is said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymongo.database import Database

from dash_app.areas import page as areas
from dash_app.kit.locale import Look
from dash_app.market import page as market
from dash_app.shell.answers import answer, hidden_pages
from dash_app.shell.layout import shell
from dash_app.shell.pages import PAGES
from tests.dash.nordic_stores import QUARTER, energy, prices, weather, write
from tests.dash.nordic_views import LOOKS, Asked

FIRST = date(2025, 9, 1)
START = datetime(2025, 8, 31, 22, tzinfo=UTC)
DAYS = 80


@pytest.fixture
def stored(database: Database[Any]) -> Database[Any]:
    """Eighty days over the change to quarter-hours, with holes, in two areas of each country."""
    rng = np.random.default_rng(5)
    hours = 24 * DAYS
    batches = []
    for area in ("DK1", "DK2"):
        eur: list[float | None] = rng.normal(40, 50, 720).round(2).tolist()
        eur[100:130] = [None] * 30
        batches += [prices(area, START, eur), prices(area, START + timedelta(days=30), [7.5] * 96 * 50, QUARTER)]
        for group in ("Wind", "Solar A", "Solar B"):
            wh: list[int | None] = rng.integers(0, 10**9, hours).tolist()
            wh[300:310] = [None] * 10
            batches.append(energy("energidata", area, group, START, wh))
    write(database, "energidata", [*batches, prices("DE", START, [1.0, -1.0])])
    nordic = []
    for area in ("NO1", "NO5"):
        for flow, group in (("production", "hydro"), ("production", "*"), ("consumption", "cabin")):
            nordic.append(energy("elhub", area, group, START, rng.integers(0, 10**9, hours).tolist(), flow))
    write(database, "elhub", nordic)
    write(database, "weather", [weather("NO1", START, rng.normal(5, 5, hours).tolist())])
    return database


@pytest.mark.parametrize("days", [1, 7, 31, 80])
def test_all_cards(stored: Database[Any], tmp_path: Path, days: int) -> None:
    last = FIRST + timedelta(days=days - 1)
    page = Asked(stored, tmp_path, market.PAGE)
    expected = set(page.blocks) - {"market-decision"} if days == 1 else set(page.blocks)
    assert page.drawn(FIRST, last) >= expected
    assert "market-curve" in page.drawn(FIRST, last, step="hour", types="Solar", area="DE")
    page = Asked(stored, tmp_path, areas.PAGE)
    assert page.drawn(FIRST, last) >= set(page.blocks) - {"areas-rolling"}
    assert "areas-map" in page.drawn(FIRST, last, flow="consumption", colour="temperature_c", groups="cabin", lag="-12")


def test_choices_that_mean_nothing(stored: Database[Any], tmp_path: Path) -> None:
    strange = dict.fromkeys((*market.PAGE.options, *areas.PAGE.options), "';drop")
    for page in (market.PAGE, areas.PAGE):
        asked = Asked(stored, tmp_path, page)
        for name in asked.blocks:
            asked.frame(name, FIRST, FIRST + timedelta(days=40), **strange)
        asked.drawn(FIRST, FIRST + timedelta(days=40), **(strange | {"area": page.options["area"]}))


@pytest.mark.parametrize("page", [market.PAGE, areas.PAGE], ids=lambda page: page.name)
def test_nothing_stored(database: Database[Any], tmp_path: Path, page: Any) -> None:
    asked = Asked(database, tmp_path, page)
    assert asked.drawn(FIRST, FIRST + timedelta(days=30)) == set()
    assert hidden_pages(asked.reader, PAGES) == {"market", "areas", "fleet", "laboratory"}
    for look in LOOKS:
        told = answer(asked.reader, page, page.blocks[0], f"?lang={look.language}")
        assert f"python -m sync backfill --source {page.source}" in repr(told.body)
    assert shell(PAGES, page, "", Look("en"), hidden=hidden_pages(asked.reader, PAGES))


def test_in_the_navigation_where_stored(stored: Database[Any], tmp_path: Path) -> None:
    assert hidden_pages(Asked(stored, tmp_path, market.PAGE).reader, PAGES) == {"fleet"}
