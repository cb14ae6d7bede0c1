"""What the fleet's page says of many homes together, against computations of the test's own."""

from __future__ import annotations

import os
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from pymongo.database import Database

from dash_app.fleet import queries_insight
from dash_app.fleet.page import PAGE
from dash_app.kit.blocks import Frame
from dash_app.kit.locale import Look
from dash_app.kit.reader import Reader
from sync.insight.cards import FEWEST_DAYS
from sync.insight.experts import Days
from sync.insight.forecast import replay
from sync.insight.holidays import free_days, weekdays
from sync.insight.unusual import messages
from sync.store.connection import connect
from tests.dash.fleet_views import BLOCKS, analysed, stored, view_of
from tests.dash.readers import answered, drawn
from tests.dash.served import Served, serve
from tests.dash.views import reader_of
from tests.fleet_rows import HALF, LONDON, Rows, groups_of, identity

Real = NDArray[np.float64]
Open = Callable[..., Page]

HOMES, DAYS, STEP = 14, 98, 70
FIRST = date(2012, 10, 1)  # a Monday; the clock changes on the 28th
END = FIRST + timedelta(days=DAYS)
NOW = datetime(2013, 1, 7, 9, tzinfo=UTC)
HOURS = (8, 13, 19, 23)
STABILITY = re.compile(r"(?:stable|here:) ([\d.,−–-]+)$")
EN = Look("en")


def habits() -> tuple[Real, Real]:
    """([homes, 4] shares, [4, 7, 48] usual days): on weekends an hour later."""
    random = np.random.default_rng(4)
    slot = np.arange(48) / 2
    days = np.array(
        [[np.exp(-(((slot - hour - (day > 4)) / 1.6) ** 2)) for day in range(7)] for hour in HOURS], dtype=np.float64
    )
    return random.dirichlet([0.8] * 4, HOMES), days + 0.08


def rows_of_homes() -> Rows:
    """Each home lives by its own mixture; half of them have 300 W more from a day on."""
    random = np.random.default_rng(5)
    shares, days = habits()
    start = datetime.combine(FIRST, time(), LONDON).astimezone(UTC)
    end = datetime.combine(END, time(), LONDON).astimezone(UTC)
    moments = [start + HALF * step for step in range((end - start) // HALF)]
    local = [moment.astimezone(LONDON) for moment in moments]
    place = np.array([(each.weekday(), each.hour * 2 + each.minute // 30) for each in local])
    later = np.array([(each.date() - FIRST).days >= STEP for each in local])
    rows = {}
    for home in range(HOMES):
        usual = np.tensordot(shares[home], days, 1)[place[:, 0], place[:, 1]]
        wh = 400 * usual * random.gamma(8, 1 / 8, len(usual)) + 150 * later * (home % 2)
        rows[identity(home)] = {moment: int(value) for moment, value in zip(moments, wh, strict=True)}
    return rows


def grid(readings: dict[datetime, int]) -> Real:
    """[days, 48] by the wall clock, the doubled hour as the mean of both."""
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    for moment, wh in readings.items():
        local = moment.astimezone(LONDON)
        found[(local.date() - FIRST).days, local.hour * 2 + local.minute // 30].append(wh)
    wh = np.full((DAYS, 48), np.nan)
    for (day, slot), values in found.items():
        wh[day, slot] = np.mean(values)
    return wh


@pytest.fixture(scope="module")
def rows() -> Rows:
    return rows_of_homes()


@pytest.fixture(scope="module")
def fleet(mongo_uri: str, rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database[Any]]:
    """Analysed homes."""
    with connect(mongo_uri) as client:
        database = client[f"test_{uuid.uuid4().hex[:12]}"]
        analysed(stored(database, tmp_path_factory.mktemp("tables"), rows))
        yield database
        client.drop_database(database.name)


@pytest.fixture(scope="module")
def reader(fleet: Database[Any], tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return reader_of(fleet, tmp_path_factory.mktemp("home"), now=lambda: NOW)


def asked(reader: Reader, block: str, first: date = FIRST, last: date = END - timedelta(days=1), **more: str) -> Frame:
    return BLOCKS[block].frame(reader, view_of(first, last, **more))


# --- the day ahead ----------------------------------------------------------------------------------------------------


def ahead_by_hand(rows: Rows, days: int, among: list[str]) -> tuple[dict[str, float], Any]:
    """Errors by half-hour of the three ways, and the replay, of the sum of so many days."""
    wh = np.sum([grid(rows[home]) for home in among], axis=0)[:days]
    calendar = [FIRST + timedelta(days=step) for step in range(days + 1)]
    told = replay(Days(wh[None], free_days(calendar, LONDON), weekdays(calendar)), 1, ahead=1)
    came, energy = wh[14:], wh[14:].sum()
    said = {"forecast": told.wh[0, 14:days], "week": wh[7:-7], "median": told.simple[0, 14:days]}
    return {name: float(np.abs(each - came).sum() / energy) for name, each in said.items()}, told


@pytest.mark.parametrize(("days", "group"), [(DAYS, "all"), (60, "tariff=ToU")])
def test_the_day_ahead_of_the_sum(reader: Reader, rows: Rows, days: int, group: str) -> None:
    """Of any period's end, from what was known then; beside it what came, if it has."""
    among = [identity(place) for place in range(HOMES) if group == "all" or groups_of(place)["tariff"] == "ToU"]
    among = among if group == "all" else [each for each in among if each in [identity(place) for place in range(11)]]
    errors, told = ahead_by_hand(rows, days, among)
    frame = asked(reader, "fleet-ahead", last=FIRST + timedelta(days=days - 1), group=group)
    found = frame.notes["ahead"]
    assert (found.day, found.homes, found.days) == (FIRST + timedelta(days=days), len(among), days - 14)
    assert {name: each.half_hours for name, each in found.errors.items()} == pytest.approx(errors, rel=1e-6)
    assert found.total == pytest.approx(told.total[0, -1])
    assert frame.table["forecast_kwh"].to_numpy() == pytest.approx(told.wh[0, -1] / 1000, abs=1e-5)
    if days < DAYS:
        came = np.sum([grid(rows[home]) for home in among], axis=0)[days]
        assert frame.table["came_kwh"].to_numpy() == pytest.approx(came / 1000)
    else:
        assert "came_kwh" not in frame.table


# --- cards of homes ---------------------------------------------------------------------------------------------------


def nearest_shares(profile: Real, shapes: Real) -> Real:
    """The non-negative mixture nearest to a profile: the best of all sets of archetypes, each by least squares."""
    best, error = np.zeros(len(shapes)), np.inf
    for count in range(1, len(shapes) + 1):
        for chosen in combinations(range(len(shapes)), count):
            weights = np.linalg.lstsq(shapes[list(chosen)].T, profile, rcond=None)[0]
            left = float(((weights @ shapes[list(chosen)] - profile) ** 2).sum())
            if (weights >= 0).all() and left < error:
                best, error = np.zeros(len(shapes)), left
                best[list(chosen)] = weights
    return np.asarray(best / best.sum())


def test_shares_are_the_nearest_mixtures_of_the_shapes_that_are_drawn(reader: Reader, rows: Rows) -> None:
    drawn_shapes = asked(reader, "fleet-archetypes").table
    shapes = np.array([drawn_shapes[drawn_shapes["archetype"] == each]["times_mean"].to_numpy() for each in "ABCD"])
    table = asked(reader, "fleet-shares").table.set_index("series")
    assert len(table) == HOMES
    is_weekend = np.array([(FIRST + timedelta(days=day)).weekday() > 4 for day in range(DAYS)])
    for home in rows:
        wh = grid(rows[home])
        profile = np.concatenate([np.nanmean(wh[is_weekend == kind], axis=0) for kind in (False, True)])
        by_hand = nearest_shares(profile / profile.mean(), shapes)
        assert table.loc[f"lcl-{home}-consumption"].to_numpy(dtype=float) == pytest.approx(by_hand, abs=0.02)
    planted, _ = habits()
    own = table.loc[[f"lcl-{identity(home)}-consumption" for home in range(0, HOMES, 2)]].to_numpy(dtype=float)
    likeness = np.corrcoef(own.T, planted[::2].T)[:4, 4:]
    assert np.sort(likeness.max(axis=1))[1] > 0.9  # three of four at least are those that the homes were made of


def test_skill_over_homes(reader: Reader, rows: Rows) -> None:
    by_hand = []
    for home in rows:
        wh = grid(rows[home])
        calendar = [FIRST + timedelta(days=step) for step in range(DAYS + 1)]
        told = replay(Days(wh[None], free_days(calendar, LONDON), weekdays(calendar)), 1, ahead=1).wh[0, 14:DAYS]
        by_hand.append(1 - np.abs(told - wh[14:]).mean() / np.abs(wh[7:-7] - wh[14:]).mean())
    frame = asked(reader, "fleet-skill")
    spread = frame.notes["quantiles"]["skill_week"]
    assert spread == pytest.approx({each: np.percentile(by_hand, each) for each in (10, 50, 90)})
    assert frame.table["households"].sum() == HOMES == frame.notes["counted"]
    for row in frame.table.to_dict("records"):
        inside = [100 * each for each in by_hand if row["from_pct"] <= 100 * each < row["to_pct"]]
        assert row["households"] == len(inside)


def test_messages_a_week(reader: Reader, rows: Rows) -> None:
    told: dict[date, int] = defaultdict(int)
    for home in rows:
        for message in messages(grid(rows[home]), 2):
            day = FIRST + timedelta(days=message.day)
            told[day - timedelta(days=day.weekday())] += message.day >= FEWEST_DAYS
    frame = asked(reader, "fleet-unusual")
    table = frame.table.set_index("from")
    assert table["messages"].to_dict() == {week: told[week] for week in table.index}
    assert table["messages"].sum() >= HOMES // 2  # the step of half of the homes
    assert table["messages"].idxmax() >= FIRST + timedelta(days=STEP - STEP % 7)
    first = FIRST + timedelta(days=FEWEST_DAYS)
    assert table.index[0] == first
    assert (table["households"] == HOMES).all()
    assert table["by_themselves"].to_numpy() == pytest.approx(2 / 365 * 7 * HOMES, abs=1e-3)
    week = asked(reader, "fleet-unusual", first=first, last=first + timedelta(days=6)).table
    assert week["from"].tolist() == [first]


# --- too little -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "first", "days", "group", "why"),
    [
        ("fleet-ahead", 0, 27, "all", "27 measured days before the end of the period: the day ahead needs 28"),
        ("fleet-unusual", 0, 20, "all", "What is usual is known after 42 measured days"),
        ("fleet-shares", 0, DAYS, "acorn_group=Comfortable", "2 households have readings enough for this: 8 are"),
        ("fleet-skill", 0, DAYS, "acorn_group=Comfortable", "2 households have readings enough for this: 3 are"),
        ("fleet-ahead", 0, DAYS, "acorn_group=Comfortable", "2 households have readings enough for this: 3 are"),
    ],
)
def test_too_little_is_said(reader: Reader, block: str, first: int, days: int, group: str, why: str) -> None:
    start = FIRST + timedelta(days=first)
    frame = asked(reader, block, start, start + timedelta(days=days - 1), group=group)
    assert frame.is_empty
    for language in ("en", "fr"):
        text = Look(language).text(frame.notes["empty"], command="…", **frame.notes["values"])
        assert why in text or language == "fr"


def test_homes_that_nobody_has_analysed(database: Database[Any], rows: Rows, tmp_path: Path) -> None:
    stored(database, tmp_path, {home: rows[home] for home in list(rows)[:4]})
    own = reader_of(database, tmp_path, now=lambda: NOW)
    for block in ("fleet-archetypes", "fleet-shares", "fleet-skill", "fleet-unusual"):
        frame = asked(own, block)
        assert "python -m sync analyse" in EN.text(frame.notes["empty"], command="…")
    assert len(asked(own, "fleet-ahead").table) == 48


def test_the_same_archetypes_are_computed_once(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(reader, "fleet-archetypes")
    monkeypatch.setattr(queries_insight, "archetypes_of", None)  # would fail when it was called
    assert len(asked(reader, "fleet-shares").table) == HOMES


# --- in the browser ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page_of_fleet(fleet: Database[Any]) -> Iterator[Served]:
    with serve(fleet, now=lambda: NOW) as served:
        yield served


def test_a_person_reads_the_same_numbers(page_of_fleet: Served, open_page: Open, reader: Reader, rows: Rows) -> None:
    errors, told = ahead_by_hand(rows, DAYS, list(rows))
    page = open_page(f"{page_of_fleet.url}/fleet?period=all")
    card = answered(page, "fleet-ahead")
    expect(card.locator(".answer")).to_contain_text(f"Mon 7 Jan 2013: {EN.energy(float(told.total[0, -1]))}")
    expect(card.locator(".answer")).to_contain_text("for 14 households")
    key = card.locator(".key", has_text="Error by half-hour")
    expect(key.locator(".key-figure")).to_have_text(EN.percent(errors["forecast"]))
    expect(key).to_contain_text(f"“as a week ago” {EN.percent(errors['week'])}")
    expect(key).to_contain_text(f"“as usual” {EN.percent(errors['median'])}")
    line = drawn(page, "fleet-ahead").evaluate("chart => chart.data.find(each => each.name === 'forecast').y")
    assert line == pytest.approx((told.wh[0, -1] / 1000).tolist(), abs=0.006)
    shares = asked(reader, "fleet-shares").table
    names = drawn(page, "fleet-shares").evaluate("chart => chart.layout.annotations.map(each => each.text)")
    assert len(names) == 4
    dots = drawn(page, "fleet-shares").evaluate("chart => chart.data.filter(each => each.text).map(each => each.x[0])")
    assert dots == pytest.approx([100 * shares[f"share_{each}"].median() for each in "abcd"], abs=0.01)
    found = [STABILITY.search(name) for name in names]
    assert all(found)
    spread = asked(reader, "fleet-skill").notes["quantiles"]["skill_week"]
    expect(answered(page, "fleet-skill").locator(".answer")).to_contain_text(f"forecast {EN.percent(spread[50], 0)} ")
    table = asked(reader, "fleet-unusual").table
    bars = drawn(page, "fleet-unusual").evaluate("chart => chart.data.filter(each => each.type === 'bar')")
    assert np.sum([each["y"] for each in bars], axis=0).tolist() == table["messages"].tolist()
    expect(answered(page, "fleet-unusual").locator(".answer")).to_contain_text(f": {table['messages'].max()}, where")


@pytest.mark.soak
@pytest.mark.parametrize(("width", "theme", "language"), [(1280, "light", "en"), (375, "dark", "fr")])
def test_it_looks_as_it_should(
    page_of_fleet: Served, open_page: Open, tmp_path: Path, width: int, theme: str, language: str
) -> None:
    folder = Path(os.environ.get("SCREENS") or tmp_path)
    address = f"{page_of_fleet.url}/fleet?period=all&theme={theme}&lang={language}"
    page = open_page(address, viewport={"width": width, "height": 900})
    for block in [each.name for each in PAGE.blocks if each.above or each.below]:
        drawn(page, block)
        file = folder / f"{block}-{width}.png"
        answered(page, block).screenshot(path=file)
        assert file.stat().st_size > 5_000
    drawn(page, "fleet-archetypes")
    answered(page, "fleet-archetypes").screenshot(path=folder / f"fleet-archetypes-{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
