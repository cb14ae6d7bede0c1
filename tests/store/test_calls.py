"""Calls of one writer begun one behind the other: their order, what goes side by side, and how they stop."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import bson
import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from sync.model.readings import ReadingBatch
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.lease import LEASES
from sync.store.schema import Pair, ensure_pair, first_load, pair
from sync.store.writer import PairWriter, Written
from tests.many import assert_same_sides, expected, household, stored

pytestmark = pytest.mark.soak  # many servers, processes or mornings

READINGS = 100_000


class Inserts(CommandListener):
    """Sees every insert: how many of a collection were under way at once, and when each one's readings begin."""

    def __init__(self) -> None:
        self.most: Counter[str] = Counter()
        self.firsts: dict[str, list[Any]] = {}
        self._names: dict[int, str] = {}
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name != "insert":
            return
        name = event.command["insert"]
        block = event.command["documents"][0].raw  # of many documents
        with self._lock:
            self.firsts.setdefault(name, []).append(bson.decode(block[: int.from_bytes(block[:4], "little")])["ts"])
            self._names[event.request_id] = name
            self._under_way[name] += 1
            self.most[name] = max(self.most[name], self._under_way[name])

    def succeeded(self, event: CommandSucceededEvent) -> None:
        self._ended(event.request_id)

    def failed(self, event: CommandFailedEvent) -> None:
        self._ended(event.request_id)

    def _ended(self, request: int) -> None:
        with self._lock:
            if name := self._names.pop(request, ""):
                self._under_way[name] -= 1


@pytest.fixture
def seen() -> Inserts:
    return Inserts()


@pytest.fixture
def own(mongo_uri: str, database: Database[Any], seen: Inserts) -> Iterator[Pair]:
    with MongoClient[Any](mongo_uri, tz_aware=True, event_listeners=[seen]) as client:
        yield pair(client[database.name], "lcl", DEFAULT_COLLECTIONS)


def different(written: Written) -> list[list[int]]:
    return [refused.different.tolist() for refused in written.refused if len(refused.different)]


def test_of_two_calls_that_share_a_series_the_first_one_comes_first(own: Pair) -> None:
    ensure_pair(own)
    with PairWriter(own).calls(corrects=False) as calls:
        for number in range(0, 60, 2):
            first, beside = household(number, 20), household(number + 1, 300)
            other = replace(first, columns={**first.columns, "wh": first.columns["wh"] + 1})
            ends = [calls.begin([first]), calls.begin([other, beside])]
            assert ends[0]() == Written(new=20)
            contradicting = ends[1]()
            assert contradicting.new == 300
            assert different(contradicting) == [first.start.tolist()]
    assert own.record.count_documents({}) == 30 * 320
    assert_same_sides(own)


def test_a_series_in_three_calls_at_once(own: Pair) -> None:
    ensure_pair(own)
    whole = household(1, 3000)
    with PairWriter(own).calls() as calls:
        ends = [calls.begin([whole.slice(0, upto)]) for upto in (1000, 2000, 3000)]
        assert [end() for end in ends] == [
            Written(new=1000),
            Written(new=1000, unchanged=1000),
            Written(new=1000, unchanged=2000),
        ]
    assert stored(own.record) == expected([whole])
    assert_same_sides(own)


def test_under_a_unique_key_one_part_is_recorded_at_a_time(own: Pair, seen: Inserts) -> None:
    ensure_pair(own)
    with PairWriter(own).calls() as calls:
        ends = [calls.begin([household(number, READINGS // 2)]) for number in range(2)]
        assert sum((end() for end in ends), Written()).new == READINGS
    assert seen.most[own.record.name] == 1
    assert_same_sides(own)


def test_a_first_load_records_two_parts_at_a_time_and_mirrors_them_in_order(own: Pair, seen: Inserts) -> None:
    batches = [household(1, READINGS)]
    with first_load(own):
        assert PairWriter(own).write_many(batches) == Written(new=READINGS)
    assert seen.most == {**seen.most, own.record.name: 2, own.mirror.name: 1}
    assert stored(own.record) == expected(batches)
    assert_same_sides(own)
    assert seen.firsts[own.mirror.name] == sorted(seen.firsts[own.mirror.name])
    assert len(seen.firsts[own.mirror.name]) >= 4


def begin_and_fail(own: Pair, calls: list[list[ReadingBatch]]) -> None:
    with PairWriter(own).calls() as begun:
        for batches in calls:
            begun.begin(batches)
        raise ValueError("enough")


def test_an_error_stops_what_was_begun_and_gives_the_leases_back(own: Pair) -> None:
    batches = [household(number, READINGS) for number in range(4)]
    with first_load(own):
        with pytest.raises(ValueError, match="enough"):
            begin_and_fail(own, [batches[:2], batches[2:]])
        assert own.record.count_documents({}) < 4 * READINGS
        assert own.record.database[LEASES].count_documents({"owner": {"$ne": None}}) == 0
        writer = PairWriter(own)
        again = writer.write_many(batches)
        assert again.new + again.unchanged == 4 * READINGS
    assert_same_sides(own)
