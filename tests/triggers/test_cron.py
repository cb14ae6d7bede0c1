"""Schedules: next times in UTC, and words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sync.triggers.cron import parse_schedule

START = datetime(2026, 11, 21, 5, 17, tzinfo=UTC)  # a Saturday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17 5 * * *", ["11-22 05:17", "11-23 05:17"]),
        ("18 5 * * *", ["11-21 05:18", "11-22 05:18"]),
        ("*/25 6 * * *", ["11-21 06:00", "11-21 06:25", "11-21 06:50", "11-22 06:00"]),
        ("0 */12 * * *", ["11-21 12:00", "11-22 00:00"]),
        ("0 6 * * MON,WED", ["11-23 06:00", "11-25 06:00"]),
        ("0 6 * * 0", ["11-22 06:00", "11-29 06:00"]),
        ("0 6 1 * *", ["12-01 06:00", "01-01 06:00"]),
        ("0 6 1 * SUN", ["11-22 06:00", "11-29 06:00", "12-01 06:00", "12-06 06:00"]),
        ("30 23 31 JAN-MAR *", ["01-31 23:30", "03-31 23:30"]),
        ("0 0 29 2 *", ["02-29 00:00"]),
    ],
)
def test_next_times(text: str, expected: list[str]) -> None:
    times = parse_schedule(text).next_times(START, len(expected))
    assert [f"{moment:%m-%d %H:%M}" for moment in times] == expected
    assert all(moment.utcoffset() == timedelta(0) for moment in times)


def test_another_zone_is_converted() -> None:
    paris = START.astimezone(timezone(timedelta(hours=1)))
    assert parse_schedule("17 5 * * *").next_times(paris, 1) == [START + timedelta(days=1)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("17 5 * * *", "at 05:17 every day, UTC"),
        ("7 5,12 * * *", "at 05:07 and 12:07 every day, UTC"),
        ("*/15 * * * *", "every 15th minute of every hour, UTC"),
        ("* * * * *", "every minute, UTC"),
        ("*/5 6 * * *", "every fifth minute from 06:00 through 06:59, UTC"),
        ("0 6 * * MON-FRI", "at 06:00 on Monday through Friday, UTC"),
        ("0 6 1,15 MAR,OCT *", "at 06:00 on the first and the 15th day of month in March and October, UTC"),
        ("0 6 1 * SUN", "at 06:00 on the first day of month and on Sunday, UTC"),
    ],
)
def test_words(text: str, words: str) -> None:
    assert parse_schedule(text).words() == words


@pytest.mark.parametrize("text", ["@daily", "0 6 * *", "0 6 */2 * *", "60 6 * * *", "0 6 30 2 *", "0 6 L * *"])
def test_what_atlas_does_not_take_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|field|never"):
        parse_schedule(text)
