"""The key of a record during its first load: faster, never less than unique in the end."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from bson import ObjectId
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError

from sync.model.errors import CollectionMismatch
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.lease import LEASES, lease_name
from sync.store.schema import KEY, KEY_NAME, Pair, ensure_pair, first_load, pair
from sync.store.verify import repair_pair, verify_pair
from sync.store.writer import PairWriter, Written
from tests.many import area, assert_same_sides, expected, household, stored


@pytest.fixture
def own(database: Database[Any]) -> Pair:
    """A pair that is not made yet."""
    return pair(database, "elhub", DEFAULT_COLLECTIONS)


def is_unique(pair: Pair) -> bool:
    index = pair.record.index_information()[KEY_NAME]
    assert index["key"] == KEY
    return bool(index.get("unique"))


def test_a_first_load_ends_with_the_unique_key(own: Pair) -> None:
    batches = [area(number, 1000) for number in range(4)]
    with first_load(own):
        assert not is_unique(own)
        assert PairWriter(own).write_many(batches) == Written(new=4000)
        assert PairWriter(own).write_many(batches) == Written(unchanged=4000)
    assert is_unique(own)
    assert stored(own.record) == expected(batches)
    assert_same_sides(own)
    document = own.record.find_one({}, {"_id": 0})
    assert document
    with pytest.raises(DuplicateKeyError):
        own.record.insert_one(document)


def test_a_record_that_holds_something_keeps_its_unique_key(own: Pair) -> None:
    ensure_pair(own)
    PairWriter(own).write(area(1, 1))
    with first_load(own):
        assert is_unique(own)


@pytest.mark.parametrize("again", [True, False])
def test_a_load_that_was_killed_while_its_key_became_unique(own: Pair, again: bool) -> None:
    ensure_pair(own, loading=True)
    PairWriter(own).write_many([area(1, 10)])
    own.record.database.command("collMod", own.record.name, index={"name": KEY_NAME, "prepareUnique": True})
    if again:
        with first_load(own):
            assert PairWriter(own).write_many([area(1, 20)]) == Written(new=10, unchanged=10)
    else:
        ensure_pair(own)
    assert is_unique(own)


def test_an_empty_record_that_was_made_before_gets_the_faster_key(own: Pair) -> None:
    ensure_pair(own)
    with first_load(own):
        assert not is_unique(own)
    assert is_unique(own)


def test_an_error_in_the_load_leaves_the_key_unique(own: Pair) -> None:
    with suppress(KeyboardInterrupt), first_load(own):
        PairWriter(own).write_many([area(1, 10)])
        raise KeyboardInterrupt
    assert is_unique(own)


def test_what_a_killed_load_left_is_finished_by_the_next_command(own: Pair) -> None:
    ensure_pair(own, loading=True)
    PairWriter(own).write_many([area(1, 100)])
    assert not is_unique(own)
    ensure_pair(own)
    assert is_unique(own)
    assert PairWriter(own).write_many([area(1, 100), area(2, 5)]) == Written(new=5, unchanged=100)


def test_a_killed_load_goes_on_as_it_began(own: Pair) -> None:
    ensure_pair(own, loading=True)
    PairWriter(own).write_many([area(1, 100)])
    with first_load(own):
        assert not is_unique(own)
        assert PairWriter(own).write_many([area(1, 150)]) == Written(new=50, unchanged=100)
    assert is_unique(own)


def test_another_command_makes_the_key_unique_in_the_middle_of_a_load(own: Pair) -> None:
    with first_load(own):
        PairWriter(own).write_many([area(1, 100)])
        ensure_pair(own)
        assert is_unique(own)
        assert PairWriter(own).write_many([area(1, 150), area(2, 50)]) == Written(new=100, unchanged=100)
    assert is_unique(own)
    assert_same_sides(own)


def test_copies_by_a_writer_that_knows_nothing_of_the_load_are_removed(own: Pair) -> None:
    batch = area(1, 300)
    with first_load(own):
        PairWriter(own).write_many([batch])
        for count, known in enumerate(list(own.record.find().limit(120))):
            older = {"updated": datetime(2001, 1, 1, tzinfo=UTC)} if count % 2 else {}
            newer = {"updated": datetime(2031, 1, 1, tzinfo=UTC)} if count % 2 == 0 else {}
            own.record.insert_one(known | {"_id": ObjectId(), "wh": -1} | older | newer)
    assert is_unique(own)
    assert own.record.count_documents({}) == 300
    assert own.record.count_documents({"wh": -1}) == 60  # the newer ones
    assert own.record.database[LEASES].find_one({"_id": lease_name(own.mirror, batch.series), "stale": True})
    repair_pair(own, verify_pair(own))
    assert_same_sides(own)


def test_readings_that_were_there_twice_before_us_are_refused(own: Pair) -> None:
    series = area(0, 1).series.subdocument()
    own.record.insert_many([{"ts": datetime(2020, 1, 1, tzinfo=UTC), "series": series} for _ in range(2)])
    with pytest.raises(CollectionMismatch, match="holds readings twice"), first_load(own):
        raise AssertionError


def test_loaders_at_once_of_the_same_readings(own: Pair) -> None:
    """Nothing but the leases keeps them apart."""
    batches = [area(number, 700) for number in range(8)]
    outcomes: list[Written] = []
    with first_load(own):
        threads = [
            threading.Thread(target=lambda: outcomes.append(PairWriter(own).write_many(batches))) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert own.record.count_documents({}) == 5600
    assert sum(outcomes, Written()) == Written(new=5600, unchanged=11_200)
    assert stored(own.record) == expected(batches)
    assert_same_sides(own)


def test_a_duplicate_that_comes_between_look_and_insert_is_looked_at_again(own: Pair) -> None:
    """Writers of the record that take no lease, such as an Atlas function, race for the same readings."""
    ensure_pair(own)
    stop = threading.Event()
    batch = area(1, 6000)
    documents = [batch.document(index, ObjectId()) for index in range(len(batch))]

    def rival() -> None:
        for first in range(0, len(documents), 50):
            if stop.is_set():
                return
            try:
                own.record.insert_many(documents[first : first + 50], ordered=False)
            except BulkWriteError:
                continue

    thread = threading.Thread(target=rival)
    thread.start()
    written = Written()
    for first in range(0, len(batch), 500):
        written += PairWriter(own).write_many([batch.slice(first, first + 500), area(2, 50, first=first)])
    stop.set()
    thread.join()
    assert written.new + written.unchanged == 6600
    assert written.changed == 0
    PairWriter(own).write_many([batch])
    assert stored(own.record) == expected([batch, *(area(2, 50, first=first) for first in range(0, 6000, 500))])
    assert_same_sides(own)


def test_readings_of_other_columns_than_the_stored_ones(own: Pair) -> None:
    ensure_pair(own)
    batch = household(1, 50)
    few = replace(batch, series=area(1, 1).series)
    more = replace(few, columns={**few.columns, "meters": np.arange(50, dtype=np.int32)})
    PairWriter(own).write_many([few])
    assert PairWriter(own).write_many([more]) == Written(changed=50)
    assert PairWriter(own).write_many([more]) == Written(unchanged=50)
    assert PairWriter(own).write_many([few]) == Written(changed=50)
    assert_same_sides(own)
