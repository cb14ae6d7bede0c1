"""Several exports of one series as one batch: every reading once, of contradictions the first stays."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.model.readings import ReadingBatch, Series, energy_batch
from sync.sources.linky.merge import Merged, merge

SERIES = Series("linky", "21121707640844", "consumption")
Reading = tuple[int, int, int, str]  # start in s, seconds, Wh, flag
HALF = 1800


def batch(*readings: Reading) -> ReadingBatch:
    start, seconds, wh = (np.array([r[column] for r in readings], dtype=np.int64) for column in (0, 1, 2))
    return energy_batch(SERIES, start * 1000, wh, seconds, {n: r[3] for n, r in enumerate(readings) if r[3]})


def row(n: int, wh: int = 5, flag: str = "") -> Reading:
    """The n-th half-hour."""
    return (n * HALF, HALF, wh, flag)


def merged_of(batches: list[ReadingBatch]) -> Merged:
    """One file a batch, one line a reading."""
    places = [np.array([f"{n}.csv, line {m}" for m in range(1, len(each) + 1)]) for n, each in enumerate(batches)]
    return merge(SERIES, list(zip(batches, places, strict=True)))


def readings(merged: Merged) -> list[Reading]:
    found = merged.batch
    columns = zip((found.start // 1000).tolist(), found.seconds.tolist(), found.wh.tolist(), strict=True)
    return [(start, seconds, wh, found.flags.get(n, "")) for n, (start, seconds, wh) in enumerate(columns)]


def test_nothing_gives_nothing() -> None:
    for batches in ([], [batch()], [batch(), batch()]):
        merged = merged_of(batches)
        assert (len(merged.batch), merged.repeated, merged.rejects) == (0, 0, [])


def test_files_in_any_order_come_out_oldest_first() -> None:
    first, second = batch(row(0), row(1), row(2, flag="power")), batch(row(3, 7), row(4, 8))
    for order in ([first, second], [second, first]):
        merged = merged_of(order)
        assert readings(merged) == [row(0), row(1), row(2, flag="power"), row(3, 7), row(4, 8)]
        assert (merged.repeated, merged.rejects) == (0, [])


def test_what_several_files_hold_is_taken_once() -> None:
    one = batch(*(row(n, n, "iv:2" if n == 3 else "") for n in range(6)))
    merged = merged_of([one.slice(2, 6), one.slice(0, 4), one.slice(2, 6)])
    assert readings(merged) == readings(merged_of([one]))
    assert merged.repeated == 6


def test_the_second_of_two_values_for_one_time_is_refused() -> None:
    merged = merged_of([batch(row(0), row(1, 5), row(2)), batch(row(1, 6))])
    assert readings(merged) == [row(0), row(1, 5), row(2)]
    (line,) = merged.rejects
    assert line.startswith("1.csv, line 1: the files contradict each other")
    assert merged.repeated == 0


def test_what_overlaps_an_earlier_file_is_refused() -> None:
    hour = batch((0, 3600, 10, ""))
    parts = batch(*((n * 600, 600, 1, "") for n in range(8)))
    merged = merged_of([parts, hour])
    assert [start for start, *_ in readings(merged)] == [n * 600 for n in range(8)]
    assert len(merged.rejects) == 1
    merged = merged_of([hour, parts])
    assert [start for start, *_ in readings(merged)] == [0, 3600, 4200]
    assert len(merged.rejects) == 6


@pytest.mark.parametrize("flag", ["iv:2 ec:11", "n:E"])
def test_a_format_without_quality_marks_contradicts_nothing(flag: str) -> None:
    """R63 says `iv` and `ec`, the weekly xlsx of the same days does not: one reading, and the mark stays."""
    plain, marked = batch(row(0), row(1), row(2)), batch(row(0), row(1, flag=flag), row(2))
    for order in ([plain, marked], [marked, plain]):
        merged = merged_of(order)
        assert readings(merged) == readings(merged_of([marked]))
        assert (merged.rejects, merged.repeated) == ([], 3)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4), st.sampled_from([0.0, 0.1, 0.5]))
def test_any_files_give_what_nothing_before_contradicts(seed: int, files: int, wrong: float) -> None:
    generator = random.Random(seed)
    batches, every = [], []
    for _ in range(files):
        place, rows = 0, []
        while place < 12 * 300:
            seconds = generator.choice([300, 600, 900])
            if generator.random() < 0.6:
                rows.append((place, seconds, 1 + (generator.random() < wrong), ""))
                place += seconds
            else:
                place += 300
        batches.append(batch(*rows))
        every += rows
    merged = merged_of(batches)
    kept: list[Reading] = []
    refused = 0
    for one in every:
        if one in kept:
            continue
        if any(_overlap(one, other) for other in kept):
            refused += 1
        else:
            kept.append(one)
    assert readings(merged) == sorted(kept)
    assert len(merged.rejects) == refused
    assert merged.repeated == len(every) - len(kept) - refused


def _overlap(one: Reading, other: Reading) -> bool:
    return one[0] < other[0] + other[1] and other[0] < one[0] + one[1]
