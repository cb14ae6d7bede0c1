"""The nights the clocks change: labels without offset → instants, or a doubt that is said."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.model.readings import Series
from sync.sources.linky.points import Curve, Label, Point, curve_from_points, resolve
from tests import paris

SERIES = Series("linky", "21121707640844", "production")
NIGHT = date(2024, 10, 27)
CHANGE = paris.change(2024, 10)  # 03:00 summer time = 02:00 winter time: the second pass begins


def at(clock: str, value: str | None = "2", step: str | None = "PT30M") -> Point:
    return Point(f"{NIGHT} {clock}:00", value, step)


def night(*doubled: tuple[str, str | None], step: str = "PT30M") -> list[Point]:
    """The change night of October with these points as its doubled hour."""
    before = ["01:00"] if step == "PT60M" else ["00:30", "01:00", "01:30"]
    after = ["03:00", "04:00"] if step == "PT60M" else ["03:00", "03:30", "04:00"]
    middle = [at(clock, value, step) for clock, value in doubled]
    return [at(clock, "2", step) for clock in before] + middle + [at(clock, "2", step) for clock in after]


def read(points: list[Point], total: int | None = None) -> Curve:
    return curve_from_points(SERIES, points, totals=None if total is None else {NIGHT: total})


def doubled(result: Curve) -> list[tuple[int, int, str]]:
    """(minutes from the change to the end of the interval, W, flag) of the readings of the doubled hour."""
    found = []
    batch = result.batch
    for index, end in enumerate((batch.end // 1000).tolist()):
        watts = int(batch.wh[index]) * 3600 // int(batch.seconds[index])
        if CHANGE - 3600 <= end < CHANGE + 3600:
            found.append(((end - CHANGE) // 60, watts, batch.flags.get(index, "")))
    return found


# -60 and -30 end in the first pass (02:00 and 02:30 summer time), 0 and 30 in the second one.
CLEAR: list[tuple[list[tuple[str, str | None]], list[tuple[int, int]]]] = [
    ([("02:00", "10"), ("02:30", "12"), ("02:00", "14"), ("02:30", "16")], [(-60, 10), (-30, 12), (0, 14), (30, 16)]),
    ([("02:00", "10"), ("02:30", "10"), ("02:00", "10"), ("02:30", "10")], [(-60, 10), (-30, 10), (0, 10), (30, 10)]),
    ([("02:00", "10"), ("02:30", None), ("02:00", "14"), ("02:30", "16")], [(-60, 10), (0, 14), (30, 16)]),
    ([("02:00", None), ("02:30", None), ("02:00", None), ("02:30", "16")], [(30, 16)]),
    ([("02:00", "10"), ("02:30", "12"), ("02:30", "16")], [(-60, 10), (-30, 12), (30, 16)]),
    ([("02:00", "10"), ("02:00", "14"), ("02:30", "16")], [(-60, 10), (0, 14), (30, 16)]),
    ([("02:30", "12"), ("02:00", "14")], [(-30, 12), (0, 14)]),
    ([("02:30", "12"), ("02:00", "14"), ("02:30", "16")], [(-30, 12), (0, 14), (30, 16)]),
    ([("02:00", "10"), ("02:30", "12"), ("02:00", "14")], [(-60, 10), (-30, 12), (0, 14)]),
    ([("02:00", "10"), ("02:00", "14")], [(-60, 10), (0, 14)]),
]
IDS = [" ".join(f"{clock[3:]}={value}" for clock, value in given_points) for given_points, _ in CLEAR]


@pytest.mark.parametrize(("given_points", "wanted"), CLEAR, ids=IDS)
@pytest.mark.parametrize("newest_first", [False, True])
def test_the_order_of_arrival_tells_the_passes(
    given_points: list[tuple[str, str | None]], wanted: list[tuple[int, int]], newest_first: bool
) -> None:
    points = night(*given_points)
    result = read(points[::-1] if newest_first else points)
    assert doubled(result) == [(end, watts, "") for end, watts in wanted]
    assert (result.repeated, result.rejects) == (0, ())


def test_hourly_labels_stand_twice() -> None:
    result = read(night(("02:00", "7"), ("02:00", "9"), step="PT60M"))
    assert doubled(result) == [(-60, 7, ""), (0, 9, "")]
    assert len(result.batch) == 5


UNCLEAR: list[list[tuple[str, str | None]]] = [
    [("02:00", "10"), ("02:30", "12")],
    [("02:00", "10")],
    [("02:30", "12")],
    [("02:00", "10"), ("02:30", "12"), ("02:30", "12")],
]


@pytest.mark.parametrize("given_points", UNCLEAR, ids=str)
def test_where_order_cannot_tell_the_guess_is_flagged(given_points: list[tuple[str, str | None]]) -> None:
    result = read(night(*given_points))
    found = doubled(result)
    assert len(found) + result.repeated == len(given_points)
    assert {flag for _, _, flag in found} == {"clock"}
    assert found[0][0] < 0, "as many as possible belong to the first pass"
    assert set(result.batch.flags.values()) == {"clock"}
    assert len(result.batch.flags) == len(found)


def test_the_same_twice_is_both_passes_where_no_other_label_comes_twice() -> None:
    result = read(night(("02:00", "10"), ("02:00", "10")))
    assert doubled(result) == [(-60, 10, ""), (0, 10, "")]
    again = read([point for point in night(("02:00", "10")) for _ in range(2)])
    assert {flag for _, _, flag in doubled(again)} == {"clock"}, "where all come twice nothing tells"


def test_a_null_makes_a_hole_no_clearer() -> None:
    result = read(night(("02:00", None), ("02:30", "12")))
    assert doubled(result) == [(-30, 12, "clock")]
    assert result.missing == 1


@pytest.mark.parametrize("copies", [2, 3])
def test_every_point_of_the_doubled_hour_repeated(copies: int) -> None:
    four = [("02:00", "10"), ("02:30", "12"), ("02:00", "14"), ("02:30", "16")]
    result = read(night(*[point for point in four for _ in range(copies)]))
    assert doubled(result) == [(-60, 10, ""), (-30, 12, ""), (0, 14, ""), (30, 16, "")]
    assert result.repeated == 4 * (copies - 1)


@pytest.mark.parametrize("again", range(4))
def test_one_point_of_the_doubled_hour_repeated(again: int) -> None:
    four = [("02:00", "10"), ("02:30", "12"), ("02:00", "14"), ("02:30", "16")]
    result = read(night(*four[: again + 1], *four[again:]))
    assert doubled(result) == [(-60, 10, ""), (-30, 12, ""), (0, 14, ""), (30, 16, "")]
    assert (result.repeated, result.rejects) == (1, ())


def test_an_order_that_no_clock_shows_is_refused() -> None:
    wild = [("02:30", "10"), ("02:00", "12"), ("02:30", "14"), ("02:00", "16"), ("02:30", "18")]
    result = read(night(*wild))
    assert doubled(result) == []
    assert [reject.reason for reject in result.rejects] == ["the doubled autumn hour is out of order"] * 5
    assert len(result.batch) == 6


# --- the daily total as judge ----------------------------------------------------------------------------------------

OTHERS = 3 * 2  # Wh of the hourly night outside the doubled hour: 01:00, 03:00, 04:00


def test_a_total_proves_two_equal_hours() -> None:
    result = read(night(("02:00", "100"), ("02:00", "100"), step="PT60M"), total=OTHERS + 200)
    assert doubled(result) == [(-60, 100, ""), (0, 100, "")]


def test_a_total_that_allows_one_of_two_equal_hours_is_not_contradicted() -> None:
    """The total proves a repetition; which pass it was is still a guess, and said so."""
    result = read(night(("02:00", "100"), ("02:00", "100"), step="PT60M"), total=OTHERS + 100)
    assert doubled(result) == [(-60, 100, "clock")]
    assert result.repeated == 1
    assert int(result.batch.wh.sum()) == OTHERS + 100


def test_a_total_proves_a_repetition_and_with_it_the_order() -> None:
    points = [("02:00", "100"), ("02:00", "100"), ("02:30", "40"), ("02:00", "60"), ("02:30", "20")]
    result = read(night(*points), total=6 + 110)
    assert doubled(result) == [(-60, 100, ""), (-30, 40, ""), (0, 60, ""), (30, 20, "")]


def test_a_total_that_fits_no_way_judges_nothing() -> None:
    result = read(night(("02:00", "100"), ("02:00", "100"), step="PT60M"), total=OTHERS + 150)
    assert [flag for _, _, flag in doubled(result)] == ["clock"] * 2


def test_a_total_judges_nothing_beside_an_unknown_energy() -> None:
    """Then the other labels of the day tell, which come once."""
    points = night(("02:00", "100"), ("02:00", "100"), step="PT60M")
    points[-1] = at("04:00", None, "PT60M")
    result = read(points, total=OTHERS - 2 + 200)
    assert [flag for _, _, flag in doubled(result)] == ["", ""]


def test_a_total_judges_nothing_beside_a_contradiction() -> None:
    """Two values for 01:00: neither is known to be in the total."""
    points = [at("01:00", "50", "PT60M"), *night(("02:00", "100"), ("02:00", "100"), step="PT60M")]
    result = read(points, total=OTHERS + 200)
    assert [flag for _, _, flag in doubled(result)] == ["", ""]


def test_two_hours_of_nothing_are_complete() -> None:
    """Hourly production at night: both passes read 0 every year. All readings are there, nothing is in doubt."""
    result = read(night(("02:00", "0"), ("02:00", "0"), step="PT60M"), total=OTHERS)
    assert doubled(result) == [(-60, 0, ""), (0, 0, "")]


# --- order of the whole file -----------------------------------------------------------------------------------------


def test_one_unreadable_label_does_not_turn_the_file_round() -> None:
    points = [Point("null", "1", "PT30M"), *night(*CLEAR[0][0])]
    assert doubled(read(points)) == [(end, watts, "") for end, watts in CLEAR[0][1]]


def test_two_weeks_joined_in_the_wrong_order() -> None:
    """Each part rises: the later one standing first does not make the file a falling one."""
    week = [Point(f"2024-10-28 {hour:02}:00:00", "2", "PT60M") for hour in range(2, 10)]
    assert doubled(read(week + night(*CLEAR[0][0]))) == [(end, watts, "") for end, watts in CLEAR[0][1]]


def test_both_ways_to_write_a_label_mix() -> None:
    points = [
        Point(p.end.replace(" ", "T") if n % 2 else p.end, p.value, p.step) for n, p in enumerate(night(*CLEAR[0][0]))
    ]
    assert doubled(read(points)) == [(end, watts, "") for end, watts in CLEAR[0][1]]


@pytest.mark.parametrize("seed", range(20))
def test_a_shuffled_change_night_is_never_a_silent_guess(seed: int) -> None:
    points = night(*CLEAR[0][0])
    result = read(random.Random(seed).sample(points, len(points)))
    right = {(end, watts) for end, watts in CLEAR[0][1]}
    assert {(end, watts) for end, watts, flag in doubled(result) if not flag} <= right
    assert len(result.batch) + len(result.rejects) == len(points)


# --- labels with offset ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["{}+02:00", "{}+0200"])
def test_an_offset_leaves_nothing_to_guess(shape: str) -> None:
    labels = [Label(shape.format("2024-10-27T02:30:00"), "1"), Label("2024-10-27T02:30:00+01:00", "1")]
    resolved = resolve(labels)
    assert resolved.instants == [(CHANGE - 1800) * 1000, (CHANGE + 1800) * 1000]
    assert (resolved.refused, resolved.doubtful) == ({}, set())


def test_utc_is_an_offset_too() -> None:
    assert resolve([Label("2024-10-27T00:30:00Z", "1")]).instants == [(CHANGE - 1800) * 1000]


# --- any curve, printed and read back --------------------------------------------------------------------------------

CHANGES = st.builds(paris.change, st.integers(2010, 2037), st.sampled_from([3, 10]))
ANYWHERE = st.integers(paris.change(2010, 3), paris.change(2037, 10))
MOMENTS = st.one_of(CHANGES, CHANGES, ANYWHERE)
Truth = list[tuple[int, int, int]]  # start in s, W, seconds


@st.composite
def curves(draw: st.DrawFn, mixed: bool) -> Truth:
    """Readings from the midnight before a moment on, over two days; `mixed`: every hour with a step of its own."""
    middle = date.fromisoformat(paris.wall(draw(MOMENTS))[:10])
    low, high = paris.midnight(middle), paris.midnight(middle + timedelta(days=2))
    steps = [300, 600, 900, 1800, 3600]
    one = draw(st.sampled_from(steps))
    generator = random.Random(draw(st.integers(0, 2**32)))
    truth: Truth = []
    for hour in range(low, high, 3600):
        step = generator.choice(steps) if mixed else one
        truth += [
            (start, generator.randrange(0, 40, 1) * 3600 // step, step) for start in range(hour, hour + 3600, step)
        ]
    return truth


def printed(truth: Truth) -> list[Point]:
    return [Point(paris.wall(start + step), str(watts), f"PT{step // 60}M") for start, watts, step in truth]


def readings(result: Curve) -> list[tuple[tuple[int, int, int], str]]:
    batch = result.batch
    columns = zip((batch.start // 1000).tolist(), batch.wh.tolist(), batch.seconds.tolist(), strict=True)
    return [
        ((start, wh * 3600 // seconds, seconds), batch.flags.get(index, ""))
        for index, (start, wh, seconds) in enumerate(columns)
    ]


@settings(max_examples=150, deadline=None)
@given(curves(mixed=True), st.booleans())
def test_a_complete_curve_survives_printing(truth: Truth, newest_first: bool) -> None:
    points = printed(truth)
    result = read(points[::-1] if newest_first else points)
    assert [reading for reading, _ in readings(result)] == truth
    labels = [(point.end, point.value) for point in points]
    if any(flag for _, flag in readings(result)):  # of two equal values at one label one may be a repetition
        assert len(set(labels)) < len(labels)


@settings(max_examples=150, deadline=None)
@given(curves(mixed=False), st.integers(0, 2**32), st.sampled_from([0.02, 0.3, 0.8]))
def test_a_curve_with_holes_is_right_or_in_doubt(truth: Truth, seed: int, holes: float) -> None:
    generator = random.Random(seed)
    kept = [truth[0], *(reading for reading in truth[1:-1] if generator.random() > holes), truth[-1]]
    result = read(printed(kept))
    found = readings(result)
    assert {reading for reading, flag in found if not flag} <= set(kept)
    assert len(found) + result.repeated + len(result.rejects) == len(kept)
    assert not result.rejects
    certain = [reading for reading in kept if len(paris.meanings(paris.wall(reading[0] + reading[2]))) == 1]
    assert set(certain) <= {reading for reading, flag in found if not flag}
    shown = {(paris.wall(start + step), watts) for start, watts, step in kept}
    assert {(paris.wall(start + step), watts) for (start, watts, step), _ in found} == shown
