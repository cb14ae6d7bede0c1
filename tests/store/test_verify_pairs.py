"""`verify` finds the one difference among many documents of many series, whatever it is, and `repair` mends it."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import Int64, ObjectId
from pymongo.database import Database

from sync.settings import DEFAULT_COLLECTIONS
from sync.store.schema import KEY_NAME, Pair, ensure_pair, pair, series_of
from sync.store.verify import repair_pair, verify_pair
from sync.store.writer import PairWriter
from tests.many import area, assert_same_sides, household

SERIES, READINGS = 3, 3_000
SEED = 20261121


@pytest.fixture(scope="module")
def chance() -> random.Random:
    return random.Random(SEED)


@pytest.fixture
def london(database: Database[Any]) -> Pair:
    found = pair(database, "lcl", DEFAULT_COLLECTIONS)
    ensure_pair(found)
    PairWriter(found).write_many([household(number, READINGS) for number in range(SERIES)])
    return found


def any_of(pair: Pair, chance: random.Random) -> dict[str, Any]:
    """Some document of the record."""
    series = {"series.id": f"MAC{chance.randrange(SERIES):06d}"}
    return pair.record.find(series).sort("ts", 1).skip(chance.randrange(READINGS)).next()


def rewrite(pair: Pair, document: dict[str, Any], change: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> None:
    """Put something else into the place of one document of the mirror, which takes no updates."""
    own = {"series.id": document["series"]["id"]}
    kept = list(pair.mirror.find(own))
    pair.mirror.delete_many(own)
    found = [new for each in kept for new in (change(each) if each["_id"] == document["_id"] else [each])]
    pair.mirror.insert_many(found)


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], list[dict[str, Any]]], dict[str, int]]] = {
    "one Wh": (lambda each: [each | {"wh": each["wh"] ^ 1}], {"different": 1}),
    "one second": (lambda each: [each | {"seconds": 1801}], {"different": 1}),
    "another type": (lambda each: [each | {"wh": Int64(each["wh"])}], {"different": 1}),
    "another type of double": (lambda each: [each | {"wh": float(each["wh"])}], {"different": 1}),
    "another id": (lambda each: [each | {"_id": ObjectId()}], {"different": 1}),
    "one field more": (lambda each: [each | {"flag": "x"}], {"different": 1}),
    "one field less": (lambda each: [{name: each[name] for name in each if name != "seconds"}], {"different": 1}),
    "missing": (lambda _: [], {"missing": 1}),
    "twice": (lambda each: [each, each], {"duplicates": 1}),
    "moved": (lambda each: [each | {"ts": each["ts"] + timedelta(milliseconds=1)}], {"missing": 1, "extra": 1}),
    "one between": (lambda each: [each, each | {"ts": each["ts"] + timedelta(seconds=1)}], {"extra": 1}),
    "one before all": (lambda each: [each, each | {"ts": datetime(2011, 1, 1, tzinfo=UTC)}], {"extra": 1}),
    "one after all": (lambda each: [each, each | {"ts": datetime(2037, 1, 1, tzinfo=UTC)}], {"extra": 1}),
    "one long before": (lambda each: [each, each | {"ts": datetime(1905, 1, 1, tzinfo=UTC)}], {"extra": 1}),
    "one long after": (lambda each: [each, each | {"ts": datetime(2107, 1, 1, tzinfo=UTC)}], {"extra": 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_one_difference_is_found_and_mended(london: Pair, chance: random.Random, name: str) -> None:
    change, found = CHANGES[name]
    document = any_of(london, chance)
    rewrite(london, document, change)
    report = verify_pair(london)
    assert {name: count for name, count in report.as_json().items() if name in DIFFERENCES and count} == found
    (series,) = [series for series in report.series if not series.identical]
    assert series.series
    assert series.series.id == document["series"]["id"]
    repair_pair(london, report)
    assert verify_pair(london).identical
    assert_same_sides(london)


DIFFERENCES = {"missing", "extra", "different", "duplicates"}


@pytest.mark.parametrize("size", [301, READINGS - 1, READINGS, READINGS + 1, 5 * READINGS])
def test_slices_of_any_size(london: Pair, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr("sync.store.verify.SLICE", size)
    found = verify_pair(london).as_json()
    assert (found["regular_count"], found["timeseries_count"]) == (SERIES * READINGS,) * 2
    london.record.delete_many({"series.id": "MAC000002", "ts": {"$gte": datetime(2012, 2, 1, tzinfo=UTC)}})
    left = london.record.count_documents({"series.id": "MAC000002"})
    assert verify_pair(london).as_json()["extra"] == READINGS - left


def test_a_mirror_without_anything_of_years_long_ago(database: Database[Any]) -> None:
    """Servers up to 6.0 find nothing by a bound before 1970: it must be neither missed nor inserted again."""
    own = pair(database, "lcl", DEFAULT_COLLECTIONS)
    ensure_pair(own)
    PairWriter(own).write_many([household(1, 500)])
    assert verify_pair(own).identical
    assert PairWriter(own).complete_mirror(household(1, 1).series) == 0
    PairWriter(own).write_many([household(1, 700)], mirror=False)
    report = verify_pair(own)
    assert report.as_json()["missing"] == 200
    repair_pair(own, report)
    assert_same_sides(own)
    assert own.mirror.count_documents({}) == 700


def test_series_are_listed_from_either_side(database: Database[Any]) -> None:
    own = pair(database, "elhub", DEFAULT_COLLECTIONS)
    ensure_pair(own)
    batches = [area(number, 30) for number in range(4)]
    PairWriter(own).write_many(batches)
    stray = {"ts": datetime(2020, 1, 1, tzinfo=UTC), "series": {"source": "elhub", "id": 7}, "wh": 1, "seconds": 1}
    none = {"ts": datetime(2020, 1, 1, tzinfo=UTC), "wh": 1, "seconds": 1}
    for side in (own.record, own.mirror):
        side.insert_many([dict(stray), dict(none)])
    wanted = [batch.series.subdocument() for batch in batches] + [{"source": "elhub", "id": 7}, {}]
    for side in (own.record, own.mirror):
        found = series_of(side)
        assert len(found) == 6
        assert all(entry in found for entry in wanted)
    report = verify_pair(own)
    assert (report.identical, report.as_json()["regular_count"], report.as_json()["foreign"]) == (True, 120, 4)
    own.record.drop_index(KEY_NAME)
    assert len(series_of(own.record)) == 6


def test_a_document_of_the_mirror_alone_and_of_no_series(london: Pair) -> None:
    london.mirror.insert_one({"ts": datetime(2013, 1, 1, tzinfo=UTC), "wh": 1})
    report = verify_pair(london)
    assert (report.identical, report.as_json()["foreign"]) == (True, 1)
    repair_pair(london, report)
    assert verify_pair(london).as_json()["foreign"] == 1  # no repair touches what belongs to no one
