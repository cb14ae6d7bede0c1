"""The classic analyses against what was published, and against the same computed by other means."""

from __future__ import annotations

import csv
import gzip
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import stft

from sync.insight import classic
from sync.insight.grid import Marks, Real

HYDRO = "elhub/NO5_hydro_hourly_2021_with_STL.csv.gz"
BERGEN = "elhub/weather_era5_NO5_Bergen_2021.csv.gz"


@cache
def column(path: Path, name: str) -> Real:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        return np.array([float(row[name]) for row in csv.DictReader(lines)])


def usual(weeks: int = 6) -> Real:
    hour = np.arange(weeks * classic.WEEK)
    daily, weekly = np.sin(2 * np.pi * hour / classic.DAY), np.sin(2 * np.pi * hour / classic.WEEK)
    return 50 + hour / 500 + 5 * daily + 3 * weekly + np.random.default_rng(1).normal(0, 0.5, len(hour))


# --- decomposition ----------------------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_stl_is_the_published_one(shared_data: Path) -> None:
    found = classic.stl(column(shared_data / HYDRO, "quantityKwh"))
    for name, own in (("trend", found.trend), ("seasonal", found.seasons[168]), ("remainder", found.remainder)):
        assert np.abs(own - column(shared_data / HYDRO, f"stl_{name}")).max() <= 1e-8, name


@pytest.mark.parametrize("way", [classic.stl, classic.mstl])
def test_parts_add_up_to_the_curve(way: object) -> None:
    curve = usual()
    found = way(curve)  # type: ignore[operator]
    assert np.allclose(found.trend + sum(found.seasons.values()) + found.remainder, curve, atol=1e-9)
    assert np.std(found.remainder) < 1


def test_two_rhythms_are_told_apart() -> None:
    found = classic.mstl(usual(6))
    for period, size in ((classic.DAY, 5), (classic.WEEK, 3)):
        assert np.std(found.seasons[period]) == pytest.approx(size / np.sqrt(2), rel=0.1)


# --- spectrogram ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [8760, 504, 168, 170, 24 * 72 + 96])
def test_the_spectrogram_of_another_library(shared_data: Path, length: int) -> None:
    values = column(shared_data / HYDRO, "quantityKwh")[:length] / 1e6
    found = classic.spectrogram(values)
    how = {"window": "hann", "nperseg": 168, "noverlap": 96, "detrend": "constant", "boundary": None, "padded": True}
    frequency, at, turns = stft(values, fs=24, scaling="spectrum", **how)
    assert np.abs(found.level - 10 * np.log10(np.abs(turns) ** 2 + 1e-12)).max() <= 1e-11
    assert np.allclose(found.frequency, frequency)
    assert np.allclose((found.start + 84) / 24, at)
    assert found.is_whole.sum() == 1 + (length - 168) // 72


def test_the_spectrogram_by_sums_of_cosines(shared_data: Path) -> None:
    values = column(shared_data / BERGEN, "temperature_2m")[:1000]
    found = classic.spectrogram(values)
    hour = np.arange(168)
    fade = np.sin(np.pi * hour / 168) ** 2
    for window, turn in ((0, 7), (3, 1), (5, 14)):
        part = values[72 * window : 72 * window + 168]
        part = (part - part.mean()) * fade
        both = [float((part * wave(2 * np.pi * turn * hour / 168)).sum() / fade.sum()) for wave in (np.cos, np.sin)]
        by_hand = 10 * np.log10(both[0] ** 2 + both[1] ** 2 + 1e-12)
        assert found.level[turn, window] == pytest.approx(by_hand, abs=1e-10)


def test_a_sine_stands_at_its_frequency_with_its_size() -> None:
    found = classic.spectrogram(10 + 4 * np.sin(2 * np.pi * np.arange(168 * 4) / 24))
    peak = found.level[:, 0].argmax()
    assert found.frequency[peak] == pytest.approx(1)  # turn a day
    assert found.level[peak, 0] == pytest.approx(20 * np.log10(4 / 2))


# --- control chart and outliers ---------------------------------------------------------------------------------------


def chart_by_hand(values: Real) -> Marks:
    """The slow part is what the slowest cosines say, each fitted by itself: they are at right angles."""
    count = len(values)
    angle = np.pi * (np.arange(count) + 0.5) / count
    waves = np.cos(np.arange(int(0.01 * count))[:, None] * angle)
    slow = (waves @ values / (waves**2).sum(axis=1)) @ waves
    fast = np.sort(values - slow)
    middle = (fast[(count - 1) // 2] + fast[count // 2]) / 2
    away = np.abs(values - slow - middle)
    sized = np.sort(away)
    return np.asarray(away > 3 * 1.4826 * (sized[(count - 1) // 2] + sized[count // 2]) / 2)


def lonely_by_hand(values: Real) -> Marks:
    """Breunig's local outlier factor from all distances; in single precision, as many hours lie on the border."""
    own = values.astype(np.float32)
    order, near = np.argsort(own, kind="stable"), []
    for place in range(len(own)):
        away = np.abs(own.astype(np.float64) - own[place])
        away[place] = np.inf
        near.append(order[np.argsort(away[order], kind="stable")[:30]])  # of two that are as near the smaller one
    neighbours = np.array(near)
    distance = np.abs(own[neighbours].astype(np.float64) - own[:, None]).astype(np.float32)
    reach = np.maximum(distance, distance.max(axis=1)[neighbours])
    density = 1 / (reach.mean(axis=1) + np.float32(1e-10))
    factor = -(density[neighbours] / density[:, None]).mean(axis=1)
    return np.asarray(factor < np.percentile(factor, 1))


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["temperature_2m", "wind_speed_10m"])
def test_the_control_chart_of_bergen(shared_data: Path, name: str) -> None:
    values = column(shared_data / BERGEN, name)
    found = classic.control_chart(values)
    assert 0 < found.outside.sum() < len(values) / 5
    assert np.array_equal(found.outside, chart_by_hand(values))
    fast = values - found.slow
    assert np.array_equal(found.outside, (fast < found.low) | (fast > found.high))


@pytest.mark.real_data
def test_the_outliers_of_bergen(shared_data: Path) -> None:
    values = column(shared_data / BERGEN, "precipitation")
    found = classic.local_outliers(values)
    assert 80 <= found.sum() <= 88
    assert np.array_equal(found, lonely_by_hand(values))


def test_a_curve_that_stands_still_has_nothing_unusual() -> None:
    still = np.full(400, 7.0)
    assert not classic.control_chart(still).outside.any()
    assert not classic.local_outliers(still).any()
    found = classic.spectrogram(still)
    assert np.allclose(found.level[:, found.is_whole], -120)


# --- holes ------------------------------------------------------------------------------------------------------------


def test_holes_are_filled_as_the_week_is() -> None:
    curve = usual()
    holed = curve.copy()
    holed[:5] = holed[300:330] = holed[-3:] = np.nan
    filled = classic.without_holes(holed)
    known = np.isfinite(holed)
    assert np.array_equal(filled[known], curve[known])
    assert np.abs(filled - curve)[~known].max() < 4
    assert np.abs(filled - curve)[~known].mean() < 1
