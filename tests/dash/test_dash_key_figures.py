"""Every key figure that a person reads, in five periods, against the file added up by hand; and the base load against
the load-duration curve, for whatever is measured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.database import Database

from dash_app.consumption.key_figures import KeyFigures
from dash_app.consumption.page import key_body
from dash_app.kit.blocks import Frame
from dash_app.kit.locale import Look
from dash_app.kit.reader import Reader
from dash_app.kit.tariffs import yearly_cost
from sync.model.readings import Series
from sync.tariffs.entries import tariffs_from
from tests.dash import by_hand
from tests.dash.stores import TODAY, load_readings
from tests.dash.views import frame_of, reader_of

EN = Look("en")
DAY, YEAR = timedelta(days=1), timedelta(days=364)
LAST = date(2025, 3, 12)  # of the file, and yesterday
PERIODS = {
    "a week": (date(2025, 3, 6), LAST),
    "a month": (date(2025, 2, 11), LAST),
    "a calendar month": (date(2024, 8, 1), date(2024, 8, 31)),
    "a year": (date(2024, 1, 1), date(2024, 12, 31)),
    "with a hole": (date(2024, 7, 15), date(2024, 8, 5)),
}
MIDNIGHT = datetime(2025, 1, 5, 23, tzinfo=UTC)  # in Paris
FIRST = date(2025, 1, 6)
Every = tuple[by_hand.Local, ...]
Said = dict[str, tuple[str, str]]
"""The number and the lines under it by what the key figure is called."""


@pytest.fixture
def every(shared_data: Path) -> Every:
    return by_hand.readings(shared_data)


def said_by(frame: Frame, look: Look = EN) -> list[Said]:
    """What stands in each row of the card."""
    rows = [part.children for part in key_body(frame, look).children if part.className == "keys"]
    return [{key.children[0].children: _figure(key.children) for key in keys} for keys in rows]


def _figure(parts: Sequence[Any]) -> tuple[str, str]:
    return parts[1].children, " | ".join(line.children for line in parts[2].children)


def own(every: Every, first: date, last: date) -> list[by_hand.Local]:
    return by_hand.between(every, first, last + DAY)


def whole_days(every: Every, first: date, last: date) -> dict[date, int]:
    """Wh of the days that were measured from midnight to midnight."""
    found = by_hand.by_day(own(every, first, last))
    return {day: wh for day, (wh, seconds) in found.items() if seconds == by_hand.length(day)}


def year_before(every: Every, first: date, last: date) -> tuple[int, int, int]:
    """Wh now and then on the days that were measured whole in both years, and how many these are."""
    now, then = whole_days(every, first, last), whole_days(every, first - YEAR, last - YEAR)
    both = [day for day in now if day - YEAR in then]
    return sum(now[day] for day in both), sum(then[day - YEAR] for day in both), len(both)


# --- five periods -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PERIODS)
def test_the_row_of_the_period(two_years: Database[Any], tmp_path: Path, every: Every, name: str) -> None:
    first, last = PERIODS[name]
    some, days = own(every, first, last), (last - first).days + 1
    said = said_by(frame_of(reader_of(two_years, tmp_path), "key-figures", first, last))[0]
    assert list(said) == ["This period", "Against a year before", "Base load of the period", "Peak power of the period"]
    wh, seconds = by_hand.total(some), sum(each.seconds for each in some)
    energy, lines = said["This period"]
    covered = seconds / sum(by_hand.length(first + place * DAY) for place in range(days))
    assert energy == EN.energy(wh)
    assert f"{EN.energy(wh / days / covered)} a day" in lines
    assert ("measured" in lines) == (covered < 1) == (name in ("with a hole", "a year"))
    now, then, shared = year_before(every, first, last)
    change, lines = said["Against a year before"]
    assert change == EN.change(now / then - 1)
    assert EN.energy(then) in lines
    assert (f"on the {shared} of {days} days" in lines) == (shared < days)
    base, lines = said["Base load of the period"]
    watts = by_hand.base_load(some)
    assert base == EN.power(watts)
    under = sum(min(each.watts, watts) * each.seconds for each in some) / 3600
    assert f"{100 * under / wh:.0f}% of the energy" in lines
    assert "panels" not in lines
    assert f"€{watts * 365 * 24 / 1000 * 0.20:,.2f} a year" in lines  # the first shipped tariff: 20 cents
    assert "example prices" in lines
    peak, lines = said["Peak power of the period"]
    strongest = by_hand.peak(some)
    assert peak == EN.power(strongest.watts)
    assert EN.day(strongest.day, "EEE d MMM y") in lines
    assert f"{strongest.watts / (wh * 3600 / seconds):.1f} times the average" in lines


@pytest.mark.parametrize("name", PERIODS)
def test_the_row_of_the_newest_readings_says_so(
    two_years: Database[Any], tmp_path: Path, every: Every, name: str
) -> None:
    """Whatever the period; without what the period shows already."""
    frame = frame_of(reader_of(two_years, tmp_path), "key-figures", *PERIODS[name])
    _, newest = said_by(frame)
    lines = [part.children for part in key_body(frame, EN).children if part.className == "note"]
    assert lines == ["Now, whatever the period: readings up to 12 March 2025"]
    assert list(newest) == ["Yesterday"] + ["Last 30 days"] * (name != "a month")
    now, then, _ = year_before(every, LAST, LAST)
    assert newest["Yesterday"][0] == EN.energy(now)
    assert f"{EN.change(now / then - 1)} against Wed 13 Mar 2024 ({EN.energy(then)})" in newest["Yesterday"][1]
    if name != "a month":
        now, then, _ = year_before(every, LAST - 29 * DAY, LAST)
        assert newest["Last 30 days"][0] == EN.energy(now)
        assert f"{EN.change(now / then - 1)} against a year before" in newest["Last 30 days"][1]


@pytest.mark.parametrize("name", PERIODS)
def test_no_number_stands_there_twice(two_years: Database[Any], tmp_path: Path, name: str) -> None:
    rows = said_by(frame_of(reader_of(two_years, tmp_path), "key-figures", *PERIODS[name]))
    numbers = [figure for row in rows for figure, _ in row.values()]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("first", [date(2022, 1, 1), date(2025, 4, 1)])
def test_a_period_without_data_shows_none(two_years: Database[Any], tmp_path: Path, first: date) -> None:
    assert frame_of(reader_of(two_years, tmp_path), "key-figures", first, first + 29 * DAY).is_empty


def test_yesterday_alone_is_the_period(two_years: Database[Any], tmp_path: Path) -> None:
    period, newest = said_by(frame_of(reader_of(two_years, tmp_path), "key-figures", LAST, LAST))
    assert "a day" not in period["This period"][1]
    assert list(newest) == ["Last 30 days"]


def test_two_years_have_no_year_before(two_years: Database[Any], tmp_path: Path) -> None:
    period, _ = said_by(frame_of(reader_of(two_years, tmp_path), "key-figures", date(2023, 3, 13), LAST))
    assert period["Against a year before"] == ("not known", "the period is longer than a year")


def test_old_readings_are_not_called_now(two_years: Database[Any], tmp_path: Path) -> None:
    later = reader_of(two_years, tmp_path, now=lambda: TODAY + 200 * DAY)
    frame = frame_of(later, "key-figures", date(2025, 1, 1), date(2025, 1, 31))
    lines = [part.children for part in key_body(frame, EN).children if part.className == "note"]
    assert lines == ["The newest readings, whatever the period: up to 12 March 2025"]
    assert list(said_by(frame)[1]) == ["Last whole day", "The 30 days up to then"]


# --- the base load ----------------------------------------------------------------------------------------------------


def figures_of(reader: Reader, days: int, series: Series | None = None) -> KeyFigures:
    frame = frame_of(reader, "key-figures", FIRST, FIRST + (days - 1) * DAY, series=series)
    found: KeyFigures = frame.notes["figures"]
    return found


def day_of(low: int, heater: int = 0, evening: int = 0) -> list[int]:
    """Half-hours of Wh: a water heater from 01:00 to 05:00, a long evening."""
    return [low] * 2 + [low + heater] * 8 + [low] * 24 + [low + evening] * 14


def test_a_water_heater_in_the_night_is_no_base_load(database: Database[Any], tmp_path: Path) -> None:
    load_readings(database, MIDNIGHT, day_of(100, heater=900, evening=400) * 10)
    base = figures_of(reader_of(database, tmp_path), 10).base
    assert base is not None
    assert base.watts == 200.0


POWERS = st.sampled_from([0, 30, 31, 90, 100, 250, 1000, 3000])
NUMBERS = count(1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(POWERS, POWERS, POWERS), min_size=7, max_size=16),
    st.sets(st.integers(min_value=0, max_value=16 * 48), max_size=40),
)
def test_it_is_never_above_the_duration_curve(
    database: Database[Any], tmp_path: Path, days: list[tuple[int, int, int]], holes: set[int]
) -> None:
    """For at least a tenth of the time the power is at or below it, and for at least nine tenths at or above it."""
    wh: list[int | None] = [each for day in days for each in day_of(*day)]
    for hole in holes:
        wh[hole % len(wh)] = None
    series = load_readings(database, MIDNIGHT, wh, prm=f"9999999999{next(NUMBERS):04d}")
    reader, last = reader_of(database, tmp_path), FIRST + (len(days) - 1) * DAY
    base, shown = (
        figures_of(reader, len(days), series).base,
        frame_of(reader, "load-duration", FIRST, last, series=series),
    )
    whole = sum(None not in wh[48 * place : 48 * place + 48] for place in range(len(days)))
    assert base is not None
    assert base.watts == shown.notes["base"]
    assert (base.watts is None) == (whole < 7)
    if base.watts is None:
        return
    curve = shown.table
    above = curve[curve["at_least_w"] > base.watts]["share_of_measured_time"].max()
    assert not above > 0.9 + 1e-6  # also where nothing lies above: NaN
    powers = [2 * each for each in wh if each is not None]
    assert sum(each <= base.watts for each in powers) >= 0.1 * len(powers)
    assert sum(each >= base.watts for each in powers) >= 0.9 * len(powers)
    assert 0 <= base.share <= 1


@pytest.mark.parametrize("days", [1, 6, 7])
def test_too_few_days_make_none(database: Database[Any], tmp_path: Path, days: int) -> None:
    load_readings(database, MIDNIGHT, day_of(100, evening=400) * days)
    frame = frame_of(reader_of(database, tmp_path), "key-figures", FIRST, FIRST + (days - 1) * DAY)
    power, lines = said_by(frame)[0]["Base load of the period"]
    if days < 7:
        expected = ("not known", f"days measured from midnight to midnight: {days}; it takes at least 7")
        assert (power, lines) == expected
        assert "base load a year" not in frame.table.to_csv()
    else:
        assert power == "200\u202fW"


AWAY = {"three weeks of thirty days": 21, "two days": 2, "never": 0}


@pytest.mark.parametrize("name", AWAY)
def test_an_empty_house_is_said(database: Database[Any], tmp_path: Path, name: str) -> None:
    """What the house takes by itself is lower when everybody is away: the number stays, and says so."""
    away = AWAY[name]
    home, empty = day_of(100, evening=400), day_of(30)
    load_readings(database, MIDNIGHT - timedelta(days=60), home * (60 + 30 - away) + empty * away)
    reader = reader_of(database, tmp_path, now=lambda: MIDNIGHT + timedelta(days=30, hours=10))
    power, lines = said_by(frame_of(reader, "key-figures", FIRST, FIRST + 29 * DAY))[0]["Base load of the period"]
    assert power == ("60\u202fW" if away > 3 else "200\u202fW")
    words = "without the 21 days on which the house looks empty"
    assert (f"200\u202fW {words}" in lines) == (away == 21)


def test_panels_that_cover_the_day_are_said(database: Database[Any], tmp_path: Path) -> None:
    """The meter sees what the grid delivers: next to nothing in the sun, the base load itself in the dark."""
    in_the_sun = [150] * 20 + [10] * 12 + [150] * 16
    load_readings(database, MIDNIGHT, in_the_sun * 8)
    power, lines = said_by(frame_of(reader_of(database, tmp_path), "key-figures", FIRST, FIRST + 7 * DAY))[0][
        "Base load of the period"
    ]
    assert power == "20\u202fW"
    assert "300\u202fW from 22:00 to 05:00: by day own panels may cover a part" in lines


TEMPO = [f"{colour}_{hours}" for colour in ("blue", "white", "red") for hours in ("peak", "off_peak")]
HOURS = {"peak": "0.3", "off_peak": "0.15", "standing": 1}
TARIFFS: dict[str, tuple[dict[str, Any], float | None]] = {
    "flat": ({"kind": "flat", "prices": [{"kwh": "0.25", "standing": "10"}]}, 0.25),
    "peak": ({"kind": "peak", "off_peak_hours": ["22:00-06:00"], "prices": [HOURS]}, (16 * 0.3 + 8 * 0.15) / 24),
    "not valid then": ({"kind": "flat", "prices": [{"from": "2026-01-01", "kwh": "0.25", "standing": "10"}]}, None),
    "no season": ({"kind": "ejp", "prices": [{"normal": "0.1", "peak_day": "1.2", "standing": "1"}]}, None),
    "no colours": ({"kind": "tempo", "prices": [dict.fromkeys(TEMPO, "0.2") | {"standing": "1"}]}, None),
}

REASONS = {
    "not valid then": "Mine: no price, as none of its price lists is valid on ",
    "no season": "Mine: no price, as it is not known yet whether it is a peak day (152 days).",
    "no colours": "Mine: no price, as the colour is not known yet (366 days).",
}


@pytest.mark.parametrize("name", TARIFFS)
def test_its_yearly_cost_is_that_of_the_own_contract(database: Database[Any], tmp_path: Path, name: str) -> None:
    entry, price = TARIFFS[name]
    wrong: list[str] = []
    tariffs = tariffs_from([entry | {"name": "Mine", "source": "my bill of 2025"}], tmp_path, wrong)
    load_readings(database, MIDNIGHT, day_of(100, evening=400) * 8)
    reader = reader_of(database, tmp_path)
    reader.settings = reader.settings.model_copy(update={"tariffs": tariffs})
    lines = said_by(frame_of(reader, "key-figures", FIRST, FIRST + 7 * DAY))[0]["Base load of the period"][1]
    assert not wrong
    if price is None:
        assert "€" not in lines
        assert REASONS[name] in lines
    else:
        assert f"€{0.2 * 8760 * price:,.2f} a year if it never stops (Mine)" in lines


def test_another_countrys_meter_has_no_example_price(database: Database[Any], tmp_path: Path) -> None:
    assert yearly_cost(reader_of(database, tmp_path), "lcl", 200.0, LAST) is None
    assert yearly_cost(reader_of(database, tmp_path), "linky", 200.0, LAST) is not None
