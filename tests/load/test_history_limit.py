"""The first day served is found exactly, in few questions, wherever it lies."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from sync.model.window import Window
from sync.sources.linky.api import first_served_day

START = date(2024, 11, 6)
WINDOWS = [Window(START + timedelta(days=7 * n), START + timedelta(days=7 * n + 7)) for n in range(105)]


class Gateway:
    """Serves a window only if it begins on `floor` or later; keeps the questions."""

    def __init__(self, floor: date) -> None:
        self.floor = floor
        self.asked: list[Window] = []

    def serves(self, window: Window) -> bool:
        self.asked.append(window)
        return window.start >= self.floor


@pytest.mark.parametrize("position", [0, 40])
def test_every_floor_of_two_years(position: int) -> None:
    for day in range(7 * position + 1, 7 * len(WINDOWS) + 1):
        gateway = Gateway(START + timedelta(days=day))
        floor, whole = first_served_day(WINDOWS, position, gateway.serves)
        assert floor == gateway.floor
        assert whole == -(-day // 7), "the first window that is served whole"
        inside = [window for window in gateway.asked if window not in WINDOWS]
        assert len(inside) <= 3
        assert len(gateway.asked) - len(inside) <= 7
        assert len(set(gateway.asked)) == len(gateway.asked), "no question twice"
        assert WINDOWS[position] not in gateway.asked, "its refusal is known"


def test_only_windows_are_asked_that_lie_in_the_plan() -> None:
    gateway = Gateway(START + timedelta(days=100))
    first_served_day(WINDOWS, 0, gateway.serves)
    assert all(1 <= window.length <= 7 for window in gateway.asked)
    assert all(any(w.start <= window.start and window.end <= w.end for w in WINDOWS) for window in gateway.asked)


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_one_window_alone(length: int) -> None:
    for day in range(1, length + 1):
        gateway = Gateway(START + timedelta(days=day))
        floor, whole = first_served_day([Window(START, START + timedelta(days=length))], 0, gateway.serves)
        assert (floor, whole) == (gateway.floor, 1)
        assert len(gateway.asked) <= 3


def test_gaps_between_the_windows() -> None:
    """Windows that were finished before are not in the plan: the floor may lie between two of the others."""
    windows = WINDOWS[::10]
    for day in range(1, 7 * 101 + 1):
        gateway = Gateway(START + timedelta(days=day))
        floor, whole = first_served_day(windows, 0, gateway.serves)
        assert all(window.start >= gateway.floor for window in windows[whole:])
        assert windows[whole - 1].start < gateway.floor
        assert floor == min(gateway.floor, windows[whole - 1].end)


def test_what_a_question_raises_goes_through() -> None:
    def breaks(window: Window) -> bool:
        raise ConnectionError(str(window))

    with pytest.raises(ConnectionError):
        first_served_day(WINDOWS, 0, breaks)
