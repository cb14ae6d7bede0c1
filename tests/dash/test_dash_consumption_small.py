"""Hardly anything to show: nothing, one reading, one day, holes, hours in place of half-hours, production."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymongo.database import Database

from dash_app.consumption.key_figures import KeyFigures
from dash_app.consumption.page import key_body
from dash_app.kit.locale import Look
from sync.model.readings import Series, energy_batch
from tests.dash.stores import ONE, load_readings, loader_of
from tests.dash.views import BLOCKS, frame_of, reader_of, texts_of, view_of

DAY = date(2025, 1, 6)
MIDNIGHT = datetime(2025, 1, 5, 23, tzinfo=UTC)  # of DAY, in Paris
ONE_DAY = timedelta(days=1)
NEXT = datetime(2025, 1, 7, 9, tzinfo=UTC)


@pytest.mark.parametrize("name", list(BLOCKS))
def test_nothing_stored(database: Database[Any], tmp_path: Path, name: str) -> None:
    assert frame_of(reader_of(database, tmp_path), name, DAY, DAY).is_empty


@pytest.mark.parametrize("name", [name for name in BLOCKS if name != "months"])
def test_nothing_in_the_period(database: Database[Any], tmp_path: Path, name: str) -> None:
    load_readings(database, MIDNIGHT, [100] * 48)
    reader = reader_of(database, tmp_path)
    assert frame_of(reader, name, DAY - 90 * ONE_DAY, DAY - 80 * ONE_DAY).is_empty
    assert frame_of(reader, name, DAY + 900 * ONE_DAY, DAY + 930 * ONE_DAY).is_empty


def test_one_reading(database: Database[Any], tmp_path: Path) -> None:
    load_readings(database, MIDNIGHT + timedelta(hours=2), [250])
    reader = reader_of(database, tmp_path, now=lambda: NEXT)
    frames = {name: frame_of(reader, name, DAY, DAY) for name in BLOCKS}
    curve = frames["load-curve"].table
    assert curve["start_local"].tolist() == ["2025-01-06T02:00:00+01:00"]
    assert curve["average_w"].tolist() == [500.0]
    assert frames["load-curve"].covered == pytest.approx(1800 / 86400)
    assert frames["days"].table["kwh"].tolist() == [0.25]
    assert np.isfinite(frames["hours"].notes["watts"]).sum() == 1
    assert frames["load-duration"].table["at_least_w"].tolist() == [500.0]
    week = frames["typical-week"].table
    assert week["median_w"].dropna().tolist() == [500.0]
    assert week[week["median_w"].notna()][["days", "local_time"]].to_numpy().tolist() == [["weekdays", "02:00"]]
    figures: KeyFigures = frames["key-figures"].notes["figures"]
    assert (figures.newest.has_whole_day, figures.newest.day, figures.newest.month) == (False, None, None)
    assert figures.base is not None
    assert (figures.base.watts, figures.both, figures.whole.wh) == (None, None, 250)
    said = texts_of(key_body(frames["key-figures"], Look("en")))
    assert said.count("not known") == 3  # its year before, the base load, the last whole day
    assert "Last whole day" in said


def test_one_day(database: Database[Any], tmp_path: Path) -> None:
    wh = [100 + place for place in range(48)]
    load_readings(database, MIDNIGHT, wh)
    reader = reader_of(database, tmp_path, now=lambda: NEXT)
    figures: KeyFigures = frame_of(reader, "key-figures", DAY, DAY).notes["figures"]
    assert figures.newest.is_yesterday
    assert (figures.whole.wh, figures.whole.covered) == (sum(wh), 1.0)
    assert figures.newest.day is figures.newest.month is None  # the period shows that
    assert (figures.peak.watts, figures.peak.at % 86_400_000) == (2.0 * wh[-1], (23 * 60 + 30) * 60_000)
    said = texts_of(key_body(frame_of(reader, "key-figures", DAY, DAY), Look("fr")))
    assert "Cette période" in said
    assert "Hier" not in said
    assert "non mesuré un an auparavant" in said


def test_a_real_zero_is_a_zero(database: Database[Any], tmp_path: Path) -> None:
    load_readings(database, MIDNIGHT, [0] * 48)
    reader = reader_of(database, tmp_path, now=lambda: NEXT)
    said = texts_of(key_body(frame_of(reader, "key-figures", DAY, DAY), Look("en")))
    assert "0\u202fWh" in said
    assert frame_of(reader, "days", DAY, DAY).table["kwh"].tolist() == [0.0]
    for name, block in BLOCKS.items():
        frame = frame_of(reader, name, DAY, DAY)
        assert block.figure is None or block.figure(frame, Look("en"))["data"]


def test_holes_are_missing_and_never_zero(database: Database[Any], tmp_path: Path) -> None:
    wh: list[int | None] = [100] * 48 * 4
    wh[48:96] = [None] * 48  # a whole day
    wh[100] = None
    load_readings(database, MIDNIGHT, wh)
    reader = reader_of(database, tmp_path, now=lambda: NEXT + 4 * ONE_DAY)
    days = frame_of(reader, "days", DAY, DAY + 3 * ONE_DAY)
    assert days.table["kwh"].isna().tolist() == [False, True, False, False]
    assert days.notes["days"].is_whole.tolist() == [True, False, False, True]
    assert days.covered == pytest.approx((4 * 48 - 49) / (4 * 48))
    curve = frame_of(reader, "load-curve", DAY, DAY + 3 * ONE_DAY)
    start = int(MIDNIGHT.timestamp()) * 1000
    half = 1_800_000
    assert curve.notes["gaps"] == [(start + 48 * half, start + 96 * half), (start + 100 * half, start + 101 * half)]
    watts = frame_of(reader, "hours", DAY, DAY + 3 * ONE_DAY).notes["watts"]
    assert np.isnan(watts[:, 1]).all()
    assert (watts[:, [0, 2, 3]] == 200).all()  # an hour measured in half has the power of that half


def test_readings_of_an_hour(database: Database[Any], tmp_path: Path) -> None:
    """An hour counts in both of its half-hours, with its average power; across midnight, too."""
    series = Series("linky", ONE, "consumption")
    first = int(MIDNIGHT.timestamp() * 1000)
    lengths = [1800] + [3600] * 23 + [3600]  # the last one begins at 23:30
    starts = first + np.concatenate([[0], np.cumsum(lengths)[:-1]]) * 1000
    wh = np.arange(len(lengths)) * 100 + 100
    loader = loader_of(database)
    loader.writer.write(energy_batch(series, starts, wh, np.array(lengths)))
    loader.prove([series])
    reader = reader_of(database, tmp_path, now=lambda: NEXT)
    table = frame_of(reader, "typical-week", DAY, DAY).table
    weekdays = table[table["days"] == "weekdays"]
    medians = dict(zip(weekdays["local_time"], weekdays["median_w"], strict=True))
    assert (medians["00:00"], medians["00:30"], medians["01:00"]) == (200.0, 200.0, 200.0)
    assert (medians["23:00"], medians["23:30"]) == (2400.0, 2500.0)
    assert weekdays["measured_h"].sum() == 24.5
    assert weekdays["measured_h"].iloc[0] == 1.0  # its own half-hour, and the last one of the last reading
    curve = frame_of(reader, "load-curve", DAY, DAY).table
    assert curve["length_s"].tolist() == lengths
    assert curve["average_w"].tolist() == [200.0, *(float(each) for each in wh[1:])]


def test_production(database: Database[Any], tmp_path: Path) -> None:
    wh = [0] * 16 + [300] * 16 + [0] * 16
    series = load_readings(database, MIDNIGHT, wh, flow="production")
    reader = reader_of(database, tmp_path, now=lambda: NEXT)
    frame = frame_of(reader, "key-figures", DAY, DAY, series=series)
    said = texts_of(key_body(frame, Look("en")))
    assert "Strongest day" in said
    assert "Base load" not in said
    for name in ("load-curve", "days", "months", "load-duration", "typical-week"):
        frame = frame_of(reader, name, DAY, DAY, series=series)
        shown = BLOCKS[name].figure(frame, Look("en"))  # type: ignore[misc]
        assert "produced" in shown["layout"]["yaxis"]["title"]["text"]
        assert "#b45309" in str(shown) or "rgba(180,83,9" in str(shown)
        assert "#2563eb" not in str(shown)
        assert "Base load" not in str(shown)


def test_prices_are_no_energy(database: Database[Any], tmp_path: Path) -> None:
    series = load_readings(database, MIDNIGHT, [100] * 48, flow="price")
    reader = reader_of(database, tmp_path)
    for block in BLOCKS.values():
        assert block.frame(reader, view_of(DAY, DAY, series)).is_empty


def test_today_is_never_yesterday(database: Database[Any], tmp_path: Path) -> None:
    """A day that goes on is no whole day, even when its readings end at its midnight."""
    load_readings(database, MIDNIGHT, [100] * 96)
    reader = reader_of(database, tmp_path, now=lambda: NEXT)
    figures: KeyFigures = frame_of(reader, "key-figures", DAY, DAY + ONE_DAY).notes["figures"]
    assert figures.newest.day is not None
    assert (figures.newest.day.first, figures.newest.is_yesterday) == (DAY, True)
