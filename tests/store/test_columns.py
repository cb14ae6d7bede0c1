"""Raw documents as columns: whatever their lengths, layouts and order, they are what the driver decodes."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import bson
import numpy as np
import pytest
from bson import Int64, ObjectId
from bson.raw_bson import RawBSONDocument

from sync.store.bson_columns import (
    LAYOUTS,
    PLAIN,
    Slice,
    decode,
    decode_kinds,
    encode_block,
    encode_rows,
    instants,
    runs,
)
from sync.store.writer import ObjectIds
from tests.many import area, household

START = datetime(2012, 1, 1)  # noqa: DTZ001 - naive UTC, as documents are decoded


def as_array(documents: list[bytes]) -> bytes:
    """The documents as a reply holds them: type, index and document in turn."""
    whole = bson.encode({"": [RawBSONDocument(document) for document in documents]})
    return whole[4 + 2 : -1]


def all_of(found: Slice) -> list[dict[str, Any]]:
    return [found.document(index) for index in range(len(found.places))] + found.others


def assorted(seed: int, count: int) -> list[bytes]:
    """Documents of several kinds, with their fields in several orders, in runs and alone."""
    chance = random.Random(seed)
    documents = []
    while len(documents) < count:
        names = chance.sample(["_id", "ts", "wh", "seconds"], 4)
        series = chance.choice([{"a": "1", "b": "x"}, {"b": "x", "a": "1"}, {"a": "2", "b": "x"}])
        kind = chance.choice([int, int, int, Int64, float, str])
        extra = chance.choice(
            [{}, {}, {"flag": "x"}, {"flag": "longer"}, {"deep": [1, {"c": None}]}, {"code": bson.Code("x")}]
        )
        for _ in range(chance.choice([1, 1, 3, 40, 300])):
            at = START + timedelta(minutes=30 * len(documents))
            fields = {"_id": ObjectId(), "ts": at, "wh": kind(chance.randrange(1000)), "seconds": 1800}
            documents.append(bson.encode({name: fields[name] for name in names} | {"series": series} | extra))
    return documents[:count]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 1001, 12_345])
def test_runs_find_every_document_of_an_array(count: int) -> None:
    documents = assorted(count, count)
    array, joined = as_array(documents), b"".join(documents)
    assert [raw for run in runs(array, numbered=True) for raw in run.documents()] == documents
    assert [raw for run in runs(joined, numbered=False) for raw in run.documents()] == documents
    assert [row.tobytes() for run in runs(array, numbered=True) for row in run.rows()] == documents


@pytest.mark.parametrize("seed", range(12))
def test_every_document_is_decoded_once(seed: int) -> None:
    documents = assorted(seed, 3000)
    cut = random.Random(seed).randrange(3000)
    found = decode([as_array(documents[:cut]), as_array(documents[cut:])], numbered=True)
    wanted = {document["_id"]: document for document in (bson.decode(raw, PLAIN) for raw in documents)}
    assert len(found) == 3000
    assert {document["_id"]: document for document in all_of(found)} == wanted
    assert all(type(document["wh"]) is type(wanted[document["_id"]]["wh"]) for document in all_of(found))
    starts = [found.document(index)["ts"] for index in range(len(found.places))]
    assert starts == sorted(starts)  # in the order they came, over all layouts
    for name, column in found.columns.items():
        if name == "wh":
            assert column.tolist() == [found.document(index)["wh"] for index in range(len(found.places))]


@pytest.mark.parametrize("seed", range(4))
def test_every_document_is_of_one_kind_whatever_its_series(seed: int) -> None:
    documents = assorted(seed, 3000)
    kinds = list(decode_kinds([as_array(documents)], ("series",)))
    wanted = {document["_id"]: document for document in (bson.decode(raw, PLAIN) for raw in documents)}
    assert sum(map(len, kinds)) == 3000
    assert {document["_id"]: document for kind in kinds for document in all_of(kind)} == wanted
    for kind in (kind for kind in kinds if len(kind.places)):
        series = [bson.encode(kind.document(index)["series"]).rstrip(b"\0") for index in range(len(kind.places))]
        assert kind.columns["series"].tolist() == series
    assert max(len(set(kind.columns["series"].tolist())) for kind in kinds if kind.columns) > 1


def test_fields_in_another_order_are_the_same_kind_and_another_type_is_not() -> None:
    fields = {"ts": START, "series": {"a": "1"}, "wh": 5, "seconds": 1800}
    turned = dict(reversed(fields.items()))
    other = fields | {"wh": Int64(5)}
    documents = [bson.encode(each) for each in (fields, turned, fields, other, turned)]
    found = decode([as_array(documents)], numbered=True)
    assert found.columns["wh"].tolist() == [5, 5, 5, 5]
    assert found.others == [other]
    assert type(found.others[0]["wh"]) is Int64


def test_more_layouts_than_are_kept_are_decoded_one_by_one() -> None:
    documents = [bson.encode({f"{number:02}": 1, "ts": START, "wh": number}) for number in range(LAYOUTS + 20)]
    found = decode([as_array(documents)], numbered=True)
    assert len(found) == LAYOUTS + 20
    assert sorted(document["wh"] for document in all_of(found)) == list(range(LAYOUTS + 20))


def test_tiny_documents() -> None:
    documents = [bson.encode({}), bson.encode({"": None}), bson.encode({"": None}), bson.encode({"a": None})]
    assert len(decode([as_array(documents)], numbered=True)) == 4


@pytest.mark.parametrize("batch", [household(1, 500), area(2, 500), household(1, 1), area(1, 0)])
def test_encoded_rows_are_the_bytes_of_document(batch: Any) -> None:
    ids = ObjectIds().take(len(batch))
    wanted = [bson.encode(batch.document(n, ObjectId(ids[n].tobytes()))) for n in range(len(batch))]
    assert encode_rows(batch, ids) == wanted
    assert encode_block(batch, ids) in (None, b"".join(wanted))


def test_starts_of_documents_of_any_layout() -> None:
    documents = assorted(5, 2000)
    found = np.concatenate([instants(run) for run in runs(as_array(documents), numbered=True)])
    assert found.tolist() == [1325376000000 + 1_800_000 * number for number in range(2000)]


def test_new_ids_are_new_and_rise_within_a_second() -> None:
    one, other = ObjectIds(), ObjectIds()
    ids = [each.tobytes() for part in (one.take(70_000), one.take(70_000), other.take(70_000)) for each in part]
    assert len(set(ids)) == 210_000
    generated = ObjectId(ids[0]).generation_time
    assert abs(generated.timestamp() - datetime.now(generated.tzinfo).timestamp()) < 60
