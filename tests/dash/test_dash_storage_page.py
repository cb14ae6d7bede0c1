"""The storage page as a person meets it: numbers read off the screen, sliders moved, the lab's table, both themes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect
from pymongo.database import Database

from sync.lab.experiment import Lab
from sync.load.progress import Silence
from sync.model.clock import SystemClock
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.connection import connect
from sync.store.schema import pair
from tests import r63
from tests.dash.readers import answered, box_of, drag
from tests.dash.served import Served, serve
from tests.dash.stores import load_file

pytestmark = pytest.mark.soak  # pages in the browser; test_dash_screens opens each of them every time

READINGS = 34_733
TAKEN = 2_000  # readings in the lab of these tests
PHONE = {"width": 375, "height": 812}
CARDS = ("answer", "bars", "bucket", "numbers", "projection", "fits", "lab", "speed")
COLUMNS = {"data_bytes": "Data", "storage_bytes": "Storage", "index_bytes": "Indexes", "total_bytes": "On disk"}
Open = Callable[..., Page]


def run_lab(database: Database[Any]) -> None:
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    assert Lab(own, ZoneInfo("Europe/Paris"), SystemClock(), Silence()).run(cap=TAKEN) is not None


@pytest.fixture(scope="module")
def measured_years(mongo_uri: str, shared_data: Path) -> Iterator[Database[Any]]:
    """The real two years, and a lab on a part of them."""
    with connect(mongo_uri) as client:
        database = client[f"lab_years_{uuid.uuid4().hex[:8]}"]
        load_file(database, shared_data / r63.FILE)
        run_lab(database)
        yield database
        client.drop_database(database.name)


@pytest.fixture(scope="module")
def storage(measured_years: Database[Any]) -> Iterator[Served]:
    with serve(measured_years) as page:
        yield page


def card(page: Page, name: str) -> Locator:
    return answered(page, f"storage-{name}")


def raw(database: Database[Any], name: str) -> dict[str, Any]:
    return next(database[name].aggregate([{"$collStats": {"storageStats": {}}}]))["storageStats"]


def on_disk(stats: dict[str, Any]) -> int:
    return int(stats["storageSize"] - stats["freeStorageSize"] + stats["totalIndexSize"])


def people(amount: float, language: str = "en") -> str:
    """Bytes with three significant digits, spelled here on their own."""
    units = ("B", "kB", "MB") if language == "en" else ("o", "ko", "Mo")
    power = 0 if amount < 999.5 else 1 if amount < 999_500 else 2
    if amount == 0:
        return f"0\u202f{units[0]}"
    amount /= 1000**power
    digits = 0 if amount >= 100 else 1 if amount >= 10 else 2
    text = f"{amount:.{digits}f}\u202f{units[power]}"
    return text if language == "en" else text.replace(".", ",")


def test_the_sentence_and_every_number(storage: Served, open_page: Open, measured_years: Database[Any]) -> None:
    regular, timeseries = (raw(measured_years, name) for name in ("consumption", "consumptionTS"))
    before, after = on_disk(regular), on_disk(timeseries)
    page = open_page(f"{storage.url}/storage")
    expect(card(page, "answer").locator("p.answer")).to_have_text(
        f"Your 34,733 readings take {people(after)} as a time series and {people(before)} as ordinary documents: "
        f"{100 * (1 - after / before):.1f}% less."
    )
    rows = card(page, "numbers").locator("tbody tr")
    expect(rows).to_have_count(7)
    shown = {row.locator("strong").inner_text(): row.locator("td").all_inner_texts() for row in rows.all()}
    buckets = timeseries["timeseries"]["bucketCount"]
    assert shown["Readings"][:2] == ["34,733", "34,733"]
    assert shown["Data"][:2] == [people(regular["size"]), people(timeseries["size"])]
    assert shown["Indexes"][:2] == [people(regular["totalIndexSize"]), people(timeseries["totalIndexSize"])]
    assert shown["Storage and indexes"][:2] == [people(before), people(after)]
    assert shown["Storage and indexes"][2] == f"{100 * (1 - after / before):.1f}%"
    assert float(shown["Bytes a reading"][0]) == pytest.approx(before / READINGS, rel=0.005)
    assert float(shown["Bytes a reading"][1]) == pytest.approx(after / READINGS, rel=0.005)
    assert shown["Buckets and their fill"][1] == f"{buckets} × {READINGS / buckets:.0f}"
    bars = card(page, "bars").locator(".js-plotly-plot")
    expect(bars).to_contain_text(people(regular["size"]))
    expect(bars).to_contain_text(f"−{100 * (1 - timeseries['size'] / regular['size']):.1f}%")


def test_in_french(storage: Served, open_page: Open, measured_years: Database[Any]) -> None:
    before, after = (on_disk(raw(measured_years, name)) for name in ("consumption", "consumptionTS"))
    page = open_page(f"{storage.url}/storage?lang=fr")
    percent = f"{100 * (1 - after / before):.1f}".replace(".", ",")
    expect(card(page, "answer").locator("p.answer")).to_have_text(
        f"Vos 34\u202f733 relevés occupent {people(after, 'fr')} en série temporelle et {people(before, 'fr')} en "
        f"documents ordinaires\u202f: {percent}\u202f% de moins."
    )


def test_moving_the_sliders_changes_the_words_and_the_address(storage: Served, open_page: Open) -> None:
    page = open_page(f"{storage.url}/storage")
    asked = card(page, "fits").locator("p.answer")
    expect(asked).to_have_text("1,000 meters over 10 years, a reading every 30 minutes: 175,000,000 readings.")
    card(page, "projection")
    meters = page.get_by_role("slider", name="Meters")
    meters.press("End")
    expect(asked).to_contain_text("1,000,000 meters over 10 years")
    expect(page).to_have_url(f"{storage.url}/storage?log_meters=6")
    page.get_by_role("slider", name="Years").press("Home")
    expect(asked).to_contain_text("1,000,000 meters over 1 year")
    page.locator('[data-block="storage-projection"]').get_by_text("60", exact=True).click()
    expect(asked).to_have_text("1,000,000 meters over 1 year, a reading every 60 minutes: 8,770,000,000 readings.")
    expect(card(page, "projection").locator(".js-plotly-plot")).to_contain_text("1,000,000 meters")
    address = page.url
    again = open_page(address)
    expect(card(again, "fits").locator("p.answer")).to_have_text(asked.inner_text())
    card(again, "projection")
    expect(again.get_by_role("slider", name="Meters")).to_have_attribute("aria-valuenow", "6")
    meters.press("Home")
    expect(asked).to_contain_text("1 meter over 1 year")


def test_dragging_a_slider(storage: Served, open_page: Open) -> None:
    page = open_page(f"{storage.url}/storage")
    card(page, "projection")
    track = page.locator('[data-block="storage-projection"] .mantine-Slider-track').first
    drag(page, box_of(page, track), 1 / 2, 5 / 6)
    expect(card(page, "fits").locator("p.answer")).to_contain_text("100,000 meters over 10 years")


def test_the_labs_table(storage: Served, open_page: Open, measured_years: Database[Any]) -> None:
    kept = measured_years.sync_lab.find_one({"_id": "linky"})
    assert kept is not None
    page = open_page(f"{storage.url}/storage")
    lab = card(page, "lab")
    rows, columns = lab.locator("tbody tr"), lab.locator("thead tr:last-child th").all_inner_texts()
    expect(rows).to_have_count(14)
    expect(lab).to_contain_text("the default: a trap")
    expect(lab).to_contain_text(f"2,000 of {READINGS:,} readings")
    for place, row in enumerate(kept["rows"]):
        for field, column in COLUMNS.items():
            expect(rows.nth(place).locator("th, td").nth(columns.index(column))).to_have_text(people(row[field]))
    # As numbers, not as texts: 98 kB come before 1.2 MB.
    total = lab.get_by_role("columnheader", name=COLUMNS["total_bytes"])
    first = rows.first.locator("th, td").nth(columns.index(COLUMNS["total_bytes"]))
    total.get_by_role("button").click()
    least, most = (pick(row["total_bytes"] for row in kept["rows"]) for pick in (min, max))
    expect(first).to_have_text(people(least))
    expect(total).to_have_attribute("aria-sort", "ascending")
    total.get_by_role("button").press("Enter")
    expect(first).to_have_text(people(most))
    expect(total).to_have_attribute("aria-sort", "descending")
    speed = card(page, "speed").locator(".js-plotly-plot")
    for question in ("one day", "a month by day", "a year by hour of day", "the maximum", "the last reading"):
        expect(speed).to_contain_text(question)


def test_a_lab_shows_up_while_the_page_is_open(
    database: Database[Any], serving: Callable[..., Served], shared_data: Path, open_page: Open
) -> None:
    load_file(database, shared_data / r63.FILE)
    page = open_page(f"{serving(database).url}/storage")
    expect(card(page, "lab")).to_contain_text("python -m sync compare --lab")
    speed = page.locator('[data-block="storage-speed"]')
    expect(speed).to_be_hidden()  # what it would say stands there
    run_lab(database)
    rows = page.locator('[data-block="storage-lab"] tbody tr')
    expect(rows).to_have_count(14)  # asked for with the next look at the version
    expect(speed.locator(".js-plotly-plot")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, PHONE], ids=["wide", "phone"])
def test_it_fits_the_screen(storage: Served, open_page: Open, theme: str, size: dict[str, int], tmp_path: Path) -> None:
    page = open_page(f"{storage.url}/storage?theme={theme}&lang=fr", viewport=size)
    for name in CARDS:
        found = card(page, name)
        box = found.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size["width"]
        found.screenshot(path=tmp_path / f"{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    grid = page.locator('[data-block="storage-lab"] table')
    expect(grid).to_have_css("color-scheme", theme)
