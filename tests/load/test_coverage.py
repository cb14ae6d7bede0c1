"""Coverage and gaps seen through buckets are those that reading everything gives, and little is read for them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure
from pymongo.monitoring import CommandListener, CommandSucceededEvent

from sync.load.coverage import Coverage, Survey, coverage
from sync.model.readings import ReadingBatch, Series, energy_batch, instant
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.schema import Pair, ensure_pair, pair
from sync.store.verify import keep_verification, verify_pair
from sync.store.writer import PairWriter
from tests.many import HALF, START, household
from tests.servers import GuardedServer

pytestmark = pytest.mark.soak

SERIES = household(1, 1).series
SEED = 20261130


def readings(*parts: tuple[int, int, int]) -> ReadingBatch:
    """Parts of (first, last, length), in seconds after START: readings one behind the other."""
    start = np.concatenate([np.arange(first, last, length, dtype=np.int64) for first, last, length in parts])
    seconds = np.concatenate([np.full(len(range(first, last, length)), length) for first, last, length in parts])
    order = np.argsort(start)
    return energy_batch(SERIES, START + 1000 * start[order], start[order] % 997, seconds[order].astype(np.int64))


def without(batch: ReadingBatch, gone: Sequence[int]) -> ReadingBatch:
    kept = np.ones(len(batch), dtype=bool)
    kept[list(gone)] = False
    return energy_batch(
        batch.series, batch.start[kept], batch.wh[kept].astype(np.int64), batch.seconds[kept].astype(np.int64)
    )


def only(batch: ReadingBatch, chosen: Sequence[int]) -> ReadingBatch:
    return without(batch, [index for index in range(len(batch)) if index not in set(chosen)])


def by_hand(own: Pair, series: Series) -> Coverage:
    """Counted one by one from the documents of the record that are readings."""
    found = own.record.find(
        {"series": series.subdocument(), "seconds": {"$type": "number"}, "ts": {"$type": "date"}}
    ).sort("ts", 1)
    first, before, covered, count = None, None, 0, 0
    gaps: list[tuple[datetime, datetime]] = []
    for each in found:
        first = first or each["ts"]
        if before is not None and each["ts"] > before:
            gaps.append((before, each["ts"]))
        before = each["ts"] + timedelta(seconds=each["seconds"])
        covered, count = covered + each["seconds"], count + 1
    return Coverage(series, first, before, count, covered, tuple(gaps))


WHOLE = readings((0, 5000 * HALF, HALF))
HOLES = [0, 1, 17, 998, 999, 1000, 1001, 1002, 3333, 4998]
TWO_LENGTHS = readings((0, 1500 * HALF, HALF), (1500 * HALF, 3000 * HALF, HALF // 2), (3001 * HALF, 3500 * HALF, 3600))
MIXED = readings(*((day * 86_400, (day + 1) * 86_400, HALF if day % 2 else HALF // 2) for day in range(60)))
LOADS: dict[str, list[ReadingBatch]] = {
    "whole": [WHOLE],
    "one reading": [only(WHOLE, [7])],
    "holes, at the ends of buckets too": [without(WHOLE, HOLES)],
    "every second one": [only(WHOLE, range(0, 5000, 2))],
    "holes that came later": [without(WHOLE, HOLES), only(WHOLE, HOLES)],
    "some of the holes came later": [without(WHOLE, HOLES), only(WHOLE, HOLES[::2])],
    "newest first": [without(WHOLE, HOLES).slice(first, first + 48) for first in range(4848, -1, -48)],
    "evens, then odds": [only(WHOLE, range(0, 5000, 2)), only(WHOLE, [*range(1, 2000, 2), *range(2003, 5000, 2)])],
    "a year between": [readings((0, 500 * HALF, HALF), (365 * 86_400, 365 * 86_400 + 500 * HALF, HALF))],
    "another length from a day on": [TWO_LENGTHS],
    "another length, and holes": [without(TWO_LENGTHS, [1499, 1500, 3000, 4499, 4600])],
    "lengths in turns": [MIXED],
    "lengths in turns, and holes": [without(MIXED, [5, 47, 48, 700, 2000])],
    "quarter hours first, the half hours later": [
        only(MIXED, np.flatnonzero(MIXED.seconds == HALF // 2).tolist()),
        only(MIXED, [index for index in np.flatnonzero(MIXED.seconds == HALF).tolist() if index % 10]),
    ],
}  # fmt: skip


@pytest.fixture
def own(database: Database[Any]) -> Pair:
    found = pair(database, "lcl", DEFAULT_COLLECTIONS)
    ensure_pair(found)
    return found


def load(own: Pair, batches: list[ReadingBatch]) -> None:
    for batch in batches:
        PairWriter(own).write(batch)


def assert_true(own: Pair, series: Series = SERIES) -> None:
    expected = by_hand(own, series)
    survey = Survey(own)
    assert coverage(own, series) == expected
    assert survey.coverage(series) == expected
    sums = survey.coverage(series, gaps=False)
    assert (sums.first, sums.last, sums.readings) == (expected.first, expected.last, expected.readings)
    assert sums.covered_seconds == expected.covered_seconds
    assert sums.gaps in (None, expected.gaps)
    assert sums.missing_seconds == sum((end - start).total_seconds() for start, end in expected.gaps or ())


@pytest.mark.parametrize("name", LOADS)
def test_through_buckets_as_by_hand(own: Pair, name: str) -> None:
    load(own, LOADS[name])
    assert_true(own)


@pytest.mark.parametrize("number", range(12))
def test_any_holes_in_any_order(own: Pair, number: int) -> None:
    chance = random.Random(SEED + number)
    whole = MIXED if number % 3 == 0 else WHOLE
    rest = list(range(len(whole)))
    for _ in range(chance.randrange(6)):
        first = chance.randrange(len(rest))
        del rest[first : first + chance.choice([1, 2, 50, 400])]
    parts = chance.randrange(1, 6)
    if chance.random() < 0.5:
        chosen = [rest[part::parts] for part in range(parts)]
    else:
        edges = sorted(chance.sample(range(len(rest)), parts - 1))
        chosen = [rest[first:last] for first, last in zip([0, *edges], [*edges, len(rest)], strict=True)]
    chance.shuffle(chosen)
    load(own, [only(whole, part) for part in chosen if part])
    assert_true(own)


AT = instant(START + 1000 * HALF * 1000)
DAMAGE: dict[str, Callable[[Pair], object]] = {
    "the record lacks one": lambda own: own.record.delete_one({"ts": AT}),
    "the record lacks the first": lambda own: own.record.delete_one({"ts": instant(START)}),
    "the record lacks the last": lambda own: own.record.delete_one({"ts": instant(int(WHOLE.start[-1]))}),
    "the mirror is short": lambda own: rewrite(own, lambda found: found[:4000]),
    "the mirror has one twice": lambda own: own.mirror.insert_one(one(own)),
    "the mirror has one twice, not another": lambda own: rewrite(own, lambda found: [*found[:-9], *found[-10:-1]]),
    "the record lacks one, the mirror another": lambda own: (
        own.record.delete_one({"ts": AT}),
        rewrite(own, lambda found: found[1:]),
    ),
    "the mirror is empty": lambda own: own.mirror.delete_many({}),
    "something that is no reading": lambda own: [
        side.insert_one({"_id": "mine", "ts": AT + timedelta(minutes=1), "series": SERIES.subdocument(), "note": 1})
        for side in (own.record, own.mirror)
    ],
    "in the place of a reading": lambda own: [
        side.insert_one({"_id": ObjectId(), "ts": AT, "series": SERIES.subdocument(), "note": "x", "wh": 1})
        for side in (own.record, own.mirror)
        if own.record.delete_one({"ts": AT, "seconds": HALF}) and rewrite(own, without_at)
    ],
    "a date that is none": lambda own: own.record.insert_one(
        {"_id": ObjectId(), "ts": "2012-01-01", "series": SERIES.subdocument(), "wh": 1, "seconds": HALF}
    ),
    "no bucket can be looked at": lambda own: own.mirror.drop(),
}


def one(own: Pair) -> dict[str, Any]:
    found = own.record.find_one({"ts": AT})
    assert found
    return found


def without_at(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in found if each["ts"] != AT or "seconds" not in each]


def rewrite(own: Pair, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> bool:
    found = list(own.mirror.find().sort("ts", 1))
    own.mirror.delete_many({"series": SERIES.subdocument()})
    own.mirror.insert_many(change(found))
    return True


@pytest.mark.parametrize("name", DAMAGE)
@pytest.mark.parametrize("holes", [[], [3, 4, 2500]], ids=["whole", "holes"])
def test_whatever_became_of_the_collections(own: Pair, name: str, holes: list[int]) -> None:
    load(own, [without(WHOLE, holes), household(2, 100)])
    DAMAGE[name](own)
    assert_true(own)


def test_the_last_proof_knows_what_buckets_do_not_show(own: Pair) -> None:
    load(own, [without(WHOLE, [1000])])
    for side in (own.record, own.mirror):
        side.insert_one({"_id": ObjectId(), "ts": AT, "series": SERIES.subdocument()})
    keep_verification([verify_pair(own)], datetime.now(UTC))
    assert_true(own)


def test_who_may_not_look_at_buckets(guarded_server: GuardedServer) -> None:
    with MongoClient[Any](guarded_server.uri("writer"), tz_aware=True) as client:
        own = pair(client[GuardedServer.DATABASE], "lcl", DEFAULT_COLLECTIONS)
        ensure_pair(own)
        load(own, [without(WHOLE, HOLES)])
        with pytest.raises(OperationFailure, match="not authorized"):
            client[GuardedServer.DATABASE]["system.buckets.lclTS"].find_one()
        assert_true(own)


class Counting(CommandListener):
    """How many documents the server gave of the record."""

    def __init__(self) -> None:
        self.documents = 0

    def started(self, event: object) -> None: ...

    def failed(self, event: object) -> None: ...

    def succeeded(self, event: CommandSucceededEvent) -> None:
        cursor = event.reply.get("cursor", {})
        if str(cursor.get("ns", "")).endswith(".lcl"):
            self.documents += len(cursor.get("firstBatch", cursor.get("nextBatch", ())))


def test_little_is_read(own: Pair, mongo_uri: str) -> None:
    batches = [household(number, 4000) for number in range(10)]
    batches[3] = without(batches[3], [2500])
    PairWriter(own).write_many(batches)
    counting = Counting()
    with MongoClient[Any](mongo_uri, tz_aware=True, event_listeners=[counting]) as client:
        survey = Survey(pair(client[own.record.database.name], "lcl", DEFAULT_COLLECTIONS))
        found = [survey.coverage(series) for series in survey.stored]
    assert [len(each.gaps or ()) for each in found] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert sum(each.readings for each in found) == 39_999
    assert counting.documents < 1100, "the bucket that is short, and the ends of each series"
