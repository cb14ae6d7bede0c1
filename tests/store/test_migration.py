"""A database that an earlier version has written: brought over by the first command that writes, killed or not."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from sync.model.errors import CollectionMismatch
from sync.model.readings import ReadingBatch
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.schema import KEY, KEY_NAME, TIMESERIES, Pair, ensure_pair, pair, refuse_mismatch
from sync.store.verify import verify_pair
from sync.store.writer import PairWriter
from tests.many import area, assert_same_sides, documents, expected, household, stored
from tests.servers import PROJECT_ROOT
from tests.waiting import until

pytestmark = pytest.mark.soak  # many servers, processes or mornings

OLD_ORDER = ("source", "id", "flow", "group")
COMMAND = """
import sys
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.connection import connect
from sync.store.schema import ensure_pair, pair
with connect(sys.argv[1]) as client:
    ensure_pair(pair(client[sys.argv[2]], "lcl", DEFAULT_COLLECTIONS))
"""


def old_documents(batch: ReadingBatch) -> list[dict[str, Any]]:
    """Documents as they were: the keys of `series` in another order, all else the same."""
    named = batch.series.subdocument()
    series = {name: named[name] for name in OLD_ORDER if name in named}
    return [batch.document(index, ObjectId()) | {"series": series} for index in range(len(batch))]


def old_pair(database: Database[Any], batches: list[ReadingBatch], unique: bool = True) -> Pair:
    """A pair as earlier versions kept it; made by hand, as that code is no more."""
    own = pair(database, batches[0].series.source, DEFAULT_COLLECTIONS)
    fields = [name for name in OLD_ORDER if name in batches[0].series.subdocument()]
    key = [*((f"series.{name}", 1) for name in fields), ("ts", 1)]
    own.record.create_index(key, name="series_ts", unique=unique)
    database.create_collection(own.mirror.name, timeseries=TIMESERIES)
    own.mirror.drop_indexes()
    own.mirror.create_index(key, name="series_ts")
    for batch in batches:
        written = old_documents(batch)
        own.record.insert_many(written, ordered=False)
        own.mirror.insert_many(written, ordered=False)
    return own


def in_order(own: Pair) -> bool:
    stored = [*own.record.find(), *own.mirror.find()]
    return all(list(document["series"]) == sorted(document["series"]) for document in stored)


def check(own: Pair, batches: list[ReadingBatch], before: dict[Any, dict[str, Any]]) -> None:
    """Every reading once, as it was, in the present form, found by the present queries."""
    assert documents(own.record) == before
    assert in_order(own)
    assert stored(own.record) == expected(batches)
    assert_same_sides(own)
    assert verify_pair(own).identical
    assert [index["key"] for index in own.mirror.index_information().values()] == [KEY]
    indexes = own.record.index_information()
    assert indexes.keys() == {"_id_", KEY_NAME}
    assert indexes[KEY_NAME]["unique"]
    again = PairWriter(own).write_many(batches)
    assert (again.new, again.changed, again.unchanged) == (0, 0, sum(map(len, batches)))


@pytest.mark.parametrize("make", [household, area])
def test_brought_over_and_said(database: Database[Any], capsys: pytest.CaptureFixture[str], make: Any) -> None:
    batches = [make(number, 700) for number in range(4)]
    own = old_pair(database, batches)
    before = documents(own.record)
    with pytest.raises(CollectionMismatch, match=r"earlier version .* python -m sync repair --source"):
        refuse_mismatch(own)
    ensure_pair(own)
    told = f"{own.record.name}: 2,800 readings of 4 series brought over from an earlier version\n"
    assert capsys.readouterr().err == told
    check(own, batches, before)
    ensure_pair(own)
    assert capsys.readouterr().err == ""
    assert refuse_mismatch(own) == {own.record.name, own.mirror.name}


def test_a_mirror_that_was_short_is_completed_afterwards(database: Database[Any]) -> None:
    batches = [household(number, 300) for number in range(2)]
    own = old_pair(database, batches)
    before = documents(own.record)
    own.mirror.delete_many({"series.id": "MAC000001"})
    ensure_pair(own)
    PairWriter(own).write_many(batches)
    check(own, batches, before)


def test_a_first_load_that_was_killed(database: Database[Any]) -> None:
    """Its key had no promise yet, and a reading may be there twice."""
    batches = [household(number, 300) for number in range(2)]
    own = old_pair(database, batches, unique=False)
    before = documents(own.record)
    newest = own.record.find_one({"ts": datetime(2012, 1, 1, 1, tzinfo=UTC)})
    assert newest
    later = newest["_id"].generation_time + timedelta(seconds=1)  # the newer copy is the one with the younger `_id`
    copy = newest | {"_id": ObjectId.from_datetime(later)}
    own.record.insert_one(copy)
    ensure_pair(own)
    PairWriter(own).write_many(batches)
    del before[newest["_id"]]
    check(own, batches, before | {copy["_id"]: copy})


def test_documents_without_any_index(database: Database[Any]) -> None:
    """As a restore without indexes leaves them."""
    batches = [household(number, 200) for number in range(3)]
    own = old_pair(database, batches)
    before = documents(own.record)
    own.record.drop_indexes()
    own.mirror.drop_indexes()
    ensure_pair(own)
    check(own, batches, before)


def test_an_earlier_version_writes_in_between(database: Database[Any], capsys: pytest.CaptureFixture[str]) -> None:
    """It makes its own indexes again and stores further readings in its own form."""
    batches = [household(0, 100)]
    own = old_pair(database, batches)
    ensure_pair(own)
    own.record.create_index([("series.source", 1), ("series.id", 1), ("ts", 1)], name="series_ts", unique=True)
    later = household(0, 150, 100)
    own.record.insert_many(old_documents(later))
    capsys.readouterr()
    ensure_pair(own)
    assert "150 readings of 1 series brought over" in capsys.readouterr().err
    batches.append(later)
    before = documents(own.record)
    PairWriter(own).write_many(batches)
    check(own, batches, before)


def test_what_is_not_ours_is_left_alone(database: Database[Any]) -> None:
    batches = [household(0, 50)]
    own = old_pair(database, batches)
    kinds = {"source": "lcl", "id": 7}, "text", {"b": 1}
    strays: list[dict[str, Any]] = [*({"series": kind} for kind in kinds), {}]
    days = [datetime(2020, 1, day, tzinfo=UTC) for day in range(1, 5)]
    ids = own.record.insert_many([{"ts": day, **stray} for day, stray in zip(days, strays, strict=True)]).inserted_ids
    ensure_pair(own)
    for stray, _id in zip(strays, ids, strict=True):
        found = own.record.find_one({"_id": _id})
        assert found
        assert {"series": found.get("series")} == {"series": stray.get("series")}
        if isinstance(stray.get("series"), dict):
            assert list(found["series"]) == list(stray["series"])
    report = verify_pair(own)
    assert (report.identical, report.as_json()["foreign"]) == (True, 4)


def test_withheld_half_hours_are_to_be_read_again(database: Database[Any], capsys: pytest.CaptureFixture[str]) -> None:
    own = old_pair(database, [household(0, 50)])
    at = datetime(2012, 6, 1, tzinfo=UTC)
    series = {"source": "lcl", "id": "MAC000000", "flow": "consumption"}
    known = [{"_id": str(number), "source": "lcl", "series": series, "ts": at, "values": [1, 2]} for number in range(3)]
    database.sync_contradictions.insert_many(known)
    database.sync_origins.insert_one({"file": "lcl 1", "household": "MAC000000"})
    database.sync_files.insert_many([{"_id": "lcl 1", "source": "lcl"}, {"_id": "elhub 1", "source": "elhub"}])
    ensure_pair(own)
    said = capsys.readouterr().err
    assert "lcl: 3 half-hours had two values and were withheld; from now on the first one stays: import the" in said
    assert [each["_id"] for each in database.sync_files.find()] == ["elhub 1"]
    assert database.sync_contradictions.count_documents({}) == database.sync_origins.count_documents({}) == 0


def has_gone_on(process: subprocess.Popen[bytes], own: Pair, present: dict[str, Any], before: int) -> bool:
    return own.record.count_documents(present) > before or process.poll() is not None


def test_killed_in_the_middle(database: Database[Any], mongo_uri: str) -> None:
    batches = [household(number, 3000) for number in range(12)]
    own = old_pair(database, batches)
    before = documents(own.record)
    present = {"series": {"$in": [batch.series.subdocument() for batch in batches]}}
    counts = [0]
    while counts[-1] < 36_000 and len(counts) < 8:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, mongo_uri, database.name], cwd=PROJECT_ROOT, stderr=subprocess.DEVNULL
        )
        until(partial(has_gone_on, process, own, present, counts[-1]))
        process.kill()
        process.wait()
        counts.append(own.record.count_documents(present))
        assert documents(own.record) == before
    assert len(counts) > 2
    assert counts[1] < 36_000
    ensure_pair(own)
    check(own, batches, before)
