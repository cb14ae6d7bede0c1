"""The batch refuses what no source may build; the stored document has one spelling."""

from __future__ import annotations

from datetime import UTC, datetime

import bson
import numpy as np
import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from sync.model.readings import (
    ReadingBatch,
    Series,
    energy_batch,
    instant,
    is_generated,
    mask,
    milliseconds,
    series_from,
)

PRM = "21121707640844"
SERIES = Series("linky", PRM, "consumption")
T0 = 1_700_000_000_000


def batch(start: list[int], wh: list[int], seconds: list[int], flags: dict[int, str] | None = None) -> ReadingBatch:
    starts, energy, lengths = (np.array(column, dtype=np.int64) for column in (start, wh, seconds))
    return energy_batch(SERIES, starts, energy, lengths, flags or {})


def test_documents_have_fields_in_order_and_32_bit_integers() -> None:
    two = batch([T0, T0 + 1_800_000], [7, 0], [1800, 3600], {1: "clock"})
    first, second = (two.document(index, ObjectId()) for index in range(2))
    assert list(first) == ["_id", "ts", "series", "wh", "seconds"]
    assert list(second) == ["_id", "ts", "series", "wh", "seconds", "flag"]
    assert first["series"] == {"source": "linky", "id": PRM, "flow": "consumption"}
    assert list(first["series"]) == ["flow", "id", "source"]
    assert (first["ts"], first["wh"], second["seconds"]) == (datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), 7, 3600)
    assert first["_id"] < second["_id"]
    raw = bson.encode(second)
    assert raw.count(b"\x10wh\x00") == raw.count(b"\x10seconds\x00") == 1, "BSON type 16 is Int32"


@pytest.mark.parametrize(
    ("start", "wh", "seconds", "part"),
    [
        ([T0], [1, 2], [1800], "different length"),
        ([T0], [1], [0], "interval length"),
        ([T0], [1], [3601], "interval length"),
        ([T0], [2**31], [1800], "Int32"),
        ([T0], [-(2**31)], [1800], "Int32"),
        ([T0, T0], [1, 1], [1800, 1800], "overlapping"),
        ([T0 + 1_800_000, T0], [1, 1], [1800, 1800], "out of order"),
        ([T0, T0 + 1_799_000], [1, 1], [1800, 1800], "overlapping"),
    ],
)
def test_a_batch_that_breaks_the_rules_is_a_bug(start: list[int], wh: list[int], seconds: list[int], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        batch(start, wh, seconds)


def test_touching_intervals_and_gaps_are_fine() -> None:
    assert batch([T0, T0 + 1_800_000, T0 + 9_000_000], [1, 2**31 - 1, 3], [1800, 600, 3600]).end.tolist() == [
        T0 + 1_800_000,
        T0 + 2_400_000,
        T0 + 12_600_000,
    ]
    assert len(batch([], [], [])) == 0


@given(st.integers(0, 9), st.integers(0, 9), st.sets(st.integers(0, 9)))
def test_a_slice_keeps_its_flags(first: int, last: int, flagged: set[int]) -> None:
    whole = batch([T0 + 300_000 * n for n in range(10)], list(range(10)), [300] * 10, {n: f"n:{n}" for n in flagged})
    part = whole.slice(first, last)
    assert part.wh.tolist() == list(range(first, last))
    assert {int(part.wh[index]): text for index, text in part.flags.items()} == {
        n: f"n:{n}" for n in flagged if first <= n < last
    }


def test_a_series_names_itself_without_its_meter() -> None:
    for text in (SERIES.label, SERIES.key, SERIES.shown_id, mask(PRM)):
        assert PRM not in text
        assert "…0844" in text
    assert SERIES.key != Series("linky", "99121707640844", "consumption").key, "same last digits, other meter"
    assert Series("elhub", "NO1", "production").label == "elhub NO1 production"


def test_a_meter_of_twelve_nines_is_generated() -> None:
    assert is_generated(Series("linky", "99999999999991", "consumption"))
    assert not is_generated(SERIES)
    assert not is_generated(Series("lcl", "99999999999991", "consumption"))


def test_a_stored_series_is_read_back() -> None:
    assert series_from(SERIES.subdocument()) == SERIES
    for broken in ({}, {"source": "linky", "id": 5, "flow": "x"}, {"source": "linky", "id": PRM}):
        assert series_from(broken) is None


@given(st.integers(0, 4_102_444_800_000))
def test_instants_survive(moment: int) -> None:
    assert milliseconds(instant(moment)) == moment
    assert instant(moment).utcoffset() is not None
