"""The insight page without a browser: each number against the real file added up by hand, what is read of what is
stored, and a sentence for every meter that cannot bear a statement."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pymongo.database import Database

from dash_app.insight import page as insight
from dash_app.insight import queries
from dash_app.kit.blocks import Frame
from dash_app.kit.locale import LANGUAGES, Look
from dash_app.kit.reader import Reader
from dash_app.kit.static_html import Static
from dash_app.kit.tariffs import day_cost
from dash_app.kit.view import View
from dash_app.overview.page import lines_body
from dash_app.overview.queries import Line, lines_frame
from dash_app.shell.answers import answer
from sync.insight.cards import NAMES, analyse
from sync.insight.forecast import replay
from sync.insight.grid import Grid
from sync.insight.tomorrow import days_of
from sync.model.clock import SystemClock
from sync.model.localtime import PARIS
from sync.store.connection import connect
from sync.store.schema import CARDS
from sync.store.tempo import store_colours
from sync.tariffs.entries import examples, tariffs_from
from tests import meters_of_all_kinds as kinds
from tests.dash import by_hand
from tests.dash.views import reader_of, texts_of
from tests.fleet_rows import london_rows, store

Real = NDArray[np.float64]
DAY = timedelta(days=1)
FIRST, TODAY = date(2023, 3, 13), date(2025, 3, 13)
YEAR = 365
BLOCKS = {block.name.removeprefix("insight-"): block for block in insight.PAGE.blocks}
EN = Look("en")


@pytest.fixture(scope="module")
def by_wall(shared_data: Path) -> Real:
    """[days, 48] Wh by half-hour of the wall clock: plain loops; an hour is two halves, a doubled half their mean."""
    halves: dict[tuple[date, int], list[float]] = defaultdict(list)
    for each in by_hand.readings(shared_data):
        parts = each.seconds // 1800
        for part in range(parts):
            halves[each.day, each.second // 1800 + part].append(each.wh / parts)
    grid = np.full(((TODAY - FIRST).days, 48), np.nan)
    for (day, slot), values in halves.items():
        if slot < 48:
            grid[(day - FIRST).days, slot] = sum(values) / len(values)
    return grid


@pytest.fixture(scope="module")
def home(two_years: Database[Any], tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return reader_of(two_years, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def said(home: Reader) -> dict[str, Frame]:
    """The frames of the page as it opens, by block."""
    return {name: block.frame(home, View(page="insight")) for name, block in BLOCKS.items()}


def test_tomorrow_is_forecast_from_what_is_known_today(said: dict[str, Frame], by_wall: Real) -> None:
    """Against the half-hours and the score of every day, one after another, counted by hand."""
    value, measured = (said["tomorrow"].notes["card"][part] for part in ("value", "measured"))
    assert (value["day"], value["lead"]) == ("2025-03-14", 2)
    grid = Grid(FIRST, PARIS, by_wall)
    found = replay(days_of(grid, 2), 2, ahead=2)
    table = said["tomorrow"].table
    for column, curves in (("forecast_w", found.wh), ("low_w", found.low), ("high_w", found.high)):
        assert np.allclose(table[column], 2 * curves[0, -1], atol=1.01)  # whole Wh of a half-hour
    errors: dict[str, list[float]] = defaultdict(list)
    for place in range(len(by_wall) - YEAR, len(by_wall)):
        for slot in range(48):
            came, week = by_wall[place, slot], by_wall[place - 7, slot]
            if np.isfinite(came) and np.isfinite(week):
                errors["own"].append(abs(found.wh[0, place, slot] - came))
                errors["week"].append(abs(week - came))
                errors["median"].append(abs(found.simple[0, place, slot] - came))
                errors["inside"].append(found.low[0, place, slot] <= came <= found.high[0, place, slot])
    mean = {name: sum(each) / len(each) for name, each in errors.items()}
    assert measured["days"] == YEAR
    assert measured["mae"] == pytest.approx(mean["own"], rel=1e-6)
    assert measured["skill_week"] == pytest.approx(1 - mean["own"] / mean["week"], abs=1e-6)
    assert measured["skill_median"] == pytest.approx(1 - mean["own"] / mean["median"], abs=1e-6)
    assert measured["coverage"] == pytest.approx(mean["inside"], abs=1e-6)
    text = texts_of(insight.tomorrow_measured(said["tomorrow"], EN))
    assert f"{EN.percent(1 - mean['own'] / mean['week'], 0)} nearer than “as a week ago”" in text
    assert f"{EN.percent(1 - mean['own'] / mean['median'], 0)} nearer than “as usual”" in text
    assert f"{EN.percent(mean['inside'], 0)} of the half-hours came within their band" in text


def test_the_first_of_both_days_has_the_shorter_lead(home: Reader) -> None:
    frame = queries.tomorrow_frame(home, View(options=(("forecast", "other"),)))
    value = frame.notes["card"]["value"]
    assert (value["day"], value["lead"]) == ("2025-03-13", 1)
    assert insight.headline(frame, EN).startswith("Today, Thursday 13 March 2025: ")
    assert "until Wednesday 12 March 2025" in texts_of(insight.tomorrow_said(frame, EN))


def test_the_last_sixty_days_are_those_of_the_file(said: dict[str, Frame], shared_data: Path) -> None:
    table = said["recent"].table
    days = by_hand.by_day(by_hand.between(by_hand.readings(shared_data), TODAY - 60 * DAY, TODAY))
    assert table["local_day"].tolist() == [f"{TODAY - back * DAY}" for back in range(60, 0, -1)]
    assert table["came_kwh"].tolist() == [pytest.approx(days[day][0] / 1000, abs=0.001) for day in sorted(days)]
    inside = sum(
        low <= came <= high for came, low, high in table[["came_kwh", "low_kwh", "high_kwh"]].itertuples(index=False)
    )
    assert texts_of(insight.recent_said(said["recent"], EN)) == f"{inside} of 60 days came within the band."


def test_a_day_is_priced_by_its_half_hours(home: Reader, said: dict[str, Frame]) -> None:
    """The first example is flat; of the second each half-hour has the price of its hours, half of it where they end
    between two."""
    value, price = said["tomorrow"].notes["card"]["value"], said["tomorrow"].notes["price"]
    assert float(price.euros) == pytest.approx(value["total_wh"] / 1000 * 0.20, abs=0.005)
    assert float(price.low) == pytest.approx(value["total_low"] / 1000 * 0.20, abs=0.01)
    wh = [100.0 + place for place in range(48)]
    peak = examples()[1]
    odd = replace(peak, prices=(replace(peak.prices[0], off_peak=((0, 375), (1365, 1440))),))
    reader = Reader(home.database, home.settings.model_copy(update={"tariffs": (odd,)}), home.now)
    cheap = [1.0 if slot < 12 or slot > 45 else 0.5 if slot in {12, 45} else 0.0 for slot in range(48)]
    by_hand_eur = sum(each / 1000 * (share * 0.17 + (1 - share) * 0.21) for each, share in zip(wh, cheap, strict=True))
    found = day_cost(reader, "linky", date(2025, 3, 14), wh)
    assert found
    assert (found.tariff, float(found.euros or 0)) == (odd, pytest.approx(by_hand_eur, abs=0.005))
    assert day_cost(reader, "lcl", date(2025, 3, 14), wh) is None


def test_the_base_load_and_its_levels(said: dict[str, Frame], by_wall: Real) -> None:
    value = said["base"].notes["card"]["value"]
    bases = 2 * np.nanquantile(by_wall, 0.1, axis=1)
    now = float(np.median(bases[-28:]))
    assert value["watts"] == pytest.approx(now, rel=1e-6)
    cost = said["base"].notes["cost"]
    assert float(cost.euros) == pytest.approx(now * 8.76 * 0.20, abs=0.01)
    text = texts_of(insight.base_said(said["base"], EN))
    assert text.startswith(f"{EN.power(round(now))} run day and night: ")
    assert EN.money(float(cost.euros)) in text
    assert cost.tariff.name in text
    edges = [0, *((date.fromisoformat(step["day"]) - FIRST).days for step in value["steps"]), len(bases)]
    levels = [float(np.median(bases[low:high])) for low, high in pairwise(edges)]
    steps = [(step["before"], step["after"]) for step in value["steps"]]
    assert steps == [(pytest.approx(a), pytest.approx(b)) for a, b in pairwise(levels)]
    listed = words_of(insight.base_measured(said["base"], EN))
    assert "Since 2 June 2023: 611 W → 779 W (+168 W)" in listed
    assert "94% of the cases at 100 W" in listed


def test_what_was_unusual_is_as_large_as_it_says(said: dict[str, Frame], home: Reader, by_wall: Real) -> None:
    told = queries.told_of(_home(home), 6, ())
    assert {each.message.test for each in told} >= {"away", "base", "held", "clock"}
    bases = np.nanquantile(by_wall, 0.1, axis=1)
    active = np.nanmean(by_wall, axis=1) - bases
    for each in told:
        first, end = ((day - FIRST).days for day in (each.first, each.end))
        if each.message.test == "away":
            before = np.median(active[max(0, first - 60) : first])
            assert each.message.size == pytest.approx(1 - np.mean(active[first:end]) / before, rel=0.02)
        if each.message.test == "base":
            usual = np.median(bases[first - 28 : first])
            assert each.message.size == pytest.approx(2 * (np.median(bases[first:end]) - usual), rel=0.01)
        if each.message.test == "held":
            line = np.nan_to_num(by_wall[:end].ravel())
            held = [
                max(min(line[at - 15 : at + 1]) for at in range(day * 48, day * 48 + 48))
                for day in range(end - 29, end)
            ]
            assert each.message.size == pytest.approx(2 * (held[-1] - np.median(held[:-1])), rel=0.01)


@pytest.mark.parametrize("budget", queries.BUDGETS)
def test_a_budget_is_kept(home: Reader, budget: str) -> None:
    """Twice of it at most, over two years; a larger one tells all that a smaller one tells."""
    frames = {each: queries.unusual_frame(home, View(options=(("budget", each),))) for each in (budget, "6")}
    marks = {each: {told.mark for told in frame.notes["told"]} for each, frame in frames.items()}
    assert 0 < len(marks[budget]) <= ceil(2 * int(budget) * 731 / 365)
    assert marks[budget] <= marks["6"]
    assert all(told.message.rate <= 0.26 * int(budget) for told in frames[budget].notes["told"])
    days = sorted((told.message.test, told.first, told.end) for told in frames[budget].notes["told"])
    assert all(one[0] != other[0] or one[2] <= other[1] for one, other in pairwise(days))


def test_what_was_ours_is_marked_and_not_counted(home: Reader) -> None:
    plain = queries.unusual_frame(home, View())
    mark = plain.notes["told"][0].mark
    marked = queries.unusual_frame(home, View(options=(("ours", f"{mark},990101b"),)))
    assert [told.is_ours for told in marked.notes["told"]] == [True, *[False] * (len(plain.notes["told"]) - 1)]
    both = [insight.unusual_headline(frame.notes["told"], EN) for frame in (plain, marked)]
    assert both == [f"{len(plain.notes['told']) - less} things were unusual." for less in (0, 1)]
    assert marked.table["ours"].tolist()[0] is True


def test_a_message_stands_before_what_is_usual(home: Reader, by_wall: Real) -> None:
    told = next(each for each in queries.told_of(_home(home), 2, ()) if each.message.test == "away")
    low, high = ((day - FIRST).days for day in (told.curve.first, told.curve.end))
    assert np.allclose(told.curve.came, 2 * by_wall[low:high].ravel(), atol=0.01, equal_nan=True)
    start = (told.first - FIRST).days
    usual = 2 * np.nanmedian(by_wall[start - 28 : start], axis=0)
    assert np.allclose(told.curve.usual, np.tile(usual, high - low), atol=0.01)
    assert told.curve.window == ((start - low) * 48, (start - low + 4) * 48)


def words_of(component: Any) -> str:
    """All that it says, drawn at once or not."""
    if isinstance(component, list | tuple):
        return " ".join(map(words_of, component))
    if isinstance(component, Static):
        return words_of(component.tree)
    if isinstance(component, str):
        return component.replace("\u202f", " ").replace("\xa0", " ")
    return words_of(getattr(component, "children", None) or [])


def _home(reader: Reader, series: str = "") -> queries.Home:
    found = queries.home_of(reader, View(series=series))
    assert found
    return found


# --- meters of every kind ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def meters(mongo_uri: str) -> Iterator[Database[Any]]:
    with connect(mongo_uri) as client:
        database = client[f"test_{uuid.uuid4().hex[:12]}"]
        kinds.fill(database)
        yield database
        client.drop_database(database.name)


@pytest.fixture(scope="module")
def reader(meters: Database[Any], tmp_path_factory: pytest.TempPathFactory) -> Reader:
    now = datetime(kinds.end().year, kinds.end().month, kinds.end().day, 8, tzinfo=UTC)
    return reader_of(meters, tmp_path_factory.mktemp("meters"), now=lambda: now)


HABITS = "Only the consumption of a meter has a base load and habits"
WEEKS = "21 days are measured: a forecast needs 28"
STRANGE = {
    "weeks": {"tomorrow": WEEKS, "recent": WEEKS, "base": "21 days are measured: what is usual is known after 42"},
    "zero": {"tomorrow": "It never changed", "base": "0 W run day and night", "unusual": "Nothing was unusual."},
    "holes": {"tomorrow": "nearer than", "base": "run day and night"},
    "quarters": {"tomorrow": "nearer than", "base": "run day and night"},
    "hours": {"tomorrow": "nearer than", "base": "run day and night"},
    "generating": {"tomorrow": "nearer than", "base": HABITS, "unusual": HABITS},
    "ended": {"tomorrow": "until Tuesday 1 April 2025 is known", "recent": "days came within the band"},
}


@pytest.mark.parametrize("name", STRANGE)
def test_each_meter_has_a_page_or_a_sentence(reader: Reader, name: str) -> None:
    for block in BLOCKS.values():
        for language in LANGUAGES:
            found = answer(reader, insight.PAGE, block, f"?series={kinds.series(name).key}&lang={language}&theme=light")
            text = words_of(found.body)
            assert not re.search(r"\bnan\b|{\w+}", text)
            if language == "en" and (part := STRANGE[name].get(block.name.removeprefix("insight-"))):
                assert part in text, (block.name, text[:600])


def test_a_home_of_which_nothing_is_known_any_more(reader: Reader) -> None:
    """Its readings end two months before: what follows them is forecast, and said to be no tomorrow."""
    frame = queries.tomorrow_frame(reader, View(series=kinds.series("ended").key))
    assert insight.headline(frame, EN).startswith("Wednesday 2 April 2025: ")  # neither today nor tomorrow
    assert frame.notes["card"]["value"]["lead"] == 1


def test_a_household_of_london_has_no_price(database: Database[Any], tmp_path: Path) -> None:
    """Its days are of another clock and another money; its readings end years ago."""
    store(database, london_rows(1, days=60))
    reader = reader_of(database, tmp_path)
    frame = queries.tomorrow_frame(reader, View())
    assert frame.notes["price"] is None
    value = frame.notes["card"]["value"]
    assert (value["lead"], date.fromisoformat(value["day"])) == (1, _home(reader).grid.end)
    assert not insight.headline(frame, EN).startswith(("Today", "Tomorrow"))
    base = insight.base_said(queries.base_frame(reader, View()), EN)
    assert "€" not in words_of([insight.tomorrow_said(frame, EN), base])


def test_the_day_that_lacks_an_hour(database: Database[Any], tmp_path: Path) -> None:
    """30 March 2025 has 46 half-hours, and a total of 23 hours."""
    own = kinds.fill_with(database, "usual", kinds.curve(1, 57))
    reader = reader_of(database, tmp_path, now=lambda: datetime(2025, 3, 29, 8, tzinfo=UTC))
    assert own
    frame = queries.tomorrow_frame(reader, View())
    assert frame.notes["card"]["value"]["day"] == "2025-03-30"
    assert len(frame.table) == 46
    assert not {"02:00", "02:30"} & set(frame.table["local_time"])


# --- what is stored ---------------------------------------------------------------------------------------------------


def test_what_is_stored_is_read_while_it_is_of_the_same_readings(database: Database[Any], tmp_path: Path) -> None:
    """A base of 123 W, written into a card by hand, is shown until a reading has come."""
    own = kinds.fill_with(database, "usual", kinds.curve(1, 60))
    now = datetime(2025, 4, 2, 8, tzinfo=UTC)
    analyse(own, kinds.series("usual"), PARIS, SystemClock())
    edit = {"$set": {"value.watts": 123.0}}
    assert database[CARDS].update_one({"_id.card": "base"}, edit).modified_count == 1
    assert _base(reader_of(database, tmp_path, now=lambda: now)) == 123.0
    kinds.fill_with(database, "usual", np.concatenate([kinds.curve(1, 60), kinds.curve(2, 1)]))
    again = _base(reader_of(database, tmp_path, now=lambda: now))
    assert again > 150
    assert database[CARDS].count_documents({}) == len(NAMES)
    assert database[CARDS].find_one({"_id.card": "base"})["value"]["watts"] == 123.0  # type: ignore[index]  # not rewritten


def test_nothing_is_written(reader: Reader, meters: Database[Any]) -> None:
    names = set(meters.list_collection_names())
    for name, block in BLOCKS.items():
        assert block.frame(reader, View(series=kinds.series("usual").key)).is_empty == (name == "heating")
    assert set(meters.list_collection_names()) == names
    assert CARDS not in names


def test_the_overview_says_the_same_once_it_is_stored(database: Database[Any], tmp_path: Path) -> None:
    """Tomorrow with its band, and what was unusual in the last month: this home does not follow summer time."""
    own = kinds.fill_with(database, "usual", kinds.curve(1, 90))
    now = datetime(2025, 5, 2, 8, tzinfo=UTC)
    before = _lines(reader_of(database, tmp_path, now=lambda: now))
    assert ("unusual" in before, before["tomorrow"].found) == (False, None)
    reader = reader_of(database, tmp_path, now=lambda: now)
    assert not queries.tomorrow_frame(reader, View()).is_empty  # somebody looks before it is stored
    analyse(own, kinds.series("usual"), PARIS, SystemClock())
    lines, page = _lines(reader), queries.tomorrow_frame(reader, View())
    assert list(lines)[:2] == ["yesterday", "tomorrow"]
    value = page.notes["card"]["value"]
    assert value["day"] == "2025-05-03" == str(lines["tomorrow"].first)
    assert lines["tomorrow"].amount == value["total_wh"] / 1000
    [told] = queries.told_of(_home(reader), 2, ())
    assert [each.mark for each in lines["unusual"].found] == [told.mark]
    assert (told.message.test, told.message.size) == ("clock", 2.0)
    assert told.first <= date(2025, 4, 6) < told.end
    text = words_of(lines_body(lines_frame(reader, View()), EN))
    ends = [EN.energy(round(value[name])).replace("\u202f", " ") for name in ("total_low", "total_high")]
    assert f"between {ends[0]} and {ends[1]}" in text
    assert insight.told_text(told, EN).replace("\u202f", " ") in text
    ours = lines_frame(reader, View(options=(("ours", told.mark),))).notes["lines"]
    assert "unusual" not in {line.name for line in ours}
    late = reader_of(database, tmp_path, now=lambda: now + timedelta(days=40))
    assert not {"tomorrow"} & _lines(late).keys()  # what follows old readings is no tomorrow
    kinds.fill_with(database, "usual", np.concatenate([kinds.curve(1, 90), kinds.curve(2, 1)]))
    newer = _lines(reader_of(database, tmp_path, now=lambda: now + DAY))
    assert newer["tomorrow"].found is None  # stored, of older readings


TEMPO = [f"{colour}_{hours}" for colour in ("blue", "white", "red") for hours in ("peak", "off_peak")]


@pytest.mark.parametrize(
    ("days", "later", "is_said"),
    [(40, 0, True), (40, 1, False), (27, 0, False), (28, 0, True)],  # of readings, and since the last of them
)
def test_the_overview_says_that_tomorrow_is_not_computed(
    database: Database[Any], tmp_path: Path, days: int, later: int, is_said: bool
) -> None:
    """Where readings came from elsewhere than here, as by the functions in Atlas, nobody has stored a card."""
    kinds.fill_with(database, "usual", kinds.curve(1, days))
    now = datetime(2025, 2, 1, 8, tzinfo=UTC) + timedelta(days=days + later)
    reader = reader_of(database, tmp_path, now=lambda: now)
    assert ("tomorrow" in _lines(reader)) == is_said
    frame = lines_frame(reader, View())
    for language, text in (("en", "Not computed yet"), ("fr", "Pas encore calculé")):
        words = words_of(lines_body(frame, Look(language)))
        assert (text in words) == ("python -m sync analyse" in words) == is_said
    if is_said:
        assert _lines(reader)["tomorrow"].page == "insight"


UNPRICED: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "tempo": (
        {"kind": "tempo", "prices": [dict.fromkeys(TEMPO, "0.2") | {"standing": "1"}]},
        "Mine: no price, as the colour is not known yet (3 May 2025).",
        "Mine : pas de prix, la couleur n’est pas encore connue (3 mai 2025).",
        "Mine: no price, as the colour is not known yet (306 days).",
    ),
    "not valid any more": (
        {"kind": "flat", "prices": [{"until": "2025-05-03", "kwh": "0.25", "standing": "10"}]},
        "Mine: no price, as none of its price lists is valid on 3 May 2025.",
        "Mine : pas de prix, aucun de ses barèmes ne vaut pour 3 mai 2025.",
        "€",
    ),
}  # fmt: skip


def test_a_day_without_a_price_says_why(database: Database[Any], tmp_path: Path) -> None:
    """Colours are known until today, of sixty days: of tomorrow none is; of the year before, a night more, 306."""
    own, today = kinds.fill_with(database, "usual", kinds.curve(1, 90)), date(2025, 5, 2)
    analyse(own, kinds.series("usual"), PARIS, SystemClock())
    store_colours(database, {today - place * DAY: "blue" for place in range(61)}, datetime(2025, 5, 2, tzinfo=UTC))
    plain = reader_of(database, tmp_path, now=lambda: datetime(2025, 5, 2, 8, tzinfo=UTC))
    for entry, english, french, of_year in UNPRICED.values():
        wrong: list[str] = []
        mine = tariffs_from([entry | {"name": "Mine", "source": "my bill"}], tmp_path, wrong)
        assert not wrong
        reader = Reader(database, plain.settings.model_copy(update={"tariffs": mine}), plain.now)
        frames = lines_frame(reader, View()), queries.tomorrow_frame(reader, View())
        for language, text in (("en", english), ("fr", french)):
            for body, frame in zip((lines_body, insight.tomorrow_said), frames, strict=True):
                assert text in words_of(body(frame, Look(language))), (body, language)
        assert "€" not in insight.headline(frames[1], EN)
        assert of_year in words_of(insight.base_said(queries.base_frame(reader, View()), EN))
    store_colours(database, {today + DAY: "red"}, datetime(2025, 5, 2, 9, tzinfo=UTC))
    mine = tariffs_from([UNPRICED["tempo"][0] | {"name": "Mine", "source": "my bill"}], tmp_path, [])
    reader = Reader(database, plain.settings.model_copy(update={"tariffs": mine}), plain.now)
    assert "€" in insight.headline(queries.tomorrow_frame(reader, View()), EN)


def _lines(reader: Reader) -> dict[str, Line]:
    for language in LANGUAGES:
        assert words_of(lines_body(lines_frame(reader, View()), Look(language)))
    return {line.name: line for line in lines_frame(reader, View()).notes["lines"]}


def _base(reader: Reader) -> float:
    return float(queries.base_frame(reader, View()).notes["card"]["value"]["watts"])
