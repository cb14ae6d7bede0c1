"""The MongoDB client of functions, against a real server: what differs from the Node driver, and what is stored."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bson import Int64, ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database

from sync.model.readings import Series, document
from sync.store.schema import TIMESERIES, ensure_pair, pair
from tests.triggers.trees import error_of, result_of, run_body

TS = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)


@pytest.fixture
def numbers(database: Database[Any]) -> Database[Any]:
    database["readings"].insert_many([{"_id": n, "n": n, "name": "abc"[n % 3]} for n in range(6)])
    return database


def test_the_stored_bytes_are_those_of_python(tmp_path: Path, database: Database[Any]) -> None:
    series = Series("linky", "12345678901234", "consumption")
    identity = ObjectId()
    database["python"].insert_one(document(identity, TS, series.subdocument(), {"wh": 376, "seconds": 1800}, "iv=2"))
    body = f"""await collection.insertMany([{{
      _id: new BSON.ObjectId("{identity}"), ts: new Date({int(TS.timestamp())}000),
      series: {{flow: "consumption", id: "12345678901234", source: "linky"}}, wh: BSON.Int32(376),
      seconds: BSON.Int32(1800), flag: "iv=2"}}], {{ordered: false}});"""
    assert run_body(tmp_path, body, database).error is None
    raw = database.with_options(database.codec_options.with_options(document_class=RawBSONDocument))
    assert raw["readings"].find_one().raw == raw["python"].find_one().raw


def test_plain_numbers_become_what_the_platform_makes_of_them(tmp_path: Path, database: Database[Any]) -> None:
    assert (
        run_body(tmp_path, "await collection.insertOne({whole: 5, half: 0.5, d: BSON.Double(5)});", database).error
        is None
    )
    stored = database["readings"].find_one({}, {"_id": 0})
    assert stored is not None
    assert {name: type(number) for name, number in stored.items()} == {"whole": Int64, "half": float, "d": float}


def test_numbers_come_back_as_numbers(tmp_path: Path, database: Database[Any]) -> None:
    database["readings"].insert_one({"int": 5, "long": Int64(5), "double": 5.0, "vast": Int64(2**60)})
    body = "const d = await collection.findOne({}); return [d.int === 5, d.long === 5, d.double === 5, typeof d.vast];"
    assert result_of(tmp_path, body, database) == [True, True, True, "object"]


def test_projection_is_the_second_argument(tmp_path: Path, numbers: Database[Any]) -> None:
    body = """return [await collection.findOne({_id: 4}, {name: 1, _id: 0}), await collection.findOne({_id: 9}),
      await collection.find({n: {$lt: 2}}, {_id: 0, n: 1}).sort({n: -1}).toArray(),
      await collection.find({}, {n: 1, _id: 0}).sort({name: 1, n: -1}).limit(2).toArray()];"""
    found = result_of(tmp_path, body, numbers)
    assert found == [{"name": "b"}, None, [{"n": 1}, {"n": 0}], [{"n": 3}, {"n": 0}]]


def test_aggregating(tmp_path: Path, numbers: Database[Any]) -> None:
    body = """const stages = [{$group: {_id: "$name", sum: {$sum: "$n"}}}, {$sort: {_id: 1}}, {$skip: 1}];
    return collection.aggregate(stages).toArray();"""
    assert result_of(tmp_path, body, numbers) == [{"_id": "b", "sum": 5}, {"_id": "c", "sum": 7}]


def test_writing_calls(tmp_path: Path, numbers: Database[Any]) -> None:
    body = """const id = new BSON.ObjectId();
    return [await collection.insertOne({_id: 7}), await collection.insertMany([{_id: 8}, {_id: id}]),
      String((await collection.insertOne({})).insertedId).length === 24,
      await collection.updateMany({_id: {$in: [1, 2]}}, {$set: {name: "b"}}),
      await collection.deleteMany({_id: {$in: [4, 5]}}),
      await collection.bulkWrite([
        {updateOne: {filter: {_id: 3}, update: {$set: {a: 1}}}},
        {updateOne: {filter: {_id: 60}, update: {$set: {a: 2}}, upsert: true}},
        {replaceOne: {filter: {_id: 61}, replacement: {b: 1}, upsert: true}},
      ], {ordered: true})];"""
    found = result_of(tmp_path, body, numbers)
    assert found[0] == {"insertedId": 7}
    assert found[1]["insertedIds"][0] == 8
    assert isinstance(found[1]["insertedIds"], list)
    assert found[2] is True
    assert found[3:] == [{"matchedCount": 2, "modifiedCount": 1}, {"deletedCount": 2}, None]
    assert numbers["readings"].find_one({"_id": 3}) == {"_id": 3, "n": 3, "name": "a", "a": 1}
    assert numbers["readings"].find_one({"_id": 60}) == {"_id": 60, "a": 2}
    assert numbers["readings"].find_one({"_id": 61}) == {"_id": 61, "b": 1}


def test_a_duplicate_is_told_in_the_servers_words_alone(tmp_path: Path, numbers: Database[Any]) -> None:
    body = """try { await collection.insertMany([{_id: 1}, {_id: 20}, {_id: 2}], {ordered: false}); }
    catch (error) {
      const inserted = await collection.find({_id: 20}).toArray();
      return [error instanceof Error, error.message, typeof error.code, inserted.length];
    }"""
    is_error, message, code, inserted = result_of(tmp_path, body, numbers)
    assert is_error
    assert "2 of the writes failed: E11000 duplicate key" in message
    assert (code, inserted) == ("undefined", 1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("insertOne({a: undefined})", "a is undefined"),
        ("insertOne({a: {b: new Set()}})", "the document.a.b is a Set"),
        ("insertOne([1])", "must be a document"),
        ("insertMany([])", "at least one"),
        ("insertMany([{}], {w: 1})", "insertMany has no option w"),
        ("insertOne({}, {ordered: true})", "insertOne has no option ordered"),
        ("find({}, {}, {sort: {a: 1}}).toArray()", "find has no option sort"),
        ("findOne({}, {}, {sort: {a: 1}})", "findOne has no option sort"),
        ("updateMany({}, {$set: {a: 1}}, {hint: 1})", "updateMany has no option hint"),
        ("updateMany({}, {a: 1})", "only"),
        ("updateMany({a: 1})", "the update must be a document"),
        ("bulkWrite([{insert: {}}])", "none of updateOne"),
        ("bulkWrite([{updateOne: {doc: {}}}])", "updateOne has no doc"),
        ("bulkWrite([{updateOne: {}}])", "filter is missing"),
        ("aggregate({})", "takes an array"),
        ("aggregate([{$indexStats: {}}]).toArray()", "no stage $indexStats"),
        ("find({$nonsense: 1}).toArray()", "unknown top level operator"),
    ],
)
def test_wrong_calls_are_refused(tmp_path: Path, database: Database[Any], call: str, words: str) -> None:
    assert words in error_of(tmp_path, f"return collection.{call};", database)


def test_a_missing_collection_silently_becomes_a_regular_one(tmp_path: Path, database: Database[Any]) -> None:
    assert (
        result_of(
            tmp_path, "await collection.insertOne({a: 1}); return (await collection.find().toArray()).length;", database
        )
        == 1
    )
    assert [entry["type"] for entry in database.list_collections()] == ["collection"]


def test_a_time_series_collection_takes_inserts_and_finds(tmp_path: Path, database: Database[Any]) -> None:
    ensure_pair(pair(database, "linky", {"linky": ("readings", "readingsTS")}))
    body = """await mirror.insertMany([2, 1].map((n) => ({_id: new BSON.ObjectId(), ts: new Date(n * 1800000),
      series: {flow: "consumption", id: "1", source: "linky"}, wh: BSON.Int32(n), seconds: BSON.Int32(1800)})),
      {ordered: false});
    return mirror.find({"series.id": "1"}, {wh: 1, _id: 0}).sort({ts: 1}).toArray();"""
    assert result_of(tmp_path, body, database) == [{"wh": 1}, {"wh": 2}]
    assert [each.get("timeseries") for each in (database["readingsTS"].options(),)] == [
        TIMESERIES | {"bucketMaxSpanSeconds": 2592000}
    ]


@pytest.mark.parametrize(
    "call",
    [
        'updateMany({"series.id": "1"}, {$set: {"series.id": "2"}})',
        "bulkWrite([{updateOne: {filter: {a: 1}, update: {$set: {a: 2}}, upsert: true}}])",
        "bulkWrite([{replaceOne: {filter: {}, replacement: {}}}])",
    ],
)
def test_a_time_series_collection_is_never_updated(tmp_path: Path, database: Database[Any], call: str) -> None:
    ensure_pair(pair(database, "linky", {"linky": ("readings", "readingsTS")}))
    assert "must never update" in error_of(tmp_path, f"return mirror.{call};", database)


def test_several_calls_are_under_way_at_once(tmp_path: Path, numbers: Database[Any]) -> None:
    body = "return Promise.all([0, 1, 2, 3, 4, 5].map((n) => collection.findOne({_id: n}, {_id: 0, n: 1})));"
    assert result_of(tmp_path, body, numbers) == [{"n": n} for n in range(6)]


def test_a_server_that_is_gone_is_an_error_of_the_function(tmp_path: Path) -> None:
    from pymongo import MongoClient

    gone: Database[Any] = MongoClient("127.0.0.1", 1, serverSelectionTimeoutMS=50)["gone"]
    assert "Connection refused" in error_of(tmp_path, "return collection.findOne({});", gone)
