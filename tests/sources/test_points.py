"""Points of a load curve → readings: the real two years, and every way a point can be refused."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from sync.sources.linky.points import Point
from tests import paris
from tests.curves import curve, rows


def half_hour(label: str, value: str | None = "100", **marks: str) -> Point:
    return Point(label, value, **({"step": "PT30M"} | marks))  # type: ignore[arg-type]


def day(first: date, days: int = 1, step: int = 1800) -> list[Point]:
    """A complete curve of local days, a different power at every point."""
    ends = range(paris.midnight(first) + step, paris.midnight(first + timedelta(days=days)) + step, step)
    return [Point(paris.wall(end), str(12 * n), f"PT{step // 60}M", line=n) for n, end in enumerate(ends, 1)]


@pytest.mark.parametrize(
    ("local", "points"), [(date(2024, 3, 31), 46), (date(2024, 10, 27), 50), (date(2024, 5, 5), 48)]
)
def test_a_day_has_the_points_of_its_length(local: date, points: int) -> None:
    given_points = day(local)
    result = curve(given_points)
    assert len(given_points) == len(result.batch) == points
    assert result.batch.start[0] == paris.midnight(local) * 1000
    assert result.batch.end[-1] == paris.midnight(local + timedelta(days=1)) * 1000
    assert (np.diff(result.batch.start) == 1_800_000).all()
    assert result.batch.flags == {}


@pytest.mark.parametrize("label", ["2024-03-31 02:00:00", "2024-03-31 02:30:00", "2025-03-30T02:10:00"])
def test_a_label_the_spring_night_skips_is_refused(label: str) -> None:
    result = curve([half_hour(label)])
    assert len(result.batch) == 0
    assert "no such time" in result.rejects[0].reason


def test_null_missing_and_zero_are_three_things() -> None:
    points = [half_hour("2024-05-05 00:30:00", "0"), half_hour("2024-05-05 01:00:00", None)]
    points += [half_hour("2024-05-05 01:30:00", ""), half_hour("2024-05-05 02:30:00", "4")]
    result = curve(points)
    assert [(wh, seconds) for _, wh, seconds in rows(result.batch)] == [(0, 1800), (2, 1800)]
    assert (result.missing, result.rejects) == (2, ())


@pytest.mark.parametrize(
    ("value", "step", "wh"),
    [
        ("101", "PT30M", None),
        ("100", "PT30M", 50),
        ("101", "PT60M", 101),
        ("7", "PT10M", None),
        ("6", "PT10M", 1),
        ("2", "PT15M", None),
        ("12", "PT5M", 1),
        ("100.0", "PT30M", 50),
        ("100.5", "PT30M", None),
    ],
)
def test_energy_is_exact_or_refused(value: str, step: str, wh: int | None) -> None:
    result = curve([Point("2024-05-05 12:00:00", value, step)])
    assert result.batch.wh.tolist() == ([] if wh is None else [wh])
    assert [reject.reason.startswith("not a whole number of Wh") for reject in result.rejects] == [True] * (wh is None)


@pytest.mark.parametrize(
    "value", ["-2", "+2", "1e3", "NaN", "0x10", " 2", "2 ", "1,5", "null", "two", "1_000", "2" * 10, "٣٤", "²"]
)
def test_what_is_not_a_power_is_refused_with_its_text(value: str) -> None:
    result = curve([half_hour("2024-05-05 12:00:00", value)])
    assert len(result.batch) == 0
    assert result.rejects[0].reason == "not a power in W"
    assert repr(value)[1:-1] in str(result.rejects[0])


@pytest.mark.parametrize("step", ["PT1M", "PT45M", "PT2H", "P1D", "30", "PT", "pt30m", "PT30", "PT30M ", "PT٣٠M"])
def test_a_step_no_meter_records_is_refused(step: str) -> None:
    result = curve([Point("2024-05-05 12:00:00", "100", step)])
    assert len(result.batch) == 0
    assert "length of the interval" in result.rejects[0].reason


@pytest.mark.parametrize(
    "label",
    ["", "2024-05-05", "2024-02-30 00:30:00", "2024-05-05 24:30:00", "05/05/2024 00:30:00", "1999-05-05 00:30:00"],
)
def test_an_unreadable_time_is_refused(label: str) -> None:
    result = curve([half_hour(label)])
    assert (len(result.batch), result.rejects[0].reason) == (0, "unreadable time")


@pytest.mark.parametrize("label", ["2024-05-05 12:01:00", "2024-05-05 12:30:01"])
def test_a_time_off_the_grid_is_refused(label: str) -> None:
    result = curve([half_hour(label)])
    assert (len(result.batch), result.rejects[0].reason) == (0, "not on a five-minute mark")


@pytest.mark.parametrize(("label", "step"), [("2024-05-06 00:30:00", "PT60M"), ("2024-05-05 12:10:00", "PT30M")])
def test_an_interval_off_its_own_grid_is_refused(label: str, step: str) -> None:
    """Every step begins on a multiple of itself: anything else would reach over midnight into another local day."""
    result = curve([Point(label, "100", step)])
    assert len(result.batch) == 0
    assert len(result.rejects) == 1


def test_implausible_power_is_kept_and_flagged() -> None:
    points = [half_hour("2024-05-05 00:30:00", "36000"), half_hour("2024-05-05 01:00:00", "36002")]
    assert curve(points).batch.flags == {1: "power"}
    assert curve(points, max_power=9000).batch.flags == {0: "power", 1: "power"}
    assert curve(points).batch.wh.tolist() == [18_000, 18_001]


@pytest.mark.parametrize(
    ("marks", "flag"),
    [
        ({"iv": "0", "ec": "0", "nature": "B"}, None),
        ({"iv": "", "ec": "", "nature": ""}, None),
        ({"iv": "2", "ec": "11", "nature": "B"}, "iv:2 ec:11"),
        ({"nature": "E"}, "n:E"),
        ({"iv": "1", "nature": "C"}, "iv:1 n:C"),
        ({"iv": "a b", "nature": "<script>"}, "iv:? n:?"),
        ({"ec": "123456789"}, "ec:?"),
    ],
)
def test_marks_become_one_flag(marks: dict[str, str], flag: str | None) -> None:
    result = curve([half_hour("2024-05-05 00:30:00", **marks)])
    assert result.batch.flags.get(0) == flag


def test_the_asked_period_is_half_open() -> None:
    low, high = paris.midnight(date(2024, 5, 5)), paris.midnight(date(2024, 5, 6))
    points = day(date(2024, 5, 4), days=3)
    result = curve(points, window=(low * 1000, high * 1000))
    assert [start for start, _, _ in rows(result.batch)] == list(range(low, high, 1800))
    assert {reject.reason for reject in result.rejects} == {"outside the asked period"}
    assert len(result.rejects) == 96


def test_steps_change_inside_a_day() -> None:
    start = paris.midnight(date(2024, 5, 5))
    steps = [1800] * 4 + [3600] * 3 + [600] * 12 + [900] * 4 + [300] * 12
    ends = [start + sum(steps[: n + 1]) for n in range(len(steps))]
    for name in ("PT{}M", ""):
        points = [
            Point(paris.wall(end), "24", name.format(step // 60) or None) for end, step in zip(ends, steps, strict=True)
        ]
        wanted = [(end - step, 24 * step // 3600, step) for end, step in zip(ends, steps, strict=True)]
        assert rows(curve(points).batch) == wanted


def test_one_hour_is_spelled_two_ways() -> None:
    result = curve([Point("2024-05-05 12:00:00", "7", step) for step in ("PT1H", "PT60M")])
    assert (rows(result.batch)[0][2], len(result.batch), result.repeated) == (3600, 1, 1)


def test_repetitions_are_dropped_and_counted() -> None:
    points = day(date(2024, 5, 5))
    result = curve(points + points[10:20])
    assert (rows(result.batch), result.repeated) == (rows(curve(points).batch), 10)


def test_two_values_for_one_time_withhold_both() -> None:
    points = day(date(2024, 5, 5))
    result = curve([*points, replace(points[7], value="9998")])
    assert rows(result.batch) == [row for n, row in enumerate(rows(curve(points).batch)) if n != 7]
    assert [reject.reason for reject in result.rejects] == ["two values for one time"] * 2


def test_all_readings_of_an_overlap_are_withheld() -> None:
    """An hour over its own six parts: neither side can be preferred, and no part of it either."""
    parts = [Point(f"2024-05-05 01:{n}0:00", "6", "PT10M") for n in range(1, 6)] + [
        Point("2024-05-05 02:30:00", "6", "PT10M")
    ]
    result = curve([*parts, Point("2024-05-05 02:00:00", "6", "PT60M")])
    assert [row[0] for row in rows(result.batch)] == [paris.meanings("2024-05-05 02:20:00")[0]]
    assert [reject.reason for reject in result.rejects] == ["overlaps another interval"] * 6


def test_rejects_come_in_the_order_of_the_lines() -> None:
    points = [Point("x", "1", line=3), Point("2024-05-05 12:30:00", "y", "PT30M", line=2), Point("z", None, line=1)]
    assert [reject.line for reject in curve(points).rejects] == [1, 2, 3]


def test_labels_of_starts_and_energies() -> None:
    first = paris.change(2024, 10) - 5400
    night = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00", "03:30"]
    points = [Point(f"2024-10-27 {start}:00", str(n), at_start=True, is_energy=True) for n, start in enumerate(night)]
    assert rows(curve(points).batch) == [(first + 1800 * n, n, 1800) for n in range(7)]


def test_a_shuffled_ordinary_day_is_put_in_order() -> None:
    points = day(date(2024, 5, 5))
    mixed = random.Random(3).sample(points, len(points))
    assert rows(curve(mixed).batch) == rows(curve(points).batch)
