"""Record and mirror: order of writing, corrections, overlaps, leases, and what verify sees."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import bson
import numpy as np
import pytest
from bson import Int64, ObjectId
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database

from sync.model.errors import StoreError
from sync.model.readings import ReadingBatch, Series, document, energy_batch
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.bson_columns import decode, encode_rows
from sync.store.lease import LEASES, Lease
from sync.store.schema import KEY, SCHEMA, Pair, ensure_pair, pair
from sync.store.verify import repair_pair, verify_pair
from sync.store.writer import PairWriter
from tests.clock import FakeClock

SERIES = Series("linky", "12345678901234", "consumption")
START = datetime(2026, 1, 1, tzinfo=UTC)
HALF = 1800


def batch(watts: list[int], first: int = 0, seconds: int = HALF, flags: dict[int, str] | None = None) -> ReadingBatch:
    """Readings from `first` intervals after the start of 2026 on."""
    start = np.arange(first, first + len(watts), dtype=np.int64) * seconds * 1000 + int(START.timestamp()) * 1000
    wh = np.array(watts, dtype=np.int64)
    return energy_batch(SERIES, start, wh, np.full(len(watts), seconds, dtype=np.int64), flags or {})


@pytest.fixture
def own(database: Database[Any]) -> Pair:
    found = pair(database, "linky", DEFAULT_COLLECTIONS)
    ensure_pair(found)
    return found


@pytest.fixture
def writer(own: Pair) -> PairWriter:
    return PairWriter(own, FakeClock())


def test_the_record_holds_exactly_the_bytes_of_document(own: Pair, writer: PairWriter) -> None:
    writer.write(batch([5, 0, 7], flags={1: "iv:2"}))
    raw: CodecOptions[Any] = CodecOptions(document_class=RawBSONDocument)
    stored = list(own.record.with_options(codec_options=raw).find().sort("ts", 1))
    for index, (watts, flag) in enumerate([(5, None), (0, "iv:2"), (7, None)]):
        expected = document(
            stored[index]["_id"],
            START + timedelta(minutes=30 * index),
            SERIES.subdocument(),
            {"wh": watts, "seconds": HALF},
            flag,
        )
        assert stored[index].raw == bson.encode(expected)


def test_encoding_by_columns_equals_encoding_one_by_one() -> None:
    chance = np.random.default_rng(7)
    readings = batch(chance.integers(0, 2**31 - 1, 500).tolist(), flags={3: "power", 499: "clock"})
    ids = [ObjectId() for _ in range(500)]
    encoded = encode_rows(readings, np.frombuffer(b"".join(each.binary for each in ids), np.uint8).reshape(-1, 12))
    assert encoded == [bson.encode(readings.document(n, ids[n])) for n in range(500)]
    found = decode(encoded)
    assert found.columns["wh"].tolist() == [w for n, w in enumerate(readings.wh.tolist()) if n not in {3, 499}]
    assert [other["flag"] for other in found.others] == ["power", "clock"]


def test_the_mirror_has_one_index_and_the_pair_is_noted(own: Pair) -> None:
    (index,) = own.mirror.index_information().values()
    assert index["key"] == KEY
    assert own.record.database[SCHEMA].find_one({"_id": own.mirror.name})
    ensure_pair(own)  # again, with everything there


def test_a_correction_replaces_and_keeps_the_id(own: Pair, writer: PairWriter) -> None:
    writer.write(batch([1, 2, 3]))
    before = own.record.find_one({"wh": 2})
    assert before
    written = writer.write(batch([1, 20, 3]))
    assert (written.new, written.changed, written.unchanged) == (0, 1, 2)
    assert own.record.find_one({"_id": before["_id"]}) == before | {"wh": 20}
    assert own.mirror.find_one({"_id": before["_id"]}) == before | {"wh": 20}
    assert verify_pair(own).identical


def test_a_stop_between_a_correction_and_its_mirror_is_mended_by_the_next_write(own: Pair, writer: PairWriter) -> None:
    writer.write(batch([1, 2, 3]))
    writer.write(batch([1, 20, 3]), mirror=False)  # the stop: the mirror still says 2
    assert verify_pair(own).as_json()["different"] == 1
    PairWriter(own).write(batch([1, 20, 3]))
    assert verify_pair(own).identical


def test_a_repair_takes_the_mark_from_a_mirror_that_is_identical_by_now(own: Pair, writer: PairWriter) -> None:
    """The functions of Atlas leave a marked mirror alone, so a mark that nobody takes away stops them for good."""
    writer.write(batch([1, 2, 3]))
    writer.mark_stale(SERIES)
    report = verify_pair(own)
    assert report.identical
    repair_pair(own, report)
    assert not writer.is_stale(SERIES)
    assert verify_pair(own).identical


def test_a_source_without_marks_takes_none_away(own: Pair, writer: PairWriter) -> None:
    writer.write(batch([1], flags={0: "iv:2"}))
    assert writer.write(batch([1])).unchanged == 1
    assert own.record.find_one({})["flag"] == "iv:2"  # type: ignore[index]
    assert writer.write(batch([1], flags={0: "iv:3"})).changed == 1


@pytest.mark.parametrize(
    ("stored", "given", "outcome"),
    [  # (Wh, flag) each; what the record has after a file, and what is told of it
        ((345, "res:5"), (347, ""), ((347, None), "changed")),
        ((345, "res:5"), (345, ""), ((345, None), "changed")),
        ((345, "res:5"), (350, ""), ((345, "res:5"), "refused")),
        ((347, ""), (345, "res:5"), ((347, None), "unchanged")),
        ((347, "iv:2"), (345, "res:5"), ((347, "iv:2"), "unchanged")),
        ((347, ""), (340, "res:5"), ((347, None), "refused")),
        ((345, "res:5"), (345, "res:5"), ((345, "res:5"), "unchanged")),
        ((345, "res:10"), (347, "res:5"), ((347, "res:5"), "changed")),
        ((345, "res:5"), (347, "iv:2"), ((347, "iv:2"), "changed")),
        ((345, ""), (345, "iv:2"), ((345, "iv:2"), "changed")),
        ((345, ""), (346, ""), ((345, None), "refused")),
    ],
)
def test_a_coarser_value_neither_contradicts_nor_replaces_a_finer_one(
    own: Pair,
    writer: PairWriter,
    stored: tuple[int, str],
    given: tuple[int, str],
    outcome: tuple[tuple[int, str | None], str],
) -> None:
    for wh, flag in (stored, given):
        written = writer.write(batch([wh], flags={0: flag} if flag else {}), corrects=False)
    told = {"changed": written.changed, "unchanged": written.unchanged, "refused": len(written.refused)}
    for side in (own.record, own.mirror):
        found = side.find_one({}) or {}
        assert ((found["wh"], found.get("flag")), [name for name, count in told.items() if count]) == (
            outcome[0],
            [outcome[1]],
        )
    # An API corrects whatever it finds, but takes nothing finer away.
    writer.write(batch([given[0]], flags={0: given[1]} if given[1] else {}))
    assert (own.record.find_one({}) or {})["wh"] == (given[0] if outcome[1] != "unchanged" else outcome[0][0])
    assert verify_pair(own).identical


def test_a_reading_over_stored_ones_of_another_length_is_refused(own: Pair, writer: PairWriter) -> None:
    writer.write(batch([1, 2, 3, 4]))
    written = writer.write(batch([50, 60, 70], seconds=3600))
    assert [start.hour for start in written.rejected] == [0, 1]
    assert written.new == 1
    assert own.record.count_documents({"seconds": 3600}) == 1
    assert verify_pair(own).identical


def test_verify_tells_types_apart(own: Pair, writer: PairWriter) -> None:
    writer.write(batch([1, 2, 3]))
    kept = list(own.mirror.find())
    own.mirror.delete_many(SERIES.query())
    for found in kept:
        found["wh"] = Int64(found["wh"]) if found["wh"] == 2 else found["wh"]
    own.mirror.insert_many(kept)
    report = verify_pair(own)
    assert report.as_json()["different"] == 1
    repair_pair(own, report)
    assert verify_pair(own).identical


def test_verify_sees_a_series_that_only_the_mirror_has(own: Pair, writer: PairWriter) -> None:
    writer.write(batch([1]))
    stray = {"ts": START, "series": {"source": "linky", "id": "1", "flow": "production"}, "wh": 1, "seconds": HALF}
    own.mirror.insert_one(stray)
    report = verify_pair(own)
    assert report.as_json()["extra"] == 1
    repair_pair(own, report)
    assert verify_pair(own).identical
    assert own.record.count_documents({}) == own.mirror.count_documents({}) == 2


def test_verify_across_slices(own: Pair, writer: PairWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.store.verify.SLICE", 7)
    writer.write(batch(list(range(50))))
    assert verify_pair(own).as_json()["timeseries_count"] == 50
    own.record.delete_one({"wh": 20})
    own.record.delete_one({"wh": 49})
    found = verify_pair(own).as_json()
    assert (found["regular_count"], found["timeseries_count"], found["extra"]) == (48, 50, 2)


# --- leases -----------------------------------------------------------------------------------------------------------


def test_a_lease_keeps_others_out_until_it_is_released(database: Database[Any]) -> None:
    one, other = Lease(database, "mirror x"), Lease(database, "mirror x", clock=FakeClock())
    assert one.try_acquire()
    assert not other.try_acquire()
    with pytest.raises(StoreError, match="another process keeps writing"):
        other.acquire(patience=1)
    one.release()
    assert other.try_acquire()


def test_a_lease_that_ran_out_is_free(database: Database[Any]) -> None:
    one, other = Lease(database, "mirror x"), Lease(database, "mirror x")
    assert one.try_acquire()
    database[LEASES].update_one({"_id": "mirror x"}, {"$set": {"until": datetime(2020, 1, 1, tzinfo=UTC)}})
    assert other.try_acquire()
    one._sure_until = 0.0  # its time has passed
    with pytest.raises(StoreError, match="took over"):
        one.keep()


def test_a_lease_of_a_process_that_is_gone_is_free(database: Database[Any]) -> None:
    one, other = Lease(database, "mirror x"), Lease(database, "mirror x")
    assert one.try_acquire()
    database[LEASES].update_one({"_id": "mirror x"}, {"$set": {"since": "1"}})  # another process had that id
    assert other.try_acquire()


def test_a_lease_held_elsewhere_is_not_judged_by_our_processes(database: Database[Any]) -> None:
    one, other = Lease(database, "mirror x"), Lease(database, "mirror x")
    assert one.try_acquire()
    database[LEASES].update_one({"_id": "mirror x"}, {"$set": {"place": "atlas", "pid": 0, "since": ""}})
    assert not other.try_acquire()
