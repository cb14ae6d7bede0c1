"""`analyse`: the cards of each series, made once for the same readings, and why there is none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from pymongo.database import Database

from sync.commands.analyse import BUDGET
from sync.insight.cards import RECALL
from sync.insight.unusual import TESTS
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.schema import pair
from tests import meters_of_all_kinds as kinds
from tests.shell import Shell

KEYS = [
    "source",
    "series",
    "days",
    "lead",
    "skill_week",
    "skill_median",
    "coverage",
    "messages",
    "base_w",
    "why",
    "fresh",
]
CARDS = {"forecast 1", "forecast 2", "base", "unusual", "profile"}


@pytest.fixture(scope="module")
def found(ask: Shell) -> dict[str, Any]:
    """By name of the kind."""
    told = ask.json("analyse", "--source", "linky")["series"]
    return {kinds.NAMES[int(each["series"].split("-")[1])]: each for each in told}


def test_every_meter_has_its_entry(found: dict[str, Any], meters: Database[Any]) -> None:
    assert set(found) == set(kinds.NAMES)
    assert all(list(each) == KEYS for each in found.values())
    assert {each["fresh"] for each in found.values()} == {len(CARDS)}
    stored = list(meters.insight_cards.find())
    assert len(stored) == len(CARDS) * len(kinds.NAMES)
    for card in stored:
        assert ("why" in card) != ("value" in card)
        assert ("measured" in card) == ("value" in card)
        assert not any(kinds.prm(name) in str({**card, "series": ""}) for name in kinds.NAMES)


@pytest.mark.parametrize("name", ["usual", "holes", "quarters", "hours", "generating"])
def test_the_skill_of_a_meter(found: dict[str, Any], name: str) -> None:
    each = found[name]
    possible = kinds.DAYS - 14
    assert possible - 7 < each["days"] < possible if name == "holes" else each["days"] == possible
    assert 0.1 < each["skill_week"] < 0.6
    assert 0.7 < each["coverage"] < 0.9
    assert len(each["messages"]) <= 2 * BUDGET * kinds.DAYS / 365 + 1


def test_what_cannot_be_said_is_absent_and_says_why(found: dict[str, Any]) -> None:
    weeks, sun = found["weeks"], found["generating"]
    assert (weeks["skill_week"], weeks["base_w"], weeks["messages"]) == (None, None, [])
    assert set(weeks["why"]) == CARDS
    assert "21 measured days" in weeks["why"]["forecast 1"]
    assert set(sun["why"]) == {"base", "unusual", "profile"}
    assert sun["why"]["base"] == "only the consumption of a meter has a base load and habits"
    zero = found["zero"]
    assert (zero["skill_week"], zero["coverage"], zero["base_w"], zero["messages"]) == (None, 1.0, 0.0, [])


def test_the_base_load_is_the_tenth_of_the_days(found: dict[str, Any]) -> None:
    days = kinds.curve(1).reshape(-1, 48)[-28:]
    by_hand = np.median(np.quantile(days, 0.1, axis=1)) * 2
    assert found["usual"]["base_w"] == pytest.approx(by_hand, rel=0.05)  # the clock has changed in between


def test_only_new_readings_are_analysed(ask: Shell, found: dict[str, Any], meters: Database[Any]) -> None:
    again = ask.json("analyse", "--series", "linky consumption")["series"]
    assert {each["fresh"] for each in again} == {0}
    before = {each["series"]: {**each, "fresh": 0} for each in found.values()}
    assert all(each == before[each["series"]] for each in again)
    meters.insight_cards.delete_one({"_id.card": "base", "_id.series": {"$regex": "0001"}})  # stopped in the middle
    wh = np.concatenate([kinds.curve(8, 60), kinds.curve(9, 2)])
    kinds.write(pair(meters, "linky", DEFAULT_COLLECTIONS), "ended", wh)
    after = {each["series"]: each["fresh"] for each in ask.json("analyse")["series"]}
    changed = {address for address, fresh in after.items() if fresh}
    assert changed == {"linky-0001-consumption", "linky-0006-consumption"}


def test_since_a_day_and_with_the_longer_lead(ask: Shell, found: dict[str, Any]) -> None:
    since = kinds.end() - timedelta(days=30)
    question = ("analyse", "--series", "linky-0000-consumption", "--since", str(since), "--lead", "2", "--budget", "0")
    [each] = ask.json(*question)["series"]
    assert (each["days"], each["lead"], each["messages"]) == (30, 2, [])
    code, out, _ = ask(*question)
    assert code == 0
    assert "linky …0000 consumption (nothing new)" in out
    assert "forecast, lead 2:" in out
    assert "(30 days)" in out


def test_what_is_forgotten_has_no_cards(ask: Shell, found: dict[str, Any], meters: Database[Any]) -> None:
    assert ask("forget", "--series", "0005", "--yes")[0] == 0
    assert meters.insight_cards.count_documents({"series.id": kinds.prm("hours")}) == 0


def test_every_test_says_how_reliable_it_is() -> None:
    assert RECALL.keys() == TESTS.keys()
