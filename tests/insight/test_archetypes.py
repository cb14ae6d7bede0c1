"""Shares of archetypes: those that were mixed are found, whoever comes first, and their stability is measured."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from sync.insight.archetypes import COUNT, Half, archetypes_of, halves_of, peaks, restored, spearman, stored
from sync.insight.grid import SLOTS, Real

HOMES = 60
HOURS = (8, 13, 19, 23)


def shapes() -> Real:
    """Four usual days, each with its hour, on weekends an hour later; mean 1."""
    slot = np.arange(SLOTS) / 2
    days = [[np.exp(-(((slot - hour - later) / 1.5) ** 2)) for later in (0, 1)] for hour in HOURS]
    found = 0.05 + np.array(days).reshape(COUNT, 2 * SLOTS)
    return found / found.mean(axis=1, keepdims=True)


def homes(noise: float = 0.0) -> tuple[list[tuple[Half, Half]], Real]:
    random = np.random.default_rng(7)
    shares = random.dirichlet([0.7, 0.6, 0.5, 0.4], HOMES)
    size = random.uniform(50, 900, (HOMES, 1))
    whole = size * shares @ shapes()
    halves = [whole * random.gamma(1 / noise, noise, whole.shape) if noise else whole for _ in range(2)]
    return [(Half(one, (100, 40)), Half(other, (90, 36))) for one, other in zip(*halves, strict=True)], shares


def test_shares_that_were_mixed_are_found() -> None:
    made, shares = homes()
    found = archetypes_of(made)
    order = np.argsort(-shares.mean(axis=0))
    for place, true in enumerate(order):
        assert spearman(found.shares[:, place], shares[:, true]) > 0.97
        assert np.abs(found.shares[:, place] - shares[:, true]).mean() < 0.06
    assert [peak / 2 for peak in peaks(found.shapes) % SLOTS] == [pytest.approx(HOURS[true], abs=1) for true in order]
    assert found.shares.sum(axis=1) == pytest.approx(1)
    assert found.shapes.mean(axis=1) == pytest.approx(1)
    assert found.stability == pytest.approx(1)


def test_the_same_homes_in_another_order_have_the_same_shares() -> None:
    made, _ = homes(0.05)
    found, again = archetypes_of(made), archetypes_of(made)
    assert np.array_equal(found.shares, again.shares)
    turned = archetypes_of(made[::-1])
    assert turned.shares[::-1] == pytest.approx(found.shares, abs=1e-6)


def test_noise_between_the_halves_is_instability() -> None:
    quiet, loud = (archetypes_of(homes(noise)[0]).stability for noise in (0.05, 3.0))
    assert (quiet > 0.9).all()
    assert loud.mean() < quiet.mean() - 0.2


def test_usual_days_by_hand_and_as_they_are_stored() -> None:
    random = np.random.default_rng(1)
    first = date(2023, 1, 4)  # a Wednesday
    wh = random.gamma(2, 100, (500, SLOTS))
    wh[480, 5] = np.nan
    found = halves_of(wh, first)
    assert found is not None
    days = [(first.toordinal() + at + 6) % 7 for at in range(500)]
    second = [at for at in range(500 - 182, 500) if days[at] < 5]
    assert found[1].wh[:SLOTS] == pytest.approx(np.nanmean(wh[second], axis=0))
    assert found[1].days == (130, 52)
    back = restored(stored(found))
    assert back[0].wh == pytest.approx(found[0].wh, abs=0.051)
    assert halves_of(wh[:24], first) is None
    wh[:, 7] = np.nan
    assert halves_of(wh, first) is None


@pytest.mark.parametrize(
    ("values", "found"), [([1, 2, 3], 1.0), ([3, 2, 1], -1.0), ([1, 1, 2], 0.866), ([1, 1, 1], None)]
)
def test_ranks(values: list[float], found: float | None) -> None:
    told = spearman(np.array([10.0, 20.0, 30.0]), np.array(values, dtype=np.float64))
    assert np.isnan(told) if found is None else told == pytest.approx(found, abs=1e-3)
