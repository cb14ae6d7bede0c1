"""The laboratory without a browser: every kind of curve has a picture or a sentence, and numbers as computed beside."""

from __future__ import annotations

import csv
import gzip
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from plotly.graph_objects import Figure
from pymongo.database import Database

from dash_app.kit.address import view_of
from dash_app.kit.blocks import Frame
from dash_app.kit.locale import Look
from dash_app.kit.reader import Reader
from dash_app.laboratory.curves import curves_of
from dash_app.laboratory.page import EXTRA, PAGE, left_out
from sync import insight
from sync.settings import load
from sync.store.connection import connect
from tests import meters_of_all_kinds as kinds
from tests.dash.nordic_stores import energy, load_files, weather, write
from tests.r63 import expected

NOW = datetime(2025, 6, 1, 9, tzinfo=UTC)
AUTUMN = datetime(2025, 10, 21, 9, tzinfo=UTC)
LOOKS = (Look("en", "light"), Look("fr", "dark"))
BLOCKS = {block.name.removeprefix("laboratory-"): block for block in PAGE.blocks}
ELHUB = "elhub/production_hourly_20250922_20251020_5areas.csv.gz"


class Laboratory:
    """The page of a database."""

    def __init__(self, database: Database[Any], folder: Path, now: datetime = NOW) -> None:
        self.reader = Reader(database, load(folder, environ={"SYNC_HOME": str(folder)}), now=lambda: now)

    def frame(self, block: str, search: str) -> Frame:
        return BLOCKS[block].frame(self.reader, view_of(self.reader, PAGE, search))

    def said(self, block: str, search: str) -> str:
        """What an empty card says in English; empty for a picture, which is drawn in both languages and themes."""
        frame, shown = self.frame(block, search), BLOCKS[block]
        if frame.is_empty:
            return LOOKS[0].raw_text(frame.notes["empty"]).replace("{command}", PAGE.command)
        for look in LOOKS:
            if shown.figure:
                Figure(shown.figure(frame, look))  # raises for what plotly does not know
            elif shown.body:
                assert shown.body(frame, look) is not None
        return ""


@pytest.fixture(scope="module")
def laboratory(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """Meters of all kinds, and a small area with weather."""
    folder = tmp_path_factory.mktemp("laboratory")
    with connect(mongo_uri) as client:
        database: Database[Any] = client[f"laboratory_{folder.name}"]
        kinds.fill(database)
        start = datetime(2025, 5, 1, 22, tzinfo=UTC)
        warm = [float(place % 24 + place % 7) for place in range(24 * 30)]
        wh = [1_000_000 * round(40 + each) for each in warm]
        wh[100:106] = [None] * 6  # type: ignore[list-item]
        groups = [energy("elhub", "NO1", "hydro", start, wh), energy("elhub", "NO1", "wind", start, [2_000_000] * 720)]
        write(database, "elhub", groups)
        write(database, "weather", [weather("NO1", start, warm)])
        yield Laboratory(database, folder)
        client.drop_database(database.name)


def test_every_curve_may_be_chosen_and_meters_come_first(laboratory: Laboratory) -> None:
    found = list(curves_of(laboratory.reader))
    assert set(found[:8]) == {address(name).removeprefix("?curve=") for name in kinds.NAMES}
    assert found[8:] == ["elhub-NO1-production", "elhub-NO1-production-hydro", "elhub-NO1-production-wind"]


def address(name: str) -> str:
    return f"?curve=linky-{kinds.prm(name)[-4:]}-{kinds.series(name).flow}"


STILL, SPARSE, SHORT = "never changes", "fifth of these hours is missing", "Two weeks of hours"
OF_PERIOD = ("stl", "mstl", "spectrogram", "control", "outliers")
USUAL = {"sarimax": "too few regularities"}
FEW_DAYS = {"leak": "needs some 115 measured days"}


@pytest.mark.parametrize(
    ("name", "period", "expected"),
    [
        ("usual", "30d", {}),
        ("quarters", "30d", {}),
        ("hours", "all", {}),
        ("generating", "30d", {}),
        ("holes", "all", FEW_DAYS | dict.fromkeys((*OF_PERIOD, "correlation"), SPARSE)),
        ("weeks", "all", FEW_DAYS | {"correlation": "No weather of that place"}),
        ("weeks", "7d", FEW_DAYS | dict.fromkeys((*OF_PERIOD, "correlation"), SHORT)),
        ("zero", "30d", dict.fromkeys((*OF_PERIOD, "correlation", "leak"), STILL)),
    ],
)
def test_every_kind_of_meter_has_a_picture_or_a_sentence(
    laboratory: Laboratory, name: str, period: str, expected: dict[str, str]
) -> None:
    wanted = dict.fromkeys(BLOCKS, "") | USUAL | expected
    for block, text in wanted.items():
        said = laboratory.said(block, f"{address(name)}&period={period}")
        assert (text in said) if text else said == "", (block, said)


def test_an_area_is_all_its_groups_or_one(laboratory: Laboratory) -> None:
    both = laboratory.frame("keys", "?curve=elhub-NO1-production&period=all").notes["figures"]
    hydro = laboratory.frame("keys", "?curve=elhub-NO1-production-hydro&period=all").notes["figures"]
    assert both["mean_wh"] == pytest.approx(hydro["mean_wh"] + 2_000_000)
    assert both["hours"] == hydro["hours"] == 714
    wind = laboratory.said("stl", "?curve=elhub-NO1-production-wind&period=all")
    assert STILL in wind
    assert "when you ask for it" in laboratory.said("sarimax", "?curve=elhub-NO1-production")


def test_weather_that_leads_is_found_at_its_lag(laboratory: Laboratory) -> None:
    """Energy is the weather of the same hour, upside up; holes are left out."""
    search = "?curve=elhub-NO1-production&period=all"
    found = laboratory.frame("correlation", search)
    assert found.notes["place"] == "NO1"
    assert found.table["pearson_r"].min() == pytest.approx(1)
    assert found.notes["shares"]["honest"] == 1
    later = laboratory.frame("correlation", f"{search}&lag=12")
    assert later.table["pearson_r"].max() < 0.5
    assert "No weather of that place" in laboratory.said("correlation", f"{search}&weather=wind_ms")
    said = [str(left_out(found, look)) for look in LOOKS]
    assert ["6 of 720 hours are left out" in said[0], "6 heures sur 720" in said[1]] == [True, True]
    week = laboratory.frame("correlation", "?curve=elhub-NO1-production&period=own&from=2025-05-08&to=2025-05-28")
    assert "left out" not in str(left_out(week, LOOKS[0]))


def test_holes_are_open_in_the_picture(laboratory: Laboratory) -> None:
    found = laboratory.frame("stl", "?curve=elhub-NO1-production&period=all")
    missing = found.table["curve_wh"].isna()
    assert missing.sum() == 6
    assert found.table["remainder_wh"].isna().tolist() == missing.tolist()
    assert found.table["trend_wh"].notna().all()
    assert found.covered == pytest.approx(714 / 720)


# --- the numbers of the real data -------------------------------------------------------------------------------------


def hydro_by_hand(folder: Path, area: str) -> tuple[datetime, NDArray[np.float64]]:
    """All groups of an area by hour, where every group has it."""
    hours: dict[datetime, list[float]] = {}
    with gzip.open(folder / ELHUB, "rt", encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["priceArea"] == area:
                hours.setdefault(datetime.fromisoformat(row["startTime"]), []).append(float(row["quantityKwh"]) * 1000)
    first = min(hours)
    most = max(len(each) for each in hours.values())
    whole = [hours.get(first + timedelta(hours=place), []) for place in range(len(hours))]
    return first, np.array([sum(each) if len(each) == most else np.nan for each in whole])


@pytest.mark.real_data
def test_the_real_area(database: Database[Any], tmp_path: Path, shared_data: Path) -> None:
    load_files(database, "elhub", [shared_data / ELHUB])
    page = Laboratory(database, tmp_path, AUTUMN)
    search = "?curve=elhub-NO4-production&period=all"
    first, by_hand = hydro_by_hand(shared_data, "NO4")
    table = page.frame("control", search).table
    assert datetime.fromisoformat(table["start_local"].iloc[0]) == first
    assert np.allclose(table["curve_wh"], by_hand, rtol=1e-6)
    for block in ("stl", "mstl", "spectrogram", "control", "outliers"):
        assert page.said(block, search) == ""
    count = len(by_hand)
    angle = np.pi * (np.arange(count) + 0.5) / count
    waves = np.cos(np.arange(int(0.01 * count))[:, None] * angle)
    fast = by_hand - (waves @ by_hand / (waves**2).sum(axis=1)) @ waves
    away = np.abs(fast - np.median(fast))
    outside = away > 3 * 1.4826 * np.median(away)
    assert table["outside"].tolist() == outside.tolist()
    week = page.frame("sarimax", f"{search}&fit=yes")
    errors = week.notes["errors"]
    came = by_hand[-168:]
    assert errors["day"] == pytest.approx(np.abs(by_hand[-192:-24] - came).sum() / came.sum(), rel=1e-5)
    assert errors["week"] == pytest.approx(np.abs(by_hand[-336:-168] - came).sum() / came.sum(), rel=1e-5)
    assert 0 < errors["sarimax"] < 2 * errors["day"]
    assert page.said("sarimax", f"{search}&fit=yes") == ""


def test_the_leak_is_a_switch(two_years: Database[Any], tmp_path: Path, shared_data: Path) -> None:
    page = Laboratory(two_years, tmp_path, datetime(2025, 3, 13, 9, tzinfo=UTC))
    honest, leaking = (page.frame("leak", f"?sees={sees}") for sees in ("no", "yes"))
    assert honest.table["day"].tolist() == leaking.table["day"].tolist()
    assert leaking.notes["explained"] >= 0.99
    assert honest.notes["explained"] <= 0.8
    for found in (honest, leaking):
        came, said = found.table["came_wh"], found.table["said_wh"]
        by_hand = 1 - ((came - said) ** 2).sum() / ((came - came.mean()) ** 2).sum()
        assert found.notes["explained"] == pytest.approx(by_hand, abs=1e-3)
    assert found.notes["held"][1] <= date(2025, 3, 13)
    assert page.said("leak", "?sees=yes") == ""
    covered: dict[datetime, int] = defaultdict(int)
    for reading in expected(shared_data):
        covered[reading.ts.replace(minute=0)] += reading.seconds
    whole = sorted(hour for hour, seconds in covered.items() if seconds == 3600)
    of = int((whole[-1] - whole[0]).total_seconds()) // 3600 + 1
    assert of - len(whole) > 0
    assert f"{of - len(whole):,} of {of:,} hours are left out" in str(left_out(honest, LOOKS[0]))


# --- without the extra ------------------------------------------------------------------------------------------------


def take_away(monkeypatch: pytest.MonkeyPatch, *libraries: str) -> None:
    """As if they were not installed, and nothing of ours had needed them yet."""
    ours = ("dash_app.laboratory.frames", "sync.insight.classic", "sync.insight.sarimax")
    for name in list(sys.modules):
        if name in ours:
            monkeypatch.delitem(sys.modules, name)
        if name.partition(".")[0] in libraries:
            monkeypatch.setitem(sys.modules, name, None)  # type: ignore[arg-type]
    for name in libraries:
        monkeypatch.setitem(sys.modules, name, None)  # type: ignore[arg-type]
    for name in ("classic", "sarimax"):
        monkeypatch.delattr(insight, name, raising=False)


@pytest.mark.parametrize("lacking", EXTRA)
def test_without_the_extra_one_sentence_says_what_to_install(
    laboratory: Laboratory, lacking: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    take_away(monkeypatch, lacking)
    fresh = Laboratory(laboratory.reader.database, tmp_path)
    for block in BLOCKS:
        assert "pip install 'linky-atlas[insight]'" in fresh.said(block, address("usual"))
