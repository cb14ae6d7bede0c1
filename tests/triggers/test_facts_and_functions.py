"""Our own functions under every difference of the platform that the harness can play: they work, or refuse in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.standin.faults import parse_faults
from sync.store.verify import repair_pair, verify_pair
from sync.triggers.facts import FACTS
from sync.triggers.run.bridge import TRACE
from sync.triggers.run.harness import Execution
from tests.atlas.functions_runs import Atlas, atlas
from tests.atlas.mornings_season import days_between, readings_of
from tests.bundled import bundled_tree

FIRST = date(2026, 3, 25)
DAYS = 7  # that a first run loads
CRASH = re.compile(r"TypeError|ReferenceError|RangeError|is not a function|undefined|NaN|\[object|null")
REFUSED = {
    ("int32_read", "opaque object"): "numbers of the database cannot be read",
    ("update_trace", "left"): "updates leave a field in documents here",
    ("time_passes", "stands still"): "the clock of this platform stands still",
    ("nested_date", "text"): "a Date does not stay one on its way to another function",
    ("rest_spread", "refused"): "object rest and spread are not taken here",
    ("binary_text", "otherwise"): "of this platform are not as documented",
    ("hash", "otherwise"): "of this platform are not as documented",
    ("timeseries_insert", "refused"): "insertMany is not supported for the time-series collection",
}
"""Where a morning fails, and the words it fails with; under any other difference it works."""
EVERY = [(fact.name, word) for fact in FACTS for word in fact.played]
MET = {(fact.name, fact.played[0]) for fact in FACTS if fact.played and not fact.relied.startswith("none")}
CASES = [
    pytest.param(form, *each, marks=() if form == "tree" and each in MET | REFUSED.keys() else pytest.mark.soak)
    for form in ("tree", "bundle")
    for each in EVERY
]
"""In the long run also what our functions do not meet, a second word for the same, and the bundles."""


def words_of(form: str, fact: str, word: str) -> str | None:
    """What a morning is refused with; None where it works. A bundle hands nothing to another function."""
    if form == "bundle" and fact.startswith("nested_"):
        return None
    if form == "bundle" and (fact, word) == ("int64_read", "opaque object"):
        return REFUSED["int32_read", "opaque object"]
    return REFUSED.get((fact, word))


@pytest.fixture
def around(database: Database[Any]) -> Iterator[Atlas]:
    with atlas(database, FIRST) as around:
        yield around


def assert_sound(around: Atlas, execution: Execution, words: str | None) -> None:
    """It worked, or refused in the words; and whatever it stored is as it was given."""
    assert_told(execution, words)
    kinds = around.database["consumption"].aggregate([{"$group": {"_id": [{"$type": "$wh"}, {"$type": "$seconds"}]}}])
    assert all(kind["_id"] == ["int", "int"] for kind in kinds)
    report = verify_pair(around.pair)
    assert not any(series.extra or series.duplicates for series in report.series), report.as_json()


@pytest.mark.parametrize(("form", "fact", "word"), CASES)
def test_two_mornings(around: Atlas, form: str, fact: str, word: str, tmp_path: Path) -> None:
    """The first loads, the second completes a day, corrects a value and heals the mirror."""
    reported, words = {fact: word}, words_of(form, fact, word)
    around.folder = bundled_tree(tmp_path / "app") if form == "bundle" else around.folder
    first = around.run(reported=reported)
    assert_sound(around, first, words)
    curve = around.standin.meters[around.prm].flows["consumption"]
    given: dict[Any, Any] = {}
    for day in days_between(FIRST - timedelta(days=DAYS), FIRST):
        given |= readings_of(curve, day)
    if words is None:
        assert around.stored() == given
    else:
        assert around.stored().items() <= given.items()
        around.moment += timedelta(hours=1)  # what a run that broke off held has ended
        around.run()  # as assumed: all is there for the second morning
    around.assert_identical()

    yesterday = readings_of(curve, FIRST - timedelta(days=1))
    one, other = sorted(yesterday)[10:12]
    around.pair.mirror.delete_many(around.series.query())
    around.pair.record.delete_one({"ts": one})
    around.pair.record.update_one({"ts": other}, {"$set": {"wh": yesterday[other][0] + 1}})
    around.moment += timedelta(days=1)
    execution = around.run(reported=reported)
    assert_completed(around, execution, words)
    refused = first.error is not None or execution.error is not None
    assert refused == (words is not None)
    if fact == "update_trace":  # the remedy of its words
        around.pair.record.update_many({TRACE: {"$exists": True}}, {"$unset": {TRACE: ""}})
    watched = around.run("watchFreshness", reported=reported)
    assert watched.error is not None  # of the corrected value, at least
    assert not CRASH.search(watched.error), watched.error
    if words is not None:
        around.moment += timedelta(hours=1)
        around.run()
    repair_pair(around.pair, verify_pair(around.pair))
    around.assert_identical()
    assert around.stored() == given | readings_of(curve, FIRST)


def assert_told(execution: Execution, words: str | None) -> None:
    if words is None:
        assert execution.error is None
    elif execution.error is not None:
        assert words in execution.error
        assert not CRASH.search(execution.error), execution.error
        assert "\n" not in execution.error


def assert_completed(around: Atlas, execution: Execution, words: str | None) -> None:
    """The second morning: the new day and the reading that was gone, the corrected value; nothing twice."""
    assert_told(execution, words)
    if words is None:
        assert (execution.result["new"], execution.result["changed"]) == (49, 1)
    counts = around.pair.mirror.aggregate([{"$group": {"_id": "$ts", "n": {"$sum": 1}}}])
    assert all(each["n"] == 1 for each in counts)


FAILING = [
    (
        {"non_2xx": "thrown"},
        "500@1-3",
        "the next run asks again, the gateway gave no answer: unexpected status 500",
    ),
    ({"nested_error": "lost", "timeseries_insert": "refused"}, "", "error executing function 'storeReadings'"),
]


@pytest.mark.parametrize(("reported", "faults", "words"), FAILING)
def test_a_morning_that_fails_anyway(around: Atlas, reported: dict[str, str], faults: str, words: str) -> None:
    """What says why on the platform as assumed says less on another, and still says what to do."""
    around.standin.faults = parse_faults(faults)
    execution = around.run(reported=reported)
    assert_sound(around, execution, "")
    assert execution.error is not None
    assert any(words in line for line in execution.logs), execution.logs
    around.standin.faults = parse_faults("")
    around.moment += timedelta(hours=1)
    assert_sound(around, around.run(), None)
    around.assert_identical()


def test_every_refusal_is_of_a_difference() -> None:
    assert REFUSED.keys() <= set(EVERY)
