"""A cluster that people touch: readings deleted on either side, documents that are not ours, options that delete."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from bson import ObjectId
from pymongo import ASCENDING
from pymongo.database import Database

from sync.model.clock import SystemClock
from sync.model.errors import CollectionMismatch, StoreError
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources import zone_of
from sync.store.forget import chosen, finish_forgetting, forget
from sync.store.schema import FORGOTTEN, KEPT, TIMESERIES, Pair, ensure_pair, pair, refuse_mismatch
from sync.store.verify import keep_verification, repair_pair, verify_pair
from sync.store.writer import PairWriter
from tests.many import assert_same_sides, documents, household, stored
from tests.strays import may_be_mirrored, strays

SERIES, READINGS = 3, 400
LONDON = zone_of("lcl")
MIDDLE = {"$gte": datetime(2012, 1, 2, tzinfo=UTC), "$lt": datetime(2012, 1, 5, tzinfo=UTC)}


@pytest.fixture
def own(database: Database[Any]) -> Pair:
    found = pair(database, "lcl", DEFAULT_COLLECTIONS)
    ensure_pair(found)
    PairWriter(found).write_many([household(number, READINGS) for number in range(SERIES)])
    return found


def mended(own: Pair) -> int:
    """After `repair`: readings that came back into the record."""
    ensure_pair(own)
    report = verify_pair(own)
    assert not report.identical
    back = repair_pair(own, report)
    assert verify_pair(own).identical
    return back


# --- losses -----------------------------------------------------------------------------------------------------------

LOSSES: dict[str, tuple[Callable[[Pair], object], int]] = {
    "some days of the record": (lambda own: own.record.delete_many({"ts": MIDDLE}), SERIES * 3 * 48),
    "a series of the record": (lambda own: own.record.delete_many({"series.id": "MAC000001"}), READINGS),
    "all of the record": (lambda own: own.record.delete_many({}), SERIES * READINGS),
    "the record itself": (lambda own: own.record.drop(), SERIES * READINGS),
    "a series of the mirror": (lambda own: own.mirror.delete_many({"series": household(1, 1).series.subdocument()}), 0),
    "the mirror itself": (lambda own: own.mirror.drop(), 0),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_what_one_side_has_comes_back(own: Pair, name: str) -> None:
    lose, restored = LOSSES[name]
    before, bytes_before = documents(own.record), stored(own.record)
    lose(own)
    assert mended(own) == restored
    assert documents(own.record) == before
    assert stored(own.record) == bytes_before
    assert_same_sides(own)


def test_each_side_lost_another_part(own: Pair) -> None:
    """Beside it one value was corrected in the record: the record is right, and what it lacks comes back."""
    before = documents(own.record)
    own.record.delete_many({"series.id": "MAC000000", "ts": MIDDLE})
    own.mirror.delete_many({"series": household(1, 1).series.subdocument()})
    corrected = own.record.find_one_and_update({"series.id": "MAC000000"}, {"$inc": {"wh": 1}}, sort=[("ts", -1)])
    assert corrected
    assert mended(own) == 3 * 48
    before[corrected["_id"]]["wh"] += 1
    assert documents(own.record) == before
    assert_same_sides(own)


def test_a_rewrite_that_a_correction_asks_for_loses_nothing(own: Pair) -> None:
    """Half of a series is gone from the record when an API corrects a value of the other half."""
    before = documents(own.record)
    own.record.delete_many({"series.id": "MAC000000", "ts": MIDDLE})
    batch = household(0, 10)
    batch.columns["wh"][3] += 7  # type: ignore[index]
    assert PairWriter(own).write(batch).changed == 1
    assert documents(own.record).keys() == before.keys()
    assert_same_sides(own)


def test_a_reading_of_another_length_is_not_counted_twice(own: Pair) -> None:
    series = household(0, 1).series
    hour = {"_id": ObjectId(), "ts": datetime(2012, 1, 1, tzinfo=UTC), "series": series.subdocument(), "wh": 9}
    own.record.delete_many({"series.id": series.id, "ts": {"$lt": datetime(2012, 1, 1, 1, tzinfo=UTC)}})
    own.record.insert_one(hour | {"seconds": 3600})
    assert mended(own) == 0
    assert own.record.count_documents({"series.id": series.id}) == READINGS - 1
    assert_same_sides(own)


def test_nothing_is_no_proof(own: Pair) -> None:
    keep_verification([verify_pair(own)], datetime.now(UTC))
    for side in (own.record, own.mirror):
        side.delete_many({})
    report = verify_pair(own)
    assert (report.identical, report.lost) == (False, SERIES * READINGS)


# --- what is not ours -------------------------------------------------------------------------------------------------

STRAYS = strays(household(0, 1).series)
CASES = [(name, False) for name in STRAYS] + [(name, True) for name in STRAYS if may_be_mirrored(STRAYS[name])]


@pytest.mark.parametrize(("name", "mirrored"), CASES)
def test_what_is_not_ours_is_named_and_left_alone(own: Pair, name: str, mirrored: bool) -> None:
    before = documents(own.record)
    side = own.mirror if mirrored else own.record
    side.insert_one(placed := STRAYS[name].copy())
    report = verify_pair(own)
    assert (report.identical, report.count) == (True, SERIES * READINGS)
    (foreign,) = report.foreign
    assert (foreign.side, foreign.count) == (side.name, 1)
    # a load, a repair and a rewriting of the mirror go on around it
    ensure_pair(own)
    assert PairWriter(own).write(household(0, READINGS + 48)).new == 48
    PairWriter(own).rewrite_mirror(household(0, 1).series)
    repair_pair(own, verify_pair(own))
    report = verify_pair(own)
    assert (report.identical, report.count) == (True, SERIES * READINGS + 48)
    assert side.count_documents({"_id": placed["_id"]}) == 1
    other = own.record if mirrored else own.mirror
    assert other.count_documents({"_id": placed["_id"]}) == 0
    assert before.keys() <= {each["_id"] for each in own.record.find({}, {"_id": 1})}
    assert own.record.database[KEPT].count_documents({}) == 0


def test_a_damaged_document_comes_back_from_the_other_side(own: Pair) -> None:
    before = documents(own.record)
    one = own.record.find_one_and_update({"series.id": "MAC000000"}, {"$unset": {"seconds": ""}}, sort=[("ts", 1)])
    assert one
    mended(own)
    assert documents(own.record) == before


def test_an_older_scripts_documents_are_named_with_a_way_out(database: Database[Any]) -> None:
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    own.record.insert_many([{"date": f"2024-01-0{day}", "value": day} for day in range(1, 6)])
    with pytest.raises(CollectionMismatch, match=r"5 documents that are not ours .*renameCollection"):
        ensure_pair(own)
    assert own.record.count_documents({}) == 5


# --- options ----------------------------------------------------------------------------------------------------------

CREATED: dict[str, tuple[bool, dict[str, Any]]] = {
    "expireAfterSeconds": (True, {"timeseries": TIMESERIES, "expireAfterSeconds": 60}),
    "granularity": (True, {"timeseries": TIMESERIES | {"granularity": "minutes"}}),
    "collation": (False, {"collation": {"locale": "fr"}}),
    "capped": (False, {"capped": True, "size": 100_000}),
    "validator": (False, {"validator": {"wh": {"$exists": True}}}),
    "changeStreamPreAndPostImages": (False, {"changeStreamPreAndPostImages": {"enabled": True}}),
}


@pytest.mark.parametrize("name", CREATED)
def test_options_that_are_not_ours_are_refused_by_name(database: Database[Any], name: str) -> None:
    own = pair(database, "lcl", DEFAULT_COLLECTIONS)
    mirrored, options = CREATED[name]
    database.create_collection((own.mirror if mirrored else own.record).name, **options)
    for look in (ensure_pair, refuse_mismatch):
        with pytest.raises(CollectionMismatch, match=name):
            look(own)


INDEXES: dict[str, tuple[list[tuple[str, int]], dict[str, Any]]] = {
    "expireAfterSeconds": ([("ts", ASCENDING)], {"expireAfterSeconds": 60}),
    "unique": ([("ts", ASCENDING)], {"unique": True}),
    "another name": ([("series", ASCENDING), ("ts", ASCENDING)], {"name": "mine", "unique": True}),
    "partialFilterExpression": (
        [("series", ASCENDING), ("ts", ASCENDING)],
        {"unique": True, "partialFilterExpression": {"wh": {"$gt": 5}}},
    ),
    "sparse": ([("series", ASCENDING), ("ts", ASCENDING)], {"unique": True, "sparse": True}),
    "collation": ([("series", ASCENDING), ("ts", ASCENDING)], {"unique": True, "collation": {"locale": "fr"}}),
}


@pytest.mark.parametrize("name", INDEXES)
def test_indexes_that_remove_or_refuse_readings_are_refused(database: Database[Any], name: str) -> None:
    own = pair(database, "lcl", DEFAULT_COLLECTIONS)
    keys, options = INDEXES[name]
    own.record.create_index(keys, **options)
    with pytest.raises(CollectionMismatch, match=name):
        ensure_pair(own)


def test_other_indexes_and_what_newer_servers_add_are_fine(own: Pair) -> None:
    own.record.create_index([("wh", ASCENDING)])
    own.mirror.create_index([("ts", ASCENDING)])
    ensure_pair(own)
    assert refuse_mismatch(own) == {own.record.name, own.mirror.name}


# --- forgetting on purpose --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [None, date(2012, 1, 5)])
def test_forgotten_on_both_sides_for_good(own: Pair, before: date | None) -> None:
    (series,) = chosen(own, "MAC000001")
    kept = 0 if before is None else READINGS - 4 * 48
    assert forget(own, series, before, LONDON, SystemClock()) == READINGS - kept
    for side in (own.record, own.mirror):
        assert side.count_documents(series.query()) == kept
        assert side.count_documents({}) == (SERIES - 1) * READINGS + kept
    repair_pair(own, verify_pair(own))
    assert own.record.count_documents(series.query()) == kept
    assert verify_pair(own).identical


def test_a_forgetting_that_was_stopped_is_finished_and_not_undone(own: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    (series,) = chosen(own, "MAC000001")
    with monkeypatch.context() as patched:
        patched.setattr(PairWriter, "rewrite_mirror", lambda *_: (_ for _ in ()).throw(StoreError("stopped")))
        with pytest.raises(StoreError, match="stopped"):
            forget(own, series, None, LONDON, SystemClock())
    assert own.mirror.count_documents(series.query()) == READINGS
    repair_pair(own, verify_pair(own))
    assert own.record.count_documents(series.query()) == 0  # not brought back
    said: list[str] = []
    finish_forgetting(own, LONDON, SystemClock(), said.append)
    assert own.mirror.count_documents(series.query()) == 0
    assert said == ["finished forgetting lcl MAC000001 consumption: 0 readings"]
    assert own.record.database[FORGOTTEN].count_documents({}) == 0


def test_chosen_by_words(own: Pair) -> None:
    assert [series.id for series in chosen(own, "consumption")] == [f"MAC00000{n}" for n in range(SERIES)]
    assert [series.id for series in chosen(own, "MAC000002 consumption")] == ["MAC000002"]
    assert chosen(own, "MAC000002 production") == chosen(own, "") == []
