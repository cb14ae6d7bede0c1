"""Many series at once: the same documents, the same outcome as one by one."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pymongo.database import Database

from sync.model.errors import StoreError
from sync.model.readings import ReadingBatch, instant
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.lease import LEASES, Lease, lease_name
from sync.store.schema import Pair, ensure_pair, pair
from sync.store.verify import verify_pair
from sync.store.writer import PairWriter, Written
from tests.clock import FakeClock
from tests.many import HALF, START, area, assert_same_sides, expected, household, stored


@pytest.fixture
def london(database: Database[Any]) -> Pair:
    return made(database, "lcl", "one")


@pytest.fixture
def meters(database: Database[Any]) -> Pair:
    """Another pair of the same source."""
    return made(database, "lcl", "meters")


def made(database: Database[Any], source: str, name: str) -> Pair:
    """A pair of its own beside others of the same source."""
    found = pair(database, source, {source: (name, f"{name}TS")})
    ensure_pair(found)
    return found


def with_wh(batch: ReadingBatch, wh: dict[int, int]) -> ReadingBatch:
    """The batch with other energies."""
    changed = batch.columns["wh"].copy()
    changed[list(wh)] = list(wh.values())
    return replace(batch, columns={**batch.columns, "wh": changed})


def test_five_series_become_the_bytes_that_the_driver_would_write(london: Pair) -> None:
    batches = [household(number, 10_000) for number in (3, 1, 5, 2, 4)]
    assert PairWriter(london).write_many(batches) == Written(new=50_000)
    assert stored(london.record) == expected(batches)
    assert_same_sides(london)
    assert verify_pair(london).identical
    assert PairWriter(london).write_many(batches) == Written(unchanged=50_000)
    assert_same_sides(london)


def test_every_type_absent_fields_and_flags(database: Database[Any]) -> None:
    own = made(database, "elhub", "own")
    batches = [area(number, 3_000) for number in range(5)]
    assert PairWriter(own).write_many(batches) == Written(new=15_000)
    assert stored(own.record) == expected(batches)
    assert_same_sides(own)
    assert PairWriter(own).write_many(batches) == Written(unchanged=15_000)
    assert verify_pair(own).identical


def test_no_batch_and_empty_batches_are_nothing(london: Pair) -> None:
    assert PairWriter(london).write_many([]) == Written()
    assert PairWriter(london).write_many([household(1, 5).slice(0, 0)]) == Written()
    assert london.record.count_documents({}) == 0


def test_a_long_series_is_cut_and_its_parts_are_neighbours(london: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.store.retry.MOST", 70)
    batches = [household(1, 1000), household(2, 30), household(3, 45), household(4, 200)]
    assert PairWriter(london).write_many(batches) == Written(new=1275)
    assert stored(london.record) == expected(batches)
    assert_same_sides(london)
    assert PairWriter(london).write_many(batches) == Written(unchanged=1275)


def test_a_series_given_twice_is_written_one_after_the_other(meters: Pair) -> None:
    first, second = household(1, 100), with_wh(household(1, 150), {7: 99_999})
    assert PairWriter(meters).write_many([first, household(2, 10), second]) == Written(160, 1, 99)
    assert stored(meters.record) == expected([first, household(2, 10), second])
    assert_same_sides(meters)


def test_corrections_replace_keep_the_id_and_rewrite_the_mirror(meters: Pair) -> None:
    batches = [household(number, 500) for number in range(3)]
    PairWriter(meters).write_many(batches)
    before = meters.record.find_one({"series.id": "MAC000001", "ts": instant(START)})
    batches[1] = with_wh(batches[1], {0: 70_000, 499: 70_001})
    assert PairWriter(meters).write_many(batches) == Written(changed=2, unchanged=1498)
    assert before
    assert meters.record.find_one({"_id": before["_id"]}) == before | {"wh": 70_000}
    assert_same_sides(meters)
    assert meters.record.database[LEASES].count_documents({"stale": True}) == 0


def test_a_stop_between_a_correction_and_its_mirror_is_mended_by_the_next_call(meters: Pair) -> None:
    PairWriter(meters).write_many([household(1, 50)])
    better = with_wh(household(1, 50), {3: 70_000})
    assert PairWriter(meters).write_many([better], mirror=False) == Written(changed=1, unchanged=49)
    assert not verify_pair(meters).identical
    assert PairWriter(meters).write_many([better]) == Written(unchanged=50)
    assert_same_sides(meters)


def test_readings_over_stored_ones_of_another_length_are_withheld(london: Pair) -> None:
    PairWriter(london).write_many([household(1, 10), household(2, 10)])
    start = START + np.arange(3, 8, dtype=np.int64) * 3600 * 1000
    long = replace(
        household(1, 5),
        start=start,
        columns={"wh": np.arange(5, dtype=np.int32), "seconds": np.full(5, 3600, np.int32)},
    )
    written = PairWriter(london).write_many([long, household(3, 10)])
    assert (written.new, written.changed, written.unchanged) == (13, 0, 0)
    assert [int(at.timestamp()) * 1000 for at in written.rejected] == start[:2].tolist()
    assert london.record.count_documents({"seconds": 3600}) == 3
    assert_same_sides(london)


def test_a_reading_that_a_stored_one_in_a_gap_of_the_batch_reaches_into(
    london: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.store.retry.MOST", 4)
    whole = household(1, 9)
    middle = replace(whole.slice(4, 5), start=whole.start[4:5] + 600_000)  # 20 minutes of it lie in the next slot
    PairWriter(london).write_many([middle])
    kept = [0, 1, 2, 3, 5, 6, 7, 8]
    gap = replace(whole, start=whole.start[kept], columns={name: each[kept] for name, each in whole.columns.items()})
    written = PairWriter(london).write_many([gap])
    assert written.new == 7
    assert [int(at.timestamp()) * 1000 for at in written.rejected] == [int(whole.start[5])]


def test_what_the_mirror_lacks_is_copied_from_the_record(london: Pair) -> None:
    batches = [household(number, 300) for number in range(3)]
    PairWriter(london).write_many([batches[0], batches[1].slice(0, 200)], mirror=False)
    PairWriter(london).write_many([batches[1].slice(100, 250)])
    assert PairWriter(london).write_many(batches).new == 350
    assert_same_sides(london)
    assert london.mirror.count_documents({}) == 900


def test_more_ranges_than_one_query_names(london: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.store.writer.CLAUSES", 3)
    batches = [household(number, 40, first=7 * number) for number in range(12)]
    PairWriter(london).write_many(batches[::2])
    assert PairWriter(london).write_many(batches) == Written(new=240, unchanged=240)
    assert stored(london.record) == expected(batches)
    assert_same_sides(london)


# --- leases -----------------------------------------------------------------------------------------------------------


def test_leases_are_given_back_in_their_usual_shape(london: Pair) -> None:
    PairWriter(london).write_many([household(number, 5) for number in range(3)])
    PairWriter(london).write(household(9, 5))
    found = list(london.record.database[LEASES].find())
    assert {lease["_id"] for lease in found} == {
        lease_name(london.mirror, household(n, 1).series) for n in (0, 1, 2, 9)
    }
    assert {tuple(lease) for lease in found} == {("_id", "owner", "place", "pid", "since", "until")}
    assert {lease["owner"] for lease in found} == {None}


def test_a_series_that_another_writer_holds_keeps_only_itself_back(london: Pair) -> None:
    held = Lease(london.record.database, lease_name(london.mirror, household(1, 1).series), seconds=600)
    assert held.try_acquire()
    with pytest.raises(StoreError, match="another process keeps writing"):
        PairWriter(london, FakeClock()).write_many([household(number, 20) for number in range(3)])
    assert london.record.distinct("series.id") == ["MAC000000", "MAC000002"]
    held.release()
    assert PairWriter(london).write_many([household(number, 20) for number in range(3)]) == Written(20, 0, 40)
    assert_same_sides(london)


def test_a_series_of_a_writer_that_was_killed_is_free_at_once(london: Pair) -> None:
    name = lease_name(london.mirror, household(1, 1).series)
    assert Lease(london.record.database, name, seconds=600).try_acquire()
    london.record.database[LEASES].update_one({"_id": name}, {"$set": {"since": "1"}})  # another process had that id
    assert PairWriter(london, FakeClock()).write_many([household(1, 20)]) == Written(new=20)


# --- against `write` --------------------------------------------------------------------------------------------------


def variation(chance: random.Random, number: int) -> ReadingBatch:
    """A batch of one of a few series: other parts, values, flags, lengths, ages than the time before."""
    batch = area(number, 120)
    first = chance.randrange(100)
    batch = batch.slice(first, first + chance.randint(1, 60))
    size = len(batch)
    columns = {name: column.copy() for name, column in batch.columns.items()}
    for index in range(size):
        if chance.random() < 0.05:
            columns["wh"][index] += 1
        if chance.random() < 0.1:
            columns["updated"][index] += np.timedelta64(chance.choice([-5000, 5000]), "ms")
    start = batch.start
    if chance.random() < 0.2:
        columns["seconds"][:] = HALF
        start = start + chance.choice([0, 0, 1_800_000])
    flags = {
        index: chance.choice(["negative", "preliminary", "a b"]) for index in range(size) if chance.random() < 0.05
    }
    absent = {name: np.array([chance.random() < 0.3 for _ in range(size)]) for name in ("meters", "eur_mwh")}
    return ReadingBatch(batch.series, start, columns, flags, absent)


@pytest.mark.parametrize("seed", range(6))
def test_any_sequence_of_batches_ends_as_it_does_one_by_one(database: Database[Any], seed: int) -> None:
    chance = random.Random(seed)
    one, many = made(database, "elhub", "one"), made(database, "elhub", "many")
    for _ in range(12):
        batches = [variation(chance, number) for number in chance.sample(range(6), chance.randint(1, 6))]
        written = PairWriter(many).write_many(batches)
        singly = sum((PairWriter(one).write(batch) for batch in batches), Written())
        assert (written.new, written.changed, written.unchanged) == (singly.new, singly.changed, singly.unchanged)
        assert sorted(written.rejected) == sorted(singly.rejected)
    assert stored(many.record) == stored(one.record)
    assert_same_sides(many)
    assert verify_pair(many).identical


def test_default_pairs_know_every_source(database: Database[Any]) -> None:
    for number, source in enumerate(DEFAULT_COLLECTIONS):
        own = pair(database, source, DEFAULT_COLLECTIONS)
        ensure_pair(own)
        batch = household(number, 10)
        group = "" if source in {"linky", "lcl"} else "any"
        batch = replace(batch, series=replace(batch.series, source=source, group=group))
        assert PairWriter(own).write_many([batch]) == Written(new=10)
        assert verify_pair(own).identical
