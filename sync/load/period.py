"""The days a backfill wants: two years by default, kept within what the API can serve, every change said."""

from __future__ import annotations

from datetime import date, timedelta

from ..model.errors import UsageError
from ..model.window import Window, months_before
from ..sources.linky.client import CURVE_HISTORY

DEFAULT_MONTHS = 24


def wanted_period(since: date | None, until: date | None, today: date, own_server: bool) -> tuple[Window, list[str]]:
    """Days `[since, until)` and what was changed about them. `today` is the local day of the source.

    A server of our own (loopback) plays any day, so nothing is cut by the calendar there: it refuses by itself.
    Raises UsageError for an empty or future period.
    """
    if since and since >= today and not own_server:
        raise UsageError(f"--since {since} is not in the past: the newest readings are those of {_before(today)}")
    if since and until and since >= until:
        raise UsageError(
            f"--since {since} is not before --until {until}: the days from the one up to the other are asked"
        )
    notes = []
    end = until or today
    if end > today and not own_server:
        notes.append(f"--until {end} is in the future: cut to {today} (the last day is {_before(today)})")
        end = today
    start = since or months_before(today, DEFAULT_MONTHS)
    oldest = months_before(today, CURVE_HISTORY[0]) - timedelta(days=CURVE_HISTORY[1])
    if start < oldest and not own_server:
        notes.append(f"--since {start} is beyond the history of 24 months and 15 days: begins on {oldest}")
        start = oldest
    if start >= end:
        raise UsageError(
            f"there is no day to ask for between {start} and {end}: choose an earlier --since or a later --until"
        )
    return Window(start, end), notes


def _before(day: date) -> date:
    return day - timedelta(days=1)
