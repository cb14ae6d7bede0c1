"""Lengths of intervals: read from a duration, or inferred from the labels and never across a gap."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.sources.linky.points import STEPS, infer_steps, parse_step

MINUTE = 60_000


def ends(*distances: int) -> list[int]:
    """Instants (ms) from 00:00 on, `distances` in minutes."""
    return [MINUTE * total for total in itertools.accumulate(distances, initial=0)]


def minutes(*distances: int) -> list[int | None]:
    return [None if step is None else step // 60 for step in infer_steps(ends(*distances))]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT5M", 300),
        ("PT10M", 600),
        ("PT15M", 900),
        ("PT30M", 1800),
        ("PT60M", 3600),
        ("PT1H", 3600),
        ("PT0H30M", 1800),
    ],
)
def test_durations_of_a_meter(text: str, seconds: int) -> None:
    assert parse_step(text) == seconds


@given(st.one_of(st.text(), st.from_regex(r"PT?([0-9]{1,3}H)?([0-9]{1,3}M)?[0-9S]?", fullmatch=True)))
def test_any_other_text_is_no_step(text: str) -> None:
    match = re.fullmatch(r"PT(?=.)(?:([0-9]{1,2})H)?(?:([0-9]{1,2})M)?", text)
    wanted = 3600 * int(match[1] or 0) + 60 * int(match[2] or 0) if match else 0
    assert parse_step(text) == (wanted if wanted in STEPS else None)


def test_a_plain_run() -> None:
    assert minutes(30, 30, 30, 30) == [30] * 5


def test_steps_change_where_the_distances_do() -> None:
    assert minutes(30, 30, 30, 60, 60, 60, 10, 10, 10) == [30] * 4 + [60] * 3 + [10] * 3


@pytest.mark.parametrize("gap", [60, 90, 1380])
def test_the_reading_after_a_gap_has_the_step_of_what_follows(gap: int) -> None:
    assert minutes(30, 30, 30, gap, 30, 30, 30) == [30] * 8


def test_a_step_that_changes_over_a_gap() -> None:
    assert minutes(30, 30, 30, 1440, 60, 60, 60) == [30] * 4 + [60] * 4


def test_too_few_readings_to_believe_a_step() -> None:
    assert minutes() == [None]
    assert minutes(30) == [None] * 2
    assert minutes(30, 30) == [None] * 3
    assert minutes(30, 30, 30) == [30] * 4


def test_distances_that_are_no_step_are_never_taken() -> None:
    assert minutes(45, 45, 45, 45) == [None] * 5
    assert minutes(120, 120, 120, 120) == [None] * 5


def test_the_step_that_follows_is_not_stretched_over_the_label_before() -> None:
    """Two half-hours are too few to be believed, but the hourly run after them must not swallow them."""
    assert minutes(60, 60, 60, 30, 30, 60, 60, 60) == [60] * 4 + [None, None] + [60] * 3
    assert minutes(30, 60, 60, 60) == [None, None, 60, 60, 60]


def test_a_short_rest_goes_on_with_the_step_before_it() -> None:
    assert minutes(30, 30, 30, 60, 30) == [30, 30, 30, 30, None, None]


def test_no_label_at_all() -> None:
    assert infer_steps([]) == []


@settings(max_examples=300)
@given(st.lists(st.sampled_from([5, 10, 15, 20, 30, 60, 90, 1440]), max_size=40))
def test_an_inferred_interval_never_overlaps_the_one_before(distances: list[int]) -> None:
    instants = ends(*distances)
    steps = infer_steps(instants)
    assert len(steps) == len(instants)
    for (before, after), step in zip(itertools.pairwise(instants), steps[1:], strict=True):
        assert step is None or (step in STEPS and after - step * 1000 >= before)


@settings(max_examples=200)
@given(st.sampled_from(sorted(STEPS)), st.lists(st.booleans(), min_size=12, max_size=60))
def test_single_holes_in_a_constant_step_never_stretch_a_reading(step: int, present: list[bool]) -> None:
    """As long as no hole is repeated at the same distance, which looks like another step."""
    kept = [n * step * 1000 for n, there in enumerate(present) if there]
    distances = [b - a for a, b in itertools.pairwise(kept)]
    repeated = {d for d in distances if d != step * 1000 and distances.count(d) >= 3}
    if not repeated:
        assert set(infer_steps(kept)) <= {step, None}
