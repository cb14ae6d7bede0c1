"""The columns of features, and heating: against computations by hand, and blind for the day itself."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from bench import homes, insight
from sync.insight.features import COLUMNS, columns_of
from sync.insight.grid import Real
from sync.insight.heating import Heating, NoHeating, corrected_change, heating_of
from tests import meters_of_all_kinds as kinds

FIRST, DAYS = date(2024, 1, 1), 60


def made() -> tuple[Real, Real, Real]:
    random = np.random.default_rng(1)
    wh = np.stack([kinds.curve(seed, DAYS).reshape(DAYS, 48).astype(float) for seed in (1, 2)])
    return wh, random.normal(10, 5, DAYS), random.uniform(0, 6, (DAYS, 2))


@pytest.mark.parametrize("lead", [1, 2])
def test_no_feature_sees_its_own_day(lead: int) -> None:
    wh, temperature, bands = made()
    day = 45
    whole = columns_of(wh, FIRST, homes.PARIS, temperature=temperature, bands=bands, lead=lead)
    for by in (np.nan, 1e6):
        cut, colder = wh.copy(), temperature.copy()
        cut[:, day - lead + 1 :] = by
        colder[day - lead + 1 :] = by
        blind = columns_of(cut, FIRST, homes.PARIS, temperature=colder, bands=bands, lead=lead)
        for name in COLUMNS:
            assert np.array_equal(whole[name][:, day], blind[name][:, day], equal_nan=True), name
            assert np.isfinite(whole[name][:, day]).all(), name
    seen = [name for name in COLUMNS if not np.array_equal(whole[name][:, day + lead], blind[name][:, day + lead])]
    assert len(seen) >= 20  # a day that is known is read


def test_there_are_enough_columns_and_each_is_documented() -> None:
    found = columns_of(made()[0], FIRST, homes.PARIS)
    assert list(found) == list(COLUMNS)
    assert len(COLUMNS) >= 36
    assert all(COLUMNS.values())


def test_columns_are_what_they_say() -> None:
    wh, temperature, bands = made()
    found = columns_of(wh, FIRST, homes.PARIS, temperature=temperature, bands=bands)
    total, day = wh.sum(axis=2), 45  # a Thursday
    by_hand = {
        "wh_1": total[1, 44],
        "wh_7": total[1, 38],
        "wh_28": total[1, 17],
        "mean_14": total[1, 31:45].mean(),
        "std_7": total[1, 38:45].std(),
        "min_28": total[1, 17:45].min(),
        "max_7": total[1, 38:45].max(),
        "evening_share": (wh[1, 38:45, 36:].sum(axis=1) / total[1, 38:45]).mean(),
        "peak_wh": wh[1, 44].max(),
        "weekday_mean": total[1, [17, 24, 31, 38]].mean(),
        "temperature_7": temperature[38:45].mean(),
        "weekday": 3.0,
        "free": 0.0,
        "month": 2.0,
        "low_hours": bands[45, 1],
    }
    for name, value in by_hand.items():
        assert found[name][1, day] == pytest.approx(value, rel=1e-5), name


# --- heating ----------------------------------------------------------------------------------------------------------


def winter() -> Real:
    day = np.arange(365)
    return 10 - 9 * np.cos(2 * np.pi * (day - 20) / 365) + np.random.default_rng(2).normal(0, 2, 365)


@pytest.mark.parametrize(("balance", "slope"), [(12.0, 1500.0), (15.5, 900.0), (18.0, 3000.0)])
def test_heating_that_was_put_in_is_found(balance: float, slope: float) -> None:
    temperature = winter()
    random = np.random.default_rng(4)
    heat = slope * np.maximum(balance - temperature, 0)
    wh = 8000 * random.gamma(30, 1 / 30, 365) + heat
    wh[::50] += 30_000  # days that bend no line
    wh[100:120] = np.nan
    found = heating_of(wh, temperature)
    assert found.balance == pytest.approx(balance, abs=1)
    assert found.energy == pytest.approx(heat[np.isfinite(wh)].sum(), rel=0.1)
    assert found.share == pytest.approx(found.energy / np.nansum(wh))
    colder = corrected_change(found, 1.2 * found.expected(temperature - 3), temperature - 3)
    assert colder == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("days", "why"), [(365, "no heating seen: temperature explains"), (40, "40 days with readings and temperature")]
)
def test_no_heating_is_said(days: int, why: str) -> None:
    wh = np.random.default_rng(5).gamma(30, 300, days)
    with pytest.raises(NoHeating, match=why):
        heating_of(wh, winter()[:days])


def test_a_change_needs_two_months() -> None:
    assert corrected_change(Heating(15, 1000, 5000, 0, 0, 1), np.full(30, 5000.0), np.full(30, 20.0)) is None


@pytest.mark.soak
@pytest.mark.real_data
def test_heating_put_into_real_homes(shared_data: object) -> None:
    energy, balance = insight.heating_errors(shared_data)  # type: ignore[arg-type]
    assert (energy, balance) <= (0.1, 1.0)
    assert balance <= 1.0
