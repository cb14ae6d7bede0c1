"""A household that the stand-in has made up is said to be so on every page, in every table, file and picture of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect
from pymongo.database import Database

from dash_app.kit.locale import LANGUAGES, Look
from dash_app.shell.pages import PAGES
from sync.model.readings import Series
from sync.sources.linky.meter import Meter
from sync.store.ledger import Ledger
from tests.dash.readers import card, drawn
from tests.dash.served import PATIENCE, Served
from tests.dash.stores import ONE, load_readings

REAL = "21121707640844"
START = datetime(2025, 3, 10, 23, tzinfo=UTC)
HOUSEHOLD = [page for page in PAGES if not page.source and page.name != "fleet"]
WIDE_RANGE = "period=own&from=2025-03-11&to=2025-03-12"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("prm", "is_generated"), [(ONE, True), (REAL, False)])
def test_every_card_says_it(
    database: Database[Any], serving: Callable[..., Served], prm: str, is_generated: bool, language: str
) -> None:
    load_readings(database, START, [300] * 96, prm)
    url, mark = serving(database).url, Look(language).text("shell.generated")
    for page in HOUSEHOLD:
        for block in page.blocks:
            found = requests.get(f"{url}/card/{block.name}?{WIDE_RANGE}&lang={language}", timeout=PATIENCE).json()
            assert found["subtitle"].endswith(mark) is is_generated, (block.name, found["subtitle"])
            assert found["subtitle"].count("GENERATED") <= 1, (block.name, found["subtitle"])


@pytest.mark.parametrize(("prm", "is_generated"), [(ONE, True), (REAL, False)])
def test_every_file_says_it_in_name_and_header(
    database: Database[Any], serving: Callable[..., Served], prm: str, is_generated: bool
) -> None:
    load_readings(database, START, [300] * 96, prm)
    url = serving(database).url
    for page in HOUSEHOLD:
        for block in page.blocks:
            if block.has_csv:
                found = requests.get(f"{url}/csv/{block.name}?{WIDE_RANGE}", timeout=PATIENCE)
                name, header = found.headers["Content-Disposition"], found.text.splitlines()[:1]
                assert ('filename="GENERATED_' in name) is is_generated, block.name
                assert all(each.count("GENERATED") == is_generated for each in header if each), block.name


def test_the_picker_and_the_picture_say_it(
    database: Database[Any], serving: Callable[..., Served], open_page: Callable[..., Page]
) -> None:
    load_readings(database, START, [300] * 96, ONE)
    page = open_page(f"{serving(database).url}/consumption?{WIDE_RANGE}")
    drawn(page, "load-curve")
    expect(page.locator("#series")).to_have_value(re.compile("GENERATED"))
    page.evaluate(
        """() => {
          const original = Plotly.downloadImage;
          window.drawn = [];
          Plotly.downloadImage = (given, ...more) => {
            window.drawn.push(...given.layout.annotations.slice(-2).map(({ text }) => text));
            return original(given, ...more);
          };
        }"""
    )
    with page.expect_download() as event:
        card(page, "load-curve").locator('[data-does="png"]').click()
    assert event.value.suggested_filename == "GENERATED_load-curve_linky-9991-consumption_2025-03-11_2025-03-12.png"
    title, source = page.evaluate("window.drawn")
    assert [text.replace("<br>", " ").count("GENERATED") for text in (title, source)] == [1, 1]


@pytest.mark.parametrize(
    ("meters", "told"),
    [((), "make run"), ((Meter(REAL, "", ("consumption",)),), "python -m sync backfill")],
    ids=["no meter", "a meter"],
)
def test_an_empty_place_advises_by_what_there_is(
    database: Database[Any], serving: Callable[..., Served], meters: tuple[Meter, ...], told: str
) -> None:
    url = serving(database, meters=meters).url
    text = requests.get(f"{url}/card/load-curve", timeout=PATIENCE).text
    assert told in text
    assert ("make run" in text) is (told == "make run")


def test_daily_totals_alone_are_not_nothing(database: Database[Any], serving: Callable[..., Served]) -> None:
    Ledger(database).keep_totals(Series("linky", REAL, "consumption"), {date(2025, 3, 1): 5000}, "file", START)
    for block in ("load-curve", "coverage-answer"):
        text = requests.get(f"{serving(database).url}/card/{block}", timeout=PATIENCE).text
        assert "Daily totals are stored, and no load curve" in text, block
        assert "python -m sync import FILE" in text
        assert "make run" not in text
