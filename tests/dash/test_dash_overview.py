"""The page that is opened first: each number against the file added up by hand and against the page that it leads to,
what is there for whom, and what it takes."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandListener, CommandStartedEvent

from dash_app.consumption.page import PAGE as CONSUMPTION
from dash_app.cost.page import PAGE as COST
from dash_app.coverage.page import PAGE as COVERAGE
from dash_app.coverage.queries import LACKING
from dash_app.kit.address import view_of
from dash_app.kit.figures import colour, faded
from dash_app.kit.locale import Look
from dash_app.kit.reader import Reader
from dash_app.kit.thumbnail import Bars, thumbnail
from dash_app.overview.page import PAGE, lines_body, storage_body
from dash_app.overview.queries import Line, lines_frame, storage_frame
from dash_app.shell.answers import answer
from dash_app.storage.page import PAGE as STORAGE
from sync.model.readings import Series
from sync.settings import load
from tests.dash import by_hand
from tests.dash.nordic_stores import energy, write
from tests.dash.served import PATIENCE, Served
from tests.dash.stores import ONE, TODAY, load_readings, loader_of
from tests.dash.test_dash_cost_bills import halves, standing, to_the_cent
from tests.dash.views import reader_of, texts_of
from tests.r63 import expected

REAL = "21121707640844"
LAST = date(2025, 3, 12)
DAY = timedelta(days=1)
MIDNIGHT = datetime(2025, 3, 12, 23, tzinfo=UTC)  # in Paris: today begins
OTHERS = {page.name: page for page in (CONSUMPTION, COST, COVERAGE)}
LOOKS = [Look(language, theme) for language in ("en", "fr") for theme in ("light", "dark")]


def lines_of(reader: Reader, search: str = "") -> dict[str, Line]:
    """Its lines by name, each of which can be said in every language and theme."""
    frame = lines_frame(reader, view_of(reader, PAGE, search))
    for look in LOOKS:
        assert texts_of(lines_body(frame, look))
    return {line.name: line for line in frame.notes["lines"]}


def said(reader: Reader, search: str = "", look: Look = LOOKS[0]) -> str:
    """All that its two cards say."""
    view = view_of(reader, PAGE, search)
    return " | ".join(
        texts_of(body(frame(reader, view), look))
        for frame, body in ((storage_frame, storage_body), (lines_frame, lines_body))
    )


# --- numbers ----------------------------------------------------------------------------------------------------------


def bill_by_hand(shared_data: Path, first: date, last: date) -> float:
    """Under the shipped contract of peak hours, each month rounded to the cent."""
    sums: dict[str, Fraction] = defaultdict(Fraction, standing("14", first, last + DAY))
    near = (reading for reading in expected(shared_data) if reading.ts.date() >= first - DAY)
    for reading in near:
        for wall, wh in halves(reading):
            if str(first) <= wall[:10] <= str(last):
                is_cheap = wall[11:16] >= "22:30" or wall[11:16] < "06:30"
                sums[wall[:7]] += wh * Fraction("0.17" if is_cheap else "0.21") / 1000
    return float(sum(map(to_the_cent, sums.values())))


def test_each_number_is_that_of_the_file(two_years: Database[Any], tmp_path: Path, shared_data: Path) -> None:
    every = by_hand.readings(shared_data)
    found = lines_of(reader_of(two_years, tmp_path))
    assert list(found) == ["yesterday", "tomorrow", "month", "cost", "missing"]

    def kwh(first: date, last: date) -> float:
        return by_hand.total(by_hand.between(every, first, last + DAY)) / 1000

    yesterday, month = found["yesterday"], found["month"]
    assert (yesterday.first, yesterday.end) == (LAST, LAST + DAY)
    assert (yesterday.amount, yesterday.before) == (kwh(LAST, LAST), kwh(date(2024, 3, 13), date(2024, 3, 13)))
    assert (month.first, month.end) == (date(2025, 3, 1), LAST + DAY)
    assert (month.amount, month.before) == (kwh(date(2025, 3, 1), LAST), kwh(date(2024, 3, 2), date(2024, 3, 13)))
    first = LAST - 29 * DAY
    assert found["cost"].amount == bill_by_hand(shared_data, first, LAST)
    days = by_hand.by_day(every)
    whole = [date(2023, 3, 13) + place * DAY for place in range(731)]
    assert found["missing"].amount == sum(days.get(day, (0, 0))[1] < by_hand.length(day) for day in whole) == 2


def test_each_number_is_that_of_the_page_it_leads_to(two_years: Database[Any], tmp_path: Path) -> None:
    reader = reader_of(two_years, tmp_path)
    found = lines_of(reader)

    def frame(line: Line, block: int = 0) -> Any:
        page = OTHERS[line.page]
        return page.blocks[block].frame(reader, view_of(reader, page, f"?{urlencode(line.parts)}"))

    for name in ("yesterday", "month"):
        whole = frame(found[name]).notes["figures"].whole
        assert (found[name].amount, found[name].first, found[name].end) == (whole.kwh, whole.first, whole.end)
    both = frame(found["month"]).notes["figures"].both
    assert found["month"].before == both[1].kwh
    contracts = frame(found["cost"]).table
    whole_bills = contracts[contracts["unpriced_wh"] == 0]["total_eur"].astype(float)
    assert (found["cost"].amount, len(whole_bills)) == (whole_bills.min(), len(found["cost"].found["ranked"]))
    notes = frame(found["missing"]).notes
    assert found["missing"].amount == sum(notes["sums"][state] for state in LACKING) + notes["outside"]
    view = view_of(reader, PAGE, "")
    own, sizes = storage_frame(reader, view), STORAGE.blocks[0].frame(reader, view_of(reader, STORAGE, ""))
    assert own.table.equals(sizes.table)


def test_days_that_came_never_are_missing_too(two_years: Database[Any], tmp_path: Path) -> None:
    """A month after the last reading nothing is `yesterday`, and the days since then are missing."""
    later = TODAY + timedelta(days=30)
    reader = Reader(two_years, load(tmp_path, environ={"SYNC_HOME": str(tmp_path)}), now=lambda: later)
    found = lines_of(reader)
    assert list(found) == ["last_day", "month", "cost", "missing"]
    assert found["missing"].amount == 2 + 30
    text = said(reader)
    assert "What did I use on the last whole day?" in text
    assert "What did the newest 30 days cost?" in text
    assert "yesterday" not in text
    assert "30 of them before 13 Mar 2023 or after 12 Mar 2025" in text


# --- for whom ---------------------------------------------------------------------------------------------------------


def test_who_has_production_alone_reads_produced(database: Database[Any], tmp_path: Path) -> None:
    load_readings(database, MIDNIGHT - timedelta(days=40), [100] * 48 * 40, REAL, "production")
    reader = reader_of(database, tmp_path)
    assert list(lines_of(reader)) == ["yesterday", "tomorrow", "month", "missing"]
    assert "What did I produce yesterday? | 4.80\u202fkWh" in said(reader)
    assert "Qu’ai-je produit hier\u202f?" in said(reader, look=Look("fr"))
    assert "use" not in said(reader).replace("because", "")


def totals(database: Database[Any], prm: str, days: int, flow: str = "consumption") -> None:
    """Daily totals alone of the last days before TODAY: so many Wh as the day is of the month, a thousand times."""
    every = {LAST - place * DAY: 1000 * (LAST - place * DAY).day for place in range(days)}
    loader_of(database).ledger.keep_totals(Series("linky", prm, flow), every, "file", TODAY)


def test_who_has_daily_totals_alone_sees_days_and_months(database: Database[Any], tmp_path: Path) -> None:
    totals(database, REAL, 500, "production")
    totals(database, REAL, 500)
    reader = reader_of(database, tmp_path)
    found = lines_of(reader)
    assert list(found) == ["yesterday", "month", "months"]
    assert (found["yesterday"].amount, found["yesterday"].before) == (12, 13)
    assert (found["month"].amount, found["month"].before) == (sum(range(1, 13)), sum(range(2, 14)))
    year = [date(2024, 4, 1) + place * DAY for place in range((LAST - date(2024, 4, 1)).days + 1)]
    assert found["months"].amount == sum(day.day for day in year)
    assert found["months"].found["months"]["kwh"].tolist()[0] == sum(range(1, 31))
    assert not any(line.page for line in found.values())  # no page has more of them
    text = said(reader)
    assert "linky …0844 consumption: daily totals of 500 days, and no reading yet." in text
    assert "python -m sync import FILE" in text
    assert "consumption | daily" not in text


@pytest.mark.parametrize(("prm", "is_generated"), [(ONE, True), (REAL, False)])
def test_daily_totals_of_a_generated_meter_say_so(
    database: Database[Any], tmp_path: Path, prm: str, is_generated: bool
) -> None:
    totals(database, prm, 3)
    reader = reader_of(database, tmp_path)
    for block in PAGE.blocks:
        assert answer(reader, PAGE, block, "").subtitle.endswith(LOOKS[0].text("shell.generated")) is is_generated


def test_an_empty_store_has_one_message(database: Database[Any], tmp_path: Path) -> None:
    reader = reader_of(database, tmp_path)
    bodies = [answer(reader, PAGE, block, "").body for block in PAGE.blocks]
    assert len({str(body) for body in bodies}) == 1  # what two cards say is shown once
    assert "Nothing is stored yet" in str(bodies[0])


def test_areas_alone_have_no_meter(database: Database[Any], tmp_path: Path) -> None:
    write(database, "elhub", [energy("elhub", "NO1", "hydro", MIDNIGHT - timedelta(days=3), [10**6] * 48)])
    text = said(reader_of(database, tmp_path))
    assert "readings take" in text
    assert "there are areas and prices alone" in text


def test_the_household_comes_before_other_sources(database: Database[Any], tmp_path: Path) -> None:
    write(database, "elhub", [energy("elhub", "NO1", "hydro", MIDNIGHT - timedelta(days=90), [10**6] * 24 * 90)])
    load_readings(database, MIDNIGHT - timedelta(days=9), [200] * 48 * 9, REAL)
    reader = reader_of(database, tmp_path)
    assert storage_frame(reader, view_of(reader, PAGE, "")).notes["shown"].pair.source == "linky"
    assert "linky: Your 432 readings" in said(reader)


@pytest.mark.parametrize(
    ("heights", "drawn"),
    [
        ([1.0, 2.0, None, 0.0], {"grid": 1, "consumption": 2}),  # a zero is no bar, what is not known is no zero
        ([0.0], {}),
        ([], {}),
        ([3.0] * 80, {"consumption": 80}),
    ],
)
def test_a_thumbnail_draws_what_is_known(heights: list[float | None], drawn: dict[str, int]) -> None:
    for look in LOOKS:
        _, box, paths = thumbnail(look, Bars(heights, "consumption")).tree
        inks = {colour(look, "grid"): "grid", faded(look, "consumption", 1.0): "consumption"}
        assert {inks[path[1]["fill"]]: path[1]["d"].count("M") for path in paths} == drawn
        assert box["aria-hidden"] == "true"


# --- what it takes ----------------------------------------------------------------------------------------------------


class Counted(CommandListener):
    """How often each command was sent."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: Any) -> None:
        """Not counted."""

    def failed(self, event: Any) -> None:
        """Not counted."""


def test_it_asks_little(two_years: Database[Any], mongo_uri: str, tmp_path: Path) -> None:
    """Nothing is kept yet: the first reader after new readings."""
    sent = Counted()
    with MongoClient[dict[str, Any]](mongo_uri, tz_aware=True, event_listeners=[sent]) as client:
        reader = reader_of(client[two_years.name], tmp_path)
        for block in PAGE.blocks:
            assert not answer(reader, PAGE, block, "").away
    aggregated = sent.names.count("aggregate")
    assert aggregated <= 13
    assert len(sent.names) <= 65


def test_it_comes_with_the_first_answer_and_is_small(served: Served) -> None:
    """No card is asked for apart, and no chart has to be drawn."""
    given = {"Accept-Encoding": "br", "Sec-Fetch-Site": "same-origin", "Referer": f"{served.url}/"}
    found = requests.get(f"{served.url}/_dash-layout", headers=given, timeout=PATIENCE, stream=True)
    assert int(found.headers["Content-Length"]) < 12_000
    text = found.raw.read(decode_content=True).decode()
    assert text.count('"aria-busy":"false"') == len(PAGE.blocks)
    assert '"Graph"' not in text


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/", None),
        ("/?lang=fr&period=7d", None),
        ("/?log_meters=4.5&lang=fr", "/storage?log_meters=4.5&lang=fr"),
        ("/storage", None),
        ("/storage?years=3", None),
    ],
)
def test_old_addresses_lead_where_they_led(served: Served, path: str, leads_to: str | None) -> None:
    found = requests.get(served.url + path, timeout=PATIENCE, allow_redirects=False)
    assert found.status_code == (302 if leads_to else 200)
    assert found.headers.get("Location") == leads_to
