"""The sliding correlation: against its definition, which way a lag goes, and how seldom it is fooled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench import homes
from sync.insight.correlation import Sliding, lagged, sliding
from sync.insight.grid import Real
from tests.insight.test_classic import HYDRO, column

DAY, FORTNIGHT = 24, 14 * 24
PLACES = ("NO1_Oslo", "NO2_Kristiansand", "NO3_Trondheim", "NO4_Tromso", "NO5_Bergen")
MEASURES = ("temperature_2m", "wind_speed_10m", "precipitation")


def weather(folder: Path, place: str, measure: str) -> Real:
    return column(folder / f"elhub/weather_era5_{place}_2021.csv.gz", measure)


def by_days(first: Real, second: Real) -> Sliding:
    return sliding(first, second, list(range(0, len(first) - FORTNIGHT + 1, DAY)))


def test_windows_are_correlated_as_defined() -> None:
    random = np.random.default_rng(1)
    first, second = random.normal(size=(2, 800)).cumsum(axis=1)
    second[400:430] = np.nan
    found = by_days(first, second)
    for place in (0, 5, 15):
        part = slice(DAY * place, DAY * place + FORTNIGHT)
        known = np.isfinite(second[part])
        left, right = first[part][known], second[part][known]
        assert found.r[place] == pytest.approx(np.corrcoef(left, right)[0, 1], abs=1e-9)
    left, right = (each[:FORTNIGHT] - each[:FORTNIGHT].mean() for each in (first, second))
    inflation = 1 + 2 * sum(
        (1 - k / FORTNIGHT) * (left[:-k] @ left[k:] / (left @ left)) * (right[:-k] @ right[k:] / (right @ right))
        for k in range(1, FORTNIGHT)
    )
    assert found.count[0] == pytest.approx(min(FORTNIGHT / inflation, np.nanmedian(found.count)), rel=1e-9)


def test_a_positive_lag_is_weather_first() -> None:
    warm = np.random.default_rng(2).normal(size=600)
    energy = np.concatenate([np.full(6, np.nan), -warm[:-6]])
    assert np.nanmax(by_days(lagged(warm, 6), energy).r) == pytest.approx(-1)
    for lag in (0, -6):
        assert np.nanmin(by_days(lagged(warm, lag), energy).r) > -0.3


def test_what_follows_is_significant_and_what_stands_still_is_nothing() -> None:
    random = np.random.default_rng(3)
    warm = random.normal(size=600)
    assert by_days(warm, warm + random.normal(0, 1, 600)).significant.all()
    assert np.isnan(by_days(warm, np.full(600, 0.1)).r).all()
    holed = np.where(random.random(600) < 0.3, np.nan, warm)
    assert np.isnan(by_days(warm, holed).r).all()


def test_hours_that_hold_on_are_few() -> None:
    """Of unrelated walks, hour by hour: whoever counts hours finds nearly all of them significant."""
    walks = np.random.default_rng(4).normal(size=(2, 40, 1400)).cumsum(axis=2)
    found = [by_days(*walks[:, place]) for place in range(40)]
    assert np.mean([each.taken_for_significant for each in found]) > 0.8
    assert np.mean([each.significant for each in found]) <= 0.08


def unrelated(folder: Path, energy: Real) -> tuple[Real, Real]:
    """[places, measures] Shares of the windows of a year that are significant beside the weather of another year."""
    found = [by_days(energy, weather(folder, place, measure)) for place in PLACES for measure in MEASURES]
    known = [np.isfinite(each.r) for each in found]
    pairs = list(zip(found, known, strict=True))
    return tuple(  # type: ignore[return-value]  # two
        np.array([getattr(each, name)[there].mean() for each, there in pairs]).reshape(len(PLACES), -1)
        for name in ("significant", "taken_for_significant")
    )


@pytest.mark.real_data
def test_weather_of_another_year_is_seldom_called_significant(shared_data: Path) -> None:
    """Energy of 2024, weather of 2021: hours of the same day of the year."""
    grid = homes.household(shared_data)
    begins = grid.days.index(grid.first.replace(year=2024, month=1, day=1))
    household = grid.wh[begins : begins + 365].reshape(-1, 2).sum(axis=1)
    honest, naive = unrelated(shared_data, household)
    assert honest.mean() <= 0.08
    assert honest[:, 0].max() <= 0.08  # temperature, place by place
    assert naive.mean() > 0.2


@pytest.mark.real_data
def test_the_weather_of_the_year_itself_says_more_than_that_of_another_backwards(shared_data: Path) -> None:
    hydro, wind = column(shared_data / HYDRO, "quantityKwh"), weather(shared_data, "NO1_Oslo", "wind_speed_10m")
    own, other = by_days(hydro, wind), by_days(hydro, wind[::-1])
    assert own.significant.mean() > 2 * other.significant.mean()
    assert other.significant.mean() <= 0.08
    assert other.taken_for_significant.mean() > 0.3


@pytest.mark.soak
@pytest.mark.real_data
def test_weather_of_another_year_beside_real_homes(shared_data: Path) -> None:
    _, wh = homes.london(shared_data)
    rates = [unrelated(shared_data, home[1:].reshape(-1, 2).sum(axis=1)[:8760])[0] for home in wh[::6]]
    assert np.nanmean(rates) <= 0.08
