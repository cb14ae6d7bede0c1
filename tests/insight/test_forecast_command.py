"""`forecast`: what it prints, what it reads, and why it says nothing where it cannot."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from pymongo.database import Database

from sync.insight.grid import grid_of
from sync.insight.tomorrow import TooLittle, tomorrow
from sync.model.localtime import PARIS, midnight
from sync.model.readings import instant
from tests import meters_of_all_kinds as kinds
from tests.shell import Shell

KEYS = ["day", "lead", "wh", "low", "high", "total_wh", "total_low", "total_high"]
DAY = kinds.end() - timedelta(days=10)


@pytest.mark.parametrize("name", ["usual", "zero", "holes", "quarters", "hours", "generating"])
def test_every_kind_of_meter_is_forecast(ask: Shell, name: str) -> None:
    found = ask.json("forecast", "--series", kinds.prm(name), "--day", str(kinds.end()))
    assert list(found) == KEYS
    assert (found["day"], found["lead"]) == (str(kinds.end()), 1)
    low, middle, high = (np.array(found[each], dtype=float) for each in ("low", "wh", "high"))
    assert low.shape == middle.shape == high.shape == (48,)
    assert (low <= middle).all()
    assert (middle <= high).all()
    assert found["total_low"] <= found["total_wh"] <= found["total_high"]
    assert (found["total_wh"] == 0) == (name == "zero")


@pytest.mark.parametrize(
    ("name", "day", "why"),
    [
        ("weeks", kinds.FIRST + timedelta(days=21), "21 measured days before 2025-02-22: a forecast needs 28"),
        ("usual", kinds.FIRST, "nothing is stored of linky …0000 consumption before 2025-02-01"),
        ("ended", kinds.end(), "the last day with readings before 2025-06-01 is 2025-04-02: 59 days are missing"),
    ],
)
def test_it_says_why_not(ask: Shell, name: str, day: Any, why: str) -> None:
    code, out, err = ask("forecast", "--series", kinds.prm(name), "--day", str(day))
    assert (code, out) == (1, "")
    assert why in err
    assert kinds.prm(name) not in err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("nobody", "no stored series is called 'nobody': stored are linky-"),
        ("consumption", "'consumption' names 7 series (linky-0000-consumption, linky-0001-consumption"),
    ],
)
def test_a_name_that_does_not_name_one_series(ask: Shell, words: str, why: str) -> None:
    code, out, err = ask("forecast", "--series", words, "--day", str(DAY))
    assert (code, out) == (2, "")
    assert why in err


def test_in_words_with_its_measured_reliability(ask: Shell) -> None:
    code, out, _ = ask("forecast", "--series", "linky-0007-production", "--day", str(DAY), "--lead", "2")
    assert code == 0
    assert f"linky …0007 production, {DAY:%A} {DAY}, lead 2 (known: the days until {DAY - timedelta(days=2)})" in out
    assert "measured: over its last" in out
    assert "% less than the same day a week before" in out


def test_what_is_stored_of_the_day_and_later_changes_nothing(ask: Shell, meters: Database[Any]) -> None:
    """And what is stored before does."""
    question = ("forecast", "--series", "linky-0000-consumption", "--day", str(DAY), "--lead", "2")
    before = ask.json(*question)
    known = instant(midnight(DAY - timedelta(days=1), PARIS))
    own = kinds.series("usual").query()
    stored = list(meters.consumptionTS.find(own))
    rest = [each for each in stored if each["ts"] < known]
    try:
        for changed, is_read in ((stored[len(rest) :], False), (rest[-48:], True)):
            meters.consumptionTS.delete_many(own)
            kept = [each for each in stored if each not in changed]
            meters.consumptionTS.insert_many(kept + [each | {"wh": 9999} for each in changed])
            assert (ask.json(*question) != before) == is_read
    finally:
        meters.consumptionTS.delete_many(own)
        meters.consumptionTS.insert_many(stored)


def test_a_day_of_23_hours_has_that_much_less_in_total() -> None:
    start = midnight(kinds.FIRST, PARIS) + np.arange(57 * 48, dtype=np.int64) * 1_800_000
    grid = grid_of(start, np.full(len(start), 100.0), np.full(len(start), 1800), PARIS)
    totals = [tomorrow(grid, date(2025, 3, day), 1).total for day in (28, 30)]
    assert np.allclose(totals, [4800, 4600], rtol=1e-6)


@pytest.mark.parametrize(("days", "is_enough"), [(27, False), (28, True)])
def test_four_weeks_are_needed(days: int, is_enough: bool) -> None:
    wh = kinds.curve(9, days).astype(float)
    start = midnight(kinds.FIRST, PARIS) + np.arange(len(wh), dtype=np.int64) * 1_800_000
    grid = grid_of(start, wh, np.full(len(start), 1800), PARIS)
    if is_enough:
        assert tomorrow(grid, grid.end, 1).score.coverage is not None
    else:
        with pytest.raises(TooLittle, match="27 measured days"):
            tomorrow(grid, grid.end, 1)
