"""Several exports of one series as one batch: every reading once, contradictions withheld, nothing preferred."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.load.importing import Merged, merge
from sync.model.readings import ReadingBatch, Series, energy_batch

SERIES = Series("linky", "21121707640844", "consumption")
Reading = tuple[int, int, int, str]  # start in s, seconds, Wh, flag
HALF = 1800


def batch(*readings: Reading) -> ReadingBatch:
    start, seconds, wh = (np.array([r[column] for r in readings], dtype=np.int64) for column in (0, 1, 2))
    return energy_batch(SERIES, start * 1000, wh, seconds, {n: r[3] for n, r in enumerate(readings) if r[3]})


def row(n: int, wh: int = 5, flag: str = "") -> Reading:
    """The n-th half-hour."""
    return (n * HALF, HALF, wh, flag)


def readings(merged: Merged) -> list[Reading]:
    found = merged.batch
    columns = zip((found.start // 1000).tolist(), found.seconds.tolist(), found.wh.tolist(), strict=True)
    return [(start, seconds, wh, found.flags.get(n, "")) for n, (start, seconds, wh) in enumerate(columns)]


def test_nothing_gives_nothing() -> None:
    for batches in ([], [batch()], [batch(), batch()]):
        merged = merge(SERIES, batches)
        assert (len(merged.batch), merged.repeated, merged.conflicts) == (0, 0, [])


def test_files_in_any_order_come_out_oldest_first() -> None:
    first, second = batch(row(0), row(1), row(2, flag="power")), batch(row(3, 7), row(4, 8))
    for order in ([first, second], [second, first]):
        merged = merge(SERIES, order)
        assert readings(merged) == [row(0), row(1), row(2, flag="power"), row(3, 7), row(4, 8)]
        assert (merged.repeated, merged.conflicts) == (0, [])


def test_what_several_files_hold_is_taken_once() -> None:
    one = batch(*(row(n, n, "iv:2" if n == 3 else "") for n in range(6)))
    merged = merge(SERIES, [one.slice(2, 6), one.slice(0, 4), one.slice(2, 6)])
    assert readings(merged) == readings(merge(SERIES, [one]))
    assert merged.repeated == 6


def test_two_values_for_one_time_are_both_withheld() -> None:
    merged = merge(SERIES, [batch(row(0), row(1, 5), row(2)), batch(row(1, 6))])
    assert readings(merged) == [row(0), row(2)]
    assert merged.conflicts == [HALF * 1000] * 2
    assert merged.repeated == 0


def test_overlapping_lengths_are_all_withheld() -> None:
    hour = batch((0, 3600, 10, ""))
    parts = batch(*((n * 600, 600, 1, "") for n in range(8)))
    merged = merge(SERIES, [parts, hour])
    assert [start for start, *_ in readings(merged)] == [3600, 4200]
    assert len(merged.conflicts) == 7


@pytest.mark.parametrize("flag", ["iv:2 ec:11", "n:E"])
def test_a_format_without_quality_marks_contradicts_nothing(flag: str) -> None:
    """R63 says `iv` and `ec`, the weekly xlsx of the same days does not: one reading, and the mark stays."""
    plain, marked = batch(row(0), row(1), row(2)), batch(row(0), row(1, flag=flag), row(2))
    for order in ([plain, marked], [marked, plain]):
        merged = merge(SERIES, order)
        assert readings(merged) == readings(merge(SERIES, [marked]))
        assert (merged.conflicts, merged.repeated) == ([], 3)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4), st.sampled_from([0.0, 0.1, 0.5]))
def test_any_files_give_exactly_what_nothing_contradicts(seed: int, files: int, wrong: float) -> None:
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
    merged = merge(SERIES, batches)
    single = sorted(set(every))
    clear = [one for one in single if not any(other != one and _overlap(one, other) for other in single)]
    assert readings(merged) == clear
    assert merged.repeated == len(every) - len(single)
    assert sorted(merged.conflicts) == sorted(one[0] * 1000 for one in single if one not in clear)


def _overlap(one: Reading, other: Reading) -> bool:
    return one[0] < other[0] + other[1] and other[0] < one[0] + one[1]
