"""The cost page: its frames and figures in both languages and themes, and the numbers a person reads in a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from playwright.sync_api import Page, expect
from plotly.utils import PlotlyJSONEncoder
from pymongo.database import Database

from dash_app.cost.figures import CLEAR, strengths
from dash_app.cost.page import PAGE
from dash_app.cost.queries import prices_frame
from dash_app.kit.blocks import Block, Frame
from dash_app.kit.locale import Look
from dash_app.kit.reader import Reader
from dash_app.kit.ticks import hours_text
from dash_app.kit.view import View
from dash_app.shell.app import create_app
from tests.dash.readers import answered as card
from tests.dash.served import Served
from tests.dash.stores import ONE, TODAY, load_readings
from tests.dash.test_dash_cost_bills import ALL, ENTRIES, own_bills, settings_with

pytestmark = pytest.mark.soak  # pages in the browser; test_dash_screens opens each of them every time

LOOKS = [Look(language, theme) for language in ("en", "fr") for theme in ("light", "dark")]
BARS = '.bars path:not([d="M0,0Z"])'  # without those of the legend, which stand nowhere
START = TODAY.replace(month=1, day=5, hour=23, minute=0)


def example_flat(_wall: str) -> Fraction:
    return Fraction("0.20")


def example_peak(wall: str) -> Fraction:
    return Fraction("0.17") if wall[11:16] >= "22:30" or wall[11:16] < "06:30" else Fraction("0.21")


def reader_of(database: Database[Any], folder: Path, entries: list[dict[str, Any]] | None = None) -> Reader:
    return Reader(database, settings_with(folder, entries or []), now=lambda: TODAY)


def drawn(block: Block, frame: Frame, look: Look) -> str:
    """A block's content as the JSON that a browser gets; a figure must be one that plotly knows. An empty frame is a
    message."""
    if frame.is_empty:
        command = frame.notes.get("command", "{command}")
        return look.text(frame.notes.get("empty") or "cost.empty", command=command, **frame.notes.get("values", {}))
    if block.figure:
        figure = block.figure(frame, look)
        go.Figure(figure)
        said = [part(frame, look) for part in (block.above, block.below) if part]
        return json.dumps([figure, *said], cls=PlotlyJSONEncoder, ensure_ascii=False)
    assert block.body is not None
    return json.dumps(block.body(frame, look), cls=PlotlyJSONEncoder, ensure_ascii=False)


def block_named(name: str) -> Block:
    return next(block for block in PAGE.blocks if block.name == name)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_card_is_drawn_in_both_languages_and_themes(look: Look, two_years: Database[Any], tmp_path: Path) -> None:
    for entries in (None, ENTRIES):
        reader = reader_of(two_years, tmp_path, entries)
        for block in PAGE.blocks:
            frame = block.frame(reader, ALL)
            assert frame.is_empty == (block.name in ("cost-power", "cost-solar"))  # nothing is stored, no roof
            assert len(drawn(block, frame, look)) < 100_000


def test_nothing_measured_is_an_empty_frame_and_prices_stand_there_all_the_same(
    database: Database[Any], tmp_path: Path
) -> None:
    reader = reader_of(database, tmp_path)
    for block in PAGE.blocks:
        assert block.frame(reader, ALL).is_empty == (block.frame is not prices_frame)


def test_one_reading_is_a_bill(database: Database[Any], tmp_path: Path) -> None:
    load_readings(database, START, [1000])
    reader = reader_of(database, tmp_path)
    for block in PAGE.blocks:
        for look in LOOKS:
            drawn(block, block.frame(reader, ALL), look)
    table = block_named("cost-bills").frame(reader, ALL).table
    assert table.loc[table["contract"] == "Base", "total_eur"].tolist() == ["0.65"]  # 0.20 and 14 / 31


def test_the_table_marks_what_was_not_fully_measured(two_years: Database[Any], tmp_path: Path) -> None:
    frame = block_named("cost-bills").frame(reader_of(two_years, tmp_path), ALL)
    text = drawn(block_named("cost-bills"), frame, Look("en"))
    assert text.count('"className": "hatched"') == 1
    figure: Any = block_named("cost-months").figure(frame, Look("en"))  # type: ignore[misc]
    for trace in bars_of(figure):
        hatched = [day for day, shape in zip(trace["x"], trace["marker"]["pattern"]["shape"], strict=True) if shape]
        hollow = [day for day, ink in zip(trace["x"], trace["marker"]["color"], strict=True) if ink == CLEAR]
        assert hatched == hollow == ["2023-03-01", "2024-07-01", "2025-03-01"]
    said = [each["text"] for each in figure["layout"]["annotations"]]
    assert said == ["19 of 31 days", "30 of 31 days", "12 of 31 days"]


MONTHS = {
    "one day of a month": (date(2025, 1, 31), date(2025, 2, 1), ["1 of 31 days"], False),
    "the month that goes on": (date(2025, 3, 1), date(2025, 4, 1), ["12 of 31 days"], False),
    "thirty days in two months": (date(2025, 2, 11), date(2025, 3, 13), ["18 of 28 days", "12 of 31 days"], True),
    "a whole month": (date(2025, 2, 1), date(2025, 3, 1), [], True),
}


@pytest.mark.parametrize("name", MONTHS)
def test_a_part_of_a_month_is_no_month(two_years: Database[Any], tmp_path: Path, name: str) -> None:
    """No full bar, its days in words, and no contract called the cheapest of it."""
    start, end, parts, is_named = MONTHS[name]
    reader, view = reader_of(two_years, tmp_path), replace(ALL, start=start, end=end)
    blocks = {each: block_named(f"cost-{each}") for each in ("answer", "months", "bills")}
    frames = {each: block.frame(reader, view) for each, block in blocks.items()}
    figure: Any = blocks["months"].figure(frames["months"], Look("en"))  # type: ignore[misc]
    assert [each["text"] for each in figure["layout"]["annotations"]] == parts
    for trace in bars_of(figure):
        assert [ink == CLEAR for ink in trace["marker"]["color"]] == [bool(parts)] * len(trace["x"])
    answer = drawn(blocks["answer"], frames["answer"], Look("en"))
    assert ("would have been the cheapest" in answer) == ('"the cheapest"' in answer) == is_named
    assert ("too little of a month" in answer) != is_named
    rows = [row.children for row in rows_of(blocks["bills"].body(frames["bills"], Look("en")))]  # type: ignore[misc]
    named = [row[6].children for row in rows]
    assert named == ["–" if parts else "HP/HC"] * (len(rows) - 1) + ["HP/HC" if is_named else "–"]
    assert [row[1].children for row in rows[:-1]] == [part.removesuffix(" days") for part in parts] or not parts


def bars_of(figure: Any) -> list[Any]:
    """The traces that stand for months, without those of the legend."""
    return [trace for trace in figure["data"] if trace.get("customdata")]


def rows_of(component: Any) -> list[Any]:
    """The rows of a table's body."""
    table = component.children[0].children
    rows: list[Any] = table.children[-1].children
    return rows


def test_a_contract_without_any_price_has_no_bar_and_no_amount(two_years: Database[Any], tmp_path: Path) -> None:
    """The shipped Tempo knows no colour: 14 € a month would look like a bargain."""
    frame = block_named("cost-months").frame(reader_of(two_years, tmp_path), ALL)
    figure: Any = block_named("cost-months").figure(frame, Look("en"))  # type: ignore[misc]
    assert [trace["name"] for trace in bars_of(figure)] == ["Base", "HP/HC"]
    answer = block_named("cost-answer")
    text = drawn(answer, answer.frame(reader_of(two_years, tmp_path), ALL), Look("en"))
    assert "€336" not in text
    assert "not compared: 27,370\u202fkWh without a price" in text
    assert "days without a known colour: 732 (12 Mar 2023 – 12 Mar 2025)" in text


def test_a_contract_that_begins_late_says_which_days_have_no_price(two_years: Database[Any], tmp_path: Path) -> None:
    late = ENTRIES[0] | {"prices": [{"from": "2024-02-01", "kwh": 0.2, "standing": 12}]}
    answer = block_named("cost-answer")
    text = drawn(answer, answer.frame(reader_of(two_years, tmp_path, [late]), ALL), Look("fr"))
    assert "jours sans prix valable\u202f: 325 (13 mars 2023 – 31 janv. 2024)" in text
    assert "Aucun contrat n’a de prix pour toute cette énergie" in text


def test_equal_contracts_are_said_to_be_equal(database: Database[Any], tmp_path: Path) -> None:
    load_readings(database, START, [100] * 48 * 31)
    entries = [ENTRIES[0], ENTRIES[0] | {"name": "Twin"}]
    answer = block_named("cost-answer")
    text = drawn(answer, answer.frame(reader_of(database, tmp_path, entries), ALL), Look("en"))
    assert "Base and Twin would have cost the same: €42.65." in text  # 26 and 5 days of 4.8 kWh
    bills = block_named("cost-bills")
    assert "Base = Twin" in drawn(bills, bills.frame(reader_of(database, tmp_path, entries), ALL), Look("en"))


def test_every_price_stands_there_with_its_source(two_years: Database[Any], tmp_path: Path) -> None:
    frame = prices_frame(reader_of(two_years, tmp_path, ENTRIES), ALL)
    assert len(frame.table) == 1 + 3 * 2 + 6
    assert set(frame.table["source"]) == {"invoice of 2025-02-03", "invoice of 2024-08-02", "invoice of 2024-02-05"}
    text = drawn(block_named("cost-prices"), frame, Look("en"))
    assert '"until 31 Jan 2024"' in text
    assert '"1 Feb 2024 to 31 Jul 2024"' in text
    assert '"from 1 Aug 2024"' in text
    assert "example" not in text


def test_off_peak_hours_are_written_as_on_an_invoice() -> None:
    assert hours_text(((0, 390), (1350, 1440))) == "22:30–06:30"
    assert hours_text(((90, 450), (750, 870))) == "01:30–07:30, 12:30–14:30"
    assert hours_text(((0, 120), (720, 840), (1350, 1440))) == "12:00–14:00, 22:30–02:00"


def test_strengths_run_from_full_to_faint() -> None:
    assert strengths(1) == [1]
    assert strengths(3) == [1, 0.59, 0.18]


def test_a_series_key_or_a_prm_stands_in_no_card(database: Database[Any], tmp_path: Path) -> None:
    series = load_readings(database, START, [1000] * 48)
    reader = reader_of(database, tmp_path)
    for block in PAGE.blocks:
        text = drawn(block, block.frame(reader, ALL), Look("en")) + block.frame(reader, ALL).table.to_csv()
        assert ONE not in text
        assert series.key not in text


# --- in a browser -----------------------------------------------------------------------------------------------------


def euros(amount: Decimal) -> str:
    return f"€{amount:,.2f}"


def test_a_person_reads_the_sums_of_the_file(served: Served, open_page: Callable[..., Page], shared_data: Path) -> None:
    flat = own_bills(shared_data, example_flat, "14")
    peak = own_bills(shared_data, example_peak, "14")
    sums = sum(flat.values()), sum(peak.values())
    page = open_page(f"{served.url}/cost?period=all")
    answer = card(page, "cost-answer")
    expect(answer.locator(".answer")).to_have_text(
        f"HP/HC would have been the cheapest: {euros(sums[1])}, {euros(sums[0] - sums[1])} less than Base."
    )
    rows = card(page, "cost-bills").locator("tbody tr")
    expect(rows).to_have_count(26)
    for place, month in enumerate(flat):
        cells = [text.strip() for text in rows.nth(place).locator("th, td").all_inner_texts()]
        assert cells[3:5] == [euros(flat[month]), euros(peak[month])], month
        is_part = month in ("2023-03", "2025-03")
        assert cells[6:] == (["–", "–"] if is_part else ["HP/HC", euros(flat[month] - peak[month])])
    expect(answer).to_contain_text("regulated tariff of 2025-02-01")
    expect(card(page, "cost-prices")).to_contain_text("example: regulated tariff of 2025-02-01")
    expect(card(page, "cost-prices")).to_contain_text("shared out in proportion to time")


def test_the_period_of_the_address_is_what_is_billed(
    served: Served, open_page: Callable[..., Page], shared_data: Path
) -> None:
    page = open_page(f"{served.url}/cost?period=month&from=2024-10-01&to=2024-10-31&lang=fr")
    flat = own_bills(shared_data, example_flat, "14")["2024-10"]
    peak = own_bills(shared_data, example_peak, "14")["2024-10"]
    text = card(page, "cost-answer").locator(".answer").inner_text()
    found = [Decimal(amount.replace(",", ".")) for amount in re.findall(r"([\d,]+)\s€", text)]
    assert found == [peak, flat - peak]
    expect(card(page, "cost-bills").locator("tbody tr")).to_have_count(2)


def test_bars_stand_for_the_months(served: Served, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{served.url}/cost?period=all")
    chart = card(page, "cost-months").locator(".js-plotly-plot")
    expect(chart.locator(BARS)).to_have_count(2 * 25)
    expect(chart.locator(".legendtext")).to_have_text(["Base", "HP/HC"])


def test_own_tariffs_take_the_place_of_the_examples(
    two_years: Database[Any],
    serving: Callable[..., Served],
    open_page: Callable[..., Page],
    shared_data: Path,
    tmp_path: Path,
) -> None:
    settings = settings_with(tmp_path, ENTRIES)
    page = open_page(
        serving(
            two_years,
            app=lambda reader, password: create_app(Reader(reader.database, settings, reader.now), password),
        ).url
        + "/cost?period=all"
    )
    answer = card(page, "cost-answer")
    expect(answer.locator(".key-figure")).to_have_count(6)
    expect(answer).not_to_contain_text("example")
    expect(card(page, "cost-months").locator(BARS)).to_have_count(3 * 25)


@pytest.mark.parametrize("view", [replace(ALL, start=date(2024, 7, 18), end=date(2024, 7, 19)), View(page="cost")])
def test_short_and_unset_periods_are_answered(view: View, two_years: Database[Any], tmp_path: Path) -> None:
    reader = reader_of(two_years, tmp_path, ENTRIES)
    view = view if view.end > date.min else replace(view, start=date(2025, 3, 1), end=date(2025, 3, 1) + timedelta(31))
    for block in PAGE.blocks:
        drawn(block, block.frame(reader, view), Look("en"))
