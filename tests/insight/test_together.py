"""The sum of many homes: counted as if all had been there, forecast as one, measured beside the simple ways."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from bench import homes
from sync.insight.forecast import day_totals, replay
from sync.insight.grid import HALF, SLOTS, Real
from sync.insight.together import Ahead, Short, ahead_of, sum_of
from sync.insight.tomorrow import WARM, days_of
from sync.model.localtime import PARIS
from tests import meters_of_all_kinds as kinds

FIRST, DAYS, HOMES = date(2025, 1, 6), 83, 6  # the day after the last is the one on which the clock goes forward


def curves() -> Real:
    return np.stack([kinds.curve(seed, DAYS).reshape(DAYS, SLOTS) for seed in range(HOMES)]).astype(np.float64)


def test_homes_that_are_missing_are_made_up_for() -> None:
    wh = curves()
    wh[0, 40, 10] = np.nan
    wh[:4, 50] = np.nan  # a third of them is too few
    wh[:, -1, 20:] = np.nan  # the last day has not come yet
    count, grid = sum_of(FIRST, np.nansum(wh, axis=0), np.isfinite(wh).sum(axis=0) * float(HALF), PARIS)
    assert count == HOMES
    assert len(grid) == DAYS - 1
    assert grid.wh[40, 10] == pytest.approx(wh[1:, 40, 10].mean() * HOMES)
    assert grid.wh[40, 11] == pytest.approx(wh[:, 40, 11].sum())
    assert np.isnan(grid.wh[50]).all()


def test_what_is_said_of_the_next_day_and_how_good_it_was() -> None:
    wh = curves().sum(axis=0)
    _, grid = sum_of(FIRST, wh, np.full(wh.shape, HOMES * float(HALF)), PARIS)
    found = ahead_of(HOMES, grid)
    assert isinstance(found, Ahead)
    assert (found.day, found.homes) == (FIRST + timedelta(days=DAYS), HOMES)
    assert found.week.tolist() == wh[-7].tolist()
    assert (found.low <= found.wh).all()
    assert (found.wh <= found.high).all()
    told = replay(days_of(grid, 1), 1, ahead=1)
    assert found.total == pytest.approx(told.total[0, -1] * 23 / 24)
    scored = range(WARM, DAYS)
    assert found.days == len(scored)
    energy = wh[scored].sum()
    by_hand = {
        "forecast": np.abs(told.wh[0, WARM:DAYS] - wh[WARM:]).sum() / energy,
        "week": np.abs(wh[WARM - 7 : -7] - wh[WARM:]).sum() / energy,
        "median": np.abs(told.simple[0, WARM:DAYS] - wh[WARM:]).sum() / energy,
    }
    assert {name: each.half_hours for name, each in found.errors.items()} == pytest.approx(by_hand)
    totals = day_totals(wh)
    assert found.errors["week"].days == pytest.approx(np.abs(totals[WARM - 7 : -7] - totals[WARM:]).sum() / energy)
    inside = (wh[WARM:] >= told.low[0, WARM:DAYS]) & (wh[WARM:] <= told.high[0, WARM:DAYS])
    assert found.coverage == pytest.approx(inside.mean())


@pytest.mark.parametrize("count", [0, 20])
def test_too_few_days_are_counted(count: int) -> None:
    wh = curves()[:, :count].sum(axis=0)
    assert ahead_of(*sum_of(FIRST, wh, np.full(wh.shape, HOMES * float(HALF)), PARIS)) == Short(count)


def test_homes_that_use_nothing_have_no_share_of_an_error() -> None:
    found = ahead_of(*sum_of(FIRST, np.zeros((DAYS, SLOTS)), np.full((DAYS, SLOTS), 3.0 * HALF), PARIS))
    assert isinstance(found, Ahead)
    assert found.total == 0
    assert np.isnan(found.errors["forecast"].half_hours)


@pytest.mark.soak
@pytest.mark.real_data
def test_the_sum_of_64_real_homes(shared_data: Path) -> None:
    """Over all of 2013, and nearer than either of the simple ways."""
    first, wh = homes.london(shared_data)
    best = wh[np.argsort(-np.isfinite(wh).sum(axis=(1, 2)), kind="stable")[:64]]
    there = np.isfinite(best).sum(axis=0) * float(HALF)
    found = ahead_of(*sum_of(first, np.nansum(best, axis=0), there, homes.LONDON_ZONE))
    assert isinstance(found, Ahead)
    errors = {name: each.half_hours for name, each in found.errors.items()}
    assert errors["forecast"] <= 0.095
    assert errors["forecast"] < errors["median"] < errors["week"]
    assert 0.78 <= found.coverage <= 0.83
