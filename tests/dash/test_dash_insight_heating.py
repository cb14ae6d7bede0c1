"""How much is heating: what was put into a generated home is found again; else a sentence says what is lacking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymongo.database import Database

from dash_app.insight.heating import heating_figure, heating_frame, heating_measured, heating_said
from dash_app.insight.page import PAGE
from dash_app.kit.locale import LANGUAGES, Look
from dash_app.kit.reader import Reader
from dash_app.kit.view import View
from dash_app.shell.answers import answer
from sync.sources.weather.places import PLACES, Place
from tests import meters_of_all_kinds as kinds
from tests.dash.nordic_stores import weather, write
from tests.dash.test_dash_insight import words_of
from tests.dash.test_dash_tables import columns_are_words_with_units
from tests.dash.views import reader_of

DAYS, BALANCE, SLOPE = 400, 15.0, 1440.0  # Wh a day and kelvin
START = datetime(2025, 1, 31, 23, tzinfo=UTC)
NOW = START + timedelta(days=DAYS, hours=9)
DEGREES = (
    11
    - 9 * np.cos((np.arange(DAYS) + 17) / 365 * 2 * np.pi)
    + np.random.default_rng(9).normal(0, 2, DAYS)
).round(1)  # fmt: skip
BLOCK = next(block for block in PAGE.blocks if block.name == "insight-heating")


def heated() -> np.ndarray[Any, np.dtype[np.int64]]:
    """A home with heating in it, evenly over each day."""
    more = SLOPE * np.maximum(BALANCE - DEGREES, 0) / 48
    return kinds.curve(1, DAYS) + np.repeat(more, 48).astype(np.int64)


def store(database: Database[Any], tmp_path: Path, wh: Any, *places: str) -> Reader:
    """A home, and the weather of these places: always the same."""
    kinds.fill_with(database, "usual", wh)
    hours = np.repeat(DEGREES, 24).tolist()
    if places:
        write(database, "weather", [weather(place, START, hours) for place in places])
    return reader_of(database, tmp_path, now=lambda: NOW)


def test_the_heating_that_was_put_in(database: Database[Any], tmp_path: Path) -> None:
    reader = store(database, tmp_path, heated(), "Nantes", PLACES[0].area)
    frame = heating_frame(reader, View())
    found, year = frame.notes["heating"], slice(-365, None)
    put_in = float((SLOPE * np.maximum(BALANCE - DEGREES[year], 0)).sum())
    assert found.balance == pytest.approx(BALANCE, abs=1)
    assert found.energy == pytest.approx(put_in, rel=0.1)
    assert found.slope == pytest.approx(SLOPE, rel=0.1)
    cold = DEGREES[year] < BALANCE - 2  # a line through the cold days, by other means
    days = heated().reshape(-1, 48)[year].sum(axis=1)
    assert found.slope == pytest.approx(-np.polyfit(DEGREES[year][cold], days[cold], 1)[0], rel=0.1)
    assert len(frame.table) == 365
    for language in LANGUAGES:
        look = Look(language)
        assert heating_figure(frame, look)["data"][0]["x"] == frame.table["temperature_c"].tolist()
        said = words_of([heating_said(frame, look), heating_measured(frame, look)])
        assert look.percent(found.share, 0).replace("\u202f", " ") in said
    columns_are_words_with_units(reader, "insight-heating")
    assert "The year before cannot be compared" in words_of(heating_said(frame, Look("en")))


def test_of_several_places_the_one_that_is_set(database: Database[Any], tmp_path: Path) -> None:
    reader = store(database, tmp_path, heated(), "Nantes", "Lyon")
    for name, is_there in (("Lyon", True), ("Nice", False)):
        settings = reader.settings.model_copy(update={"weather_place": Place(name, name, 45.76, 4.84)})
        frame = heating_frame(Reader(database, settings, now=lambda: NOW), View())
        assert frame.is_empty is not is_there


LACKING = {
    "no weather": ((), heated(), "No temperature of this meter’s place is stored"),
    "only areas": ((PLACES[0].area,), heated(), "No temperature of this meter’s place is stored"),
    "which of two": (("Nantes", "Lyon"), heated(), "No temperature of this meter’s place is stored"),
    "no heating": (("Nantes",), kinds.curve(1, DAYS), "No heating seen: temperature explains"),
    "a month": (("Nantes",), heated()[: 48 * 30], "30 days have readings and a temperature"),
}


@pytest.mark.parametrize("case", LACKING)
def test_what_is_lacking_is_said(database: Database[Any], tmp_path: Path, case: str) -> None:
    places, wh, said = LACKING[case]
    reader = store(database, tmp_path, wh, *places)
    for language in LANGUAGES:
        text = words_of(answer(reader, PAGE, BLOCK, f"?lang={language}&theme=light").body)
        assert "{" not in text
        assert language != "en" or said in text
