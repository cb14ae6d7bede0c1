"""The leak: shown by one model on the same days, and shown to be absent where it is said to be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

from bench import homes
from sync.insight import leak, sarimax
from sync.insight.grid import Real
from tests import meters_of_all_kinds as kinds
from tests.insight.test_classic import HYDRO, column

FIRST, DAYS = date(2024, 1, 1), 150


def made() -> Real:
    wh = kinds.curve(3, DAYS).reshape(DAYS, 48).astype(float)
    wh *= np.random.default_rng(3).gamma(8, 1 / 8, (DAYS, 1))
    wh[90, 10:40] = np.nan
    return wh


@pytest.mark.real_data
def test_the_leak_makes_a_figure_famous(shared_data: Path) -> None:
    grid = homes.household(shared_data)
    honest, leaking = (leak.trial(grid.wh, grid.first, grid.zone, lead) for lead in (leak.HONEST, leak.LEAKING))
    assert leaking.explained >= 0.99
    assert 0.4 <= honest.explained <= 0.7
    assert np.array_equal(honest.measured, leaking.measured)
    came = np.where(np.isfinite(grid.wh).all(axis=1), grid.wh.sum(axis=1), np.nan)
    days = honest.measured & np.isfinite(came)
    assert days.sum() > 200
    assert np.allclose(honest.came[days], came[days])
    said = honest.said[honest.measured]
    by_hand = 1 - np.var(said - honest.came[honest.measured]) / np.var(honest.came[honest.measured])
    assert honest.explained <= by_hand  # what a forecast is too high on average counts against it


@pytest.mark.soak
@pytest.mark.real_data
def test_the_leak_of_real_homes(shared_data: Path) -> None:
    first, wh = homes.london(shared_data)
    whole = wh[np.isfinite(wh).mean(axis=(1, 2)) > 0.9]
    both = [[leak.trial(home, first, homes.LONDON_ZONE, lead).explained for lead in (1, 0)] for home in whole]
    honest, leaking = np.array(both).T
    assert len(honest) >= 30
    assert leaking.min() >= 0.99
    assert honest.max() <= 0.9


def test_days_before_teach_and_no_other() -> None:
    wh = made()
    found = leak.trial(wh, FIRST, homes.PARIS, leak.HONEST)
    assert found.measured[:80].sum() == 0
    assert found.measured[-20:].all()
    assert not found.measured[90]
    assert found.features == 37  # no weather is known, no tariff


def ridge(wh: Real, lead: int = leak.HONEST) -> Real:
    return leak.trial(wh, FIRST, homes.PARIS, lead).said


@pytest.mark.parametrize("by", [np.nan, 1e6])
def test_the_model_says_the_same_when_the_day_and_all_later_ones_are_blanked(by: float) -> None:
    wh = made()
    whole = ridge(wh)
    for day in (DAYS - 8, DAYS - 2, DAYS - 1):
        cut = wh.copy()
        cut[day:] = by
        assert ridge(cut)[day] == whole[day]


def test_the_model_that_leaks_does_not() -> None:
    """The test above would fail for it."""
    wh = made()
    changed = wh.copy()
    changed[-1] *= 2
    assert abs(ridge(changed, leak.LEAKING)[-1] - ridge(wh, leak.LEAKING)[-1]) > 1000
    assert ridge(changed)[-1] == ridge(wh)[-1]


def hours(days: int = 22) -> Real:
    return kinds.curve(9, days, 3600).astype(float) + 100


@cache
def whole_week() -> sarimax.Week:
    return sarimax.last_week(hours())


@pytest.mark.parametrize("by", [np.nan, 1e6])
def test_sarimax_and_those_beside_it_say_the_same_when_what_comes_is_blanked(
    by: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sarimax, "ROUNDS", 2)
    curve, day = hours(), 3
    cut = curve.copy()
    cut[len(curve) - 168 + 24 * day : -1] = by  # the last hour says where the week ends
    blanked = sarimax.last_week(cut)
    assert set(blanked.said) == {"sarimax", "day", "week", "weeks"}
    for name, said in whole_week().said.items():
        known = slice(0, 24 * day + 24)
        assert np.array_equal(said[known], blanked.said[name][known]), name


@pytest.mark.real_data
def test_sarimax_beside_its_baselines(shared_data: Path) -> None:
    """The baselines by hand; the model is of use in a usual week and of none in another."""
    curve = column(shared_data / HYDRO, "quantityKwh")[4464:5000]
    found = sarimax.last_week(curve)
    came = curve[-168:]
    assert found.start == len(curve) - 168
    assert np.array_equal(found.came, came)
    assert found.errors["day"] == pytest.approx(np.abs(curve[-192:-24] - came).sum() / came.sum())
    assert found.errors["week"] == pytest.approx(np.abs(curve[-336:-168] - came).sum() / came.sum())
    before = np.mean([curve[-168 - 168 * week : len(curve) - 168 * week] for week in (1, 2)], axis=0)
    assert found.errors["weeks"] == pytest.approx(np.abs(before - came).sum() / came.sum())
    assert found.errors["sarimax"] < min(found.errors[name] for name in ("day", "week", "weeks"))


TOO_SHORT: dict[str, Callable[[], object]] = {
    "three weeks of a home": partial(leak.trial, made()[:21], FIRST, homes.PARIS, leak.HONEST),
    "nothing": partial(leak.trial, made()[:0], FIRST, homes.PARIS, leak.HONEST),
    "no day is whole": partial(leak.trial, np.full((DAYS, 48), np.nan), FIRST, homes.PARIS, leak.HONEST),
}


@pytest.mark.parametrize("name", TOO_SHORT)
def test_too_few_days_are_no_trial(name: str) -> None:
    with pytest.raises(leak.TooShort):
        TOO_SHORT[name]()


@pytest.mark.parametrize("curve", [np.zeros(0), np.full(900, np.nan), hours(20), np.zeros(600)], ids=len)
def test_too_few_hours_are_no_week(curve: Real) -> None:
    with pytest.raises(sarimax.TooShort):
        sarimax.last_week(curve)
