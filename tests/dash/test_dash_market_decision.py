"""BUY, AVOID, MONITOR: worked by hand, and the same for an area of ten times the size."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymongo.database import Database

from dash_app.kit.locale import Look
from dash_app.kit.table import cell_text, table_from
from dash_app.kit.view import View
from dash_app.market.page import days_body, decision_body, reason
from dash_app.market.queries import AVOID, BUY, MONITOR, Rule, Verdict, judge, rule_in
from tests.dash.nordic_stores import energy, prices, write
from tests.dash.nordic_views import market_of

FIRST = date(2024, 5, 1)
START = datetime(2024, 4, 30, 22, tzinfo=UTC)  # midnight in Denmark
ONE = timedelta(days=1)
LAST = FIRST + 10 * ONE

# Ten days before: prices 40 … 58 (mean 49, deviation 6.055), production 100 … 190 GWh (mean 145, deviation 30.28).
PRICES = [40, 42, 44, 46, 48, 50, 52, 54, 56, 58]
GWH = [100, 110, 120, 130, 140, 150, 160, 170, 180, 190]


def load(database: Database[Any], area: str, eur: Sequence[float], mwh: Sequence[float], times: int = 1) -> None:
    """Days of 24 equal hours."""
    hours = [price for price in eur for _ in range(24)]
    wh = [round(energy_ * times * 1e6) for energy_ in mwh for _ in range(24)]
    write(
        database,
        "energidata",
        [prices(area, START, [float(each) for each in hours]), energy("energidata", area, "Wind", START, wh)],
    )


def verdicts(database: Database[Any], folder: Path, last: date = LAST, **options: str) -> dict[str, Verdict]:
    found = market_of(database, folder).frame("market-decision", FIRST, last, **({"window": "10"} | options))
    return {each.area: each for each in found.notes["verdicts"]}


@pytest.mark.parametrize(
    ("price", "production", "verdict"),
    [
        (43, 180, BUY),  # z -0.991 and +1.156
        (45.9, 161, BUY),  # -0.512 and +0.528: just beyond half a deviation
        (46.1, 161, MONITOR),  # -0.479: not cheap enough
        (43, 159, MONITOR),  # +0.462: not plentiful enough
        (56, 110, AVOID),  # +1.156 and -1.156
        (43, 110, MONITOR),  # cheap and scarce
        (56, 180, MONITOR),  # dear and plentiful
        (49, 145, MONITOR),  # as usual
    ],
)
def test_by_hand(database: Database[Any], tmp_path: Path, price: float, production: float, verdict: str) -> None:
    load(database, "DK1", [*PRICES, price], [*GWH, production])
    load(database, "DK2", [*PRICES, price], [*GWH, production], times=10)
    found = verdicts(database, tmp_path)
    assert {area: each.verdict for area, each in found.items()} == {"DK1": verdict, "DK2": verdict}
    one, ten = found["DK1"], found["DK2"]
    assert (one.day, one.known) == (LAST, 10)
    deviation = (sum((each - 49) ** 2 for each in PRICES) / 9) ** 0.5
    assert one.price.z == pytest.approx((price - 49) / deviation, abs=1e-8)
    assert one.price.rank == sum(each < price for each in PRICES) / 10
    assert (ten.production.z, ten.production.rank) == (one.production.z, one.production.rank)
    assert ten.production.today == pytest.approx(10 * one.production.today)


def test_thresholds_and_window_count(database: Database[Any], tmp_path: Path) -> None:
    load(database, "DK1", [*PRICES, 43], [*GWH, 180])
    assert verdicts(database, tmp_path)["DK1"].verdict == BUY
    assert verdicts(database, tmp_path, price_z="1")["DK1"].verdict == MONITOR
    assert verdicts(database, tmp_path, production_z="1.2")["DK1"].verdict == MONITOR
    week = verdicts(database, tmp_path, window="7")["DK1"]
    assert week.known == 7
    assert week.price.mean == pytest.approx(sum(PRICES[3:]) / 7)
    month = verdicts(database, tmp_path, window="30")["DK1"]
    assert (month.verdict, month.reason, month.known) == (MONITOR, "too_few", 10)


def test_another_area_changes_nothing(database: Database[Any], tmp_path: Path) -> None:
    load(database, "DK1", [*PRICES, 43], [*GWH, 180])
    before = verdicts(database, tmp_path)["DK1"]
    load(database, "DK2", [3 * each for each in [*PRICES, 43]], [*GWH, 180], times=1000)
    assert verdicts(database, tmp_path)["DK1"] == before


def test_only_whole_days_are_judged(database: Database[Any], tmp_path: Path) -> None:
    hours = [float(price) for price in [*PRICES, 43] for _ in range(24)]
    wh: list[int | None] = [each * 1_000_000 for each in [*GWH, 180] for _ in range(24)]
    wh[-3] = None
    write(
        database,
        "energidata",
        [
            prices("DK1", START, hours),
            energy("energidata", "DK1", "Wind", START, wh),
            prices("DE", START, hours),
        ],
    )
    found = market_of(database, tmp_path).frame("market-decision", FIRST, LAST, window="10")
    judged = found.notes["verdicts"]
    assert [(each.area, each.day) for each in judged] == [("DK1", LAST - ONE)]
    assert found.notes["lacking"] == ["DE"]


def test_equal_days_say_nothing() -> None:
    days = [FIRST + place * ONE for place in range(11)]
    same = np.array([0.1 + 0.2] * 10 + [0.3])
    found = judge("X", days, (same, np.array([*GWH, 180.0])), Rule(10, 0.5, 0.5), FIRST)
    assert found is not None
    assert (found.verdict, found.reason) == (MONITOR, "flat")
    lone = judge("X", days[:1], (same[:1], same[:1]), Rule(10, 0.5, 0.5), FIRST)
    assert lone is not None
    assert (lone.verdict, lone.reason) == (MONITOR, "too_few")
    assert judge("X", days, (same * np.nan, same), Rule(10, 0.5, 0.5), FIRST) is None


@pytest.mark.parametrize("text", ["", "x", "-1", "0", "99999", "nan", "inf"])
def test_a_choice_out_of_range_has_its_standard(text: str) -> None:
    names = ("window", "price_z", "production_z")
    assert rule_in(View(options=tuple((name, text) for name in names))) == Rule(30, 0.5, 0.5)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_sentence_names_both_numbers(database: Database[Any], tmp_path: Path, language: str) -> None:
    load(database, "DK1", [*PRICES, 43], [*GWH, 180])
    look = Look(language)
    said = reason(verdicts(database, tmp_path)["DK1"], Rule(10, 0.5, 0.5), look)
    assert look.price(49) in said
    assert look.grid_energy(145 * 24e6) in said
    assert look.number(0.99, 2) in said
    assert look.number(1.16, 2) in said
    assert look.text("market.why.buy") in said


@pytest.mark.parametrize(("language", "name"), [("en", "DK1, western Denmark"), ("fr", "DK1, ouest du Danemark")])
def test_an_area_has_its_name_beside_its_code(
    database: Database[Any], tmp_path: Path, language: str, name: str
) -> None:
    """On the page's own tables, and where the frame of any card is shown as one."""
    load(database, "DK1", [*PRICES, 43], [*GWH, 180])
    market, look = market_of(database, tmp_path), Look(language)
    for block, body in (("market-decision", decision_body), ("market-days", days_body)):
        frame = market.frame(block, FIRST, LAST, window="10")
        assert name in str(body(frame, look))
        assert name in str(table_from("a card", frame.table, list(frame.table), "", look))
    assert cell_text("XY9", look) == "XY9"
