"""The schedules that are shipped, in UTC, fall where they must in Paris on every day of the year."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

import pytest

from sync.model.localtime import PARIS
from sync.triggers.check.tree import read_tree
from sync.triggers.cron import parse_schedule
from sync.triggers.tree import DEFAULT_FOLDER

FIRST, DAYS = date(2026, 1, 1), 2 * 365
WANTED = {
    # Published around 8, at times one or two hours later: one call between 6 and 10, not on the hour.
    # Nothing in the morning? Once more early in the afternoon.
    "linkyDaily": [(time(6), time(10)), (time(13), time(16))],
    # When both have run, and somebody may still read the mail.
    "watchFreshness": [(time(18), time(22))],
    # Yesterday is there in the evening at the latest; Oslo and Copenhagen have the clock of Paris.
    "elhubDaily": [(time(22), time(23, 59))],
    # The prices of tomorrow are published at about 13:00; once more when that was late.
    "energidataDaily": [(time(13, 5), time(15)), (time(18), time(20))],
}
OPTIONAL = {"elhubDaily", "energidataDaily"}
"""Shipped disabled: who has a meter need not load a market."""


def paris_times(name: str) -> list[list[datetime]]:
    """When a trigger fires on each day of two years, by the clocks of Paris."""
    schedule = parse_schedule(read_tree(DEFAULT_FOLDER).triggers[name].schedule)
    before = datetime.combine(FIRST, time(), UTC) - timedelta(seconds=1)
    times = schedule.next_times(before, DAYS * len(WANTED[name]))
    local = iter([moment.astimezone(PARIS) for moment in times])
    return [list(islice(local, len(WANTED[name]))) for _day in range(DAYS)]


def test_these_are_the_triggers() -> None:
    triggers = read_tree(DEFAULT_FOLDER).triggers
    assert {name: trigger.function for name, trigger in triggers.items()} == {name: name for name in WANTED}
    assert {name for name, trigger in triggers.items() if trigger.disabled} == OPTIONAL


@pytest.mark.parametrize("name", WANTED)
def test_every_day_within_its_hours(name: str) -> None:
    """Winter and summer differ by an hour, the schedule does not."""
    days = paris_times(name)
    for number, (first, last) in enumerate(WANTED[name]):
        times = [day[number] for day in days]
        assert [moment.date() for moment in times] == [FIRST + timedelta(days=count) for count in range(DAYS)]
        assert len({moment.time() for moment in times}) == 2
        assert all(first < moment.time() < last for moment in times)
        # UTC and Paris have the same date then: "yesterday" is the same day on both.
        assert all(moment.astimezone(UTC).date() == moment.date() for moment in times)


@pytest.mark.parametrize("name", WANTED)
def test_at_an_odd_minute(name: str) -> None:
    """The gateway asks for one: not when everybody's clocks strike."""
    (minute,) = {moment.minute for day in paris_times(name) for moment in day}
    assert minute % 5
    assert minute % 2


def test_the_second_try_comes_when_a_day_may_be_asked_again() -> None:
    """What was answered in the morning rests for six hours."""
    assert all(again - morning > timedelta(hours=6) for morning, again in paris_times("linkyDaily"))
