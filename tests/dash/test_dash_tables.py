"""What tables, files and pictures say of their numbers: whose, of which days, whence, in which units."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page as Opened
from pymongo.database import Database

from dash_app.kit.address import view_of
from dash_app.kit.blocks import Block, Page, blocks_of
from dash_app.kit.download import PERCENTILE, UNITS, heads
from dash_app.kit.locale import LANGUAGES, Look, has_text
from dash_app.kit.reader import Reader
from dash_app.shell.answers import answer
from dash_app.shell.app import create_app
from dash_app.shell.pages import PAGES
from dash_app.shell.routes import table_of, written
from sync.lab.elsewhere import Elsewhere
from sync.lab.experiment import Lab
from sync.load.progress import Silence
from sync.model.clock import SystemClock
from sync.settings import DEFAULT_COLLECTIONS, load
from sync.store.connection import connect
from sync.store.ledger import Ledger
from sync.store.schema import pair
from sync.tariffs.entries import examples
from sync.tariffs.model import Tariff
from tests.dash import coverage_story
from tests.dash.fleet_views import HOUSEHOLDS, analysed, stored
from tests.dash.nordic_stores import energy, prices, weather, write
from tests.dash.readers import all_answered, card, fitted
from tests.dash.served import Served
from tests.dash.stores import TODAY
from tests.dash.test_dash_downloads import RECORD, TEXTS
from tests.fleet_rows import london_rows

MARKET_DAY = datetime(2024, 5, 31, 22, tzinfo=UTC)  # midnight of 1 June in Denmark and Norway
BLOCKS = blocks_of(PAGES)
DATA = {"hydro", "wind", "Onshore"}  # groups and types, whose names are the sources' own


@pytest.fixture(scope="module")
def everything(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A reader of a database in which every card has an answer."""
    folder = tmp_path_factory.mktemp("everything")
    with connect(mongo_uri) as client:
        database = client[f"everything_{folder.name}"]
        coverage_story.tell(database)
        analysed(stored(database, folder, london_rows(HOUSEHOLDS)))
        _nordic(database)
        reader = Reader(database, load(folder, environ={"SYNC_HOME": str(folder)}), now=lambda: TODAY)
        home = next(each for each in reader.meters() if each.source == "linky")
        Ledger(database).keep_powers(home, {TODAY.date(): 4200}, "api", TODAY)
        yield reader
        client.drop_database(database.name)


def _nordic(database: Database[Any]) -> None:
    hours = 24 * 120
    warm = [float(place % 24) + place % 5 for place in range(hours)]
    wh = [1_000_000 * round(20 + each) for each in warm]
    groups = [("elhub", "NO1", "hydro"), ("elhub", "NO1", "wind"), ("energidata", "DK1", "Onshore wind")]
    own = [energy(*names, MARKET_DAY, wh) for names in groups]
    write(database, "elhub", own[:2])
    write(database, "energidata", [own[2], prices("DK1", MARKET_DAY, [each - 3 for each in warm])])
    write(database, "weather", [weather("NO1", MARKET_DAY, warm)])


EVERYTHING = "?period=all&curve=elhub-NO1-production&fit=yes"
LABS = ("storage-lab", "storage-speed", "storage-engines", "storage-bytes")  # whose numbers only the lab knows
ELSEWHERE = ("insight-heating", "cost-solar")  # nobody heats here, no roof: test_dash_insight_heating, test_dash_solar


@pytest.mark.parametrize("block", [name for name in BLOCKS if name not in (*LABS, *ELSEWHERE)])
def test_columns_are_words_with_units(everything: Reader, block: str) -> None:
    columns_are_words_with_units(everything, block)


@pytest.mark.soak
def test_columns_of_the_lab_are_words_with_units(everything: Reader) -> None:
    own = pair(everything.database, "linky", DEFAULT_COLLECTIONS)
    assert Lab(own, ZoneInfo("Europe/Paris"), SystemClock(), Silence(), Elsewhere()).run() is not None
    for block in LABS:
        columns_are_words_with_units(everything, block)


def columns_are_words_with_units(reader: Reader, name: str) -> None:
    page, block = BLOCKS[name]
    columns = list(block.frame(reader, view_of(reader, page, EVERYTHING)).table.columns)
    assert columns
    for language in LANGUAGES:
        found = heads(columns, Look(language))
        assert len(set(found)) == len(found), found
        for column, head in zip(columns, found, strict=True):
            unit = next((unit for unit in UNITS if column == unit or column.endswith(f"_{unit}")), "")
            stem = column.removesuffix(unit).rstrip("_") if unit else column
            is_named = has_text(f"column.{column}") or has_text(f"column.{stem}") or not stem
            assert is_named or stem in DATA or PERCENTILE.fullmatch(stem), column
            assert "_" not in head, head
            assert not unit or re.search(r" \(.+\)$", head), head


@pytest.mark.parametrize("name", ["fleet-bands", "market-curve", "areas-lines", "storage-numbers", "days"])
def test_only_what_is_generated_is_called_so(everything: Reader, name: str) -> None:
    """A generated household beside London, Denmark and Norway makes none of these generated."""
    page, block = BLOCKS[name]
    is_generated = name in ("storage-numbers", "days")
    subtitle = answer(everything, page, block, "?period=all").subtitle
    assert ("GENERATED" in subtitle) is is_generated, subtitle


CELLS = (
    ("typical-week", "jours ouvrés", "weekdays"),
    ("coverage-day", "courbe de charge", "curve"),
    ("storage-numbers", "série temporelle", "timeseries"),
    ("key-figures", "consommation de base", "base load"),
    ("fleet-profile", "automne", "autumn"),
)


@pytest.mark.parametrize(("name", "word", "own"), CELLS)
def test_cells_are_words_of_the_reader_and_files_keep_the_programs(
    everything: Reader, name: str, word: str, own: str
) -> None:
    page, block = BLOCKS[name]
    table = block.frame(everything, view_of(everything, page, "?period=all")).table
    assert table.isin([own]).any(axis=None)
    said = written(table_of(everything, page, block, "?period=all&lang=fr", Look("fr"))).decode()
    assert f'"{word}"' in said
    assert f'"{own}"' not in said.replace(f'"data-key":"{own}"', "")


@pytest.mark.parametrize("tariffs", [(), examples()], ids=["the examples", "own ones"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_meter_of_another_country_is_not_priced_and_that_is_said(
    everything: Reader, language: str, tariffs: tuple[Tariff, ...]
) -> None:
    settings = everything.settings.model_copy(update={"tariffs": tariffs})
    reader = Reader(everything.database, settings, now=lambda: TODAY)
    london = next(address for series, address in reader.addresses().items() if series.source == "lcl")
    look = Look(language)
    for page, block in BLOCKS.values():
        if page.name == "cost":
            said = written(answer(reader, page, block, f"?series={london}&period=all&lang={language}").body).decode()
            assert look.text("cost.foreign") in said, block.name
            assert "€" not in said


@pytest.mark.soak
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_picture_is_named_and_holds_its_words(
    everything: Reader, serving: Callable[..., Served], open_page: Callable[..., Opened], page: Page
) -> None:
    """As nobody has zoomed, none is a part; nothing in it is cut."""
    served = serving(everything.database, app=lambda _reader, password: create_app(everything, password))
    opened = open_page(f"{served.url}/{page.name}?period=all", viewport={"width": 1280, "height": 3000})
    all_answered(opened)
    fitted(opened)
    opened.wait_for_function("() => window.Plotly")  # also where there is no chart
    opened.evaluate(RECORD)
    for block in page.blocks:
        chart = card(opened, block.name).locator(".js-plotly-plot")
        if not block.figure or not chart.count():
            continue
        with opened.expect_download() as event:
            card(opened, block.name).locator('[data-does="png"]').click()
        name = event.value.suggested_filename
        assert name.removeprefix("GENERATED_").startswith(f"{block.name}_"), name
        assert not name.endswith("_part.png"), name
        texts = {text.replace(" ", ""): is_in for text, is_in in opened.evaluate(TEXTS)}  # lines end without one
        own = [text for text in texts if "drawnon" in text or block_title(block) in text]
        assert len(own) == 2, (block.name, list(texts))
        assert all(texts[text] for text in own), own


def block_title(block: Block) -> str:
    return Look("en").text(block.title).replace(" ", "")
