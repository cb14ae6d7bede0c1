"""The coverage page: cards in both languages and themes, and what a person sees and clicks in a browser."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from playwright.sync_api import Page, expect
from plotly.utils import PlotlyJSONEncoder
from pymongo.database import Database

from dash_app.coverage.calendar import calendar_body
from dash_app.coverage.page import PAGE
from dash_app.coverage.queries import calendar_frame, runs_frame, verification_frame
from dash_app.kit.blocks import Block
from dash_app.kit.locale import Look
from dash_app.kit.reader import Reader
from dash_app.kit.view import View
from sync.settings import load
from sync.sources.linky.meter import Meter
from sync.store.schema import VERIFICATIONS
from tests.dash.coverage_story import DIFFERING_DAY, NEVER_ASKED, tell
from tests.dash.readers import answered as card
from tests.dash.readers import asked
from tests.dash.served import Served
from tests.dash.stores import ONE, TODAY, loader_of

pytestmark = pytest.mark.soak  # pages in the browser; test_dash_screens opens each of them every time

LOOKS = [Look(language, theme) for language in ("en", "fr") for theme in ("light", "dark")]
ALL = View(page="coverage", period="all", start=date(2023, 3, 13), end=date(2025, 3, 13))


def reader_of(database: Database[Any]) -> Reader:
    return Reader(database, load(Path.cwd(), {}), now=lambda: TODAY)


def drawn(block: Block, reader: Reader, look: Look, view: View = ALL) -> str:
    """A card's content as the JSON that a browser gets; a figure must be one that plotly knows."""
    frame = block.frame(reader, view)
    if frame.is_empty:
        return look.text(PAGE.text_of(block, "empty"), command="…")
    if block.figure:
        figure = block.figure(frame, look)
        go.Figure(figure)
        return json.dumps(figure)
    assert block.body is not None
    return json.dumps(block.body(frame, look), cls=PlotlyJSONEncoder, ensure_ascii=False)


def block_named(name: str) -> Block:
    return next(block for block in PAGE.blocks if block.name == name)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_card_is_drawn_in_both_languages_and_themes(
    look: Look, two_years: Database[Any], database: Database[Any]
) -> None:
    series = tell(database)
    for each in (two_years, database):
        reader = reader_of(each)
        for block in PAGE.blocks:
            text = drawn(block, reader, look)
            assert len(text) < 300_000
            assert ONE not in text
            assert series.key not in text
            assert series.key.split("~")[1][:8] not in text + block.frame(reader, ALL).table.to_csv()


def test_nothing_stored_is_a_message_on_each_card(database: Database[Any]) -> None:
    reader = reader_of(database)
    for block in PAGE.blocks:
        assert block.frame(reader, ALL).is_empty == (block.name != "coverage-calls")
        assert drawn(block, reader, Look("fr"))


def test_days_stand_in_their_week_and_weekday(two_years: Database[Any]) -> None:
    """The first square of a month in its weekday's column, the others after it."""
    _, months = calendar_body(calendar_frame(reader_of(two_years), ALL), Look("fr")).children
    columns = {month.children[0].children: month.children[2].children for month in months.children}
    assert {name: days[0].style["gridColumnStart"] for name, days in columns.items()} == {
        name: date.fromisoformat(getattr(days[0], "data-pick")).weekday() + 1 for name, days in columns.items()
    }
    assert [len(columns[name]) for name in ("févr. 2024", "févr. 2025")] == [29, 28]
    assert next(iter(columns)) == "mars 2023"
    assert getattr(columns["mars 2023"][0], "data-pick") == "2023-03-13"  # the first day that is known


def test_each_square_stands_for_its_day(database: Database[Any]) -> None:
    tell(database)
    frame = calendar_frame(reader_of(database), ALL)
    assert len(frame.table) == 365 + 366 + 365
    legend, months = calendar_body(frame, Look("en")).children
    squares = {
        getattr(square, "data-pick"): square for month in months.children for square in month.children[2].children
    }
    assert [month.children[0].children for month in months.children] == ["Jan 2025", "Feb 2025", "Mar 2025"]
    assert len(squares) == 31 + 28 + 31  # those of 2023 and 2024 are outside the history, later ones to come
    assert {squares[str(day)].className for day in NEVER_ASKED} == {"day missing"}
    assert squares[str(DIFFERING_DAY)].className == "day differs"
    assert squares["2025-03-13"].className == "day due"
    counts = Counter(square.className.removeprefix("day ") for square in squares.values())
    assert counts == {"complete": 62, "differs": 1, "partial": 1, "empty": 3, "missing": 4, "due": 19}
    assert squares["2025-01-10"].title == "Friday, 10 January 2025\npartial, fetched, 20 of 24 h\n4.00\u202fkWh"
    assert [line.children[1] for line in legend.children] == [
        "complete", "other total", "partial", "empty", "missing", "not yet due",
    ]  # fmt: skip


def test_a_stale_mirror_and_a_difference_are_said_in_words(database: Database[Any]) -> None:
    series = tell(database)
    loader_of(database).writer.mark_stale(series)
    said = {"identical": False, "missing": 3, "duplicates": 1}
    database[VERIFICATIONS].update_one({"_id": "linky"}, {"$set": said})
    reader = reader_of(database)
    english = drawn(block_named("coverage-verification"), reader, Look("en"))
    assert "consumption and consumptionTS differed (3 missing, 1 twice)" in english
    assert "linky …9991 consumption (GENERATED) waits for: " in english
    assert english.count("python -m sync repair") == 2
    french = drawn(block_named("coverage-verification"), reader, Look("fr"))
    assert "différaient (3 manquants, 1 en double)" in french


def test_documents_that_came_since_ask_for_another_comparison(database: Database[Any]) -> None:
    tell(database)
    database[VERIFICATIONS].update_one({"_id": "linky"}, {"$inc": {"regular_count": -10}})
    text = drawn(block_named("coverage-verification"), reader_of(database), Look("en"))
    assert "python -m sync verify" in text


def test_runs_and_verifications_are_there_without_any_reading(database: Database[Any]) -> None:
    database["sync_runs"].insert_one({"function": "linkyDaily", "at": TODAY, "ok": False, "error": f"no PRM {ONE}"})
    reader = reader_of(database)
    frame = runs_frame(reader, ALL)
    assert frame.table["text"].tolist() == ["no PRM …9991"]
    assert verification_frame(reader, ALL).is_empty


# --- in a browser -----------------------------------------------------------------------------------------------------


def click_day(page: Page, day: date) -> None:
    """Click on the square of a day."""
    card(page, "coverage-calendar").locator(f'[data-pick="{day}"]').click()


def figures_of(page: Page, name: str) -> dict[str, str]:
    """Key figures by label."""
    keys = card(page, name).locator(".key")
    return {key.locator(".key-label").inner_text(): key.locator(".key-figure").inner_text() for key in keys.all()}


def test_a_click_on_a_day_shows_what_is_known_of_it(served: Served, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{served.url}/coverage?period=all")
    expect(card(page, "coverage-answer").locator(".answer")).to_have_text(
        "729 of 731 days are complete; 24 hours of readings are not there."
    )
    day = card(page, "coverage-day")
    expect(day.locator(".answer")).to_have_text("Tuesday, 30 July 2024: partial, imported")
    click_day(page, date(2024, 7, 18))
    expect(day.locator(".answer")).to_have_text("Thursday, 18 July 2024: partial, imported")
    found = figures_of(page, "coverage-day")
    assert found["Covered"] == "1 of 24 h"
    assert found["Their energy"].replace("\u202f", " ") == "1,713 Wh"
    expect(day.locator("code")).to_have_text("python -m sync import FILE")
    assert asked(page)["day"] == "2024-07-18"
    click_day(page, date(2024, 10, 27))
    expect(day.locator(".answer")).to_have_text("Sunday, 27 October 2024: complete, imported")
    assert figures_of(page, "coverage-day")["Covered"] == "25 of 25 h"
    expect(day).to_contain_text("90,000 of 90,000 s")
    page.go_back()
    expect(day.locator(".answer")).to_have_text("Thursday, 18 July 2024: partial, imported")


def test_a_day_can_be_chosen_by_keyboard(served: Served, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{served.url}/coverage?period=all")
    day = card(page, "coverage-day")
    field = day.get_by_role("textbox", name="Day")
    expect(field).to_have_attribute("placeholder", "30 Jul 2024")
    assert "day" not in asked(page)
    field.fill("31 Mar 2024")
    field.press("Enter")
    field.press("Tab")
    expect(day.locator(".answer")).to_have_text("Sunday, 31 March 2024: complete, imported")
    assert figures_of(page, "coverage-day")["Covered"] == "23 of 23 h"


def test_every_problem_stands_there_with_its_command(
    database: Database[Any], serving: Callable[..., Served], open_page: Callable[..., Page]
) -> None:
    tell(database)
    page = open_page(f"{serving(database, meters=(Meter(ONE, 't'),)).url}/coverage?period=all&lang=fr&theme=dark")
    rows = card(page, "coverage-problems").locator("tbody tr")
    expect(rows).to_have_count(7)
    expect(rows.nth(1)).to_contain_text("12 mars 2025\u202f: demandé, l’API n’avait rien.")
    expect(rows.nth(1).locator("code")).to_have_text(
        "python -m sync backfill --since 2025-03-12 --until 2025-03-13 --again"
    )
    expect(card(page, "coverage-runs").locator("tbody tr")).to_have_count(3)
    expect(card(page, "coverage-runs")).to_contain_text("échoué")
    expect(card(page, "coverage-calls")).to_contain_text("0 sur 25")
    expect(card(page, "coverage-ledger").locator("tbody tr")).to_have_count(9)
    expect(card(page, "coverage-verification")).to_contain_text("étaient identiques le 13 mars 2025 10:00")


def test_times_are_those_of_the_meter_s_zone() -> None:
    """09:00 UTC of the day before the summer time is 10:00, the day after it 11:00."""
    from dash_app.coverage.page import local
    from sync.model.localtime import PARIS

    moments = [datetime.fromisoformat(f"2025-03-{day}T09:00:00+00:00") for day in (29, 30)]
    assert [local(moment, PARIS, Look("en"))[-5:] for moment in moments] == ["10:00", "11:00"]
