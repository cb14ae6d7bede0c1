"""Coverage in numbers: each day of the real two years, the state of every kind of day, and the commands that mend."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from dash_app.coverage.queries import (
    BEFORE,
    COMPLETE,
    DIFFERS,
    DUE,
    MISSING,
    NOTHING,
    PARTIAL,
    Asked,
    History,
    asked_by_day,
    history,
    state_of,
)
from dash_app.coverage.queries_frames import chosen_day
from dash_app.coverage.queries_upkeep import counts, fetch_command, problems, upkeep, windows_of
from dash_app.kit.reader import Reader
from dash_app.kit.view import View
from sync.http.budget import Budget, used_today
from sync.model.errors import UsageError
from sync.model.window import DONE, EMPTY, FAILED, Entry, Window
from sync.model.window import PARTIAL as WINDOW_PARTIAL
from sync.settings import load
from sync.sources.linky.meter import Meter
from sync.store.ledger import Ledger
from sync.store.schema import VERIFICATIONS
from tests import paris, r63
from tests.clock import FakeClock
from tests.dash.coverage_story import (
    BY_FUNCTION,
    DIFFERING_DAY,
    EMPTY_DAYS,
    END,
    FAILED_DAY,
    FIRST,
    NEVER_ASKED,
    PARTIAL_DAY,
    tell,
)
from tests.dash.stores import ONE, TODAY, load_readings, loader_of

ALL = View(page="coverage", period="all", start=date(2023, 3, 13), end=date(2025, 3, 13))
AT = datetime(2025, 3, 1, tzinfo=UTC)


def reader_of(database: Database[Any], now: datetime = TODAY, **changes: Any) -> Reader:
    return Reader(database, load(Path.cwd(), {}).model_copy(update=changes), now=lambda: now)


def history_of(database: Database[Any], now: datetime = TODAY) -> History:
    found = history(reader_of(database, now), ALL)
    assert found is not None
    return found


# --- the real two years -----------------------------------------------------------------------------------------------


def test_each_day_of_the_file_is_counted_in_seconds(two_years: Database[Any], shared_data: Path) -> None:
    own: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0, 0])
    for reading in r63.expected(shared_data):
        day = date.fromisoformat(paris.wall(round(reading.ts.timestamp()))[:10])
        for place, amount in enumerate((1, reading.wh, reading.seconds)):
            own[day][place] += amount
    found = history_of(two_years)
    assert {day: [each.readings, each.wh, each.covered] for day, each in found.days.items()} == own
    assert {each.expected for each in found.days.values()} == {82_800, 86_400, 90_000}
    for day, length in (("2023-03-26", 82_800), ("2024-03-31", 82_800), ("2023-10-29", 90_000), ("2024-10-27", 90_000)):
        each = found.days[date.fromisoformat(day)]
        assert (each.covered, each.expected, each.state) == (length, length, COMPLETE)
    partial = {str(day): each.covered for day, each in found.days.items() if each.state != COMPLETE}
    assert partial == {"2024-07-18": 3600, "2024-07-30": 82_800}
    assert len(found.days) == 731


def test_days_after_the_file_are_missing_once_they_are_due(two_years: Database[Any]) -> None:
    """At 09:59 local time yesterday may still come."""
    early = history_of(two_years, datetime(2025, 3, 14, 8, 59, tzinfo=UTC))
    assert early.days[date(2025, 3, 13)].state == DUE
    later = history_of(two_years, datetime(2025, 3, 14, 9, 0, tzinfo=UTC))
    assert later.days[date(2025, 3, 13)].state == MISSING
    (today, tomorrow) = later.between(date(2025, 3, 14), date(2025, 3, 16))
    assert (today.state, tomorrow.state) == (DUE, DUE)
    assert later.between(date(2023, 3, 1), date(2023, 3, 2))[0].state == BEFORE


# --- states -----------------------------------------------------------------------------------------------------------


def asked(state: str, hours: int = 0) -> Asked:
    return Asked(AT + timedelta(hours=hours), state, "backfill")


@pytest.mark.parametrize(
    ("covered", "expected", "last", "is_due", "state"),
    [
        (86_400, 86_400, None, True, COMPLETE),
        (82_800, 82_800, None, True, COMPLETE),
        (82_800, 86_400, None, True, PARTIAL),
        (86_400, 90_000, asked(DONE), True, PARTIAL),
        (1800, 86_400, asked(WINDOW_PARTIAL), False, PARTIAL),
        (1800, 86_400, None, False, DUE),
        (0, 86_400, None, False, DUE),
        (0, 86_400, None, True, MISSING),
        (0, 86_400, asked(FAILED), True, MISSING),
        (0, 86_400, asked(EMPTY), True, NOTHING),
        (0, 86_400, asked(WINDOW_PARTIAL), True, NOTHING),
        (0, 86_400, asked(DONE), True, NOTHING),
    ],
)
def test_the_state_of_a_day(covered: int, expected: int, last: Asked | None, is_due: bool, state: str) -> None:
    assert state_of(covered, expected, last, is_due=is_due) == state


def test_below_the_floor_nothing_is_expected() -> None:
    assert state_of(0, 86_400, None, is_due=True, is_below_floor=True) == BEFORE
    assert state_of(1800, 86_400, None, is_due=True, is_below_floor=True) == PARTIAL


def test_the_newest_question_counts() -> None:
    day = date(2025, 2, 1)
    old = Entry(Window(day, day + timedelta(days=7)), FAILED, AT)
    new = Entry(Window(day, day + timedelta(days=2)), DONE, AT + timedelta(hours=2), status="import")
    by_function = (day + timedelta(days=1), day + timedelta(days=2), asked(EMPTY, hours=3))
    found = asked_by_day([new, old], [by_function])
    assert [
        (found[day + timedelta(days=place)].state, found[day + timedelta(days=place)].by) for place in range(3)
    ] == [
        (DONE, "import"),
        (EMPTY, "backfill"),
        (FAILED, "backfill"),
    ]


def test_every_kind_of_day_is_told_apart(database: Database[Any]) -> None:
    tell(database)
    found = history_of(database)
    states = {day: each.state for day, each in found.days.items() if each.state not in (COMPLETE, BEFORE)}
    assert states == {
        PARTIAL_DAY: PARTIAL,
        DIFFERING_DAY: DIFFERS,
        FAILED_DAY: MISSING,
        BY_FUNCTION: NOTHING,
        **dict.fromkeys(EMPTY_DAYS, NOTHING),
        **dict.fromkeys(NEVER_ASKED, MISSING),
    }
    before = [day for day, each in found.days.items() if each.state == BEFORE]
    assert (min(before), max(before)) == (date(2023, 3, 13), FIRST - timedelta(days=1))
    day = found.days[BY_FUNCTION]
    assert day.asked is not None
    assert day.asked.by == "linkyDaily"
    assert (found.days[DIFFERING_DAY].wh, found.days[DIFFERING_DAY].total) == (4800, 5000)


def test_a_day_knows_the_windows_that_hold_it(database: Database[Any]) -> None:
    tell(database)
    found = history_of(database)
    kinds = [(kind, entry.state) for kind, entry in windows_of(found, PARTIAL_DAY)]
    assert kinds == [("curve", WINDOW_PARTIAL), ("totals", DONE)]
    assert [kind for kind, _ in windows_of(found, NEVER_ASKED[0])] == ["totals"]
    assert counts(found) == {"done": 5, "empty": 1, "partial": 1, "failed": 1}


def test_two_meters_do_not_mix(database: Database[Any]) -> None:
    tell(database)
    other = load_readings(database, datetime(2025, 3, 9, 23, tzinfo=UTC), [1] * 48, "99999999999982")
    reader = reader_of(database)
    found = history(reader, replace(ALL, series=reader.addresses()[other]))
    assert found is not None
    stored = {day: (each.readings, each.wh) for day, each in found.days.items() if each.readings}
    assert stored == {date(2025, 3, 10): (48, 48)}
    assert found.entries == ()
    assert found.days[BY_FUNCTION].state == MISSING


# --- commands ---------------------------------------------------------------------------------------------------------


def test_each_problem_has_its_command(database: Database[Any]) -> None:
    series = tell(database)
    loader_of(database).writer.mark_stale(series)
    database[VERIFICATIONS].update_one({"_id": "linky"}, {"$set": {"identical": False, "missing": 3}})
    reader = reader_of(database, meters=(Meter(ONE, "t"),))
    found = history(reader, ALL)
    assert found is not None
    told = [
        (each.key.rpartition(".")[2], each.command) for each in problems(found, upkeep(reader), reader.settings, TODAY)
    ]
    backfill = "python -m sync backfill --since"
    assert told == [
        ("different", "python -m sync repair"),
        ("stale", "python -m sync repair"),
        ("run", "python -m sync trigger run linkyDaily"),
        ("empty", f"{backfill} 2025-03-12 --until 2025-03-13 --again"),
        ("differs", f"{backfill} 2025-02-20 --until 2025-02-21 --again"),
        ("missing", f"{backfill} 2025-02-10 --until 2025-02-13"),
        ("failed", f"{backfill} 2025-02-03 --until 2025-02-04 --again"),
        ("empty", f"{backfill} 2025-01-20 --until 2025-01-22 --again"),
        ("partial", f"{backfill} 2025-01-10 --until 2025-01-11 --again"),
    ]


def test_days_beyond_the_history_of_the_api_come_from_a_file_alone(two_years: Database[Any]) -> None:
    """24 months and 15 days before 2026-08-14 is 2024-07-30."""
    found = history_of(two_years, datetime(2026, 8, 14, 9, tzinfo=UTC))
    july = [Window(date(2024, 7, day), date(2024, 7, day) + timedelta(days=1)) for day in (18, 30)]
    assert [fetch_command(found, window) for window in july] == [
        "python -m sync import FILE",
        "python -m sync backfill --since 2024-07-30 --until 2024-07-31",
    ]
    across = Window(date(2024, 7, 1), date(2024, 8, 3))
    assert fetch_command(found, across).startswith("python -m sync backfill --since 2024-07-30 --until 2024-08-03")


def test_a_meter_that_is_not_in_the_settings_is_said(database: Database[Any]) -> None:
    tell(database)
    reader = reader_of(database)
    found = history(reader, ALL)
    assert found is not None
    keys = [each.key for each in problems(found, upkeep(reader), reader.settings, TODAY)]
    assert keys[-1] == "coverage.problem.unconfigured"


def test_functions_that_have_fallen_silent_are_told(database: Database[Any]) -> None:
    tell(database)
    reader = reader_of(database)
    found = history(reader, ALL)
    assert found is not None
    late = TODAY + timedelta(hours=50)
    wrong = problems(found, upkeep(reader), reader.settings, late)
    assert "coverage.problem.silence" in [each.key for each in wrong]
    database["sync_runs"].insert_one({"function": "linkyDaily", "at": late, "seconds": 1.0, "ok": True, "series": []})
    wrong = problems(found, upkeep(reader), reader.settings, late)
    assert not [each for each in wrong if each.key in ("coverage.problem.silence", "coverage.problem.run")]


def test_a_pair_that_was_never_compared_is_told(database: Database[Any]) -> None:
    tell(database)
    database[VERIFICATIONS].drop()
    assert upkeep(reader_of(database)).unverified == ("linky",)


def test_nothing_is_wrong_with_two_whole_days(database: Database[Any]) -> None:
    """Of a meter whose history begins with them."""
    series = load_readings(database, datetime(2025, 3, 10, 23, tzinfo=UTC), [5] * 96)
    Ledger(database).raise_floor(series, date(2025, 3, 11), "ADAM-ERR0123", AT)
    reader = reader_of(database)
    found = history(reader, ALL)
    assert found is not None
    assert problems(found, upkeep(reader), reader.settings, TODAY) == []


# --- the chosen day ---------------------------------------------------------------------------------------------------


def test_without_a_choice_it_is_the_newest_problem_of_the_period(database: Database[Any]) -> None:
    tell(database)
    found = history_of(database)
    month = replace(ALL, start=date(2025, 2, 1), end=date(2025, 3, 1))
    assert chosen_day(found, month) == DIFFERING_DAY
    assert chosen_day(found, replace(month, start=date(2025, 2, 22))) == date(2025, 2, 28)
    assert chosen_day(found, replace(month, options=(("day", "2025-01-05"),))) == date(2025, 1, 5)
    for text in ("soon", "2025-02-30", "9999-12-31", "0001-01-01"):
        assert chosen_day(found, replace(month, options=(("day", text),))) == DIFFERING_DAY
    assert chosen_day(found, replace(month, start=END + timedelta(days=5), end=END + timedelta(days=6))) == date(
        2025, 3, 18
    )


# --- calls ------------------------------------------------------------------------------------------------------------

URL = "https://conso.example/api"


def test_looking_at_the_budget_changes_nothing(tmp_path: Path) -> None:
    clock = FakeClock(TODAY)
    assert used_today(URL, 25, clock.now(), tmp_path).calls == 0
    assert list(tmp_path.iterdir()) == []
    budget = Budget(URL, 25, 0, clock, tmp_path)
    for _ in range(3):
        budget.take()
    budget.close_day("the gateway blocks this address")
    before = (tmp_path / "budget.sqlite3").read_bytes()
    found = used_today(URL, 25, clock.now(), tmp_path)
    assert (found.calls, found.limit, found.closed) == (3, 25, "the gateway blocks this address")
    assert found == budget.usage()
    assert (tmp_path / "budget.sqlite3").read_bytes() == before
    assert used_today("https://other.example", None, clock.now(), tmp_path).calls == 0
    assert used_today(URL, 25, clock.now() + timedelta(days=1), tmp_path).calls == 0


def test_calls_counted_by_a_clock_ahead_are_seen_as_the_budget_sees_them(tmp_path: Path) -> None:
    ahead = FakeClock(TODAY + timedelta(days=2))
    Budget(URL, 25, 0, ahead, tmp_path).take()
    assert used_today(URL, 25, TODAY, tmp_path).calls == 1
    assert Budget(URL, 25, 0, FakeClock(TODAY), tmp_path).usage().calls == 1
    assert used_today(URL, 25, TODAY, tmp_path).calls == 1


def test_a_broken_count_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "budget.sqlite3").write_text("no database at all, but long enough to be taken for one" * 50)
    with pytest.raises(UsageError, match="the count of calls cannot be read"):
        used_today(URL, 25, TODAY, tmp_path)
    with sqlite3.connect(tmp_path / "empty.sqlite3"):
        (tmp_path / "budget.sqlite3").write_bytes(b"")
    assert used_today(URL, 25, TODAY, tmp_path).calls == 0
