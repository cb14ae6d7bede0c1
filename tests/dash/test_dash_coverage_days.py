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

from dash_app.coverage.page import PAGE
from dash_app.coverage.queries import (
    BEFORE,
    COMPLETE,
    DIFFERS,
    DUE,
    MISSING,
    NOTHING,
    PARTIAL,
    UNSERVED,
    Asked,
    History,
    asked_by_day,
    chosen_day,
    counts,
    fetch_command,
    history,
    problems,
    state_of,
    upkeep,
    windows_of,
)
from dash_app.kit.locale import Look
from dash_app.kit.reader import Reader
from dash_app.kit.view import View
from sync.http.budget import Budget, used_today
from sync.model.errors import UsageError
from sync.model.window import CURVE, DONE, EMPTY, FAILED, Entry, Window
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
from tests.dash.stores import ONE, TODAY, TWO, load_readings, loader_of
from tests.dash.views import texts_of

ALL = View(page="coverage", period="all", start=date(2023, 3, 13), end=date(2025, 3, 13))
AT = datetime(2025, 3, 1, tzinfo=UTC)


METERS = tuple(Meter(prm, "t") for prm in (r63.PRM, ONE, TWO))


def reader_of(
    database: Database[Any], now: datetime = TODAY, meters: tuple[Meter, ...] = METERS, **changes: Any
) -> Reader:
    """Of a house whose meters are in the settings, with their tokens."""
    return Reader(database, load(Path.cwd(), {}).model_copy(update={"meters": meters, **changes}), now=lambda: now)


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
    assert state_of(0, 86_400, None, is_due=True, is_below_floor=True) == UNSERVED
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
    states = {day: each.state for day, each in found.days.items() if each.state not in (COMPLETE, UNSERVED)}
    assert states == {
        PARTIAL_DAY: PARTIAL,
        DIFFERING_DAY: DIFFERS,
        FAILED_DAY: MISSING,
        BY_FUNCTION: NOTHING,
        **dict.fromkeys(EMPTY_DAYS, NOTHING),
        **dict.fromkeys(NEVER_ASKED, MISSING),
    }
    before = [day for day, each in found.days.items() if each.state == UNSERVED]
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
    reader = reader_of(database)
    found = history(reader, ALL)
    assert found is not None
    told = [(each.key.rpartition(".")[2], each.command) for each in problems(found, upkeep(reader), TODAY)]
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
    reader = reader_of(database, meters=())
    found = history(reader, ALL)
    assert found is not None
    keys = [each.key for each in problems(found, upkeep(reader), TODAY)]
    assert keys[-1] == "coverage.problem.unconfigured"


def test_functions_that_have_fallen_silent_are_told(database: Database[Any]) -> None:
    tell(database)
    reader = reader_of(database)
    found = history(reader, ALL)
    assert found is not None
    late = TODAY + timedelta(hours=50)
    wrong = problems(found, upkeep(reader), late)
    assert "coverage.problem.silence" in [each.key for each in wrong]
    database["sync_runs"].insert_one({"function": "linkyDaily", "at": late, "seconds": 1.0, "ok": True, "series": []})
    wrong = problems(found, upkeep(reader), late)
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
    assert problems(found, upkeep(reader), TODAY) == []


# --- said as it is ----------------------------------------------------------------------------------------------------


def said_of(reader: Reader, view: View, name: str) -> str:
    """All that a card says."""
    block = next(block for block in PAGE.blocks if block.name == name)
    assert block.body is not None
    return texts_of(block.body(block.frame(reader, view), Look("en")))


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2024, 10, 27), "complete, imported"),
        (date(2024, 7, 18), "partial, imported"),  # no window of the ledger holds it: files enter whole days alone
        (date(2024, 7, 30), "partial, imported"),
    ],
)
def test_an_imported_day_was_imported(two_years: Database[Any], day: date, words: str) -> None:
    reader, view = reader_of(two_years), replace(ALL, options=(("day", str(day)),))
    said = said_of(reader, view, "coverage-day")
    assert f": {words} |" in said
    assert "asked" not in said.lower()
    assert ("came from a file" in said) == words.startswith("partial")


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (FIRST, "complete, fetched"),
        (PARTIAL_DAY, "partial, fetched"),
        (EMPTY_DAYS[0], "empty: asked, the API had none"),
        (FAILED_DAY, "missing: the call failed"),
        (NEVER_ASKED[0], "missing: neither imported nor fetched"),
        (FIRST - timedelta(days=1), "not served: before the first day the API has of this meter"),
        (END, "not yet due"),
        (date(2022, 1, 1), "outside the history"),
    ],
)
def test_a_day_of_an_api_is_said_as_it_is(database: Database[Any], day: date, words: str) -> None:
    tell(database)
    said = said_of(reader_of(database), replace(ALL, options=(("day", str(day)),)), "coverage-day")
    assert f": {words}" in said


def test_readings_that_were_imported_and_are_gone(database: Database[Any]) -> None:
    series = tell(database)
    day = NEVER_ASKED[0]
    Ledger(database).record(series, CURVE, Entry(Window(day, day + timedelta(days=1)), DONE, AT, status="import"))
    assert history_of(database).days[day].kind == "gone"


PERIODS = {
    "a whole month": (date(2025, 2, 11), date(2025, 3, 13), "All 30 days of this period are there", 2),
    "a month with a hole": (date(2024, 7, 1), date(2024, 8, 1), "29 of 31 days are complete", 0),
}


@pytest.mark.parametrize("name", PERIODS)
def test_a_whole_period_hides_nothing_outside_it(two_years: Database[Any], name: str) -> None:
    start, end, headline, outside = PERIODS[name]
    said = said_of(reader_of(two_years), replace(ALL, start=start, end=end), "coverage-answer")
    assert said.startswith(headline)
    assert ("Outside this period, readings are lacking" in said) == bool(outside)
    assert (f"on {outside} days of the history" in said) == bool(outside)
    whole = (end - start).days - (2 - outside)
    assert f"Complete days | {whole} | {whole} imported" in said
    assert "nothing is missing" not in said.lower()


def test_what_is_not_served_and_not_due_is_counted_apart(database: Database[Any]) -> None:
    tell(database)
    view = replace(ALL, start=date(2024, 12, 1), end=date(2025, 4, 1))
    said = said_of(reader_of(database), view, "coverage-answer")
    assert "Not served | 31 |" in said
    assert "Not yet due | 19 |" in said
    assert "Missing days | 4 | neither imported nor fetched" in said
    assert "Complete days | 62 | 62 fetched" in said


FILE, FETCH = "python -m sync import FILE", "python -m sync backfill --since 2024-07-30 --until 2024-07-31"
REMEDIES: dict[str, tuple[datetime, tuple[Meter, ...], list[str], bool]] = {
    "both served": (TODAY, METERS, [FETCH, FETCH.replace("30 ", "18 ").replace("31", "19")], False),
    "one too old": (datetime(2026, 8, 14, 9, tzinfo=UTC), METERS, [FETCH, FILE], True),
    "no token": (TODAY, (), [FILE, FILE], False),
}


@pytest.mark.parametrize("name", REMEDIES)
def test_each_hole_of_a_file_has_the_remedy_that_works(two_years: Database[Any], name: str) -> None:
    now, meters, commands, has_old = REMEDIES[name]
    reader = reader_of(two_years, now, meters=meters)
    found = history(reader, ALL)
    assert found is not None
    wrong = [each for each in problems(found, upkeep(reader), now) if each.key == "coverage.problem.partial"]
    assert [each.command for each in wrong] == commands
    assert [bool(each.why) for each in wrong] == [False, has_old]
    last = [each.key for each in problems(found, upkeep(reader), now)][-1]
    assert (last == "coverage.problem.unconfigured") == (not meters)


def test_a_source_of_files_ends_with_its_last_day(many_meters: Database[Any]) -> None:
    """Nobody waits for more of it, and no API can be asked."""
    reader = reader_of(many_meters)
    series = reader.meters()[0]
    found = history(reader, replace(ALL, series=reader.addresses()[series]))
    extent = reader.extent(series)
    assert found is not None
    assert extent.end is not None
    assert (min(found.days), max(found.days)) == (extent.first, extent.end - timedelta(days=1))
    assert fetch_command(found, Window(extent.end, extent.end)) == "python -m sync import --source lcl FILE"
    assert "coverage.problem.unconfigured" not in [each.key for each in problems(found, upkeep(reader), TODAY)]


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
