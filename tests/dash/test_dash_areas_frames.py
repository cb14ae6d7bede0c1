"""The areas page against sums by hand: Norwegian days, shares, the map, and which way a lag goes."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pymongo.database import Database

from dash_app.areas.figures import CENTRES, OUTLINES, map_figure, shares_figure
from dash_app.areas.queries import lagged, rolling_pearson
from dash_app.kit.figures import cividis
from dash_app.kit.locale import Look
from tests.dash.nordic_stores import energy, load_files, weather, write
from tests.dash.nordic_views import areas_of

OSLO = ZoneInfo("Europe/Oslo")
FILE = "elhub/production_hourly_20250922_20251020_5areas.csv.gz"
FIRST, LAST = date(2025, 9, 22), date(2025, 10, 19)
START = datetime(2024, 1, 1, tzinfo=UTC)
EN = Look("en")


def test_the_real_month(database: Database[Any], tmp_path: Path, shared_data: Path) -> None:
    load_files(database, "elhub", [shared_data / FILE])
    sums: dict[tuple[str, str], float] = defaultdict(float)
    days: dict[tuple[str, date], float] = defaultdict(float)
    with gzip.open(shared_data / FILE, "rt", encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            named = {name.upper().replace("_", ""): text for name, text in row.items()}
            start = datetime.fromisoformat(named["STARTTIME"]).astimezone(OSLO).date()
            wh = round(float(named.get("QUANTITYKWH") or named["VOLUMEKWH"]) * 1000)
            days[named["PRICEAREA"], start] += wh
            if FIRST <= start <= LAST:
                sums[named["PRICEAREA"], named["PRODUCTIONGROUP"]] += wh
    page = areas_of(database, tmp_path)
    totals = page.frame("areas-totals", FIRST, LAST).table
    found = {(row["area"], row["group"]): row["mwh"] * 1e6 for _, row in totals.iterrows()}
    assert found == {key: pytest.approx(wh, rel=1e-9, abs=1) for key, wh in sums.items()}
    assert any(group == "*" for _, group in found)  # never taken for a total
    for area in ("NO1", "NO4"):
        numbers = page.frame("areas-map", FIRST, LAST).notes["numbers"]
        assert numbers[area] == pytest.approx(sum(wh for (own, _), wh in sums.items() if own == area))
    # By day, over more than a month, is by Norwegian days.
    lines_ = page.frame("areas-lines", FIRST - timedelta(days=10), LAST, area="NO4").table.set_index("start_local")
    for day in (FIRST, date(2025, 10, 5), LAST):
        row = lines_.loc[datetime(day.year, day.month, day.day, tzinfo=OSLO).isoformat()]
        assert row.sum() * 1e6 == pytest.approx(days["NO4", day], rel=1e-6)
    hydro = page.frame("areas-shares", FIRST, LAST, area="NO5", groups="hydro").table
    assert hydro["group"].tolist() == ["hydro"]
    assert hydro["share"].tolist() == [1.0]


@pytest.mark.parametrize(("day", "hours"), [(date(2024, 3, 31), 23), (date(2024, 10, 27), 25)])
def test_change_nights(database: Database[Any], tmp_path: Path, day: date, hours: int) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=OSLO).astimezone(UTC)
    wh = [1_000_000 + place for place in range(hours)]
    before = [5_000_000] * 30
    batch = energy("elhub", "NO1", "hydro", start - timedelta(hours=30), [*before, *wh, *before])
    write(database, "elhub", [batch])
    page = areas_of(database, tmp_path)
    assert page.frame("areas-totals", day, day).table["mwh"].tolist() == [pytest.approx(sum(wh) / 1e6)]
    lines = page.frame("areas-lines", day, day).table
    assert len(set(lines["start_local"])) == hours


def test_a_hole_is_a_hole(database: Database[Any], tmp_path: Path) -> None:
    wh: list[int | None] = [1_000_000] * 48
    wh[10:20] = [None] * 10
    write(database, "elhub", [energy("elhub", "NO2", "wind", START - timedelta(hours=1), wh)])
    page = areas_of(database, tmp_path)
    found = page.frame("areas-totals", date(2024, 1, 1), date(2024, 1, 2))
    assert found.table["mwh"].tolist() == [38.0]
    assert found.covered == pytest.approx(38 / 48)
    before = page.frame("areas-totals", date(2023, 12, 31), date(2024, 1, 1))
    assert before.covered == pytest.approx(14 / 48)  # before the first reading nothing is known
    lines = page.frame("areas-lines", date(2024, 1, 1), date(2024, 1, 2), area="NO2").table["wind_mwh"]
    assert lines.isna().sum() == 10
    assert page.frame("areas-map", date(2024, 1, 1), date(2024, 1, 2)).notes["numbers"].keys() == {"NO2"}


def test_negative_energy_is_no_ring(database: Database[Any], tmp_path: Path) -> None:
    at = START - timedelta(hours=1)
    batches = [
        energy("elhub", "NO4", "tertiary", at, [-4_000_000_000] * 24, "consumption"),
        energy("elhub", "NO4", "household", at, [1_000_000_000] * 24, "consumption"),
    ]
    write(database, "elhub", batches)
    day = date(2024, 1, 1)
    found = areas_of(database, tmp_path).frame("areas-shares", day, day, area="NO4", flow="consumption")
    assert found.table["mwh"].tolist() == [24_000.0, -96_000.0]
    assert shares_figure(found, EN)["data"][0]["type"] == "bar"
    only = areas_of(database, tmp_path).frame(
        "areas-shares", day, day, area="NO4", flow="consumption", groups="household"
    )
    assert shares_figure(only, EN)["data"][0]["type"] == "pie"


def test_a_positive_lag_is_weather_first(database: Database[Any], tmp_path: Path) -> None:
    """Energy that follows the temperature of six hours before, upside down: r = -1 at +6 h, nowhere else."""
    rng = np.random.default_rng(7)
    temperature = rng.normal(5, 8, 24 * 40).round(3)
    wh = [
        10_000_000 - round(100_000 * float(temperature[place - 6])) if place >= 6 else None for place in range(24 * 40)
    ]
    write(database, "weather", [weather("NO1", START, temperature.tolist())])
    write(database, "elhub", [energy("elhub", "NO1", "household", START, wh, "consumption")])
    page = areas_of(database, tmp_path)
    options = {"flow": "consumption", "area": "NO1"}
    first, last = date(2024, 1, 3), date(2024, 2, 5)
    found = page.frame("areas-lag", first, last, **options)
    r = dict(zip(found.table["lag_h"], found.table["pearson_r"], strict=True))
    assert found.notes["best"] == 6
    assert r[6] == pytest.approx(-1, abs=1e-6)
    assert abs(r[-6]) < 0.2
    assert abs(r[0]) < 0.2
    rolling = page.frame("areas-rolling", first, last, lag="6", days="7", **options).table["pearson_r"].dropna()
    assert len(rolling) > 500
    assert rolling.max() < -0.999
    other = page.frame("areas-rolling", first, last, lag="-6", days="7", **options).table["pearson_r"].dropna()
    assert other.abs().max() < 0.6


def test_lagged() -> None:
    numbers = np.arange(6.0)
    assert lagged(numbers, 2)[2:].tolist() == [0, 1, 2, 3]
    assert np.isnan(lagged(numbers, 2)[:2]).all()
    assert lagged(numbers, -2)[:4].tolist() == [2, 3, 4, 5]
    assert np.isnan(lagged(numbers, -2)[4:]).all()
    assert lagged(numbers, 0).tolist() == numbers.tolist()


def test_moving_correlation_is_that_of_each_window() -> None:
    rng = np.random.default_rng(3)
    first, second = 1e9 + rng.normal(size=200), rng.normal(size=200)
    second[50:80] = np.nan
    second[120:160] = 4.0  # does not vary
    found = rolling_pearson(first, second, 24)
    for place in (12, 40, 45, 100, 180, 199):
        part = slice(max(0, place - 12), min(200, place + 12))
        both = np.isfinite(second[part])
        assert found[place] == pytest.approx(np.corrcoef(first[part][both], second[part][both])[0, 1], abs=1e-5)
    assert np.isnan(found[65])  # nothing known
    assert np.isnan(found[140])  # nothing varies


def test_the_map_has_every_area_once() -> None:
    assert set(OUTLINES) == set(CENTRES) == {"NO1", "NO2", "NO3", "NO4", "NO5"}
    for area, (x, y) in CENTRES.items():
        assert [other for other in OUTLINES if inside(x, y, OUTLINES[other])] == [area]
    assert cividis(0) == "rgb(0,32,76)"
    assert cividis(1) == "rgb(255,233,69)"


def test_the_map_by_temperature(database: Database[Any], tmp_path: Path) -> None:
    at = START - timedelta(hours=1)
    cold: list[float | None] = [-10.0] * 12 + [None] * 12
    write(
        database, "weather", [weather("NO1", at, [4.0] * 24), weather("NO4", at, cold), weather("DK1", at, [9.0] * 24)]
    )
    write(database, "elhub", [energy("elhub", "NO1", "hydro", at, [1000] * 24)])
    day = date(2024, 1, 1)
    found = areas_of(database, tmp_path).frame("areas-map", day, day, colour="temperature_c")
    assert found.notes["numbers"] == {"NO1": 4.0, "NO4": -10.0}  # a mean of what is known; Denmark is not on the map
    assert found.notes["shares"]["NO4"] == 0.5
    labels = next(trace for trace in map_figure(found, EN)["data"] if trace.get("mode") == "markers+text")
    said = dict(labels["customdata"])
    assert "\u221210.0\u202f°C" in said["NO4"]
    assert "50.0%" in said["NO4"]
    assert "nothing known" in said["NO5"]


def inside(x: float, y: float, corners: Any) -> bool:
    """Whether a point lies in a polygon."""
    found = False
    for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            found = not found
    return found
